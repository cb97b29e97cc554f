import AMQP
import NIOCore

/// Writes the demo estate's messages; the files that extend it hold one domain each.
struct DemoWriter {
    let broker: Broker
    var random: BrokerRandom
    /// The present, to count back from.
    let now: Int64
    /// The last sequence number used in each entity.
    private var lastNumber: [String: Int64] = [:]

    static let minute: Int64 = 60_000
    static let hour: Int64 = 3_600_000
    static let day: Int64 = 86_400_000

    init(broker: Broker, seed: UInt64) {
        self.broker = broker
        random = BrokerRandom(seed: seed)
        broker.enter()
        now = broker.now
        broker.leave()
    }

    /// A number from 0 up to, not including, the bound.
    mutating func pick(_ bound: UInt64) -> UInt64 { bound == 0 ? 0 : random.next() % bound }

    /// One of several texts.
    mutating func pick(_ texts: [String]) -> String { texts.isEmpty ? "" : texts[Int(pick(UInt64(texts.count)))] }

    /// The next sequence number of an entity, leaving gaps as a busy queue has them.
    mutating func nextNumber(in path: String, startingAt first: Int64 = 1, gap: UInt64 = 2) -> Int64 {
        let number = lastNumber[path].map { $0 + 1 + Int64(pick(gap)) } ?? first
        lastNumber[path] = number
        return number
    }

    func queue(_ path: String, _ subQueue: EntityAddress.SubQueue = .active) throws(BrokerError) -> MessageQueue {
        try broker.queue(at: EntityAddress(path: path, subQueue: subQueue))
    }

    /// Puts one message into a queue, subscription or sub-queue.
    mutating func put(
        _ content: MessageContent, in queue: MessageQueue, age: Int64, deliveries: UInt32 = 0, isDeferred: Bool = false,
        deadLetterSource: String? = nil
    ) throws(BrokerError) {
        var message = try Self.incoming(content)
        message.envelope.deadLetterSource = deadLetterSource
        queue.restore(
            message,
            .init(
                sequenceNumber: nextNumber(in: queue.address.path), enqueuedTime: now - age, deliveryCount: deliveries,
                isDeferred: isDeferred))
    }

    /// Sends a message as an application would.
    func send(_ content: MessageContent, to path: String) throws(BrokerError) {
        try broker.send(Self.incoming(content), to: EntityAddress(path: path))
    }

    private static func incoming(_ content: MessageContent) throws(BrokerError) -> IncomingMessage {
        do throws(CodecError) {
            return IncomingMessage(try Message(content.encoded))
        } catch {
            throw BrokerError(.invalidArgument, "The demo estate has a message that cannot be read: \(error)")
        }
    }

    // MARK: Contents

    /// A message with a body and the properties most have.
    mutating func content(
        _ body: Body, subject: String, contentType: String? = "application/json", properties: AMQPMap = [:]
    ) -> MessageContent {
        var content = MessageContent(body: body)
        var fields = Properties()
        fields.messageID = .string(random.uuid().description)
        fields.correlationID = .string(random.uuid().description)
        fields.subject = subject
        fields.contentType = contentType.map { Symbol($0) }
        content.properties = fields
        content.applicationProperties = properties
        content.applicationProperties.pairs.append(.init(key: "Diagnostic-Id", value: .string(traceParent())))
        return content
    }

    /// A W3C trace context.
    private mutating func traceParent() -> String {
        let id = random.uuid()
        let span = UUIDBytes(high: random.next(), low: 0)
        return "00-\(id.description.filter { $0 != "-" })-\(span.description.filter { $0 != "-" }.prefix(16))-01"
    }

    static func text(_ text: String) -> Body { .data([ByteBuffer(string: text)]) }
    static func bytes(_ bytes: [UInt8]) -> Body { .data([ByteBuffer(bytes: bytes)]) }
}

extension MessageContent {
    /// The message as it looks in a dead-letter queue.
    func died(_ reason: String, _ description: String?) -> MessageContent {
        var dead = self
        dead.applicationProperties.pairs.append(.init(key: "DeadLetterReason", value: .string(reason)))
        if let description {
            dead.applicationProperties.pairs.append(.init(key: "DeadLetterErrorDescription", value: .string(description)))
        }
        return dead
    }
}
