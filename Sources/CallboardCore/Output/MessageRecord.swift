public import ServiceBus

/// A peeked message as commands print it. The names of its JSON are stable.
public struct MessageRecord: OutputRecord {
    /// The message.
    public let message: PeekedMessage
    /// Whether the body was not asked for: its member is then absent.
    public let isHeadersOnly: Bool

    /// Wraps a message.
    public init(_ message: PeekedMessage, isHeadersOnly: Bool = false) {
        self.message = message
        self.isHeadersOnly = isHeadersOnly
    }

    /// Number, time, deliveries, id, subject, reason.
    public static let columns = [
        OutputColumn("sequence", isNumeric: true), OutputColumn("enqueued"), OutputColumn("state"),
        OutputColumn("delivered", isNumeric: true), OutputColumn("bytes", isNumeric: true), OutputColumn("message id"),
        OutputColumn("subject"), OutputColumn("reason"),
    ]

    /// The texts of the columns.
    public var cells: [String] {
        [
            message.sequenceNumber.description, message.enqueuedTime?.rfc3339 ?? "–", message.state.description,
            String(message.deliveryCount), String(message.encodedSize), message.messageID ?? "–", message.subject ?? "–",
            message.deadLetterReason ?? "–",
        ]
    }

    /// Writes the message as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(fixed: "sequenceNumber", message.sequenceNumber.rawValue)
            json.member(fixed: "enqueuedSequenceNumber", message.enqueuedSequenceNumber?.rawValue)
            json.member(fixed: "messageId", message.messageID)
            json.member(fixed: "correlationId", message.correlationID)
            json.member(fixed: "sessionId", message.sessionID)
            json.member(fixed: "partitionKey", message.partitionKey)
            json.member(fixed: "subject", message.subject)
            json.member(fixed: "to", message.to)
            json.member(fixed: "replyTo", message.replyTo)
            json.member(fixed: "replyToSessionId", message.replyToSessionID)
            json.member(fixed: "contentType", message.contentType)
            json.member(fixed: "contentEncoding", message.contentEncoding)
            json.member(fixed: "timeToLiveMilliseconds", message.timeToLive.map(\.wholeMilliseconds))
            json.member(fixed: "enqueuedTime", message.enqueuedTime?.rfc3339)
            json.member(fixed: "expiresAt", message.expiresAt?.rfc3339)
            json.member(fixed: "scheduledEnqueueTime", message.scheduledEnqueueTime?.rfc3339)
            json.member(fixed: "deliveryCount", Int64(message.deliveryCount))
            json.member(fixed: "state", message.state.description)
            json.member(fixed: "deadLetterReason", message.deadLetterReason)
            json.member(fixed: "deadLetterErrorDescription", message.deadLetterErrorDescription)
            json.member(fixed: "deadLetterSource", message.deadLetterSource)
            json.key(fixed: "applicationProperties")
            json.object { json in
                for property in message.applicationProperties {
                    json.key(property.name)
                    json.object { json in
                        json.member(fixed: "type", property.value.typeName)
                        json.key(fixed: "value")
                        json.value(property.value.content)
                    }
                }
            }
            if !isHeadersOnly { write(message.body, to: &json) }
        }
    }

    private func write(_ body: MessageBody, to json: inout JSONWriter) {
        guard body.kind != .none else { return }
        json.key(fixed: "body")
        json.object { json in
            json.member(fixed: "kind", body.kind.rawValue)
            if let text = body.text {
                json.member(fixed: "encoding", "utf-8")
                json.member(fixed: "text", text)
            } else if let content = body.content, !content.isBytes {
                var inner = JSONWriter()
                inner.value(content.content)
                json.member(fixed: "encoding", "utf-8")
                json.member(fixed: "text", String(decoding: inner.bytes, as: UTF8.self))
            } else {
                json.member(fixed: "encoding", "base64")
                json.member(fixed: "text", Base64Text.of(body.bytes))
            }
            json.member(fixed: "sizeBytes", Int64(body.sizeBytes))
        }
    }
}

extension PropertyValue {
    fileprivate var isBytes: Bool {
        if case .bytes = content { true } else { false }
    }
}

extension JSONWriter {
    /// Writes a value of a property or body: bytes in base64, whole numbers beyond 2^53 as strings.
    mutating func value(_ content: PropertyValue.Content) {
        switch content {
        case .null: null()
        case .boolean(let value): bool(value)
        case .integer(let value): exactInteger(value)
        case .unsigned(let value): text(String(value))
        case .number(let value): number(value)
        case .text(let value): text(value)
        case .bytes(let bytes): text(Base64Text.of(bytes))
        case .map(let entries):
            object { json in
                for entry in entries {
                    json.key(entry.key)
                    json.value(entry.value)
                }
            }
        case .list(let values):
            array { json in
                for value in values { json.value(value) }
            }
        }
    }
}

extension Duration {
    /// Milliseconds, rounded towards zero; saturates at the ends of the range.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, sumOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflow || sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}

/// Base64 with padding (RFC 4648, section 4).
enum Base64Text {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func of(_ bytes: [UInt8]) -> String {
        let length = (bytes.count + 2) / 3 * 4
        return String(unsafeUninitializedCapacity: length) { buffer in
            var place = 0
            for start in stride(from: 0, to: bytes.count, by: 3) {
                let available = min(3, bytes.count - start)
                var group = UInt32(bytes[start]) << 16
                if available > 1 { group |= UInt32(bytes[start + 1]) << 8 }
                if available > 2 { group |= UInt32(bytes[start + 2]) }
                for index in 0..<4 {
                    let digit = alphabet[Int(group >> UInt32(18 - 6 * index) & 63)]
                    buffer[place] = index <= available ? digit : UInt8(ascii: "=")
                    place += 1
                }
            }
            return place
        }
    }
}
