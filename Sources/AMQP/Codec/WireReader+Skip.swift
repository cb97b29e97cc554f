/// Validation: one pass that follows every length, count and nesting and moves past a value without looking at what it says.
///
/// Offsets are passed and returned, never stored, while the pass goes on: kept in registers they make accepting a message cheap.
/// Lengths are added before they are checked: a sum of 32-bit lengths fits an Int, and nothing is loaded at or past the limit.
extension WireReader {
    /// Moves past one value, checking lengths, counts and depth of everything inside.
    /// - Throws: ``CodecError`` when it is not a whole value or exceeds the limits.
    @inline(__always)
    public mutating func skipValue() throws(CodecError) { offset = try endOfValue(at: offset, limit: end) }

    /// Moves past some values, which must end at or before ``end``.
    mutating func skipValues(_ count: Int) throws(CodecError) { offset = try endOfValues(count, at: offset, limit: end) }

    /// Loads from an offset that was just compared with a limit. Every limit is ``end`` or a compound's end below it, and ``end`` lies
    /// inside the span, so the span's own check would repeat that comparison; leaving it out is worth a tenth of the whole pass.
    @inline(__always)
    private func bounded<T: BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
        bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: type)
    }

    /// The end of the value at an offset.
    @inline(__always)
    private mutating func endOfValue(at offset: Int, limit: Int) throws(CodecError) -> Int {
        // A list or map is what sections and composites mostly are.
        if offset < limit {
            let code = bounded(UInt8.self, at: offset)
            if code & 0xee == FormatCode.list8 { return try endOfCompound(code, at: offset &+ 1, limit: limit) }
        }
        return try endOfValues(1, at: offset, limit: limit)
    }

    /// The end of the last of some values.
    private mutating func endOfValues(_ count: Int, at start: Int, limit: Int) throws(CodecError) -> Int {
        var offset = start
        var remaining = count
        // Of its own, so that it stays in a register: the reader is changed by whoever goes deeper. Unchecked as in ``bounded(_:at:)``.
        let bytes = bytes
        while remaining > 0 {
            remaining &-= 1
            guard offset < limit else { throw CodecError(.truncated, at: limit) }
            let code = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt8.self)
            // Ranges of codes in the order of how often messages hold them. Comparisons are predicted; a jump table's target less well.
            if code & 0xfc == 0xa0 {  // binary8, string8, symbol8
                guard code != 0xa2 else { throw CodecError(.unknownFormatCode(code), at: offset) }
                guard offset &+ 1 < limit else { throw CodecError(.truncated, at: limit) }
                offset &+= 2 &+ Int(bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 1, as: UInt8.self))
            } else if code &- FormatCode.ulong <= FormatCode.decimal64 &- FormatCode.ulong {
                offset &+= 9
            } else if code &- FormatCode.null <= FormatCode.list0 &- FormatCode.null {
                offset &+= 1
            } else if code &- FormatCode.uint <= FormatCode.decimal32 &- FormatCode.uint {
                offset &+= 5
            } else if code &- FormatCode.ubyte <= FormatCode.boolean &- FormatCode.ubyte {
                offset &+= 2
            } else if code == FormatCode.ushort || code == FormatCode.short {
                offset &+= 3
            } else if code == FormatCode.uuid || code == FormatCode.decimal128 {
                offset &+= 17
            } else {
                offset = try endOfOther(code, at: offset, limit: limit)
            }
        }
        guard offset <= limit else { throw CodecError(.truncated, at: limit) }
        return offset
    }

    /// The end of a value that nests or has a four-byte length. `start` is where its code stands.
    private mutating func endOfOther(_ code: UInt8, at start: Int, limit: Int) throws(CodecError) -> Int {
        switch code {
        case FormatCode.binary32, FormatCode.string32, FormatCode.symbol32:
            guard limit &- start >= 5 else { throw CodecError(.truncated, at: limit) }
            return start &+ 5 &+ Int(UInt32(bigEndian: load(UInt32.self, at: start &+ 1)))
        case FormatCode.list8, FormatCode.map8, FormatCode.list32, FormatCode.map32:
            return try endOfCompound(code, at: start &+ 1, limit: limit)
        case FormatCode.array8, FormatCode.array32:
            return try endOfArray(code, at: start &+ 1, limit: limit)
        case FormatCode.described:
            try deepen(by: 1, at: start)
            let end = try endOfValues(2, at: start &+ 1, limit: limit)
            depth &-= 1
            return end
        default:
            throw CodecError(.unknownFormatCode(code), at: start)
        }
    }

    /// Goes down some levels of nesting. Whoever does goes up again by lowering ``depth``; after an error the reader is not used.
    @inline(__always)
    mutating func deepen(by levels: Int, at offset: Int) throws(CodecError) {
        depth &+= levels
        if depth > limits.maximumDepth { throw CodecError(.tooDeep, at: offset) }
    }

    /// The size and count of a list, map or array. `start` is the offset after its code.
    @inline(__always)
    func compoundHeader(_ code: UInt8, at start: Int, limit: Int) throws(CodecError) -> (count: Int, content: Int, end: Int) {
        let count: Int
        let content: Int
        let end: Int
        if code & 0x10 == 0 {
            guard limit &- start >= 2 else { throw CodecError(.truncated, at: limit) }
            end = start &+ 1 &+ Int(bounded(UInt8.self, at: start))
            count = Int(bounded(UInt8.self, at: start &+ 1))
            content = start &+ 2
        } else {
            guard limit &- start >= 8 else { throw CodecError(.truncated, at: limit) }
            end = start &+ 4 &+ Int(UInt32(bigEndian: bounded(UInt32.self, at: start)))
            count = Int(UInt32(bigEndian: bounded(UInt32.self, at: start &+ 4)))
            content = start &+ 8
        }
        guard end <= limit else { throw CodecError(.truncated, at: start) }
        guard end >= content else { throw CodecError(.inconsistentCompound, at: start) }
        if count > limits.maximumElements { throw CodecError(.tooMany, at: start) }
        return (count, content, end)
    }

    /// The end of a list or map. `start` is the offset after its code.
    private mutating func endOfCompound(_ code: UInt8, at start: Int, limit: Int) throws(CodecError) -> Int {
        try deepen(by: 1, at: start)
        let (count, content, end) = try compoundHeader(code, at: start, limit: limit)
        if code & 0x0f == 1, count & 1 != 0 { throw CodecError(.inconsistentCompound, at: start) }
        guard try endOfValues(count, at: content, limit: end) == end else { throw CodecError(.inconsistentCompound, at: start) }
        depth &-= 1
        return end
    }

    /// The constructor that the elements of an array share: its descriptors, and the format code under them.
    mutating func arrayConstructor(at start: Int, limit: Int) throws(CodecError) -> (descriptors: Int, code: UInt8, elements: Int) {
        var offset = start
        var descriptors = 0
        while true {
            guard offset < limit else { throw CodecError(.truncated, at: limit) }
            let code = load(UInt8.self, at: offset)
            if code != FormatCode.described {
                depth &-= descriptors
                return (descriptors, code, offset &+ 1)
            }
            try deepen(by: 1, at: offset)
            descriptors &+= 1
            offset = try endOfValues(1, at: offset &+ 1, limit: limit)
        }
    }

    /// The end of an array. `start` is the offset after its code.
    private mutating func endOfArray(_ code: UInt8, at start: Int, limit: Int) throws(CodecError) -> Int {
        try deepen(by: 1, at: start)
        let (count, content, end) = try compoundHeader(code, at: start, limit: limit)
        let (descriptors, element, elements) = try arrayConstructor(at: content, limit: end)
        try deepen(by: descriptors, at: start)
        var offset = elements
        switch element {
        case FormatCode.list8, FormatCode.map8, FormatCode.list32, FormatCode.map32:
            for _ in 0..<count { offset = try endOfCompound(element, at: offset, limit: end) }
        case FormatCode.array8, FormatCode.array32:
            for _ in 0..<count { offset = try endOfArray(element, at: offset, limit: end) }
        case FormatCode.binary8, FormatCode.string8, FormatCode.symbol8:
            for _ in 0..<count {
                guard offset < end else { throw CodecError(.truncated, at: end) }
                offset &+= 1 &+ Int(load(UInt8.self, at: offset))
            }
        case FormatCode.binary32, FormatCode.string32, FormatCode.symbol32:
            for _ in 0..<count {
                guard end &- offset >= 4 else { throw CodecError(.truncated, at: end) }
                offset &+= 4 &+ Int(UInt32(bigEndian: load(UInt32.self, at: offset)))
            }
        default:
            guard let width = FormatCode.fixedWidth(element) else { throw CodecError(.unknownFormatCode(element), at: elements &- 1) }
            // Elements without bytes of their own are bounded by a limit, not by the size.
            if width == 0, count > limits.maximumEmptyElements { throw CodecError(.tooMany, at: start) }
            let (size, overflow) = count.multipliedReportingOverflow(by: width)
            if overflow || size > end &- offset { throw CodecError(.inconsistentCompound, at: start) }
            offset &+= size
        }
        if offset != end { throw CodecError(.inconsistentCompound, at: start) }
        depth &-= descriptors &+ 1
        return end
    }
}
