import NIOCore

/// An AMQP array: values that share one constructor (part 1, 1.6.24).
///
/// The elements always fit the element type; an array for which they would not cannot be made.
public struct AMQPArray: Hashable, Sendable {
    /// The constructor all elements share.
    public enum ElementType: Hashable, Sendable {
        /// A primitive type, by its format code.
        case primitive(UInt8)
        /// A described type: its descriptor and the type described.
        indirect case described(AMQPValue, ElementType)

        var code: UInt8 {
            switch self {
            case .primitive(let code): code
            case .described(_, let inner): inner.code
            }
        }
    }

    /// The shared type. Kept apart from the elements so that an empty array keeps its type.
    public let elementType: ElementType
    /// The elements, without the shared descriptor.
    public let elements: [AMQPValue]

    /// Creates an array; nil when an element is not of the element type.
    public init?(elementType: ElementType, elements: [AMQPValue]) {
        let code = elementType.code
        guard FormatCode.isConstructor(code), elements.allSatisfy({ $0.fits(code) }) else { return nil }
        self.init(unchecked: elementType, elements)
    }

    init(unchecked elementType: ElementType, _ elements: [AMQPValue]) {
        self.elementType = elementType
        self.elements = elements
    }

    /// An array of symbols.
    public static func symbols(_ symbols: [Symbol]) -> AMQPArray {
        AMQPArray(unchecked: .primitive(FormatCode.symbol32), symbols.map { .symbol($0) })
    }

    /// An array of signed 64-bit integers.
    public static func longs(_ values: [Int64]) -> AMQPArray {
        AMQPArray(unchecked: .primitive(FormatCode.long), values.map { .long($0) })
    }

    /// An array of UUIDs.
    public static func uuids(_ values: [UUIDBytes]) -> AMQPArray {
        AMQPArray(unchecked: .primitive(FormatCode.uuid), values.map { .uuid($0) })
    }

    /// An array of timestamps, in milliseconds since 1970.
    public static func timestamps(_ values: [Int64]) -> AMQPArray {
        AMQPArray(unchecked: .primitive(FormatCode.timestamp), values.map { .timestamp($0) })
    }

    /// An array of strings.
    public static func strings(_ values: [String]) -> AMQPArray {
        AMQPArray(unchecked: .primitive(FormatCode.string32), values.map { .string($0) })
    }
}

extension FormatCode {
    /// Whether a code may stand as the constructor of array elements.
    static func isConstructor(_ code: UInt8) -> Bool {
        switch code {
        case described: false
        case 0xa0, 0xa1, 0xa3, 0xb0, 0xb1, 0xb3, list8, map8, list32, map32, array8, array32: true
        default: fixedWidth(code) != nil
        }
    }
}

extension AMQPValue {
    /// Whether this value can be written after the format code `code`, without loss.
    fileprivate func fits(_ code: UInt8) -> Bool {
        switch (self, code) {
        case (.null, FormatCode.null), (.boolean, FormatCode.boolean), (.boolean(true), FormatCode.booleanTrue),
            (.boolean(false), FormatCode.booleanFalse), (.ubyte, FormatCode.ubyte), (.byte, FormatCode.byte),
            (.ushort, FormatCode.ushort), (.short, FormatCode.short), (.uint, FormatCode.uint), (.uint(0), FormatCode.uint0),
            (.int, FormatCode.int), (.float, FormatCode.float), (.char, FormatCode.char), (.decimal32, FormatCode.decimal32),
            (.ulong, FormatCode.ulong), (.ulong(0), FormatCode.ulong0), (.long, FormatCode.long), (.double, FormatCode.double),
            (.timestamp, FormatCode.timestamp), (.decimal64, FormatCode.decimal64), (.decimal128, FormatCode.decimal128),
            (.uuid, FormatCode.uuid), (.binary, FormatCode.binary32), (.string, FormatCode.string32),
            (.symbol, FormatCode.symbol32), (.list, FormatCode.list32), (.map, FormatCode.map32), (.array, FormatCode.array32):
            true
        case (.list(let elements), FormatCode.list0): elements.isEmpty
        case (.uint(let value), FormatCode.smallUInt): value <= 0xff
        case (.ulong(let value), FormatCode.smallULong): value <= 0xff
        case (.int(let value), FormatCode.smallInt): Int8(exactly: value) != nil
        case (.long(let value), FormatCode.smallLong): Int8(exactly: value) != nil
        case (.binary(let value), FormatCode.binary8): value.readableBytes <= 0xff
        case (.string(let value), FormatCode.string8): value.utf8.count <= 0xff
        case (.symbol(let value), FormatCode.symbol8): value.name.utf8.count <= 0xff
        // One-byte sizes and counts: what follows the code is two bytes shorter than the shortest encoding that stands alone.
        case (.list(let elements), FormatCode.list8): elements.count <= 0xff && encodedSize() <= 0xff &+ 2
        case (.map(let map), FormatCode.map8): map.pairs.count <= 0x7f && encodedSize() <= 0xff &+ 2
        case (.array(let array), FormatCode.array8): array.elements.count <= 0xff && encodedSize() <= 0xff &+ 2
        default: false
        }
    }
}
