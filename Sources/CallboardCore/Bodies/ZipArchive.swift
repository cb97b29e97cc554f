/// The directory of a ZIP archive (APPNOTE 6.3, sections 4.3.7 to 4.3.16); no ZIP64, no encryption.
struct ZipArchive {
    /// A file in it.
    struct Entry {
        var name: String
        /// 0 stored, 8 deflated.
        var method: UInt16
        var isEncrypted: Bool
        /// Where its bytes are.
        var range: Range<Int>
        /// What they unpack to, as the directory says.
        var size: Int
    }

    let entries: [Entry]
    /// How many files the directory has.
    let count: Int

    static func mayBe(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06])
    }

    init(_ bytes: [UInt8], limits: BodyLimits) throws(BodyFault) {
        // The end record stands last, with a comment of up to 65,535 bytes behind it.
        let signature: [UInt8] = [0x50, 0x4B, 0x05, 0x06]
        var place = bytes.count - 22
        let lowest = max(place - 65_535, 0)
        while place >= lowest, !bytes[place...].starts(with: signature) { place -= 1 }
        guard place >= lowest, place >= 0 else { throw .malformed("the archive has no directory", at: bytes.count) }
        var end = ByteReader(bytes, in: place + 10..<bytes.count)
        count = Int(try end.littleEndian(UInt16.self))
        _ = try end.take(4)
        let start = Int(try end.littleEndian(UInt32.self))
        guard start <= place else { throw .missing("a ZIP archive of the 64-bit form, which is not read") }
        var directory = ByteReader(bytes, in: start..<place)
        var entries: [Entry] = []
        while entries.count < min(count, limits.archiveEntries), !directory.isAtEnd {
            entries.append(try Self.entry(&directory))
        }
        self.entries = entries
    }

    private static func entry(_ directory: inout ByteReader) throws(BodyFault) -> Entry {
        guard try directory.littleEndian(UInt32.self) == 0x0201_4B50 else { throw directory.fault("the directory is damaged") }
        _ = try directory.take(4)
        let flags = try directory.littleEndian(UInt16.self)
        let method = try directory.littleEndian(UInt16.self)
        _ = try directory.take(8)
        let packed = Int(try directory.littleEndian(UInt32.self))
        let size = Int(try directory.littleEndian(UInt32.self))
        let nameLength = Int(try directory.littleEndian(UInt16.self))
        let extraLength = Int(try directory.littleEndian(UInt16.self))
        let commentLength = Int(try directory.littleEndian(UInt16.self))
        _ = try directory.take(8)
        let offset = Int(try directory.littleEndian(UInt32.self))
        let name = String(decoding: try directory.array(nameLength), as: UTF8.self)
        _ = try directory.take(extraLength + commentLength)
        // The name and extra field stand before the bytes once more, and the extra field may have another length there.
        var local = ByteReader(directory.bytes, in: min(offset, directory.bytes.count)..<directory.bytes.count)
        guard try local.littleEndian(UInt32.self) == 0x0403_4B50 else { throw directory.fault("a file is not where the directory says") }
        _ = try local.take(22)
        let localName = Int(try local.littleEndian(UInt16.self))
        let localExtra = Int(try local.littleEndian(UInt16.self))
        _ = try local.take(localName + localExtra)
        return Entry(name: name, method: method, isEncrypted: flags & 1 == 1, range: try local.take(packed), size: size)
    }
}
