public import NIOCore

/// Asks a coordinator to begin a transaction: the body of a message to it (part 4, 4.5.2).
public struct Declare: Hashable, Sendable {
    /// The global transaction, for coordinators that offer distributed ones.
    public var globalID: AMQPValue?

    /// Creates the request.
    public init(globalID: AMQPValue? = nil) { self.globalID = globalID }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        globalID = try reader.value(&fields, buffer)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.declare, 1) {
            $0.optional(globalID)
        }
    }
}

/// Asks a coordinator to end a transaction: the body of a message to it (part 4, 4.5.3).
public struct Discharge: Hashable, Sendable {
    /// The transaction, as the coordinator named it.
    public var transactionID: ByteBuffer
    /// Whether to roll it back instead of committing it.
    public var fail: Bool?

    /// Creates the request.
    public init(transactionID: ByteBuffer, fail: Bool? = nil) {
        self.transactionID = transactionID
        self.fail = fail
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        transactionID = try reader.required(try reader.binary(&fields, buffer), "txn-id")
        fail = try reader.boolean(&fields)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.discharge, 2) {
            $0.binary(transactionID)
            $0.optional(fail)
        }
    }
}

/// What a coordinator may be asked, in the body of a message to it (part 4, 4.2).
public enum TransactionRequest: Hashable, Sendable {
    /// Begin.
    case declare(Declare)
    /// Commit or roll back.
    case discharge(Discharge)

    /// Decodes the body of a message to a coordinator.
    /// - Throws: ``CodecError`` when the body is not a value of one of the two types.
    public static func decode(_ message: Message) throws(CodecError) -> TransactionRequest {
        let section = message.bytes(of: .body) ?? ByteBuffer()
        var reader = WireReader(section.readableBytesSpan)
        let kind = try reader.readDescriptor()
        guard kind == Descriptor.amqpValue else { throw CodecError(.unexpectedSection(kind), at: 0) }
        return try TransactionRequest(from: &reader, in: section)
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        let start = reader.offset
        let descriptor = try reader.readDescriptor()
        switch descriptor {
        case Descriptor.declare: self = .declare(try Declare(from: &reader, in: buffer))
        case Descriptor.discharge: self = .discharge(try Discharge(from: &reader, in: buffer))
        default: throw CodecError(.unknownDescriptor(descriptor), at: start)
        }
    }

    func encode(to writer: inout SpanWriter) {
        switch self {
        case .declare(let body): body.encode(to: &writer)
        case .discharge(let body): body.encode(to: &writer)
        }
    }

    /// The body of a message that asks for this.
    public var body: Body {
        switch self {
        case .declare(let declare):
            .value(.described(descriptor: .ulong(Descriptor.declare), value: .list([declare.globalID ?? .null])))
        case .discharge(let discharge):
            .value(
                .described(
                    descriptor: .ulong(Descriptor.discharge),
                    value: .list([.binary(discharge.transactionID), discharge.fail.map { .boolean($0) } ?? .null])))
        }
    }
}
