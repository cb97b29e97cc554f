import NIOCore

/// Writes gzip files without compressing: stored blocks (RFC 1951, 3.2.4) in a gzip member (RFC 1952), which every inflater reads.
enum StoredGzip {
    /// A gzip file whose content is `data`.
    static func file(of data: [UInt8]) -> [UInt8] {
        // magic, deflate, no flags, no time, no extra flags, unknown system
        var file: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]
        var rest = data[...]
        repeat {
            let block = rest.prefix(0xffff)
            rest = rest.dropFirst(block.count)
            file.append(rest.isEmpty ? 1 : 0)
            let length = UInt16(block.count)
            append(length, to: &file)
            append(~length, to: &file)
            file += block
        } while !rest.isEmpty
        append(checksum(data), to: &file)
        append(UInt32(truncatingIfNeeded: data.count), to: &file)
        return file
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        var value = value
        for _ in 0..<(value.bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: value))
            value >>= 8
        }
    }

    /// The CRC-32 of RFC 1952, 8.
    static func checksum(_ data: [UInt8]) -> UInt32 {
        var crc = UInt32.max
        for byte in data {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
