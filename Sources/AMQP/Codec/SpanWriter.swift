public import NIOCore

/// Writes AMQP-encoded values into memory that is already there, in one pass.
///
/// When the memory ends it writes no more but goes on counting, which tells how much room the whole needs. So the usual case, a buffer
/// with room to spare, is written without measuring anything first; and a pass over no memory measures.
public struct SpanWriter: ~Copyable {
    private let memory: UnsafeMutableRawPointer?
    private let capacity: Int
    /// The number of bytes written, or that would have been, had the memory not ended.
    public private(set) var count: Int
    /// The most that ``count`` was before a compound shrank.
    private var peak: Int
    /// Whether everything so far was written.
    public private(set) var isComplete: Bool
    /// The forms in use.
    public var style: EncodingStyle

    /// Writes into memory, which must outlive the writer.
    init(_ memory: UnsafeMutableRawBufferPointer, style: EncodingStyle) {
        self.memory = memory.baseAddress
        capacity = memory.baseAddress == nil ? 0 : memory.count
        count = 0
        peak = 0
        isComplete = true
        self.style = style
    }

    /// Measures.
    init(measuring style: EncodingStyle) {
        memory = nil
        capacity = 0
        count = 0
        peak = 0
        isComplete = true
        self.style = style
    }

    /// The only way to memory: room for `size` bytes at the end of what was written, or nil when it is not there.
    @inline(__always)
    private mutating func room(_ size: Int) -> UnsafeMutableRawPointer? {
        let start = count
        count = start &+ size
        if count <= capacity, let memory { return memory + start }
        isComplete = isComplete && size == 0
        return nil
    }

    /// The room in which the same writing would be complete. A compound that was opened wide and closed short takes more for a while.
    var roomNeeded: Int { Swift.max(count, peak) }

    // MARK: Bytes

    @inline(__always)
    mutating func byte(_ value: UInt8) { room(1)?.storeBytes(of: value, as: UInt8.self) }

