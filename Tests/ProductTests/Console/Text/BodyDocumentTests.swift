import Terminal
import Testing

@testable import Console

@Suite struct BodyDocumentTests {
    private func text(_ document: BodyDocument, _ form: BodyDocument.Form? = nil, width: Int = 80) -> [String] {
        guard let block = document.block(form)?.block else { return [] }
        let layout = TextLayout([block], width: width)
        return (0..<layout.count).map { layout.row($0).text }
    }

    @Test("JSON is pretty first, then text, then hex")
    func json() {
        let document = BodyDocument(bytes: Array(#"{"a":1}"#.utf8), contentType: "application/json")
        #expect(document.format == "JSON")
        #expect(document.forms == [.pretty, .text, .hex])
        #expect(text(document) == ["{", #"  "a": 1"#, "}"])
        #expect(text(document, .text) == [#"{"a":1}"#])
        #expect(text(document, .hex) == ["00000000  7b 22 61 22 3a 31 7d                              {\"a\":1}"])
    }

    @Test("what only claims to be JSON is text")
    func claim() {
        let document = BodyDocument(bytes: Array("not json".utf8), contentType: "application/json")
        #expect(document.format == "text")
        #expect(document.forms == [.text, .hex])
    }

    @Test("text keeps its lines; CR LF ends a line like LF does; tabs are blanks")
    func lines() {
        #expect(text(BodyDocument(bytes: Array("<a>\r\n\t<b/>\r\n</a>\n".utf8))) == ["<a>", "    <b/>", "</a>"])
    }

    @Test("controls are shown in their own role, so that they cannot be taken for text")
    func hostile() throws {
        let document = BodyDocument(bytes: Array("\u{1B}[2Jgone\u{202E}".utf8) + Array(String(repeating: ".", count: 80).utf8))
        let block = try #require(document.block(nil)?.block)
        let row = TextLayout([block], width: 200).row(0)
        #expect(row.first == Span("^[", .control))
        #expect(row.contains(Span("U+202E", .control)))
        #expect(!row.text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
    }

    @Test("bytes that are not UTF-8 are shown as bytes, and a false claim is told")
    func binary() {
        let document = BodyDocument(bytes: [0x9B, 0x32, 0x4A, 0xFF], contentType: "application/json")
        #expect(document.format == "binary")
        #expect(document.forms == [.hex])
        #expect(document.notes.first?.hasSuffix("it is not valid UTF-8") == true)
    }

    @Test("compressed bodies are named")
    func gzip() {
        let document = BodyDocument(bytes: [0x1F, 0x8B, 0x08, 0x00], contentEncoding: "gzip")
        #expect(document.format == "gzip")
        #expect(document.notes == ["compressed with gzip: shown as it is", "content encoding: gzip"])
    }

    @Test("a string in .NET's binary XML is read, whatever the width of its length")
    func legacyStrings() {
        let header =
            [UInt8(0x40), 6] + Array("string".utf8) + [8, 0x33] + Array("http://schemas.microsoft.com/2003/10/Serialization/".utf8)
        let payload = Array(#"{"legacy":true}"#.utf8)
        let count = UInt8(payload.count)
        for envelope in [
            [0x99, count] + payload, [0x9B, count, 0] + payload, [0x9D, count, 0, 0, 0] + payload, [0x98, count] + payload + [1],
        ] {
            let document = BodyDocument(bytes: header + envelope)
            #expect(document.format == ".NET string")
            #expect(text(document).first == "{")
            #expect(document.forms == [.pretty, .text, .hex])
        }
        #expect(BodyDocument(bytes: header + [0x99, 200] + payload).format != ".NET string")
        #expect(BodyDocument(bytes: header).format != ".NET string")
    }

    @Test("an empty body has no form")
    func empty() {
        #expect(BodyDocument(bytes: []).forms == [])
        #expect(BodyDocument(bytes: []).block(nil) == nil)
    }

    @Test("a value that is no bytes is shown by its text")
    func value() {
        let document = BodyDocument(value: "Order 88000 shipped", typeName: "string", sizeBytes: 24)
        #expect(document.format == "AMQP string")
        #expect(text(document) == ["Order 88000 shipped"])
    }

    @Test("a huge body is cut for text, whole as hex, and says so")
    func huge() {
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
        let document = BodyDocument(bytes: bytes)
        #expect(document.notes.contains { $0.contains("hex shows everything") })
        guard case .bytes(let shown)? = document.block(.hex)?.block else {
            Issue.record("no hex")
            return
        }
        #expect(shown.count == bytes.count)
        #expect(text(document, .text, width: 4096).count == 256)
    }

    @Test("forms that a body has not got fall back to its best one")
    func fallback() { #expect(BodyDocument(bytes: [0xFF]).block(.pretty)?.form == .hex) }
}
