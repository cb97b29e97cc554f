import Testing

@testable import Backstage

@Suite("YAML documents")
struct YAMLDocumentsTests {
    private func read(_ text: String, limits: YAMLLimits = .standard) -> [Result<YAMLNode, YAMLFault>] {
        Array(YAMLDocuments(Array(text.utf8), limits: limits))
    }

    private func faults(_ text: String, limits: YAMLLimits = .standard) -> [YAMLFault] {
        read(text, limits: limits).compactMap { result in
            if case .failure(let fault) = result { fault } else { nil }
        }
    }

    private func nodes(_ text: String) -> [YAMLNode] { read(text).compactMap { try? $0.get() } }

    @Test("keep their line numbers through markers, comments, blanks and directives")
    func lines() {
        let text = """
            # a comment

            a: 1
            ---
            # another

            b:
              c: 2
            ...
            %YAML 1.1
            ---
            d: 3
            --- {e: 4}
            ---
            ---
            # nothing but this
            """
        let found = nodes(text)
        #expect(found.map(\.line) == [3, 7, 12, 13])
        #expect(found.map { $0.entries?.first?.key } == ["a", "b", "d", "e"])
        #expect(found[1]["b"]?["c"]?.line == 8)
        #expect(faults(text) == [])
    }

    @Test("a broken document is reported at its line, and the others are read")
    func broken() {
        let text = """
            a: 1
            ---
            b: 2
            c: [1, 2
            d: }
            ---
            e: 5
            ---
            f: 1
            f: 2
            ---
            g: *nowhere
            ---
            h: "unclosed
            ---
            i: 9
            """
        #expect(nodes(text).compactMap { $0.entries?.first?.key } == ["a", "e", "i"])
        let faults = faults(text)
        #expect(faults.map(\.line) == [5, 9, 12, 15])
        #expect(faults[1].message == "the key 'f' occurs twice")
        #expect(faults[2].message.contains("undefined alias"))
    }

    @Test("markers inside block scalars count only at the margin")
    func markersInText() {
        let found = nodes("a: |\n  ---\n  text\n  ...\nb: 2\n---\nc: 3\n")
        #expect(found.count == 2)
        #expect(found[0]["a"]?.text == "---\ntext\n...\n")
        #expect(found[0]["b"]?.integer == 2)
    }

    @Test("line endings of other systems, and a byte-order mark", arguments: ["\n", "\r\n", "\r"])
    func lineEndings(ending: String) {
        let text = "\u{feff}a: 1" + ending + "---" + ending + "b: [" + ending
        #expect(nodes(text).map(\.line) == [1])
        #expect(faults(text).map(\.line).allSatisfy { $0 >= 3 })
        #expect(faults(text).count == 1)
    }

