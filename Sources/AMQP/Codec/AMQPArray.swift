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
        case (.list(let elements), FormatCode.list8):
            elements.count <= 0xff && EncodedSize.compact.list(elements) <= 0xfe
        case (.map(let map), FormatCode.map8): map.pairs.count <= 0x7f && EncodedSize.compact.map(map) <= 0xfe
        case (.array(let array), FormatCode.array8): array.elements.count <= 0xff && EncodedSize.compact.array(array) <= 0xfe
        default: false
        }
    }
}

extension WireWriter {
    /// Writes an array: size, count, the shared constructor, then the elements without theirs.
    mutating func array(_ array: AMQPArray) {
        let size = EncodedSize(style: style).array(array)
        compoundHeader(FormatCode.array8, FormatCode.array32, contentSize: size, count: array.elements.count)
        arrayContent(array)
    }

    private mutating func arrayContent(_ array: AMQPArray) {
        arrayConstructor(array.elementType)
        let code = array.elementType.code
        for element in array.elements { arrayElement(element, code) }
    }

    private mutating func arrayConstructor(_ type: AMQPArray.ElementType) {
        switch type {
        case .primitive(let code): byte(code)
        case .described(let descriptor, let inner):
            byte(FormatCode.described)
            value(descriptor)
            arrayConstructor(inner)
        }
    }

    private mutating func arrayElement(_ element: AMQPValue, _ code: UInt8) {
        let isWide = code & 0x10 != 0
        switch element {
        case .null: break
        case .boolean(let value): if code == FormatCode.boolean { byte(value ? 1 : 0) }
        case .ubyte(let value): byte(value)
        case .byte(let value): byte(UInt8(bitPattern: value))
        case .ushort(let value): buffer.writeInteger(value)
        case .short(let value): buffer.writeInteger(value)
        case .uint(let value): narrowable(UInt64(value), value, FormatCode.fixedWidth(code))
        case .int(let value): narrowable(UInt64(bitPattern: Int64(value)), value, FormatCode.fixedWidth(code))
        case .ulong(let value): narrowable(value, value, FormatCode.fixedWidth(code))
        case .long(let value): narrowable(UInt64(bitPattern: value), value, FormatCode.fixedWidth(code))
        case .float(let value): buffer.writeInteger(value.bitPattern)
        case .double(let value): buffer.writeInteger(value.bitPattern)
        case .decimal32(let value): buffer.writeInteger(value)
        case .decimal64(let value): buffer.writeInteger(value)
        case .decimal128(let value), .uuid(let value): buffer.writeMultipleIntegers(value.high, value.low)
        case .char(let value): buffer.writeInteger(value)
        case .timestamp(let value): buffer.writeInteger(value)
        case .binary(let value):
            length(value.readableBytes, isWide)
            buffer.writeImmutableBuffer(value)
        case .string(let value):
            length(value.utf8.count, isWide)
            buffer.writeString(value)
        case .symbol(let value):
            length(value.name.utf8.count, isWide)
            buffer.writeString(value.name)
        case .list(let elements):
            if code == FormatCode.list0 { return }
            sizeAndCount(EncodedSize(style: style).list(elements), elements.count, isWide)
            for element in elements { value(element) }
        case .map(let map):
            sizeAndCount(EncodedSize(style: style).map(map), map.pairs.count &* 2, isWide)
            for pair in map.pairs {
                value(pair.key)
                value(pair.value)
            }
        case .array(let array):
            sizeAndCount(EncodedSize(style: style).array(array), array.elements.count, isWide)
            arrayContent(array)
        case .described: break
        }
    }

    private mutating func narrowable<T: FixedWidthInteger>(_ narrow: UInt64, _ wide: T, _ width: Int?) {
        switch width {
        case 0: break
        case 1: byte(UInt8(truncatingIfNeeded: narrow))
        default: buffer.writeInteger(wide)
        }
    }

    private mutating func length(_ count: Int, _ isWide: Bool) {
        if isWide { buffer.writeInteger(UInt32(clamping: count)) } else { byte(UInt8(truncatingIfNeeded: count)) }
    }

    private mutating func sizeAndCount(_ contentSize: Int, _ count: Int, _ isWide: Bool) {
        if isWide {
            buffer.writeMultipleIntegers(UInt32(clamping: contentSize &+ 4), UInt32(clamping: count))
        } else {
            buffer.writeMultipleIntegers(UInt8(truncatingIfNeeded: contentSize &+ 1), UInt8(truncatingIfNeeded: count))
        }
    }
}
