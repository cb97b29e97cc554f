public import AMQP
public import NIOCore

/// A message on its way to a receiver or to somebody who peeks: what the broker stamps on it at this moment, and its content as it arrived.
public struct Delivery: Sendable {
    /// The state that peeking shows (annotation x-opt-message-state).
    public enum State: Int8, Sendable {
        /// Ready or locked.
        case active = 0
        /// Set aside.
        case deferred = 1
        /// Not yet active.
        case scheduled = 2
    }

    /// The message's name in its entity.
    public let sequenceNumber: Int64
    /// The number it got where it was first submitted.
    public let enqueuedSequenceNumber: Int64
    /// When it arrived, in milliseconds since 1970.
    public let enqueuedTime: Int64
    /// Its partition; nil in an entity that is not partitioned.
    public let partitionID: Int16?
    /// Earlier deliveries that failed.
    public let deliveryCount: UInt32
    /// Its state.
    public let state: State
    /// The token of the lock under which it is delivered: nil when peeked, or received and deleted.
    public let lockToken: UUIDBytes?
    /// When that lock ends, in milliseconds since 1970.
    public let lockedUntil: Int64?
    /// Its session, in an entity that requires sessions.
    public let sessionID: String?
    /// Properties, application properties, body and footer, byte for byte as they arrived.
    public var bare: ByteBuffer { envelope.content }

    /// The message; its content without the body where that is left out.
    private let envelope: Envelope
    private let timeToLive: UInt32?
    private let showsState: Bool

    /// How a message is shown.
    enum View {
        /// Delivered under its present lock.
        case locked
        /// Delivered and removed.
        case removed
        /// Peeked, with or without its body.
        case peeked(omitsBody: Bool)
    }

    init(_ message: StoredMessage, as view: View) {
        var envelope = message.envelope
        sequenceNumber = message.sequenceNumber
        enqueuedSequenceNumber = message.enqueuedSequenceNumber
        enqueuedTime = message.enqueuedTime
        partitionID =
            message.queue.entity.settings.isPartitioned
            ? Int16(truncatingIfNeeded: message.sequenceNumber >> QueueEntity.partitionShift) : nil
        deliveryCount = message.deliveryCount
        state = message.lastingState
        sessionID = message.session?.id
        timeToLive =
            message.expiresAt == .max
            ? envelope.timeToLive : UInt32(clamping: message.expiresAt.subtractingReportingOverflow(message.enqueuedTime).partialValue)
        switch view {
        case .locked:
            lockToken = message.lockToken
            lockedUntil = message.lockedUntil
            showsState = state != .active
        case .removed:
            lockToken = nil
            lockedUntil = nil
            showsState = state != .active
        case .peeked(let omitsBody):
            lockToken = nil
            lockedUntil = nil
            showsState = true
            if omitsBody, let headers = envelope.content.getSlice(at: envelope.content.readerIndex, length: envelope.bodyStart) {
                envelope.content = headers
            }
        }
        self.envelope = envelope
    }

    /// The size of the whole encoded message, in bytes.
    public var encodedSize: Int { prefixSize + envelope.content.readableBytes }

