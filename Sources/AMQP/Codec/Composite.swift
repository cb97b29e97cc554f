import NIOCore

/// Where a reader stands inside the list of a composite type: missing trailing fields read as null (part 1, 1.4).
struct FieldList {
    var remaining: Int
    let outerEnd: Int
}

extension WireReader {
    /// Enters the list of a composite value, after its descriptor, and narrows the reader to it.
    mutating func enterFields() throws(CodecError) -> FieldList {
        let start = offset
        let code = try readByte()
        let outerEnd = end
        switch code {
        case FormatCode.list0:
            try deepen(by: 1, at: start)
            end = offset
            return FieldList(remaining: 0, outerEnd: outerEnd)
        case FormatCode.list8, FormatCode.list32:
            try deepen(by: 1, at: start)
            let list = try compoundHeader(code, at: offset, limit: end)
            offset = list.content
            end = list.end
            return FieldList(remaining: list.count, outerEnd: outerEnd)
        default:
            throw CodecError(.unexpectedType(expected: "list", code: code), at: start)
        }
    }

    /// Leaves the list, past fields a later version may have added.
    mutating func leave(_ fields: consuming FieldList) throws(CodecError) {
        try skipValues(fields.remaining)
        if offset != end { throw error(.inconsistentCompound) }
        end = fields.outerEnd
        depth &-= 1
    }

    @inline(__always)
    private func take(_ fields: inout FieldList) -> Bool {
        guard fields.remaining > 0 else { return false }
        fields.remaining &-= 1
        return true
    }

    mutating func boolean(_ fields: inout FieldList) throws(CodecError) -> Bool? { take(&fields) ? try readBoolean() : nil }
    mutating func ubyte(_ fields: inout FieldList) throws(CodecError) -> UInt8? { take(&fields) ? try readUByte() : nil }
    mutating func ushort(_ fields: inout FieldList) throws(CodecError) -> UInt16? { take(&fields) ? try readUShort() : nil }
    mutating func uint(_ fields: inout FieldList) throws(CodecError) -> UInt32? { take(&fields) ? try readUInt() : nil }
    mutating func ulong(_ fields: inout FieldList) throws(CodecError) -> UInt64? { take(&fields) ? try readULong() : nil }
    mutating func timestamp(_ fields: inout FieldList) throws(CodecError) -> Int64? { take(&fields) ? try readTimestamp() : nil }
    mutating func string(_ fields: inout FieldList) throws(CodecError) -> String? { take(&fields) ? try readString() : nil }
    mutating func symbol(_ fields: inout FieldList) throws(CodecError) -> Symbol? { take(&fields) ? try readSymbol() : nil }

    mutating func symbols(_ fields: inout FieldList, _ buffer: ByteBuffer) throws(CodecError) -> [Symbol]? {
        guard take(&fields) else { return nil }
        if try peekByte() == FormatCode.null {
            offset &+= 1
            return nil
        }
        return try readSymbols(in: buffer)
    }

    mutating func binary(_ fields: inout FieldList, _ buffer: ByteBuffer) throws(CodecError) -> ByteBuffer? {
        guard take(&fields), let range = try readBinaryRange() else { return nil }
        return buffer.getSlice(at: buffer.readerIndex &+ range.lowerBound, length: range.count)
    }

    mutating func map(_ fields: inout FieldList, _ buffer: ByteBuffer) throws(CodecError) -> AMQPMap? {
        take(&fields) ? try readMap(in: buffer) : nil
    }

    mutating func value(_ fields: inout FieldList, _ buffer: ByteBuffer) throws(CodecError) -> AMQPValue? {
        guard take(&fields) else { return nil }
        let value = try readValue(in: buffer)
        // Not `isNull ? nil : value`: there `nil` would be the literal of an AMQP null, a value that is present.
        if value.isNull { return nil }
        return value
    }

    /// An address: a string, or a symbol as some peers send it.
    mutating func address(_ fields: inout FieldList) throws(CodecError) -> String? {
        guard take(&fields) else { return nil }
        let code = try peekByte()
        return code == FormatCode.symbol8 || code == FormatCode.symbol32 ? try readSymbol()?.name : try readString()
    }

    /// Whether a field is there and not null; the reader then stands at its first byte.
    mutating func hasValue(_ fields: inout FieldList) throws(CodecError) -> Bool {
        guard take(&fields) else { return false }
        if try peekByte() == FormatCode.null {
            offset &+= 1
            return false
        }
        return true
    }

    func required<T>(_ value: T?, _ name: CodecError.StaticText) throws(CodecError) -> T {
        guard let value else { throw CodecError(.missingField(name), at: offset) }
        return value
    }
}

extension SpanWriter {
    mutating func optional(_ value: Bool?) { if let value { boolean(value) } else { null() } }
    mutating func optional(ubyte value: UInt8?) { if let value { ubyte(value) } else { null() } }
    mutating func optional(ushort value: UInt16?) { if let value { ushort(value) } else { null() } }
    mutating func optional(uint value: UInt32?) { if let value { uint(value) } else { null() } }
    mutating func optional(ulong value: UInt64?) { if let value { ulong(value) } else { null() } }
    mutating func optional(timestamp value: Int64?) { if let value { timestamp(value) } else { null() } }
    mutating func optional(_ value: String?) { if let value { string(value) } else { null() } }
    mutating func optional(_ value: Symbol?) { if let value { symbol(value) } else { null() } }
    mutating func optional(_ value: ByteBuffer?) { if let value { binary(value) } else { null() } }
    mutating func optional(_ value: AMQPMap?) { if let value { map(value) } else { null() } }
    mutating func optional(_ value: AMQPValue?) { if let value { self.value(value) } else { null() } }
    mutating func optional(_ value: [Symbol]?) { if let value { symbols(value) } else { null() } }
}
