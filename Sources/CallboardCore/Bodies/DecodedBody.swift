/// A body, decoded: what it turned out to be, as a tree and as text, with what a reader should know about it.
///
/// The way of a body is: ``BodyDecoder`` makes this of the bytes, masking takes out of it what must not be seen, and only then it is laid out,
/// searched, copied, compared or written. So ``tree``, ``text`` and ``bytes`` can be replaced.
public struct DecodedBody: Sendable {
    /// What the sender says the bytes are; shown, not believed.
    public struct Declaration: Hashable, Sendable {
        /// The MIME type.
        public var contentType: String?
        /// The content encoding.
        public var contentEncoding: String?
        /// Application properties that name a schema or type, and the like, are not declarations.
        public init(contentType: String? = nil, contentEncoding: String? = nil) {
            self.contentType = contentType
            self.contentEncoding = contentEncoding
        }
    }

    /// What it is, the outermost first: `gzip`, `JSON`.
    public internal(set) var formats: [String] = []
    /// What the sender says it is.
    public internal(set) var declaration: Declaration
    /// Bytes as sent; of a typed AMQP value, of its encoding.
    public internal(set) var sizeBytes: Int
    /// What the reader should know: what was cut, refused or guessed.
    public internal(set) var notes: [String] = []
    /// Its values; nil where there is no structure.
    public var tree: BodyTree?
    /// The text it is, where it is text.
    public var text: String?
    /// The bytes as sent.
    public var bytes: [UInt8]
    /// Whether wider limits would show more.
    public internal(set) var isCut = false

    /// Whether all of it was read, and nothing about what it is was guessed.
    var isReliable = true
    /// Bytes that its layers were unpacked to, all together.
    var unpackedBytes = 0

    init(declaration: Declaration, bytes: [UInt8], sizeBytes: Int) {
        self.declaration = declaration
        self.bytes = bytes
        self.sizeBytes = sizeBytes
    }

    /// What it is, in words: `JSON`, `gzip › JSON`, `binary`.
    public var format: String { formats.isEmpty ? "empty" : formats.joined(separator: " › ") }
}
