import AMQP
import Foundation
import NIOCore

/// The message all codec yardsticks use: header, 6 annotations, 10 properties, 8 application properties, 1 KiB of data.
enum Typical {
    /// The encoded message, from the yardsticks' own file.
    static var received: ByteBuffer {
        let environment = ProcessInfo.processInfo.environment
        let folder = environment["CALLBOARD_YARDSTICKS"] ?? "../../../shared/yardsticks"
        guard let bytes = FileManager.default.contents(atPath: folder + "/typical.amqp") else {
            fatalError("no typical.amqp in \(folder): set CALLBOARD_YARDSTICKS")
        }
        return ByteBuffer(bytes: bytes)
    }

    /// The same message made from scratch, as a sender does.
    static func built(_ body: ByteBuffer) -> MessageContent {
        var content = MessageContent(body: .data([body]))
        content.header = Header(durable: true, ttl: 300_000, deliveryCount: 1)
        content.messageAnnotations = [
            .symbol("x-opt-sequence-number"): .long(4_503_599_627_370_497),
            .symbol("x-opt-enqueued-time"): .timestamp(1_700_000_000_123),
            .symbol("x-opt-locked-until"): .timestamp(1_700_000_030_123),
            .symbol("x-opt-enqueue-sequence-number"): .long(12_345_678),
            .symbol("x-opt-partition-key"): .string("partition-key-1"),
            .symbol("x-opt-message-state"): .int(0),
        ]
        var properties = Properties()
        properties.messageID = .string("7b0f1d2e-6f0a-4f6e-9a55-2f1d8c3b7e10")
        properties.to = "orders"
        properties.subject = "OrderCreated"
        properties.replyTo = "replies"
        properties.correlationID = .string("corr-0123456789")
        properties.contentType = "application/json"
        properties.absoluteExpiryTime = 1_700_000_300_123
        properties.creationTime = 1_700_000_000_000
        properties.groupID = "session-42"
        content.properties = properties
        content.applicationProperties = [
            "property-0": .string("some-value-text"), "property-1": .int(100_001),
            "property-2": .long(1 << 40), "property-3": .boolean(true),
            "property-4": .string("some-value-text"), "property-5": .int(100_005),
            "property-6": .long(1 << 40), "property-7": .boolean(true),
        ]
        return content
    }

    /// Reads every field there is, and counts something of each so that nothing is optimised away.
    static func readAll(_ message: Message) -> Int {
        var sum = Int(message.header?.ttl ?? 0) + Int(message.header?.deliveryCount ?? 0)
        if let properties = message.properties {
            sum += properties.messageID?.text?.utf8.count ?? 0
            sum += properties.correlationID?.text?.utf8.count ?? 0
            sum += (properties.to?.utf8.count ?? 0) + (properties.subject?.utf8.count ?? 0) + (properties.replyTo?.utf8.count ?? 0)
            sum += (properties.contentType?.name.utf8.count ?? 0) + (properties.groupID?.utf8.count ?? 0)
            sum += Int(truncatingIfNeeded: (properties.absoluteExpiryTime ?? 0) &+ (properties.creationTime ?? 0))
        }
        for map in [message.messageAnnotations, message.applicationProperties] {
            for pair in map?.pairs ?? [] { sum += (pair.key.text?.utf8.count ?? 0) + (pair.value.isNull ? 0 : 1) }
        }
        if case .data(let sections) = message.body { for section in sections { sum += section.readableBytes } }
        return sum
    }
}
