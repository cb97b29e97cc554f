public import NIOCore

/// The state of a delivery at one end (part 3, 3.4; part 4, 4.5).
public enum DeliveryState: Hashable, Sendable {
    /// Part of the message has arrived.
    case received(sectionNumber: UInt32, sectionOffset: UInt64)
    /// The outcome "accepted".
    case accepted
    /// The outcome "rejected", with the reason.
    case rejected(AMQPError?)
    /// The outcome "released": not processed, may be delivered again, not counted.
    case released
    /// The outcome "modified".
    case modified(Modified)
    /// A transaction was declared.
    case declared(transactionID: ByteBuffer)
    /// The state inside a transaction.
    indirect case transactional(transactionID: ByteBuffer, outcome: DeliveryState?)

    /// What a "modified" outcome asks for (part 3, 3.4.5). Nil fields were not sent.
    public struct Modified: Hashable, Sendable {
        /// Count this delivery as failed.
        public var deliveryFailed: Bool?
        /// Do not deliver here again (Service Bus: defer).
        public var undeliverableHere: Bool?
        /// Annotations to merge into the message.
        public var messageAnnotations: AMQPMap?
        /// Creates the outcome's fields.
        public init(deliveryFailed: Bool? = nil, undeliverableHere: Bool? = nil, messageAnnotations: AMQPMap? = nil) {
            self.deliveryFailed = deliveryFailed
            self.undeliverableHere = undeliverableHere
            self.messageAnnotations = messageAnnotations
        }
    }

    /// Whether this ends the delivery (part 3, 3.4).
    public var isTerminal: Bool {
        switch self {
        case .received: false
        case .transactional(_, let outcome): outcome != nil
        default: true
        }
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer, depth: Int = 0) throws(CodecError) {
        let start = reader.offset
        let descriptor = try reader.readDescriptor()
        var fields = try reader.enterFields()
        switch descriptor {
        case Descriptor.accepted: self = .accepted
        case Descriptor.released: self = .released
        case Descriptor.rejected: self = .rejected(try AMQPError.optional(&reader, &fields, buffer))
        case Descriptor.modified:
            self = .modified(
                Modified(
                    deliveryFailed: try reader.boolean(&fields), undeliverableHere: try reader.boolean(&fields),
                    messageAnnotations: try reader.map(&fields, buffer)))
        case Descriptor.received:
            self = .received(
                sectionNumber: try reader.required(try reader.uint(&fields), "section-number"),
                sectionOffset: try reader.required(try reader.ulong(&fields), "section-offset"))
        case Descriptor.declared:
            self = .declared(transactionID: try reader.required(try reader.binary(&fields, buffer), "txn-id"))
        case Descriptor.transactionalState where depth == 0:
            let id = try reader.required(try reader.binary(&fields, buffer), "txn-id")
            let outcome = try reader.hasValue(&fields) ? try DeliveryState(from: &reader, in: buffer, depth: depth + 1) : nil
            self = .transactional(transactionID: id, outcome: outcome)
        default: throw CodecError(.unknownDescriptor(descriptor), at: start)
        }
        try reader.leave(fields)
    }

    static func optional(_ reader: inout WireReader, _ fields: inout FieldList, _ buffer: ByteBuffer) throws(CodecError) -> DeliveryState? {
        try reader.hasValue(&fields) ? try DeliveryState(from: &reader, in: buffer) : nil
    }

    func encode(to writer: inout SpanWriter) {
        switch self {
        case .accepted: writer.composite(Descriptor.accepted, 0) { _ in }
        case .released: writer.composite(Descriptor.released, 0) { _ in }
        case .rejected(let error): writer.composite(Descriptor.rejected, 1) { $0.optional(error) }
        case .modified(let modified):
            writer.composite(Descriptor.modified, 3) {
                $0.optional(modified.deliveryFailed)
                $0.optional(modified.undeliverableHere)
                $0.optional(modified.messageAnnotations)
            }
        case .received(let number, let offset):
            writer.composite(Descriptor.received, 2) {
                $0.uint(number)
                $0.ulong(offset)
            }
        case .declared(let id): writer.composite(Descriptor.declared, 1) { $0.binary(id) }
        case .transactional(let id, let outcome):
            writer.composite(Descriptor.transactionalState, 2) {
                $0.binary(id)
                $0.optional(outcome)
            }
        }
    }
}

extension SpanWriter {
    mutating func optional(_ value: DeliveryState?) { if let value { value.encode(to: &self) } else { null() } }
}
