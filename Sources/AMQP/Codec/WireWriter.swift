public import NIOCore

/// How integers of value zero and short compounds are written. Both forms mean the same.
public struct EncodingStyle: Hashable, Sendable {
    /// Write uint 0 and ulong 0 without a value byte (0x43, 0x44).
    public var usesZeroForms: Bool
    /// Write lists, maps and arrays of up to 255 bytes with one-byte sizes.
    public var usesShortCompounds: Bool

    /// The shortest form of everything: what the real service writes.
    public static let compact = EncodingStyle(usesZeroForms: true, usesShortCompounds: true)
    /// Four-byte compounds and no zero forms: what qpid-proton writes.
    public static let uniform = EncodingStyle(usesZeroForms: false, usesShortCompounds: false)

    /// Creates a style.
    public init(usesZeroForms: Bool, usesShortCompounds: Bool) {
        self.usesZeroForms = usesZeroForms
        self.usesShortCompounds = usesShortCompounds
    }
}

/// Writes AMQP-encoded values into a buffer.
///
/// Compounds are written after measuring them, so that nothing is moved once written.
public struct WireWriter: ~Copyable {
    /// What was written.
    public var buffer: ByteBuffer
    /// The forms in use.
    public var style: EncodingStyle

    /// Starts writing at the end of a buffer.
    public init(_ buffer: consuming ByteBuffer = ByteBuffer(), style: EncodingStyle = .compact) {
        self.buffer = buffer
        self.style = style
    }

    /// Ends writing.
    public consuming func finish() -> ByteBuffer { buffer }

    // MARK: Primitives

    mutating func byte(_ value: UInt8) { buffer.writeInteger(value) }

    /// Writes null.
    public mutating func null() { byte(FormatCode.null) }

    /// Writes a boolean.
    public mutating func boolean(_ value: Bool) { byte(value ? FormatCode.booleanTrue : FormatCode.booleanFalse) }

    /// Writes a ubyte.
    public mutating func ubyte(_ value: UInt8) { pair(FormatCode.ubyte, value) }

    /// Writes a ushort.
    public mutating func ushort(_ value: UInt16) { tagged(FormatCode.ushort, value) }

    /// Writes a uint in its shortest form.
    public mutating func uint(_ value: UInt32) {
        if value == 0, style.usesZeroForms {
            byte(FormatCode.uint0)
        } else if value <= 0xff {
            pair(FormatCode.smallUInt, UInt8(truncatingIfNeeded: value))
        } else {
            tagged(FormatCode.uint, value)
        }
    }

    /// Writes a ulong in its shortest form.
    public mutating func ulong(_ value: UInt64) {
        if value == 0, style.usesZeroForms {
            byte(FormatCode.ulong0)
        } else if value <= 0xff {
            pair(FormatCode.smallULong, UInt8(truncatingIfNeeded: value))
        } else {
            tagged(FormatCode.ulong, value)
        }
    }

    /// Writes an int in its shortest form.
    public mutating func int(_ value: Int32) {
        if let small = Int8(exactly: value) { pair(FormatCode.smallInt, UInt8(bitPattern: small)) } else { tagged(FormatCode.int, value) }
    }

    /// Writes a long in its shortest form.
    public mutating func long(_ value: Int64) {
        if let small = Int8(exactly: value) { pair(FormatCode.smallLong, UInt8(bitPattern: small)) } else { tagged(FormatCode.long, value) }
    }

    /// Writes a timestamp, in milliseconds since 1970.
    public mutating func timestamp(_ milliseconds: Int64) { tagged(FormatCode.timestamp, milliseconds) }

    /// Writes a UUID.
    public mutating func uuid(_ value: UUIDBytes) { sixteen(FormatCode.uuid, value) }

    /// Writes a string.
    public mutating func string(_ value: String) { text(value, FormatCode.string8, FormatCode.string32) }

    /// Writes a symbol.
    public mutating func symbol(_ value: Symbol) { text(value.name, FormatCode.symbol8, FormatCode.symbol32) }

    /// Writes bytes.
    public mutating func binary(_ value: ByteBuffer) {
        variableHeader(value.readableBytes, FormatCode.binary8, FormatCode.binary32)
        buffer.writeImmutableBuffer(value)
    }

    /// Writes an array of symbols, or null when there are none.
    public mutating func symbols(_ values: [Symbol]) {
        if values.isEmpty { null() } else { value(.array(.symbols(values))) }
    }

    mutating func pair(_ code: UInt8, _ value: UInt8) {
        buffer.writeInteger(UInt16(code) << 8 | UInt16(value))
    }

    private mutating func tagged<T: FixedWidthInteger>(_ code: UInt8, _ value: T) {
        buffer.writeMultipleIntegers(code, value)
    }

    private mutating func sixteen(_ code: UInt8, _ value: UUIDBytes) {
        buffer.writeMultipleIntegers(code, value.high, value.low)
    }

    private mutating func text(_ value: String, _ short: UInt8, _ long: UInt8) {
        variableHeader(value.utf8.count, short, long)
        buffer.writeString(value)
    }

