/// Why a text is not XML that this product accepts, and where.
public struct XMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Code: Hashable, Sendable {
        /// The text ends inside something.
        case unexpectedEnd
        /// A character that is not allowed there.
        case unexpectedCharacter
        /// Bytes that are not UTF-8.
        case invalidUTF8
        /// Another encoding than UTF-8 is declared.
        case unsupportedEncoding
        /// A character XML does not allow, or a reference to one.
        case invalidCharacter
        /// A reference to an entity that is not one of XML's five.
        case unknownEntity
        /// A prefix nobody declared.
        case undeclaredPrefix
        /// An end tag that does not match its start tag, or has none.
        case mismatchedEndTag
        /// The same attribute twice.
        case duplicateAttribute
        /// No element, or more than one at the top.
        case notOneRoot
        /// A document type declaration. It could define entities that expand without end; nothing we read has one.
        case documentType
        /// More bytes, depth, attributes or length than allowed.
        case limitExceeded
    }

    /// What is wrong.
    public let code: Code
    /// The line, from 1.
    public let line: Int
    /// The column, from 1, in bytes.
    public let column: Int
    /// The offset in bytes, from 0.
    public let offset: Int

    init(_ code: Code, at offset: Int, in bytes: RawSpan) {
        self.code = code
        self.offset = offset
        var line = 1
        var column = 1
        for index in 0..<min(max(offset, 0), bytes.byteCount) {
            if bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) == UInt8(ascii: "\n") {
                line &+= 1
                column = 1
            } else {
                column &+= 1
            }
        }
        self.line = line
        self.column = column
    }

    /// What is wrong and where, in words.
    public var description: String {
        let problem =
            switch code {
            case .unexpectedEnd: "the text ends too early"
            case .unexpectedCharacter: "unexpected character"
            case .invalidUTF8: "the bytes are not UTF-8"
            case .unsupportedEncoding: "only UTF-8 is supported"
            case .invalidCharacter: "a character that XML does not allow"
            case .unknownEntity: "unknown entity"
            case .undeclaredPrefix: "undeclared namespace prefix"
            case .mismatchedEndTag: "an end tag that does not match"
            case .duplicateAttribute: "an attribute is given twice"
            case .notOneRoot: "there must be exactly one element at the top"
            case .documentType: "document type declarations are not accepted"
            case .limitExceeded: "too large or too deeply nested"
            }
        return "line \(line), column \(column): \(problem)"
    }
}

/// The bounds within which XML is read. What a peer sends cannot make a reader hold more.
public struct XMLLimits: Hashable, Sendable {
    /// The most bytes of a document.
    public var bytes = 16 * 1024 * 1024
    /// The deepest nesting of elements.
    public var depth = 32
    /// The most attributes of an element, namespace declarations included.
    public var attributes = 64
    /// The longest name, in bytes.
    public var nameBytes = 512
    /// The longest piece of text or attribute value, in bytes.
    public var textBytes = 1024 * 1024
    /// The most elements of a document.
    public var elements = 200_000

    /// Bounds that suit a hundred entities with metadata.
    public static let standard = XMLLimits()

    /// The standard bounds, to be changed.
    public init() {}
}
