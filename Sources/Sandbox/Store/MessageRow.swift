internal import GRDB
internal import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A message as a row of the table `message`.
struct MessageRow {
    /// The columns, in the order of ``arguments(_:)`` and of ``init(_:)``.
    private static let columns = [
        "id", "entity", "part", "number", "enqueuedNumber", "enqueuedAt", "expiresAt", "state", "deliveryCount", "hops", "session",
        "durable", "priority", "timeToLive", "scheduledAt", "annotations", "annotationCount", "deadLetterSource", "bodyStart", "bodyEnd",
        "content",
    ].joined(separator: ", ")

    static let writing =
        "INSERT OR REPLACE INTO message (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    static let reading = "SELECT \(columns) FROM message ORDER BY id"

    static func arguments(_ message: StoredMessage) -> StatementArguments {
        let envelope = message.envelope
        return [
            message.kept.row, message.queue.entity.kept.row, message.queue.subQueue.rawValue, message.sequenceNumber,
            message.enqueuedSequenceNumber, message.enqueuedTime, message.expiresAt, message.lastingState.rawValue, message.deliveryCount,
            message.hops, message.session.map { Data($0.id.utf8) }, envelope.durable, envelope.priority, envelope.timeToLive,
            envelope.scheduledEnqueueTime, Data(envelope.annotations), envelope.annotationCount, envelope.deadLetterSource,
            envelope.bodyStart, envelope.bodyEnd, Data(envelope.content.readableBytesView),
        ]
    }

    let id: Int64
    let entity: Int64
    let part: EntityAddress.SubQueue
    let number: Int64
    let enqueuedNumber: Int64
    let enqueuedAt: Int64
    let expiresAt: Int64
    let state: StoredMessage.State
    let deliveryCount: UInt32
    let hops: Int
    let session: String?
    let envelope: Envelope

    /// Reads a row, and holds it to everything that the broker takes for granted.
    /// - Throws: ``RowDecodingError`` or ``Impossible``.
    init(_ row: Row) throws {
        id = try row.decode(atIndex: 0)
        entity = try row.decode(atIndex: 1)
        guard let part = EntityAddress.SubQueue(rawValue: try row.decode(atIndex: 2)) else { throw Impossible("message \(id): its part") }
        self.part = part
        number = try row.decode(atIndex: 3)
        enqueuedNumber = try row.decode(atIndex: 4)
        enqueuedAt = try row.decode(atIndex: 5)
        expiresAt = try row.decode(atIndex: 6)
        switch Delivery.State(rawValue: try row.decode(atIndex: 7)) {
        case .active?: state = .ready
        case .deferred?: state = .deferred
        case .scheduled? where part == .active: state = .scheduled
        default: throw Impossible("message \(id): its state")
        }
        deliveryCount = try row.decode(atIndex: 8)
        hops = try row.decode(atIndex: 9)
        session = try row.decode(Data?.self, atIndex: 10).map { String(decoding: $0, as: UTF8.self) }
        let content = try row.withUnsafeData(atIndex: 20) { bytes in bytes.map { ByteBuffer(bytes: $0) } } ?? ByteBuffer()
        var envelope = Envelope(content: content, bodyStart: try row.decode(atIndex: 18), bodyEnd: try row.decode(atIndex: 19))
        envelope.durable = try row.decode(atIndex: 11)
        envelope.priority = try row.decode(atIndex: 12)
        envelope.timeToLive = try row.decode(atIndex: 13)
        envelope.scheduledEnqueueTime = try row.decode(atIndex: 14)
        envelope.annotations = Array(try row.decode(Data.self, atIndex: 15))
        envelope.annotationCount = try row.decode(atIndex: 16)
        envelope.deadLetterSource = try row.decode(atIndex: 17)
        self.envelope = envelope
        guard number > 0, enqueuedNumber > 0, (0..<1 << 53).contains(enqueuedAt), (0..<1 << 20).contains(hops),
            envelope.annotationCount >= 0, envelope.bodyStart >= 0,
            envelope.bodyStart <= envelope.bodyEnd, envelope.bodyEnd <= content.readableBytes
        else { throw Impossible("message \(id): its numbers") }
    }
}

/// Something in a database that no sandbox writes.
struct Impossible: Error, CustomStringConvertible {
    let what: String
    init(_ what: String) { self.what = what }
    var description: String { "\(what) cannot be what the file says." }
}
