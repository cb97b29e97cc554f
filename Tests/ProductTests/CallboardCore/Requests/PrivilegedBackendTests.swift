import AzureResources
import Identity
import Logging
import NIOCore
import RESTClient
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

/// Azure played by a closure on method and path.
private final class PlayedAzure: HTTPExchange {
    private let answer: @Sendable (String, String) -> (Int, String)?
    private let log = Mutex<[(line: String, body: String)]>([])

    init(_ answer: @escaping @Sendable (String, String) -> (Int, String)?) { self.answer = answer }

    private let urls = Mutex<[String]>([])

    /// What was asked for to be read, with the filter.
    var reads: [String] { urls.withLock { $0 } }

    var changes: [(line: String, body: String)] { log.withLock { $0.filter { !$0.line.hasPrefix("GET") } } }

    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        let path = request.url.split(separator: "?")[0].replacing("https://management.azure.com", with: "")
        log.withLock { $0.append(("\(request.method.rawValue) \(path)", request.body.map { String(buffer: $0) } ?? "")) }
        if request.method == .get { urls.withLock { $0.append(request.url) } }
        let found = answer(request.method.rawValue, String(path))
        var response = RESTResponse(status: found?.0 ?? 200, body: ByteBuffer(string: found?.1 ?? #"{"value":[]}"#))
        response.headers["x-ms-correlation-request-id"] = "c-\(log.withLock { $0.count })"
        return response
    }

    func shutdown() async {}
}

private struct AnyToken: AccessTokenSource {
    func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        AccessToken(secret: Secret("t"), expiresAt: WallTime(secondsSince1970: .max), kind: .jsonWebToken)
    }
}

@Suite("Requests in Privileged Identity Management")
struct PrivilegedBackendTests {
    private static let namespace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb-retail"
    private static let approval = "\(namespace)/queues/orders/providers/Microsoft.Authorization/roleAssignmentApprovals/a1"
    private let me = AccessParty(id: "ca401000-0000-4000-8000-000000000003", name: "Carol", kind: .person)
    private static let alice = "a11ce000-0000-4000-8000-000000000001"

    private func backend(_ azure: PlayedAzure) -> PrivilegedBackend {
        var configuration = RESTConfiguration()
        configuration.retry.firstDelay = .zero
        let client = RESTClient(
            configuration: configuration, exchange: azure, clock: ContinuousClock(), jitter: { 0 }, logger: Logger(label: "test"))
        return PrivilegedBackend(
            manager: ResourceManagerClient(cloud: .global, tokens: AnyToken(), client: client), me: me,
            place: NamespacePlace(name: "sb-retail", id: ResourceID(Self.namespace)), now: { AuditFixture.time })
    }

    private func leave() throws -> Authorization {
        let guardrails = Guardrails(
            rules: .builtIn, place: Guardrails.Place(context: "c", host: "h", mode: .readWrite), caller: PolicyCaller([.user("x")]))
        return try guardrails.authorize(guardrails.question(.approveAccess))
    }

    private var request: AccessRequest {
        AccessRequest(
            id: AccessRequest.ID("840c383b-59cf-5bd2-b4b2-40daa0f54f89"), backend: .pim,
            requester: AccessParty(id: Self.alice, name: "Alice"),
            principal: AccessParty(id: Self.alice, name: "Alice"), role: .serviceBus(.receiver),
            scope: AccessScope(id: "\(Self.namespace)/queues/orders"), duration: .seconds(7200), reason: "why", askedAt: nil,
            standing: .waiting(until: nil), sentence: "", reference: "/r", approvalReference: Self.approval)
    }

    private static func stage(_ result: String = "NotReviewed", by: String = "null", mine: Bool = true, why: String = "because") -> String {
        #"{"id":"\#(approval)/stages/s1","properties":{"status":"InProgress","assignedToMe":\#(mine),"reviewResult":"\#(result)","reviewedBy":\#(by),"justification":"\#(why)"}}"#
    }
    private static func given(_ path: String, status: String = "Provisioned") -> String {
        #"{"id":"\#(path)","properties":{"scope":"\#(namespace)/queues/orders","roleDefinitionId":"/d/4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0","principalId":"\#(alice)","requestType":"AdminAssign","status":"\#(status)"}}"#
    }
    private static let bob = #"{"principalId":"b0b00000-0000-4000-8000-000000000002","principalName":"Bob"}"#
    private static let carol = #"{"principalId":"CA401000-0000-4000-8000-000000000003","principalName":"Carol"}"#

