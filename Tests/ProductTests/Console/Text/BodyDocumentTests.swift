import CallboardCore
import Terminal
import Testing

@testable import Console

@Suite struct BodyDocumentTests {
    /// The rows of a body in a form.
    private func text(_ document: BodyDocument, _ form: BodyDocument.Form? = nil, width: Int = 80) -> [String] {
        let block: TextBlock
        switch document.form(form) {
        case nil: return []
        case .pretty: block = .lines(document.decoded.tree.map { BodyLines(BodyLayout($0)).lines } ?? [])
        case .text: block = .lines(document.textLines)
        case .hex: block = .bytes(document.decoded.bytes)
        }
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

    @Test("what is what has its own role")
    func roles() throws {
        let document = BodyDocument(bytes: Array(#"{"k":"v","n":1,"t":true}"#.utf8))
        let lines = BodyLines(BodyLayout(try #require(document.decoded.tree)))
        #expect(lines.lines[1].map(\.role) == [.text, .jsonKey, .jsonPunctuation, .jsonString, .jsonPunctuation])
        #expect(lines.lines[2].contains { $0.role == .jsonNumber })
        #expect(lines.lines[3].contains { $0.role == .jsonWord })
        #expect(lines.nodes == [0, 1, 2, 3, 0])
    }

    @Test("text keeps its lines; CR LF ends a line like LF does; tabs are blanks")
    func lines() {
        #expect(text(BodyDocument(bytes: Array("a\r\n\tb\r\nc\n".utf8))) == ["a", "    b", "c"])
    }

    @Test("a text with line ends in XML takes several lines, all of them the value's")
    func linesInXML() throws {
        let document = BodyDocument(bytes: Array("<a><b>one\ntwo</b></a>".utf8))
        let lines = BodyLines(BodyLayout(try #require(document.decoded.tree)))
        #expect(lines.lines.map(\.text) == ["<a>", "  <b>one", "    two</b>", "</a>"])
        #expect(lines.nodes == [0, 1, 1, 0])
    }

    @Test("controls are shown in their own role, so that they cannot be taken for text")
    func hostile() throws {
        let document = BodyDocument(bytes: Array("\u{1B}[2Jgone\u{202E}".utf8) + Array(String(repeating: ".", count: 80).utf8))
        let row = TextLayout([.lines(document.textLines)], width: 200).row(0)
        #expect(row.first == Span("^[", .control))
        #expect(row.contains(Span("U+202E", .control)))
        #expect(!row.text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
    }

    @Test("bytes that are nothing known are shown as bytes")
    func binary() {
        let document = BodyDocument(bytes: [0x9B, 0x32, 0x4A, 0xFF], contentType: "application/json", contentEncoding: "odd")
        #expect(document.format == "binary")
        #expect(document.forms == [.hex])
        #expect(document.notes.last == "content encoding: odd")
    }

    @Test("an empty body has no form")
    func empty() {
        #expect(BodyDocument(bytes: []).forms == [])
        #expect(BodyDocument(bytes: []).form(nil) == nil)
    }

    @Test("a huge body is cut for text, whole as hex, and says so")
    func huge() {
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
        let document = BodyDocument(bytes: bytes)
        #expect(document.notes.contains { $0.contains("hex shows everything") })
        #expect(document.canShowMore)
        #expect(document.decoded.bytes.count == bytes.count)
        #expect(text(document, .text, width: 4096).count == BodyLimits.standard.windowBytes / 4096)
    }

    @Test("no more lines of text are laid out than a person can look at")
    func manyLines() {
        let document = BodyDocument(bytes: [UInt8](repeating: UInt8(ascii: "\n"), count: 30_000))
        #expect(document.textLines.count == BodyDocument.maximumLines)
        #expect(document.notes.contains { $0.hasPrefix("only the first 20,000 lines") })
    }

    @Test("forms that a body has not got fall back to its best one")
    func fallback() { #expect(BodyDocument(bytes: [0xFF]).form(.pretty) == .hex) }
}
