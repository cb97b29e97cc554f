import AMQP
import NIOCore
import Testing

@testable import Sandbox

/// Transactions as clients ask for them (part 4 of the standard).
@Suite struct WireTransactionTests {
    private func fixture() throws -> WireFixture {
        try WireFixture {
            for name in ["q", "other", "via"] { try $0.createQueue(name) }
            try $0.createTopic("t")
            try $0.createSubscription("s", of: "t")
        }
    }

    @Test func sendingAndSettlingTakeEffectWithTheDischarge() throws {
        let fixture = try fixture()
        try fixture.send(["in"])
        let client = try fixture.connect()
        let coordinator = try client.coordinator()
        let receiver = try client.receiver(credit: 1)
        let sender = try client.sender(to: "other")
        let id = try client.declare(on: coordinator)
        let number = try client.send("out", on: sender, in: id)
        #expect(client.outcome(number) == .transactional(transactionID: id, outcome: .accepted))
        let delivery = try #require(client.received(on: receiver).first)
        client.settle(delivery, .transactional(transactionID: id, outcome: .accepted))
        #expect(client.outcome(delivery.id, from: .sender) == .transactional(transactionID: id, outcome: .accepted))
        #expect(try fixture.counts().active == 1)
        #expect(try fixture.counts("other").active == 0)
        #expect(try client.discharge(id, on: coordinator) == .accepted)
        #expect(try fixture.counts().active == 0)
        #expect(try fixture.queue("other").texts() == ["out"])
    }

    @Test func aRollbackLeavesTheMessageLocked() throws {
        let fixture = try fixture()
        try fixture.send(["in"])
        let client = try fixture.connect()
        let coordinator = try client.coordinator()
        let receiver = try client.receiver(credit: 1)
        let delivery = try #require(client.received(on: receiver).first)
        let id = try client.declare(on: coordinator)
        client.settle(delivery, .transactional(transactionID: id, outcome: .accepted))
        #expect(try client.discharge(id, fail: true, on: coordinator) == .accepted)
        let token = try #require(try delivery.lockToken)
        let answer = try client.ask(
            client.node("q/$management"), "update-disposition",
            ["disposition-status": "completed", "lock-tokens": .array(.uuids([token]))])
        #expect(answer?.status == 200)
        #expect(try fixture.counts().active == 0)
    }

    @Test func requestsCanBePartsToo() throws {
        let fixture = try fixture()
        try fixture.send(["in"])
        let client = try fixture.connect()
        let coordinator = try client.coordinator()
        let receiver = try client.receiver(credit: 1)
        let token = try #require(try client.received(on: receiver).first?.lockToken)
        let management = try client.node("q/$management")
        let id = try client.declare(on: coordinator)
        let message = client.content("later") { $0.scheduledAt = fixture.clock.milliseconds + 60_000 }
        let scheduled = try client.ask(
            management, "schedule-message",
            ["messages": .list([.map(["message-id": "1", "message": .binary(message.encoded)])])], in: id)
        #expect(scheduled?.map["sequence-numbers"]?.elements == [.long(2)])
        let settled = try client.ask(
            management, "update-disposition", ["disposition-status": "completed", "lock-tokens": .array(.uuids([token]))], in: id)
        #expect(settled?.status == 200)
        let taken = client.dispositions.filter { $0.state == .transactional(transactionID: id, outcome: .accepted) }
        #expect(taken.count == 2, "each request is taken as a part of the transaction")
        #expect(try fixture.counts() == EntitySnapshot.Counts(active: 1))
        #expect(try client.discharge(id, on: coordinator) == .accepted)
        #expect(try fixture.counts() == EntitySnapshot.Counts(scheduled: 1))
    }