    @inline(__always)
    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        room(MemoryLayout<T>.size)?.storeBytes(of: value.bigEndian, as: T.self)
    }

    @inline(__always)
    mutating func pair(_ code: UInt8, _ value: UInt8) { integer(UInt16(code) << 8 | UInt16(value)) }

    /// A format code and a fixed-width value.
    @inline(__always)
    private mutating func tagged<T: FixedWidthInteger & BitwiseCopyable>(_ code: UInt8, _ value: T) {
        guard let room = room(1 &+ MemoryLayout<T>.size) else { return }
        room.storeBytes(of: code, as: UInt8.self)
        room.storeBytes(of: value.bigEndian, toByteOffset: 1, as: T.self)
    }

    private mutating func sixteen(_ code: UInt8, _ value: UUIDBytes) {
        guard let room = room(17) else { return }
        room.storeBytes(of: code, as: UInt8.self)
        room.storeBytes(of: value.high.bigEndian, toByteOffset: 1, as: UInt64.self)
        room.storeBytes(of: value.low.bigEndian, toByteOffset: 9, as: UInt64.self)
    }

    /// Bytes as they are, for values that are encoded already.
    public mutating func encoded(_ bytes: ByteBuffer) { raw(bytes) }

    private mutating func raw(_ bytes: ByteBuffer) {
        guard let room = room(bytes.readableBytes) else { return }
        copy(bytes, to: room)
    }

    private mutating func raw(_ text: String, _ size: Int) {
        guard let room = room(size) else { return }
        copy(text, to: room, size)
    }

    @inline(__always)
    private func copy(_ bytes: ByteBuffer, to room: UnsafeMutableRawPointer) {
        bytes.withUnsafeReadableBytes { source in
            if let start = source.baseAddress { room.copyMemory(from: start, byteCount: source.count) }
        }
    }

    @inline(__always)
    private func copy(_ text: String, to room: UnsafeMutableRawPointer, _ size: Int) {
        let copied: Void? = text.utf8.withContiguousStorageIfAvailable { source in
            if let start = source.baseAddress { copy(start, to: room, Swift.min(source.count, size)) }
        }
        if copied == nil { UnsafeMutableRawBufferPointer(start: room, count: size).copyBytes(from: text.utf8) }
    }

    /// Copies text. Up to 15 bytes are held in the string itself, which the standard library lends out as two words just stored;
    /// loads that stay within one of them need not wait until both have reached memory.
    @inline(__always)
    private func copy(_ source: UnsafePointer<UInt8>, to room: UnsafeMutableRawPointer, _ count: Int) {
        if count > 15 { return room.copyMemory(from: source, byteCount: count) }
        let source = UnsafeRawPointer(source)
        var offset = 0
        if count & 8 != 0 {
            room.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
            offset = 8
        }
        if count & 4 != 0 {
            room.storeBytes(of: source.loadUnaligned(fromByteOffset: offset, as: UInt32.self), toByteOffset: offset, as: UInt32.self)
            offset &+= 4
        }
        if count & 2 != 0 {
            room.storeBytes(of: source.loadUnaligned(fromByteOffset: offset, as: UInt16.self), toByteOffset: offset, as: UInt16.self)
            offset &+= 2
        }
        if count & 1 != 0 {
            room.storeBytes(of: source.loadUnaligned(fromByteOffset: offset, as: UInt8.self), toByteOffset: offset, as: UInt8.self)
        }
    }

    // MARK: Primitives

    /// Writes null.
    @inline(__always)
    public mutating func null() { byte(FormatCode.null) }

    /// Writes a boolean.
    @inline(__always)
    public mutating func boolean(_ value: Bool) { byte(value ? FormatCode.booleanTrue : FormatCode.booleanFalse) }

    /// Writes a ubyte.
    @inline(__always)
    public mutating func ubyte(_ value: UInt8) { pair(FormatCode.ubyte, value) }

    /// Writes a ushort.
    @inline(__always)
    public mutating func ushort(_ value: UInt16) { tagged(FormatCode.ushort, value) }

    /// Writes a uint in its shortest form.
    @inline(__always)
    public mutating func uint(_ value: UInt32) {
        if value > 0xff {
            tagged(FormatCode.uint, value)
        } else if value == 0, style.usesZeroForms {
            byte(FormatCode.uint0)
        } else {
            pair(FormatCode.smallUInt, UInt8(truncatingIfNeeded: value))
        }
    }

    /// Writes a ulong in its shortest form.
    public mutating func ulong(_ value: UInt64) {
        if value > 0xff {
            tagged(FormatCode.ulong, value)
        } else if value == 0, style.usesZeroForms {
            byte(FormatCode.ulong0)
        } else {
            pair(FormatCode.smallULong, UInt8(truncatingIfNeeded: value))
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
    @inline(__always)
    public mutating func timestamp(_ milliseconds: Int64) { tagged(FormatCode.timestamp, milliseconds) }

    /// Writes a UUID.
    public mutating func uuid(_ value: UUIDBytes) { sixteen(FormatCode.uuid, value) }

    /// Writes a string.
    public mutating func string(_ value: String) {
        text(value, FormatCode.string8, FormatCode.string32)
    }

    /// Writes a symbol.
    public mutating func symbol(_ value: Symbol) {
        text(value.name, FormatCode.symbol8, FormatCode.symbol32)
    }

    /// Writes bytes.
    public mutating func binary(_ value: ByteBuffer) {
        guard let room = variable(value.readableBytes, FormatCode.binary8, FormatCode.binary32) else { return }
        copy(value, to: room)
    }

    /// Writes an array of symbols, or null when there are none.
    public mutating func symbols(_ values: [Symbol]) {
        if values.isEmpty { return null() }
        let array = openCompound(isWide: !style.usesShortCompounds)
        byte(FormatCode.symbol32)
        for value in values {
            let size = value.name.utf8.count
            integer(UInt32(truncatingIfNeeded: size))
            raw(value.name, size)
        }
        close(array, FormatCode.array8, FormatCode.array32, count: values.count)
    }

    @inline(__always)
    private mutating func text(_ value: String, _ short: UInt8, _ long: UInt8) {
        let size = value.utf8.count
        guard let room = variable(size, short, long) else { return }
        copy(value, to: room, size)
    }

    /// Writes code and length of a variable-width value.
    /// - Returns: the room for its content.
    @inline(__always)
    private mutating func variable(_ size: Int, _ short: UInt8, _ long: UInt8) -> UnsafeMutableRawPointer? {
        if size <= 0xff {
            guard let room = room(2 &+ size) else { return nil }
            room.storeBytes(of: (UInt16(short) << 8 | UInt16(truncatingIfNeeded: size)).bigEndian, as: UInt16.self)
            return room + 2
        }
        guard let room = room(5 &+ size) else { return nil }
        room.storeBytes(of: long, as: UInt8.self)
        room.storeBytes(of: UInt32(truncatingIfNeeded: size).bigEndian, toByteOffset: 1, as: UInt32.self)
        return room + 5
    }

    /// Writes a numeric descriptor: the constructor of a described type.
    @inline(__always)
    public mutating func descriptor(_ number: UInt64) {
        if number <= 0xff {
            guard let room = room(3) else { return }
            room.storeBytes(of: UInt16(FormatCode.smallULong).bigEndian, as: UInt16.self)
            room.storeBytes(of: UInt8(truncatingIfNeeded: number), toByteOffset: 2, as: UInt8.self)
        } else {
            byte(FormatCode.described)
            tagged(FormatCode.ulong, number)
        }
    }

    // MARK: Compounds

    /// A list, map or array whose size is not known yet: room is left for its header.
    struct OpenCompound {
        let start: Int
        let isWide: Bool
        static let shortHeader = 3
        static let wideHeader = 9
        var content: Int { start &+ (isWide ? Self.wideHeader : Self.shortHeader) }
    }

    /// Leaves room for a header. Most compounds turn out short; those known to be long are opened wide, so that nothing is moved.
    @inline(__always)
    mutating func openCompound(isWide: Bool) -> OpenCompound {
        let compound = OpenCompound(start: count, isWide: isWide)
        _ = room(compound.content &- count)
        return compound
    }

    /// Writes the header of a compound, now that its size is known, moving the content when the guess was wrong.
    @inline(__always)
    mutating func close(_ compound: OpenCompound, _ short: UInt8, _ long: UInt8, count elements: Int) {
        let size = count &- compound.content
        let isWide = !style.usesShortCompounds || size > 0xfe || elements > 0xff
        if isWide != compound.isWide { move(compound, size) }
        guard isComplete, let memory else { return }
        if isWide {
            memory.storeBytes(of: long, toByteOffset: compound.start, as: UInt8.self)
            memory.storeBytes(of: UInt32(truncatingIfNeeded: size &+ 4).bigEndian, toByteOffset: compound.start &+ 1, as: UInt32.self)
            memory.storeBytes(of: UInt32(truncatingIfNeeded: elements).bigEndian, toByteOffset: compound.start &+ 5, as: UInt32.self)
        } else {
            memory.storeBytes(of: short, toByteOffset: compound.start, as: UInt8.self)
            memory.storeBytes(of: UInt8(truncatingIfNeeded: size &+ 1), toByteOffset: compound.start &+ 1, as: UInt8.self)
            memory.storeBytes(of: UInt8(truncatingIfNeeded: elements), toByteOffset: compound.start &+ 2, as: UInt8.self)
        }
    }

    /// Moves a compound's content to where it starts under the other kind of header.
    private mutating func move(_ compound: OpenCompound, _ size: Int) {
        let other = OpenCompound(start: compound.start, isWide: !compound.isWide)
        if other.isWide {
            _ = room(other.content &- compound.content)
        } else {
            peak = Swift.max(peak, count)
            count = other.content &+ size
        }
        guard isComplete, let memory else { return }
        (memory + other.content).copyMemory(from: memory + compound.content, byteCount: size)
    }

    /// Writes a list whose fields the closure writes, in the shortest form the style allows.
    @inline(__always)
    public mutating func list(_ count: Int, _ fields: (inout SpanWriter) -> Void) {
        let list = openCompound(isWide: !style.usesShortCompounds)
        fields(&self)
        close(list, FormatCode.list8, FormatCode.list32, count: count)
    }

    /// Writes a composite type: descriptor and list of fields.
    @inline(__always)
    public mutating func composite(_ number: UInt64, _ count: Int, _ fields: (inout SpanWriter) -> Void) {
        descriptor(number)
        if count == 0 { byte(FormatCode.list0) } else { list(count, fields) }
    }

    /// Writes a map of so many pairs; the closure writes keys and values in turn.
    @inline(__always)
    public mutating func map(_ pairs: Int, _ body: (inout SpanWriter) -> Void) {
        let open = openCompound(isWide: isLong(pairs &* 2))
        body(&self)
        close(open, FormatCode.map8, FormatCode.map32, count: pairs &* 2)
    }

    /// Writes a map from ordered pairs.
    public mutating func map(_ map: AMQPMap) {
        self.map(map.pairs.count) { $0.pairs(map) }
    }

    private mutating func pairs(_ map: AMQPMap) {
        map.pairs.forEachBorrowed {
            value($0.element.key)
            value($0.element.value)
        }
    }

    /// Writes a list of values.
    public mutating func list(_ elements: [AMQPValue]) {
        if elements.isEmpty { return byte(FormatCode.list0) }
        let open = openCompound(isWide: isLong(elements.count))
        elements.forEachBorrowed { value($0.element) }
        close(open, FormatCode.list8, FormatCode.list32, count: elements.count)
    }

    /// A guess from the number of elements; ``close(_:_:_:count:)`` corrects it.
    @inline(__always)
    private func isLong(_ elements: Int) -> Bool { elements > 32 || !style.usesShortCompounds }

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

    // MARK: Arrays

    /// Writes an array: size, count, the shared constructor, then the elements without theirs.
    public mutating func array(_ array: AMQPArray) {
        let open = openCompound(isWide: !style.usesShortCompounds)
        arrayContent(array)
        close(open, FormatCode.array8, FormatCode.array32, count: array.elements.count)
    }

    private mutating func arrayContent(_ array: AMQPArray) {
        constructor(array.elementType)
        let code = array.elementType.code
        array.elements.forEachBorrowed { element($0.element, code) }
    }

    private mutating func constructor(_ type: AMQPArray.ElementType) {
        switch type {
        case .primitive(let code): byte(code)
        case .described(let descriptor, let inner):
            byte(FormatCode.described)
            value(descriptor)
            constructor(inner)
        }
    }

    /// Writes an array's element after the shared format code, into which it fits: ``AMQPArray`` has seen to that.
    private mutating func element(_ element: AMQPValue, _ code: UInt8) {
        switch element {
        case .null, .described: break
        case .boolean(let value): if code == FormatCode.boolean { byte(value ? 1 : 0) }
        case .ubyte(let value): byte(value)
        case .byte(let value): byte(UInt8(bitPattern: value))
        case .ushort(let value): integer(value)
        case .short(let value): integer(value)
        case .uint(let value): narrowable(value, FormatCode.fixedWidth(code))
        case .int(let value): narrowable(value, FormatCode.fixedWidth(code))
        case .ulong(let value): narrowable(value, FormatCode.fixedWidth(code))
        case .long(let value): narrowable(value, FormatCode.fixedWidth(code))
        case .float(let value): integer(value.bitPattern)
        case .double(let value): integer(value.bitPattern)
        case .decimal32(let value): integer(value)
        case .decimal64(let value): integer(value)
        case .decimal128(let value), .uuid(let value):
            integer(value.high)
            integer(value.low)
        case .char(let value): integer(value)
        case .timestamp(let value): integer(value)
        case .binary(let value):
            length(value.readableBytes, code)
            raw(value)
        case .string(let value): text(value, code)
        case .symbol(let value): text(value.name, code)
        case .list(let elements):
            if code == FormatCode.list0 { return }
            headless(code, count: elements.count) { writer in elements.forEachBorrowed { writer.value($0.element) } }
        case .map(let map):
            headless(code, count: map.pairs.count &* 2) { $0.pairs(map) }
        case .array(let array): headless(code, count: array.elements.count) { $0.arrayContent(array) }
        }
    }

    private mutating func text(_ value: String, _ code: UInt8) {
        let size = value.utf8.count
        length(size, code)
        raw(value, size)
    }

    private mutating func narrowable<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, _ width: Int?) {
        switch width {
        case 0: break
        case 1: byte(UInt8(truncatingIfNeeded: value))
        default: integer(value)
        }
    }

    private mutating func length(_ count: Int, _ code: UInt8) {
        if code & 0x10 != 0 { integer(UInt32(truncatingIfNeeded: count)) } else { byte(UInt8(truncatingIfNeeded: count)) }
    }

    /// A compound without its format code, under the code all elements share. What stands under a one-byte size is written in the shortest
    /// forms, whatever the style: those are what ``AMQPArray`` has measured.
    private mutating func headless(_ code: UInt8, count elements: Int, _ content: (inout SpanWriter) -> Void) {
        let isWide = code & 0x10 != 0
        let start = count
        let outerStyle = style
        if isWide { _ = room(8) } else { _ = room(2) }
        if !isWide { style = .compact }
        content(&self)
        style = outerStyle
        guard isComplete, let memory else { return }
        if isWide {
            memory.storeBytes(of: UInt32(truncatingIfNeeded: count &- start &- 4).bigEndian, toByteOffset: start, as: UInt32.self)
            memory.storeBytes(of: UInt32(truncatingIfNeeded: elements).bigEndian, toByteOffset: start &+ 4, as: UInt32.self)
        } else {
            memory.storeBytes(of: UInt8(truncatingIfNeeded: count &- start &- 1), toByteOffset: start, as: UInt8.self)
            memory.storeBytes(of: UInt8(truncatingIfNeeded: elements), toByteOffset: start &+ 1, as: UInt8.self)
        }
    }
}