    private mutating func variableHeader(_ count: Int, _ short: UInt8, _ long: UInt8) {
        if count <= 0xff {
            pair(short, UInt8(truncatingIfNeeded: count))
        } else {
            buffer.writeMultipleIntegers(long, UInt32(clamping: count))
        }
    }

    /// Writes a numeric descriptor: the constructor of a described type.
    public mutating func descriptor(_ number: UInt64) {
        byte(FormatCode.described)
        if number <= 0xff { pair(FormatCode.smallULong, UInt8(truncatingIfNeeded: number)) } else { tagged(FormatCode.ulong, number) }
    }

    // MARK: Compounds

    /// Writes a list whose fields the closure writes, in the shortest form the style allows.
    ///
    /// The size is patched afterwards; a short list is moved three bytes down when it fits a one-byte size.
    public mutating func list(_ count: Int, _ fields: (inout WireWriter) -> Void) {
        compound(FormatCode.list8, FormatCode.list32, count: count, fields)
    }

    /// Writes a composite type: descriptor and list of fields.
    public mutating func composite(_ number: UInt64, _ count: Int, _ fields: (inout WireWriter) -> Void) {
        descriptor(number)
        if count == 0 { byte(FormatCode.list0) } else { list(count, fields) }
    }

    /// Writes a map from ordered pairs.
    public mutating func map(_ map: AMQPMap) {
        let size = map.pairs.reduce(into: 0) { $0 &+= encodedSize($1.key) &+ encodedSize($1.value) }
        compoundHeader(FormatCode.map8, FormatCode.map32, contentSize: size, count: map.pairs.count &* 2)
        for pair in map.pairs {
            value(pair.key)
            value(pair.value)
        }
    }

    private mutating func compound(_ short: UInt8, _ long: UInt8, count: Int, _ content: (inout WireWriter) -> Void) {
        let start = buffer.writerIndex
        if style.usesShortCompounds, count <= 0xff {
            // Written as short first; most are. Grown by six bytes when the content turns out longer.
            buffer.writeMultipleIntegers(short, UInt8(0), UInt8(count))
            content(&self)
            let size = buffer.writerIndex &- start &- 2
            if size <= 0xff {
                buffer.setInteger(UInt8(size), at: start &+ 1)
                return
            }
            guard let body = buffer.getSlice(at: start &+ 3, length: size &- 1) else { return }
            buffer.moveWriterIndex(to: start)
            buffer.writeMultipleIntegers(long, UInt32(clamping: size &+ 3), UInt32(clamping: count))
            buffer.writeImmutableBuffer(body)
        } else {
            buffer.writeMultipleIntegers(long, UInt32(0), UInt32(clamping: count))
            content(&self)
            buffer.setInteger(UInt32(clamping: buffer.writerIndex &- start &- 5), at: start &+ 1)
        }
    }

    mutating func compoundHeader(_ short: UInt8, _ long: UInt8, contentSize: Int, count: Int) {
        if style.usesShortCompounds, contentSize &+ 1 <= 0xff, count <= 0xff {
            buffer.writeMultipleIntegers(short, UInt8(contentSize &+ 1), UInt8(count))
        } else {
            buffer.writeMultipleIntegers(long, UInt32(clamping: contentSize &+ 4), UInt32(clamping: count))
        }
    }

    // MARK: Any value

    /// Writes any value.
    public mutating func value(_ value: AMQPValue) {
        switch value {
        case .null: null()
        case .boolean(let value): boolean(value)
        case .ubyte(let value): ubyte(value)
        case .ushort(let value): ushort(value)
        case .uint(let value): uint(value)
        case .ulong(let value): ulong(value)
        case .byte(let value): pair(FormatCode.byte, UInt8(bitPattern: value))
        case .short(let value): tagged(FormatCode.short, value)
        case .int(let value): int(value)
        case .long(let value): long(value)
        case .float(let value): tagged(FormatCode.float, value.bitPattern)
        case .double(let value): tagged(FormatCode.double, value.bitPattern)
        case .decimal32(let value): tagged(FormatCode.decimal32, value)
        case .decimal64(let value): tagged(FormatCode.decimal64, value)
        case .decimal128(let value): sixteen(FormatCode.decimal128, value)
        case .char(let value): tagged(FormatCode.char, value)
        case .timestamp(let value): timestamp(value)
        case .uuid(let value): uuid(value)
        case .binary(let value): binary(value)
        case .string(let value): string(value)
        case .symbol(let value): symbol(value)
        case .list(let elements): list(elements)
        case .map(let value): map(value)
        case .array(let value): array(value)
        case .described(let descriptor, let described):
            byte(FormatCode.described)
            self.value(descriptor)
            self.value(described)
        }
    }

    private mutating func list(_ elements: [AMQPValue]) {
        if elements.isEmpty { return byte(FormatCode.list0) }
        let size = elements.reduce(into: 0) { $0 &+= encodedSize($1) }
        compoundHeader(FormatCode.list8, FormatCode.list32, contentSize: size, count: elements.count)
        for element in elements { value(element) }
    }
}

extension AMQPValue {
    /// The value's encoding.
    public func encoded(style: EncodingStyle = .compact) -> ByteBuffer {
        var writer = WireWriter(style: style)
        writer.value(self)
        return writer.finish()
    }
}
