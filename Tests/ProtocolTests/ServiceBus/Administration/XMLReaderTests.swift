import Testing

@testable import ServiceBus

@Suite("The XML reader")
struct XMLReaderTests {
    /// The events of a document in a short form: `<name a=v>`, text in quotes, `</name>`.
    private func events(_ bytes: [UInt8], limits: XMLLimits = .standard) throws(XMLError) -> [String] {
        var reader = XMLReader(bytes.span.bytes, limits: limits)
        var events: [String] = []
        while let event = try reader.next() {
            switch event {
            case .start(let name, let attributes):
                events.append("<\(([name.description] + attributes.map { "\($0.name)=\($0.value)" }).joined(separator: " "))>")
            case .text(let text): events.append("'\(text)'")
            case .end(let name): events.append("</\(name)>")
            }
        }
        return events
    }

    private func events(_ text: String, limits: XMLLimits = .standard) throws(XMLError) -> [String] {
        try events(Array(text.utf8), limits: limits)
    }

    @Test(
        "reports start tags, text and end tags in order",
        arguments: [
            ("<a/>", ["<a>", "</a>"]), ("<a></a>", ["<a>", "</a>"]), ("<a >x</a >", ["<a>", "'x'", "</a>"]),
            ("<a><b/>t<c>u</c></a>", ["<a>", "<b>", "</b>", "'t'", "<c>", "'u'", "</c>", "</a>"]),
            ("\u{FEFF}<?xml version=\"1.0\" encoding='utf-8'?>\n<a/>\n", ["<a>", "</a>"]),
            ("<?xml version=\"1.0\"?><a/>", ["<a>", "</a>"]),
            ("<!-- before --><a><!-- inside -->x<!---->y</a><!-- after -->", ["<a>", "'x'", "'y'", "</a>"]),
            ("<?target data?><a><?x?></a>", ["<a>", "</a>"]), ("<ä.b-c_1>ü</ä.b-c_1>", ["<ä.b-c_1>", "'ü'", "</ä.b-c_1>"]),
        ])
    func structure(text: String, expected: [String]) throws {
        #expect(try events(text) == expected)
    }

    @Test(
        "resolves references and reads CDATA as it stands",
        arguments: [
            ("<a>&lt;&gt;&amp;&quot;&apos;</a>", "'<>&\"''"), ("<a>&#65;&#x42;&#x1F600;</a>", "'AB😀'"), ("<a>x&#xD;\ny</a>", "'x\r\ny'"),
            ("<a>x\r\ny\rz\n</a>", "'x\ny\nz\n'"), ("<a><![CDATA[<b>&amp;\r\n]]]]></a>", "'<b>&amp;\n]]'"), ("<a>]] ></a>", "']] >'"),
            ("<a>tab\tand\u{A0}space</a>", "'tab\tand\u{A0}space'"),
        ])
    func text(document: String, expected: String) throws {
        #expect(try events(document)[1] == expected)
    }

    @Test(
        "reads attributes in either quotation marks, white space as spaces",
        arguments: [
            ("<a b=\"1\" c='2'/>", "<a b=1 c=2>"), ("<a  b = \"x'y\" />", "<a b=x'y>"), ("<a b=\"1\r\n2\t3\"/>", "<a b=1 2 3>"),
            ("<a b=\"1&#10;2&lt;\"/>", "<a b=1\n2<>"), ("<a b=''/>", "<a b=>"), ("<a b='&quot;>'/>", "<a b=\">>"),
        ])
    func attributes(document: String, expected: String) throws {
        #expect(try events(document)[0] == expected)
    }

    @Test(
        "knows names by their namespaces, wherever and under whatever prefix those were declared",
        arguments: [
            ("<a xmlns='u'/>", ["<{u}a>", "</{u}a>"]), ("<p:a xmlns:p='u'/>", ["<{u}a>", "</{u}a>"]),
            ("<p:a xmlns:p='u'><p:b xmlns:p='v'/><p:c/></p:a>", ["<{u}a>", "<{v}b>", "</{v}b>", "<{u}c>", "</{u}c>", "</{u}a>"]),
            ("<a xmlns='u' b='1' p:c='2' xmlns:p='v'/>", ["<{u}a b=1 {v}c=2>", "</{u}a>"]),
            ("<a xmlns='u'><b xmlns=''/></a>", ["<{u}a>", "<b>", "</b>", "</{u}a>"]),
            ("<a xml:lang='de'/>", ["<a {http://www.w3.org/XML/1998/namespace}lang=de>", "</a>"]),
            ("<p:a xmlns:p='u' q:b='1' xmlns:q='v' b='2'/>", ["<{u}a {v}b=1 b=2>", "</{u}a>"]),
        ])
    func namespaces(document: String, expected: [String]) throws {
        #expect(try events(document) == expected)
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let text: String
        let code: XMLError.Code
        let line: Int
        let column: Int
        var testDescription: String { text }

        init(_ text: String, _ code: XMLError.Code, _ line: Int, _ column: Int) {
            self.text = text
            self.code = code
            self.line = line
            self.column = column
        }
    }

