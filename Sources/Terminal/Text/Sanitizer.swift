/// Shows text that would drive a terminal instead of obeying it.
///
/// Message bodies, property names, dead-letter reasons, catalogue text and error messages come from strangers. ``Surface`` sanitises
/// everything put on it; this type is for the places that need the pieces themselves (a plain `stderr`, a search, a detail view).
public enum Sanitizer {
    /// A run of text that is either as it was, or the name of something that is not shown as it was.
    public struct Piece: Hashable, Sendable {
        /// What to show.
        public let text: String
        /// Whether it stands for controls; painted in ``Role/control``.
        public let isControl: Bool

        /// Makes a piece.
        public init(_ text: String, isControl: Bool) {
            self.text = text
            self.isControl = isControl
        }
    }

    /// Cuts text into what can be drawn as it is and what is shown by name (`^[`, `U+202E`).
    public static func pieces(_ text: String) -> [Piece] {
        var text = text
        return text.withUTF8 { pieces(utf8: $0) }
    }

    /// As ``pieces(_:)-(String)``, for bytes that should be UTF-8; a byte that is not is shown as `\x9B`.
    public static func pieces(_ bytes: [UInt8]) -> [Piece] {
        bytes.withUnsafeBufferPointer { pieces(utf8: $0) }
    }

    /// The text with every control replaced by its name. Safe to write to a terminal.
    public static func visible(_ text: String) -> String {
        pieces(text).map(\.text).joined()
    }

    /// As ``visible(_:)-(String)``, for bytes that should be UTF-8.
    public static func visible(_ bytes: [UInt8]) -> String {
        pieces(bytes).map(\.text).joined()
    }

    private static func pieces(utf8 bytes: UnsafeBufferPointer<UInt8>) -> [Piece] {
        var pieces: [Piece] = []
        var run = String.UnicodeScalarView()
        var runIsControl = false
        func flush() {
            guard !run.isEmpty else { return }
            pieces.append(Piece(String(run), isControl: runIsControl))
            run = String.UnicodeScalarView()
        }
        var scanner = GlyphScanner(bytes)
        while let glyph = scanner.next() {
            switch glyph.content {
            case .cell(let cell):
                if runIsControl { flush() }
                runIsControl = false
                run.append(contentsOf: cell.scalars)
            case .control(let picture):
                if !runIsControl { flush() }
                runIsControl = true
                run.append(contentsOf: picture.text.unicodeScalars)
            }
        }
        flush()
        return pieces
    }
}
