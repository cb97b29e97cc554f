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
    @usableFromInline let bytes: RawSpan
    /// Where it lies in the bytes it was read from.
    @usableFromInline package let place: Place

    /// Where a value lies in its bytes.
    @usableFromInline
    package struct Place: Sendable {
        /// Start, content, end and format code: in one register, because readers of messages do little but move places about.
        @usableFromInline let words: SIMD4<UInt32>

        /// Where the format code stands.
        @inlinable var start: UInt32 { words.x }
        /// Where the content starts: after the code, and after the length of a variable-width value.
        @inlinable var content: UInt32 { words.y }
        /// One past the last byte.
        @inlinable var end: UInt32 { words.z }
        /// The format code; 0 for a described value.
        @inlinable var code: UInt8 { UInt8(truncatingIfNeeded: words.w) }

        /// The place of whatever is missing.
        @inlinable
        package init() { words = SIMD4(0, 0, 0, UInt32(FormatCode.null)) }
    }

    @inlinable
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, _ place: Place) {
        self.bytes = bytes
        self.place = place
    }

    /// Null, the value of whatever is missing.
    @inlinable
    @_lifetime(immortal)
    public init() {
        bytes = RawSpan()
        place = Place()
    }

    /// The value at an offset; nil when no whole value stands there. Compounds are not looked into.
    @inlinable
    @_lifetime(copy bytes)
    init?(_ bytes: RawSpan, at start: Int, limit: Int) {
        guard let place = Place(bytes, at: start, limit: limit) else { return nil }
        self.init(bytes, place)
    }

    /// What a value is and, for all but compounds, what it says.
    ///
    /// Text is given as the bytes that were sent, which may not be valid UTF-8.
    public enum Content: ~Escapable {
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
        /// A UTF-32 code.
        case char(UInt32)
        /// Milliseconds since 1970-01-01T00:00Z.
        case timestamp(Int64)
        /// A UUID.
        case uuid(UUIDBytes)
        /// Bytes.
        case binary(RawSpan)
        /// Text.
        case string(RawSpan)
        /// A symbol's name.
        case symbol(RawSpan)
        /// A list: see ``EncodedValue/list``.
        case list
        /// A map: see ``EncodedValue/map``.
        case map
        /// An array: see ``EncodedValue/decoded(in:)``.
        case array
        /// A described value: see ``EncodedValue/descriptor`` and ``EncodedValue/described``.
        case described
    }

    /// The value, read in place.
    @inlinable
    public var content: Content {
        @_lifetime(copy self)
        get {
            switch place.code {
            case FormatCode.booleanTrue: .boolean(true)
            case FormatCode.booleanFalse: .boolean(false)
            case FormatCode.boolean: .boolean(load(UInt8.self) != 0)
            case FormatCode.ubyte: .ubyte(load())
            case FormatCode.ushort: .ushort(load())
            case FormatCode.uint0: .uint(0)
            case FormatCode.smallUInt: .uint(UInt32(load(UInt8.self)))
            case FormatCode.uint: .uint(load())
            case FormatCode.ulong0: .ulong(0)
            case FormatCode.smallULong: .ulong(UInt64(load(UInt8.self)))
            case FormatCode.ulong: .ulong(load())
            case FormatCode.byte: .byte(load())
            case FormatCode.short: .short(load())
            case FormatCode.smallInt: .int(Int32(load(Int8.self)))
            case FormatCode.int: .int(load())
            case FormatCode.smallLong: .long(Int64(load(Int8.self)))
            case FormatCode.long: .long(load())
            case FormatCode.float: .float(Float(bitPattern: load()))
            case FormatCode.double: .double(Double(bitPattern: load()))
            case FormatCode.decimal32: .decimal32(load())
            case FormatCode.decimal64: .decimal64(load())
            case FormatCode.decimal128: .decimal128(loadSixteen())
            case FormatCode.char: .char(load())
            case FormatCode.timestamp: .timestamp(load())
            case FormatCode.uuid: .uuid(loadSixteen())
            case FormatCode.binary8, FormatCode.binary32: .binary(variable)
            case FormatCode.string8, FormatCode.string32: .string(variable)
            case FormatCode.symbol8, FormatCode.symbol32: .symbol(variable)
            case FormatCode.list0, FormatCode.list8, FormatCode.list32: .list
            case FormatCode.map8, FormatCode.map32: .map
            case FormatCode.array8, FormatCode.array32: .array
            case FormatCode.described: .described
            default: .null
            }
        }
    }

    @inlinable
    func load<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) -> T {
        T(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: Int(place.content), as: T.self))
    }

    @inlinable
    func loadSixteen() -> UUIDBytes {
        let low = bytes.unsafeLoadUnaligned(fromByteOffset: Int(place.content) &+ 8, as: UInt64.self)
        return UUIDBytes(high: load(), low: UInt64(bigEndian: low))
    }

    @inlinable
    var variable: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(Int(place.content)..<Int(place.end)) }
    }

    /// Whether this is null.
    @inlinable
    public var isNull: Bool { place.code == FormatCode.null }

    /// The truth value of a boolean, else nil.
    @inlinable
    public var bool: Bool? { if case .boolean(let value) = content { value } else { nil } }

    /// The milliseconds since 1970-01-01T00:00Z of a timestamp, else nil.
    @inlinable
    public var timestamp: Int64? { place.code == FormatCode.timestamp ? load() : nil }

    /// The value of any integer type or timestamp, when it fits, else nil.
    @inlinable
    public var integer: Int64? {
        switch place.code {
        case FormatCode.long, FormatCode.timestamp: load()
        case FormatCode.smallLong, FormatCode.smallInt, FormatCode.byte: Int64(load(Int8.self))
        case FormatCode.int: Int64(load(Int32.self))
        case FormatCode.short: Int64(load(Int16.self))
        case FormatCode.uint0, FormatCode.ulong0: 0
        case FormatCode.smallUInt, FormatCode.smallULong, FormatCode.ubyte: Int64(load(UInt8.self))
        case FormatCode.uint: Int64(load(UInt32.self))
        case FormatCode.ushort: Int64(load(UInt16.self))
        case FormatCode.ulong: Int64(exactly: load(UInt64.self))
        default: nil
        }
    }

    /// The bytes of a string or symbol, else nil. They may not be valid UTF-8.
    @inlinable
    public var utf8: RawSpan? {
        @_lifetime(copy self)
        get {
            switch place.code {
            case FormatCode.string8, FormatCode.string32, FormatCode.symbol8, FormatCode.symbol32: variable
            default: nil
            }
        }
    }

    /// The bytes of a string, a symbol or binary data as a slice that can be kept, else nil. Nothing is copied.
    /// - Parameter buffer: the buffer the bytes are the readable part of.
    package func contentSlice(of buffer: ByteBuffer) -> ByteBuffer? {
        switch place.code {
        case FormatCode.string8, FormatCode.string32, FormatCode.symbol8, FormatCode.symbol32, FormatCode.binary8, FormatCode.binary32:
            buffer.getSlice(at: buffer.readerIndex &+ Int(place.content), length: Int(place.end &- place.content))
        default: nil
        }
    }

    /// The text of a string or symbol, with invalid UTF-8 repaired, else nil. Allocates when longer than 15 bytes.
    public var text: String? {
        guard let utf8 else { return nil }
        return utf8.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether this is a string or symbol of exactly this text.
    @inlinable @inline(__always)
    public static func == (value: borrowing EncodedValue, text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        // Nearly all that is compared differs in its length already.
        guard Int(value.place.end &- value.place.content) == count, text.hasPointerRepresentation, value.isText else { return false }
        return value.bytes.holds(UnsafeRawBufferPointer(start: text.utf8Start, count: count), at: Int(value.place.content))
    }

    @inlinable
    var isText: Bool {
        switch place.code {
        case FormatCode.string8, FormatCode.string32, FormatCode.symbol8, FormatCode.symbol32: true
        default: false
        }
    }

    var isBinary: Bool { place.code == FormatCode.binary8 || place.code == FormatCode.binary32 }

    /// The descriptor of a described value, else nil.
    public var descriptor: EncodedValue? {
        @_lifetime(copy self)
        get { place.code == FormatCode.described ? EncodedValue(bytes, at: Int(place.content), limit: Int(place.end)) : nil }
    }

    /// What a described value describes, else nil.
    public var described: EncodedValue? {
        @_lifetime(copy self)
        get {
            guard let descriptor else { return nil }
            return EncodedValue(bytes, at: Int(descriptor.place.end), limit: Int(place.end))
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

    /// The value's bytes, its format code first.
    public var encoding: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(Int(place.start)..<Int(place.end)) }
    }

    /// The content of binary data as a slice, which can be kept; nil for any other type.
    /// - Parameter buffer: the buffer the bytes are the readable part of.
    public func binary(in buffer: ByteBuffer) -> ByteBuffer? {
        guard isBinary else { return nil }
        return buffer.getSlice(at: buffer.readerIndex &+ Int(place.content), length: Int(place.end &- place.content))
    }

    /// A value that can be kept.
    /// - Parameter buffer: the buffer the bytes are the readable part of; binary data become slices of it.
    public func decoded(in buffer: ByteBuffer) throws(CodecError) -> AMQPValue {
        var reader = WireReader(bytes, in: Int(place.start)..<Int(place.end), limits: .validated)
        return try reader.readValue(in: buffer)
    }
}

