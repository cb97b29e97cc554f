public import NIOCore

/// One encoded value where it lies: its type is known, its value is read when asked for, and nothing is copied or allocated.
///
/// What a screen or a filter needs of a message is usually a few fields of many. This is a view of the received bytes and cannot
/// outlive them; ``decoded(in:)`` makes a value that can.
///
///     var annotations = try message.readMessageAnnotations()
///     while annotations.next() {
///         if annotations.key == "x-opt-sequence-number" { sequenceNumber = annotations.value.integer }
///     }
public struct EncodedValue: ~Escapable {
    let bytes: RawSpan
    /// The format code; 0 for a described value.
    let code: UInt8
    /// Where the format code stands.
    let start: Int
    /// Where the content starts: after the code, and after the length of variable-width values.
    let content: Int
    /// One past the last byte.
    let end: Int

    /// Null, before anything was read.
    @_lifetime(copy bytes)
    init(nothingIn bytes: RawSpan) {
        self.bytes = bytes
        code = FormatCode.null
        start = 0
        content = 0
        end = 0
    }

    /// The value at an offset; nil when no whole value stands there. Compounds are not looked into.
    @inline(__always)
    @_lifetime(copy bytes)
    init?(_ bytes: RawSpan, at start: Int, to limit: Int) {
        guard start < limit else { return nil }
        let code = bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt8.self)
        var content = start &+ 1
        let end: Int
        switch code {
        case FormatCode.binary8, FormatCode.string8, FormatCode.symbol8:
            guard content < limit else { return nil }
            end = content &+ 1 &+ Int(bytes.unsafeLoadUnaligned(fromByteOffset: content, as: UInt8.self))
            content &+= 1
        case FormatCode.binary32, FormatCode.string32, FormatCode.symbol32:
            guard limit &- content >= 4 else { return nil }
            end = content &+ 4 &+ Int(UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: content, as: UInt32.self)))
            content &+= 4
        default:
            if let width = FormatCode.fixedWidth(code) {
                end = content &+ width
            } else {
                var reader = WireReader(bytes, in: start..<limit, limits: .validated)
                guard (try? reader.skipValue()) != nil else { return nil }
                end = reader.offset
            }
        }
        guard end <= limit else { return nil }
        self.bytes = bytes
        self.code = code
        self.start = start
        self.content = content
        self.end = end
    }

    @inline(__always)
    private func load<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) -> T {
        T(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: content, as: T.self))
    }

    /// The type of a value, without its encoding.
    public enum Kind: Sendable, Hashable {
        case null, boolean, ubyte, ushort, uint, ulong, byte, short, int, long, float, double
        case decimal32, decimal64, decimal128, char, timestamp, uuid, binary, string, symbol, list, map, array, described
    }

    /// The value's type.
    public var kind: Kind {
        switch code {
        case FormatCode.booleanTrue, FormatCode.booleanFalse, FormatCode.boolean: .boolean
        case FormatCode.ubyte: .ubyte
        case FormatCode.ushort: .ushort
        case FormatCode.uint0, FormatCode.smallUInt, FormatCode.uint: .uint
        case FormatCode.ulong0, FormatCode.smallULong, FormatCode.ulong: .ulong
        case FormatCode.byte: .byte
        case FormatCode.short: .short
        case FormatCode.smallInt, FormatCode.int: .int
        case FormatCode.smallLong, FormatCode.long: .long
        case FormatCode.float: .float
        case FormatCode.double: .double
        case FormatCode.decimal32: .decimal32
        case FormatCode.decimal64: .decimal64
        case FormatCode.decimal128: .decimal128
        case FormatCode.char: .char
        case FormatCode.timestamp: .timestamp
        case FormatCode.uuid: .uuid
        case FormatCode.binary8, FormatCode.binary32: .binary
        case FormatCode.string8, FormatCode.string32: .string
        case FormatCode.symbol8, FormatCode.symbol32: .symbol
        case FormatCode.list0, FormatCode.list8, FormatCode.list32: .list
        case FormatCode.map8, FormatCode.map32: .map
        case FormatCode.array8, FormatCode.array32: .array
        case FormatCode.described: .described
        default: .null
        }
    }

    /// Whether this is null.
    public var isNull: Bool { code == FormatCode.null }

    /// The truth value of a boolean, else nil.
    public var bool: Bool? {
        switch code {
        case FormatCode.booleanTrue: true
        case FormatCode.booleanFalse: false
        case FormatCode.boolean: load(UInt8.self) != 0
        default: nil
        }
    }

    /// The value of any integer type or timestamp, when it fits, else nil.
    public var integer: Int64? {
        switch code {
        case FormatCode.uint0, FormatCode.ulong0: 0
        case FormatCode.ubyte, FormatCode.smallUInt, FormatCode.smallULong: Int64(load(UInt8.self))
        case FormatCode.byte, FormatCode.smallInt, FormatCode.smallLong: Int64(load(Int8.self))
        case FormatCode.ushort: Int64(load(UInt16.self))
        case FormatCode.short: Int64(load(Int16.self))
        case FormatCode.uint: Int64(load(UInt32.self))
        case FormatCode.int: Int64(load(Int32.self))
        case FormatCode.long, FormatCode.timestamp: load(Int64.self)
        case FormatCode.ulong: Int64(exactly: load(UInt64.self))
        default: nil
        }
    }

    /// The milliseconds since 1970 of a timestamp, else nil.
    public var timestamp: Int64? { code == FormatCode.timestamp ? load() : nil }

    /// The value of a float or double, else nil.
    public var floatingPoint: Double? {
        switch code {
        case FormatCode.float: Double(Float(bitPattern: load()))
        case FormatCode.double: Double(bitPattern: load())
        default: nil
        }
    }

    /// The value of a UUID, else nil.
    public var uuid: UUIDBytes? {
        guard code == FormatCode.uuid else { return nil }
        return UUIDBytes(
            high: load(), low: UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: content &+ 8, as: UInt64.self)))
    }

    private var isText: Bool {
        switch code {
        case FormatCode.string8, FormatCode.string32, FormatCode.symbol8, FormatCode.symbol32: true
        default: false
        }
    }

    /// The bytes of a string or symbol, else nil. They may not be valid UTF-8.
    public var utf8: RawSpan? {
        @_lifetime(copy self)
        get { isText ? bytes.extracting(content..<end) : nil }
    }

    /// The text of a string or symbol, with invalid UTF-8 repaired, else nil. Allocates when longer than 15 bytes.
    public var text: String? {
        guard isText else { return nil }
        return bytes.extracting(content..<end).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of binary data, else nil.
    public var binary: RawSpan? {
        @_lifetime(copy self)
        get { code == FormatCode.binary8 || code == FormatCode.binary32 ? bytes.extracting(content..<end) : nil }
    }

    /// Whether this is a string or symbol of exactly this text.
    public static func == (value: borrowing EncodedValue, text: StaticString) -> Bool {
        let count = value.end &- value.content
        guard value.isText, text.hasPointerRepresentation, text.utf8CodeUnitCount == count else { return false }
        return value.bytes.extracting(value.content..<value.end).withUnsafeBytes { bytes in
            bytes.elementsEqual(UnsafeRawBufferPointer(start: text.utf8Start, count: count))
        }
    }

    /// The descriptor of a described value, else nil.
    public var descriptor: EncodedValue? {
        @_lifetime(copy self)
        get { code == FormatCode.described ? EncodedValue(bytes, at: content, to: end) : nil }
    }

    /// What a described value describes, else nil.
    public var described: EncodedValue? {
        @_lifetime(copy self)
        get {
            guard let descriptor else { return nil }
            return EncodedValue(bytes, at: descriptor.end, to: end)
        }
    }

    /// The pairs of a map, else nil.
    public var map: MapReader? {
        @_lifetime(copy self)
        get { MapReader(self) }
    }

    /// The elements of a list, else nil.
    public var list: ListReader? {
        @_lifetime(copy self)
        get { ListReader(self) }
    }

    /// A value that can be kept.
    /// - Parameter buffer: the buffer the bytes are the readable part of; binary data become slices of it.
    public func decoded(in buffer: ByteBuffer) throws(CodecError) -> AMQPValue {
        var reader = WireReader(bytes, in: start..<end, limits: .validated)
        return try reader.readValue(in: buffer)
    }
}

