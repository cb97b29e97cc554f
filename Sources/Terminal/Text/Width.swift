/// How many columns text takes on a ``Surface``. Equal on every system; see ``WidthTable``.
public enum Width {
    /// The version of the Unicode Character Database that the table was made from.
    public static let unicodeVersion = "18.0.0"

    /// Columns of one code point: 0 for a combining mark, 1 or 2; and for one that is shown by name, the length of that name.
    public static func of(_ scalar: Unicode.Scalar) -> Int {
        switch WidthTable.kind(of: scalar.value) {
        case .narrow: 1
        case .mark: 0
        case .wide: 2
        case .hidden: ControlPicture.of(scalar.value).count
        }
    }

    /// Columns that putting the text on a ``Surface`` would use if there were room.
    public static func of(_ text: String) -> Int {
        var text = text
        return text.withUTF8 { of(utf8: $0) }
    }

    /// As ``of(_:)-(String)``, for bytes that should be UTF-8.
    public static func of(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBufferPointer { of(utf8: $0) }
    }

    private static func of(utf8 bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var scanner = GlyphScanner(bytes)
        var total = 0
        while let glyph = scanner.next() {
            total += glyph.columns
        }
        return total
    }
}
