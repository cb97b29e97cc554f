package import AMQP
internal import NIOCore

/// A value while a filter is evaluated, in the service's types.
///
/// Whole numbers of every width are one type, as C# promotes them before it compares or computes; `float` becomes `double`.
public enum FilterValue: Hashable, Sendable {
    /// Nothing is known: the property is missing, or its value is null.
    case unknown
    /// A truth value.
    case boolean(Bool)
    /// A whole number.
    case integer(Int64)
    /// A whole number above 2^63 - 1.
    case unsigned(UInt64)
    /// A number with a fraction.
    case double(Double)
    /// Text.
    case text(FilterText)
    /// A moment.
    case moment(Timestamp)
    /// A length of time in .NET's ticks of 100 ns.
    case duration(ticks: Int64)
    /// A GUID.
    case guid(high: UInt64, low: UInt64)
    /// Something that no operator takes: bytes, a list, a map. The name of its AMQP type.
    case other(String)

    /// Text from a string.
    public static func text(_ string: String) -> FilterValue { .text(FilterText(string)) }

    /// Whether nothing is known.
    public var isUnknown: Bool { if case .unknown = self { true } else { false } }

    /// What the type is called, for an operator.
    public var typeName: String {
        switch self {
        case .unknown: "null"
        case .boolean: "a truth value"
        case .integer, .unsigned: "a whole number"
        case .double: "a number"
        case .text: "text"
        case .moment: "a time"
        case .duration: "a duration"
        case .guid: "a GUID"
        case .other(let name): "a value of type \(name)"
        }
    }

    /// The value as text, as .NET's `ToString` with the invariant culture gives it.
    public var plainText: String {
        switch self {
        case .unknown: ""
        case .boolean(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .double(let value): Self.plainText(value)
        case .text(let text): text.string
        case .moment(let moment): moment.rfc3339
        case .duration(let ticks): DotNetTicks.duration(ticks)
        case .guid(let high, let low): UUIDBytes(high: high, low: low).description
        case .other(let name): "(\(name))"
        }
    }

    private static func plainText(_ value: Double) -> String {
        if let whole = Int64(exactly: value), whole.magnitude < 1_000_000_000_000_000 { return String(whole) }
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return value.description
    }
}

extension FilterValue {
    /// Reads an encoded value where it lies: text becomes a slice of the message's bytes.
    /// - Parameter buffer: the buffer whose readable bytes the value was read from.
    @inline(__always)
    init(_ value: borrowing EncodedValue, in buffer: ByteBuffer) {
        switch value.content {
        case .null: self = .unknown
        case .boolean(let value): self = .boolean(value)
        case .ubyte(let value): self = .integer(Int64(value))
        case .ushort(let value): self = .integer(Int64(value))
        case .uint(let value): self = .integer(Int64(value))
        case .byte(let value): self = .integer(Int64(value))
        case .short(let value): self = .integer(Int64(value))
        case .int(let value): self = .integer(Int64(value))
        case .long(let value): self = .integer(value)
        case .ulong(let value): self.init(value)
        case .float(let value): self = .double(Double(value))
        case .double(let value): self = .double(value)
        case .timestamp(let milliseconds): self = .moment(Timestamp(milliseconds: milliseconds))
        case .uuid(let uuid): self = .guid(high: uuid.high, low: uuid.low)
        case .string, .symbol: self = value.contentSlice(of: buffer).map { .text(FilterText($0)) } ?? .unknown
        default: self.init(decoding: value, in: buffer)
        }
    }

    /// The rarer types, by way of a value of their own.
    private init(decoding value: borrowing EncodedValue, in buffer: ByteBuffer) {
        self = (try? value.decoded(in: buffer)).map { FilterValue($0) } ?? .other("unreadable")
    }

    /// Takes a decoded value over.
    package init(_ value: AMQPValue) {
        switch value {
        case .null: self = .unknown
        case .boolean(let value): self = .boolean(value)
        case .ulong(let value): self.init(value)
        case .float(let value): self = .double(Double(value))
        case .double(let value): self = .double(value)
        case .timestamp(let milliseconds): self = .moment(Timestamp(milliseconds: milliseconds))
        case .uuid(let uuid): self = .guid(high: uuid.high, low: uuid.low)
        case .string(let text): self = .text(FilterText(text))
        case .symbol(let symbol): self = .text(FilterText(symbol.name))
        case .char(let code): self = Unicode.Scalar(code).map { .text(String($0)) } ?? .other("char")
        case .described(.symbol(let descriptor), let inner):
            switch (descriptor.name, inner) {
            case ("com.microsoft:timespan", .long(let ticks)): self = .duration(ticks: ticks)
            case ("com.microsoft:datetime-offset", .long(let ticks)):
                self = .moment(Timestamp(milliseconds: DotNetTicks.milliseconds(ticks)))
            case ("com.microsoft:uri", .string(let text)): self = .text(FilterText(text))
            default: self = .other("described")
            }
        default: self = value.integer.map { .integer($0) } ?? .other(value.typeName)
        }
    }

    private init(_ value: UInt64) { self = Int64(exactly: value).map { .integer($0) } ?? .unsigned(value) }

    /// The value on the wire.
    package var amqpValue: AMQPValue {
        switch self {
        case .unknown, .other: .null
        case .boolean(let value): .boolean(value)
        case .integer(let value): .long(value)
        case .unsigned(let value): .ulong(value)
        case .double(let value): .double(value)
        case .text(let text): .string(text.string)
        case .moment(let moment): .timestamp(moment.milliseconds)
        case .duration(let ticks): .described(descriptor: .symbol("com.microsoft:timespan"), value: .long(ticks))
        case .guid(let high, let low): .uuid(UUIDBytes(high: high, low: low))
        }
    }
}
