/// Text of strangers, made safe for a terminal: what would be obeyed is shown by name instead.
public enum VisibleText {
    /// The text with controls shown as `^[`, and other invisible or direction-changing characters as `U+202E`.
    public static func of(_ text: String) -> String {
        guard !isPlain(text) else { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let name = name(scalar) { shown.append(contentsOf: name.unicodeScalars) } else { shown.append(scalar) }
        }
        return String(shown)
    }

    /// The columns a text takes that ``of(_:)`` made safe. Good enough to align a table; the console has an exact table of its own.
    static func width(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    /// The longest beginning that fits so many columns, with an ellipsis where something was cut.
    static func cut(_ text: String, columns: Int) -> String {
        guard width(text) > columns else { return text }
        guard columns > 0 else { return "" }
        var kept = String.UnicodeScalarView()
        var used = 1
        for scalar in text.unicodeScalars {
            used += width(scalar)
            guard used <= columns else { break }
            kept.append(scalar)
        }
        return String(kept) + "…"
    }

    private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7e).contains($0) } }

    private static func name(_ scalar: Unicode.Scalar) -> String? {
        switch scalar.value {
        case 0x20...0x7e: return nil
        case 0..<0x20: return "^" + String(Unicode.Scalar(UInt8(scalar.value + 0x40)))
        case 0x7f: return "^?"
        default: break
        }
        let properties = scalar.properties
        let isHidden =
            switch properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
            default: properties.isDefaultIgnorableCodePoint
            }
        guard isHidden else { return nil }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0..<0x300: 1
        // East Asian wide and full-width characters (UAX 11), the big blocks.
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff01...0xff60, 0xffe0...0xffe6, 0x16fe0...0x18dff, 0x1b000...0x1b2ff, 0x1f200...0x1f2ff, 0x20000...0x3fffd:
            2
        default:
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark: 0
            default: scalar.properties.isEmojiPresentation ? 2 : 1
            }
        }
    }
}
