import ServiceBus
import Testing

@testable import CallboardCore
@testable import Sandbox

@Suite("What a plan says before anything happens", .timeLimit(.minutes(3)))
struct PlanningTests {
    private func remark(_ plan: ActionPlan, _ kind: PlanRemark.Kind) -> PlanRemark? { plan.remarks.first { $0.kind == kind } }

    private func plan(_ request: ActionRequest, _ fixture: OperatorFixture) async throws -> ActionPlan {
        try await fixture.door.propose(request).plan
    }

    @Test("copies that duplicate detection would swallow block it; new ids are the way out, and keep the old ones")
    func duplicates() async throws {
        try await OperatorFixture.run(queue: { $0.duplicateDetectionWindow = 600_000 }) { fixture in
            try await fixture.sendDead(4)
            var request = ActionRequest(.redrive(to: nil), in: fixture.q.deadLetter, .all)
            let blocked = try await plan(request, fixture)
            #expect(remark(blocked, .duplicateDetection)?.weight == .blocker)
            #expect(remark(blocked, .duplicateDetection)?.count == 4)
            let error = #expect(throws: OperatorError.self) { try blocked.confirm(.yes) }
            #expect(error?.hint.contains("--new-id") == true)
            request.newIDs = true
            #expect(try await fixture.carryOut(request).done == 4)
            let copies = try await fixture.sandbox.peek(fixture.q)
            #expect(copies.count == 4)
            #expect(copies.map { $0.applicationProperties.first?.value.content } == (0..<4).map { .text("m\($0)") })
        }
    }

    @Test("subscriptions that would get a copy too are named; one only is reached where the rules of the others allow it")
    func subscriptions() async throws {
        let populate: @Sendable (Broker) throws -> Void = { broker in
            try broker.createSubscription("also", of: "t")
        }
        try await OperatorFixture.run(populate: populate) { fixture in
            try await fixture.sendDead(3, to: fixture.t)
            var request = ActionRequest(.redrive(to: nil), in: fixture.all.deadLetter, .all)
            let open = try await plan(request, fixture)
            #expect(open.action.target == fixture.t)
            #expect(remark(open, .otherSubscriptions)?.text.contains("also 3") == true)
            #expect(remark(open, .otherSubscriptions)?.weight == .warning)
            request.onlySubscription = "all"
            #expect(try await remark(plan(request, fixture), .otherSubscriptions)?.weight == .blocker)
            let also = try EntityPath.subscription(topic: "t", name: "also")
            let namespace = fixture.sandbox.namespace
            try await namespace.removeRule(named: "$Default", from: also)
            try await namespace.addRule(
                SubscriptionRule(name: "kept-out", filter: .sql("[\(CopyChanges.onlySubscriptionProperty)] IS NULL")), to: also)
            let narrow = try await plan(request, fixture)
            #expect(remark(narrow, .otherSubscriptions) == nil)
            let before = try await fixture.sandbox.peek(also).count
            #expect(try await fixture.carryOut(request).done == 3)
            #expect(try await fixture.sandbox.peek(also).count == before)
            #expect(try await fixture.sandbox.peek(fixture.all).count == 3)
        }
    }