    @Test func sendViaNeedsNoLinkToTheDestination() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        let coordinator = try client.coordinator()
        let sender = try client.sender(to: "via", via: "other")
        let id = try client.declare(on: coordinator)
        try client.send("out", on: sender, in: id)
        #expect(try client.discharge(id, on: coordinator) == .accepted)
        #expect(try fixture.queue("other").texts() == ["out"])
        // It passes on without a transaction as well.
        #expect(client.outcome(try client.send("more", on: sender)) == .accepted)
        #expect(try fixture.queue("other").texts() == ["out", "more"])
    }

    @Test func anUnknownTransactionIsRejected() throws {
        let fixture = try fixture()
        try fixture.send(["in"])
        let client = try fixture.connect()
        let coordinator = try client.coordinator()
        let unknown = ByteBuffer(string: "txn:none")
        let discharge = try client.discharge(unknown, on: coordinator).error
        #expect(discharge?.condition == .transactionUnknownID)
        #expect(discharge?.text?.hasPrefix("Transaction is not declared TrackingId:") == true)
        let sent = client.outcome(try client.send("x", on: client.sender(), in: unknown)).error
        #expect(sent?.condition == .transactionUnknownID)
        #expect(sent?.text?.contains("No active Transaction was found for ID 'txn:none'") == true)
        let delivery = try #require(client.received(on: client.receiver(credit: 1)).first)
        client.settle(delivery, .transactional(transactionID: unknown, outcome: .accepted))
        #expect(client.outcome(delivery.id, from: .sender).error?.condition == .transactionUnknownID)
        #expect(try fixture.counts().active == 1)
    }

    @Test func anotherClientsTransactionIsUnknown() throws {
        let fixture = try fixture()
        let (owner, stranger) = (try fixture.connect(), try fixture.connect())
        let id = try owner.declare(on: owner.coordinator())
        #expect(stranger.outcome(try stranger.send("x", on: stranger.sender(), in: id)).error?.condition == .transactionUnknownID)
        #expect(try stranger.discharge(id, on: stranger.coordinator()).error?.condition == .transactionUnknownID)
    }

    @Test(arguments: ["link", "session", "connection"])
    func losingTheCoordinatorRollsBack(what: String) throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        let session = try client.begin()
        let coordinator = try client.coordinator(in: session)
        let sender = try client.sender()
        let id = try client.declare(on: coordinator)
        try client.send("out", on: sender, in: id)
        switch what {
        case "link": client.detach(coordinator)
        case "session":
            client.engine.end(session)
            client.run()
        default: client.cut()
        }
        #expect(fixture.broker.transactions.isEmpty)
        #expect(fixture.broker.transactionBytes == 0)
        #expect(try fixture.counts().active == 0)
    }

    @Test func severalEntitiesNeedOneSession() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        // As .NET does it without cross-entity transactions: a session a link.
        let coordinator = try client.coordinator(in: try client.begin())
        let (first, second) = (try client.sender(to: "q"), try client.sender(to: "other"))
        let id = try client.declare(on: coordinator)
        #expect(client.outcome(try client.send("a", on: first, in: id)).error == nil)
        let error = client.outcome(try client.send("b", on: second, in: id)).error
        #expect(error?.text?.contains("attempted to span multiple top-level entities") == true)
        #expect(try client.discharge(id, on: coordinator) == .accepted)
        #expect(try fixture.queue().texts() == ["a"])
        #expect(try fixture.counts("other").active == 0)
    }

    @Test func aTopicAndItsSubscriptionAreOneEntity() throws {
        let fixture = try fixture()
        try fixture.send(["in"], to: "t")
        let client = try fixture.connect()
        let coordinator = try client.coordinator(in: try client.begin())
        let receiver = try client.receiver(from: "t/Subscriptions/s", credit: 1)
        let sender = try client.sender(to: "t")
        let id = try client.declare(on: coordinator)
        client.settle(try #require(client.received(on: receiver).first), .transactional(transactionID: id, outcome: .accepted))
        try client.send("out", on: sender, in: id)
        #expect(try client.discharge(id, on: coordinator) == .accepted)
        #expect(try fixture.queue("t/Subscriptions/s").texts() == ["out"])
    }

    @Test func aTransactionThatTookTooLongSaysSo() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        let coordinator = try client.coordinator()
        let id = try client.declare(on: coordinator)
        fixture.pass(milliseconds: 120_000)
        let error = try client.discharge(id, on: coordinator).error
        #expect(error?.condition == .transactionTimeout)
        #expect(error?.text?.contains("00:02:00") == true)
    }

    @Test func aRefusedSendIsToldAsAPartOfTheTransaction() throws {
        let fixture = try WireFixture { broker in
            var settings = QueueSettings()
            settings.requiresSession = true
            try broker.createQueue("q", settings)
        }
        let client = try fixture.connect()
        let coordinator = try client.coordinator()
        let id = try client.declare(on: coordinator)
        let outcome = client.outcome(try client.send("no session", on: client.sender(), in: id))
        guard case .transactional(id, .rejected(let error?)?)? = outcome else {
            Issue.record("\(outcome as Any)")
            return
        }
        #expect(error.condition == .notAllowed)
    }

    @Test func aCoordinatorRefusesWhatItCannotRead() throws {
        let fixture = try fixture()
        let client = try fixture.connect()
        let coordinator = try client.coordinator()
        #expect(client.outcome(try client.send("neither", on: coordinator)).error?.condition == .decodeError)
        let distributed = TransactionRequest.declare(Declare(globalID: .string("x"))).body
        #expect(client.outcome(try client.send(MessageContent(body: distributed), on: coordinator)).error?.condition == .notImplemented)
        _ = client.engine.send(coordinator, head: MessageContent(body: .none).encoded, tag: ByteBuffer(string: "s"), settled: true)
        client.run()
        #expect(client.reason(coordinator)?.condition == .notAllowed)
    }
}
