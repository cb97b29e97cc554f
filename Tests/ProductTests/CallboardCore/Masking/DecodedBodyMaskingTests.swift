import AMQP
import NIOCore
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Masking: bodies that are decoded")
struct DecodedBodyMaskingTests {
    private let masker = Masker(MaskingSettings())

    private func masked(_ bytes: [UInt8], _ contentType: String? = nil, _ contentEncoding: String? = nil) -> String {
        switch bytes.withUnsafeBytes({ masker.redacted(body: $0, contentType: contentType, contentEncoding: contentEncoding) }) {
        case .unchanged: "unchanged"
        case .withheld: "withheld"
        case .replaced(let bytes, let fields): "\(fields): \(String(decoding: bytes, as: UTF8.self))"
        case .decoded(let bytes, let fields, let format): "\(format): \(fields): \(String(decoding: bytes, as: UTF8.self))"
        }
    }

    /// A gzip file (RFC 1952) whose content is not compressed.
    private func gzip(_ content: [UInt8]) -> [UInt8] {
        var crc: UInt32 = 0xffff_ffff
        for byte in content {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
        }
        let little = { (value: UInt32) in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        let length = UInt16(content.count)
        let block = [1, UInt8(length & 0xff), UInt8(length >> 8), UInt8(~length & 0xff), UInt8(~length >> 8)] + content
        return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + block + little(~crc) + little(UInt32(content.count))
    }

    private func cborText(_ text: String) -> [UInt8] { [0x60 + UInt8(text.utf8.count)] + Array(text.utf8) }

    private let json = Array(#"{"password":"hunter2","n":1}"#.utf8)

    @Test("compressed text is shown as what it was unpacked to, masked")
    func compressed() {
        #expect(masked(gzip(json)) == #"gzip › JSON: 1: {"password":"‹masked›","n":1}"#)
        #expect(masked(gzip(Array("<o><pin>1</pin></o>".utf8))) == "gzip › XML: 1: <o><pin>‹masked›</pin></o>")
        #expect(masked(gzip(Array("pwd=x y".utf8))) == "gzip › text: 1: pwd=‹masked› y")
        #expect(masked(gzip(Array("hello".utf8))) == "gzip › text: 0: hello")
        #expect(masked(gzip(gzip(json))) == #"gzip › gzip › JSON: 1: {"password":"‹masked›","n":1}"#)
    }

    @Test("what cannot be read to its end is withheld")
    func incomplete() {
        #expect(masked(Array(gzip(json).dropLast(12))) == "withheld")
        #expect(masked(gzip(json) + [0, 1, 2]) == "withheld")
        #expect(masked(gzip(Array(json.dropLast(3)))) == "withheld")
        #expect(masked(gzip(Array("hunter2".utf8)), "application/json") == "withheld")
        #expect(masked(gzip([0xff, 0, 1] + Array("hunter2".utf8))) == "withheld")
        #expect(masked([0x1f, 0x8b, 8, 0]) == "withheld")
    }

    @Test("UTF-16 is shown as text")
    func wide() {
        let utf16: [UInt8] = json.flatMap { byte -> [UInt8] in [byte, 0] }
        #expect(masked([0xff, 0xfe] + utf16) == #"UTF-16LE › JSON: 1: {"password":"‹masked›","n":1}"#)
        #expect(masked(utf16) == #"UTF-16LE › JSON: 1: {"password":"‹masked›","n":1}"#)
    }

    @Test("values of CBOR are shown as JSON where the sender says that it is CBOR; a guess is none")
    func cbor() {
        let map: [UInt8] =
            [0xa4] + cborText("password") + cborText("hunter2") + cborText("blob") + [0x43, 1, 2, 3] + cborText("list")
            + [0x82, 0x01, 0xf5] + cborText("card") + [0x1b]
            + (0..<8).map { UInt8(truncatingIfNeeded: 4_111_111_111_111_111 >> (56 - 8 * $0)) }
        #expect(
            masked(map, "application/cbor") == #"CBOR: 3: {"password":"‹masked›","blob":"‹masked›","list":[1,true],"card":"‹masked›"}"#)
        #expect(masked([0xd9, 0xd9, 0xf7] + map).hasPrefix("CBOR: 3: "))
        #expect(masked(map) == "withheld")
        #expect(masked([0xa1, 0x01] + cborText("hunter2"), "application/cbor") == "withheld")
    }

    @Test("a floating-point number that is a card's is one; others keep their digits")
    func numbers() {
        let double = { (value: Double) -> [UInt8] in
            [0xa1] + cborText("n") + [0xfb] + (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (56 - 8 * $0)) }
        }
        #expect(masked(double(4_111_111_111_111_111), "application/cbor").contains(Redaction.placeholder))
        #expect(!masked(double(1.5e300), "application/cbor").contains(Redaction.placeholder))
        #expect(
            masked(Array(#"{"n":4.111111111111111E15,"m":4111111111111111.0,"k":1.25}"#.utf8))
                == #"2: {"n":"‹masked›","m":"‹masked›","k":1.25}"#)
    }

    @Test("MessagePack is shown as JSON; Protobuf, whose fields have no names, is withheld")
    func others() {
        let pack: [UInt8] = [0x82, 0xa3] + Array("pin".utf8) + [0xa1, 0x35, 0xa1, 0x61, 0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]
        #expect(masked(pack, "application/x-msgpack").hasPrefix(#"MessagePack: 1: {"pin":"‹masked›","a":1"#))
        for head: [UInt8] in [[0x0a, 0x07], [0x08, 0x96, 0x01, 0x12, 0x07]] {
            #expect(masked(head + Array("hunter2".utf8), "application/x-protobuf") == "withheld")
        }
    }

    @Test("such a message says what it was decoded from, is not sent on, and conditions do not see its body")
    func messages() throws {
        let message = try Messages.make(1) { $0.body = .data([ByteBuffer(bytes: gzip(json))]) }
        let seen = try #require(message.redacted(by: masker))
        #expect(seen.body.text == #"{"password":"‹masked›","n":1}"#)
        #expect(seen.redaction == Redaction(fields: 1, decodedFrom: "gzip › JSON"))
        #expect(seen.redaction?.summary == "masked: 1 field, body decoded from gzip › JSON")
        let line = ListOutput.all([MessageRecord(seen)], .jsonl)
        #expect(String(decoding: line, as: UTF8.self).contains(#""decodedFrom":"gzip › JSON""#))
        let error = #expect(throws: OperatorError.self) { try MessageInput.lines(line, file: "f") }
        #expect(error?.message.contains("masked") == true)
        for condition in ["body.n = 1", "body LIKE '%n%'", "body.password = 'hunter2'"] {
            let filter = try SQLFilter(condition, dialect: .operatorExpression)
            #expect(try !filter.matches(seen), "\(condition)")
        }
        #expect(BodyDecoder().decode(seen).format == "JSON")
    }

    @Test("an archive is shown file by file, bytes in it are not")
    func archives() {
        let xml: [UInt8] = Array("<pin>12</pin>".utf8)
        let files: [(String, [UInt8])] = [("a.json", json), ("b.xml", xml), ("c.bin", [0xff, 0, 1, 2, 3, 0xfe, 0x80, 0])]
        let shown = masked(zip(files))
        #expect(shown.hasPrefix("ZIP: "))
        #expect(shown.contains(#""a.json":{"password":"‹masked›","n":1}"#))
        #expect(shown.contains(#""c.bin":"‹masked›""#) || shown == "withheld")
        #expect(!shown.contains("hunter2"))
    }

    /// A ZIP archive whose files are stored.
    private func zip(_ files: [(String, [UInt8])]) -> [UInt8] {
        let two = { (value: Int) in [UInt8(value & 0xff), UInt8(value >> 8 & 0xff)] }
        let four = { (value: Int) in two(value & 0xffff) + two(value >> 16) }
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for (name, content) in files {
            let offset = bytes.count
            let middle = two(20) + two(0) + two(0) + two(0) + two(0) + four(0) + four(content.count) + four(content.count)
            bytes += [0x50, 0x4b, 3, 4] + middle + two(name.utf8.count) + two(0) + Array(name.utf8) + content
            directory += [0x50, 0x4b, 1, 2] + two(20) + middle + two(name.utf8.count) + two(0) + two(0) + two(0) + two(0) + four(0)
            directory += four(offset) + Array(name.utf8)
        }
        let start = bytes.count
        return bytes + directory + [0x50, 0x4b, 5, 6] + two(0) + two(0) + two(files.count) + two(files.count)
            + four(directory.count) + four(start) + two(0)
    }
}
