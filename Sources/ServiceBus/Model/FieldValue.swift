public import AMQP
internal import NIOCore

/// One value of a message, read where it lies in the received bytes: nothing is copied until it is asked for.
public struct FieldValue: ~Escapable {
    @usableFromInline let value: EncodedValue

    @_lifetime(copy value)
    package init(_ value: EncodedValue) { self.value = value }

    /// Whether it is null or missing.
    @inlinable
    public var isNull: Bool { value.isNull }

    /// The bytes of a string or symbol, which may not be valid UTF-8; nil for any other type.
    @inlinable
    public var utf8: RawSpan? {
        @_lifetime(copy self)
        get { value.utf8 }
    }

    /// The value of any integer type or timestamp, when it fits.
    public var integer: Int64? { value.integer }

    /// The value of a timestamp.
    var timestamp: Timestamp? {
        value.timestamp.map { Timestamp(milliseconds: $0) }
    }

    /// The text of a string or symbol, with invalid UTF-8 repaired; nil for any other type.
    var string: String? { value.text }

    /// The value as text, whatever its type; nil when it is missing.
    public var text: String? { isNull ? nil : value.text ?? property.text }

    /// Whether it is a string; a symbol is none.
    public var isString: Bool { if case .string = value.content { true } else { false } }

    /// A value that can be kept.
    public var property: PropertyValue {
        switch value.content {
        case .null: PropertyValue(typeName: "null", content: .null)
        case .boolean(let flag): PropertyValue(typeName: "boolean", content: .boolean(flag))
        case .int(let number): PropertyValue(typeName: "int", content: .integer(Int64(number)))
        case .long(let number): PropertyValue(typeName: "long", content: .integer(number))
        case .double(let number): PropertyValue(typeName: "double", content: .number(number))
        case .string: PropertyValue(typeName: "string", content: .text(value.text ?? ""))
        case .symbol: PropertyValue(typeName: "symbol", content: .text(value.text ?? ""))
        default: decoded
        }
    }

    /// By way of a copy of its bytes, as the rarer types and everything nested are.
    private var decoded: PropertyValue {
        let bytes = value.encoding.withUnsafeBytes { ByteBuffer(bytes: $0) }
        // The message's lengths and nesting were checked when it was accepted: only a limit on its contents can still be hit.
        guard let value = try? AMQPValue(decoding: bytes) else { return PropertyValue(typeName: "malformed", content: .null) }
        return PropertyValue(value)
    }
}