    static let bad = [
        Bad("", .notOneRoot, 1, 1), Bad("   ", .notOneRoot, 1, 4), Bad("text", .unexpectedCharacter, 1, 1),
        Bad("{\"json\":1}", .unexpectedCharacter, 1, 1),
        Bad("<a>", .unexpectedEnd, 1, 4), Bad("<a", .unexpectedEnd, 1, 3), Bad("<", .unexpectedEnd, 1, 2),
        Bad("<a>\n</b>", .mismatchedEndTag, 2, 1),
        Bad("</a>", .mismatchedEndTag, 1, 1), Bad("<a></a></a>", .mismatchedEndTag, 1, 8), Bad("<a/><b/>", .notOneRoot, 1, 5),
        Bad("<a/>text", .notOneRoot, 1, 5), Bad("<a></a\n", .unexpectedEnd, 2, 1), Bad("<1/>", .unexpectedCharacter, 1, 2),
        Bad("<a b/>", .unexpectedCharacter, 1, 5), Bad("<a b=1/>", .unexpectedCharacter, 1, 6),
        Bad("<a b='1'c='2'/>", .unexpectedCharacter, 1, 9),
        Bad("<a b='<'/>", .unexpectedCharacter, 1, 7), Bad("<a b='1", .unexpectedEnd, 1, 8),
        Bad("<a b='1' b='2'/>", .duplicateAttribute, 1, 10),
        Bad("<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", .duplicateAttribute, 1, 35),
        Bad("<a xmlns='u' xmlns='v'/>", .duplicateAttribute, 1, 14),
        Bad("<p:a/>", .undeclaredPrefix, 1, 1), Bad("<a p:b='1'/>", .undeclaredPrefix, 1, 4),
        Bad("<a xmlns:p=''/>", .undeclaredPrefix, 1, 4),
        Bad("<a><p:b xmlns:p='u'/><p:c/></a>", .undeclaredPrefix, 1, 22), Bad("<a xmlns:xml='u'/>", .undeclaredPrefix, 1, 4),
        Bad("<a:b:c xmlns:a='u'/>", .undeclaredPrefix, 1, 1), Bad("<a: xmlns:a='u'/>", .undeclaredPrefix, 1, 1),
        Bad("<a>&nbsp;</a>", .unknownEntity, 1, 4), Bad("<a>a & b</a>", .unknownEntity, 1, 6), Bad("<a>&amp</a>", .unknownEntity, 1, 4),
        Bad("<a>&#0;</a>", .invalidCharacter, 1, 4), Bad("<a>&#xD800;</a>", .invalidCharacter, 1, 4),
        Bad("<a>&#x110000;</a>", .invalidCharacter, 1, 4),
        Bad("<a>&#-1;</a>", .invalidCharacter, 1, 4), Bad("<a>&#;</a>", .invalidCharacter, 1, 4),
        Bad("<a>&#xFFFE;</a>", .invalidCharacter, 1, 4),
        Bad("<a>\u{1}</a>", .invalidCharacter, 1, 4), Bad("<a>\u{1B}[31m</a>", .invalidCharacter, 1, 4),
        Bad("<a><![CDATA[\u{1B}]]></a>", .invalidCharacter, 1, 13),
        Bad("<a>]]></a>", .unexpectedCharacter, 1, 4), Bad("<a><![CDATA[x]]</a>", .unexpectedEnd, 1, 13),
        Bad("<![CDATA[x]]><a/>", .unexpectedCharacter, 1, 1),
        Bad("<!-- a", .unexpectedEnd, 1, 5), Bad("<!-- a -- b --><a/>", .unexpectedCharacter, 1, 8),
        Bad("<!-- a ---><a/>", .unexpectedCharacter, 1, 8),
        Bad("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", .documentType, 1, 1), Bad("<!ELEMENT a>", .unexpectedCharacter, 1, 1),
        Bad("<a><!DOCTYPE b></a>", .documentType, 1, 4), Bad("<?xml version='1.0' encoding='utf-16'?><a/>", .unsupportedEncoding, 1, 1),
        Bad("\n<?xml version='1.0'?><a/>", .unexpectedCharacter, 2, 3), Bad("<a><?XmL x?></a>", .unexpectedCharacter, 1, 6),
        Bad("<?target", .unexpectedEnd, 1, 9), Bad("<a/ >", .unexpectedCharacter, 1, 4), Bad("< a/>", .unexpectedCharacter, 1, 2),
    ]

