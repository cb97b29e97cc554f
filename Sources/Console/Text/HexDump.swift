internal import Terminal

/// Bytes as offset, hexadecimal and characters; a row is made when it is drawn.
enum HexDump {
    /// Bytes in a row on a screen of this width: 16, 8 or 4.
    static func bytesPerRow(width: Int) -> Int {
        switch width {
        case 77...: 16
        case 44...: 8
        default: 4
        }
    }

    /// Rows needed for this many bytes.
    static func rows(bytes: Int, width: Int) -> Int {
        let perRow = bytesPerRow(width: width)
        return bytes / perRow + (bytes % perRow == 0 ? 0 : 1)
    }

    /// One row.
    static func row(_ row: Int, of bytes: [UInt8], width: Int) -> [Span] {
        let perRow = bytesPerRow(width: width)
        let start = min(max(row, 0) * perRow, bytes.count)
        let slice = bytes[start..<min(start + perRow, bytes.count)]
        var pairs = ""
        var characters = ""
        for (place, byte) in slice.enumerated() {
            if place > 0 { pairs += place % 8 == 0 ? "  " : " " }
            pairs += hex(UInt64(byte), digits: 2)
            characters.append((0x20..<0x7F).contains(byte) ? Character(Unicode.Scalar(byte)) : "·")
        }
        let full = perRow * 3 - 1 + (perRow > 8 ? 1 : 0)
        let padding = String(repeating: " ", count: max(full - pairs.utf8.count, 0) + 2)
        return [Span(hex(UInt64(start), digits: 8) + "  ", .hexOffset), Span(pairs, .hexBytes), Span(padding), Span(characters)]
    }

    private static func hex(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
    }
}
