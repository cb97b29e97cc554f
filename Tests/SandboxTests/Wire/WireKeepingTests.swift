import AMQP
import NIOCore
import NIOEmbedded
import Testing

@testable import Sandbox

/// Nobody is told of anything before it is kept.
@Suite struct WireKeepingTests {
    /// Keeps nothing, but lets a test look around when it is asked to.
    private final class Keeper: NamespaceKeeper {
        var onKeep: (BrokerJournal) throws(StoreError) -> Void = { (_) throws(StoreError) in }
        private(set) var turns = 0

        func keep(_ journal: BrokerJournal) throws(StoreError) {
            guard journal.hasChanges else { return }
            turns += 1
            try onKeep(journal)
            journal.clear()
        }

        func close() {}
    }

    private let keeper = Keeper()
    private let fixture: WireFixture

    init() throws { fixture = try WireFixture(keeper: keeper) }

    @Test func aSendIsAcknowledgedAfterItIsKept() throws {
        let client = try fixture.connect()
        let sender = try client.sender()
        var kept: [String] = []
        keeper.onKeep = { (journal) throws(StoreError) in
            #expect(client.dispositions.isEmpty)
            kept += journal.messages.map { String(buffer: $0.envelope.content) }
        }
        let number = try client.send("a", on: sender)
        #expect(client.outcome(number) == .accepted)
        #expect(kept.count == 1)
        #expect(kept.first?.hasSuffix("a") == true)
    }

    @Test func aSettlementIsConfirmedAfterItIsKept() throws {
        try fixture.send(["a"])
        let client = try fixture.connect()
        let receiver = try client.receiver(credit: 1)
        let delivery = try #require(client.received(on: receiver).first)
        var isKept = false
        keeper.onKeep = { (journal) throws(StoreError) in
            #expect(client.outcome(delivery.id, from: .sender) == nil)
            isKept = journal.messages.contains { !$0.isPlaced }
        }
        client.settle(delivery, .accepted)
        #expect(isKept)
        #expect(client.outcome(delivery.id, from: .sender) == .accepted)
    }

    @Test func aMessageReachesNobodyBeforeItIsKept() throws {
        let client = try fixture.connect()
        let other = try fixture.connect()
        let receiver = try other.receiver(credit: 5)
        let sender = try client.sender()
        keeper.onKeep = { (_) throws(StoreError) in #expect(other.received(on: receiver).isEmpty) }
        try client.send("a", on: sender)
        other.run()
        #expect(try other.texts(on: receiver) == ["a"])
    }

    @Test func aMessageReceivedAtMostOnceIsGoneBeforeItIsGiven() throws {
        try fixture.send(["a"])
        fixture.loop.run()
        let client = try fixture.connect()
        var isGone = false
        keeper.onKeep = { (journal) throws(StoreError) in isGone = journal.messages.contains { !$0.isPlaced } }
        let receiver = try client.receiver(credit: 1, settled: true)
        #expect(try client.texts(on: receiver) == ["a"])
        #expect(isGone)
    }

    @Test func muchThatIsReceivedAtOnceWaitsToo() throws {
        try fixture.send((0..<10).map { _ in String(repeating: "x", count: 60_000) })
        fixture.loop.run()
        let client = try fixture.connect()
        let receiver = try client.receiver(settled: true)
        let before = client.sentBytes
        var sentBeforeKept: Int?
        keeper.onKeep = { (_) throws(StoreError) in
            if sentBeforeKept == nil { sentBeforeKept = client.sentBytes - before }
        }
        client.grant(10, on: receiver)
        #expect(client.received(on: receiver).count == 10)
        #expect(sentBeforeKept == 0)
    }

    @Test func anAnswerOfManagementWaitsToo() throws {
        let client = try fixture.connect()
        let node = try client.node("q/$management")
        var kept = 0
        keeper.onKeep = { (journal) throws(StoreError) in
            #expect(client.received(on: node.replies).isEmpty)
            kept += journal.messages.count
        }
        let message = AMQPMap([
            .init(key: "message-id", value: "m"),
            .init(
                key: "message",
                value: .binary(
                    client.content("later") { $0.messageAnnotations["x-opt-scheduled-enqueue-time"] = .timestamp(.max) }.encoded)),
        ])
        let answer = try client.ask(node, "schedule-message", ["messages": .list([.map(message)])])
        #expect(answer?.status == 200)
        #expect(kept == 1)
    }

    @Test func whatManyDoInOneTurnIsKeptTogether() throws {
        let clients = try (0..<3).map { _ in try fixture.connect() }
        let senders = try clients.map { try $0.sender() }
        let before = keeper.turns
        for (client, sender) in zip(clients, senders) {
            for body in ["a", "b", "c"] {
                _ = client.engine.send(sender, head: client.content(body).encoded, tag: ByteBuffer(string: body))
            }
            // What all have written is there before the loop's turn ends.
            client.write()
        }
        for client in clients { client.run() }
        #expect(keeper.turns == before + 1)
        #expect(clients.allSatisfy { $0.dispositions.count == 1 })
        #expect(try fixture.counts().active == 9)
    }

    @Test func whoOnlyLooksDoesNotWait() throws {
        try fixture.send(["a"])
        fixture.loop.run()
        let before = keeper.turns
        let client = try fixture.connect()
        let receiver = try client.receiver(credit: 1)
        #expect(try client.texts(on: receiver) == ["a"])
        #expect(keeper.turns <= before + 1, "the time of last use, at most")
    }

    @Test func whenNothingCanBeKeptNothingIsSaid() throws {
        let client = try fixture.connect()
        let other = try fixture.connect()
        let sender = try client.sender()
        var failures: [StoreError] = []
        fixture.hub.onFailure = { failures.append($0) }
        let full = StoreError(.unusable, "namespace.sqlite", "the disk is full.")
        keeper.onKeep = { (_) throws(StoreError) in throw full }
        let number = try client.send("a", on: sender)
        #expect(client.outcome(number) == nil)
        #expect(client.closed == .some(.disconnected))
        other.run()
        #expect(other.closed == .some(.disconnected))
        #expect(failures == [full])
        #expect(!fixture.hub.keep())
    }
}
