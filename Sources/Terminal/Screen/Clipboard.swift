/// The clipboard of the terminal, by OSC 52: it works over ssh, and nothing is asked of the machine we run on.
enum Clipboard {
    /// The most bytes of Base64 that terminals take (xterm's limit, by way of k9s and others).
    static let maximumEncoded = 74_994

    /// The bytes that put the text into the clipboard, or nil if it is too long.
    static func sequence(for text: String) -> [UInt8]? {
        let source = Array(text.utf8)
        guard source.count <= maximumEncoded / 4 * 3 else { return nil }
        return Array("\u{1B}]52;c;".utf8) + base64(source) + [0x07]
    }

    static func base64(_ source: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var encoded: [UInt8] = []
        encoded.reserveCapacity((source.count + 2) / 3 * 4)
        var index = 0
        while index < source.count {
            let group = source[index..<min(index + 3, source.count)]
            var bits = 0
            for position in 0..<3 {
                bits = bits << 8 | (position < group.count ? Int(group[index + position]) : 0)
            }
            for position in 0..<4 {
                encoded.append(position <= group.count ? alphabet[bits >> (18 - 6 * position) & 63] : 0x3D)
            }
            index += 3
        }
        return encoded
    }
}
