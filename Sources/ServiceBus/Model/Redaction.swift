/// What was taken out of a message, or of other content, before anybody got to see it.
public struct Redaction: Hashable, Sendable {
    /// What stands in place of whatever is masked: a constant, so that it tells nothing of what it hides.
    public static let placeholder = "‹masked›"
    /// What stands in place of a body that could not be looked through.
    public static let withheldBody = "‹withheld: masking is on and this body could not be read›"

    /// How many values were masked, each counted once.
    public var fields: Int
    /// Whether the body was withheld as a whole, because nobody could tell what is in it.
    public var isBodyWithheld: Bool

    /// What the body was sent as, `gzip › JSON`, where it is what that was decoded to; nil where it is as sent but for the values masked.
    public var decodedFrom: String?

    /// Creates a description.
    public init(fields: Int, isBodyWithheld: Bool = false, decodedFrom: String? = nil) {
        self.fields = fields
        self.isBodyWithheld = isBodyWithheld
        self.decodedFrom = decodedFrom
    }

    /// `masked: 2 fields`, `masked: body withheld`, `masked: 2 fields, body decoded from CBOR`; nil when nothing is.
    public var summary: String? {
        var parts: [String] = []
        if fields > 0 { parts.append(fields == 1 ? "1 field" : "\(fields) fields") }
        if isBodyWithheld { parts.append("body withheld") }
        if let decodedFrom { parts.append("body decoded from \(decodedFrom)") }
        return parts.isEmpty ? nil : "masked: " + parts.joined(separator: ", ")
    }
}

/// Decides what of a message may be seen; ``PeekedMessage/redacted(by:)`` carries it out.
///
/// Texts are given as the bytes that were sent, which may not be valid UTF-8.
package protocol MessageRedactor {
    /// Whether a property of the service is hidden whatever it says.
    func hides(_ field: RedactableField) -> Bool
    /// Whether what stands under the name of an application property, or the key of a map, is hidden whatever it says.
    func hides(name: UnsafeRawBufferPointer) -> Bool
    /// What the key of a map, or the name of an application property, says of what stands under it.
    func role(of key: UnsafeRawBufferPointer) -> PairRole?
    /// Whether a value at a place in a body of typed values is hidden whatever it says.
    func hides(path: [RedactionStep]) -> Bool
    /// Whether a whole number is hidden for its digits.
    func hides(number: String) -> Bool
    /// Whether a UUID is hidden for what it looks like as text.
    func hides(identifier: () -> String) -> Bool
    /// A text without what is hidden in it; nil when nothing is.
    func redacted(text: UnsafeRawBufferPointer) -> String?
    /// A body without what is hidden in it.
    func redacted(body: UnsafeRawBufferPointer, contentType: String?, contentEncoding: String?) -> RedactedBody
}

/// What stands under a key of a map that says a name and its value side by side, `{"key": "password", "value": "…"}`.
package enum PairRole: Hashable, Sendable {
    case name, value
}

/// A step into a body of typed values.
package enum RedactionStep: Hashable, Sendable {
    /// Into a map, by key.
    case key(String)
    /// Into a list, by place.
    case index(Int)
}

/// What became of a body.
package enum RedactedBody: Hashable, Sendable {
    /// It may be seen as it is.
    case unchanged
    /// It may be seen like this; so many values are masked in it.
    case replaced([UInt8], fields: Int)
    /// It may not be seen as it was sent, but like this, which that was decoded to; so many values are masked in it.
    case decoded([UInt8], fields: Int, format: String)
    /// It must not be seen, since nobody could tell what is in it.
    case withheld
}

/// The properties of the service that can hold text.
package enum RedactableField: Int, CaseIterable, Sendable {
    // The first thirteen stand at these places of the properties section (AMQP 1.0, part 3, 3.2.4).
    case messageID, userID, to, subject, replyTo, correlationID, contentType, contentEncoding, absoluteExpiry, creation, sessionID,
        groupSequence, replyToSessionID
    case partitionKey, deadLetterSource, otherAnnotation

    /// The names operators have for it.
    package var names: [String] {
        switch self {
        case .messageID: ["MessageId"]
        case .userID: ["UserId"]
        case .to: ["To"]
        case .subject: ["Subject", "Label"]
        case .replyTo: ["ReplyTo"]
        case .correlationID: ["CorrelationId"]
        case .contentType: ["ContentType"]
        case .contentEncoding: ["ContentEncoding"]
        case .sessionID: ["SessionId"]
        case .replyToSessionID: ["ReplyToSessionId"]
        case .partitionKey: ["PartitionKey"]
        case .deadLetterSource: ["DeadLetterSource"]
        case .absoluteExpiry, .creation, .groupSequence, .otherAnnotation: []
        }
    }
}
