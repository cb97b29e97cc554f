import Testing

@testable import CallboardCore
@testable import ServiceBus

/// The lines of a decoded body's tree.
func laidOut(_ body: DecodedBody, folded: Set<Int> = []) -> [String] {
    guard let tree = body.tree else { return [] }
    let layout = BodyLayout(tree, folded: folded)
    return layout.lines.map { layout.tokens($0).map(\.text).joined() }
}

/// The text of the leaf at a path.
func leaf(_ body: DecodedBody, _ path: String) -> String? {
    body.tree.flatMap { tree in tree.node(at: path).flatMap { tree.leafText(of: $0) } }
}

@Suite struct BodyDecoderTests {
    private func decode(_ bytes: [UInt8], type: String? = nil, encoding: String? = nil, schema: ProtobufSchema? = nil) -> DecodedBody {
        BodyDecoder(schema: schema).decode(bytes, .init(contentType: type, contentEncoding: encoding))
    }

    private func expectOrder(_ body: DecodedBody) {
        #expect(leaf(body, "body.orderId") == "88213")
        #expect(leaf(body, "body.customer.email") == "a@example.com")
        #expect(leaf(body, "body.lines[1].sku") == "B-7")
        #expect(leaf(body, "body.paid") == "false")
        #expect(leaf(body, "body.note") == "null")
    }

    // MARK: JSON

