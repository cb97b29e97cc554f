/// What stands behind a backslash in a JSON text (RFC 8259, section 7). All readers of JSON here ask this one.
public enum JSONEscape: Hashable, Sendable {
    /// A character, and how many bytes behind the backslash it took; a surrogate pair takes two escapes.
    case character(Unicode.Scalar, length: Int)
    /// Half a surrogate pair, which is no character. What it stands for differs from reader to reader.
    case halfPair(length: Int)
    /// `\u` without four hexadecimal digits behind it.
    case notHexadecimal
    /// JSON has no such escape.
    case unknown
    /// The bytes end within it.
    case ended

    /// Reads an escape.
    /// - Parameters:
    ///   - bytes: the text.
    ///   - place: the byte behind the backslash.
    ///   - end: the byte behind the last one that may be looked at; at most the text's end.
    public init(in bytes: [UInt8], at place: Int, end: Int) {
        guard place >= 0, place < min(end, bytes.count) else {
            self = .ended
            return
        }
        switch bytes[place] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): self = .character(Unicode.Scalar(bytes[place]), length: 1)
        case UInt8(ascii: "b"): self = .character("\u{8}", length: 1)
        case UInt8(ascii: "f"): self = .character("\u{c}", length: 1)
        case UInt8(ascii: "n"): self = .character("\n", length: 1)
        case UInt8(ascii: "r"): self = .character("\r", length: 1)
        case UInt8(ascii: "t"): self = .character("\t", length: 1)
        case UInt8(ascii: "u"): self.init(codeUnitIn: bytes, at: place + 1, end: min(end, bytes.count))
        default: self = .unknown
        }
    }

    private init(codeUnitIn bytes: [UInt8], at place: Int, end: Int) {
        let first: UInt16
        switch Self.codeUnit(in: bytes, at: place, end: end) {
        case .success(let unit): first = unit
        case .failure(let fault):
            self = fault.escape
            return
        }
        if let scalar = Unicode.Scalar(first) {
            self = .character(scalar, length: 5)
            return
        }
        // The other half is an escape of its own: a backslash, u and four digits.
        guard UTF16.isLeadSurrogate(first), place + 6 <= end, bytes[place + 4] == UInt8(ascii: "\\"), bytes[place + 5] == UInt8(ascii: "u")
        else {
            self = .halfPair(length: 5)
            return
        }
        switch Self.codeUnit(in: bytes, at: place + 6, end: end) {
        case .success(let second):
            guard UTF16.isTrailSurrogate(second),
                let scalar = Unicode.Scalar(0x10000 + ((UInt32(first) & 0x3ff) << 10 | UInt32(second) & 0x3ff))
            else {
                self = .halfPair(length: 5)
                return
            }
            self = .character(scalar, length: 11)
        case .failure(let fault): self = fault.escape
        }
    }

    private enum Fault: Error {
        case notHexadecimal, ended

        var escape: JSONEscape { self == .ended ? .ended : .notHexadecimal }
    }

    private static func codeUnit(in bytes: [UInt8], at place: Int, end: Int) -> Result<UInt16, Fault> {
        var unit: UInt16 = 0
        for index in place..<place + 4 {
            guard index < end else { return .failure(.ended) }
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else { return .failure(.notHexadecimal) }
            unit = unit << 4 | UInt16(truncatingIfNeeded: digit)
        }
        return .success(unit)
    }
}
