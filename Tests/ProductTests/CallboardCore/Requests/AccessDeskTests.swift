import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

/// A place for requests in memory: it knows who asks, gives what it is told to, and counts.
private final class MemoryBackend: AccessBackend {
    struct State {
        var limits = AccessLimits(way: .activation(eligibility: "e"))
        var requests: [AccessRequest.ID: AccessRequest] = [:]
        var grants: [ActiveGrant] = []
        var changes: [String] = []
        var failure: OperatorError?
    }

    let kind: AccessRequest.Backend
    let me: AccessParty
    let state: Mutex<State>

    init(_ me: AccessParty, kind: AccessRequest.Backend = .pim, limits: AccessLimits = AccessLimits(way: .activation(eligibility: "e"))) {
        self.me = me
        self.kind = kind
        state = Mutex(State(limits: limits))
    }

    var changes: [String] { state.withLock { $0.changes } }

    private func fail() throws(OperatorError) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    func limits(for draft: AccessRequestDraft) async throws(OperatorError) -> AccessLimits {
        try fail()
        return state.withLock { $0.limits }
    }

    func submit(
        _ draft: AccessRequestDraft, within limits: AccessLimits, as id: AccessRequest.ID, with leave: Authorization
    ) async throws(OperatorError) -> AccessChange<AccessRequest> {
        try fail()
        let request = AccessRequest(
            id: id, backend: kind, requester: me, principal: draft.principal, role: .serviceBus(draft.role), scope: draft.scope,
            duration: draft.duration, reason: draft.reason, ticket: draft.ticket, askedAt: nil, standing: .waiting(until: nil),
            sentence: "",
            reference: id.text)
        state.withLock {
            $0.requests[id] = request
            $0.changes.append("submit \(leave.rule)")
        }
        return AccessChange(request, correlationIDs: ["c-submit"])
    }

    func inbox() async throws(OperatorError) -> AccessListing<AccessRequest> {
        AccessListing(state.withLock { $0.requests.values.filter { $0.standing.isOpen && !$0.requester.isSame(as: me) } })
    }

    func own() async throws(OperatorError) -> AccessListing<AccessRequest> {
        AccessListing(state.withLock { $0.requests.values.filter { $0.requester.isSame(as: me) } })
    }

    func request(_ id: AccessRequest.ID) async throws(OperatorError) -> AccessRequest {
        try fail()
        guard let request = state.withLock({ $0.requests[id] }) else { throw OperatorError(.notFound, "There is none.") }
        return request
    }

    func decide(
        _ decision: AccessDecision, on request: AccessRequest, with leave: Authorization
    ) async throws(OperatorError) -> AccessChange<AccessRequest> {
        try fail()
        var decided = request
        decided.standing = decision.answer == .deny ? .denied(by: me, reason: decision.reason) : .granted(until: nil, by: me)
        let kept = decided
        state.withLock {
            $0.requests[request.id] = kept
            $0.changes.append("\(decision.answer.word) \(leave.rule)")
        }
        return AccessChange(decided, correlationIDs: ["c-decide"])
    }

    func cancel(_ request: AccessRequest, with leave: Authorization) async throws(OperatorError) -> AccessChange<AccessRequest> {
        state.withLock { $0.changes.append("cancel \(leave.rule)") }
        return AccessChange(request)
    }

    func active() async throws(OperatorError) -> AccessListing<ActiveGrant> {
        try fail()
        return AccessListing(state.withLock { $0.grants })
    }

    func end(_ grant: ActiveGrant, reason: String, with leave: Authorization) async throws(OperatorError) -> AccessChange<Bool> {
        try fail()
        state.withLock {
            $0.grants.removeAll { $0.id == grant.id }
            $0.changes.append("end \(grant.id) \(leave.rule)")
        }
        return AccessChange(true, correlationIDs: ["c-end"])
    }
}

private final class KnownFacts: AccessFacts {
    /// How often looking is refused.
    let refusals = Mutex(0)
    init(refusals: Int = 0) { self.refusals.withLock { $0 = refusals } }