    @Test("JSON is laid out without changing a character of its texts and numbers")
    func json() {
        let body = decode(Array(#"{"a":[1,2.50e+1,{"b":null}],"c":{},"d":[ ],"e":"\u0041\n\/é"}"#.utf8))
        #expect(body.format == "JSON")
        #expect(
            laidOut(body) == [
                "{", #"  "a": ["#, "    1,", "    2.50e+1,", "    {", #"      "b": null"#, "    }", "  ],", #"  "c": {},"#, #"  "d": [],"#,
                #"  "e": "\u0041\n\/é""#, "}",
            ])
        #expect(leaf(body, "body.e") == "A\n/é")
    }

    @Test(
        "what is not JSON is text, and a note says where it goes wrong",
        arguments: ["{", "[1,]", #"{"a"}"#, "{'a':1}", "[01]", "[1.]", "[tru]", "[1] x", #"["\x"]"#, #"["\u12"]"#, "[+1]", #"{"a":1,}"#])
    func notJSON(_ text: String) {
        let body = decode(Array(text.utf8), type: "application/json")
        #expect(body.format == "text")
        #expect(body.tree == nil)
        #expect(body.text == text)
        #expect(body.notes.count == 1 && body.notes.first?.hasPrefix("not JSON: ") == true, "\(body.notes)")
    }

    @Test("one JSON value a line is an array")
    func jsonLines() {
        let body = decode(Array("{\"a\":1}\n{\"a\":2}\n".utf8))
        #expect(body.format == "JSON lines")
        #expect(leaf(body, "body[1].a") == "2")
    }

    @Test("surrogate pairs are characters, halves of them are not")
    func surrogates() {
        let body = decode(Array(#"["\ud83d\ude00","\ud83d","\ud83dx"]"#.utf8))
        #expect(leaf(body, "[0]") == "😀")
        #expect(leaf(body, "[1]") == "\u{FFFD}")
        #expect(leaf(body, "[2]") == "\u{FFFD}x")
    }

    // MARK: XML

    @Test("XML is laid out with the prefixes it was written with; blanks between elements are not content")
    func xml() {
        let body = decode(
            Array(
                #"<?xml version="1.0"?><o:order xmlns:o="urn:o" id="7"><line sku="A &amp; B">x &lt; y</line><line/> <o:note> </o:note></o:order>"#
                    .utf8))
        #expect(body.format == "XML")
        #expect(
            laidOut(body) == [
                #"<o:order xmlns:o="urn:o" id="7">"#, #"  <line sku="A &amp; B">x &lt; y</line>"#, "  <line/>", "  <o:note> </o:note>",
                "</o:order>",
            ])
        #expect(leaf(body, "body.line[0].@sku") == "A & B")
        #expect(leaf(body, "body.line[0].#text") == "x < y")
    }

    @Test("XML with a document type is not followed into its entities")
    func documentType() {
        let body = decode(Array(#"<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>"#.utf8), type: "text/xml")
        #expect(body.format == "text")
        #expect(body.notes.first?.contains("document type") == true)
    }

    // MARK: Text

    @Test("text in Unicode's encodings, with and without a mark")
    func unicode() {
        let text = "Größe 1"
        let utf16: [UInt8] = text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        let utf16BE: [UInt8] = text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        let utf32: [UInt8] = text.unicodeScalars.flatMap {
            [UInt8(truncatingIfNeeded: $0.value), UInt8(truncatingIfNeeded: $0.value >> 8), 0, 0]
        }
        let cases: [([UInt8], String)] = [
            (utf16, "UTF-16LE"), (utf16BE, "UTF-16BE"), (utf32, "UTF-32LE"), ([0xFF, 0xFE] + utf16, "UTF-16LE"),
            ([0xFE, 0xFF] + utf16BE, "UTF-16BE"), ([0xFF, 0xFE, 0, 0] + utf32, "UTF-32LE"),
            ([0xEF, 0xBB, 0xBF] + Array(text.utf8), "UTF-8 with mark"),
        ]
        for (bytes, name) in cases {
            let body = decode(bytes)
            #expect(body.text == text, "\(name)")
            #expect(body.format == "\(name) › text")
        }
    }

    @Test("JSON in UTF-16 is JSON")
    func wideJSON() {
        let bytes: [UInt8] = #"{"a":"ü"}"#.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        let body = decode(bytes)
        #expect(body.format == "UTF-16LE › JSON")
        #expect(leaf(body, "body.a") == "ü")
    }

    @Test("Western text is read as declared, and guessed where nothing is declared")
    func western() {
        let bytes = Array("Gr".utf8) + [0xF6, 0xDF] + Array("e 5 ".utf8) + [0x80] + Array(", sofort".utf8)
        #expect(decode(bytes, type: "text/plain; charset=\"Windows-1252\"").text == "Größe 5 €, sofort")
        let guessed = decode(bytes)
        #expect(guessed.text == "Größe 5 €, sofort")
        #expect(guessed.format == "Windows-1252, guessed › text")
    }

    @Test("an XML declaration names its encoding; other encodings are the system's")
    func declaredEncodings() {
        let latin = Array(#"<?xml version="1.0" encoding="ISO-8859-1"?><a>"#.utf8) + [0xE4] + Array("</a>".utf8)
        #expect(leaf(decode(latin), "body.#text") == "ä")
        #expect(decode([0xCF, 0xF0, 0xE8, 0xE2, 0xE5, 0xF2], type: "text/plain; charset=windows-1251").text == "Привет")
        #expect(decode([0x93, 0xFA, 0x96, 0x7B], type: "text/plain;charset=Shift_JIS").text == "日本")
    }

    @Test("what is no name of a character set is not asked the system for")
    func charsetNames() {
        for name in ["windows-1251", "ISO_646.IRV:1991", "Shift_JIS"] { #expect(TextEncoding.isCharsetName(name), "\(name)") }
        for name in ["", "koi8-r//TRANSLIT", "../x", "a b", "koi8\0", String(repeating: "a", count: 41), "é"] {
            #expect(!TextEncoding.isCharsetName(name), "\(name)")
        }
    }

    @Test("text that tries to drive the terminal is still text")
    func hostileText() { #expect(decode(Array("\u{1B}[2Jgone, all of it\u{202E}".utf8)).format == "text") }

    @Test("what its sender calls JSON and is no text is bytes, and that is told")
    func falseClaim() {
        let body = decode([0x9B, 0x32, 0x4A, 0xFF], type: "application/json")
        #expect(body.format == "binary")
        #expect(body.notes == ["the sender calls it application/json, but it is not valid UTF-8"])
    }

    // MARK: Compressed

    @Test("compressed JSON is JSON, whatever compressed it")
    func compressed() {
        for (bytes, encoding, format) in [
            (BodyFixtures.gzipJSON, nil, "gzip › JSON"), (BodyFixtures.zlibJSON, nil, "zlib › JSON"),
            (BodyFixtures.deflateJSON, "deflate", "deflate › JSON"), (BodyFixtures.deflateJSON, nil, "deflate › JSON"),
            (BodyFixtures.zipOne, nil, "ZIP › JSON"),
        ] {
            let body = decode(bytes, encoding: encoding)
            #expect(body.format == format)
            expectOrder(body)
        }
    }

    @Test("Brotli has no mark: only where it is declared, and only where its library is; else a note says what is missing")
    func brotli() {
        let body = decode(BodyFixtures.brotliJSON, encoding: "br")
        if body.tree == nil {
            #expect(body.notes.first?.contains("libbrotlidec is not installed") == true)
        } else {
            #expect(body.format == "brotli › JSON")
            expectOrder(body)
        }
    }

    @Test("a stream that was cut shows what came before")
    func truncated() {
        let body = decode(Array(BodyFixtures.gzipJSON.prefix(BodyFixtures.gzipJSON.count - 30)))
        #expect(body.formats.first == "gzip")
        #expect(body.text?.hasPrefix(#"{"orderId""#) == true)
        #expect(body.notes.contains { $0.contains("ends too early") })
    }

    @Test("an archive of several files is a tree of them")
    func archive() {
        let body = decode(BodyFixtures.zipTwo)
        #expect(body.format == "ZIP")
        #expect(leaf(body, "body.[order.json].orderId") == "88213")
        #expect(leaf(body, "body.[note.txt]") == "hello")
        #expect(leaf(body, "body.[raw.bin]") == "009bff01")
    }

    // MARK: Binary formats

    @Test("CBOR, by its bytes alone")
    func cbor() {
        let body = decode(BodyFixtures.cbor)
        #expect(body.format == "CBOR")
        expectOrder(body)
        #expect(leaf(body, "body.big") == "1180591620717411303424")
        #expect(leaf(body, "body.[1]") == "0001ff")
        #expect(laidOut(body).contains(#"  "when": "2026-11-23T03:12:44Z",  time text"#), "\(laidOut(body))")
    }

    @Test(
        "CBOR's small forms (RFC 8949, appendix A)",
        arguments: [
            ("1bffffffffffffffff", "18446744073709551615"), ("3bffffffffffffffff", "-18446744073709551616"), ("f93c00", "1.0"),
            ("f97c00", "inf"), ("f90001", "5.9604645e-08"), ("fb3ff199999999999a", "1.1"), ("f7", "undefined"), ("f8ff", "simple(255)"),
            ("c249010000000000000000", "18446744073709551616"), ("c349010000000000000000", "-18446744073709551617"),
            ("7f657374726561646d696e67ff", "streaming"), ("5f42010243030405ff", "0102030405"), ("d818456449455446", "IETF"), ("20", "-1"),
        ])
    func cborForms(_ hex: String, _ text: String) {
        var digits = Substring(hex)
        var bytes: [UInt8] = []
        while let byte = UInt8(digits.prefix(2), radix: 16) {
            bytes.append(byte)
            digits = digits.dropFirst(2)
        }
        let body = decode([0xD9, 0xD9, 0xF7] + bytes)
        #expect(body.tree?.leafText(of: 0) == text)
    }

    @Test("MessagePack, by its bytes alone")
    func messagePack() {
        let body = decode(BodyFixtures.messagePack)
        #expect(body.format == "MessagePack")
        expectOrder(body)
        #expect(leaf(body, "body.when") == "2026-11-23T03:12:44.000000005Z")
        #expect(leaf(body, "body.big") == "-5000000000")
    }

    @Test("an Avro file brings its schema", arguments: [BodyFixtures.avroNull, BodyFixtures.avroDeflate])
    func avro(_ bytes: [UInt8]) {
        let body = decode(bytes)
        #expect(body.format == "Avro")
        #expect(leaf(body, "[0].orderId") == "88213")
        #expect(leaf(body, "[0].status") == "PAID")
        #expect(leaf(body, "[0].lines[0].sku") == "A-1")
        #expect(leaf(body, "[0].tags.tier") == "gold")
        #expect(leaf(body, "[0].total") == "129.90")
        #expect(leaf(body, "[0].placed") == "2026-11-23T03:12:44.114Z")
        #expect(leaf(body, "[1].email") == "null")
        #expect(leaf(body, "[1].total") == "-0.05")
        #expect(leaf(body, "[1].placed") == "1969-12-31T23:59:59.000Z")
    }

    @Test("one Avro value without its schema says which schema it wants")
    func avroSingle() {
        let body = decode([0xC3, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0x0A])
        #expect(body.format == "Avro")
        #expect(body.notes.first?.contains("0807060504030201") == true)
        let registered = decode([0x02, 0xFF, 0x80, 0x9C], type: "avro/binary+5f1e2a")
        #expect(registered.notes.first?.contains("5f1e2a") == true)
    }

    @Test("Protobuf without a schema: numbers, wire types, and what has a length by its looks")
    func protobuf() {
        let body = decode(BodyFixtures.protobuf)
        #expect(body.format == "Protobuf")
        #expect(leaf(body, "body.[1]") == "88213")
        #expect(leaf(body, "body.[2]") == "a@example.com")
        #expect(leaf(body, "body.[3][0].[1]") == "A-1")
        #expect(laidOut(body).contains { $0.contains("64-bit (as double 129.5)") })
        #expect(laidOut(body).contains { $0.contains("(as int64 -7)") })
        #expect(body.notes.contains { $0.contains("without a schema") })
    }

    @Test("Protobuf with a descriptor set: names and types, the message named or found")
    func protobufWithSchema() throws {
        let schema = try ProtobufSchema(descriptorSet: BodyFixtures.descriptorSet)
        #expect(schema.messageNames == ["acme.Line", "acme.Order"])
        for type in [nil, "application/x-protobuf; messageType=\"acme.Order\""] {
            let body = decode(BodyFixtures.protobuf, type: type, schema: schema)
            #expect(
                laidOut(body) == [
                    "{  acme.Order", #"  "order_id": 88213,  uint64"#, #"  "email": "a@example.com",  string"#, #"  "lines": {  acme.Line"#,
                    #"    "sku": "A-1",  string"#, #"    "qty": -2  sint32"#, "  },", #"  "lines": {  acme.Line"#,
                    #"    "sku": "B-7",  string"#, #"    "qty": 1  sint32"#, "  },", #"  "status": PAID,  enum 2"#,
                    #"  "total": 129.5,  double"#, #"  "codes": [  repeated int32"#, "    1,  int32", "    -2,  int32", "    300  int32",
                    "  ],",
                    #"  "raw": h'0001ff',  bytes"#, #"  "balance": -7  int64"#, "}",
                ])
            #expect(leaf(body, "body.lines[1].sku") == "B-7")
        }
    }

    @Test("bytes that are no descriptor set are refused with a word on what makes one")
    func noSchema() {
        for bytes in [[], [0x0A, 0xFF], Array("hello".utf8)] as [[UInt8]] {
            #expect(throws: OperatorError.self) { try ProtobufSchema(descriptorSet: bytes) }
        }
    }

    // MARK: .NET

    private let header =
        [UInt8(0x40), 6] + Array("string".utf8) + [8, 0x33] + Array("http://schemas.microsoft.com/2003/10/Serialization/".utf8)

    @Test("a string in .NET's binary XML is read, whatever the width of its length, and JSON in it is JSON")
    func dotNetStrings() {
        let payload = Array(#"{"legacy":true}"#.utf8)
        let count = UInt8(payload.count)
        for envelope in [
            [0x99, count] + payload, [0x9B, count, 0] + payload, [0x9D, count, 0, 0, 0] + payload, [0x98, count] + payload + [1],
        ] {
            let body = decode(header + envelope)
            #expect(body.format == ".NET string › JSON")
            #expect(leaf(body, "body.legacy") == "true")
        }
        #expect(decode(header + [0x99, 200] + payload).formats.first != ".NET string")
        #expect(decode(header).formats.first != ".NET string")
    }

    @Test("an object in .NET's binary XML: elements, attributes, and the texts of its types")
    func dotNetObject() {
        let bytes: [UInt8] =
            [0x40, 5] + Array("Order".utf8) + [0x08, 5] + Array("urn:o".utf8) + [0x09, 1] + Array("i".utf8) + [3] + Array("xsi".utf8)
            + [0x40, 2] + Array("Id".utf8) + [0x8D, 0x95, 0x58, 0x01, 0x00]
            + [0x40, 4] + Array("Paid".utf8) + [0x87]
            + [0x40, 4] + Array("Note".utf8) + [0x26 + 8, 3] + Array("nil".utf8) + [0x86, 0x01]
            + [0x40, 5] + Array("Total".utf8) + [0x95, 0, 0, 2, 0x80, 0, 0, 0, 0, 0xBE, 0x32, 0, 0, 0, 0, 0, 0]
            + [0x01]
        let body = decode(bytes)
        #expect(body.format == ".NET XML")
        #expect(
            laidOut(body) == [
                #"<Order xmlns="urn:o" xmlns:i="xsi">"#, "  <Id>88213</Id>", "  <Paid>true</Paid>", #"  <Note i:nil="true"/>"#,
                "  <Total>-129.90</Total>", "</Order>",
            ])
    }

    @Test("bytes in .NET's binary XML are decoded through")
    func dotNetBytes() {
        let body = decode([0x40, 12] + Array("base64Binary".utf8) + [0x9F, UInt8(BodyFixtures.gzipJSON.count)] + BodyFixtures.gzipJSON)
        #expect(body.format == ".NET bytes › gzip › JSON")
        expectOrder(body)
    }

    // MARK: AMQP values

    @Test("typed values: a map is a tree, a text that is JSON is JSON, bytes are decoded")
    func values() {
        let map = PropertyValue(
            typeName: "map", content: .map([.init(key: "id", value: .integer(7)), .init(key: "tags", value: .list([.text("a")]))]))
        let body = BodyDecoder().decode(MessageBody(kind: .value, bytes: [], content: map, sizeBytes: 20))
        #expect(body.format == "AMQP map")
        #expect(leaf(body, "body.tags[0]") == "a")
        let text = PropertyValue(typeName: "string", content: .text(#"{"a":1}"#))
        let json = BodyDecoder().decode(MessageBody(kind: .value, bytes: [], content: text, sizeBytes: 9))
        #expect(json.format == "AMQP string › JSON")
        let plain = PropertyValue(typeName: "string", content: .text("Order 88000 shipped"))
        #expect(BodyDecoder().decode(MessageBody(kind: .value, bytes: [], content: plain, sizeBytes: 9)).text == "Order 88000 shipped")
        let bytes = PropertyValue(typeName: "binary", content: .bytes(BodyFixtures.gzipJSON))
        expectOrder(BodyDecoder().decode(MessageBody(kind: .value, bytes: BodyFixtures.gzipJSON, content: bytes, sizeBytes: 99)))
    }

    @Test("an empty body is empty")
    func empty() {
        let body = decode([])
        #expect(body.format == "empty")
        #expect(body.tree == nil && body.text == nil)
    }
}
