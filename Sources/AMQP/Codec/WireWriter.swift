public import NIOCore

/// How integers of value zero and short compounds are written. Both forms mean the same.
public struct EncodingStyle: Hashable, Sendable {
    /// Write uint 0 and ulong 0 without a value byte (0x43, 0x44).
    public var usesZeroForms: Bool
    /// Write lists, maps and arrays of up to 255 bytes with one-byte sizes.
    public var usesShortCompounds: Bool

    /// The shortest form of everything: what the real service writes.
    public static let compact = EncodingStyle(usesZeroForms: true, usesShortCompounds: true)
    /// Four-byte compounds and no zero forms: what qpid-proton's data encoder writes.
    public static let uniform = EncodingStyle(usesZeroForms: false, usesShortCompounds: false)

    /// Creates a style.
    public init(usesZeroForms: Bool, usesShortCompounds: Bool) {
        self.usesZeroForms = usesZeroForms
        self.usesShortCompounds = usesShortCompounds
    }
}

extension ByteBuffer {
    /// Appends AMQP-encoded values.
    ///
    /// They are written straight into the buffer's spare room. When that turns out too small the buffer grows to what is needed
    /// and `body` runs once more, so `body` must do nothing but write.
    /// - Parameters:
    ///   - style: the forms to write.
    ///   - body: writes the values.
    @inline(__always)
    public mutating func writeAMQP(style: EncodingStyle = .compact, _ body: (inout SpanWriter) -> Void) {
        var needed = 0
        var isComplete = false
        writeWithUnsafeMutableBytes(minimumWritableBytes: 0) { memory in
            var writer = SpanWriter(memory, style: style)
            body(&writer)
            needed = writer.roomNeeded
            isComplete = writer.isComplete
            return isComplete ? writer.count : 0
        }
        if isComplete { return }
        writeWithUnsafeMutableBytes(minimumWritableBytes: needed) { memory in
            var writer = SpanWriter(memory, style: style)
            body(&writer)
            assert(writer.isComplete, "the closure wrote something else the second time")
            return writer.isComplete ? writer.count : 0
        }
    }
}

/// Writes AMQP-encoded values at the end of a buffer of its own: ``NIOCore/ByteBuffer/writeAMQP(style:_:)`` a value at a time.
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

    /// Writes what the closure writes; it may run twice and must do nothing else.
    @inline(__always)
    public mutating func write(_ body: (inout SpanWriter) -> Void) { buffer.writeAMQP(style: style, body) }

    /// Writes null.
    public mutating func null() { write { $0.null() } }
    /// Writes a boolean.
    public mutating func boolean(_ value: Bool) { write { $0.boolean(value) } }
    /// Writes a ubyte.
    public mutating func ubyte(_ value: UInt8) { write { $0.ubyte(value) } }
    /// Writes a ushort.
    public mutating func ushort(_ value: UInt16) { write { $0.ushort(value) } }
    /// Writes a uint in its shortest form.
    public mutating func uint(_ value: UInt32) { write { $0.uint(value) } }
    /// Writes a ulong in its shortest form.
    public mutating func ulong(_ value: UInt64) { write { $0.ulong(value) } }
    /// Writes an int in its shortest form.
    public mutating func int(_ value: Int32) { write { $0.int(value) } }
    /// Writes a long in its shortest form.
    public mutating func long(_ value: Int64) { write { $0.long(value) } }
    /// Writes a timestamp, in milliseconds since 1970.
    public mutating func timestamp(_ milliseconds: Int64) { write { $0.timestamp(milliseconds) } }
    /// Writes a UUID.
    public mutating func uuid(_ value: UUIDBytes) { write { $0.uuid(value) } }
    /// Writes a string.
    public mutating func string(_ value: String) { write { $0.string(value) } }
    /// Writes a symbol.
    public mutating func symbol(_ value: Symbol) { write { $0.symbol(value) } }
    /// Writes bytes.
    public mutating func binary(_ value: ByteBuffer) { write { $0.binary(value) } }
    /// Writes an array of symbols, or null when there are none.
    public mutating func symbols(_ values: [Symbol]) { write { $0.symbols(values) } }
    /// Writes a numeric descriptor: the constructor of a described type.
    public mutating func descriptor(_ number: UInt64) { write { $0.descriptor(number) } }
    /// Writes a list whose fields the closure writes, in the shortest form the style allows.
    public mutating func list(_ count: Int, _ fields: (inout SpanWriter) -> Void) { write { $0.list(count, fields) } }
    /// Writes a composite type: descriptor and list of fields.
    public mutating func composite(_ number: UInt64, _ count: Int, _ fields: (inout SpanWriter) -> Void) {
        write { $0.composite(number, count, fields) }
    }
    /// Writes a map from ordered pairs.
    public mutating func map(_ map: AMQPMap) { write { $0.map(map) } }
    /// Writes any value.
    public mutating func value(_ value: AMQPValue) { write { $0.value(value) } }
}

extension AMQPValue {
    /// The value's encoding.
    public func encoded(style: EncodingStyle = .compact) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeAMQP(style: style) { $0.value(self) }
        return buffer
    }

    /// The number of bytes of the value's encoding.
    public func encodedSize(style: EncodingStyle = .compact) -> Int {
        var writer = SpanWriter(measuring: style)
        writer.value(self)
        return writer.count
    }
}