    func scope(of path: EntityPath, for role: PolicyRole) async throws(OperatorError) -> AccessScope {
        AccessScope(id: "\(AccessDeskTests.namespace)/queues/\(path.name)", entity: path)
    }
    func holdings(of party: AccessParty) async -> Reading<[String]> { .known(["Data Receiver on invoices"], at: AuditFixture.time) }
    func approvers(of request: AccessRequest) async -> [AccessParty] { [] }
    func look(into entity: EntityPath) async throws(OperatorError) {
        let isRefused = refusals.withLock { left in
            left -= 1
            return left >= 0
        }
        if isRefused { throw OperatorError(.notPermitted, "Listen is missing") }
    }
}

@Suite("The door to requests for roles")
struct AccessDeskTests {
    static let namespace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb-retail"
    private let ann = AccessParty(id: "a11ce000-0000-4000-8000-000000000001", name: "Ann", kind: .person)
    private let bob = AccessParty(id: "b0b00000-0000-4000-8000-000000000002", name: "Bob", kind: .person)

    private static let policy = """
        version: 1
        teams:
          orders: {claims: {groups: [g1]}}
          leads: {claims: {groups: [g2]}}
        request:
          - {id: ask, who: [team:orders], role: receiver, scope: "namespaces/sb-retail/**", max_ttl: 2h, approve: [{any_of: [team:leads], count: 1}]}
          - {id: ask-two, who: [team:orders], role: sender, scope: "namespaces/sb-retail/**", max_ttl: 2h, approve: [{any_of: [team:leads], count: 2}]}
        """