    @Test("messages that no subscription would take are not sent into nothing")
    func nobody() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sendDead(2, to: fixture.t)
            try await fixture.sandbox.namespace.removeRule(named: "$Default", from: fixture.all)
            let plan = try await plan(ActionRequest(.redrive(to: nil), in: fixture.all.deadLetter, .all), fixture)
            #expect(remark(plan, .noSubscription)?.weight == .blocker)
            #expect(plan.blockers.count == 1)
        }
    }

    @Test("a target that requires sessions, is disabled, or is not there")
    func targets() async throws {
        let populate: @Sendable (Broker) throws -> Void = { broker in
            try broker.createQueue("off")
        }
        try await OperatorFixture.run(populate: populate) { fixture in
            try await fixture.sendDead(2)
            let off = EntityTarget.queue(try .queue("off"))
            let settings = try await fixture.workspace.settings(of: off)
            try await fixture.door.carryOut(try EntityChange.updating(settings, [SettingInput("status", "send-disabled")]))
            func request(_ name: String) throws -> ActionRequest {
                ActionRequest(.redrive(to: try .queue(name)), in: fixture.q.deadLetter, .all)
            }
            #expect(try await remark(plan(request("s"), fixture), .sessionRequired)?.weight == .blocker)
            #expect(try await remark(plan(request("off"), fixture), .targetDisabled)?.weight == .blocker)
            let missing = await #expect(throws: OperatorError.self) { try await plan(request("nowhere"), fixture) }
            #expect(missing?.exitCode == 4)
            let sub = ActionRequest(.redrive(to: fixture.q.deadLetter), in: fixture.q.deadLetter, .all)
            #expect(await #expect(throws: OperatorError.self) { try await plan(sub, fixture) }?.exitCode == 2)
        }
    }

    @Test("messages that came back before are counted, those only that were really sent on")
    func cameBack() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sendDead(6)
            let numbers = try await fixture.sandbox.peek(fixture.q.deadLetter).map(\.sequenceNumber)
            let some = MessageChoice.numbers(SequenceNumberSet(numbers.prefix(2)), title: "two")
            _ = try await fixture.carryOut(ActionRequest(.redrive(to: nil), in: fixture.q.deadLetter, some))
            try await fixture.sandbox.namespace.withReceiver(for: fixture.q) { receiver in
                let messages = try await receiver.receive(max: 2, wait: .seconds(5))
                _ = await receiver.settle(messages, .deadLetter(reason: "again", description: nil))
            }
            let plan = try await plan(ActionRequest(.redrive(to: nil), in: fixture.q.deadLetter, .all), fixture)
            #expect(plan.count == 6)
            #expect(remark(plan, .cameBack)?.count == 2)
        }
    }

    @Test("others that a job has to receive on the way are counted, however it is said which messages are meant")
    func passesOver() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sandbox.send(30)
            let numbers = try await fixture.sandbox.peek().map(\.sequenceNumber)
            func others(_ choice: MessageChoice, _ path: EntityPath? = nil) async throws -> Int? {
                let found = try await plan(ActionRequest(.delete, in: path ?? fixture.q, choice), fixture)
                let remark = remark(found, .passesOver)
                #expect(remark == nil || remark?.weight == .warning)
                return remark?.count
            }
            func named(_ places: Int..., in numbers: [SequenceNumber]) -> MessageChoice {
                .numbers(SequenceNumberSet(places.map { numbers[$0] }), title: "some")
            }
            #expect(try await others(.condition(SQLFilter("sys.MessageId = 'm20'", dialect: .operatorExpression))) == 20)
            #expect(try await others(named(20, in: numbers)) == 20)
            #expect(try await others(named(3, 20, in: numbers)) == 19)
            #expect(try await others(named(0, 1, in: numbers)) == nil)
            let keys = try GroupKey.parse("sys.MessageId")
            var groups = MessageGroups(by: keys)
            groups.append(contentsOf: try await fixture.sandbox.peek())
            let group = try #require(groups.groupsOneByOne().first { $0.members.contains(numbers[7]) })
            #expect(try await others(.group(id: group.id, keys: keys)) == 7)
            // One that is set aside stands in nobody's way, and is reached past nobody.
            try await fixture.sandbox.namespace.withReceiver(for: fixture.q) { receiver in
                _ = await receiver.settle(try await receiver.receive(max: 3, wait: .seconds(5)), .defer())
            }
            #expect(try await others(named(20, in: numbers)) == 17)
            #expect(try await others(named(2, in: numbers)) == nil)
            // Sessions are lines of their own.
            try await fixture.sandbox.send(10, to: fixture.sandbox.s) { $0.sessionID = $1 % 2 == 0 ? "even" : "odd" }
            let inSessions = try await fixture.sandbox.peek(fixture.sandbox.s).map(\.sequenceNumber)
            #expect(try await others(named(8, in: inSessions), fixture.sandbox.s) == 4)
            #expect(try await others(named(0, 1, in: inSessions), fixture.sandbox.s) == nil)
        }
    }

    @Test("before a message far behind, others are not counted to the end")
    func passesOverMany() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sandbox.send(10_600)
            let last = try #require(try await fixture.sandbox.peek().last?.sequenceNumber)
            let plan = try await plan(ActionRequest(.delete, in: fixture.q, .numbers(SequenceNumberSet([last]), title: "one")), fixture)
            let remark = try #require(plan.remarks.first { $0.kind == .passesOver })
            #expect(remark.text.hasPrefix("At least "))
            let count = try #require(remark.count)
            #expect((10_000..<10_600).contains(count))
        }
    }

    @Test("nothing to do is an answer of its own, and a topic has no messages")
    func nothing() async throws {
        try await OperatorFixture.run { fixture in
            let empty = await #expect(throws: OperatorError.self) {
                try await plan(ActionRequest(.delete, in: fixture.q, .all), fixture)
            }
            #expect(empty?.code == .notFound)
            let topic = await #expect(throws: OperatorError.self) {
                try await plan(ActionRequest(.delete, in: fixture.t, .all), fixture)
            }
            #expect(topic?.code == .usage)
        }
    }

    @Test("every pair of queue planned and name typed: only the right one is a confirmation")
    func everyPair() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sendDead(2)
            try await fixture.sandbox.send(2)
            try await fixture.sandbox.send(2, to: fixture.r)
            let paths = [fixture.q, fixture.q.deadLetter, fixture.r]
            let names = [fixture.q, fixture.r].flatMap { path in EntityPath.SubQueue.allCases.map { path.subQueue($0).displayName } }
            for path in paths {
                let plan = try await plan(ActionRequest(.purge(before: nil), in: path, .all), fixture)
                #expect(throws: OperatorError.self) { try plan.confirm(.yes) }
                for name in names + ["yes", "y", "", path.displayName.uppercased(), path.displayName + " "] {
                    if name == path.displayName {
                        #expect(throws: Never.self) { try plan.confirm(.typed(name)) }
                    } else {
                        #expect(throws: OperatorError.self, "\(path) by '\(name)'") { try plan.confirm(.typed(name)) }
                    }
                }
            }
        }
    }

    @Test("a group is its members when it was planned")
    func group() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sandbox.send(12) { $0.subject = $1 < 8 ? "many" : "few" }
            var groups = MessageGroups(by: try GroupKey.parse("subject"))
            groups.append(contentsOf: try await fixture.sandbox.peek())
            let many = try #require(groups.groups().first)
            let choice = MessageChoice.group(id: many.id, keys: try GroupKey.parse("subject"))
            let plan = try await plan(ActionRequest(.delete, in: fixture.q, choice), fixture)
            #expect(plan.snapshot.numbers == many.members)
            let unknown = MessageChoice.group(id: "0123456789ab", keys: try GroupKey.parse("subject"))
            let error = await #expect(throws: OperatorError.self) {
                try await self.plan(ActionRequest(.delete, in: fixture.q, unknown), fixture)
            }
            #expect(error?.exitCode == 4)
        }
    }
}
