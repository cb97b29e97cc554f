/// Strings of JSON.
extension ByteSink {
    /// Writes `,"name":`, without the comma where it is the first. The name is printable ASCII that needs no escaping.
    /// - Parameter isNull: whether `null` follows: of a message's many fields most are missing.
    @inline(__always)
    mutating func append(fixedKey name: StaticString, isFirst: Bool, isNull: Bool = false) {
        let length = name.utf8CodeUnitCount
        name.withUTF8Buffer { source in
            write(atMost: length &+ 8) { start in
                var place = start
                if !isFirst {
                    place[0] = UInt8(ascii: ",")
                    place += 1
                }
                place[0] = UInt8(ascii: "\"")
                Self.copy(source, to: place + 1)
                place[length &+ 1] = UInt8(ascii: "\"")
                place[length &+ 2] = UInt8(ascii: ":")
                place += length &+ 3
                if isNull {
                    UnsafeMutableRawPointer(place).storeBytes(of: Self.null, as: UInt32.self)
                    place += 4
                }
                return place - start
            }
        }
    }

    /// Copies a name, eight bytes at a time and the last eight once more where they do not divide: for so few, a call takes longer.
    @inline(__always)
    private static func copy(_ name: UnsafeBufferPointer<UInt8>, to place: UnsafeMutablePointer<UInt8>) {
        let (source, target, count) = (UnsafeRawBufferPointer(name), UnsafeMutableRawPointer(place), name.count)
        guard count >= 8 else {
            for index in 0..<count { place[index] = name[index] }
            return
        }
        var index = 0
        while index &+ 8 <= count {
            target.storeBytes(of: source.loadUnaligned(fromByteOffset: index, as: UInt64.self), toByteOffset: index, as: UInt64.self)
            index &+= 8
        }
        index = count &- 8
        target.storeBytes(of: source.loadUnaligned(fromByteOffset: index, as: UInt64.self), toByteOffset: index, as: UInt64.self)
    }

    /// `null`, in the order of its bytes in memory.
    private static var null: UInt32 { UInt32(bigEndian: 0x6e75_6c6c) }

    /// Writes a text in quotes, with everything escaped that a parser, a terminal or a reader's eye might obey.
    /// - Parameter text: valid UTF-8.
    mutating func append(quoted text: UnsafeBufferPointer<UInt8>) { appendQuoted(text, isValid: true) }

    /// Writes a text in quotes, with everything escaped that a parser, a terminal or a reader's eye might obey. Invalid UTF-8 is repaired.
    mutating func append(repairing text: UnsafeBufferPointer<UInt8>) {
        let start = count
        if appendQuoted(text, isValid: false) { return }
        removeLast(count - start)
        var repaired = String(decoding: text, as: UTF8.self)
        repaired.withUTF8 { append(quoted: $0) }
    }

    /// Writes a text in quotes, with everything escaped that a parser, a terminal or a reader's eye might obey, when it is valid UTF-8.
    /// - Returns: whether it is; if not, what was written is of no use.
    mutating func append(ifValid text: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = count
        if appendQuoted(text, isValid: false) { return true }
        removeLast(count - start)
        guard var valid = String(validating: text, as: UTF8.self) else { return false }
        valid.withUTF8 { append(quoted: $0) }
        return true
    }