extension RawSpan {
    /// Whether these bytes stand at an offset: eight at a time, the last eight once more where they do not divide.
    @inlinable
    func holds(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        var index = 0
        while index &+ 8 <= bytes.count {
            if unsafeLoadUnaligned(fromByteOffset: offset &+ index, as: UInt64.self)
                != bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            {
                return false
            }
            index &+= 8
        }
        if index == bytes.count { return true }
        if bytes.count >= 8 {
            index = bytes.count &- 8
            return unsafeLoadUnaligned(fromByteOffset: offset &+ index, as: UInt64.self)
                == bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        }
        while index < bytes.count {
            if unsafeLoadUnaligned(fromByteOffset: offset &+ index, as: UInt8.self) != bytes[index] { return false }
            index &+= 1
        }
        return true
    }
}

extension EncodedValue.Place {
    /// The place of the value at an offset; nil when no whole value stands there. Compounds are not looked into.
    @inlinable @inline(__always)
    init?(_ bytes: RawSpan, at start: Int, limit: Int) {
        guard 0 <= start, start < limit, limit <= bytes.byteCount, limit <= Int(UInt32.max) else { return nil }
        // Unchecked, here and below: each offset was just compared with the limit, which lies inside the span.
        let code = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt8.self)
        var content = start &+ 1
        var end = content
        if code & 0xfc == 0xa0, code != 0xa2 {  // binary8, string8, symbol8
            guard content < limit else { return nil }
            content &+= 1
            end = content &+ Int(bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: content &- 1, as: UInt8.self))
        } else if let width = FormatCode.fixedWidth(code) {
            end = content &+ width
        } else {
            guard let place = Self.larger(bytes, at: start, limit: limit) else { return nil }
            (content, end) = place
        }
        guard end <= limit else { return nil }
        words = SIMD4(
            UInt32(truncatingIfNeeded: start), UInt32(truncatingIfNeeded: content), UInt32(truncatingIfNeeded: end), UInt32(code))
    }

    /// The content and the end of a compound, of a described value, or of one with a four-byte length; nil when there is none.
    @usableFromInline
    static func larger(_ bytes: RawSpan, at start: Int, limit: Int) -> (content: Int, end: Int)? {
        let content = start &+ 1
        switch bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt8.self) {
        case FormatCode.binary32, FormatCode.string32, FormatCode.symbol32:
            guard limit &- content >= 4 else { return nil }
            let length = Int(UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: content, as: UInt32.self)))
            return (content &+ 4, content &+ 4 &+ length)
        case FormatCode.list8, FormatCode.map8, FormatCode.array8:
            guard content < limit else { return nil }
            return (content, content &+ 1 &+ Int(bytes.unsafeLoadUnaligned(fromByteOffset: content, as: UInt8.self)))
        case FormatCode.list32, FormatCode.map32, FormatCode.array32:
            guard limit &- content >= 4 else { return nil }
            let length = Int(UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: content, as: UInt32.self)))
            return (content, content &+ 4 &+ length)
        case FormatCode.described:
            var reader = WireReader(bytes, in: start..<limit, limits: .validated)
            guard (try? reader.skipValue()) != nil else { return nil }
            return (content, reader.offset)
        default: return nil
        }
    }
}

extension CodecLimits {
    /// For bytes that were validated before: only nesting remains bounded, because it is the stack that pays for it.
    static var validated: CodecLimits {
        var limits = CodecLimits()
        limits.maximumDepth = deepestNesting
        limits.maximumElements = .max
        limits.maximumEmptyElements = .max
        return limits
    }
}

extension WireReader {
    /// Reads one value as a view, after validating everything inside it.
    @_lifetime(copy self)
    public mutating func readEncodedValue() throws(CodecError) -> EncodedValue {
        let start = offset
        try skipValue()
        guard let value = EncodedValue(bytes, at: start, limit: offset) else { throw CodecError(.truncated, at: start) }
        return value
    }
}
