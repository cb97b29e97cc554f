package import AMQP

/// What the sections of a message say, found in one pass and read where it lies.
///
/// For lists of very many messages, each looked at once: a line of a table, an object of JSON. It is a view of the received bytes and
/// cannot outlive its message; the properties of ``PeekedMessage`` can be kept. A field that is missing is null, and so is one in a
/// section that is not what the standard says it is.
public struct MessageFields: ~Escapable {
    private var ttl: Int64?
    private var absoluteExpiry: Int64?
    private var creation: Int64?
    private var enqueueSequence: Int64?
    private var offset: Int64?
    private var stateCode: Int64?

    /// How often it was delivered.
    public private(set) var deliveryCount = 0
    /// When the entity took it.
    public private(set) var enqueuedTime: Timestamp?
    /// When it is to become active.
    public private(set) var scheduledEnqueueTime: Timestamp?
    /// The message id: a string, ulong, uuid or binary.
    public private(set) var messageID: FieldValue
    /// The correlation id: a string, ulong, uuid or binary.
    public private(set) var correlationID: FieldValue
    /// The session it belongs to.
    public private(set) var sessionID: FieldValue
    /// The partition key.
    public private(set) var partitionKey: FieldValue
    /// What it is about.
    public private(set) var subject: FieldValue
    /// Whom it is addressed to.
    public private(set) var to: FieldValue
    /// Where answers go.
    public private(set) var replyTo: FieldValue
    /// The session answers belong to.
    public private(set) var replyToSessionID: FieldValue
    /// The MIME type of the body.
    public private(set) var contentType: FieldValue
    /// The encoding of the body.
    public private(set) var contentEncoding: FieldValue
    /// The entity it was dead-lettered from.
    public private(set) var deadLetterSource: FieldValue
    /// Why it was dead-lettered.
    public private(set) var deadLetterReason: FieldValue
    /// More about why.
    public private(set) var deadLetterErrorDescription: FieldValue

    @_lifetime(borrow message)
    package init(_ message: borrowing Message) {
        messageID = FieldValue()
        correlationID = FieldValue()
        sessionID = FieldValue()
        partitionKey = FieldValue()
        subject = FieldValue()
        to = FieldValue()
        replyTo = FieldValue()
        replyToSessionID = FieldValue()
        contentType = FieldValue()
        contentEncoding = FieldValue()
        deadLetterSource = FieldValue()
        deadLetterReason = FieldValue()
        deadLetterErrorDescription = FieldValue()
        do throws(CodecError) {
            var header = try message.readHeader()
            while header.next() {
                switch header.index {
                case 2: ttl = header.value.integer
                case 4: deliveryCount = Int(clamping: header.value.integer ?? 0)
                default: break
                }
            }
        } catch {}
        do throws(CodecError) {
            var annotations = try message.readMessageAnnotations()
            while annotations.next() {
                let (key, value) = (annotations.key, FieldValue(annotations.value))
                if key == "x-opt-enqueued-time" {
                    enqueuedTime = value.timestamp
                } else if key == "x-opt-enqueue-sequence-number" {
                    enqueueSequence = value.integer
                } else if key == "x-opt-message-state" {
                    stateCode = value.integer
                } else if key == "x-opt-partition-key" {
                    partitionKey = value
                } else if key == "x-opt-deadletter-source" {
                    deadLetterSource = value
                } else if key == "x-opt-scheduled-enqueue-time" {
                    scheduledEnqueueTime = value.timestamp
                } else if key == "x-opt-offset" {
                    offset = value.integer
                }
            }
        } catch {}
        do throws(CodecError) {
            var properties = try message.readProperties()
            while properties.next() {
                let value = FieldValue(properties.value)
                switch properties.index {
                case 0: messageID = value
                case 2: to = value
                case 3: subject = value
                case 4: replyTo = value
                case 5: correlationID = value
                case 6: contentType = value
                case 7: contentEncoding = value
                case 8: absoluteExpiry = value.integer
                case 9: creation = value.integer
                case 10: sessionID = value
                case 12: replyToSessionID = value
                default: break
                }
            }
        } catch {}
        do throws(CodecError) {
            var application = try message.readApplicationProperties()
            while application.next() {
                if application.key == "DeadLetterReason" {
                    deadLetterReason = FieldValue(application.value)
                } else if application.key == "DeadLetterErrorDescription" {
                    deadLetterErrorDescription = FieldValue(application.value)
                }
            }
        } catch {}
    }

    /// The number it got when it first entered, before it was forwarded or scheduled.
    public var enqueuedSequenceNumber: SequenceNumber? { (enqueueSequence ?? offset).map { SequenceNumber($0) } }

    /// Where it stands.
    public var state: MessageState { MessageState(stateCode) }

    /// How long it was to live; nil for ever. A header holds at most 49 days: for more, from creation to expiry.
    public var timeToLive: Duration? { timeToLiveMilliseconds.map { .milliseconds($0) } }

    /// ``timeToLive`` in milliseconds, never negative: a duration is a number of 128 bits, and lists ask for thousands of these.
    public var timeToLiveMilliseconds: Int64? {
        if let ttl, ttl != UInt32.max { return ttl }
        guard let absoluteExpiry, let creation, absoluteExpiry >= creation else { return nil }
        let (lifetime, overflow) = absoluteExpiry.subtractingReportingOverflow(creation)
        return overflow ? .max : lifetime
    }

    /// When it expires. Counted from when the entity took it, as the service counts; a sender's own reckoning only where that is all there is.
    public var expiresAt: Timestamp? {
        if let enqueuedTime, let timeToLiveMilliseconds {
            let (time, overflow) = enqueuedTime.milliseconds.addingReportingOverflow(timeToLiveMilliseconds)
            return Timestamp(milliseconds: overflow ? .max : time)
        }
        return absoluteExpiry.map { Timestamp(milliseconds: $0) }
    }
}

/// The application's properties, in the order they were sent, read where they lie.
///
///     var properties = message.readApplicationProperties()
///     while properties.next() { ... properties.name, properties.value ... }
public struct PropertyReader: ~Escapable {
    private var pairs: MapReader

    @_lifetime(borrow message)
    init(_ message: borrowing Message) {
        do throws(CodecError) { pairs = try message.readApplicationProperties() } catch { pairs = MapReader() }
    }

    /// Moves to the next property; false when there is none.
    @_lifetime(self: copy self)
    public mutating func next() -> Bool { pairs.next() }

    /// The name of the property ``next()`` moved to: a string, as the standard demands, or whatever the sender used.
    public var name: FieldValue {
        @_lifetime(copy self)
        get { FieldValue(pairs.key) }
    }

    /// Its value.
    public var value: FieldValue {
        @_lifetime(copy self)
        get { FieldValue(pairs.value) }
    }
}
