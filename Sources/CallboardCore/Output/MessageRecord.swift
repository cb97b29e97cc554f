internal import AMQP
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

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        let fields = message.fields
        row.cell(message.sequenceNumber.rawValue)
        row.cell(fields.enqueuedTime)
        row.cell(fields.state.description)
        row.cell(Int64(fields.deliveryCount))
        row.cell(Int64(message.encodedSize))
        row.cell(fields.messageID)
        row.cell(fields.subject)
        row.cell(fields.deadLetterReason)
    }

    /// Writes the message as one object.
    public func write(to json: inout JSONWriter) { Self.write(message, isHeadersOnly: isHeadersOnly, to: &json) }

    /// Writes a message as one object, from where the message lies: a copy counts references, which takes longer than a number to write.
    static func write(_ message: borrowing PeekedMessage, isHeadersOnly: Bool, to json: inout JSONWriter) {
        let fields = message.fields
        json.beginObject()
        json.member(fixed: "sequenceNumber", message.sequenceNumber.rawValue)
        writeFields(fields, to: &json)
        json.key(fixed: "applicationProperties")
        json.beginObject()
        var properties = fields.applicationProperties
        while properties.next() { json.property(properties.name, properties.value) }
        json.endObject()
        if !isHeadersOnly, message.redaction != nil || !writeText(fields, to: &json) { write(message.body, message.redaction, to: &json) }
        if let redaction = message.redaction, redaction.summary != nil {
            json.member(fixed: "maskedFields", Int64(redaction.fields))
        }
        json.endObject()
    }

    private static func writeFields(_ fields: borrowing MessageFields, to json: inout JSONWriter) {
        json.member(fixed: "enqueuedSequenceNumber", fields.enqueuedSequenceNumber?.rawValue)
        json.member(fixed: "messageId", fields.messageID)
        json.member(fixed: "correlationId", fields.correlationID)
        json.member(fixed: "sessionId", fields.sessionID)
        json.member(fixed: "partitionKey", fields.partitionKey)
        json.member(fixed: "subject", fields.subject)
        json.member(fixed: "to", fields.to)
        json.member(fixed: "replyTo", fields.replyTo)
        json.member(fixed: "replyToSessionId", fields.replyToSessionID)
        json.member(fixed: "contentType", fields.contentType)
        json.member(fixed: "contentEncoding", fields.contentEncoding)
        json.member(fixed: "timeToLiveMilliseconds", fields.timeToLiveMilliseconds)
        json.member(fixed: "enqueuedTime", fields.enqueuedTime)
        json.member(fixed: "expiresAt", fields.expiresAt)
        json.member(fixed: "scheduledEnqueueTime", fields.scheduledEnqueueTime)
        json.member(fixed: "deliveryCount", Int64(fields.deliveryCount))
        json.member(fixed: "state", fields.state.description)
        json.member(fixed: "deadLetterReason", fields.deadLetterReason)
        json.member(fixed: "deadLetterErrorDescription", fields.deadLetterErrorDescription)
        json.member(fixed: "deadLetterSource", fields.deadLetterSource)
    }

    /// Writes a body that is text as it was sent, from where it lies: most are.
    /// - Returns: false, and nothing is written, when it is another.
    private static func writeText(_ fields: borrowing MessageFields, to json: inout JSONWriter) -> Bool {
        guard let data = fields.data else { return false }
        return json.attempt { json in
            json.key(fixed: "body")
            var isText = false
            json.object { json in
                json.member(fixed: "kind", MessageBody.Kind.data.rawValue)
                json.member(fixed: "encoding", "utf-8")
                json.key(fixed: "text")
                isText = json.text(ifValid: data)
                json.member(fixed: "sizeBytes", Int64(data.byteCount))
            }
            return isText
        }
    }

    private static func write(_ body: MessageBody, _ redaction: Redaction?, to json: inout JSONWriter) {
        guard body.kind != .none else { return }
        json.key(fixed: "body")
        json.object { json in
            json.member(fixed: "kind", body.kind.rawValue)
            if redaction?.isBodyWithheld == true {
                return json.member(fixed: "withheld", "masking is on and this body could not be read")
            }
            if let format = redaction?.decodedFrom { json.member(fixed: "decodedFrom", format) }
            let (encoding, text) = body.content.map { self.text(of: $0) } ?? self.text(of: body)
            json.member(fixed: "encoding", encoding)
            json.member(fixed: "text", text)
            if body.kind == .value, let value = body.content { json.typed(value) }
            json.member(fixed: "sizeBytes", Int64(body.sizeBytes))
        }
    }

    /// The text that is printed of a body of bytes, and what they are in it.
    private static func text(of body: MessageBody) -> (encoding: String, text: String) {
        body.text.map { ("utf-8", $0) } ?? ("base64", Base64Text.of(body.bytes))
    }

    /// The text that is printed of a body that is a value or sequence: its own, its bytes or its JSON.
    static func text(of value: PropertyValue) -> (encoding: String, text: String) {
        switch value.content {
        case .text(let text): return ("utf-8", text)
        case .bytes(let bytes): return ("base64", Base64Text.of(bytes))
        default:
            var json = JSONWriter()
            json.value(value.content)
            return ("utf-8", String(decoding: json.bytes, as: UTF8.self))
        }
    }
}

extension JSONWriter {
    /// Writes an application property: its name, and its type and value.
    fileprivate mutating func property(_ name: borrowing FieldValue, _ value: borrowing FieldValue) {
        if let utf8 = name.utf8 { key(utf8) } else { key(name.text ?? "null") }
        // Most are strings, which need not be made into one.
        if value.isString, let utf8 = value.utf8 {
            raw("{\"type\":\"string\",\"value\":")
            text(utf8)
            raw("}")
            endValue()
        } else {
            let property = value.property
            object { $0.typed(property) }
        }
    }

    /// Writes type and value, and the encoding where these do not say all of it.
    fileprivate mutating func typed(_ value: PropertyValue) {
        member(fixed: "type", value.typeName)
        key(fixed: "value")
        self.value(value.content)
        if let encoding = value.encoding { member(fixed: "amqp", Base64Text.of(encoding)) }
    }

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
