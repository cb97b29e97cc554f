/// The id of something in a directory or of a role: a GUID as Azure writes it.
///
/// Casing does not matter, and neither does whether the dashes are there: some error messages leave them out. A text that is no GUID is kept
/// as it is and equals only itself, casing apart.
public struct GUID: Sendable, CustomStringConvertible {
    /// The id as it was given.
    public let text: String
    /// What is compared: lower case, with dashes.
    let key: String

    /// The id of a text.
    public init(_ text: String) {
        self.text = text
        let lowered = text.lowercased()
        // Nearly all come in this form: then both are one text.
        let folded = Self.dashed(lowered) ?? lowered
        self.key = folded == text ? text : folded
    }

    /// The text.
    public var description: String { text }

    /// In lower case and with dashes, which all of Azure's services take.
    public var canonical: String { key }

    /// Whether the text has the form of a GUID: services refuse a request as a whole for one id that has not.
    public var isWellFormed: Bool {
        let groups = key.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12]
            && groups.allSatisfy { $0.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) } }
    }

    /// Everybody, as deny assignments name them.
    public static let everyone = GUID("00000000-0000-0000-0000-000000000000")

    private static func dashed(_ text: String) -> String? {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else { return nil }
        var result = ""
        for (index, digit) in text.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 { result.append("-") }
            result.append(digit)
        }
        return result
    }
}

extension GUID: Hashable, Comparable {
    /// Whether both name the same.
    public static func == (left: GUID, right: GUID) -> Bool { left.key == right.key }
    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) { hasher.combine(key) }
    /// Orders by what is compared.
    public static func < (left: GUID, right: GUID) -> Bool { left.key < right.key }
}
