import AzureResources
import Identity
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

@Suite("Deciding about requests in a queue") struct CooperativeDeskTests {
    // MARK: The usual way

    @Test("a request is approved, granted under its own name, and taken away when its time is over")
    func wholeLife() async throws {
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        guard case .granted(let grant) = try await scene.approve(ApprovalScene.bob) else {
            Issue.record("not granted")
            return
        }
        #expect(scene.isQueueEmpty)
        let assignment = try #require(scene.granted.first)
        #expect(assignment.name == NameBasedID.assignment(for: request.id))
        #expect(assignment.role == RoleDefinition.BuiltIn.serviceBusDataReceiver)
        #expect(assignment.principal == ApprovalScene.alice)
        #expect(assignment.note == "jit req=\(request.id) exp=2027-01-15T09:00:00Z by=\(ApprovalScene.bob)")
        #expect(grant.end == ApprovalScene.start.advanced(by: .seconds(3600)))
        #expect(grant.correlationIDs.count == 1)
        scene.transport.pass(.seconds(3599))
        #expect(try await scene.sweep().removed.isEmpty)
        scene.transport.pass(.seconds(1))
        #expect(try await scene.sweep().removed.map(\.request) == [request.id])
        #expect(scene.granted.isEmpty)
        #expect(try await scene.sweep() == CooperativeSweep())
    }

