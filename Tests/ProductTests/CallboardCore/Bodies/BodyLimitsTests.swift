import Testing

@testable import CallboardCore
@testable import ServiceBus

/// Bodies that are made to hurt: each is refused or cut at a limit that the note names.
@Suite struct BodyLimitsTests {
    /// A machine that is busy, or a build for debugging, must not cut what a test of another limit is about.
    private var patient: BodyLimits {
        var limits = BodyLimits.standard
        limits.time = .seconds(300)
        return limits
    }

    private func nested(_ open: String, _ close: String, _ count: Int, _ inner: String = "") -> [UInt8] {
        Array((String(repeating: open, count: count) + inner + String(repeating: close, count: count)).utf8)
    }

    /// Ten mebibytes of zeros in ten kilobytes.
    private func bomb() throws -> [UInt8] {
        let limits = BodyLimits.standard
        var inflation = Inflation(sourceBytes: BodyFixtures.bombInBomb.count, limits: limits, clock: BodyClock(.seconds(60)))
        return try inflation.unpack(BodyFixtures.bombInBomb, .gzip).bytes
    }

    @Test("a decompression bomb is refused: more than 250 times its size")
    func bombs() throws {
        for bytes in [try bomb(), BodyFixtures.bombInBomb] {
            let body = BodyDecoder(limits: patient).decode(bytes)
            #expect(body.formats.last == "gzip")
            #expect(body.tree == nil && body.text == nil)
            #expect(
                body.notes.contains { $0.hasPrefix("refused: ") && $0.contains("more than 250 times as much (limit)") }, "\(body.notes)")
        }
    }

    @Test("what unpacks to more than may be held is cut, and that is told")
    func unpackedSize() throws {
        var limits = BodyLimits.standard
        limits.unpackedBytes = 1 << 20
        limits.ratio = 10_000
        let body = BodyDecoder(limits: limits).decode(try bomb())
        #expect(body.notes.contains("only the first 1 MiB were unpacked (limit)"), "\(body.notes)")
    }

    @Test("a file of an archive that unpacks to more is cut, and that is told, also where it lies there as it is")
    func archivedSize() {
        var limits = BodyLimits.standard
        limits.unpackedBytes = 64
        let files = [("a.txt", [UInt8](repeating: 0x61, count: 40)), ("b.txt", [UInt8](repeating: 0x62, count: 40))]
        for (archive, note) in [
            (BodyFixtures.zipOne, "only the first 64 B of the file order.json were unpacked (limit)"),
            (BodyFixtures.zip(files), "only the first 24 B of the file b.txt were unpacked (limit)"),
        ] {
            let body = BodyDecoder(limits: limits).decode(archive)
            #expect(body.notes.contains(note), "\(body.notes)")
            #expect(!body.isReliable)
            #expect(BodyDecoder().decode(archive).isReliable)
        }
    }

    @Test("an archive that names the same bytes again and again is refused as a bomb is")
    func sharedBytes() {
        let file = ("a", [UInt8](repeating: 0x61, count: 60_000))
        let archive = BodyFixtures.zip([file])
        // Its directory of one file, as often as may be; the record at its end says how many there are and how long they are.
        let (entry, end) = (Array(archive.suffix(22 + 47).prefix(47)), Array(archive.suffix(22)))
        let little = { (value: Int, count: Int) -> [UInt8] in (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        let count = 1000
        var bytes: [UInt8] = Array(archive.dropLast(22 + 47))
        for _ in 0..<count { bytes += entry }
        bytes += end.prefix(8)
        bytes += little(count, 2) + little(count, 2) + little(count * entry.count, 4)
        bytes += end.dropFirst(16)
        var limits = patient
        limits.ratio = 20
        let body = BodyDecoder(limits: limits).decode(bytes)
        #expect(body.tree == nil)
        #expect(body.notes.contains { $0.hasPrefix("refused: ") && $0.contains("of ZIP unpack to more than 20 times") }, "\(body.notes)")
    }

    @Test("formats within each other end at the sixth")
    func layers() {
        // A ZIP archive holds a ZIP archive holds …: stored, so that each is what it says.
        var bytes = Array(#"{"a":1}"#.utf8)
        for _ in 0..<8 { bytes = stored(bytes) }
        let body = BodyDecoder().decode(bytes)
        #expect(body.notes.contains { $0.hasPrefix("more than 6 formats within each other (limit)") }, "\(body.notes)")
        #expect(body.tree == nil)
    }

    /// A gzip file of one stored block.
    private func stored(_ bytes: [UInt8]) -> [UInt8] {
        let length = UInt16(bytes.count)
        let low = UInt8(truncatingIfNeeded: length)
        let high = UInt8(truncatingIfNeeded: length >> 8)
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        let sum = (0..<4).map { UInt8(truncatingIfNeeded: ~crc >> UInt32(8 * $0)) }
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, low, high, ~low, ~high] + bytes + sum + [low, high, 0, 0]
    }

    @Test("a deeply nested document is refused at 128 levels, whatever its format")
    func depth() {
        let cbor = [UInt8](repeating: 0x81, count: 100_000) + [0x01]
        let tags = [0xD9, 0xD9, 0xF7] + [UInt8](repeating: 0xC6, count: 100_000) + [0x01]
        let keys = [0xD9, 0xD9, 0xF7] + [UInt8](repeating: 0xA1, count: 100_000) + [0x01]
        let pack = [UInt8](repeating: 0x91, count: 100_000) + [0x01]
        let packKeys = [UInt8](repeating: 0x81, count: 100_000) + [0x01]
        let groups = [UInt8](repeating: 0x0B, count: 50_000) + [UInt8](repeating: 0x0C, count: 50_000)
        let dotNet = (0..<10_000).flatMap { _ in [0x40, 0x01, 0x61] as [UInt8] } + [UInt8](repeating: 0x01, count: 10_000)
        for (name, bytes, type) in [
            ("JSON", nested("[", "]", 100_000), nil), ("JSON objects", nested(#"{"a":"#, "}", 100_000, "1"), nil),
            ("XML", nested("<a>", "</a>", 100_000), nil), ("CBOR", cbor, "application/cbor"), ("CBOR tags", tags, nil),
            ("CBOR keys", keys, nil), ("MessagePack", pack, "application/msgpack"), ("MessagePack keys", packKeys, "application/msgpack"),
            ("Protobuf groups", groups, "application/x-protobuf"), (".NET XML", dotNet, nil),
        ] as [(String, [UInt8], String?)] {
            let body = BodyDecoder(limits: patient).decode(bytes, .init(contentType: type))
            #expect(body.tree == nil, "\(name)")
            #expect(body.notes.contains { $0.contains("nested deeper than 128") && $0.contains("limit") }, "\(name): \(body.notes)")
        }
    }

    @Test("128 levels are laid out")
    func deepest() { #expect(BodyDecoder().decode(nested("[", "]", 128)).format == "JSON") }

    @Test("many values are cut, and asking for more shows more")
    func values() throws {
        let bytes = Array(("[" + Array(repeating: "0", count: 100_000).joined(separator: ",") + "]").utf8)
        let body = BodyDecoder(limits: patient).decode(bytes)
        #expect(body.isCut)
        #expect(body.notes.contains { $0.hasPrefix("only the first 40000 values") }, "\(body.notes)")
        #expect(body.tree?.nodes.count == 40_000)
        var wide = patient.widened()
        wide.time = patient.time
        let more = BodyDecoder(limits: wide).decode(bytes)
        #expect(more.tree?.nodes.count == 100_001)
        #expect(!more.isCut)
    }

    @Test("of a body of many megabytes only the first part is laid out, and the bytes are all there")
    func window() {
        let line = Array(#"{"orderId":88213,"note":"äöü and so on and so on"},"#.utf8)
        let bytes = [UInt8(ascii: "[")] + Array(repeatElement(line, count: 60_000).joined())
        let body = BodyDecoder(limits: patient).decode(bytes)
        #expect(body.format == "JSON")
        #expect(body.isCut)
        #expect(body.bytes.count == bytes.count)
        #expect((body.text?.utf8.count ?? 0) <= BodyLimits.standard.windowBytes)
        #expect(leaf(body, "[9000].orderId") == "88213")
    }

    @Test("a long text is cut in whatever it is wrapped")
    func wrapped() {
        let long = String(repeating: "ä", count: 400_000)
        let value = PropertyValue(typeName: "string", content: .text(long))
        let body = BodyDecoder(limits: patient).decode(MessageBody(kind: .value, bytes: [], content: value, sizeBytes: 800_000))
        #expect((body.text?.utf8.count ?? 0) <= BodyLimits.standard.windowBytes)
        #expect(body.text?.hasSuffix("ä") == true)
        #expect(body.isCut)
    }

    @Test("the limit of time cuts, and that is told")
    func time() {
        var limits = BodyLimits.standard
        limits.time = .zero
        let bytes = Array(("[" + Array(repeating: "0", count: 5000).joined(separator: ",") + "]").utf8)
        let body = BodyDecoder(limits: limits).decode(bytes)
        #expect(body.notes.contains { $0.hasPrefix("laid out only as far as 0 s went (limit)") }, "\(body.notes)")
    }

    @Test("no bytes make a decoder trap: damaged fixtures and noise")
    func noise() {
        var random = SystemRandomNumberGenerator()
        let fixtures = [
            BodyFixtures.cbor, BodyFixtures.messagePack, BodyFixtures.avroNull, BodyFixtures.avroDeflate, BodyFixtures.gzipJSON,
            BodyFixtures.zlibJSON, BodyFixtures.deflateJSON, BodyFixtures.zipOne, BodyFixtures.zipTwo, BodyFixtures.protobuf,
        ]
        let schema = try? ProtobufSchema(descriptorSet: BodyFixtures.descriptorSet)
        #expect(schema != nil)
        let decoder = BodyDecoder(schema: schema)
        for fixture in fixtures {
            for _ in 0..<100 {
                var bytes = fixture
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
                for type in [nil, "application/cbor", "application/msgpack", "application/x-protobuf"] as [String?] {
                    let body = decoder.decode(bytes, .init(contentType: type))
                    _ = laidOut(body)
                    #expect(body.bytes == bytes)
                }
            }
            var damaged = BodyFixtures.descriptorSet
            damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            _ = try? ProtobufSchema(descriptorSet: damaged)
        }
    }
}
