public import NIOCore

/// Reads AMQP-encoded bytes in place: a cursor over borrowed memory that checks every length before it reads.
///
/// It never copies, never retains and never traps on what the bytes say. After an error the reader must not be used further.
public struct WireReader: ~Escapable {
    let bytes: RawSpan
    /// The offset of the next byte, from the start of the span.
    public internal(set) var offset: Int
    /// The offset one past the last byte that may be read. Setting it clamps it to the span.
    @inline(__always)
    public var end: Int {
        get { limit }
        set { limit = Swift.max(offset, Swift.min(newValue, bytes.byteCount)) }
    }
    /// ``end`` as stored; never beyond the span.
    private var limit: Int
    /// The bounds every value is held to.
    public let limits: CodecLimits
    /// How many described values, lists, maps and arrays the next byte stands inside.
    var depth = 0

    /// Starts at the beginning of a span.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, limits: CodecLimits = .standard) {
        self.bytes = bytes
        self.limits = limits
        offset = 0
        limit = bytes.byteCount
    }

    /// Starts inside a span. The range is clamped to the span.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, in range: Range<Int>, limits: CodecLimits = .standard) {
        self.bytes = bytes
        self.limits = limits
        offset = Swift.max(0, Swift.min(range.lowerBound, bytes.byteCount))
        limit = Swift.max(offset, Swift.min(range.upperBound, bytes.byteCount))
    }

    /// The number of bytes left.
    public var remaining: Int { end &- offset }

    /// An error at the current offset.
    func error(_ code: CodecError.Code) -> CodecError { CodecError(code, at: offset) }

    @inline(__always)
    mutating func need(_ count: Int) throws(CodecError) {
        if end &- offset < count { throw CodecError(.truncated, at: offset) }
    }

    /// Loads from an offset inside the span. The span checks the offset again: a mistake here traps instead of reading foreign memory.
    @inline(__always)
    func load<T: BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
        bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    /// The next byte, without moving.
    @inline(__always)
    public mutating func peekByte() throws(CodecError) -> UInt8 {
        try need(1)
        return load(UInt8.self, at: offset)
    }

    /// Reads one byte.
    @inline(__always)
    public mutating func readByte() throws(CodecError) -> UInt8 {
        try need(1)
        let byte = load(UInt8.self, at: offset)
        offset &+= 1
        return byte
    }

    /// Reads a big-endian integer.
    @inline(__always)
    public mutating func readInteger<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) throws(CodecError) -> T {
        try need(MemoryLayout<T>.size)
        let value = T(bigEndian: load(T.self, at: offset))
        offset &+= MemoryLayout<T>.size
        return value
    }

    /// Reads a 32-bit length as an Int.
    mutating func readSize32() throws(CodecError) -> Int { Int(try readInteger(UInt32.self)) }

    /// Copies a range of the span into a string, repairing invalid UTF-8.
    func string(in range: Range<Int>) -> String {
        bytes.extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Typed reading (null reads as nil)

    private func unexpected(_ expected: CodecError.StaticText, _ code: UInt8, at offset: Int) -> CodecError {
        CodecError(.unexpectedType(expected: expected, code: code), at: offset)
    }

    /// Reads a boolean.
    public mutating func readBoolean() throws(CodecError) -> Bool? {
        let start = offset
        let code = try readByte()
        switch code {
        case FormatCode.null: return nil
        case FormatCode.booleanTrue: return true
        case FormatCode.booleanFalse: return false
        case FormatCode.boolean: return try readByte() != 0
        default: throw unexpected("boolean", code, at: start)
        }
    }

    /// Reads a ubyte.
    public mutating func readUByte() throws(CodecError) -> UInt8? {
        let start = offset
        let code = try readByte()
        switch code {
        case FormatCode.null: return nil
        case FormatCode.ubyte: return try readByte()
        default: throw unexpected("ubyte", code, at: start)
        }
    }

    /// Reads a ushort.
    public mutating func readUShort() throws(CodecError) -> UInt16? {
        let start = offset
        let code = try readByte()
        switch code {
        case FormatCode.null: return nil
        case FormatCode.ushort: return try readInteger()
        default: throw unexpected("ushort", code, at: start)
        }
    }

    /// Reads a uint.
    public mutating func readUInt() throws(CodecError) -> UInt32? {
        let start = offset
        let code = try readByte()
        switch code {
        case FormatCode.null: return nil
        case FormatCode.uint0: return 0
        case FormatCode.smallUInt: return UInt32(try readByte())
        case FormatCode.uint: return try readInteger()
        default: throw unexpected("uint", code, at: start)
        }
    }

    /// Reads a ulong.
    public mutating func readULong() throws(CodecError) -> UInt64? {
        let start = offset
        let code = try readByte()
        switch code {
        case FormatCode.null: return nil
        case FormatCode.ulong0: return 0
        case FormatCode.smallULong: return UInt64(try readByte())
        case FormatCode.ulong: return try readInteger()
        default: throw unexpected("ulong", code, at: start)
        }
    }

    /// Reads a timestamp, in milliseconds since 1970.
    public mutating func readTimestamp() throws(CodecError) -> Int64? {
        let start = offset
        let code = try readByte()
        switch code {
        case FormatCode.null: return nil
        case FormatCode.timestamp: return try readInteger()
        default: throw unexpected("timestamp", code, at: start)
        }
    }

    /// Reads the content range of a variable-width value whose code is one of two.
    private mutating func readVariable(
        _ short: UInt8, _ long: UInt8, _ name: @autoclosure () -> CodecError.StaticText
    ) throws(CodecError) -> Range<Int>? {
        let start = offset
        let code = try readByte()
        let length: Int
        if code == short {
            length = Int(try readByte())
        } else if code == long {
            length = try readSize32()
        } else if code == FormatCode.null {
            return nil
        } else {
            throw CodecError(.unexpectedType(expected: name(), code: code), at: start)
        }
        try need(length)
        let range = offset..<(offset &+ length)
        offset &+= length
        return range
    }

    /// Reads a string.
    public mutating func readString() throws(CodecError) -> String? {
        guard let range = try readVariable(FormatCode.string8, FormatCode.string32, "string") else { return nil }
        return string(in: range)
    }

    /// Reads a symbol.
    public mutating func readSymbol() throws(CodecError) -> Symbol? {
        guard let range = try readVariable(FormatCode.symbol8, FormatCode.symbol32, "symbol") else { return nil }
        return Symbol(string(in: range))
    }

    /// Reads binary data as a range of the span.
    public mutating func readBinaryRange() throws(CodecError) -> Range<Int>? {
        try readVariable(FormatCode.binary8, FormatCode.binary32, "binary")
    }

    /// Reads the descriptor of a described value as a number; symbolic descriptors of the standard are mapped to theirs.
    public mutating func readDescriptor() throws(CodecError) -> UInt64 {
        // The form everybody writes: 00 53 xx.
        if remaining >= 3, load(UInt16.self, at: offset) == UInt16(FormatCode.smallULong).bigEndian {
            let number = UInt64(load(UInt8.self, at: offset &+ 2))
            offset &+= 3
            return number
        }
        return try readUnusualDescriptor()
    }

    /// Reads the descriptor of a described value as a number. The buffer is the one the span belongs to.
    public mutating func readDescriptor(in buffer: ByteBuffer) throws(CodecError) -> UInt64 { try readDescriptor() }

    private mutating func readUnusualDescriptor() throws(CodecError) -> UInt64 {
        let start = offset
        let constructor = try readByte()
        guard constructor == FormatCode.described else { throw unexpected("described value", constructor, at: start) }
        let code = try peekByte()
        switch code {
        case FormatCode.smallULong, FormatCode.ulong, FormatCode.ulong0:
            return try readULong() ?? 0
        case FormatCode.symbol8, FormatCode.symbol32:
            if let symbol = try readSymbol(), let number = Descriptor.number(named: symbol.name) { return number }
            throw CodecError(.unknownSymbolicDescriptor, at: start)
        default: throw unexpected("descriptor", code, at: start &+ 1)
        }
    }
}
