import AMQP
import NIOCore
import ServiceBus
import Testing

/// Messages as they come off a management link.
enum Messages {
    /// A message as the service would send it; the closure may change any section of it.
    static func make(
        _ number: Int64, id: String? = nil, subject: String? = nil, reason: String? = nil, body: String? = nil,
        edit: (inout MessageContent) -> Void = { _ in }
    ) throws -> PeekedMessage {
        var content = MessageContent(body: body.map { .data([ByteBuffer(string: $0)]) } ?? .none)
        content.messageAnnotations = AMQPMap([
            .init(key: .symbol("x-opt-sequence-number"), value: .long(number)),
            .init(key: .symbol("x-opt-enqueued-time"), value: .timestamp(1_795_000_000_000 + (number & 0xffff))),
        ])
        var properties = Properties()
        properties.messageID = id.map { .string($0) }
        properties.subject = subject
        content.properties = properties
        if let reason {
            content.applicationProperties = AMQPMap([.init(key: .string("DeadLetterReason"), value: .string(reason))])
        }
        edit(&content)
        return try #require(PeekedMessage(Message(content.encoded)))
    }

    /// Messages of consecutive numbers.
    static func run(_ numbers: ClosedRange<Int64>) throws -> [PeekedMessage] { try numbers.map { try make($0, id: "m\($0)") } }
}
