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
        let image: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0xff, 0xfe, 0xd9, 0x81]
        let shown = masked(BodyFixtures.zip([("a.json", json), ("b.xml", Array("<pin>12</pin>".utf8)), ("c.bin", image)]))
        #expect(shown == #"ZIP: 3: {"a.json":{"password":"‹masked›","n":1},"b.xml":"<pin>‹masked›</pin>","c.bin":"‹masked›"}"#)
    }

    // MARK: Markup

    /// Documents of which `canary7` is hidden and `control7` is not.
    private static let documents = [
        "<o><Key>password</Key><Value>canary7</Value><n>control7</n></o>", #"<o><add key="Password" value="canary7"/><n>control7</n></o>"#,
        #"<o><n pin="canary7">control7</n></o>"#, "<a:o xmlns:a=\"u\"><a:Pin>canary7</a:Pin><a:n>control7</a:n></a:o>",
        "<a:o xmlns:a=\"u\"><a:Key>\n token </a:Key><a:Value><b>canary7</b></a:Value><a:n>control7</a:n></a:o>",
        "<o><pin><![CDATA[canary7]]></pin><n>control7</n></o>",
    ]

    @Test("XML in an archive, or in an archive in one, is masked as XML, whatever else is in it", arguments: documents)
    func markup(document: String) {
        let files = [("b.xml", Array(document.utf8)), ("c.xml", Array("<n>control7</n>".utf8))]
        for bytes in [BodyFixtures.zip(files), BodyFixtures.zip([("d.zip", BodyFixtures.zip(files)), ("a.json", json)])] {
            let shown = masked(bytes)
            #expect(shown.hasPrefix("ZIP: ") && shown.contains("control7") && !shown.contains("canary7"), "\(shown)")
        }
        let shown = masked(gzip(Array(document.utf8)))
        #expect(shown.hasPrefix("gzip › XML: 1: ") && !shown.contains("canary7"), "\(shown)")
    }

    @Test("paths lead into the documents of an archive, and to them")
    func pathsInArchives() throws {
        let bytes = BodyFixtures.zip([("b.xml", Array("<o><n>canary7</n><m>1</m></o>".utf8)), ("c.json", Array(#"{"n":"canary7"}"#.utf8))])
        let masker = Masker(MaskingSettings(paths: [try MaskingPath("$.o.n"), try MaskingPath("$['c.json'].n")]))
        let seen = bytes.withUnsafeBytes { masker.redacted(body: $0, contentType: nil, contentEncoding: nil) }
        let shown = Array(#"{"b.xml":"<o><n>‹masked›</n><m>1</m></o>","c.json":{"n":"‹masked›"}}"#.utf8)
        #expect(seen == .decoded(shown, fields: 2, format: "ZIP"))
    }

    private func element(_ name: String, _ content: [UInt8]) -> [UInt8] { [0x40, UInt8(name.utf8.count)] + Array(name.utf8) + content }
    /// The text that ends an element.
    private func ending(_ text: String) -> [UInt8] { [0x99, UInt8(text.utf8.count)] + Array(text.utf8) }
    private func attribute(_ name: String, _ text: String) -> [UInt8] {
        [0x04, UInt8(name.utf8.count)] + Array(name.utf8) + [0x98, UInt8(text.utf8.count)] + Array(text.utf8)
    }

    @Test(".NET's binary XML is masked as XML: its pairs, attributes and prefixes")
    func dotNet() {
        let pair = element("Key", ending("password")) + element("Value", ending("x<y"))
        #expect(
            masked(element("o", pair + element("n", ending("1&2")) + [0x01]))
                == ".NET XML: 1: <o><Key>password</Key><Value>‹masked›</Value><n>1&amp;2</n></o>")
        #expect(
            masked(element("o", element("add", attribute("key", "Password") + attribute("value", "x") + [0x01]) + [0x01]))
                == #".NET XML: 1: <o><add key="Password" value="‹masked›"></add></o>"#)
        // a:Pin, by the letter of its prefix.
        #expect(
            masked(element("o", [0x5e, 3] + Array("Pin".utf8) + ending("12") + [0x01])) == ".NET XML: 1: <o><a:Pin>‹masked›</a:Pin></o>")
        #expect(masked(element("o", element("b", [0x9f, 3, 1, 2, 3]) + [0x01])) == ".NET XML: 1: <o><b>‹masked›</b></o>")
    }

    @Test(".NET's binary XML is withheld where a dictionary that is not in it has a name, or where a name is none of XML's")
    func dictionaries() {
        #expect(masked([0x42, 10] + ending("hunter2")) == "withheld")
        #expect(masked(element("o", [0x06, 10, 0x98, 7] + Array("hunter2".utf8) + [0x01])) == "withheld")
        #expect(masked(element("o", element("Key", [0xab, 10]) + element("Value", ending("hunter2")) + [0x01])) == "withheld")
        #expect(masked(element("o", [0x0a, 10] + ending("hi"))) == #".NET XML: 0: <o xmlns="str10">hi</o>"#)
        #expect(masked(element("pin>x</pin><n", ending("hunter2"))) == "withheld")
    }

    // MARK: Guesses and bounds

    @Test("deflate without an envelope is shown where the sender says so, not where it is guessed")
    func deflate() {
        #expect(masked(BodyFixtures.deflateJSON, nil, "deflate").hasPrefix("deflate › JSON: 1: {"))
        #expect(masked(BodyFixtures.deflateJSON) == "withheld")
    }

    private func seen(_ bodies: [[UInt8]], within budget: DecodingBudget) throws -> [String] {
        let page = try bodies.enumerated().map { index, body in
            try Messages.make(Int64(index + 1)) { $0.body = .data([ByteBuffer(bytes: body)]) }
        }
        return masker.masked(page, within: budget).map { $0.redaction?.isBodyWithheld == true ? "withheld" : $0.body.text ?? "" }
    }

    @Test("the bodies of a page may be unpacked to so many bytes in so long a time; what is beyond is withheld")
    func budget() throws {
        let shown = #"{"password":"‹masked›","n":1}"#
        let body = gzip(json)
        #expect(try seen([body, body, body], within: DecodingBudget()) == [shown, shown, shown])
        #expect(try seen([body, body, body], within: DecodingBudget(bytes: 2 * shown.utf8.count + 4)) == [shown, shown, "withheld"])
        #expect(try seen([body], within: DecodingBudget(time: .zero)) == ["withheld"])
        // What is no more than masked takes nothing of it.
        #expect(try seen([json], within: DecodingBudget(bytes: 0)) == [shown])
    }

    @Test("an archive of which a file was cut is withheld")
    func cutArchives() throws {
        for archive in [BodyFixtures.zipOne, BodyFixtures.zipTwo, BodyFixtures.zip([("a.json", json), ("b.json", json)])] {
            #expect(try seen([archive], within: DecodingBudget()) != ["withheld"])
            #expect(try seen([archive], within: DecodingBudget(bytes: 16)) == ["withheld"])
        }
    }
}
