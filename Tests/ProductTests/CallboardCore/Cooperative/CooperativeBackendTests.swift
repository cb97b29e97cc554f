import AzureResources
import Identity
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("The queue of requests as a place of requests") struct CooperativeBackendTests {
    private struct NoFacts: AccessFacts {
        func scope(of path: EntityPath, for role: PolicyRole) async throws(OperatorError) -> AccessScope {
            AccessScope(id: ApprovalScene.orders, entity: path)
        }
        func holdings(of party: AccessParty) async -> Reading<[String]> { .unavailable("not asked") }
        func approvers(of request: AccessRequest) async -> [AccessParty] { [] }
        func look(into entity: EntityPath) async throws(OperatorError) {}
    }

    private func backend(_ scene: ApprovalScene, _ person: GUID, localLag: Duration = .zero) -> CooperativeBackend {
        CooperativeBackend(scene.desk(person, localLag: localLag), as: account(person))
    }

    private func account(_ person: GUID) -> Account {
        let membership = ApprovalScene.memberships[person] ?? ApprovalScene.Membership()
        return Account(
            tenantID: ApprovalIssuer.tenant, objectID: person.canonical, groups: .known(membership.groups), roles: membership.roles)
    }

    private func guardrails(_ person: GUID, policy: String? = nil, isAgent: Bool = false) throws -> Guardrails {
        let rules: Guardrails.Rules =
            if let policy { .policy(try #require(PolicyFile.parse(Array(policy.utf8), file: "policy.yaml").policy)) } else { .builtIn }
        var caller = PolicyCaller([.user(person.canonical)])
        if isAgent { caller.subjects.insert(.agent) }
        return Guardrails(
            rules: rules,
            place: Guardrails.Place(
                context: "approvals", host: "sb-orders-prod.servicebus.windows.net", environment: policy == nil ? "" : "prod",
                mode: .readWrite),
            caller: caller)
    }

    private func desk(
        _ scene: ApprovalScene, _ person: GUID, ledger: String, policy: String? = nil, isAgent: Bool = false
    ) throws -> AccessDesk {
        AccessDesk(
            me: AccessParty(id: person.canonical),
            guarded: GuardedChange(
                guardrails: try guardrails(person, policy: policy, isAgent: isAgent), ledger: AuditFixture.ledger(ledger),
                actor: AuditFixture.actor),
            backends: [backend(scene, person)], facts: NoFacts(), title: ContextTitle(name: "approvals", endpoint: "sb-orders-prod"),
            announcer: BreakGlassAnnouncer(send: { _, _ throws(OperatorError) in }, notify: nil), now: { scene.transport.now })
    }

    @Test("less time than there is to give is refused, and not rounded up")
    func tooShort() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        let backend = backend(scene, ApprovalScene.bob)
        let request = try #require(try await backend.inbox().elements.first)
        let guardrails = try guardrails(ApprovalScene.bob)
        let leave = try guardrails.authorize(guardrails.question(.approveAccess))
        let less = try AccessNarrowing(of: request, duration: .seconds(60))
        let refusal = await refusal {
            _ = try await backend.decide(try AccessDecision(.narrow(less), reason: "a minute"), on: request, with: leave)
        }
        #expect(refusal?.code == .usage && scene.decisions.isEmpty && scene.granted.isEmpty)
    }

    @Test("whoever asked hears of a decision when the request is gone from the queue", arguments: [true, false])
    func decided(isApproved: Bool) async throws {
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        _ = try await isApproved ? scene.approve(ApprovalScene.bob) : scene.deny(ApprovalScene.bob)
        #expect(scene.isQueueEmpty)
        let backend = backend(scene, ApprovalScene.alice)
        let told = try await backend.request(.init(request.id.canonical))
        switch told.standing {
        case .granted(let until, let by):
            #expect(isApproved && until == ApprovalScene.start.advanced(by: .seconds(3600)) && by?.id == ApprovalScene.bob.canonical)
        case .denied(let by, let reason): #expect(!isApproved && by?.id == ApprovalScene.bob.canonical && reason == "not today")
        default: Issue.record("\(told.standing)")
        }
        #expect(try await backend.own().elements == [told])
        #expect(told.reason == request.reason && told.principal.id == ApprovalScene.alice.canonical)
        if isApproved {
            scene.transport.pass(.seconds(3600))
            #expect(try await backend.request(.init(request.id.canonical)).standing == .ended)
        }
    }

    /// What whoever asked is told of it, who may look at the decisions and not into the queue.
    private func told(_ scene: ApprovalScene, _ request: CooperativeRequest, mayLook: Bool = false) async throws -> AccessRequest {
        if !mayLook { scene.transport.fail("peek access-requests", .notPermitted) }
        return try await backend(scene, ApprovalScene.alice).request(.init(request.id.canonical))
    }

    @Test("after the first of two agreements it waits for whoever asked too, who may not see the queue")
    func firstOfTwo() async throws {
        let scene = try ApprovalScene(policy: ApprovalScene.twoTeams)
        let request = try await scene.ask()
        _ = try await scene.approve(ApprovalScene.bob)
        let end = request.issuedAt.advanced(by: CooperativeBackend.patience)
        #expect(try await told(scene, request).standing == .waiting(until: end))
        scene.transport.fail("peek access-requests", .notPermitted)
        #expect(try await backend(scene, ApprovalScene.alice).own().elements.map(\.standing) == [.waiting(until: end)])
        _ = try await scene.approve(ApprovalScene.carol)
        guard case .granted = try await told(scene, request).standing else {
            Issue.record("not granted")
            return
        }
    }

    @Test("what nobody decided about in its time is over for whoever may not see the queue")
    func nobodyInTime() async throws {
        let scene = try ApprovalScene(policy: ApprovalScene.twoTeams)
        let request = try await scene.ask()
        _ = try await scene.approve(ApprovalScene.bob)
        scene.transport.pass(CooperativeBackend.patience)
        #expect(try await told(scene, request).standing == .expired)
    }

    @Test("approved is not granted: the role was not given, or somebody took it away")
    func noRole() async throws {
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        scene.azure.fail("assign")
        _ = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        #expect(scene.decisions.count == 1 && scene.granted.isEmpty)
        let end = ApprovalScene.start.advanced(by: .seconds(3600))
        let early = try await told(scene, request)
        #expect(early.standing == .waiting(until: end) && early.sentence.contains("there is no role for it"))
        // The lock of whoever was cut off runs out.
        scene.transport.pass(MemoryApprovals.lock)
        _ = try await scene.approve(ApprovalScene.bob)
        #expect(
            try await told(scene, request, mayLook: true).standing
                == .granted(until: end, by: AccessParty(id: ApprovalScene.bob.canonical, kind: .person)))
        scene.azure.with { $0.assignments = [:] }
        scene.transport.pass(.seconds(600))
        #expect(try await told(scene, request, mayLook: true).standing == .ended)
        #expect(try await told(scene, request).standing == .waiting(until: end))
        // Who may not look at roles hears what was decided.
        scene.azure.fail("look")
        #expect(
            try await told(scene, request).standing == .granted(until: end, by: AccessParty(id: ApprovalScene.bob.canonical, kind: .person))
        )
    }

    @Test("with another policy than was asked under, one agreement is not taken for all of them")
    func otherPolicy() async throws {
        let scene = try ApprovalScene(policy: ApprovalScene.twoTeams)
        let request = try await scene.ask()
        _ = try await scene.approve(ApprovalScene.bob)
        let rules = try ApprovalScene.rules(ApprovalScene.twoTeams + "\n# changed")
        let backend = CooperativeBackend(scene.desk(ApprovalScene.alice, rules: rules), as: account(ApprovalScene.alice))
        for isBlind in [false, true] {
            if isBlind { scene.azure.fail("look") }
            scene.transport.fail("peek access-requests", .notPermitted)
            let told = try await backend.request(.init(request.id.canonical))
            #expect(told.standing.isOpen && told.sentence.contains("not known"), "\(told.standing) \(told.sentence)")
        }
    }

    @Test(
        "a role that could not be looked at is neither given nor taken away: the queue is seen, and ten minutes have passed",
        arguments: [true, false])
    func notKnown(isOtherPolicy: Bool) async throws {
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        _ = try await scene.approve(ApprovalScene.bob)
        let rules = try ApprovalScene.rules(isOtherPolicy ? ApprovalScene.twoTeams : nil)
        let backend = CooperativeBackend(scene.desk(ApprovalScene.alice, rules: rules), as: account(ApprovalScene.alice))
        scene.transport.pass(.seconds(700))
        for step in isOtherPolicy ? ["reach", "look"] : ["reach"] {
            scene.azure.fail(step)
            let told = try await backend.request(.init(request.id.canonical))
            guard case .waiting = told.standing else {
                Issue.record("\(step): \(told.standing) \(told.sentence)")
                continue
            }
        }
        guard case .granted = try await backend.request(.init(request.id.canonical)).standing else {
            Issue.record("what is there is granted")
            return
        }
    }

    @Test("a request for another namespace is in no list of this context, and cannot be asked for here")
    func otherNamespace() async throws {
        let scene = try ApprovalScene()
        let elsewhere = ApprovalScene.orders.replacing("sb-orders-prod", with: "sb-orders-dev")
        let request = try await scene.ask(try scene.request(scope: elsewhere))
        #expect(try await backend(scene, ApprovalScene.bob).inbox().elements.isEmpty)
        #expect(try await backend(scene, ApprovalScene.alice).own().elements.isEmpty)
        let error = await refusal { _ = try await backend(scene, ApprovalScene.bob).request(.init(request.id.canonical)) }
        #expect(error?.code == .notFound)
        let draft = AccessRequestDraft(
            principal: AccessParty(id: ApprovalScene.alice.canonical, kind: .person), role: .receiver, scope: AccessScope(id: elsewhere),
            duration: .seconds(600), reason: "INC-1")
        let refused = await refusal { _ = try await backend(scene, ApprovalScene.alice).limits(for: draft) }
        #expect(refused?.code == .refused)
    }

    @Test("what is no request can be put aside by any person, whomever it names and whatever the policy says; it is in the ledger")
    func putAside() async throws {
        let folder = try TemporaryFolder()
        let scene = try ApprovalScene(policy: ApprovalScene.twoTeams)
        let named = try scene.request(by: ApprovalScene.bob, for: ApprovalScene.bob)
        let entities = scene.transport.entities
        for (id, body) in [
            ("x", Array("junk".utf8)),
            (named.digest.hexadecimal, StatementJSON.object([.init("request", named.value)]).canonical),
        ] {
            scene.transport.put(CooperativePosting(id: id, subject: "receiver", request: "", body: body), to: entities.requests)
        }
        let agent = try desk(scene, ApprovalScene.bob, ledger: folder.path + "/agent", policy: ApprovalScene.twoTeams, isAgent: true)
        let person = try desk(scene, ApprovalScene.bob, ledger: folder.path + "/bob", policy: ApprovalScene.twoTeams)
        let listed = try await person.inbox().elements
        #expect(listed.count == 2 && listed.allSatisfy(\.isForgery))
        for request in listed {
            let refused = await refusal { _ = try await agent.decide(try AccessDecision(.deny, reason: "junk"), on: request) }
            #expect(refused?.code == .refused)
            _ = try await person.decide(try AccessDecision(.deny, reason: "junk"), on: request)
        }
        #expect(scene.isQueueEmpty && scene.decisions.isEmpty)
        #expect(scene.transport.with { $0.dead[entities.requests]?.count } == 2)
        let types = try AuditFixture.lines(folder.path + "/bob").compactMap { try AuditRecord(line: Array($0.utf8)).type }
        #expect(types.filter { $0 == "access.approve.done" }.count == 2)
    }

    @Test("denying a forged copy puts the copy aside, and nothing is said to the request that it was made from", arguments: [true, false])
    func forgedCopy(isFirst: Bool) async throws {
        let folder = try TemporaryFolder()
        let scene = try ApprovalScene()
        let request = try scene.request()
        let token = ApprovalIssuer.forger.token(scene.claims(ApprovalScene.alice, nonce: request.digest.nonce))
        let copy = SignedStatement(.request, request.value, CooperativeSignature(token: token)).value.canonical
        let entities = scene.transport.entities
        let put = {
            scene.transport.put(CooperativePosting(id: "copy", subject: "receiver", request: "", body: copy), to: entities.requests)
        }
        if isFirst { put() }
        try await scene.ask(request)
        if !isFirst { put() }
        let desk = try desk(scene, ApprovalScene.bob, ledger: folder.path + "/bob")
        let listed = try await desk.inbox().elements
        let forged = try #require(listed.first { $0.isForgery })
        let genuine = try #require(listed.first { !$0.isForgery })
        #expect(listed.count == 2 && forged.id == genuine.id)
        let unsaid = await refusal { _ = try await desk.requestToDeny(genuine.id.text) }
        #expect(unsaid?.code == .conflict, "its id does not say which of the two is meant")
        #expect(try await desk.backends.first?.request(genuine.id) == genuine, "by its id it is the request that is meant")
        _ = try await desk.decide(try AccessDecision(.deny, reason: "forged"), on: forged)
        #expect(scene.decisions.isEmpty && scene.transport.messages(entities.requests).map { "\($0.number)" } == [genuine.reference])
        // Looked at as one and found as the other, nothing is decided.
        let gone = await refusal { _ = try await desk.decide(try AccessDecision(.deny, reason: "forged"), on: forged) }
        #expect(gone?.code == .conflict && scene.decisions.isEmpty)
        #expect(try await desk.requestToDeny(genuine.id.text) == genuine)
        _ = try await desk.decide(try AccessDecision(.approve, reason: "fine"), on: genuine)
        #expect(scene.granted.count == 1)
    }

    @Test("what is settled and lies in the queue still waits for nobody, and goes when an approver denies it")
    func leftBehind() async throws {
        let folder = try TemporaryFolder()
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        let own = try await backend(scene, ApprovalScene.alice).request(.init(request.id.canonical))
        let rails = try guardrails(ApprovalScene.alice)
        _ = try await backend(scene, ApprovalScene.alice)
            .cancel(own, with: rails.authorize(givingUp: rails.question(.revokeAccess), reason: "found it"))
        #expect(!scene.isQueueEmpty)
        let bob = try desk(scene, ApprovalScene.bob, ledger: folder.path + "/bob")
        #expect(try await bob.inbox().elements.isEmpty)
        // It is in no list, and the beginning of its id names it.
        let seen = try await bob.request(String(request.id.canonical.prefix(8)))
        #expect(seen.standing == .cancelled && seen.sentence.contains("denying it removes it"))
        let approving = await refusal { _ = try await bob.decide(try AccessDecision(.approve, reason: "go"), on: seen) }
        #expect(approving?.code == .conflict && !scene.isQueueEmpty)
        let before = scene.decisions.count
        let removed = try await bob.decide(try AccessDecision(.deny, reason: "tidy up"), on: seen)
        #expect(removed.standing == .cancelled && removed.sentence.hasSuffix("It is gone from the queue."))
        #expect(scene.isQueueEmpty && scene.decisions.count == before && scene.granted.isEmpty)
        let last = try AuditRecord(line: Array(try #require(AuditFixture.lines(folder.path + "/bob").last).utf8))
        #expect(last.type == "access.approve.done" && last.value["access"]?["answer"]?.text == "remove")
        let again = await refusal { _ = try await bob.decide(try AccessDecision(.deny, reason: "tidy up"), on: seen) }
        #expect(again?.code == .conflict && again?.message.contains("taken back") == true, "\(String(describing: again))")
    }

    @Test("a no to what was open a moment ago and is settled by now is told who settled it")
    func settledMeanwhile() async throws {
        let folder = try TemporaryFolder()
        let scene = try ApprovalScene()
        try await scene.ask()
        let bob = try desk(scene, ApprovalScene.bob, ledger: folder.path + "/bob")
        let seen = try #require(try await bob.inbox().elements.first)
        let rails = try guardrails(ApprovalScene.bob)
        let leave = try rails.authorize(rails.question(.approveAccess))
        let own = try await backend(scene, ApprovalScene.alice).request(seen.id)
        let taken = try guardrails(ApprovalScene.alice)
        _ = try await backend(scene, ApprovalScene.alice)
            .cancel(own, with: taken.authorize(givingUp: taken.question(.revokeAccess), reason: "found it"))
        let error = await refusal {
            _ = try await backend(scene, ApprovalScene.bob).decide(try AccessDecision(.deny, reason: "no"), on: seen, with: leave)
        }
        #expect(error?.code == .conflict && error?.message.contains("took it back") == true, "\(String(describing: error))")
    }

    @Test("a clock that is wrong by more than is borne is said beside every list")
    func clock() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        #expect(try await backend(scene, ApprovalScene.bob).inbox().gaps.isEmpty)
        let listing = try await backend(scene, ApprovalScene.bob, localLag: .seconds(3600)).inbox()
        #expect(listing.gaps.count == 1 && listing.gaps.first?.sentence.contains("clock") == true)
    }

    @Test("a sweep says what was approved and not given, once it is not just under way, and for as long as it can be given")
    func leftOver() async throws {
        let folder = try TemporaryFolder()
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        scene.azure.fail("assign")
        _ = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        let sweeping = try desk(scene, ApprovalScene.carol, ledger: folder.path + "/carol")
        scene.transport.pass(.seconds(29))
        #expect(try await sweeping.sweep().gaps.isEmpty)
        scene.transport.pass(.seconds(1))
        let gaps = try await sweeping.sweep().gaps
        #expect(gaps.map(\.isLeftOver) == [true] && gaps.first?.error.code == .partlyDone)
        let sentence = try #require(gaps.first?.sentence)
        #expect(sentence.contains(request.id.canonical.prefix(8)) && sentence.contains(ApprovalScene.bob.canonical), "\(sentence)")
        #expect(scene.granted.isEmpty && !scene.isQueueEmpty)
        // Whoever only sweeps sees nothing of the queue, and nothing is wrong with that.
        scene.transport.fail("peek access-requests", .notPermitted)
        #expect(try await sweeping.sweep().gaps.isEmpty)
        scene.transport.fail("peek access-requests")
        #expect(try await sweeping.sweep().gaps.map(\.isLeftOver) == [false])
        // Somebody finishes it, or it is too late.
        scene.transport.pass(.seconds(301))
        #expect(try await sweeping.sweep().gaps.count == 1)
        scene.transport.pass(.seconds(3600))
        #expect(try await sweeping.sweep().gaps.isEmpty)
    }

    @Test("what was left on the way and finished is swept in its time, and nothing is left over")
    func finished() async throws {
        let folder = try TemporaryFolder()
        let scene = try ApprovalScene()
        try await scene.ask()
        scene.azure.fail("assign")
        _ = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        scene.transport.pass(.seconds(301))
        _ = try await scene.approve(ApprovalScene.carol)
        let sweeping = try desk(scene, ApprovalScene.carol, ledger: folder.path + "/carol")
        #expect(try await sweeping.sweep().gaps.isEmpty && scene.granted.count == 1)
        scene.transport.pass(.seconds(3600))
        let swept = try await sweeping.sweep()
        #expect(swept.gaps.isEmpty && swept.elements.map(\.outcome) == [.removed] && scene.granted.isEmpty)
        // With nothing in the queue, nobody reads what may be many decisions.
        scene.transport.with { $0.steps = [] }
        _ = try await sweeping.sweep()
        let (steps, entities) = (scene.transport.with(\.steps), scene.transport.entities)
        #expect(steps.contains("peek \(entities.requests.name)") && !steps.contains("peek \(entities.log.name)"), "\(steps)")
    }

    @Test("a role whose request nobody kept is found by the beginning of the request's id, and ended")
    func requestNotKept() async throws {
        let folder = try TemporaryFolder()
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        // Another client decided, and kept nothing beside it.
        let decision = try CooperativeDecision(
            .approve(request.terms), on: request, by: ApprovalScene.bob, reason: "by hand", policyHash: scene.rules.hash,
            issuedAt: scene.transport.now)
        _ = try await scene.desk(ApprovalScene.bob).post(decision, archive: nil)
        guard case .granted = try await scene.approve(ApprovalScene.carol) else {
            Issue.record("not finished")
            return
        }
        let desk = try desk(scene, ApprovalScene.carol, ledger: folder.path + "/carol")
        let unknown = await refusal { _ = try await desk.request(request.id.canonical) }
        #expect(unknown?.code == .notFound)
        for other in ["0e", "ffffffff"] { #expect(try await desk.grants(answering: other).elements.isEmpty) }
        let grant = try #require(try await desk.grants(answering: String(request.id.canonical.prefix(8))).elements.first)
        #expect(try await desk.end(grant, reason: "not needed") && scene.granted.isEmpty)
        // A second one begins so as well.
        for number in [2, 3] {
            try await scene.ask(try scene.request(id: "0e900000-0000-4000-8000-00000000000\(number)"))
            _ = try await scene.approve(ApprovalScene.bob)
        }
        let several = await refusal { _ = try await desk.grants(answering: "0e900000") }
        #expect(several?.code == .usage)
    }

    @Test("a clock that is an hour fast ends nothing early, once a message was received")
    func fastClock() async throws {
        let scene = try ApprovalScene()
        try await scene.ask(try scene.request(seconds: 300))
        _ = try await scene.approve(ApprovalScene.bob)
        let running = try await scene.ask(try scene.request(id: "0e900000-0000-4000-8000-000000000002"))
        _ = try await scene.approve(ApprovalScene.bob)
        scene.transport.pass(.seconds(300))
        let transport = scene.transport
        let sweeper = RevocationSweeper(
            transport, path: transport.entities.revocations, grants: scene.azure,
            clock: BrokerClock { transport.now.advanced(by: .seconds(3590)) })
        #expect(try await sweeper.sweep().removed.count == 1)
        #expect(scene.granted.map(\.name) == [NameBasedID.assignment(for: running.id)])
    }
}