extension CodecLimits {
    /// For bytes that were validated before: only nesting remains bounded, because it is the stack that pays for it.
    static let validated: CodecLimits = {
        var limits = CodecLimits()
        limits.maximumDepth = deepestNesting
        limits.maximumElements = .max
        limits.maximumEmptyElements = .max
        return limits
    }()
}

/// Walks the elements of a list in place.
///
///     var fields = try message.readProperties()
///     while fields.next() { ... fields.index, fields.value ... }
public struct ListReader: ~Escapable {
    private let bytes: RawSpan
    private var offset: Int
    private let end: Int
    private var remaining: Int
    /// The position of ``value`` in the list, from 0; -1 before the first ``next()``.
    public private(set) var index = -1
    /// The element ``next()`` moved to.
    public private(set) var value: EncodedValue

    /// Nothing to walk.
    @_lifetime(copy bytes)
    init(emptyIn bytes: RawSpan) {
        self.bytes = bytes
        offset = 0
        end = 0
        remaining = 0
        value = EncodedValue(nothingIn: bytes)
    }

    @_lifetime(copy list)
    init?(_ list: EncodedValue) {
        bytes = list.bytes
        value = EncodedValue(nothingIn: list.bytes)
        end = list.end
        switch list.code {
        case FormatCode.list0:
            remaining = 0
            offset = list.end
        case FormatCode.list8, FormatCode.list32:
            guard let header = CompoundExtent(list) else { return nil }
            remaining = header.count
            offset = header.first
        default: return nil
        }
    }