    @Test("a decision is sent to the stage that is ours, with its reason, and says what joins it to Azure's log")
    func decides() async throws {
        let azure = PlayedAzure { method, path in
            if method == "PATCH" { return (200, Self.stage("Approve", by: Self.carol)) }
            return path.hasSuffix("/stages") ? (200, #"{"value":[\#(Self.stage())]}"#) : nil
        }
        let changed = try await backend(azure).decide(try AccessDecision(.approve, reason: "go"), on: request, with: leave())
        #expect(changed.correlationIDs == ["c-2"])
        guard case .granted(let until, let by) = changed.value.standing else {
            Issue.record("\(changed.value.standing)")
            return
        }
        #expect(until == AuditFixture.time.advanced(by: .seconds(7200)) && by?.isSame(as: me) == true)
        #expect(azure.changes.map(\.line) == ["PATCH \(Self.approval)/stages/s1"])
        #expect(azure.changes.first?.body == #"{"properties":{"justification":"go","reviewResult":"Approve"}}"#)
    }

    @Test("roles in force that may not be listed are a gap, and no list of nothing")
    func gaps() async throws {
        let azure = PlayedAzure { _, path in
            path.hasSuffix("/roleAssignments") ? (403, #"{"error":{"code":"AuthorizationFailed","message":"no"}}"#) : nil
        }
        let listing = try await backend(azure).active()
        #expect(listing.elements.isEmpty && listing.gaps.map(\.backend) == [.pim])
        #expect(listing.gaps.first?.error.code == .notPermitted)
        #expect(
            listing.gaps.first?.sentence
                == "Entra PIM is not listed, or not all of it: you may not list roles that only a note gives an end. It takes Reader on the namespace."
        )
        #expect(try await backend(PlayedAzure { _, _ in nil }).active().gaps.isEmpty)
    }

    private static func instance(_ name: String, _ principal: String) -> String {
        #"{"id":"/i/\#(name)","properties":{"scope":"\#(namespace)/queues/orders","roleDefinitionId":"/d/4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0","principalId":"\#(principal)","principalType":"User","assignmentType":"Activated","memberType":"Direct","status":"Provisioned","startDateTime":"2026-11-26T00:00:00Z","endDateTime":"2099-01-01T00:00:00Z"}}"#
    }

    @Test("of one's own roles in force Azure is asked with two filters, however many there are; of all of them page by page")
    func ownReads() async throws {
        let azure = PlayedAzure { _, path in
            if path.hasSuffix("/roleAssignments") {
                return (200, #"{"value":[],"nextLink":"https://management.azure.com/notes/2"}"#)
            }
            if path.hasPrefix("/pages/") || path.hasPrefix("/notes/"), let page = path.split(separator: "/").last.flatMap({ Int($0) }) {
                let next = page < 20 ? #","nextLink":"https://management.azure.com/\#(path.split(separator: "/")[0])/\#(page + 1)""# : ""
                return (200, #"{"value":[]\#(next)}"#)
            }
            return (200, #"{"value":[\#(Self.instance("other", Self.alice))],"nextLink":"https://management.azure.com/pages/2"}"#)
        }
        #expect(try await backend(azure).active().elements.count == 1)
        #expect(azure.reads.count == 40)
        let filtered = PlayedAzure { _, path in
            path.hasSuffix("/roleAssignmentScheduleInstances")
                ? (
                    200,
                    #"{"value":[\#(Self.instance("own", "ca401000-0000-4000-8000-000000000003")),\#(Self.instance("other", Self.alice))]}"#
                ) : nil
        }
        let own = try await backend(filtered).ownActive()
        #expect(own.elements.map(\.id) == ["/i/own"] && own.gaps.isEmpty)
        #expect(filtered.reads.count == 2)
        #expect(filtered.reads[0].contains("roleAssignmentScheduleInstances") && filtered.reads[0].contains("asTarget"))
        #expect(filtered.reads[1].contains("roleAssignments") && filtered.reads[1].contains("principalId%20eq"))
    }

    @Test("where one's own notes may not be listed that is a gap; a tenant without schedules has none")
    func ownGaps() async throws {
        let refused = PlayedAzure { _, path in
            path.hasSuffix("/roleAssignments") ? (403, #"{"error":{"code":"AuthorizationFailed","message":"no"}}"#) : nil
        }
        #expect(try await backend(refused).ownActive().gaps.map(\.error.code) == [.notPermitted])
        let unlicensed = PlayedAzure { _, path in
            path.hasSuffix("/roleAssignmentScheduleInstances")
                ? (400, #"{"error":{"code":"AadPremiumLicenseRequired","message":"no"}}"#) : nil
        }
        #expect(try await backend(unlicensed).ownActive().gaps.isEmpty)
    }

    @Test("a cloud that knows no PATCH is sent PUT")
    func put() async throws {
        let azure = PlayedAzure { method, path in
            switch method {
            case "PATCH": (405, "{}")
            case "PUT": (200, Self.stage("Deny", by: Self.carol))
            default: path.hasSuffix("/stages") ? (200, #"{"value":[\#(Self.stage())]}"#) : nil
            }
        }
        let changed = try await backend(azure).decide(try AccessDecision(.deny, reason: "no"), on: request, with: leave())
        #expect(changed.value.standing == .denied(by: AccessParty(id: me.id, name: "Carol", kind: .person), reason: "because"))
    }

    @Test("somebody was faster, before or meanwhile: it is said who, and nothing was changed", arguments: [true, false])
    func faster(before: Bool) async throws {
        let azure = PlayedAzure { method, path in
            if method == "PATCH" { return (400, #"{"error":{"code":"ApprovalAlreadyCompleted","message":"m"}}"#) }
            if path.hasSuffix("/stages") {
                return (200, #"{"value":[\#(before ? Self.stage("Deny", by: Self.bob) : Self.stage())]}"#)
            }
            return (200, Self.stage("Deny", by: Self.bob))
        }
        let error = await #expect(throws: OperatorError.self) {
            try await backend(azure).decide(try AccessDecision(.approve, reason: "go"), on: request, with: leave())
        }
        #expect(error?.code == .conflict)
        #expect(error?.message.contains("already decided: denied by Bob, who said: because") == true, "\(error?.message ?? "")")
        #expect(azure.changes.isEmpty == before)
    }

    private static let completed = (400, #"{"error":{"code":"ApprovalAlreadyCompleted","message":"m"}}"#)

    /// Azure that answers decisions in turn, the last answer ever again; the stage is then as it is given.
    private func playing(_ answers: [(Int, String)], then stage: String) -> PlayedAzure {
        let left = Mutex(answers[...])
        return PlayedAzure { method, path in
            if method == "PATCH" { return left.withLock { $0.count > 1 ? $0.removeFirst() : $0.first } }
            if path.hasSuffix("/stages") { return (200, #"{"value":[\#(Self.stage())]}"#) }
            return method == "GET" ? (200, stage) : method == "PUT" ? (201, Self.given(path)) : (200, Self.given(path))
        }
    }

    @Test(
        "a lost answer to our own decision is no loss, also where the request was repeated and refused",
        arguments: [[(500, "")], [(503, ""), PrivilegedBackendTests.completed], [PrivilegedBackendTests.completed]])
    func lost(answers: [(Int, String)]) async throws {
        let azure = playing(answers, then: Self.stage("Approve", by: Self.carol, why: "go"))
        let changed = try await backend(azure).decide(try AccessDecision(.approve, reason: "go"), on: request, with: leave())
        guard case .granted(_, let by) = changed.value.standing else {
            Issue.record("\(changed.value.standing)")
            return
        }
        #expect(by?.isSame(as: me) == true && azure.changes.count == answers.count)
    }

    @Test(
        "what somebody else decided, or we elsewhere, is not taken for ours whatever was lost",
        arguments: [
            PrivilegedBackendTests.stage("Approve", by: PrivilegedBackendTests.bob, why: "go"),
            PrivilegedBackendTests.stage("Deny", by: PrivilegedBackendTests.carol, why: "go"),
            PrivilegedBackendTests.stage("Approve", by: PrivilegedBackendTests.carol, why: "another day"),
        ], [[(500, "")], [(503, ""), PrivilegedBackendTests.completed]])
    func lostToOthers(stage: String, answers: [(Int, String)]) async throws {
        let azure = playing(answers, then: stage)
        let error = await #expect(throws: OperatorError.self) {
            try await backend(azure).decide(try AccessDecision(.approve, reason: "go"), on: request, with: leave())
        }
        #expect(error?.code == .conflict && error?.message.contains("is already decided") == true, "\(String(describing: error))")
    }

    @Test("less is given also where the answer to the no was lost")
    func narrowsLost() async throws {
        let less = try AccessNarrowing(of: request, duration: .seconds(600))
        let why = "a look [agreed to: \(less.description)]"
        let azure = playing([(503, ""), Self.completed], then: Self.stage("Deny", by: Self.carol, why: why))
        let changed = try await backend(azure).decide(try AccessDecision(.narrow(less), reason: "a look"), on: request, with: leave())
        #expect(changed.value.sentence.contains("given instead: Data Receiver on orders for 10m"))
        #expect(azure.changes.last?.line.hasPrefix("PUT ") == true)
    }

    @Test("less is a no that says what would be agreed to, then an assignment with an end, under an id that follows from the request's")
    func narrows() async throws {
        let azure = PlayedAzure { method, path in
            if method == "PATCH" { return (200, Self.stage("Deny", by: Self.carol)) }
            if method == "PUT" { return (201, Self.given(path)) }
            if method == "POST" { return (200, Self.given(path)) }
            return path.hasSuffix("/stages") ? (200, #"{"value":[\#(Self.stage())]}"#) : nil
        }
        let less = try AccessNarrowing(of: request, duration: .seconds(600))
        let changed = try await backend(azure).decide(try AccessDecision(.narrow(less), reason: "a look"), on: request, with: leave())
        #expect(changed.correlationIDs == ["c-3", "c-4"])
        #expect(changed.value.sentence.contains("given instead: Data Receiver on orders for 10m"))
        #expect(azure.changes.first?.line.hasSuffix("/validate") == true)
        let lines = Array(azure.changes.dropFirst())
        #expect(lines.count == 2 && lines[0].body.contains("agreed to: Data Receiver on orders for 10m") && lines[0].body.contains("Deny"))
        #expect(lines[1].line.hasSuffix("roleAssignmentScheduleRequests/\(PrivilegedBackend.narrowedID(request.id))"))
        #expect(lines[1].body.contains(#""duration":"PT10M""#) && lines[1].body.contains(#""requestType":"AdminAssign""#))
    }

    @Test(
        "less that cannot be given leaves the no, and says so, whether Azure refuses it or takes it and will not do it",
        arguments: [
            (403, #"{"error":{"code":"AuthorizationFailed","message":"m"}}"#), (500, ""),
            (201, PrivilegedBackendTests.given("/r", status: "FailedAsResourceIsLocked")),
            (201, PrivilegedBackendTests.given("/r", status: "AdminDenied")), (201, PrivilegedBackendTests.given("/r", status: "Revoked")),
        ])
    func narrowsPartly(status: Int, answer: String) async throws {
        let azure = PlayedAzure { method, path in
            if method == "PATCH" { return (200, Self.stage("Deny", by: Self.carol)) }
            if method == "PUT" { return (status, answer) }
            if method == "POST" { return (200, Self.given(path)) }
            return path.hasSuffix("/stages") ? (200, #"{"value":[\#(Self.stage())]}"#) : nil
        }
        let less = try AccessNarrowing(of: request, duration: .seconds(600))
        let error = await #expect(throws: OperatorError.self) {
            try await backend(azure).decide(try AccessDecision(.narrow(less), reason: "a look"), on: request, with: leave())
        }
        #expect(error?.code == .partlyDone && error?.hint.contains("Alice can ask for Data Receiver on orders for 10m") == true)
        // The no, and the assignment: without an answer to that the role may be there.
        #expect(error?.correlationIDs == ["c-3", "c-4"])
    }

    @Test(
        "a role that Azure takes the end of and does not end is there still, and that is said; one that it ends is ended",
        arguments: [
            ("Revoked", true), ("Provisioned", true), ("PendingRevocation", true), ("FailedAsResourceIsLocked", false), ("Failed", false),
            ("Invalid", false), ("Denied", false), ("AdminDenied", false), ("Canceled", false), ("TimedOut", false),
        ])
    func ends(status: String, isEnded: Bool) async throws {
        let azure = PlayedAzure { _, path in (201, Self.given(path, status: status)) }
        let grant = ActiveGrant(
            id: "g", backend: .pim, request: nil, principal: AccessParty(id: Self.alice, name: "Alice"), role: .serviceBus(.receiver),
            scope: request.scope, beganAt: nil, endsAt: AuditFixture.time, keeper: .azure(isActivation: true))
        let leave = try leave()
        do throws(OperatorError) {
            let changed = try await backend(azure).end(grant, reason: "over", with: leave)
            #expect(isEnded && changed.value && changed.correlationIDs == ["c-1"])
        } catch {
            #expect(!isEnded && error.code == .service && error.serviceCode == status && error.correlationIDs == ["c-1"])
            #expect(error.message.hasPrefix("Ending Data Receiver of Alice on orders: the role is there still. "))
            #expect(error.auditStageOfAccess == .partly, "Azure's log has it")
        }
        #expect(azure.changes.first?.body.contains(#""requestType":"AdminRemove""#) == true)
    }

    @Test(
        "less that Azure would not take leaves the request as it was",
        arguments: [
            (600, 403, #"{"error":{"code":"AuthorizationFailed","message":"m"}}"#),
            (600, 200, PrivilegedBackendTests.given("/r", status: "Failed")),
            (120, 200, PrivilegedBackendTests.given("/r")),
        ])
    func narrowsNothing(seconds: Int, status: Int, answer: String) async throws {
        let azure = PlayedAzure { method, path in
            if method == "POST" { return (status, answer) }
            return path.hasSuffix("/stages") ? (200, #"{"value":[\#(Self.stage())]}"#) : (500, "")
        }
        let less = try AccessNarrowing(of: request, duration: .seconds(seconds))
        let error = await #expect(throws: OperatorError.self) {
            try await backend(azure).decide(try AccessDecision(.narrow(less), reason: "a look"), on: request, with: leave())
        }
        #expect(error?.hint.contains("is not decided") == true, "\(String(describing: error))")
        #expect(azure.changes.allSatisfy { $0.line.hasSuffix("/validate") })
    }

    @Test("a role that Azure takes the giving of and does not give is not given; a request for oneself is one, whatever comes of it")
    func givesNothing() async throws {
        let azure = PlayedAzure { _, path in (201, Self.given(path, status: "FailedAsResourceIsLocked")) }
        let service = AccessParty(id: "0a0a0000-0000-4000-8000-000000000009", name: "orders-api", kind: .service)
        let draft = AccessRequestDraft(principal: service, role: .receiver, scope: request.scope, duration: .seconds(600), reason: "r")
        let (leave, backend) = (try leave(), backend(azure))
        let error = await #expect(throws: OperatorError.self) {
            try await backend.submit(draft, within: AccessLimits(way: .assignment), as: request.id, with: leave)
        }
        #expect(error?.code == .service && error?.serviceCode == "FailedAsResourceIsLocked" && error?.correlationIDs == ["c-1"])
        #expect(error?.message.hasPrefix("Giving Data Receiver on orders to orders-api: A lock on the resource") == true)
        let way = AccessLimits.Way.activation(eligibility: "e")
        let asked = try await backend.submit(draft, within: AccessLimits(way: way), as: request.id, with: leave)
        #expect(asked.value.standing == .failed("FailedAsResourceIsLocked"))
    }

    @Test("what is noted is removed only while the note says what was seen")
    func noted() async throws {
        let id = "\(Self.namespace)/queues/orders/providers/Microsoft.Authorization/roleAssignments/1"
        func assignment(_ note: String) -> String {
            #"{"id":"\#(id)","properties":{"roleDefinitionId":"/d/r","principalId":"\#(Self.alice)","scope":"\#(Self.namespace)/queues/orders","description":"\#(note)"}}"#
        }
        let end = try #require(Timestamp(rfc3339: "2026-08-01T12:00:00Z"))
        let grant = ActiveGrant(
            id: id, backend: .pim, request: AccessRequest.ID("req-1"), principal: AccessParty(id: Self.alice), role: .serviceBus(.receiver),
            scope: request.scope, beganAt: nil, endsAt: end, keeper: .note, assignment: id)
        let notes = [
            ("jit req=req-1 exp=2026-08-01T12:00:00Z by=x", true), ("jit req=req-2 exp=2026-08-01T12:00:00Z by=x", false),
            ("jit req=req-1 exp=2026-08-01T13:00:00Z by=x", false), ("for ever", false),
        ]
        for (note, isRemoved) in notes {
            let text = assignment(note)
            let azure = PlayedAzure { method, _ in method == "GET" ? (200, text) : (200, text) }
            let changed = try await backend(azure).end(grant, reason: "over", with: leave())
            #expect(changed.value == isRemoved, "\(note)")
            #expect(azure.changes.map(\.line) == (isRemoved ? ["DELETE \(id)"] : []))
        }
        let gone = PlayedAzure { _, _ in (404, #"{"error":{"code":"RoleAssignmentNotFound","message":"m"}}"#) }
        #expect(try await !backend(gone).end(grant, reason: "over", with: leave()).value)
    }

    @Test("whoever is not eligible is told for what they are")
    func notEligible() async throws {
        let azure = PlayedAzure { _, path in
            guard path.hasSuffix("roleEligibilityScheduleInstances") else { return nil }
            return (
                200,
                #"{"value":[{"id":"/e","properties":{"scope":"\#(Self.namespace)/queues/refunds","roleDefinitionId":"/d/4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0","principalId":"p","roleEligibilityScheduleId":"/x/1"}}]}"#
            )
        }
        let draft = AccessRequestDraft(principal: me, role: .receiver, scope: request.scope, duration: .seconds(600), reason: "r")
        let error = await #expect(throws: OperatorError.self) { try await backend(azure).limits(for: draft) }
        #expect(error?.code == .notPermitted && error?.hint == "You are eligible for Data Receiver on refunds.")
    }
}