    @Test("the decision is on the topic before anything is given, and the end is scheduled before the request is gone")
    func order() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        _ = try await scene.approve(ApprovalScene.bob)
        let steps = scene.transport.with { $0.steps.filter { !$0.hasPrefix("peek") } }
        #expect(steps == ["send access-requests", "send access-decisions", "schedule", "complete access-requests"])
    }

    @Test("a denied request is gone, and nothing is granted")
    func denied() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        guard case .denied = try await scene.deny(ApprovalScene.bob) else {
            Issue.record("not denied")
            return
        }
        #expect(scene.isQueueEmpty && scene.granted.isEmpty && scene.decisions.count == 1)
    }

    @Test("what is archived with a decision checks again, with the key that stands beside it")
    func archive() async throws {
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        _ = try await scene.deny(ApprovalScene.bob)
        let decision = try SignedStatement(.decision, reading: try #require(scene.decisions.first).body)
        let archive = try #require(decision.archive)
        #expect(archive["key"]?["n"]?.text == scene.issuer.published.n)
        let kept = try SignedStatement(.request, reading: try #require(archive["message"]))
        #expect(try CooperativeRequest(reading: kept.statement) == request)
    }

    // MARK: Less than was asked

    @Test("an approver gives less time, and a subscription of the topic that was asked for")
    func narrowed() async throws {
        let scene = try ApprovalScene()
        let topic = ApprovalScene.orders.replacing("/queues/orders", with: "/topics/events")
        let request = try await scene.ask(try scene.request(scope: topic))
        let subscription = try #require(CooperativeScope(canonical: topic + "/subscriptions/billing"))
        let less = try #require(request.terms.within(subscription)).lasting(atMost: .seconds(600))
        let ruling = try await scene.decide(scene.desk(ApprovalScene.bob)) { desk, review throws(OperatorError) in
            try await desk.approve(review, terms: less, reason: "one is enough")
        }
        guard case .granted(let grant) = ruling else {
            Issue.record("not granted")
            return
        }
        #expect(grant.terms.scope == subscription && grant.end == ApprovalScene.start.advanced(by: .seconds(600)))
        #expect(scene.granted.map(\.scope) == [subscription.id])
    }

    @Test("terms cannot be made wider")
    func neverWider() throws {
        let scene = try ApprovalScene()
        let terms = try scene.request().terms
        #expect(terms.lasting(atMost: .seconds(86_400)) == terms)
        #expect(terms.lasting(atMost: .zero).seconds == CooperativeTerms.shortest)
        let other = try #require(CooperativeScope(canonical: ApprovalScene.orders + "2"))
        #expect(terms.within(other) == nil)
        #expect(CooperativeTerms(role: .sender, scope: terms.scope, seconds: 300)?.isWithin(terms) == false)
        #expect(CooperativeTerms(role: .receiver, scope: other, seconds: 300)?.common(with: terms) == nil)
    }

    @Test("approving more than was asked is refused before anything is signed")
    func refusesMore() async throws {
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        let more = try #require(CooperativeTerms(role: .receiver, scope: request.terms.scope, seconds: 7200))
        let refusal = await refusal {
            _ = try await scene.decide(scene.desk(ApprovalScene.bob)) { desk, review throws(OperatorError) in
                try await desk.approve(review, terms: more, reason: "sure")
            }
        }
        #expect(refusal?.code == .usage && scene.decisions.isEmpty)
    }

    // MARK: Several who have to agree

    @Test("two teams have to agree, and one person of both is one person")
    func twoTeams() async throws {
        let scene = try ApprovalScene(policy: ApprovalScene.twoTeams)
        try await scene.ask()
        // Bob is a lead and in billing.
        guard case .agreed(let missing) = try await scene.approve(ApprovalScene.bob) else {
            Issue.record("one was enough")
            return
        }
        #expect(missing.count == 1 && scene.granted.isEmpty)
        guard case .agreed = try await scene.approve(ApprovalScene.bob) else {
            Issue.record("the same one counted twice")
            return
        }
        guard case .granted(let grant) = try await scene.approve(ApprovalScene.carol) else {
            Issue.record("two were not enough")
            return
        }
        #expect(scene.granted.map(\.createdBy) == [ApprovalScene.carol] && grant.terms.seconds == 3600)
    }

    @Test("of several who agree the shortest time holds, and a no in between ends it")
    func tightest() async throws {
        let scene = try ApprovalScene(policy: ApprovalScene.twoTeams)
        let request = try await scene.ask()
        let less = request.terms.lasting(atMost: .seconds(900))
        _ = try await scene.decide(scene.desk(ApprovalScene.bob)) { desk, review throws(OperatorError) in
            try await desk.approve(review, terms: less, reason: "a quarter of an hour")
        }
        guard case .granted(let grant) = try await scene.approve(ApprovalScene.carol) else {
            Issue.record("not granted")
            return
        }
        #expect(grant.terms.seconds == 900)

        let second = try ApprovalScene(policy: ApprovalScene.twoTeams)
        try await second.ask()
        _ = try await second.approve(ApprovalScene.bob)
        guard case .denied = try await second.deny(ApprovalScene.carol) else {
            Issue.record("not denied")
            return
        }
        #expect(second.granted.isEmpty && second.isQueueEmpty)
    }

    @Test("who is in none of the teams that are asked counts for nothing, and what the policy denies nobody can approve")
    func policyHolds() async throws {
        let scene = try ApprovalScene(policy: ApprovalScene.twoTeams)
        try await scene.ask()
        let told = await refusal { _ = try await scene.approve(ApprovalScene.service) }
        #expect(told?.code == .conflict && told?.message.contains("team:leads") == true && told?.message.contains("team:billing") == true)
        for (request, cause) in [
            (try scene.request(id: "0e900000-0000-4000-8000-000000000002", seconds: 86_400), "ttl>4h"),
            (try scene.request(id: "0e900000-0000-4000-8000-000000000003", ticket: nil), "ticket"),
            (try scene.request(id: "0e900000-0000-4000-8000-000000000004", role: .sender), "default"),
            (try scene.request(id: "0e900000-0000-4000-8000-000000000005", by: ApprovalScene.carol, for: ApprovalScene.carol), "default"),
        ] {
            try await scene.ask(request)
            guard case .flawed(_, _, .denied(let denial))? = try await scene.desk(ApprovalScene.bob).list().last else {
                Issue.record("\(cause) is no obstacle")
                continue
            }
            #expect(denial.rule == cause)
        }
    }

    @Test("somebody who finishes what is approved cannot give less than that, and gives nothing then")
    func lessThanApproved() async throws {
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        scene.azure.fail("assign")
        _ = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
        scene.transport.pass(.seconds(301))
        let less = request.terms.lasting(atMost: .seconds(900))
        let told = await refusal {
            _ = try await scene.decide(scene.desk(ApprovalScene.carol)) { desk, review throws(OperatorError) in
                try await desk.approve(review, terms: less, reason: "a quarter of an hour")
            }
        }
        #expect(told?.code == .conflict && scene.granted.isEmpty && !scene.isQueueEmpty)
        // And whoever asked cannot finish it at all.
        let own = await refusal { _ = try await scene.approve(ApprovalScene.alice) }
        #expect(own?.code == .refused && scene.granted.isEmpty)
    }

    // MARK: At once

    @Test("somebody else cannot open what is open")
    func oneAtATime() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        let number = try scene.first
        let told = try await scene.desk(ApprovalScene.bob).review(number) { _ throws(OperatorError) -> OperatorError? in
            await refusal { try await scene.desk(ApprovalScene.carol).review(number) { _ throws(OperatorError) in } }
        }
        #expect(told?.code == .notFound)
    }

    @Test("when a lock runs out and two decide, the first on the topic counts and the second hears of it")
    func race() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        let number = try scene.first
        let bob = scene.desk(ApprovalScene.bob)
        let told = await refusal {
            _ = try await bob.review(number) { review throws(OperatorError) in
                scene.transport.pass(.seconds(301))
                let other = await refusal { _ = try await scene.deny(ApprovalScene.carol) }
                if let other { throw other }
                return try await bob.approve(review, reason: "too late")
            }
        }
        #expect(told?.code == .conflict)
        #expect(scene.granted.isEmpty && scene.decisions.count == 1 && scene.isQueueEmpty)
    }

    @Test("two decisions that both reach the topic are told apart by its order")
    func bothOnTheTopic() async throws {
        let scene = try ApprovalScene()
        let request = try await scene.ask()
        let bob = scene.desk(ApprovalScene.bob)
        // Bob's is on its way while Carol's is taken.
        let told = await refusal {
            _ = try await bob.review(try scene.first) { review throws(OperatorError) in
                let decision = try? CooperativeDecision(
                    .deny, on: request, by: ApprovalScene.carol, reason: "no", policyHash: scene.rules.hash, issuedAt: scene.transport.now)
                guard let decision else { throw OperatorError(.internal, "no decision") }
                let signature = try await scene.desk(ApprovalScene.carol).signer.sign(decision.value, as: ApprovalScene.carol)
                let raced = CooperativePosting(
                    id: "raced", subject: "deny", request: "",
                    body: SignedStatement(.decision, decision.value, signature).value.canonical)
                scene.transport.with { $0.beforeSend = raced }
                return try await bob.approve(review, reason: "yes")
            }
        }
        #expect(told?.code == .conflict && told?.message.contains("denied") == true)
        #expect(scene.decisions.count == 2 && scene.granted.isEmpty && scene.isQueueEmpty)
    }

    // MARK: A dialog that stays open

    @Test("a lock is renewed while it is open, and no longer than five times its length")
    func patience() async throws {
        let scene = try ApprovalScene()
        try await scene.ask()
        let desk = scene.desk(
            ApprovalScene.bob,
            pause: { [transport = scene.transport] duration in
                transport.pass(duration)
                return true
            })
        let refusal = await refusal {
            _ = try await desk.review(try scene.first) { review throws(OperatorError) in
                while scene.transport.with({ $0.renewals }) < CooperativeReview.mostLocks - 1 { await Task.yield() }
                #expect(review.isHeld(at: scene.transport.now))
                scene.transport.pass(.seconds(301))
                return try await desk.approve(review, reason: "where was I")
            }
        }
        #expect(refusal?.code == .conflict && scene.decisions.isEmpty)
        #expect(scene.transport.with { $0.renewals } == CooperativeReview.mostLocks - 1)
    }

    // MARK: Signing

    private let no: @Sendable (CooperativeDesk, CooperativeReview) async throws(OperatorError) -> CooperativeRuling = {
        desk, review throws(OperatorError) in try await desk.deny(review, reason: "no")
    }

    @Test("one sign-in stands for a key that signs many decisions, for an hour")
    func keys() async throws {
        let scene = try ApprovalScene()
        let signIns = Mutex(0)
        let transport = scene.transport
        let desk = scene.desk(
            ApprovalScene.bob, mode: .key,
            signIn: { nonce in
                signIns.withLock { $0 += 1 }
                return ApprovalIssuer.Claims(
                    oid: ApprovalScene.bob.canonical, issuedAt: transport.now.milliseconds / 1000, nonce: nonce)
            })
        for number in 1...5 {
            try await scene.ask(try scene.request(id: "0e900000-0000-4000-8000-00000000000\(number)"))
            guard case .denied = try await scene.decide(desk, no) else {
                Issue.record("not denied")
                return
            }
            transport.pass(.seconds(600))
        }
        #expect(signIns.withLock { $0 } == 1)
        transport.pass(.seconds(600))
        try await scene.ask(try scene.request(id: "0e900000-0000-4000-8000-000000000009"))
        _ = try await scene.decide(desk, no)
        #expect(signIns.withLock { $0 } == 2)
        #expect(scene.decisions.count == 6)
    }

    @Test("a key signs no longer than the id token lives that it rests on")
    func shortToken() async throws {
        let scene = try ApprovalScene()
        let signIns = Mutex(0)
        let transport = scene.transport
        let signer = scene.desk(
            ApprovalScene.bob, mode: .key,
            signIn: { nonce in
                signIns.withLock { $0 += 1 }
                var claims = ApprovalIssuer.Claims(
                    oid: ApprovalScene.bob.canonical, issuedAt: transport.now.milliseconds / 1000, nonce: nonce)
                claims.lifetime = 1200
                return claims
            }
        ).signer
        let request = try scene.request(by: ApprovalScene.bob)
        for (seconds, expected) in [(0, 1), (1000, 1), (100, 2), (1000, 2)] {
            transport.pass(.seconds(seconds))
            _ = try await signer.sign(request.value, as: ApprovalScene.bob)
            #expect(signIns.withLock { $0 } == expected, "after \(seconds) s more")
        }
    }

    @Test("a key that is older than an hour signs nothing that counts")
    func oldKey() async throws {
        let scene = try ApprovalScene()
        let request = try scene.request()
        let signature = try await scene.desk(ApprovalScene.alice, mode: .key).signer.sign(request.value, as: ApprovalScene.alice)
        let body = SignedStatement(.request, request.value, signature).value.canonical
        scene.transport.pass(.seconds(3601))
        scene.transport.put(
            CooperativePosting(id: request.digest.hexadecimal, subject: "receiver", request: "", body: body),
            to: scene.transport.entities.requests)
        guard case .flawed(_, _, .stale)? = try await scene.desk(ApprovalScene.bob).list().first else {
            Issue.record("it counts")
            return
        }
    }

    @Test("who signs in as somebody else signs nothing, and a device code cannot sign and says so")
    func wrongSigner() async throws {
        let scene = try ApprovalScene()
        let desk = scene.desk(
            ApprovalScene.alice, signIn: { ApprovalIssuer.Claims(oid: ApprovalScene.carol.canonical, issuedAt: 1_800_000_000, nonce: $0) })
        let request = try scene.request()
        #expect(await refusal { try await desk.submit(request, timeToLive: .seconds(60)) }?.code == .refused)
        let signer = CooperativeSigner.unavailable(because: "a device code has no place for what is signed")
        let refused = await refusal { _ = try await signer.sign(request.value, as: ApprovalScene.alice) }
        #expect(refused?.message.contains("device code") == true)
        #expect(scene.isQueueEmpty)
    }
}