    /// Moves to the next element.
    /// - Returns: false when there is none; ``value`` is then unchanged.
    @inline(__always)
    @_lifetime(self: copy self)
    public mutating func next() -> Bool {
        guard remaining > 0, let value = EncodedValue(bytes, at: offset, to: end) else { return false }
        remaining &-= 1
        index &+= 1
        offset = value.end
        self.value = value
        return true
    }
}

/// Walks the pairs of a map in place, in the order they were sent; duplicate keys are all seen.
public struct MapReader: ~Escapable {
    private let bytes: RawSpan
    private var offset: Int
    private let end: Int
    private var remaining: Int
    /// The key ``next()`` moved to.
    public private(set) var key: EncodedValue
    /// The value under ``key``.
    public private(set) var value: EncodedValue

    /// Nothing to walk.
    @_lifetime(copy bytes)
    init(emptyIn bytes: RawSpan) {
        self.bytes = bytes
        offset = 0
        end = 0
        remaining = 0
        key = EncodedValue(nothingIn: bytes)
        value = EncodedValue(nothingIn: bytes)
    }

    @_lifetime(copy map)
    init?(_ map: EncodedValue) {
        guard map.code == FormatCode.map8 || map.code == FormatCode.map32, let header = CompoundExtent(map) else { return nil }
        bytes = map.bytes
        key = EncodedValue(nothingIn: map.bytes)
        value = EncodedValue(nothingIn: map.bytes)
        end = map.end
        remaining = header.count / 2
        offset = header.first
    }

    /// The number of pairs ``next()`` has still to move to.
    public var remainingPairs: Int { remaining }

    /// Moves to the next pair.
    /// - Returns: false when there is none; ``key`` and ``value`` are then unchanged.
    @inline(__always)
    @_lifetime(self: copy self)
    public mutating func next() -> Bool {
        guard remaining > 0, let key = EncodedValue(bytes, at: offset, to: end),
            let value = EncodedValue(bytes, at: key.end, to: end)
        else { return false }
        remaining &-= 1
        offset = value.end
        self.key = key
        self.value = value
        return true
    }
}

/// The count of a list or map and the offset of its first element.
private struct CompoundExtent {
    let count: Int
    let first: Int

    init?(_ compound: borrowing EncodedValue) {
        let reader = WireReader(compound.bytes, limits: .validated)
        guard let header = try? reader.compoundHeader(compound.code, at: compound.content, limit: compound.end) else { return nil }
        count = header.count
        first = header.content
    }
}

extension WireReader {
    /// Reads one value as a view, after validating everything inside it.
    @_lifetime(copy self)
    public mutating func readEncodedValue() throws(CodecError) -> EncodedValue {
        let start = offset
        try skipValue()
        guard let value = EncodedValue(bytes, at: start, to: offset) else { throw CodecError(.truncated, at: start) }
        return value
    }
}
