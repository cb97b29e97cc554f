import NIOCore

/// An error a peer reports, or we report to it (part 2, 2.8.14).
public struct AMQPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The condition, for instance `amqp:not-found`.
    public var condition: Symbol
    /// Text for people. It comes from the peer: sanitise before showing.
    public var text: String?
    /// More about it.
    public var info: AMQPMap?

    /// Creates an error.
    public init(_ condition: Symbol, _ text: String? = nil, info: AMQPMap? = nil) {
        self.condition = condition
        self.text = text
        self.info = info
    }

    /// Condition and text.
    public var description: String { text.map { "\(condition.name): \($0)" } ?? condition.name }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        let descriptor = try reader.readDescriptor()
        guard descriptor == Descriptor.error else { throw CodecError(.unknownDescriptor(descriptor), at: reader.offset) }
        var fields = try reader.enterFields()
        condition = try reader.required(try reader.symbol(&fields), "condition")
        text = try reader.string(&fields)
        info = try reader.map(&fields, buffer)
        try reader.leave(fields)
    }

    static func optional(_ reader: inout WireReader, _ fields: inout FieldList, _ buffer: ByteBuffer) throws(CodecError) -> AMQPError? {
        try reader.hasValue(&fields) ? try AMQPError(from: &reader, in: buffer) : nil
    }

    /// Always with all three fields: pyamqp indexes the third.
    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.error, 3) {
            $0.symbol(condition)
            $0.optional(text)
            $0.optional(info)
        }
    }
}

extension SpanWriter {
    mutating func optional(_ value: AMQPError?) { if let value { value.encode(to: &self) } else { null() } }
}

extension Symbol {
    /// An internal error of the peer.
    public static let internalError: Symbol = "amqp:internal-error"
    /// The named thing does not exist.
    public static let notFound: Symbol = "amqp:not-found"
    /// The peer may not do this.
    public static let unauthorizedAccess: Symbol = "amqp:unauthorized-access"
    /// Bytes that could not be decoded.
    public static let decodeError: Symbol = "amqp:decode-error"
    /// A limit was exceeded.
    public static let resourceLimitExceeded: Symbol = "amqp:resource-limit-exceeded"
    /// Not allowed in this state.
    public static let notAllowed: Symbol = "amqp:not-allowed"
    /// A field is invalid.
    public static let invalidField: Symbol = "amqp:invalid-field"
    /// Not implemented by the peer.
    public static let notImplemented: Symbol = "amqp:not-implemented"
    /// The connection was closed by an operator or a time-out.
    public static let connectionForced: Symbol = "amqp:connection:forced"
    /// A frame broke the framing rules.
    public static let framingError: Symbol = "amqp:connection:framing-error"
    /// A session's window was violated.
    public static let windowViolation: Symbol = "amqp:session:window-violation"
    /// A frame named a handle with no link.
    public static let unattachedHandle: Symbol = "amqp:session:unattached-handle"
    /// A handle is in use.
    public static let handleInUse: Symbol = "amqp:session:handle-in-use"
    /// More transfers than link credit.
    public static let transferLimitExceeded: Symbol = "amqp:link:transfer-limit-exceeded"
    /// A message above the link's maximum size.
    public static let messageSizeExceeded: Symbol = "amqp:link:message-size-exceeded"
    /// The link was detached by an operator or a time-out.
    public static let detachForced: Symbol = "amqp:link:detach-forced"
}
