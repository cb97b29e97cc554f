import Foundation
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

/// A namespace whose policy has a rule for emergencies, a place that keeps requests, and a ledger in a folder of its own.
struct BreakGlassScene {
    static let queue = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb-retail/queues/orders"
    static let begin = Timestamp(milliseconds: 1_800_000_000_000)
    static let me = AccessParty(id: "0e5e1000-0000-4000-8000-000000000001", name: "Rita Osei", kind: .person)

    let folder: TemporaryFolder
    let gateway = MemoryGateway(NamespaceEndpoint(host: "sb-retail.servicebus.windows.net"))
    let backend = Backend()
    let told = Told()
    let desk: AccessDesk
    var ledger: String { folder.path + "/audit.jsonl" }

    /// What Backstage was told.
    final class Told: Sendable {
        private let list = Mutex<[BreakGlassAnnouncement]>([])
        var all: [BreakGlassAnnouncement] { list.withLock { $0 } }
        func add(_ announcement: BreakGlassAnnouncement) { list.withLock { $0.append(announcement) } }
    }

    /// A place that grants whatever is asked, and remembers what that was.
    final class Backend: AccessBackend {
        let kind = AccessRequest.Backend.pim
        private let asked = Mutex<[AccessRequestDraft]>([])
        private let failure = Mutex<OperatorError?>(nil)
        private let way = Mutex(AccessLimits.Way.activation(eligibility: "e"))

        var drafts: [AccessRequestDraft] { asked.withLock { $0 } }
        func grant(by way: AccessLimits.Way) { self.way.withLock { $0 = way } }
        func fail(_ error: OperatorError) { failure.withLock { $0 = error } }

        func limits(for draft: AccessRequestDraft) async throws(OperatorError) -> AccessLimits {
            var limits = AccessLimits(way: way.withLock { $0 })
            limits.longest = .seconds(8 * 3600)
            return limits
        }

        func submit(
            _ draft: AccessRequestDraft, within limits: AccessLimits, as id: AccessRequest.ID, with leave: Authorization
        ) async throws(OperatorError) -> AccessChange<AccessRequest> {
            if let error = failure.withLock({ $0 }) { throw error }
            asked.withLock { $0.append(draft) }
            let request = AccessRequest(
                id: id, backend: .pim, requester: draft.principal, principal: draft.principal, role: .serviceBus(draft.role),
                scope: draft.scope,
                duration: draft.duration, reason: draft.reason, askedAt: BreakGlassScene.begin, standing: .granted(until: nil, by: nil),
                sentence: "granted", reference: "r")
            return AccessChange(request, correlationIDs: ["c0ffee"])
        }

        func inbox() async throws(OperatorError) -> AccessListing<AccessRequest> { AccessListing() }
        func own() async throws(OperatorError) -> AccessListing<AccessRequest> { AccessListing() }
        func request(_ id: AccessRequest.ID) async throws(OperatorError) -> AccessRequest { throw OperatorError(.notFound, "none") }
        func decide(
            _ decision: AccessDecision, on request: AccessRequest, with leave: Authorization
        ) async throws(OperatorError) -> AccessChange<AccessRequest> { AccessChange(request) }
        func cancel(_ request: AccessRequest, with leave: Authorization) async throws(OperatorError) -> AccessChange<AccessRequest> {
            AccessChange(request)
        }
        func active() async throws(OperatorError) -> AccessListing<ActiveGrant> { AccessListing() }
        func end(_ grant: ActiveGrant, reason: String, with leave: Authorization) async throws(OperatorError) -> AccessChange<Bool> {
            AccessChange(true)
        }
    }

    private struct Facts: AccessFacts {
        func scope(of path: EntityPath, for role: PolicyRole) async throws(OperatorError) -> AccessScope {
            AccessScope(id: BreakGlassScene.queue, entity: path)
        }
        func holdings(of party: AccessParty) async -> Reading<[String]> { .unavailable("not asked") }
        func approvers(of request: AccessRequest) async -> [AccessParty] { [] }
        func look(into entity: EntityPath) async throws(OperatorError) {}
    }

    static let yaml = """
        version: 1
        break_glass:
          - {id: bg, who: [anyone], role: receiver, max_ttl: 1h, reason: required, notify: [topic:break-glass, queue:alarms], review_within: 24h}
        """

    init(_ yaml: String = yaml, isAgent: Bool = false, hasBackstage: Bool = true) throws {
        folder = try TemporaryFolder()
        let (policy, problems) = PolicyFile.parse(Array(yaml.utf8), file: "policy.yaml")
        var caller = PolicyCaller([.user(Self.me.id)])
        if isAgent { caller.subjects.insert(.agent) }
        let rails = Guardrails(
            rules: .policy(try #require(policy, "\(problems)")),
            place: Guardrails.Place(context: "retail", host: "sb-retail.servicebus.windows.net"), caller: caller)
        let told = told
        let workspace = Workspace(context: OperatorContext(name: "retail"), gateway: gateway)
        let voice: BreakGlassAnnouncer.Voice = { announcement throws(OperatorError) in told.add(announcement) }
        desk = AccessDesk(
            me: Self.me,
            guarded: GuardedChange(
                guardrails: rails, ledger: AuditLedger(path: folder.path + "/audit.jsonl"),
                actor: AuditActor(oid: Self.me.id, name: "Rita Osei", kind: .person, host: "here")),
            backends: [backend], facts: Facts(), title: workspace.title,
            announcer: BreakGlassAnnouncer(workspace, notify: hasBackstage ? voice : nil), now: { Self.begin })
    }

    func proposal(
        _ role: PolicyRole = .receiver, for duration: Duration = .seconds(1800), reason: String = "INC-1 stuck",
        to party: AccessParty? = nil
    ) async throws -> AccessProposal {
        try await desk.propose(
            AccessWish(entity: try EntityPath.queue("orders"), role: role, principal: party, duration: duration, reason: reason),
            isEmergency: true)
    }

    /// The types of the ledger's records.
    func types() throws -> [String] { try records().map(\.type) }

    func records() throws -> [AuditRecord] {
        guard AuditLedger.exists(ledger) else { return [] }
        return try AuditQuery(count: 100).records(in: ledger).records.reversed()
    }
}
