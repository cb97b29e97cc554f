public import NIOCore

/// Any value of the AMQP 1.0 type system (part 1), with its exact type.
///
/// Binary data are slices of the buffer they were read from; nothing is copied until it is changed.
public enum AMQPValue: Hashable, Sendable {
    /// The absent value.
    case null
    /// A truth value.
    case boolean(Bool)
    /// An unsigned 8-bit integer.
    case ubyte(UInt8)
    /// An unsigned 16-bit integer.
    case ushort(UInt16)
    /// An unsigned 32-bit integer.
    case uint(UInt32)
    /// An unsigned 64-bit integer.
    case ulong(UInt64)
    /// A signed 8-bit integer.
    case byte(Int8)
    /// A signed 16-bit integer.
    case short(Int16)
    /// A signed 32-bit integer.
    case int(Int32)
    /// A signed 64-bit integer.
    case long(Int64)
    /// An IEEE 754 binary32.
    case float(Float)
    /// An IEEE 754 binary64.
    case double(Double)
    /// An IEEE 754 decimal32, as its bits.
    case decimal32(UInt32)
    /// An IEEE 754 decimal64, as its bits.
    case decimal64(UInt64)
    /// An IEEE 754 decimal128, as its bits.
    case decimal128(UUIDBytes)
    /// A Unicode scalar, as its UTF-32 code (a peer may send one that is none).
    case char(UInt32)
    /// Milliseconds since 1970-01-01T00:00Z.
    case timestamp(Int64)
    /// A UUID.
    case uuid(UUIDBytes)
    /// Bytes.
    case binary(ByteBuffer)
    /// Text. Invalid UTF-8 was repaired with U+FFFD; the exact bytes are in the buffer it came from.
    case string(String)
    /// A symbol.
    case symbol(Symbol)
    /// An ordered sequence of values of any type.
    case list([AMQPValue])
    /// Keys and values in the order they were sent; duplicates are kept.
    case map(AMQPMap)
    /// Values of one type.
    case array(AMQPArray)
    /// A value annotated with a descriptor.
    indirect case described(descriptor: AMQPValue, value: AMQPValue)

    /// The name of the type in AMQP 1.0 part 1 ("string", "long", "described", ...).
    public var typeName: String {
        switch self {
        case .null: "null"
        case .boolean: "boolean"
        case .ubyte: "ubyte"
        case .ushort: "ushort"
        case .uint: "uint"
        case .ulong: "ulong"
        case .byte: "byte"
        case .short: "short"
        case .int: "int"
        case .long: "long"
        case .float: "float"
        case .double: "double"
        case .decimal32: "decimal32"
        case .decimal64: "decimal64"
        case .decimal128: "decimal128"
        case .char: "char"
        case .timestamp: "timestamp"
        case .uuid: "uuid"
        case .binary: "binary"
        case .string: "string"
        case .symbol: "symbol"
        case .list: "list"
        case .map: "map"
        case .array: "array"
        case .described: "described"
        }
    }

    /// The text of a string or symbol, else nil.
    public var text: String? {
        switch self {
        case .string(let text): text
        case .symbol(let symbol): symbol.name
        default: nil
        }
    }

    /// The value of any integer type that fits, else nil.
    public var integer: Int64? {
        switch self {
        case .ubyte(let value): Int64(value)
        case .ushort(let value): Int64(value)
        case .uint(let value): Int64(value)
        case .ulong(let value): Int64(exactly: value)
        case .byte(let value): Int64(value)
        case .short(let value): Int64(value)
        case .int(let value): Int64(value)
        case .long(let value): value
        case .timestamp(let value): value
        default: nil
        }
    }

    /// The truth value, else nil.
    public var bool: Bool? { if case .boolean(let value) = self { value } else { nil } }

    /// The pairs of a map, else nil.
    public var mapValue: AMQPMap? { if case .map(let map) = self { map } else { nil } }

    /// The elements of a list or array, else nil.
    public var elements: [AMQPValue]? {
        switch self {
        case .list(let elements): elements
        case .array(let array): array.elements
        default: nil
        }
    }

    /// Whether this is null.
    public var isNull: Bool { if case .null = self { true } else { false } }
}

/// An AMQP map as it was sent: ordered pairs (part 1, 1.6.23).
public struct AMQPMap: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// One key and its value.
    public struct Pair: Hashable, Sendable {
        /// The key.
        public var key: AMQPValue
        /// The value.
        public var value: AMQPValue
        /// Creates a pair.
        @inlinable
        public init(key: AMQPValue, value: AMQPValue) {
            self.key = key
            self.value = value
        }
    }

    /// The pairs in wire order.
    public var pairs: [Pair]

    /// Creates a map from pairs.
    @inlinable
    public init(_ pairs: [Pair] = []) { self.pairs = pairs }

    /// Creates a map from a literal.
    public init(dictionaryLiteral elements: (AMQPValue, AMQPValue)...) {
        pairs = elements.map { Pair(key: $0.0, value: $0.1) }
    }

    /// The value under a string or symbol key of this name; setting replaces the first one or appends a symbol key.
    public subscript(name: String) -> AMQPValue? {
        get { pairs.first { $0.key.text == name }?.value }
        set {
            let index = pairs.firstIndex { $0.key.text == name }
            switch (index, newValue) {
            case (let index?, let value?): pairs[index].value = value
            case (let index?, nil): pairs.remove(at: index)
            case (nil, let value?): pairs.append(Pair(key: .symbol(Symbol(name)), value: value))
            case (nil, nil): break
            }
        }
    }

    /// Whether there are no pairs.
    public var isEmpty: Bool { pairs.isEmpty }
}

extension AMQPValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral {
    /// A string value.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A boolean value.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    /// Null.
    public init(nilLiteral: ()) { self = .null }
}
