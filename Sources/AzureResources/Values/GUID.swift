/// The id of something in a directory or of a role: a GUID as Azure writes it.
///
/// Casing does not matter, and neither does whether the dashes are there: some error messages leave them out. A text that is no GUID is kept
/// as it is and equals only itself, casing apart.
public struct GUID: Sendable, CustomStringConvertible {
    /// An estate has a hundred thousand of them: those that are written as they nearly all are take no memory of their own.
    private enum Form {
        /// In lower case and with dashes.
        case plain(Bits)
        /// A GUID in another spelling, or no GUID.
        case spelled(String)
    }

    private let form: Form

    /// The id of a text.
    public init(_ text: String) {
        if let bits = Bits(text), bits.text == text { form = .plain(bits) } else { form = .spelled(text) }
    }

    private var bits: Bits? {
        switch form {
        case .plain(let bits): bits
        case .spelled(let text): Bits(text)
        }
    }

    /// The id as it was given.
    public var text: String {
        switch form {
        case .plain(let bits): bits.text
        case .spelled(let text): text
        }
    }

    /// The text.
    public var description: String { text }

    /// In lower case and with dashes, which all of Azure's services take.
    public var canonical: String { bits?.text ?? text.lowercased() }

    /// Whether the text has the form of a GUID: services refuse a request as a whole for one id that has not.
    public var isWellFormed: Bool { bits != nil }

    /// Everybody, as deny assignments name them.
    public static let everyone = GUID("00000000-0000-0000-0000-000000000000")
}

extension GUID: Hashable, Comparable {
    /// Whether both name the same.
    public static func == (left: GUID, right: GUID) -> Bool {
        let (one, other) = (left.bits, right.bits)
        return one == nil && other == nil ? left.canonical == right.canonical : one == other
    }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) {
        if let bits { hasher.combine(bits) } else { hasher.combine(canonical) }
    }

    /// Orders by what is compared, as text.
    public static func < (left: GUID, right: GUID) -> Bool {
        guard let one = left.bits, let other = right.bits else { return left.canonical < right.canonical }
        return (one.high, one.low) < (other.high, other.low)
    }
}

extension GUID {
    /// What a GUID says. Its order is that of its text: digits come before letters, and dashes are always in the same places.
    private struct Bits: Hashable {
        var high: UInt64 = 0
        var low: UInt64 = 0

        /// Reads 32 hexadecimal digits in any case, with dashes in their places or without any; nil for everything else.
        init?(_ text: String) {
            let hasDashes = text.utf8.count == 36
            guard hasDashes || text.utf8.count == 32 else { return nil }
            var digits = 0
            for (place, byte) in text.utf8.enumerated() {
                if hasDashes, Self.isDash(place) {
                    guard byte == UInt8(ascii: "-") else { return nil }
                    continue
                }
                let digit: UInt8
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
                case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
                case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
                default: return nil
                }
                if digits < 16 { high = high << 4 | UInt64(digit) } else { low = low << 4 | UInt64(digit) }
                digits += 1
            }
        }

        /// In lower case and with dashes.
        var text: String {
            String(unsafeUninitializedCapacity: 36) { bytes in
                var (high, low) = (high, low)
                for place in (0..<36).reversed() {
                    if Self.isDash(place) {
                        bytes[place] = UInt8(ascii: "-")
                        continue
                    }
                    let digit = UInt8(truncatingIfNeeded: low & 0xf)
                    (high, low) = (high >> 4, low >> 4 | high << 60)
                    bytes[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                }
                return 36
            }
        }

        private static func isDash(_ place: Int) -> Bool { place == 8 || place == 13 || place == 18 || place == 23 }
    }
}