    /// - Returns: false when the text may be invalid and is not ASCII; what was written is then only part of it.
    @discardableResult
    private mutating func appendQuoted(_ text: UnsafeBufferPointer<UInt8>, isValid: Bool) -> Bool {
        append(UInt8(ascii: "\""))
        guard escape(text, isValid: isValid) else { return false }
        append(UInt8(ascii: "\""))
        return true
    }

    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>, isValid: Bool) -> Bool {
        var index = appendPlain(text, from: 0, isValid: isValid)
        while index < text.count {
            let byte = text[index]
            if byte >= 0x80, !isValid { return false }
            let (length, scalar) = byte < 0x80 ? (1, UInt32(byte)) : Self.decode(text, index)
            if Self.isSpecial(scalar) {
                append(escaped: scalar)
            } else {
                append(UnsafeBufferPointer(rebasing: text[index..<index + length]))
            }
            index = appendPlain(text, from: index + length, isValid: isValid)
        }
        return true
    }

    /// Writes text up to the first byte that may need escaping.
    /// - Returns: where that byte is, or the text's end.
    private mutating func appendPlain(_ text: UnsafeBufferPointer<UInt8>, from start: Int, isValid: Bool) -> Int {
        let (rest, before) = (UnsafeBufferPointer(rebasing: text[start...]), count)
        write(atMost: rest.count) { Self.copyPlain(rest, to: $0, isValid: isValid) }
        return start &+ (count &- before)
    }

    /// Copies text up to the first byte that may need escaping: each byte is looked at while it is copied.
    /// - Returns: how many bytes that were.
    private static func copyPlain(_ text: UnsafeBufferPointer<UInt8>, to place: UnsafeMutablePointer<UInt8>, isValid: Bool) -> Int {
        let (source, target) = (UnsafeRawBufferPointer(text), UnsafeMutableRawPointer(place))
        var index = 0
        while index < text.count {
            // Sixteen at a time: most text has nothing but plain ASCII, or long runs of it.
            while index &+ 16 <= text.count {
                let bytes = source.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
                target.storeBytes(of: bytes, toByteOffset: index, as: SIMD16<UInt8>.self)
                let plain = plainASCII(bytes)
                index &+= plain
                if plain < 16 { break }
            }
            // To the end of what is no ASCII, or of the text.
            repeat {
                guard index < text.count else { return index }
                let byte = text[index]
                guard isPlain(byte, isValid: isValid) else { return index }
                place[index] = byte
                index &+= 1
            } while text[index &- 1] >= 0x80 || index &+ 16 > text.count
        }
        return index
    }

    /// How many of the first bytes are printable ASCII without quote and backslash.
    ///
    /// By sums whose top bits tell: comparisons of vectors are not made into instructions of vectors (Swift 6.3).
    @inline(__always)
    private static func plainASCII(_ bytes: SIMD16<UInt8>) -> Int {
        let one = SIMD16<UInt8>(repeating: 1)
        let control = bytes &- SIMD16(repeating: 0x20)
        let quote = (bytes ^ SIMD16(repeating: 0x22)) &- one
        let backslash = (bytes ^ SIMD16(repeating: 0x5c)) &- one
        let delete = bytes &+ one
        let tops: UInt64 = 0x8080_8080_8080_8080
        let halves = unsafeBitCast(bytes | control | quote | backslash | delete, to: SIMD2<UInt64>.self)
        if (halves.x | halves.y) & tops == 0 { return 16 }
        let (first, second) = (halves.x.littleEndian & tops, halves.y.littleEndian & tops)
        return (first != 0 ? first.trailingZeroBitCount : 64 &+ second.trailingZeroBitCount) >> 3
    }

    /// Whether a byte is printable ASCII but quote and backslash, or part of a sequence that begins with a byte that no special character
    /// begins with.
    @inline(__always)
    private static func isPlain(_ byte: UInt8, isValid: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0..<0x20, 0x7f: false
        case 0xc2, 0xd8, 0xe1, 0xe2, 0xef, 0xf3: false
        case 0x80...: isValid
        default: true
        }
    }

    private mutating func append(escaped scalar: UInt32) {
        switch scalar {
        case 0x22: append(fixed: "\\\"")
        case 0x5c: append(fixed: "\\\\")
        case 0x0a: append(fixed: "\\n")
        case 0x0d: append(fixed: "\\r")
        case 0x09: append(fixed: "\\t")
        case 0x10000...:
            let offset = scalar - 0x10000
            append(unit: 0xd800 + (offset >> 10))
            append(unit: 0xdc00 + (offset & 0x3ff))
        default: append(unit: scalar)
        }
    }

    private mutating func append(unit: UInt32) {
        append(fixed: "\\u")
        for shift in [12, 8, 4, 0] as [UInt32] {
            let digit = UInt8(truncatingIfNeeded: unit >> shift & 15)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    /// The scalar of a sequence in valid UTF-8.
    private static func decode(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> (length: Int, scalar: UInt32) {
        let lead = text[index]
        let length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
        guard index + length <= text.count else { return (1, 0xfffd) }
        var scalar = UInt32(lead) & (0x7f >> UInt32(length))
        for place in 1..<length { scalar = scalar << 6 | UInt32(text[index + place] & 0x3f) }
        return (length, scalar)
    }

    private static func isSpecial(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0..<0x20, 0x22, 0x5c, 0x7f: true
        case 0x80...0x9f, 0xad, 0x061c, 0x180e, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff, 0xfff9...0xfffb,
            0xe0000...0xe007f:
            true
        default: false
        }
    }
}
