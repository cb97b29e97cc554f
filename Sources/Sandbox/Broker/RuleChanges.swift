import AMQP
import NIOCore
import ServiceBus

/// What a rule's action makes of a message: a copy with the action's changes and the property `RuleName`, which says whose copy it is.
/// The body's bytes stay as they came.
enum RuleChanges {
    /// - Parameter mayReschedule: whether a new scheduled time counts; it does not in a subscription, where the message has arrived, but does
    ///   where it is forwarded to.
    static func copy(
        of message: IncomingMessage, for rule: String, with changes: MessageChanges, mayReschedule: Bool
    ) -> IncomingMessage {
        var envelope = message.envelope
        // Bytes that were accepted decode; the unchanged message is the harmless answer if they did not.
        guard let decoded = try? Message(envelope.content) else { return message }
        var head = MessageContent(properties: decoded.properties, applicationProperties: decoded.applicationProperties ?? AMQPMap())
        for (property, value) in changes.system {
            if property == .scheduledEnqueueTime, !mayReschedule { continue }
            apply(property, value, to: &head, &envelope)
        }
        for change in changes.user { apply(change, to: &head.applicationProperties) }
        if !changes.user.contains(where: { $0.concerns("RuleName") }) { set("RuleName", .string(rule), in: &head.applicationProperties) }

        let oldStart = envelope.bodyStart
        let rest = envelope.content.getSlice(
            at: envelope.content.readerIndex + oldStart, length: envelope.content.readableBytes - oldStart)
        var content = ByteBuffer()
        head.encode(into: &content)
        envelope.bodyStart = content.readableBytes
        envelope.bodyEnd += content.readableBytes - oldStart
        if let rest { content.writeImmutableBuffer(rest) }
        envelope.content = content
        return IncomingMessage(reopening: envelope)
    }

    private static func apply(_ change: MessageChanges.UserChange, to properties: inout AMQPMap) {
        guard let index = properties.pairs.firstIndex(where: { $0.key.text.map { change.concerns($0) } ?? false }) else {
            if let value = change.value { properties.pairs.append(.init(key: .string(change.name), value: value.amqpValue)) }
            return
        }
        if let value = change.value {
            properties.pairs[index].value = value.amqpValue.converted(like: properties.pairs[index].value)
        } else {
            properties.pairs.remove(at: index)
        }
    }

    private static func set(_ name: String, _ value: AMQPValue, in properties: inout AMQPMap) {
        properties.pairs.removeAll { $0.key.text == name }
        properties.pairs.append(.init(key: .string(name), value: value))
    }

    private static func apply(
        _ property: SystemProperty, _ value: FilterValue, to head: inout MessageContent, _ envelope: inout Envelope
    ) {
        var properties = head.properties ?? Properties()
        let text: String? = if case .text(let text) = value { text.string } else { nil }
        switch property {
        case .contentType: properties.contentType = text.map { Symbol($0) }
        case .correlationID: properties.correlationID = text.map { .string($0) }
        case .label: properties.subject = text
        case .messageID: properties.messageID = text.map { .string($0) }
        case .replyTo: properties.replyTo = text
        case .replyToSessionID: properties.replyToGroupID = text
        case .sessionID: properties.groupID = text
        case .to: properties.to = text
        case .partitionKey: envelope.setAnnotation("x-opt-partition-key", text.map { .string($0) })
        case .viaPartitionKey: envelope.setAnnotation("x-opt-via-partition-key", text.map { .string($0) })
        case .timeToLive:
            if case .duration(let ticks) = value {
                envelope.timeToLive = UInt32(clamping: ticks / 10_000)
            } else {
                envelope.timeToLive = nil
            }
            // The sender's own reckoning no longer holds.
            properties.absoluteExpiryTime = nil
        case .scheduledEnqueueTime:
            if case .moment(let moment) = value {
                envelope.scheduledEnqueueTime = moment.milliseconds
            } else {
                envelope.scheduledEnqueueTime = nil
            }
        default: return
        }
        head.properties = properties
    }
}

extension Envelope {
    /// The sender's annotations that are kept, decoded.
    var annotationPairs: [AMQPMap.Pair] {
        let buffer = ByteBuffer(bytes: annotations)
        var pairs: [AMQPMap.Pair] = []
        var reader = WireReader(buffer.readableBytesSpan)
        // Only whole pairs were ever written.
        while reader.remaining > 0, let key = try? reader.readValue(in: buffer), let value = try? reader.readValue(in: buffer) {
            pairs.append(.init(key: key, value: value))
        }
        return pairs
    }

    /// The partition key its sender gave it.
    var partitionKey: String? {
        annotationCount == 0 ? nil : annotationPairs.first { $0.key.text == "x-opt-partition-key" }?.value.text
    }

    mutating func setAnnotation(_ name: String, _ value: AMQPValue?) {
        var pairs = annotationPairs.filter { $0.key.text != name }
        if let value { pairs.append(.init(key: .symbol(Symbol(name)), value: value)) }
        var writer = WireWriter()
        for pair in pairs {
            writer.value(pair.key)
            writer.value(pair.value)
        }
        annotations = Array(writer.finish().readableBytesView)
        annotationCount = pairs.count
    }
}

extension AMQPValue {
    /// The value in the type of the one it replaces, when that is another type of number that can hold it: `SET quantity = quantity / 2`
    /// leaves an int an int.
    fileprivate func converted(like old: AMQPValue) -> AMQPValue {
        switch (old, self) {
        case (.ubyte, .long(let value)): UInt8(exactly: value).map { .ubyte($0) } ?? self
        case (.ushort, .long(let value)): UInt16(exactly: value).map { .ushort($0) } ?? self
        case (.uint, .long(let value)): UInt32(exactly: value).map { .uint($0) } ?? self
        case (.ulong, .long(let value)): UInt64(exactly: value).map { .ulong($0) } ?? self
        case (.byte, .long(let value)): Int8(exactly: value).map { .byte($0) } ?? self
        case (.short, .long(let value)): Int16(exactly: value).map { .short($0) } ?? self
        case (.int, .long(let value)): Int32(exactly: value).map { .int($0) } ?? self
        case (.float, .double(let value)): .float(Float(value))
        case (.float, .long(let value)): .float(Float(value))
        case (.double, .long(let value)): .double(Double(value))
        default: self
        }
    }
}