    private func desk(
        _ me: AccessParty, _ backends: [MemoryBackend], ledger: String, policy: String? = nil, team: String? = nil,
        now: Timestamp = AuditFixture.time, refusals: Int = 0
    ) throws -> AccessDesk {
        let rules: Guardrails.Rules =
            if let policy { .policy(try #require(PolicyFile.parse(Array(policy.utf8), file: "policy.yaml").policy)) } else { .builtIn }
        let workspace = Workspace(
            context: OperatorContext(name: "retail", mode: .readWrite, connection: .given), gateway: MemoryGateway())
        var subjects: Set<PolicySubject> = [.user(me.id)]
        if let team { subjects.insert(.team(team)) }
        let guardrails = Guardrails(
            rules: rules, place: Guardrails.Place(context: "retail", host: "sb-retail.servicebus.windows.net", mode: .readWrite),
            caller: PolicyCaller(subjects))
        return AccessDesk(
            me: me,
            guarded: GuardedChange(guardrails: guardrails, ledger: AuditFixture.ledger(ledger), actor: AuditFixture.actor),
            backends: backends, facts: KnownFacts(refusals: refusals), title: workspace.title,
            announcer: BreakGlassAnnouncer(send: { _, _ throws(OperatorError) in }, notify: nil), now: { now })
    }

    private func desk(
        _ me: AccessParty, _ backend: MemoryBackend, ledger: String, policy: String? = nil, team: String? = nil,
        now: Timestamp = AuditFixture.time, refusals: Int = 0
    ) throws -> AccessDesk {
        try desk(me, [backend], ledger: ledger, policy: policy, team: team, now: now, refusals: refusals)
    }

    private func wish(_ role: PolicyRole = .receiver, minutes: Int64 = 30, reason: String = "INC-1", for party: AccessParty? = nil) throws
        -> AccessWish
    {
        AccessWish(entity: try .queue("orders"), role: role, principal: party, duration: .seconds(minutes * 60), reason: reason)
    }

    private func types(_ ledger: String) throws -> [String] {
        try AuditFixture.lines(ledger).compactMap { try AuditRecord(line: Array($0.utf8)).type }
    }

    @Test("asking is in the ledger before and after, with the role and what joins it to Azure's log")
    func asks() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        let desk = try desk(ann, backend, ledger: folder.path + "/l")
        let request = try await desk.ask(try await desk.propose(wish()))
        #expect(request.standing == .waiting(until: nil) && backend.changes == ["submit built-in:read-write context"])
        #expect(try types(folder.path + "/l") == ["access.request.intended", "access.request.done"])
        let last = try AuditRecord(line: Array(try #require(AuditFixture.lines(folder.path + "/l").last).utf8))
        #expect(last.ids("correlationRequestIds") == ["c-submit"])
        #expect(last.value["access"]?["request"]?.text == request.id.text && last.value["access"]?["seconds"]?.integer == 1800)
        #expect(last.accessScope == "\(Self.namespace)/queues/orders")
    }

    @Test("what is beyond the limits of Azure or of the policy is not asked for")
    func limits() async throws {
        let folder = try TemporaryFolder()
        var limits = AccessLimits(way: .activation(eligibility: "e"))
        limits.longest = .seconds(3600)
        limits.needsTicket = true
        limits.needsApproval = true
        let backend = MemoryBackend(ann, limits: limits)
        let desk = try desk(ann, backend, ledger: folder.path + "/l", policy: Self.policy, team: "orders")
        let proposal = try await desk.propose(wish(minutes: 90))
        #expect(proposal.longest == .seconds(3600) && proposal.obstacles.count == 2)
        await #expect(throws: OperatorError.self) { try await desk.ask(proposal) }
        await #expect(throws: OperatorError.self) { try await desk.ask(try await desk.propose(wish(.owner))) }
        #expect(backend.changes.isEmpty)
    }

    @Test("what the policy wants agreed to and Azure would grant at once is not asked for")
    func approvalMissing() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        let desk = try desk(ann, backend, ledger: folder.path + "/l", policy: Self.policy, team: "orders")
        let proposal = try await desk.propose(wish())
        #expect(proposal.obstacles.contains { $0.contains("1 of team:leads") })
        await #expect(throws: OperatorError.self) { try await desk.ask(proposal) }
        #expect(backend.changes.isEmpty)
    }

    @Test("the requester and the principal never decide; somebody else does, once, and it is in the ledger")
    func decides() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        let asking = try desk(ann, backend, ledger: folder.path + "/a")
        let request = try await asking.ask(try await asking.propose(wish(for: bob)))
        for party in [ann, bob] {
            let desk = try desk(party, backend, ledger: folder.path + "/own")
            let error = await #expect(throws: OperatorError.self) {
                try await desk.decide(try AccessDecision(.approve, reason: "mine"), on: request)
            }
            #expect(error?.denial == .ownRequest)
        }
        #expect(try types(folder.path + "/own") == ["access.approve.refused", "access.approve.refused"])
        let eve = AccessParty(id: "e0e00000-0000-4000-8000-000000000003")
        let deciding = try desk(eve, backend, ledger: folder.path + "/e")
        let decided = try await deciding.decide(try AccessDecision(.approve, reason: "go"), on: request)
        #expect(decided.standing == .granted(until: nil, by: backend.me))
        #expect(try types(folder.path + "/e") == ["access.approve.intended", "access.approve.done"])
        let error = await #expect(throws: OperatorError.self) {
            try await deciding.decide(try AccessDecision(.deny, reason: "no"), on: request)
        }
        #expect(error?.code == .conflict && error?.message.contains("already decided") == true)
    }

    @Test("what changed since it was looked at is not decided about")
    func changed() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        let asking = try desk(ann, backend, ledger: folder.path + "/a")
        let seen = try await asking.ask(try await asking.propose(wish()))
        var other = seen
        other.duration = .seconds(7200)
        let swapped = other
        backend.state.withLock { $0.requests[seen.id] = swapped }
        let deciding = try desk(bob, backend, ledger: folder.path + "/b")
        let error = await #expect(throws: OperatorError.self) {
            try await deciding.decide(try AccessDecision(.approve, reason: "go"), on: seen)
        }
        #expect(error?.code == .conflict && backend.changes.count == 1)
    }

    @Test("the policy is asked about the namespace that a request's scope names, not about the entity of the same name here")
    func otherNamespace() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        let desk = try desk(bob, backend, ledger: folder.path + "/l", policy: Self.policy, team: "leads")
        let scope = AccessScope(id: Self.namespace.replacing("sb-retail", with: "sb-vault") + "/queues/orders")
        #expect(desk.question(.approveAccess, scope, .serviceBus(.receiver), nil).scope.description == "namespaces/sb-vault/queues/orders")
        let foreign = AccessRequest(
            id: .init("0e900000-0000-4000-8000-000000000001"), backend: .pim, requester: ann, principal: ann, role: .serviceBus(.receiver),
            scope: scope, duration: .seconds(600), reason: "INC-1", askedAt: nil, standing: .waiting(until: nil), sentence: "",
            reference: "r")
        backend.state.withLock { $0.requests[foreign.id] = foreign }
        let error = await #expect(throws: OperatorError.self) {
            try await desk.decide(try AccessDecision(.approve, reason: "go"), on: foreign)
        }
        #expect(error?.code == .refused && backend.changes.isEmpty)
    }

    @Test("where the first who agrees decides, what takes two is not agreed to")
    func takesTwo() async throws {
        let folder = try TemporaryFolder()
        var limits = AccessLimits(way: .activation(eligibility: "e"))
        limits.needsApproval = true
        let backend = MemoryBackend(ann, limits: limits)
        let asking = try desk(ann, backend, ledger: folder.path + "/a", policy: Self.policy, team: "orders")
        let one = try await asking.ask(try await asking.propose(wish()))
        let two = try await asking.ask(try await asking.propose(wish(.sender)))
        let lead = try desk(bob, backend, ledger: folder.path + "/b", policy: Self.policy, team: "leads")
        _ = try await lead.decide(try AccessDecision(.approve, reason: "go"), on: one)
        let error = await #expect(throws: OperatorError.self) {
            try await lead.decide(try AccessDecision(.approve, reason: "go"), on: two)
        }
        #expect(error?.message.contains("2 of team:leads") == true)
        // A no takes one.
        _ = try await lead.decide(try AccessDecision(.deny, reason: "no"), on: two)
    }

    @Test("agreeing to less where that gives a role takes leave to give one")
    func narrowingGives() async throws {
        let folder = try TemporaryFolder()
        var limits = AccessLimits(way: .activation(eligibility: "e"))
        limits.needsApproval = true
        let backend = MemoryBackend(ann, limits: limits)
        let asking = try desk(ann, backend, ledger: folder.path + "/a", policy: Self.policy, team: "orders")
        let request = try await asking.ask(try await asking.propose(wish()))
        let less = try AccessDecision(.narrow(try AccessNarrowing(of: request, duration: .seconds(600))), reason: "a look")
        let lead = try desk(bob, backend, ledger: folder.path + "/b", policy: Self.policy, team: "leads")
        let error = await #expect(throws: OperatorError.self) { try await lead.decide(less, on: request) }
        #expect(error?.code == .refused && error?.message.contains("access.grant") == true, "\(String(describing: error))")
        #expect(backend.changes == ["submit ask"])
        #expect(try types(folder.path + "/b") == ["access.grant.refused"])
        let giving = Self.policy + "\nallow:\n  - {id: give, who: [team:leads], action: access.grant, role: receiver, scope: \"**\"}\n"
        let giver = try desk(bob, backend, ledger: folder.path + "/b", policy: giving, team: "leads")
        _ = try await giver.decide(less, on: request)
        #expect(backend.changes == ["submit ask", "narrow ask"])
    }

    @Test("one's own id is one's own however it is typed, and nobody gives a role to themselves; what is no id is said to be none")
    func ids() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann, limits: AccessLimits(way: .assignment))
        let desk = try desk(ann, backend, ledger: folder.path + "/l")
        for text in [ann.id.uppercased(), String(ann.id.filter { $0 != "-" })] {
            let proposal = try await desk.propose(wish(for: AccessParty(id: text)))
            #expect(proposal.draft.principal == ann)
            let error = await #expect(throws: OperatorError.self) { try await desk.ask(proposal) }
            #expect(error?.denial == .ownRequest)
        }
        #expect(backend.changes.isEmpty)
        let error = await #expect(throws: OperatorError.self) { try await desk.propose(wish(for: AccessParty(id: "orders-api"))) }
        #expect(error?.code == .usage)
        #expect(throws: OperatorError.self) { try AccessParty(objectID: "b0b00000") }
        #expect(try AccessParty(objectID: " B0B00000000040008000000000000002 ") == AccessParty(id: bob.id))
    }

    @Test("a role is given to no group, which one may be in; of whom the directory tells no kind, that is not known")
    func groups() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann, limits: AccessLimits(way: .assignment))
        let desk = try desk(ann, backend, ledger: folder.path + "/l")
        let id = "9a0b0000-0000-4000-8000-000000000007"
        let proposal = try await desk.propose(wish(for: AccessParty(id: id, name: "on call", kind: .group)))
        let error = await #expect(throws: OperatorError.self) { try await desk.ask(proposal) }
        #expect(error?.denial == .ownRequest && error?.message.contains("on call is a group") == true, "\(String(describing: error))")
        await #expect(throws: OperatorError.self) { try await desk.check(proposal) }
        #expect(backend.changes.isEmpty)
        #expect(try types(folder.path + "/l") == ["access.grant.refused"])
        for kind in [AccessParty.Kind.unknown, .service] {
            _ = try await desk.ask(try await desk.propose(wish(for: AccessParty(id: id, name: "x", kind: kind))))
        }
        #expect(backend.changes.count == 2)
        // Agreeing to less gives a role as well.
        var request = try #require(backend.state.withLock { $0.requests.values.first })
        request.principal = AccessParty(id: id, kind: .group)
        let asked = request
        backend.state.withLock { $0.requests[asked.id] = asked }
        let deciding = try self.desk(bob, backend, ledger: folder.path + "/b")
        let less = try AccessDecision(.narrow(try AccessNarrowing(of: asked, duration: .seconds(600))), reason: "a look")
        let refusal = await #expect(throws: OperatorError.self) { try await deciding.decide(less, on: asked) }
        #expect(refusal?.denial == .ownRequest && backend.changes.count == 2)
    }

    @Test("a request that was granted names the role that it came to, and one that was not names none")
    func answers() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        let desk = try desk(ann, backend, ledger: folder.path + "/l")
        var request = try await desk.ask(try await desk.propose(wish()))
        var grant = ActiveGrant(
            id: "g", backend: .pim, request: nil, principal: ann, role: request.role, scope: request.scope, beganAt: nil,
            endsAt: AuditFixture.time, keeper: .azure(isActivation: true))
        for standing in [AccessRequest.Standing.denied(by: nil, reason: nil), .cancelled, .expired, .ended, .failed("Failed")] {
            request.standing = standing
            #expect(!grant.answers(request), "\(standing)")
        }
        request.standing = .granted(until: nil, by: nil)
        #expect(grant.answers(request))
        request.backend = .cooperative
        #expect(!grant.answers(request))
        grant.request = request.id
        #expect(grant.answers(request))
        request.backend = .pim
        grant.request = AccessRequest.ID("another")
        #expect(!grant.answers(request))
    }

    @Test("without an answer it is not known what came of it, and the ledger says no more than that")
    func lost() async throws {
        var fault = OperatorError(.service, "500")
        fault.isOutcomeUnknown = true
        for error in [OperatorError(.unreachable, "gone"), OperatorError(.timeout, "late"), fault] {
            let folder = try TemporaryFolder()
            let backend = MemoryBackend(ann)
            let desk = try desk(ann, backend, ledger: folder.path + "/l")
            let proposal = try await desk.propose(wish())
            backend.state.withLock { $0.failure = error }
            await #expect(throws: OperatorError.self) { try await desk.ask(proposal) }
            #expect(try types(folder.path + "/l") == ["access.request.intended", "access.request.partly"])
        }
    }

    @Test("a sweep ends what is past its end and nobody else ends, once")
    func sweeps() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        let now = AuditFixture.time
        func grant(_ id: String, _ keeper: ActiveGrant.Keeper, _ seconds: Int64) -> ActiveGrant {
            ActiveGrant(
                id: id, backend: .pim, request: nil, principal: bob, role: .serviceBus(.receiver),
                scope: AccessScope(id: "\(Self.namespace)/queues/orders"), beganAt: nil, endsAt: now.advanced(by: .seconds(seconds)),
                keeper: keeper)
        }
        backend.state.withLock {
            $0.grants = [
                grant("late", .note, -1), grant("now", .note, 0), grant("soon", .note, 1), grant("azure", .azure(isActivation: true), -1),
            ]
        }
        let desk = try desk(ann, backend, ledger: folder.path + "/l")
        let swept = try await desk.sweep()
        #expect(swept.elements.map(\.grant.id) == ["late", "now"] && swept.elements.allSatisfy { $0.outcome == .removed })
        #expect(try await desk.sweep().elements.isEmpty)
        #expect(backend.changes == ["end late built-in:read-write context", "end now built-in:read-write context"])
        #expect(grant("x", .note, 90).remaining(at: now) == .seconds(90) && grant("x", .note, 0).isPastEnd(at: now))
    }

    @Test("a place that cannot be asked is named beside what the others say, and one that keeps nothing is not")
    func gaps() async throws {
        let folder = try TemporaryFolder()
        let (good, bad) = (MemoryBackend(ann, kind: .cooperative), MemoryBackend(ann))
        let grant = ActiveGrant(
            id: "g", backend: .cooperative, request: nil, principal: bob, role: .serviceBus(.receiver),
            scope: AccessScope(id: "\(Self.namespace)/queues/orders"), beganAt: nil, endsAt: AuditFixture.time, keeper: .note)
        good.state.withLock { $0.grants = [grant] }
        let desk = try desk(ann, [bad, good], ledger: folder.path + "/l")
        bad.state.withLock { $0.failure = OperatorError(.notPermitted, "not for you") }
        let active = try await desk.active()
        #expect(active.elements == [grant] && active.gaps.map(\.backend) == [.pim] && active.gaps.first?.error.message == "not for you")
        let swept = try await desk.sweep()
        #expect(swept.elements.map(\.outcome) == [.removed] && swept.gaps.map(\.backend) == [.pim])
        bad.state.withLock { $0.failure = OperatorError(.service, "no licence", serviceCode: "AadPremiumLicenseRequired") }
        #expect(try await desk.active().gaps.isEmpty)
        good.state.withLock { $0.failure = OperatorError(.unreachable, "gone") }
        await #expect(throws: OperatorError.self) { try await desk.active() }
    }

    @Test("where no role that is named is known, that there is none is said only where all could be listed")
    func nothingNamed() {
        let whole = AccessListing<ActiveGrant>()
        #expect(whole.nothing(named: "orders").exitCode == 4)
        let gap = RequestGap(backend: .pim, error: OperatorError(.notPermitted, "not for you", hint: "It takes Reader."))
        let cut = AccessListing<ActiveGrant>(gaps: [gap]).nothing(named: "orders")
        #expect(cut.exitCode == 5 && cut.message.contains("is not known") && cut.message.contains("not for you"))
        #expect(cut.description.split(separator: "It takes Reader.", omittingEmptySubsequences: false).count == 2, "said once: \(cut)")
    }

    @Test("agreeing that gives nobody a role came to nothing; a no never did")
    func nothingCame() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        let desk = try desk(ann, backend, ledger: folder.path + "/l")
        var request = try await desk.ask(try await desk.propose(wish()))
        let answers = [
            AccessDecision.Answer.approve, .narrow(try AccessNarrowing(of: request, duration: .seconds(60))), .deny,
        ]
        let standings: [(AccessRequest.Standing, Bool)] = [
            (.waiting(until: nil), false), (.reviewed(by: nil), false), (.granted(until: nil, by: nil), false), (.cancelled, true),
            (.denied(by: nil, reason: nil), true), (.expired, true), (.ended, true), (.failed("Failed"), true),
        ]
        for answer in answers {
            let decision = try AccessDecision(answer, reason: "r")
            for (standing, isNothing) in standings {
                request.standing = standing
                #expect(decision.cameToNothing(request) == (isNothing && answer != .deny), "\(answer.word) \(standing.word)")
            }
        }
    }

    @Test("a place that cannot be asked keeps nobody from a request that another has, and says why one is not found")
    func byID() async throws {
        let folder = try TemporaryFolder()
        let (pim, queue) = (MemoryBackend(ann), MemoryBackend(ann, kind: .cooperative))
        let request = try await desk(ann, queue, ledger: folder.path + "/l").ask(
            try await desk(ann, queue, ledger: folder.path + "/l").propose(wish()))
        let desk = try desk(ann, [pim, queue], ledger: folder.path + "/l")
        let nobody = "00000000-0000-4000-8000-00000000000f"
        let absent = await #expect(throws: OperatorError.self) { try await desk.request(nobody) }
        #expect(absent?.code == .notFound)
        for failure in [OperatorError(.unreachable, "gone"), OperatorError(.notPermitted, "not for you"), OperatorError(.service, "500")] {
            pim.state.withLock { $0.failure = failure }
            for id in [request.id.text, request.id.short] { #expect(try await desk.request(id).id == request.id, "\(failure.code)") }
            let error = await #expect(throws: OperatorError.self) { try await desk.request(nobody) }
            #expect(error == failure)
        }
        pim.state.withLock { $0.failure = OperatorError(.cancelled, "stopped") }
        let stopped = await #expect(throws: OperatorError.self) { try await desk.request(request.id.text) }
        #expect(stopped?.code == .cancelled)
    }

    @Test("a role that both places list is the queue's, which writes down that it ended")
    func listedTwice() async throws {
        let folder = try TemporaryFolder()
        let (queue, pim) = (MemoryBackend(ann, kind: .cooperative), MemoryBackend(ann))
        func grant(_ backend: AccessRequest.Backend) -> ActiveGrant {
            ActiveGrant(
                id: "g-\(backend)", backend: backend, request: nil, principal: bob, role: .serviceBus(.receiver),
                scope: AccessScope(id: "\(Self.namespace)/queues/orders"), beganAt: nil, endsAt: AuditFixture.time, keeper: .note,
                assignment: "/a/1")
        }
        let (first, second) = (grant(.pim), grant(.cooperative))
        pim.state.withLock { $0.grants = [first] }
        queue.state.withLock { $0.grants = [second] }
        let desk = try desk(ann, [pim, queue], ledger: folder.path + "/l")
        #expect(try await desk.active().elements == [second])
    }

    @Test("of one's own roles the queue is asked only where Azure may not list them, or one of them has a note")
    func ownActive() async throws {
        let folder = try TemporaryFolder()
        let (queue, pim) = (MemoryBackend(ann, kind: .cooperative), MemoryBackend(ann))
        func grant(_ id: String, _ party: AccessParty, _ keeper: ActiveGrant.Keeper, _ backend: AccessRequest.Backend) -> ActiveGrant {
            ActiveGrant(
                id: id, backend: backend, request: nil, principal: party, role: .serviceBus(.receiver),
                scope: AccessScope(id: "\(Self.namespace)/queues/orders"), beganAt: nil, endsAt: AuditFixture.time, keeper: keeper,
                assignment: "/a/\(id)")
        }
        let desk = try desk(ann, [pim, queue], ledger: folder.path + "/l")
        let activation = grant("mine", ann, .azure(isActivation: true), .pim)
        pim.state.withLock { $0.grants = [activation, grant("other", bob, .note, .pim)] }
        queue.state.withLock { $0.failure = OperatorError(.internal, "it is not to be asked") }
        let own = try await desk.ownActive()
        #expect(own.elements == [activation] && own.gaps.isEmpty)
        // The same role in both lists is the queue's.
        let noted = grant("queued", ann, .note, .cooperative)
        queue.state.withLock { ($0.failure, $0.grants) = (nil, [noted, grant("others", bob, .note, .cooperative)]) }
        pim.state.withLock { $0.grants = [activation, grant("queued", ann, .note, .pim)] }
        #expect(Set(try await desk.ownActive().elements) == [activation, noted])
        pim.state.withLock { $0.failure = OperatorError(.unreachable, "gone") }
        let late = try await desk.ownActive()
        #expect(late.elements == [noted] && late.gaps.map(\.backend) == [.pim])
    }

    @Test("what is one's own ends whatever the policy says; what is another's does not")
    func own() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        func grant(_ party: AccessParty) -> ActiveGrant {
            ActiveGrant(
                id: party.id, backend: .pim, request: nil, principal: party, role: .serviceBus(.receiver),
                scope: AccessScope(id: "\(Self.namespace)/queues/orders"), beganAt: nil, endsAt: AuditFixture.time, keeper: .note)
        }
        let desk = try desk(ann, backend, ledger: folder.path + "/l", policy: Self.policy, team: "orders")
        #expect(try await desk.end(grant(ann), reason: "done"))
        let error = await #expect(throws: OperatorError.self) { try await desk.end(grant(bob), reason: "done") }
        #expect(error?.code == .refused && backend.changes == ["end \(ann.id) built-in:own access"])
        await #expect(throws: OperatorError.self) { try await desk.end(grant(ann), reason: " ") }
    }

    @Test("what failed is written down as that, with what joins it to Azure's log")
    func failure() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        let desk = try desk(ann, backend, ledger: folder.path + "/l")
        let proposal = try await desk.propose(wish())
        var refusal = OperatorError(.notPermitted, "no", trackingID: "t-1")
        refusal.correlationIDs = ["c-1"]
        let failing = refusal
        backend.state.withLock { $0.failure = failing }
        await #expect(throws: OperatorError.self) { try await desk.ask(proposal) }
        let last = try AuditRecord(line: Array(try #require(AuditFixture.lines(folder.path + "/l").last).utf8))
        #expect(last.type == "access.request.refused" && last.ids("correlationRequestIds") == ["c-1"] && last.ids("trackingIds") == ["t-1"])
    }

    /// A clock whose time passes when somebody waits for it.
    private final class QuickClock: Clock {
        typealias Instant = ContinuousClock.Instant
        let waits = Mutex(0)
        let onWait: @Sendable (Int) -> Void
        init(_ onWait: @escaping @Sendable (Int) -> Void = { _ in }) { self.onWait = onWait }
        var now: Instant { ContinuousClock.now }
        var minimumResolution: Duration { .zero }
        func sleep(until deadline: Instant, tolerance: Duration?) async throws {
            onWait(
                waits.withLock { waits in
                    waits += 1
                    return waits
                })
        }
    }

    @Test("waiting ends when somebody decided and the role counts; what it comes to is told once")
    func waits() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        let desk = try desk(ann, backend, ledger: folder.path + "/l", refusals: 2)
        let request = try await desk.ask(try await desk.propose(wish()))
        let clock = QuickClock { wait in
            guard wait == 3 else { return }
            backend.state.withLock { $0.requests[request.id]?.standing = .granted(until: nil, by: nil) }
        }
        let told = Mutex<[String]>([])
        let last = try await desk.wait(for: request, patience: .seconds(60), clock: clock) { progress in
            let word =
                switch progress {
                case .standing(let request): request.standing.word
                case .propagating(let attempts): "propagating \(attempts)"
                case .effective: "effective"
                case .unproved(let why): why
                }
            told.withLock { $0.append(word) }
        }
        #expect(last.standing == .granted(until: nil, by: nil))
        #expect(told.withLock { $0 } == ["waiting", "granted", "propagating 1", "propagating 2", "effective"])
        #expect(clock.waits.withLock { $0 } == 5)
    }

    @Test("patience ends, and the request goes on waiting")
    func patience() async throws {
        let folder = try TemporaryFolder()
        let backend = MemoryBackend(ann)
        let desk = try desk(ann, backend, ledger: folder.path + "/l")
        let request = try await desk.ask(try await desk.propose(wish()))
        let clock = QuickClock()
        let error = await #expect(throws: OperatorError.self) {
            try await desk.wait(for: request, patience: .seconds(12), clock: clock)
        }
        #expect(error?.code == .timeout && clock.waits.withLock { $0 } == 3)
    }
}
