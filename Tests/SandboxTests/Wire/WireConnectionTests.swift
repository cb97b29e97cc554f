import AMQP
import NIOCore
import Testing

@testable import Sandbox

/// Clients that are slow, gone, hostile or late.
@Suite struct WireConnectionTests {
    @Test func aClientThatDoesNotReadIsNotSentEverything() throws {
        let fixture = try WireFixture()
        let body = String(repeating: "x", count: 1000)
        try fixture.send(Array(repeating: body, count: 3000))
        let client = try fixture.connect()
        let receiver = try client.receiver()
        client.reads = false
        client.grant(100_000, on: receiver)
        #expect(client.received(on: receiver).isEmpty)
        // Nothing was taken from the queue for it either.
        #expect(try fixture.queue().receive(maxCount: 10, mode: .peekLock).count == 10)
        client.reads = true
        client.run()
        #expect(client.received(on: receiver).count == 2990)
    }

    @Test func aLargeAnswerLeavesBeforeTheNextQuestionIsLookedAt() throws {
        let fixture = try WireFixture()
        try fixture.send((0..<10).map { _ in String(repeating: "x", count: 60_000) })
        let client = try fixture.connect()
        let management = try client.node("q/$management")
        let question = client.request(
            management, "com.microsoft:peek-message", .value(.map(["from-sequence-number": .long(0), "message-count": .int(10)])))
        let before = client.sentBytes
        var sent: [Int] = []
        fixture.clock.onRead = { sent.append(client.sentBytes - before) }
        for tag in 0..<2 { _ = client.engine.send(management.requests, head: question.encoded, tag: ByteBuffer(integer: tag)) }
        client.run()
        #expect(client.received(on: management.replies).count == 2)
        // The broker looks at the clock for each question: for the second one the first answer was out, and no more.
        #expect(sent.contains { $0 > 600_000 && $0 < 1_200_000 })
    }

