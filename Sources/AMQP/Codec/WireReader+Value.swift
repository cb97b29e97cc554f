public import NIOCore

/// Decoding into ``AMQPValue``.
///
/// Every value is validated by one skip pass before anything is built, so that counts can be trusted when room is reserved: nested lists
/// that each announce a million elements are refused before the first allocation.
extension WireReader {
    /// Reads any value.
    /// - Parameter buffer: the buffer this reader's span is the readable part of; binary values become slices of it.
    public mutating func readValue(in buffer: ByteBuffer) throws(CodecError) -> AMQPValue {
        try validateValue()
        return try build(in: buffer)
    }

    /// Reads a map; null reads as nil.
    mutating func readMap(in buffer: ByteBuffer) throws(CodecError) -> AMQPMap? {
        let start = offset
        try validateValue()
        let code = try readByte()
        switch code {
        case FormatCode.null: return nil
        case FormatCode.map8, FormatCode.map32: return try buildMap(code, in: buffer)
        default: throw CodecError(.unexpectedType(expected: "map", code: code), at: start)
        }
    }

    /// Reads a list; null reads as nil.
    mutating func readList(in buffer: ByteBuffer) throws(CodecError) -> [AMQPValue]? {
        let start = offset
        try validateValue()
        let code = try readByte()
        switch code {
        case FormatCode.null: return nil
        case FormatCode.list0: return []
        case FormatCode.list8, FormatCode.list32: return try buildList(code, in: buffer)
        default: throw CodecError(.unexpectedType(expected: "list", code: code), at: start)
        }
    }

    /// Reads one symbol or an array of symbols; null is an empty list ("multiple" fields, part 1, 1.5).
    public mutating func readSymbols(in buffer: ByteBuffer) throws(CodecError) -> [Symbol] {
        let start = offset
        let code = try peekByte()
        switch code {
        case FormatCode.null, FormatCode.symbol8, FormatCode.symbol32:
            return try readSymbol().map { [$0] } ?? []
        case FormatCode.array8, FormatCode.array32:
            try validateValue()
            offset &+= 1
            let (count, content, arrayEnd) = try compoundHeader(code, at: offset, limit: end)
            let (descriptors, element, elements) = try arrayConstructor(at: content, limit: arrayEnd)
            offset = elements
            guard descriptors == 0, element == FormatCode.symbol8 || element == FormatCode.symbol32 else {
                throw CodecError(.unexpectedType(expected: "symbol array", code: element), at: start)
            }
            var symbols: [Symbol] = []
            symbols.reserveCapacity(count)
            for _ in 0..<count {
                symbols.append(Symbol(try buildText(element == FormatCode.symbol8 ? Int(try readByte()) : try readSize32())))
            }
            return symbols
        default: throw CodecError(.unexpectedType(expected: "symbol array", code: code), at: start)
        }
    }

    /// Checks the next value without moving.
    private mutating func validateValue() throws(CodecError) {
        let start = offset
        try skipValue()
        offset = start
    }

    // MARK: Building what a skip pass has validated

    private mutating func build(in buffer: ByteBuffer) throws(CodecError) -> AMQPValue {
        let code = try readByte()
        if code == FormatCode.described {
            let descriptor = try build(in: buffer)
            return .described(descriptor: descriptor, value: try build(in: buffer))
        }
        return try buildContent(code, in: buffer)
    }