    @Test("plain scalars mean what YAML 1.2 says; quoted ones are text")
    func scalars() throws {
        let root = try #require(
            nodes("a: true\nb: 'true'\nc: 12\nd: \"12\"\ne: ~\nf:\ng: no\nh: 012\ni: |\n  null\n").first)
        #expect(root["a"]?.bool == true)
        #expect(root["b"]?.bool == nil)
        #expect(root["b"]?.text == "true")
        #expect(root["c"]?.integer == 12)
        #expect(root["d"]?.integer == nil)
        #expect(root["e"]?.isNull == true)
        #expect(root["f"]?.isNull == true)
        #expect(root["f"]?.text == nil)
        #expect(root["g"]?.text == "no")
        #expect(root["h"]?.text == "012")
        #expect(root["i"]?.text == "null\n")
    }

    @Test("aliases and merge keys work as values")
    func aliases() throws {
        let text = """
            base: &base
              owner: team-a
              type: service
            list: [*base, *base]
            one:
              <<: *base
              type: website
            two:
              - *base  # again
            """
        let root = try #require(nodes(text).first)
        #expect(root["one"]?["owner"]?.text == "team-a")
        #expect(root["one"]?["type"]?.text == "website")
        #expect(root["two"]?.elements?.first?["type"]?.text == "service")
        #expect(root["list"]?.elements?.count == 2)
    }

    @Test("text that looks like an alias is text")
    func notAliases() throws {
        let root = try #require(nodes("a: R&D, some *bold* text & *more*\nb: |\n  **x** &nbsp; *x : y\n").first)
        #expect(root["a"]?.text == "R&D, some *bold* text & *more*")
    }

    @Test("an alias bomb is refused at the stated number of values")
    func aliasBomb() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let uses = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level)\n" + uses.split(separator: ", ").map { "  - \($0)\n" }.joined()
        }
        let fault = try #require(faults(text).first)
        #expect(fault.message == "the document unfolds to more than 200000 values; it is refused")
        #expect(nodes(text).isEmpty)
    }

    @Test(
        "an alias that could be part of a key is refused before it is hashed",
        arguments: [
            "*a29 : x", "? *a29\n: x", "k: {*a29 : x}", "k: [*a29 : x]", "{*a29}", "k: {\n  *a29\n }", "? - *a29\n: x", "? k: *a29\n: x",
            "[*a29]: x", "k: { ?\n  z: *a29\n }",
        ])
    func aliasBombInKey(use: String) {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...29 { text += "a\(level): &a\(level)\n  - *a\(level - 1)\n  - *a\(level - 1)\n" }
        text += use + "\n"
        // Without the guard this would take hours.
        #expect(faults(text).count == 1)
        #expect(faults(text).first?.message.contains("alias") == true)
    }

    @Test(
        "deep nesting is refused at the stated depth, never by a fall",
        arguments: [101, 900, 5_000, 200_000])
    func depth(levels: Int) {
        let flow = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        let maps = String(repeating: "{a: ", count: levels) + "1" + String(repeating: "}", count: levels)
        let block = String(repeating: "- ", count: levels) + "x"
        for text in [flow, maps, block] {
            let found = read(text + "\n---\na: 1\n")
            #expect(found.count == 2)
            #expect((try? found[0].get()) == nil)
            #expect((try? found[1].get()) != nil)
        }
    }

    @Test("a hundred levels are read, in flow, in maps, in lists and in lists of maps")
    func allowedDepth() {
        var maps = ""
        var lists = ""
        for level in 0..<100 { maps += String(repeating: " ", count: level) + "a:\n" }
        for level in 0..<50 { lists += String(repeating: "  ", count: level) + "- a:\n" }
        let flow = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        for text in [flow, maps, lists, String(repeating: "- ", count: 100) + "x"] { #expect(faults(text) == []) }
    }

    @Test("nesting by indentation is refused too", arguments: [101, 1_000])
    func indentedDepth(levels: Int) {
        var maps = ""
        var lists = ""
        for level in 0..<levels {
            maps += String(repeating: " ", count: level) + "a:\n"
            lists += String(repeating: "  ", count: level) + "- a:\n"
        }
        for text in [maps, lists, "? " + String(repeating: "? ", count: levels) + "x"] { #expect(faults(text).count == 1) }
    }

    @Test("rules, tables and unmatched brackets in text are not nesting")
    func looksNested() {
        let rule = String(repeating: "-", count: 500)
        let table = String(repeating: "- | ", count: 100)
        let intervals = String(repeating: "[0, 1) ", count: 300)
        #expect(faults("a: |\n  \(rule)\n  \(table)\n  \(intervals)\nb: 1\n") == [])
    }

    @Test("large files, documents and many documents are refused with the limit stated")
    func sizes() {
        var limits = YAMLLimits()
        limits.fileBytes = 100
        #expect(
            faults(String(repeating: "#", count: 101), limits: limits) == [
                YAMLFault(line: 1, message: "the file has 101 bytes; at most 100 are read")
            ])
        limits = YAMLLimits()
        limits.documentBytes = 20
        let large = "a: 1\n---\nb: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\n---\nc: 1\n"
        #expect(faults(large, limits: limits).map(\.line) == [3])
        #expect(read(large, limits: limits).count == 3)
        limits = YAMLLimits()
        limits.documents = 2
        #expect(faults("a: 1\n---\nb: 1\n---\nc: 1\n---\nd: 1\n", limits: limits).map(\.line) == [5])
    }

    @Test("what is no UTF-8 is refused at its line")
    func encodings() {
        func faults(_ bytes: [UInt8]) -> [YAMLFault] {
            YAMLDocuments(bytes).compactMap { result in
                if case .failure(let fault) = result { fault } else { nil }
            }
        }
        #expect(faults(Array("a: 1\nb: ".utf8) + [0xff, 0x0a]) == [YAMLFault(line: 2, message: "the file is not valid UTF-8")])
        #expect(faults([0xff, 0xfe, 0x61, 0x00]).first?.message.contains("UTF-16") == true)
        #expect(faults([]) == [])
        #expect(faults(Array("a: \"\\ud800\"".utf8)).count == 1)
        #expect(faults(Array("a: b\u{0}c".utf8)).count == 1)
    }

    @Test("no prefix and no single-byte change of a document makes the reader fall")
    func mutations() {
        let text = "a: &x {b: [1, 'two', \"thr\\u00e9e\"], <<: {c: |\n   d\n }}\ne: *x\n? f\n: g\n---\n- !!str h\n- >-\n  i\n"
        let bytes = Array(text.utf8)
        var read = 0
        for end in bytes.indices { read += Array(YAMLDocuments(Array(bytes[..<end]))).count }
        for place in bytes.indices {
            for byte in "&*[]{}:?-|>'\"%@`!#,\n\t\0".utf8 {
                var changed = bytes
                changed[place] = byte
                read += Array(YAMLDocuments(changed)).count
            }
        }
        #expect(read > 1000)
    }
}