    @Test func answersThatAreNotTakenEndTheLink() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let management = try client.node("q/$management")
        client.grant(0, on: management.replies)
        for _ in 0...1000 {
            #expect(!client.isDetached(management.replies))
            _ = try client.ask(management, "peek-message", ["from-sequence-number": .long(0), "message-count": .int(1)])
        }
        #expect(client.reason(management.replies)?.condition == .resourceLimitExceeded)
    }

    /// A receiver that waits asks again before the timer has rung for what is due: what falls due then is told of on the way.
    @Test(arguments: [true, false]) func creditIsSpentOnceWhenMessagesFallDueInAFlow(isDeleting: Bool) throws {
        let fixture = try WireFixture()
        try fixture.send((0..<20).map { "\($0)" })
        let client = try fixture.connect()
        #expect(try fixture.queue().receive(maxCount: 20, mode: .peekLock).count == 20)
        let receiver = try client.receiver(credit: 1, settled: isDeleting)
        // The clock goes on; the loop, and with it the timer, does not.
        fixture.clock.milliseconds += 60_000
        client.grant(10, on: receiver)
        #expect(try client.texts(on: receiver) == (0..<10).map { "\($0)" })
        #expect(try fixture.counts().active == (isDeleting ? 10 : 20))
        #expect(try fixture.queue().receive(maxCount: 20, mode: .peekLock).map { try $0.text } == (10..<20).map { "\($0)" })
    }

    /// While one link is told that there is nothing, serving another takes time, in which something falls due for the first.
    @Test func whatFallsDueWhileAnAnswerIsOnItsWayIsGiven() throws {
        let fixture = try WireFixture { for name in ["q", "r"] { try $0.createQueue(name) } }
        let client = try fixture.connect()
        let (first, second) = (try client.receiver(credit: 1), try client.receiver(from: "r", credit: 1))
        let start = fixture.clock.milliseconds
        for (address, seconds) in [("r", 1), ("q", 2)] as [(String, Int64)] {
            let message = try BrokerFixture.message(address) { $0.scheduledAt = start + seconds * 1000 }
            try fixture.broker.send(message, to: BrokerFixture.address(address))
        }
        var looks = 0
        fixture.clock.onRead = {
            // The flow comes first, then the link it wakes asks.
            looks += 1
            fixture.clock.milliseconds = start + (looks > 1 ? 2000 : 1000)
        }
        client.grant(2, on: first)
        #expect(try client.texts(on: second) == ["r"])
        #expect(try client.texts(on: first) == ["q"])
    }

    @Test func oneDispositionSettlesAWideRange() throws {
        let fixture = try WireFixture()
        try fixture.send((0..<500).map { "\($0)" })
        let client = try fixture.connect()
        let receiver = try client.receiver(credit: 500)
        let deliveries = client.received(on: receiver)
        #expect(deliveries.count == 500)
        // One settled by itself leaves a gap in the answer.
        client.settle(deliveries[100], .accepted)
        client.settle(deliveries[0], .accepted, last: deliveries[0].id &+ 2_000_000_000)
        #expect(try fixture.counts().active == 0)
        let answers = client.dispositions.filter { $0.role == .sender }
        #expect(
            answers.map { [$0.first - deliveries[0].id, ($0.last ?? $0.first) - deliveries[0].id] } == [[100, 100], [0, 99], [101, 499]])
        #expect(answers.allSatisfy { $0.settled == true && $0.state == .accepted })
    }

    @Test func everyOutcomeIsEchoedWithoutItsReason() throws {
        let fixture = try WireFixture()
        try fixture.send(["a", "b", "c", "d", "e"])
        let client = try fixture.connect()
        let deliveries = client.received(on: try client.receiver(credit: 5))
        let rejected = AMQPError("com.microsoft:dead-letter", "why", info: ["DeadLetterReason": "because"])
        let outcomes: [DeliveryState] = [
            .accepted, .released, .rejected(rejected), .modified(.init(deliveryFailed: true, undeliverableHere: true)), .modified(.init()),
        ]
        for (delivery, outcome) in zip(deliveries, outcomes) { client.settle(delivery, outcome) }
        #expect(client.outcome(deliveries[2].id, from: .sender) == .rejected(nil))
        for index in [0, 1, 3, 4] { #expect(client.outcome(deliveries[index].id, from: .sender) == outcomes[index]) }
        #expect(try fixture.counts() == EntitySnapshot.Counts(active: 3, deadLetter: 1))
        #expect(try fixture.queue().peekAll().map { [Int($0.state.rawValue), Int($0.deliveryCount)] } == [[0, 0], [1, 1], [0, 1]])
    }

    @Test func whatIsSettledAfterItsLockIsLostIsRejectedAndTheLinkStays() throws {
        let fixture = try WireFixture()
        try fixture.send(["a"])
        let client = try fixture.connect()
        let receiver = try client.receiver(credit: 1)
        let delivery = try #require(client.received(on: receiver).first)
        fixture.pass(milliseconds: 60_000)
        client.settle(delivery, .accepted)
        #expect(client.outcome(delivery.id, from: .sender).error?.condition == "com.microsoft:message-lock-lost")
        #expect(!client.isDetached(receiver))
        #expect(try fixture.counts().active == 1)
    }

    @Test func locksOutliveTheLinkAndCanBeSettledByRequest() throws {
        let fixture = try WireFixture()
        try fixture.send(["a"])
        let client = try fixture.connect()
        let receiver = try client.receiver(credit: 1)
        let delivery = try #require(client.received(on: receiver).first)
        client.detach(receiver)
        // The link is gone: its deliveries mean nothing any more.
        client.settle(delivery, .accepted)
        #expect(client.outcome(delivery.id, from: .sender) == nil)
        #expect(try fixture.queue().receive(maxCount: 1, mode: .peekLock).isEmpty)
        let answer = try client.ask(
            client.node("q/$management"), "update-disposition",
            ["disposition-status": "completed", "lock-tokens": .array(.uuids([try #require(try delivery.lockToken)]))])
        #expect(answer?.status == 200)
    }

    // MARK: Sessions

    private func withSessions() throws -> WireFixture {
        try WireFixture { broker in
            var settings = QueueSettings()
            settings.requiresSession = true
            try broker.createQueue("q", settings)
        }
    }

    private func acceptNext(_ client: WireClient, timeout: UInt32, in session: SessionID? = nil) throws -> LinkID {
        try client.receiver(in: session) {
            $0.source?.filter = AMQPMap([.init(key: .symbol("com.microsoft:session-filter"), value: .null)])
            $0.properties = ["com.microsoft:timeout": .uint(timeout)]
        }
    }

    @Test func aWaitForASessionIsAnsweredBeforeTheClientGivesUp() throws {
        let fixture = try withSessions()
        let client = try fixture.connect()
        let link = try acceptNext(client, timeout: 30_000)
        #expect(client.attached[link] == nil)
        fixture.pass(milliseconds: 28_000)
        client.run()
        #expect(!client.isDetached(link))
        fixture.pass(milliseconds: 1999)
        client.run()
        #expect(client.reason(link)?.condition == "com.microsoft:timeout")
    }

    @Test func aWaitForASessionEndsWithItsLinkOrSession() throws {
        let fixture = try withSessions()
        let client = try fixture.connect()
        let session = try client.begin()
        _ = try acceptNext(client, timeout: 60_000, in: session)
        let link = try acceptNext(client, timeout: 60_000)
        client.detach(link)
        client.engine.end(session)
        client.run()
        // Nobody waits any more: the session stays free for who comes.
        try fixture.broker.send(BrokerFixture.message("a") { $0.sessionID = "s" }, to: BrokerFixture.address("q"))
        client.run()
        #expect(client.closed == nil)
        #expect(try fixture.queue().acceptSession("s") != nil)
    }

    @Test func aSessionIsFreeWhenItsLinkIsGone() throws {
        let fixture = try withSessions()
        try fixture.broker.send(BrokerFixture.message("a") { $0.sessionID = "s" }, to: BrokerFixture.address("q"))
        let client = try fixture.connect()
        let link = try acceptNext(client, timeout: 1000)
        #expect(client.attached[link]?.source?.filter?["com.microsoft:session-filter"] == "s")
        client.grant(1, on: link)
        #expect(client.received(on: link).count == 1)
        client.cut()
        #expect(try fixture.queue().peekAll().first?.deliveryCount == 0)
        #expect(try fixture.queue().acceptSession("s") != nil)
    }

    @Test(arguments: [false, true]) func creditThatCameWithTheAttachCountsWhenASessionIsFree(drains: Bool) throws {
        let fixture = try withSessions()
        let client = try fixture.connect()
        let link = try acceptNext(client, timeout: 60_000)
        client.grant(10, on: link, drain: drains)
        #expect(client.attached[link] == nil)
        for body in ["a", "b"] {
            try fixture.broker.send(BrokerFixture.message(body) { $0.sessionID = "s" }, to: BrokerFixture.address("q"))
        }
        client.run()
        #expect(client.attached[link] != nil)
        // What drains gets what is there and gives back the rest; what does not goes on.
        #expect(try client.texts(on: link) == (drains ? ["a"] : ["a", "b"]))
        #expect(client.engine.credit(link) == (drains ? 0 : 8))
    }

    // MARK: Ends

    @Test func nothingIsTakenForAConnectionThatIsClosed() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let receiver = try client.receiver(credit: 10, settled: true)
        fixture.hub.stop()
        // The client has not heard of it.
        try fixture.send(["a"])
        #expect(try fixture.queue().texts() == ["a"])
        client.run()
        #expect(client.closed != nil)
        #expect(client.received(on: receiver).isEmpty)
    }

    @Test func aRemovedEntityTakesItsLinksWithIt() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let (sender, receiver) = (try client.sender(), try client.receiver())
        try fixture.broker.remove("q")
        client.run()
        for link in [sender, receiver] {
            #expect(client.reason(link)?.condition == .notFound)
            #expect(client.reason(link)?.text?.contains("TrackingId:") == true)
        }
    }

    @Test func theSettleModesAreEchoed() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        for mode: UInt8 in [0, 1] {
            let link = try client.receiver { $0.receiverSettleMode = mode }
            #expect(client.attached[link]?.receiverSettleMode == mode)
            #expect(client.attached[link]?.senderSettleMode == 0)
        }
    }

    @Test func aDrainedReceiverGetsItsCreditBack() throws {
        let fixture = try WireFixture()
        try fixture.send(["a"])
        let client = try fixture.connect()
        let receiver = try client.receiver()
        client.grant(10, on: receiver, drain: true)
        #expect(try client.texts(on: receiver) == ["a"])
        #expect(client.engine.credit(receiver) == 0)
        try fixture.send(["b"])
        client.run()
        #expect(try client.texts(on: receiver) == ["a"])
    }
}