    /// Builds what follows a (non-described) format code.
    private mutating func buildContent(_ code: UInt8, in buffer: ByteBuffer) throws(CodecError) -> AMQPValue {
        switch code {
        case FormatCode.null: .null
        case FormatCode.booleanTrue: .boolean(true)
        case FormatCode.booleanFalse: .boolean(false)
        case FormatCode.boolean: .boolean(try readByte() != 0)
        case FormatCode.ubyte: .ubyte(try readByte())
        case FormatCode.ushort: .ushort(try readInteger())
        case FormatCode.uint0: .uint(0)
        case FormatCode.smallUInt: .uint(UInt32(try readByte()))
        case FormatCode.uint: .uint(try readInteger())
        case FormatCode.ulong0: .ulong(0)
        case FormatCode.smallULong: .ulong(UInt64(try readByte()))
        case FormatCode.ulong: .ulong(try readInteger())
        case FormatCode.byte: .byte(Int8(bitPattern: try readByte()))
        case FormatCode.short: .short(try readInteger())
        case FormatCode.smallInt: .int(Int32(Int8(bitPattern: try readByte())))
        case FormatCode.int: .int(try readInteger())
        case FormatCode.smallLong: .long(Int64(Int8(bitPattern: try readByte())))
        case FormatCode.long: .long(try readInteger())
        case FormatCode.float: .float(Float(bitPattern: try readInteger()))
        case FormatCode.double: .double(Double(bitPattern: try readInteger()))
        case FormatCode.decimal32: .decimal32(try readInteger())
        case FormatCode.decimal64: .decimal64(try readInteger())
        case FormatCode.decimal128: .decimal128(UUIDBytes(high: try readInteger(), low: try readInteger()))
        case FormatCode.char: .char(try readInteger())
        case FormatCode.timestamp: .timestamp(try readInteger())
        case FormatCode.uuid: .uuid(UUIDBytes(high: try readInteger(), low: try readInteger()))
        case FormatCode.binary8: .binary(try buildSlice(Int(try readByte()), of: buffer))
        case FormatCode.binary32: .binary(try buildSlice(try readSize32(), of: buffer))
        case FormatCode.string8: .string(try buildText(Int(try readByte())))
        case FormatCode.string32: .string(try buildText(try readSize32()))
        case FormatCode.symbol8: .symbol(Symbol(try buildText(Int(try readByte()))))
        case FormatCode.symbol32: .symbol(Symbol(try buildText(try readSize32())))
        case FormatCode.list0: .list([])
        case FormatCode.list8, FormatCode.list32: .list(try buildList(code, in: buffer))
        case FormatCode.map8, FormatCode.map32: .map(try buildMap(code, in: buffer))
        case FormatCode.array8, FormatCode.array32: .array(try buildArray(code, in: buffer))
        default: throw CodecError(.unknownFormatCode(code), at: offset &- 1)
        }
    }

    private mutating func buildSlice(_ length: Int, of buffer: ByteBuffer) throws(CodecError) -> ByteBuffer {
        try need(length)
        guard let slice = buffer.getSlice(at: buffer.readerIndex &+ offset, length: length) else { throw error(.truncated) }
        offset &+= length
        return slice
    }

    private mutating func buildText(_ length: Int) throws(CodecError) -> String {
        try need(length)
        let text = string(in: offset..<(offset &+ length))
        offset &+= length
        return text
    }

    /// Moves past size and count; the skip pass has compared them with the content.
    private mutating func enterValidated(_ code: UInt8) throws(CodecError) -> Int {
        if code & 0x10 == 0 {
            try need(2)
            offset &+= 2
            return Int(load(UInt8.self, at: offset &- 1))
        }
        try need(8)
        offset &+= 8
        return Int(UInt32(bigEndian: load(UInt32.self, at: offset &- 4)))
    }

    private mutating func buildList(_ code: UInt8, in buffer: ByteBuffer) throws(CodecError) -> [AMQPValue] {
        let count = try enterValidated(code)
        var elements: [AMQPValue] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try build(in: buffer)) }
        return elements
    }

    private mutating func buildMap(_ code: UInt8, in buffer: ByteBuffer) throws(CodecError) -> AMQPMap {
        let count = try enterValidated(code) / 2
        var pairs: [AMQPMap.Pair] = []
        pairs.reserveCapacity(count)
        for _ in 0..<count {
            let key = try build(in: buffer)
            pairs.append(AMQPMap.Pair(key: key, value: try build(in: buffer)))
        }
        return AMQPMap(pairs)
    }

    private mutating func buildArray(_ code: UInt8, in buffer: ByteBuffer) throws(CodecError) -> AMQPArray {
        let count = try enterValidated(code)
        let type = try buildElementType(in: buffer)
        var elements: [AMQPValue] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try buildContent(type.code, in: buffer)) }
        return AMQPArray(unchecked: type, elements)
    }

    private mutating func buildElementType(in buffer: ByteBuffer) throws(CodecError) -> AMQPArray.ElementType {
        let code = try readByte()
        if code != FormatCode.described { return .primitive(code) }
        let descriptor = try build(in: buffer)
        return .described(descriptor, try buildElementType(in: buffer))
    }
}

extension AMQPValue {
    /// Decodes one value and requires that the buffer holds nothing else.
    public init(decoding buffer: ByteBuffer, limits: CodecLimits = .standard) throws(CodecError) {
        var reader = WireReader(buffer.readableBytesSpan, limits: limits)
        self = try reader.readValue(in: buffer)
        if reader.remaining != 0 { throw CodecError(.trailingBytes, at: reader.offset) }
    }

    /// Decodes all values that stand one after another in a buffer.
    public static func sequence(decoding buffer: ByteBuffer, limits: CodecLimits = .standard) throws(CodecError) -> [AMQPValue] {
        var reader = WireReader(buffer.readableBytesSpan, limits: limits)
        var values: [AMQPValue] = []
        while reader.remaining > 0 { values.append(try reader.readValue(in: buffer)) }
        return values
    }
}
