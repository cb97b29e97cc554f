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
