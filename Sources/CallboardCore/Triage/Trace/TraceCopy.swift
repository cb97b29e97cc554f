public import ServiceBus

/// A message that bears an id: where it is, and in which state.
public struct TraceCopy: Hashable, Sendable {
    /// Longer texts are cut to this many bytes: the message itself has the rest.
    static let longestText = 512

    /// The entity and sub-queue it is in.
    public let path: EntityPath
    /// By what it bears the id.
    public let match: TraceMatch
    /// The number the entity gave it.
    public let sequenceNumber: SequenceNumber
    /// Where it stands in its queue.
    public let state: MessageState
    /// When the entity took it. A dead letter keeps the time at which its first queue did.
    public let enqueuedTime: Timestamp?
    /// When it is to become active.
    public let scheduledEnqueueTime: Timestamp?
    /// When it expires.
    public let expiresAt: Timestamp?
    /// How often it was delivered.
    public let deliveryCount: Int
    /// Its message id.
    public let messageID: String?
    /// Its correlation id.
    public let correlationID: String?
    /// The session it belongs to.
    public let sessionID: String?
    /// What it is about.
    public let subject: String?
    /// Why it was dead-lettered.
    public let deadLetterReason: String?
    /// The entity it was dead-lettered from, where that is another one.
    public let deadLetterSource: String?

    /// Reads a message's headers.
    public init(_ message: PeekedMessage, in path: EntityPath, match: TraceMatch) {
        let fields = message.fields
        self.path = path
        self.match = match
        sequenceNumber = message.sequenceNumber
        state = fields.state
        enqueuedTime = fields.enqueuedTime
        scheduledEnqueueTime = fields.scheduledEnqueueTime
        expiresAt = fields.expiresAt
        deliveryCount = fields.deliveryCount
        messageID = Self.cut(fields.messageID.text)
        correlationID = Self.cut(fields.correlationID.text)
        sessionID = Self.cut(fields.sessionID.text)
        subject = Self.cut(fields.subject.text)
        deadLetterReason = Self.cut(fields.deadLetterReason.text)
        deadLetterSource = Self.cut(fields.deadLetterSource.text)
    }

    private static func cut(_ text: String?) -> String? {
        guard let text, text.utf8.count > longestText else { return text }
        return String(decoding: text.utf8.prefixOfWholeCharacters(longestText), as: UTF8.self)
    }

    /// Where it stands, for people: `active`, `deferred`, `scheduled`, `dead letter`, `transfer dead letter`.
    public var situation: String {
        let place: String
        switch path.subQueue {
        case .active: return state.description
        case .deadLetter: place = "dead letter"
        case .transferDeadLetter: place = "transfer dead letter"
        }
        return state == .active ? place : "\(place), \(state)"
    }

    /// The order of a trace: by the time at which it was taken, then by place.
    static func precedes(_ a: TraceCopy, _ b: TraceCopy) -> Bool {
        let (x, y) = (a.enqueuedTime?.milliseconds ?? .max, b.enqueuedTime?.milliseconds ?? .max)
        if x != y { return x < y }
        return a.path == b.path ? a.sequenceNumber < b.sequenceNumber : a.path < b.path
    }
}
