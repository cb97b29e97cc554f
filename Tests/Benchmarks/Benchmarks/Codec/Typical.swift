import AMQP
import Foundation
import NIOCore

/// The message all codec yardsticks use: header, 6 annotations, 10 properties, 8 application properties, 1 KiB of data.
///
/// Each operation does what its counterpart in `codec.c` does, the formatting of property names included.
enum Typical {
    /// The encoded message, from the yardsticks' own file.
    static var received: ByteBuffer {
        let folder = ProcessInfo.processInfo.environment["CALLBOARD_YARDSTICKS"] ?? "../../../shared/yardsticks"
        guard let bytes = FileManager.default.contents(atPath: folder + "/typical.amqp") else {
            fatalError("no typical.amqp in \(folder): set CALLBOARD_YARDSTICKS")
        }
        return ByteBuffer(bytes: bytes)
    }

    /// The data section: 1 KiB.
    static let body = ByteBuffer(bytes: (0..<1024).map { UInt8(97 + $0 % 26) })

    /// The same message made from scratch, as a sender does.
    static func built() -> MessageContent {
        var pairs: [AMQPMap.Pair] = []
        pairs.reserveCapacity(8)
        for index in 0..<8 {
            let value: AMQPValue =
                switch index % 4 {
                case 0: .string("some-value-text")
                case 1: .int(Int32(100_000 + index))
                case 2: .long(1 << 40)
                default: .boolean(true)
                }
            pairs.append(AMQPMap.Pair(key: .string("property-" + String(index)), value: value))
        }
        return MessageContent(
            header: header,
            messageAnnotations: AMQPMap([
                AMQPMap.Pair(key: .symbol("x-opt-sequence-number"), value: .long(4_503_599_627_370_497)),
                AMQPMap.Pair(key: .symbol("x-opt-enqueued-time"), value: .timestamp(1_700_000_000_123)),
                AMQPMap.Pair(key: .symbol("x-opt-locked-until"), value: .timestamp(1_700_000_030_123)),
                AMQPMap.Pair(key: .symbol("x-opt-enqueue-sequence-number"), value: .long(12_345_678)),
                AMQPMap.Pair(key: .symbol("x-opt-partition-key"), value: .string("partition-key-1")),
                AMQPMap.Pair(key: .symbol("x-opt-message-state"), value: .int(0)),
            ]),
            properties: properties,
            applicationProperties: AMQPMap(pairs),
            body: .data([body]))
    }

    /// The same message, written section by section with nothing built in between.
    static func stream(into buffer: inout ByteBuffer) {
        buffer.writeAMQP { message in
            message.header(header)
            message.messageAnnotations(6) {
                $0.symbol("x-opt-sequence-number")
                $0.long(4_503_599_627_370_497)
                $0.symbol("x-opt-enqueued-time")
                $0.timestamp(1_700_000_000_123)
                $0.symbol("x-opt-locked-until")
                $0.timestamp(1_700_000_030_123)
                $0.symbol("x-opt-enqueue-sequence-number")
                $0.long(12_345_678)
                $0.symbol("x-opt-partition-key")
                $0.string("partition-key-1")
                $0.symbol("x-opt-message-state")
                $0.int(0)
            }
            message.properties(properties)
            message.applicationProperties(8) {
                for index in 0..<8 {
                    $0.string("property-" + String(index))
                    switch index % 4 {
                    case 0: $0.string("some-value-text")
                    case 1: $0.int(Int32(100_000 + index))
                    case 2: $0.long(1 << 40)
                    default: $0.boolean(true)
                    }
                }
            }
            message.data(body)
        }
    }

    @inline(__always)
    private static var header: Header { Header(durable: true, ttl: 300_000, deliveryCount: 1) }

    @inline(__always)
    private static var properties: Properties {
        Properties(
            messageID: .string("7b0f1d2e-6f0a-4f6e-9a55-2f1d8c3b7e10"), to: "orders", subject: "OrderCreated", replyTo: "replies",
            correlationID: .string("corr-0123456789"), contentType: "application/json", absoluteExpiryTime: 1_700_000_300_123,
            creationTime: 1_700_000_000_000, groupID: "session-42", groupSequence: 0)
    }

    /// Accepts a message and reads the typed value of every field of every section, in place.
    /// - Returns: something of each, so that nothing is optimised away.
    static func readAll(_ received: ByteBuffer) throws -> Int64 {
        let message = try Message(received)
        var sum: Int64 = 0
        var header = try message.readHeader()
        while header.next() { sum &+= read(header.value) }
        var annotations = try message.readMessageAnnotations()
        while annotations.next() { sum &+= read(annotations.key) &+ read(annotations.value) }
        var properties = try message.readProperties()
        while properties.next() { sum &+= read(properties.value) }
        var applicationProperties = try message.readApplicationProperties()
        while applicationProperties.next() { sum &+= read(applicationProperties.key) &+ read(applicationProperties.value) }
        if let body = try message.readBody() { sum &+= read(body) }
        return sum
    }

    @inline(__always)
    private static func read(_ value: borrowing EncodedValue) -> Int64 {
        switch value.content {
        case .null, .list, .map, .array, .described: 0
        case .boolean(let value): value ? 1 : 0
        case .string(let bytes), .symbol(let bytes), .binary(let bytes):
            Int64(bytes.byteCount) &+ (bytes.byteCount > 0 ? Int64(bytes.unsafeLoad(as: UInt8.self)) : 0)
        case .ubyte(let value): Int64(value)
        case .ushort(let value): Int64(value)
        case .uint(let value), .char(let value), .decimal32(let value): Int64(value)
        case .ulong(let value), .decimal64(let value): Int64(truncatingIfNeeded: value)
        case .byte(let value): Int64(value)
        case .short(let value): Int64(value)
        case .int(let value): Int64(value)
        case .long(let value), .timestamp(let value): value
        case .float(let value): value > 0 ? 1 : 0
        case .double(let value): value > 0 ? 1 : 0
        case .decimal128(let value), .uuid(let value): Int64(truncatingIfNeeded: value.low)
        }
    }
}
