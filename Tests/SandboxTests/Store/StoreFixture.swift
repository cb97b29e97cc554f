import AMQP
import FoundationEssentials
import GRDB
import NIOCore
import Testing

@testable import Sandbox

/// A folder to keep a namespace in, gone when the test is over, and a clock in the test's hand.
final class StoreFixture {
    let folder = FileManager.default.temporaryDirectory.appending(path: "callboard-store-\(UUID())").path
    let clock = ManualClock()
    private var opened: KeptNamespace?

    var file: String { "\(folder)/namespace.sqlite" }

    deinit {
        opened?.store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The namespace, made with `populate` when nothing is kept yet.
    @discardableResult
    func open(limits: BrokerLimits = .standard, _ populate: (Broker) throws -> Void = { _ in }) throws -> KeptNamespace {
        let clock = clock
        let namespace = try KeptNamespace(folder: folder, limits: limits, clock: { clock.milliseconds }, populate)
        opened = namespace
        return namespace
    }

    /// The namespace as whoever starts a sandbox again finds it: what was not kept is lost.
    func reopen() throws -> KeptNamespace {
        opened?.store.close()
        return try open { _ in Issue.record("nothing was kept") }
    }

    /// Keeps a namespace, opens it again, and holds the one against the other.
    @discardableResult
    func keepAndCompare(_ sourceLocation: SourceLocation = #_sourceLocation) throws -> KeptNamespace {
        let before = try #require(opened)
        try before.keep()
        let expected = try NamespaceView(before.broker)
        let after = try reopen()
        #expect(try NamespaceView(after.broker) == expected, sourceLocation: sourceLocation)
        return after
    }
}

/// A broker and where it is kept.
final class KeptNamespace {
    let broker: Broker
    let store: NamespaceStore

    init(folder: String, limits: BrokerLimits, clock: @escaping () -> Int64, _ populate: (Broker) throws -> Void) throws {
        store = try NamespaceStore(folder: folder)
        broker = Broker(namespace: store.header?.name ?? "sandbox", limits: limits, now: clock)
        if store.header != nil {
            try store.load(into: broker)
        } else {
            let journal = BrokerJournal()
            broker.journal = journal
            try populate(broker)
            try store.begin(.init(name: "sandbox", createdAt: clock()), journal)
        }
    }

    func keep() throws { if let journal = broker.journal { try store.keep(journal) } }

    func queue(_ address: String) throws -> MessageQueue { try broker.queue(at: BrokerFixture.address(address)) }

    @discardableResult
    func send(_ body: String = "hello", to address: String = "q", _ configure: (inout MessageContent) -> Void = { _ in }) throws -> Int64? {
        try broker.send(BrokerFixture.message(body, configure), to: BrokerFixture.address(address))
    }

    /// How many rows a table has.
    func rows(in table: String) throws -> Int { try run("SELECT count(*) FROM \(table)") }

    /// Runs a statement on the database, behind the store's back.
    @discardableResult
    func run(_ sql: String) throws -> Int {
        try store.database.writeWithoutTransaction { db in try Int.fetchOne(db, sql: sql) ?? 0 }
    }
}

/// Everything a namespace has that outlasts locks, so that two can be compared.
struct NamespaceView: Equatable, CustomStringConvertible {
    struct Part: Equatable {
        /// Number, state, delivery count, and the message as a receiver would get it.
        var messages: [String] = []
        var sizeInBytes = 0
    }

    struct Entity: Equatable {
        var path: String
        var kind: EntitySnapshot.Kind
        var availability: EntityAvailability
        var counts: EntitySnapshot.Counts
        var sizeInBytes: Int
        /// When it was made and last changed. Use is kept to the second only, and opening a namespace counts as use.
        var times: [Int64]
        var lastNumber: Int64
        var partitions: [Int64]
        var ruleTimes: [Int64]
        var sessions: [String]
        /// Those whose time is not over.
        var rememberedIDs: [String]
        var parts: [Part]
    }

    var entities: [Entity] = []

    init(_ broker: Broker) throws {
        for snapshot in broker.snapshots() {
            guard let entity = broker.entity(snapshot.path) else { continue }
            let sessions = entity.active.sessions.values.filter(\.outlastsLocks).sorted { $0.ordinal < $1.ordinal }
            entities.append(
                Entity(
                    path: snapshot.path, kind: snapshot.kind, availability: snapshot.availability, counts: snapshot.counts,
                    sizeInBytes: snapshot.sizeInBytes, times: [snapshot.createdAt, snapshot.updatedAt],
                    lastNumber: entity.lastSequenceNumber, partitions: entity.partitions,
                    ruleTimes: entity.rules.map(\.createdAt),
                    sessions: sessions.map { "\($0.id) \($0.state.map { String(buffer: $0) } ?? "-") \($0.stateUpdatedAt)" },
                    rememberedIDs: entity.history.order.filter {
                        broker.now - $0.time < entity.settings.duplicateDetectionWindow ?? 0
                    }.map { "\($0.id) \($0.time)" }.sorted(),
                    parts: [entity.active, entity.deadLetter, entity.transferDeadLetter].map(Part.init)))
        }
    }

    var description: String {
        entities.map { entity in
            """
            \(entity.path) last \(entity.lastNumber) \(entity.partitions) \(entity.counts) sessions \(entity.sessions)
            \(entity.parts.map { $0.messages.joined(separator: "\n  ") })
            \(entity.availability) \(entity.times) \(entity.ruleTimes) \(entity.kind)
            """
        }.joined(separator: "\n")
    }
}

extension NamespaceView.Part {
    init(_ queue: MessageQueue) {
        queue.all.forEach(from: .min) { message in
            let delivery = Delivery(message, as: .peeked(omitsBody: false))
            var bytes = ByteBuffer()
            delivery.write(into: &bytes)
            messages.append(
                "\(message.sequenceNumber) \(message.enqueuedSequenceNumber) \(delivery.state) \(message.deliveryCount) \(message.expiresAt) "
                    + "\(message.hops) \(message.session?.id ?? "-") "
                    + bytes.readableBytesView.map { String($0, radix: 16) }.joined(separator: "."))
            sizeInBytes += message.envelope.size
            return true
        }
    }
}
