import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Less than was asked")
struct AccessNarrowingTests {
    static let namespace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb-retail"

    static func request(_ role: AccessRole = .serviceBus(.owner), scope: String = "\(namespace)/topics/events", hours: Int64? = 2)
        -> AccessRequest
    {
        AccessRequest(
            id: AccessRequest.ID("3F2A91C0-0000-4000-8000-000000000001"), backend: .pim, requester: AccessParty(id: "A", name: "Ann"),
            principal: AccessParty(id: "a"), role: role, scope: AccessScope(id: scope), duration: hours.map { .seconds($0 * 3600) },
            reason: "why", askedAt: nil, standing: .waiting(until: nil), sentence: "", reference: "")
    }

    @Test(
        "is a role, a scope and a time within what was asked",
        arguments: [
            (.receiver, "\(AccessNarrowingTests.namespace)/topics/events/subscriptions/billing", 1),
            (.sender, "\(AccessNarrowingTests.namespace)/topics/EVENTS", 2),
            (nil, nil, 1), (.receiver, nil, nil),
        ] as [(PolicyRole?, String?, Int64?)])
    func less(_ role: PolicyRole?, _ scope: String?, _ hours: Int64?) throws {
        let less = try AccessNarrowing(
            of: Self.request(), role: role, scope: scope.map { AccessScope(id: $0) }, duration: hours.map { .seconds($0 * 3600) })
        #expect(less.scope.isWithin(Self.request().scope) && less.duration <= .seconds(7200))
    }

    @Test(
        "is never more, nothing else, and not the same",
        arguments: [
            (nil, AccessNarrowingTests.namespace, 1), (nil, "\(AccessNarrowingTests.namespace)/topics/events-2", 1),
            (nil, "\(AccessNarrowingTests.namespace)/queues/events", 1), (nil, nil, 3),
            (nil, nil, 0),
            (nil, nil, -1), (nil, nil, nil), (.owner, "\(AccessNarrowingTests.namespace)/topics/events", 2),
        ] as [(PolicyRole?, String?, Int64?)])
    func notMore(_ role: PolicyRole?, _ scope: String?, _ hours: Int64?) {
        #expect(throws: OperatorError.self) {
            try AccessNarrowing(
                of: Self.request(), role: role, scope: scope.map { AccessScope(id: $0) }, duration: hours.map { .seconds($0 * 3600) })
        }
    }

    @Test("a sender is not made a receiver, and what is no role of Service Bus's is not made one")
    func roles() {
        #expect(throws: OperatorError.self) { try AccessNarrowing(of: Self.request(.serviceBus(.sender)), role: .receiver) }
        #expect(throws: OperatorError.self) { try AccessNarrowing(of: Self.request(.other(id: "x", name: "Reader")), role: .receiver) }
        #expect(throws: OperatorError.self) { try AccessNarrowing(of: Self.request(hours: nil)) }
    }

    @Test("a decision has a reason, and not a book")
    func reasons() throws {
        #expect(throws: OperatorError.self) { try AccessDecision(.approve, reason: " \t") }
        #expect(throws: OperatorError.self) { try AccessDecision(.deny, reason: String(repeating: "x", count: 501)) }
        #expect(try AccessDecision(.deny, reason: " no ").reason == "no")
    }

    @Test("scopes are those of their ids, whatever the casing, with the entity in them")
    func scopes() throws {
        #expect(AccessScope(id: "\(Self.namespace)/Queues/A~B").entity == (try EntityPath.queue("a/b")))
        #expect(AccessScope(id: "\(Self.namespace)/topics/t/subscriptions/s").title == "t/s")
        #expect(AccessScope(id: Self.namespace.uppercased()) == AccessScope(id: Self.namespace))
        #expect(AccessScope(id: "/subscriptions/s").entity == nil)
        #expect(AccessRole(id: "4F6D3B9B-027B-4F4C-9142-0E5A2A2247E0") == .serviceBus(.receiver))
        #expect(AccessRole(id: "x", name: "Reader").title == "Reader")
    }
}