    /// The sections the broker writes: header, delivery annotations, message annotations. ``bare`` follows them on the wire.
    public var prefix: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.write(measured: prefixSize) { writePrefix(to: &$0) }
        return buffer
    }

    /// Appends the whole encoded message to a buffer.
    public func write(into buffer: inout ByteBuffer) {
        buffer.write(measured: encodedSize) { write(to: &$0) }
    }

    /// Writes the whole encoded message.
    func write(to writer: inout MeasuredWriter) {
        writePrefix(to: &writer)
        writer.bytes(envelope.content)
    }

    // MARK: Sizes

    /// The size of header, delivery annotations and message annotations, in bytes.
    public var prefixSize: Int {
        5 + headerFieldsSize + (lockToken == nil ? 0 : 6 + Annotation.lockToken.count + 16) + 12 + annotationsSize
    }

    /// The count byte and the five fields of the header's list.
    private var headerFieldsSize: Int {
        let count = deliveryCount == 0 ? 1 : deliveryCount <= 0xff ? 2 : 5
        return 1 + 1 + (envelope.priority == nil ? 1 : 2) + (timeToLive == nil ? 1 : 5) + 1 + count
    }

    private var annotationsSize: Int {
        var size = Annotation.sequenceNumber.count + Annotation.enqueuedTime.count + Annotation.enqueueSequenceNumber.count + 24
        if lockedUntil != nil { size += Annotation.lockedUntil.count + 8 }
        if envelope.scheduledEnqueueTime != nil { size += Annotation.scheduledEnqueueTime.count + 8 }
        if showsState { size += Annotation.messageState.count + 1 }
        if partitionID != nil { size += Annotation.partitionID.count + 2 }
        if let deadLetterSource = envelope.deadLetterSource { size += Annotation.deadLetterSource.count + 5 + deadLetterSource.utf8.count }
        return size + envelope.annotations.count
    }

    private var annotationPairs: Int {
        3 + (lockedUntil == nil ? 0 : 1) + (envelope.scheduledEnqueueTime == nil ? 0 : 1) + (showsState ? 1 : 0)
            + (envelope.deadLetterSource == nil ? 0 : 1)
            + (partitionID == nil ? 0 : 1) + envelope.annotationCount
    }

    // MARK: Bytes

    private func writePrefix(to writer: inout MeasuredWriter) {
        writeHeader(to: &writer)
        if let lockToken {
            // delivery-annotations: map8 of one pair
            writer.integer(UInt8(0))
            writer.integer(UInt8(0x53))
            writer.integer(UInt8(0x71))
            writer.integer(UInt8(0xc1))
            writer.integer(UInt8(Annotation.lockToken.count + 17))
            writer.integer(UInt8(2))
            writer.bytes(Annotation.lockToken)
            writer.integer(lockToken.high)
            writer.integer(lockToken.low)
        }
        writeMessageAnnotations(to: &writer)
    }

    private func writeHeader(to writer: inout MeasuredWriter) {
        writer.integer(UInt8(0))
        writer.integer(UInt8(0x53))
        writer.integer(UInt8(0x70))
        writer.integer(UInt8(0xc0))
        writer.integer(UInt8(headerFieldsSize))
        writer.integer(UInt8(5))
        writer.integer(envelope.durable.map { $0 ? UInt8(0x41) : 0x42 } ?? 0x40)
        if let priority = envelope.priority { writer.integer(UInt8(0x50)); writer.integer(priority) } else { writer.integer(UInt8(0x40)) }
        if let timeToLive { writer.integer(UInt8(0x70)); writer.integer(timeToLive) } else { writer.integer(UInt8(0x40)) }
        writer.integer(UInt8(0x40))
        if deliveryCount == 0 {
            writer.integer(UInt8(0x43))
        } else if deliveryCount <= 0xff {
            writer.integer(UInt8(0x52))
            writer.integer(UInt8(truncatingIfNeeded: deliveryCount))
        } else {
            writer.integer(UInt8(0x70))
            writer.integer(deliveryCount)
        }
    }

    private func writeMessageAnnotations(to writer: inout MeasuredWriter) {
        // map32, so that a long partition key needs no second form
        writer.integer(UInt8(0))
        writer.integer(UInt8(0x53))
        writer.integer(UInt8(0x72))
        writer.integer(UInt8(0xd1))
        writer.integer(UInt32(clamping: annotationsSize + 4))
        writer.integer(UInt32(clamping: annotationPairs * 2))
        writer.bytes(Annotation.enqueuedTime)
        writer.integer(enqueuedTime)
        writer.bytes(Annotation.sequenceNumber)
        writer.integer(sequenceNumber)
        if let lockedUntil {
            writer.bytes(Annotation.lockedUntil)
            writer.integer(lockedUntil)
        }
        writer.bytes(Annotation.enqueueSequenceNumber)
        writer.integer(enqueuedSequenceNumber)
        if let scheduledEnqueueTime = envelope.scheduledEnqueueTime {
            writer.bytes(Annotation.scheduledEnqueueTime)
            writer.integer(scheduledEnqueueTime)
        }
        if showsState {
            writer.bytes(Annotation.messageState)
            writer.integer(state.rawValue)
        }
        if let partitionID {
            writer.bytes(Annotation.partitionID)
            writer.integer(partitionID)
        }
        if let deadLetterSource = envelope.deadLetterSource {
            writer.bytes(Annotation.deadLetterSource)
            writer.integer(UInt8(0xb1))
            writer.integer(UInt32(clamping: deadLetterSource.utf8.count))
            writer.text(deadLetterSource)
        }
        writer.bytes(envelope.annotations)
    }
}
