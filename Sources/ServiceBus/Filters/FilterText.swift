internal import NIOCore

/// Text as a filter sees it: a string, or bytes of the message it was read from, which are not copied.
///
/// Texts are equal when their bytes are: the service compares ordinally, so that a composed and a decomposed `é` differ.
public struct FilterText: Hashable, Sendable {
    private enum Storage: Sendable {
        case string(String)
        case slice(ByteBuffer)
    }
    private let storage: Storage

    /// Wraps a string.
    public init(_ string: String) { storage = .string(string) }

    /// Wraps bytes of a message. They may not be valid UTF-8.
    init(_ slice: ByteBuffer) { storage = .slice(slice) }

    /// The text, with invalid UTF-8 repaired.
    public var string: String {
        switch storage {
        case .string(let string): string
        case .slice(let slice): String(buffer: slice)
        }
    }

    /// Whether there are no characters.
    public var isEmpty: Bool { withUTF8 { $0.isEmpty } }

    /// Gives the bytes to look at.
    func withUTF8<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch storage {
        case .string(let string):
            // Native strings are contiguous; only one bridged from another language is not.
            if let result = string.utf8.withContiguousStorageIfAvailable({ body(UnsafeRawBufferPointer($0)) }) { return result }
            return Array(string.utf8).withUnsafeBytes(body)
        case .slice(let slice): return slice.withUnsafeReadableBytes(body)
        }
    }

    /// Whether both have the same bytes.
    public static func == (a: Self, b: Self) -> Bool {
        a.withUTF8 { left in b.withUTF8 { right in left.count == right.count && left.elementsEqual(right) } }
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) { withUTF8 { hasher.combine(bytes: $0) } }

    /// Whether this comes before another in the order of Unicode scalars, which is that of UTF-8 bytes.
    func precedes(_ other: Self) -> Bool {
        withUTF8 { left in other.withUTF8 { right in left.lexicographicallyPrecedes(right) } }
    }
}

extension FilterText: ExpressibleByStringLiteral {
    /// A text from a literal.
    public init(stringLiteral value: String) { self.init(value) }
}
