/// Text from somebody's clipboard.
enum PastedText {
    /// Makes line ends `\n` and removes other controls but tab. What is invisible otherwise stays: it is the text's business, and a
    /// ``Surface`` shows it.
    static func clean(_ bytes: [UInt8]) -> String {
        var cleaned = String.UnicodeScalarView()
        var afterReturn = false
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x0D: cleaned.append("\n")
            case 0x0A: if !afterReturn { cleaned.append("\n") }
            case 0x09: cleaned.append("\t")
            case 0..<0x20, 0x7F..<0xA0: break
            default: cleaned.append(scalar)
            }
            afterReturn = scalar.value == 0x0D
        }
        return String(cleaned)
    }
}