    @Test("refuses what is not well-formed, with line and column", arguments: bad)
    func malformed(_ bad: Bad) {
        let error = #expect(throws: XMLError.self) { try events(bad.text) }
        #expect(error?.code == bad.code)
        #expect(error?.line == bad.line)
        #expect(error?.column == bad.column, "\(error.map(String.init(describing:)) ?? "")")
    }

    @Test(
        "refuses bytes that are not UTF-8, wherever they are",
        arguments: [
            [0x3C, 0x61, 0x3E, 0xFF, 0x3C, 0x2F, 0x61, 0x3E], [0x3C, 0xC3, 0x2F, 0x3E],
            Array("<a b='".utf8) + [0xC0, 0x80] + Array("'/>".utf8),
            Array("<a><![CDATA[".utf8) + [0xED, 0xA0, 0x80] + Array("]]></a>".utf8),
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        let error = #expect(throws: XMLError.self) { try events(bytes) }
        #expect(error?.code == .invalidUTF8)
    }

    @Test("refuses UTF-16")
    func utf16() {
        #expect(throws: XMLError.self) { try events([0xFE, 0xFF, 0x00, 0x3C, 0x00, 0x61, 0x00, 0x2F, 0x00, 0x3E]) }
        #expect(throws: XMLError.self) { try events([0xFF, 0xFE, 0x3C, 0x00, 0x61, 0x00, 0x2F, 0x00, 0x3E, 0x00]) }
    }

    @Test("holds to its limits")
    func limits() throws {
        var limits = XMLLimits()
        limits.depth = 3
        limits.attributes = 2
        limits.nameBytes = 4
        limits.textBytes = 5
        limits.elements = 6
        limits.bytes = 60
        #expect(try events("<a><b><c/></b></a>", limits: limits).count == 6)
        for tooMuch in [
            "<a><b><c><d/></c></b></a>", "<a b='' c='' d=''/>", "<abcde/>", "<a>123456</a>", "<a b='123456'/>", "<a><![CDATA[123456]]></a>",
            "<a><b/><b/><b/><b/><b/><b/></a>", "<a>\(String(repeating: "<!-- -->", count: 10))</a>",
        ] {
            let error = #expect(throws: XMLError.self) { try events(tooMuch, limits: limits) }
            #expect(error?.code == .limitExceeded, "\(tooMuch)")
        }
    }

    @Test("does not let namespace declarations pile up")
    func manyBindings() {
        var text = ""
        for level in 0..<8 {
            text += "<a " + (0..<20).map { "xmlns:p\(level)x\($0)='u'" }.joined(separator: " ") + ">"
        }
        text += String(repeating: "</a>", count: 8)
        let error = #expect(throws: XMLError.self) { try events(text) }
        #expect(error?.code == .limitExceeded)
    }

    @Test("neither traps nor runs away on cut or changed documents")
    func mangled() {
        let document = Array(
            "<?xml version='1.0'?><!-- c --><f xmlns='u' xmlns:p='v' a='&#x41;'><p:e b=\"&lt;\">t&amp;x<![CDATA[y]]></p:e><?q r?><g/></f>"
                .utf8)
        for index in 0..<document.count {
            _ = try? events(Array(document[..<index]))
            _ = try? events(Array(document[index...]))
            for byte in "<>&;'\"=/!?-[]: \n\0x".utf8 + [0x80, 0xC3, 0xFF] {
                var changed = document
                changed[index] = byte
                _ = try? events(changed)
                changed.insert(byte, at: index)
                _ = try? events(changed)
            }
        }
    }
}

@Suite("An XML element")
struct XMLElementTests {
    private func element(_ text: String) throws -> XMLElement { try XMLElement(parsing: Array(text.utf8).span.bytes) }

    @Test("keeps children, attributes and text, and leaves out the white space between children")
    func tree() throws {
        let root = try element("<a x='1'>\n  <b>one<!-- - --> two</b>\n  <b/>\n  <c>  </c>\n</a>")
        #expect(root.name == XMLName("a"))
        #expect(root.attribute("x") == "1")
        #expect(root.text == "")
        #expect(root.children.map(\.name.local) == ["b", "b", "c"])
        #expect(root.first("b")?.text == "one two")
        #expect(root.first("c")?.text == "  ", "white space that is all there is may be meant")
        #expect(root.first("d") == nil)
        #expect(try element("<a>mixed<b/>text</a>").text == "mixedtext")
    }

    @Test("is found by its namespace where that matters")
    func namespaces() throws {
        let root = try element("<a xmlns='u' xmlns:p='v'><p:b>1</p:b><b>2</b></a>")
        #expect(root.first("b", in: "u")?.text == "2")
        #expect(root.first("b", in: "v")?.text == "1")
        #expect(root.first("b")?.text == "1")
        #expect(root.first("b", in: "w") == nil)
    }
}
