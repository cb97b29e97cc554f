public import NIOCore

/// Reads AMQP-encoded bytes in place: a cursor over borrowed memory that checks every length before it reads.
///
/// It never copies, never retains and never traps on what the bytes say.
public struct WireReader: ~Escapable {
    let bytes: RawSpan
    /// The offset of the next byte, from the start of the span.
    public var offset: Int
    /// The offset one past the last byte that may be read.
    public var end: Int

    /// Starts at the beginning of a span.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) {
        self.bytes = bytes
        offset = 0
        end = bytes.byteCount
    }

    /// Starts inside a span. The range is clamped to the span.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, in range: Range<Int>) {
        self.bytes = bytes
        offset = Swift.max(0, Swift.min(range.lowerBound, bytes.byteCount))
        end = Swift.max(offset, Swift.min(range.upperBound, bytes.byteCount))
    }

    /// The number of bytes left.
    public var remaining: Int { end &- offset }

    /// An error at the current offset.
    func error(_ code: CodecError.Code) -> CodecError { CodecError(code, at: offset) }

    mutating func need(_ count: Int) throws(CodecError) {
        if count < 0 || end &- offset < count { throw CodecError(.truncated, at: offset) }
    }

    /// The next byte, without moving.
    public mutating func peekByte() throws(CodecError) -> UInt8 {
        try need(1)
        return bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
    }

    /// Reads one byte.
    public mutating func readByte() throws(CodecError) -> UInt8 {
        try need(1)
        defer { offset &+= 1 }
        return bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
    }

    /// Reads a big-endian integer.
    public mutating func readInteger<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) throws(CodecError) -> T {
        try need(MemoryLayout<T>.size)
        defer { offset &+= MemoryLayout<T>.size }
        return T(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// Reads a 32-bit length or count as an Int.
    mutating func readSize32() throws(CodecError) -> Int { Int(try readInteger(UInt32.self)) }

    /// Copies a range of the span into a string, repairing invalid UTF-8.
    func string(in range: Range<Int>) -> String {
        bytes.extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Skipping

    /// Moves past one value, checking lengths, counts and depth of everything inside.
    /// - Parameters:
    ///   - limits: the bounds to hold it to.
    ///   - depth: how deep the value already stands.
    public mutating func skipValue(limits: CodecLimits = .standard, depth: Int = 0) throws(CodecError) {
        let code = try readByte()
        switch code {
        case 0x40...0x45: return
        case 0x50...0x56: try skip(1)
        case 0x60, 0x61: try skip(2)
        case 0x70...0x74: try skip(4)
        case 0x80...0x84: try skip(8)
        case 0x94, 0x98: try skip(16)
        case 0xa0, 0xa1, 0xa3: try skip(Int(try readByte()))
        case 0xb0, 0xb1, 0xb3: try skip(try readSize32())
        case 0xc0, 0xc1, 0xd0, 0xd1: try skipCompound(code, limits: limits, depth: depth)
        case 0xe0, 0xf0: try skipArray(code, limits: limits, depth: depth)
        case 0x00:
            if depth >= limits.maximumDepth { throw error(.tooDeep) }
            try skipValue(limits: limits, depth: depth &+ 1)
            try skipValue(limits: limits, depth: depth &+ 1)
        default:
            offset &-= 1
            throw error(.unknownFormatCode(code))
        }
    }

    mutating func skip(_ count: Int) throws(CodecError) {
        try need(count)
        offset &+= count
    }

    /// Reads size and count after a compound or array code.
    /// - Returns: the number of elements, and the offset one past the compound.
    mutating func readCompoundHeader(_ code: UInt8) throws(CodecError) -> (count: Int, end: Int) {
        let wide = code & 0x10 != 0
        let size = wide ? try readSize32() : Int(try readByte())
        let start = offset
        try need(size)
        let countWidth = wide ? 4 : 1
        if size < countWidth { throw CodecError(.inconsistentCompound, at: offset) }
        let count = wide ? try readSize32() : Int(try readByte())
        return (count, start &+ size)
    }

    mutating func skipCompound(_ code: UInt8, limits: CodecLimits, depth: Int) throws(CodecError) {
        if depth >= limits.maximumDepth { throw error(.tooDeep) }
        let (count, compoundEnd) = try readCompoundHeader(code)
        if count > limits.maximumElements { throw error(.tooMany) }
        // Every element has at least its code: a count above the bytes left cannot be honest.
        if count > compoundEnd &- offset { throw error(.inconsistentCompound) }
        if code & 0x0f == 1, count & 1 != 0 { throw error(.inconsistentCompound) }
        let outerEnd = end
        end = compoundEnd
        defer { end = outerEnd }
        for _ in 0..<count { try skipValue(limits: limits, depth: depth &+ 1) }
        if offset != compoundEnd { throw error(.inconsistentCompound) }
    }

    mutating func skipArray(_ code: UInt8, limits: CodecLimits, depth: Int) throws(CodecError) {
        if depth >= limits.maximumDepth { throw error(.tooDeep) }
        let (count, arrayEnd) = try readCompoundHeader(code)
        if count > limits.maximumElements { throw error(.tooMany) }
        let outerEnd = end
        end = arrayEnd
        defer { end = outerEnd }
        var elementDepth = depth &+ 1
        var element = try readByte()
        while element == FormatCode.described {
            if elementDepth >= limits.maximumDepth { throw error(.tooDeep) }
            try skipValue(limits: limits, depth: elementDepth)
            element = try readByte()
            elementDepth &+= 1
        }
        if let width = FormatCode.fixedWidth(element) {
            if width == 0 {
                if count > limits.maximumEmptyElements { throw error(.tooMany) }
            } else {
                let (size, overflow) = count.multipliedReportingOverflow(by: width)
                if overflow { throw error(.inconsistentCompound) }
                try skip(size)
            }
        } else {
            if count > arrayEnd &- offset { throw error(.inconsistentCompound) }
            for _ in 0..<count { try skipArrayElement(element, limits: limits, depth: elementDepth) }
        }
        if offset != arrayEnd { throw error(.inconsistentCompound) }
    }

    private mutating func skipArrayElement(_ code: UInt8, limits: CodecLimits, depth: Int) throws(CodecError) {
        switch code {
        case 0xa0, 0xa1, 0xa3: try skip(Int(try readByte()))
        case 0xb0, 0xb1, 0xb3: try skip(try readSize32())
        case 0xc0, 0xc1, 0xd0, 0xd1: try skipCompound(code, limits: limits, depth: depth)
        case 0xe0, 0xf0: try skipArray(code, limits: limits, depth: depth)
        default: throw error(.unknownFormatCode(code))
        }
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
    mutating func readVariable(_ short: UInt8, _ long: UInt8, _ name: CodecError.StaticText) throws(CodecError) -> Range<Int>? {
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
            throw CodecError(.unexpectedType(expected: name, code: code), at: start)
        }
        try need(length)
        defer { offset &+= length }
        return offset..<(offset &+ length)
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

    /// Reads one symbol or an array of symbols; null is an empty list ("multiple" fields, part 1, 1.5).
    public mutating func readSymbols(in buffer: ByteBuffer, limits: CodecLimits = .standard) throws(CodecError) -> [Symbol] {
        let start = offset
        switch try readValue(in: buffer, limits: limits) {
        case .null: return []
        case .symbol(let symbol): return [symbol]
        case .array(let array):
            var symbols: [Symbol] = []
            symbols.reserveCapacity(array.elements.count)
            for element in array.elements {
                guard case .symbol(let symbol) = element else { throw CodecError(.invalidField("symbol array"), at: start) }
                symbols.append(symbol)
            }
            return symbols
        default: throw CodecError(.invalidField("symbol array"), at: start)
        }
    }

    /// Reads the descriptor of a described value as a number; symbolic descriptors of the standard are mapped to theirs.
    public mutating func readDescriptor(in buffer: ByteBuffer) throws(CodecError) -> UInt64 {
        let start = offset
        guard try readByte() == FormatCode.described else {
            offset = start
            throw unexpected("described value", try peekByte(), at: start)
        }
        let code = try peekByte()
        if code == FormatCode.smallULong || code == FormatCode.ulong || code == FormatCode.ulong0 {
            return try readULong() ?? 0
        }
        guard let symbol = try readSymbol(), let number = Descriptor.number(named: symbol.name) else {
            throw CodecError(.unexpectedType(expected: "descriptor", code: code), at: start)
        }
        return number
    }

    // MARK: Values

    /// Reads any value.
    /// - Parameters:
    ///   - buffer: the buffer this reader's span is the readable part of; binary values become slices of it.
    ///   - limits: the bounds to hold the value to.
    ///   - depth: how deep the value already stands.
    public mutating func readValue(
        in buffer: ByteBuffer, limits: CodecLimits = .standard, depth: Int = 0
    ) throws(CodecError) -> AMQPValue {
        let code = try readByte()
        if code == FormatCode.described {
            if depth >= limits.maximumDepth { throw error(.tooDeep) }
            let descriptor = try readValue(in: buffer, limits: limits, depth: depth + 1)
            let value = try readValue(in: buffer, limits: limits, depth: depth + 1)
            return .described(descriptor: descriptor, value: value)
        }
        return try readContent(code, in: buffer, limits: limits, depth: depth)
    }

    /// Reads what follows a (non-described) format code.
    private mutating func readContent(
        _ code: UInt8, in buffer: ByteBuffer, limits: CodecLimits, depth: Int
    ) throws(CodecError) -> AMQPValue {
        switch code {
        case FormatCode.null: return .null
        case FormatCode.booleanTrue: return .boolean(true)
        case FormatCode.booleanFalse: return .boolean(false)
        case FormatCode.boolean: return .boolean(try readByte() != 0)
        case FormatCode.ubyte: return .ubyte(try readByte())
        case FormatCode.ushort: return .ushort(try readInteger())
        case FormatCode.uint0: return .uint(0)
        case FormatCode.smallUInt: return .uint(UInt32(try readByte()))
        case FormatCode.uint: return .uint(try readInteger())
        case FormatCode.ulong0: return .ulong(0)
        case FormatCode.smallULong: return .ulong(UInt64(try readByte()))
        case FormatCode.ulong: return .ulong(try readInteger())
        case FormatCode.byte: return .byte(Int8(bitPattern: try readByte()))
        case FormatCode.short: return .short(try readInteger())
        case FormatCode.smallInt: return .int(Int32(Int8(bitPattern: try readByte())))
        case FormatCode.int: return .int(try readInteger())
        case FormatCode.smallLong: return .long(Int64(Int8(bitPattern: try readByte())))
        case FormatCode.long: return .long(try readInteger())
        case FormatCode.float: return .float(Float(bitPattern: try readInteger()))
        case FormatCode.double: return .double(Double(bitPattern: try readInteger()))
        case FormatCode.decimal32: return .decimal32(try readInteger())
        case FormatCode.decimal64: return .decimal64(try readInteger())
        case FormatCode.decimal128: return .decimal128(UUIDBytes(high: try readInteger(), low: try readInteger()))
        case FormatCode.char: return .char(try readInteger())
        case FormatCode.timestamp: return .timestamp(try readInteger())
        case FormatCode.uuid: return .uuid(UUIDBytes(high: try readInteger(), low: try readInteger()))
        case FormatCode.binary8: return .binary(try readSlice(Int(try readByte()), of: buffer))
        case FormatCode.binary32: return .binary(try readSlice(try readSize32(), of: buffer))
        case FormatCode.string8: return .string(try readText(Int(try readByte())))
        case FormatCode.string32: return .string(try readText(try readSize32()))
        case FormatCode.symbol8: return .symbol(Symbol(try readText(Int(try readByte()))))
        case FormatCode.symbol32: return .symbol(Symbol(try readText(try readSize32())))
        case FormatCode.list0: return .list([])
        case FormatCode.list8, FormatCode.list32: return .list(try readList(code, in: buffer, limits: limits, depth: depth))
        case FormatCode.map8, FormatCode.map32: return .map(try readMap(code, in: buffer, limits: limits, depth: depth))
        case FormatCode.array8, FormatCode.array32: return .array(try readArray(code, in: buffer, limits: limits, depth: depth))
        default: throw CodecError(.unknownFormatCode(code), at: offset &- 1)
        }
    }

    private mutating func readSlice(_ length: Int, of buffer: ByteBuffer) throws(CodecError) -> ByteBuffer {
        try need(length)
        guard let slice = buffer.getSlice(at: buffer.readerIndex &+ offset, length: length) else { throw error(.truncated) }
        offset &+= length
        return slice
    }

    private mutating func readText(_ length: Int) throws(CodecError) -> String {
        try need(length)
        defer { offset &+= length }
        return string(in: offset..<(offset &+ length))
    }

    private mutating func readList(
        _ code: UInt8, in buffer: ByteBuffer, limits: CodecLimits, depth: Int
    ) throws(CodecError) -> [AMQPValue] {
        let (count, outerEnd) = try enterCompound(code, limits: limits, depth: depth)
        let listEnd = end
        defer { end = outerEnd }
        var elements: [AMQPValue] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try readValue(in: buffer, limits: limits, depth: depth + 1)) }
        if offset != listEnd { throw error(.inconsistentCompound) }
        return elements
    }

    private mutating func readMap(
        _ code: UInt8, in buffer: ByteBuffer, limits: CodecLimits, depth: Int
    ) throws(CodecError) -> AMQPMap {
        let (count, outerEnd) = try enterCompound(code, limits: limits, depth: depth)
        let mapEnd = end
        defer { end = outerEnd }
        if count & 1 != 0 { throw error(.inconsistentCompound) }
        var pairs: [AMQPMap.Pair] = []
        pairs.reserveCapacity(count / 2)
        for _ in 0..<(count / 2) {
            let key = try readValue(in: buffer, limits: limits, depth: depth + 1)
            let value = try readValue(in: buffer, limits: limits, depth: depth + 1)
            pairs.append(AMQPMap.Pair(key: key, value: value))
        }
        if offset != mapEnd { throw error(.inconsistentCompound) }
        return AMQPMap(pairs)
    }

    /// Narrows ``end`` to a compound. The caller restores the returned outer end.
    mutating func enterCompound(_ code: UInt8, limits: CodecLimits, depth: Int) throws(CodecError) -> (count: Int, outerEnd: Int) {
        if depth >= limits.maximumDepth { throw error(.tooDeep) }
        let (count, compoundEnd) = try readCompoundHeader(code)
        if count > limits.maximumElements { throw error(.tooMany) }
        if count > compoundEnd &- offset { throw error(.inconsistentCompound) }
        let outerEnd = end
        end = compoundEnd
        return (count, outerEnd)
    }

    private mutating func readArray(
        _ code: UInt8, in buffer: ByteBuffer, limits: CodecLimits, depth: Int
    ) throws(CodecError) -> AMQPArray {
        if depth >= limits.maximumDepth { throw error(.tooDeep) }
        let (count, arrayEnd) = try readCompoundHeader(code)
        if count > limits.maximumElements { throw error(.tooMany) }
        let outerEnd = end
        end = arrayEnd
        defer { end = outerEnd }
        var descriptors: [AMQPValue] = []
        var element = try readByte()
        while element == FormatCode.described {
            if depth + descriptors.count + 1 >= limits.maximumDepth { throw error(.tooDeep) }
            descriptors.append(try readValue(in: buffer, limits: limits, depth: depth + descriptors.count + 1))
            element = try readByte()
        }
        if let width = FormatCode.fixedWidth(element) {
            if width == 0, count > limits.maximumEmptyElements { throw error(.tooMany) }
            if width > 0, count > (arrayEnd &- offset) / width { throw error(.inconsistentCompound) }
        } else if count > arrayEnd &- offset {
            throw error(.inconsistentCompound)
        }
        var elements: [AMQPValue] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            elements.append(try readContent(element, in: buffer, limits: limits, depth: depth + descriptors.count + 1))
        }
        if offset != arrayEnd { throw error(.inconsistentCompound) }
        var type = AMQPArray.ElementType.primitive(element)
        for descriptor in descriptors.reversed() { type = .described(descriptor, type) }
        return AMQPArray(unchecked: type, elements)
    }
}

extension AMQPValue {
    /// Decodes one value and requires that the buffer holds nothing else.
    public init(decoding buffer: ByteBuffer, limits: CodecLimits = .standard) throws(CodecError) {
        var reader = WireReader(buffer.readableBytesSpan)
        self = try reader.readValue(in: buffer, limits: limits)
        if reader.remaining != 0 { throw CodecError(.inconsistentCompound, at: reader.offset) }
    }

    /// Decodes all values that stand one after another in a buffer.
    public static func sequence(decoding buffer: ByteBuffer, limits: CodecLimits = .standard) throws(CodecError) -> [AMQPValue] {
        var reader = WireReader(buffer.readableBytesSpan)
        var values: [AMQPValue] = []
        while reader.remaining > 0 { values.append(try reader.readValue(in: buffer, limits: limits)) }
        return values
    }
}
