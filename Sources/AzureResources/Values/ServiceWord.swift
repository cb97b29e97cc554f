internal import Identity

/// A word of the service out of a list that may grow: known ones have names here, unknown ones are kept as the service wrote them.
public protocol ServiceWord: RawRepresentable<String>, Hashable, Sendable, Decodable, CustomStringConvertible {
    /// The words that have names. The service's casing varies; these are how they are written here.
    static var known: [Self] { get }
    /// A word as the service wrote it.
    init(rawValue: String)
}

extension ServiceWord {
    /// The word of a text: a known one whatever the casing, or the text itself.
    public init(word text: String) {
        self = Self.known.first { FoldedASCII.isSame($0.rawValue, text) } ?? Self(rawValue: text)
    }

    /// Reads a text.
    public init(from decoder: any Decoder) throws {
        self.init(word: try decoder.singleValueContainer().decode(String.self))
    }

    /// The word.
    public var description: String { rawValue }
}
