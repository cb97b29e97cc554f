package import AMQP
internal import NIOCore

/// A message as a filter sees it, read where it lies: a filter that looks at one property walks to that property and copies nothing.
package struct MessageSubject: FilterSubject, Sendable {
    /// What is known of a message beyond its bytes: a broker keeps header and annotations apart.
    package struct Circumstances: Sendable {
        /// How long it may live, in milliseconds.
        package var timeToLive: Int64?
        /// When it arrived, in milliseconds since 1970.
        package var enqueuedTime: Int64?
        /// When it is to become active, in milliseconds since 1970.
        package var scheduledEnqueueTime: Int64?
        /// The partition key.
        package var partitionKey: String?
        /// The number it has.
        package var sequenceNumber: Int64?
        /// Its size in bytes.
        package var size: Int

        /// Creates circumstances.
        package init(
            timeToLive: Int64? = nil, enqueuedTime: Int64? = nil, scheduledEnqueueTime: Int64? = nil, partitionKey: String? = nil,
            sequenceNumber: Int64? = nil, size: Int
        ) {
            self.timeToLive = timeToLive
            self.enqueuedTime = enqueuedTime
            self.scheduledEnqueueTime = scheduledEnqueueTime
            self.partitionKey = partitionKey
            self.sequenceNumber = sequenceNumber
            self.size = size
        }
    }

    private let message: Message
    private let circumstances: Circumstances?
    private let redaction: Redaction?

    /// Looks at a message.
    /// - Parameter circumstances: what to take in place of its header and annotations; nil to read those.
    package init(_ message: Message, _ circumstances: Circumstances? = nil) {
        self.message = message
        self.circumstances = circumstances
        redaction = nil
    }

    /// Looks at a message of which something may be masked: what is compares with nothing.
    package init(_ message: PeekedMessage) {
        self.message = message.message
        circumstances = nil
        redaction = message.redaction
    }

    package func userValue(_ name: FoldedName) -> FilterValue? { storedUserValue(name).map { unlessMasked($0) } }

    package func systemValue(_ property: SystemProperty) -> FilterValue { unlessMasked(storedSystemValue(property)) }

    package func bodyValue(_ path: [String]) -> FilterValue {
        if redaction?.isBodyWithheld == true { return .masked }
        // What a body was decoded to for being masked is not what was sent: without masking a condition sees something else.
        if redaction?.decodedFrom != nil { return .unknown }
        return unlessMasked(storedBodyValue(path))
    }

    private func unlessMasked(_ value: FilterValue) -> FilterValue {
        guard redaction != nil, case .text(let text) = value, text.string == Redaction.placeholder else { return value }
        return .masked
    }

    private func storedUserValue(_ name: FoldedName) -> FilterValue? {
        guard var properties = try? message.readApplicationProperties() else { return nil }
        while properties.next() {
            guard let key = properties.key.utf8 else { continue }
            if key.withUnsafeBytes({ name.matches($0) }) { return FilterValue(properties.value, in: message.buffer) }
        }
        return nil
    }

    private func storedSystemValue(_ property: SystemProperty) -> FilterValue {
        switch property {
        case .messageID: return identifier(0)
        case .to: return field(2)
        case .label: return field(3)
        case .replyTo: return field(4)
        case .correlationID: return identifier(5)
        case .contentType: return field(6)
        case .sessionID: return field(10)
        case .replyToSessionID: return field(12)
        case .size: return .integer(Int64(circumstances?.size ?? message.buffer.readableBytes))
        default: return circumstances.map { value(of: property, in: $0) } ?? annotated(property)
        }
    }

    private func storedBodyValue(_ path: [String]) -> FilterValue {
        guard let text = bodyText else { return .unknown }
        if path.isEmpty { return .text(FilterText(text)) }
        return JSONPath.value(at: path, in: text)
    }

    // MARK: Properties

    private func field(_ index: Int) -> FilterValue {
        guard var fields = try? message.readProperties() else { return .unknown }
        while fields.next() {
            if fields.index == index { return FilterValue(fields.value, in: message.buffer) }
        }
        return .unknown
    }

    /// An id is text to the service, whatever type its sender gave it.
    private func identifier(_ index: Int) -> FilterValue {
        let value = field(index)
        switch value {
        case .text, .unknown, .other: return value
        default: return .text(value.plainText)
        }
    }

    // MARK: Header and annotations

    private func annotated(_ property: SystemProperty) -> FilterValue {
        switch property {
        case .sequenceNumber: return annotation("x-opt-sequence-number")
        case .enqueuedSequenceNumber:
            let number = annotation("x-opt-enqueue-sequence-number")
            return number.isUnknown ? annotation("x-opt-offset") : number
        case .enqueuedTime: return annotation("x-opt-enqueued-time")
        case .scheduledEnqueueTime: return annotation("x-opt-scheduled-enqueue-time")
        case .lockedUntil: return annotation("x-opt-locked-until")
        case .partitionKey: return annotation("x-opt-partition-key")
        case .viaPartitionKey: return annotation("x-opt-via-partition-key")
        case .deadLetterSource: return annotation("x-opt-deadletter-source")
        case .deliveryCount:
            let count = headerField(4)
            return count.isUnknown ? .integer(0) : count
        case .timeToLive: return timeToLive.map { .duration(ticks: $0) } ?? .unknown
        case .expiresAt:
            guard case .moment(let enqueued) = annotation("x-opt-enqueued-time"), let ticks = timeToLive else { return field(8) }
            let (expiry, overflow) = enqueued.milliseconds.addingReportingOverflow(ticks / 10_000)
            return .moment(Timestamp(milliseconds: overflow ? .max : expiry))
        case .state:
            guard case .integer(let state) = annotation("x-opt-message-state") else { return .text(MessageState.active.description) }
            return .text(MessageState(state).description)
        default: return .unknown
        }
    }

    /// How long it was to live, in ticks: the header's word, or where that cannot say so much the time from creation to expiry.
    private var timeToLive: Int64? {
        if case .integer(let milliseconds) = headerField(2), milliseconds != Int64(UInt32.max) {
            // An `uint` by the standard, by the wire whatever its sender wrote.
            let (ticks, overflow) = milliseconds.multipliedReportingOverflow(by: 10_000)
            return overflow ? (milliseconds < 0 ? .min : .max) : ticks
        }
        guard case .moment(let expiry) = field(8), case .moment(let creation) = field(9), expiry >= creation else { return nil }
        return expiry.since(creation).dotNetTicks
    }

    private func annotation(_ name: StaticString) -> FilterValue {
        guard var annotations = try? message.readMessageAnnotations() else { return .unknown }
        while annotations.next() {
            if annotations.key == name { return FilterValue(annotations.value, in: message.buffer) }
        }
        return .unknown
    }

    private func headerField(_ index: Int) -> FilterValue {
        guard var fields = try? message.readHeader() else { return .unknown }
        while fields.next() {
            if fields.index == index { return FilterValue(fields.value, in: message.buffer) }
        }
        return .unknown
    }

    private func value(of property: SystemProperty, in circumstances: Circumstances) -> FilterValue {
        func moment(_ milliseconds: Int64?) -> FilterValue { milliseconds.map { .moment(Timestamp(milliseconds: $0)) } ?? .unknown }
        switch property {
        case .sequenceNumber, .enqueuedSequenceNumber: return circumstances.sequenceNumber.map { .integer($0) } ?? .unknown
        case .enqueuedTime: return moment(circumstances.enqueuedTime)
        case .scheduledEnqueueTime: return moment(circumstances.scheduledEnqueueTime)
        case .partitionKey: return circumstances.partitionKey.map { .text($0) } ?? .unknown
        case .deliveryCount: return .integer(0)
        case .state: return .text(MessageState.active.description)
        case .timeToLive:
            guard let (ticks, overflow) = circumstances.timeToLive?.multipliedReportingOverflow(by: 10_000) else { return .unknown }
            return .duration(ticks: overflow ? .max : ticks)
        case .expiresAt:
            guard let enqueued = circumstances.enqueuedTime, let milliseconds = circumstances.timeToLive else { return .unknown }
            let (expiry, overflow) = enqueued.addingReportingOverflow(milliseconds)
            return moment(overflow ? .max : expiry)
        default: return .unknown
        }
    }

    // MARK: Body

    /// The bytes of the body as one piece of text: of a data body all sections, of a value body its string.
    private var bodyText: ByteBuffer? {
        switch message.bodyKind {
        case .none, .sequence: return nil
        case .value:
            guard let body = try? message.readBody() else { return nil }
            return body.contentSlice(of: message.buffer)
        case .data:
            guard case .data(let sections) = message.body, var whole = sections.first else { return nil }
            // Few senders split a body, so that copying one that is split costs nobody else.
            for section in sections.dropFirst() { whole.writeImmutableBuffer(section) }
            return whole
        }
    }
}

extension FilterValue {
    /// A value that is there and must not be seen: no operator takes it.
    static let masked = FilterValue.other("masked")
}

extension PeekedMessage {
    /// The value of a property, as a filter sees it; unknown when the message does not have it. Of what is masked, the placeholder.
    public func value(of property: FilterProperty) -> FilterValue {
        let subject = MessageSubject(message)
        return switch property.scope {
        case .user: subject.userValue(property.folded) ?? .unknown
        case .system(let property): property.map { subject.systemValue($0) } ?? .unknown
        case .body(let path): subject.bodyValue(path)
        }
    }
}
