public import AMQP
import NIOCore

/// A message without its place in an entity: the content as it arrived, and what its sender asked of the broker.
struct Envelope: Sendable {
    var durable: Bool?
    var priority: UInt8?
    /// The header's ttl, in milliseconds.
    var timeToLive: UInt32?
    /// When it is to become active, in milliseconds since 1970.
    var scheduledEnqueueTime: Int64?
    /// The sender's message annotations that the broker does not write itself: encoded keys and values.
    var annotations: [UInt8] = []
    /// The number of pairs in `annotations`.
    var annotationCount = 0
    /// The entity it was dead-lettered in before it was forwarded from there.
    var deadLetterSource: String?
    /// Properties, application properties, body and footer, byte for byte as they arrived.
    var content: ByteBuffer
    /// Where the body starts in `content`, and where it ends (the footer follows).
    var bodyStart: Int
    var bodyEnd: Int

    /// The bytes this message counts for in its entity's size.
    var size: Int { content.readableBytes + annotations.count }
}

/// A message as a sender handed it over, decoded as far as the broker needs: once, on arrival.
public struct IncomingMessage: Sendable {
    var envelope: Envelope
    /// The message id as text; what duplicate detection compares.
    public internal(set) var messageID: String?
    /// The session (properties group-id).
    public internal(set) var sessionID: String?
    /// The partition key annotation.
    public internal(set) var partitionKey: String?
    /// The size of the message as it was sent, in bytes.
    public internal(set) var encodedSize: Int

    /// When the sender wants it to become active, in milliseconds since 1970.
    public var scheduledEnqueueTime: Int64? {
        get { envelope.scheduledEnqueueTime }
        set { envelope.scheduledEnqueueTime = newValue }
    }

    /// The size of properties and application properties.
    var headerBytes: Int { envelope.bodyStart }

    /// Takes a received message over. Its bytes are copied when keeping them would keep a much larger buffer alive.
    public init(_ message: Message) {
        let header = message.header
        var content = message.bareBytes
        let bareBytes = content.readableBytes
        let footerBytes = message.size(of: .footer)
        if footerBytes > 0 || content.storageCapacity > 2 * bareBytes + 256 {
            var copy = ByteBufferAllocator().buffer(capacity: bareBytes + footerBytes)
            copy.writeImmutableBuffer(content)
            if let footer = message.bytes(of: .footer) { copy.writeImmutableBuffer(footer) }
            content = copy
        }
        envelope = Envelope(content: content, bodyStart: bareBytes - message.size(of: .body), bodyEnd: bareBytes)
        envelope.durable = header?.durable
        envelope.priority = header?.priority
        envelope.timeToLive = header?.ttl
        encodedSize = message.buffer.readableBytes
        keepAnnotations(of: message)
        readProperties(of: message)
    }

    /// Opens a stored message again, to send it on.
    init(reopening envelope: Envelope) {
        self.envelope = envelope
        encodedSize = envelope.size
        // The bytes were accepted when they arrived, so this cannot fail; a message without properties is the harmless answer if it did.
        if let message = try? Message(envelope.content) { readProperties(of: message) }
    }

    /// Takes a message over whose parts are known (the demo estate builds its own bytes).
    init(envelope: Envelope, messageID: String?, sessionID: String?) {
        self.envelope = envelope
        self.messageID = messageID
        self.sessionID = sessionID
        encodedSize = envelope.size
    }

    /// Unpacks a batch (message format ``batchFormat``): data sections that hold a message each.
    ///
    /// - Throws: ``BrokerError`` with reason `invalidArgument` when it is not made of messages.
    public static func unpack(_ message: Message) throws(BrokerError) -> [IncomingMessage] {
        guard case .data(let sections) = message.body else {
            throw BrokerError(.invalidArgument, "The batch has no data sections.")
        }
        var messages: [IncomingMessage] = []
        messages.reserveCapacity(sections.count)
        for section in sections {
            do throws(CodecError) {
                messages.append(IncomingMessage(try Message(sent: section)))
            } catch {
                throw BrokerError(.invalidArgument, "Message \(messages.count) of the batch cannot be read: \(error.description)")
            }
        }
        return messages
    }

    /// The message format of a Service Bus batch.
    public static let batchFormat: UInt32 = 0x8001_3700

    /// Reads message id and session id where they lie: every message that arrives comes by here.
    private mutating func readProperties(of message: Message) {
        do throws(CodecError) {
            var fields = try message.readProperties()
            while fields.next() {
                switch fields.index {
                case 0:
                    if let text = fields.value.text {
                        messageID = text
                    } else {
                        messageID = try fields.value.decoded(in: message.buffer).identifierText
                    }
                case 10: sessionID = fields.value.text
                case 11...: return
                default: continue
                }
            }
        } catch {
            // Properties that are no list name no ids; whoever looks at the message sees what is wrong with them.
            return
        }
    }

    /// Keeps the sender's annotations, and notes what they ask for. Most are the broker's own, on messages that were received before: those
    /// are passed by where they lie.
    private mutating func keepAnnotations(of message: Message) {
        var writer = WireWriter()
        do throws(CodecError) {
            var annotations = try message.readMessageAnnotations()
            while annotations.next() {
                let (key, value) = (annotations.key, annotations.value)
                if key == "x-opt-scheduled-enqueue-time" {
                    envelope.scheduledEnqueueTime = value.integer
                    continue
                }
                if key == "x-opt-partition-key" {
                    partitionKey = value.text
                } else if Annotation.isStampedByBroker(key) {
                    continue
                }
                guard !value.isNull, let name = key.text else { continue }
                writer.symbol(Symbol(name))
                writer.value(try value.decoded(in: message.buffer))
                envelope.annotationCount += 1
            }
        } catch {
            // Annotations that are no map say nothing; whoever looks at the message sees what is wrong with them.
            envelope.annotationCount = 0
        }
        if envelope.annotationCount > 0 { envelope.annotations = Array(writer.finish().readableBytesView) }
    }
}

extension AMQPValue {
    /// An identifier as text. AMQP allows string, ulong, uuid and binary ids; two of different types never have the same text.
    var identifierText: String? {
        switch self {
        case .string(let text): text
        case .symbol(let symbol): symbol.name
        case .ulong(let number): "\u{0}ulong:\(number)"
        case .uuid(let uuid): "\u{0}uuid:\(uuid)"
        case .binary(let bytes): "\u{0}binary:" + bytes.readableBytesView.map { String($0, radix: 16) }.joined(separator: ".")
        default: integer.map { "\u{0}integer:\($0)" }
        }
    }
}
