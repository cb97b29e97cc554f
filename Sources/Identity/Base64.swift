/// Base64 with the standard alphabet and padding (RFC 4648 section 4): signatures are the only use, so encoding is all there is.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        var pending: UInt32 = 0
        var count = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            count += 1
            if count == 3 {
                for shift: UInt32 in [18, 12, 6, 0] {
                    result.append(self.alphabet[Int(pending >> shift & 0x3F)])
                }
                pending = 0
                count = 0
            }
        }
        if count == 1 {
            result.append(self.alphabet[Int(pending >> 2 & 0x3F)])
            result.append(self.alphabet[Int(pending << 4 & 0x3F)])
            result.append(contentsOf: "==".utf8)
        } else if count == 2 {
            result.append(self.alphabet[Int(pending >> 10 & 0x3F)])
            result.append(self.alphabet[Int(pending >> 4 & 0x3F)])
            result.append(self.alphabet[Int(pending << 2 & 0x3F)])
            result.append(UInt8(ascii: "="))
        }
        return result
    }
}
