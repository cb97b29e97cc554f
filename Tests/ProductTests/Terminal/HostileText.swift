import Testing

/// Text that tries to drive a terminal, hide itself, or wear out whoever draws it.
struct HostileText: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]

    var testDescription: String { name }

    init(_ name: String, _ text: String) {
        self.name = name
        bytes = Array(text.utf8)
    }

    init(_ name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    static let corpus: [HostileText] = [
        HostileText("clear the screen", "\u{1B}[2J\u{1B}[H"),
        HostileText("colour without end", "\u{1B}[31;1;5m"),
        HostileText("window title", "\u{1B}]0;owned\u{07}"),
        HostileText("clipboard by OSC 52", "\u{1B}]52;c;cm0gLXJmIC8=\u{07}"),
        HostileText("hyperlink", "\u{1B}]8;;file:///etc/passwd\u{1B}\\click\u{1B}]8;;\u{1B}\\"),
        HostileText("device control string", "\u{1B}P+q544e\u{1B}\\"),
        HostileText("answerback and status", "\u{05}\u{1B}[6n\u{1B}[c\u{1B}[5n"),
        HostileText("alternate screen", "\u{1B}[?1049l\u{1B}c"),
        HostileText("C1 control sequence introducer", "\u{9B}31m"),
        HostileText("C1 operating system command", "\u{9D}0;owned\u{9C}"),
        HostileText("C1 as a bare byte", bytes: [0x9B, 0x32, 0x4A]),
        HostileText("carriage return over the line", "safe\rEVIL"),
        HostileText("backspaces over the line", "safe\u{08}\u{08}\u{08}\u{08}EVIL"),
        HostileText("line ends", "a\nb\r\nc\u{0B}d\u{0C}e\u{85}f\u{2028}g\u{2029}h"),
        HostileText("right-to-left override", "invoice\u{202E}gpj.exe"),
        HostileText("isolates", "\u{2066}a\u{2067}b\u{2068}c\u{2069}"),
        HostileText("marks of direction", "a\u{200E}b\u{200F}c\u{061C}d"),
        HostileText("zero-width", "ad\u{200B}min\u{200C}\u{200D}\u{2060}\u{FEFF}"),
        HostileText("soft hyphen and joiners", "a\u{AD}b\u{034F}c\u{115F}d\u{1160}e\u{3164}f\u{FFA0}g"),
        HostileText("tags", "x\u{E0001}\u{E0041}\u{E0042}\u{E007F}"),
        HostileText("data in variation selectors", "x" + String(repeating: "\u{FE0F}\u{E0100}", count: 500)),
        HostileText("interlinear annotation", "\u{FFF9}a\u{FFFA}b\u{FFFB}"),
        HostileText("noncharacters", bytes: [0xEF, 0xBF, 0xBE, 0xEF, 0xB7, 0x90, 0xF4, 0x8F, 0xBF, 0xBF]),
        HostileText("all of C0", bytes: Array(0..<0x20) + [0x7F]),
        HostileText("overlong and truncated UTF-8", bytes: [0xC0, 0x9B, 0xE0, 0x80, 0x9B, 0xF0, 0x80, 0x80, 0x9B, 0xE4, 0xBD]),
        HostileText("surrogates and beyond", bytes: [0xED, 0xA0, 0x80, 0xF4, 0x90, 0x80, 0x80, 0xFF, 0xFE]),
        HostileText("zalgo", "e" + String(repeating: "\u{0301}", count: 400)),
        HostileText("a mark with nothing to sit on", "\u{0301}\u{20DD}"),
        HostileText("joined emoji without end", String(repeating: "\u{1F469}\u{200D}", count: 400)),
        HostileText("skin tones without end", "\u{1F44D}" + String(repeating: "\u{1F3FF}", count: 400)),
    ]

    /// A megabyte of combining marks on one letter.
    static let megabyteOfMarks = [UInt8(ascii: "e")] + Array(repeatElement([0xCC, 0x81] as [UInt8], count: 512 * 1024).joined())

    /// Whether bytes hold nothing that a terminal would obey, or that cannot be seen.
    static func isHarmless(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
            // Number signs that stand before digits are format characters by category, but they are drawn.
            case .format:
                [0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD].contains(scalar.value) || (0x600...0x605).contains(scalar.value)
            default: !(0xFE00...0xFE0F).contains(scalar.value) && !(0xE0000...0xE0FFF).contains(scalar.value)
            }
        }
    }
}
