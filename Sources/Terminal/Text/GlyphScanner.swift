/// One step of text: what goes into one place on a line.
struct Glyph {
    /// Kinds of step.
    enum Content {
        /// A character with its marks; its role is still ``Role/text``.
        case cell(Cell)
        /// Something to be shown by name.
        case control(ControlPicture)
    }

    /// What to draw.
    let content: Content
    /// The bytes of the source it stands for.
    let range: Range<Int>

    /// Columns it takes.
    var columns: Int {
        switch content {
        case .cell(let cell): cell.width
        case .control(let picture): picture.count
        }
    }
}

/// Cuts text into glyphs that are safe to draw. The one place that decides what reaches a terminal.
///
/// Rules (the text is hostile; nothing is obeyed and nothing vanishes unseen, except what is listed here):
/// - C0, C1, DEL, bidi controls, zero-width and other invisible code points, noncharacters and invalid UTF-8 are shown by name;
/// - a base character keeps four marks; up to 16 more are dropped (no script needs them, and no terminal draws them), then they are shown
///   by name, which also bounds how much text can hide behind one column;
/// - a mark with nothing to sit on is shown by name;
/// - emoji joined by ZWJ and skin tones are drawn as their first emoji, because terminals do not agree on the width of the whole;
/// - one variation selector after a character is dropped; a second one is shown;
/// - a regional indicator (half of a flag) is drawn as its letter.
struct GlyphScanner {
    private static let droppedMarks = 16
    private static let joinedEmoji = 9

    private let bytes: UnsafeBufferPointer<UInt8>
    private var offset = 0

    /// Scans bytes that should be UTF-8. They must stay valid while the scanner is used.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// The next glyph, or nil at the end.
    mutating func next() -> Glyph? {
        let start = offset
        guard start < bytes.count else { return nil }
        let first = bytes[start]
        // The usual case: ASCII followed by ASCII.
        if first >= 0x20 && first < 0x7F {
            offset = start + 1
            var cell = Cell(base: UInt32(first), width: 1, role: .text)
            if offset < bytes.count && bytes[offset] >= 0x80 {
                attach(to: &cell, pictographic: false)
            }
            return Glyph(content: .cell(cell), range: start..<offset)
        }
        let (scalar, length) = decode(at: start)
        offset = start + length
        guard let scalar else {
            return Glyph(content: .control(.of(invalidByte: first)), range: start..<offset)
        }
        switch WidthTable.kind(of: scalar) {
        case .hidden, .mark:
            return Glyph(content: .control(.of(scalar)), range: start..<offset)
        case .narrow, .wide:
            let isLetter = GlyphScanner.isRegionalIndicator(scalar)
            let width = WidthTable.kind(of: scalar) == .wide ? 2 : 1
            var cell = Cell(base: isLetter ? scalar - 0x1F1E6 + 0x41 : scalar, width: width, role: .text)
            attach(to: &cell, pictographic: GlyphScanner.isPictographic(scalar))
            return Glyph(content: .cell(cell), range: start..<offset)
        }
    }

    /// Takes what belongs to the base character just read: marks, one variation selector, skin tones and joined emoji.
    private mutating func attach(to cell: inout Cell, pictographic: Bool) {
        var dropped = 0
        var selectors = 0
        var joined = 0
        while offset < bytes.count, bytes[offset] >= 0x80 {
            let (next, length) = decode(at: offset)
            guard let next else { return }
            if GlyphScanner.isVariationSelector(next) {
                guard selectors == 0 else { return }
                selectors += 1
            } else if WidthTable.kind(of: next) == .mark {
                if !cell.append(mark: next) {
                    guard dropped < GlyphScanner.droppedMarks else { return }
                    dropped += 1
                }
            } else if pictographic, GlyphScanner.isSkinTone(next) {
                guard joined < GlyphScanner.joinedEmoji else { return }
                joined += 1
            } else if pictographic, next == 0x200D, offset + length < bytes.count {
                let (partner, partnerLength) = decode(at: offset + length)
                guard let partner, GlyphScanner.isPictographic(partner), joined < GlyphScanner.joinedEmoji else { return }
                joined += 1
                selectors = 0
                offset += partnerLength
            } else {
                return
            }
            offset += length
        }
    }

    /// The code point at an offset, or nil with the length 1 if the bytes are not the shortest form of one (RFC 3629 section 4).
    private func decode(at index: Int) -> (scalar: UInt32?, length: Int) {
        let first = bytes[index]
        if first < 0x80 { return (UInt32(first), 1) }
        let length: Int
        var scalar: UInt32
        switch first {
        case 0xC2...0xDF: (length, scalar) = (2, UInt32(first & 0x1F))
        case 0xE0...0xEF: (length, scalar) = (3, UInt32(first & 0x0F))
        case 0xF0...0xF4: (length, scalar) = (4, UInt32(first & 0x07))
        default: return (nil, 1)
        }
        guard index + length <= bytes.count else { return (nil, 1) }
        for position in (index + 1)..<(index + length) {
            let byte = bytes[position]
            guard byte & 0xC0 == 0x80 else { return (nil, 1) }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        switch length {
        case 3 where scalar < 0x800 || (0xD800...0xDFFF).contains(scalar): return (nil, 1)
        case 4 where scalar < 0x10000 || scalar > 0x10FFFF: return (nil, 1)
        default: return (scalar, length)
        }
    }

    private static func isVariationSelector(_ scalar: UInt32) -> Bool {
        (0xFE00...0xFE0F).contains(scalar) || (0xE0100...0xE01EF).contains(scalar)
    }

    private static func isSkinTone(_ scalar: UInt32) -> Bool {
        (0x1F3FB...0x1F3FF).contains(scalar)
    }

    private static func isRegionalIndicator(_ scalar: UInt32) -> Bool {
        (0x1F1E6...0x1F1FF).contains(scalar)
    }

    /// Close to Extended_Pictographic: the blocks whose characters take part in ZWJ sequences.
    private static func isPictographic(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0xA9, 0xAE, 0x203C, 0x2049, 0x2122, 0x2139, 0x2190...0x21FF, 0x2300...0x23FF, 0x25A0...0x27BF, 0x2900...0x297F,
            0x2B00...0x2BFF, 0x3030, 0x303D, 0x3297, 0x3299:
            true
        case 0x1F000...0x1FAFF: !isRegionalIndicator(scalar)
        default: false
        }
    }
}
