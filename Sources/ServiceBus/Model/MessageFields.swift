package import AMQP

/// What the sections of a message say, found in one pass and read where it lies.
///
/// For lists of very many messages, each looked at once: a line of a table, an object of JSON. It is a view of the received bytes and
/// cannot outlive its message; the properties of ``PeekedMessage`` can be kept. A field that is missing is null, and so is one in a
/// section that is not what the standard says it is.
public struct MessageFields: ~Escapable {
    /// Where values lie: less to move about than the values.
    private struct Places {
        var messageID = EncodedValue.Place()
        var correlationID = EncodedValue.Place()
        var sessionID = EncodedValue.Place()
        var partitionKey = EncodedValue.Place()
        var subject = EncodedValue.Place()
        var to = EncodedValue.Place()
        var replyTo = EncodedValue.Place()
        var replyToSessionID = EncodedValue.Place()
        var contentType = EncodedValue.Place()
        var contentEncoding = EncodedValue.Place()
        var deadLetterSource = EncodedValue.Place()
        var deadLetterReason = EncodedValue.Place()
        var deadLetterErrorDescription = EncodedValue.Place()
    }

    private let message: MessageReader
    private var places = Places()
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

    @_lifetime(borrow message)
    package init(_ message: borrowing Message) {
        self.message = message.read()
        readHeader()
        readMessageAnnotations()
        readProperties()
        readDeadLettering()
    }

    private mutating func readHeader() {
        do throws(CodecError) {
            var header = try message.header()
            while header.next() {
                switch header.index {
                case 2: ttl = header.value.integer
                case 4: deliveryCount = Int(clamping: header.value.integer ?? 0)
                default: break
                }
            }
        } catch {}
    }

    private mutating func readMessageAnnotations() {
        do throws(CodecError) {
            var annotations = try message.messageAnnotations()
            while annotations.next() {
                let (key, value) = (annotations.key, annotations.value)
                if key == "x-opt-enqueued-time" {
                    enqueuedTime = FieldValue(value).timestamp
                } else if key == "x-opt-enqueue-sequence-number" {
                    enqueueSequence = value.integer
                } else if key == "x-opt-message-state" {
                    stateCode = value.integer
                } else if key == "x-opt-partition-key" {
                    places.partitionKey = value.place
                } else if key == "x-opt-deadletter-source" {
                    places.deadLetterSource = value.place
                } else if key == "x-opt-scheduled-enqueue-time" {
                    scheduledEnqueueTime = FieldValue(value).timestamp
                } else if key == "x-opt-offset" {
                    offset = value.integer
                }
            }
        } catch {}
    }

    private mutating func readProperties() {
        do throws(CodecError) {
            var properties = try message.properties()
            while properties.next() {
                let value = properties.value
                switch properties.index {
                case 0: places.messageID = value.place
                case 2: places.to = value.place
                case 3: places.subject = value.place
                case 4: places.replyTo = value.place
                case 5: places.correlationID = value.place
                case 6: places.contentType = value.place
                case 7: places.contentEncoding = value.place
                case 8: absoluteExpiry = value.integer
                case 9: creation = value.integer
                case 10: places.sessionID = value.place
                case 12: places.replyToSessionID = value.place
                default: break
                }
            }
        } catch {}
    }

    private mutating func readDeadLettering() {
        do throws(CodecError) {
            var properties = try message.applicationProperties()
            while properties.next() {
                if properties.key == "DeadLetterReason" {
                    places.deadLetterReason = properties.value.place
                } else if properties.key == "DeadLetterErrorDescription" {
                    places.deadLetterErrorDescription = properties.value.place
                }
            }
        } catch {}
    }

    /// The message id: a string, ulong, uuid or binary.
    public var messageID: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.messageID) }
    }
    /// The correlation id: a string, ulong, uuid or binary.
    public var correlationID: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.correlationID) }
    }
    /// The session it belongs to.
    public var sessionID: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.sessionID) }
    }
    /// The partition key.
    public var partitionKey: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.partitionKey) }
    }
    /// What it is about.
    public var subject: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.subject) }
    }
    /// Whom it is addressed to.
    public var to: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.to) }
    }
    /// Where answers go.
    public var replyTo: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.replyTo) }
    }
    /// The session answers belong to.
    public var replyToSessionID: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.replyToSessionID) }
    }
    /// The MIME type of the body.
    public var contentType: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.contentType) }
    }
    /// The encoding of the body.
    public var contentEncoding: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.contentEncoding) }
    }
    /// The entity it was dead-lettered from.
    public var deadLetterSource: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.deadLetterSource) }
    }
    /// Why it was dead-lettered.
    public var deadLetterReason: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.deadLetterReason) }
    }
    /// More about why.
    public var deadLetterErrorDescription: FieldValue {
        @_lifetime(copy self)
        get { value(at: places.deadLetterErrorDescription) }
    }

    @_lifetime(copy self)
    private func value(at place: EncodedValue.Place) -> FieldValue { FieldValue(message.value(at: place)) }

    /// The application's properties, in the order they were sent.
    public var applicationProperties: PropertyReader {
        @_lifetime(copy self)
        get { PropertyReader(message) }
    }

    /// The bytes of a body that is one data section; nil for every other body.
    public var data: RawSpan? {
        @_lifetime(copy self)
        get { message.data }
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
