import Testing

@testable import CallboardCore

@Suite struct BodyTreeTests {
    private func body(_ text: String) -> DecodedBody { BodyDecoder().decode(Array(text.utf8)) }

    @Test("every node is found again by its path")
    func paths() throws {
        for text in [
            #"{"a":{"b c":[1,[2,{"d":null}]],"]":3},"e":[]}"#, #"<r x="1"><a>1</a><a y="2"><b/>t<b/>u</a><c/></r>"#,
            #"{"in":1,"0":2,"a.b":{"[0]":3}}"#,
        ] {
            let tree = try #require(body(text).tree)
            for node in tree.nodes.indices { #expect(tree.node(at: tree.path(of: node)) == node, "\(tree.path(of: node))") }
        }
    }

    @Test("paths are those of conditions; JSONPath's beginning is taken too")
    func notation() throws {
        let tree = try #require(body(#"{"lines":[{"sku":"A"}],"odd name":1,"in":2}"#).tree)
        #expect(tree.node(at: "body.lines[0].sku").map { tree.path(of: $0) } == "body.lines[0].sku")
        for same in ["lines[0].sku", "$.lines[0].sku", " body.lines[0].sku ", #"$["lines"][0]['sku']"#] {
            #expect(tree.node(at: same).flatMap { tree.leafText(of: $0) } == "A", "\(same)")
        }
        #expect(tree.node(at: "body.[odd name]").flatMap { tree.leafText(of: $0) } == "1")
        #expect(tree.nodes.indices.map { tree.path(of: $0) }.contains("body.[in]"))
        for none in ["body.lines[1]", "body.x", "body..", "body[", "body.lines.sku", "body.lines[0].sku.x", "[999999999999999999999]"] {
            #expect(tree.node(at: none) == nil, "\(none)")
        }
        #expect(tree.node(at: "") == 0)
    }

    @Test("what is masked is gone from the tree, and its neighbours keep their paths")
    func replacing() throws {
        var tree = try #require(body(#"{"a":{"card":{"number":"4111","cvc":"1"},"b":[1,2]},"c":3}"#).tree)
        let card = try #require(tree.node(at: "body.a.card"))
        tree.replace(card, with: .word("masked"))
        #expect(tree.nodes.count == 7)
        #expect(
            tree.text(of: 0).split(separator: "\n").map { $0.drop { $0 == " " } }.joined() == #"{"a": {"card": masked,"b": [1,2]},"c": 3}"#)
        for node in tree.nodes.indices { #expect(tree.node(at: tree.path(of: node)) == node) }
        tree.replace(0, with: .word("masked"))
        #expect(tree.text(of: 0) == "masked")
        tree.replace(99, with: .word("masked"))
        #expect(tree.nodes.count == 1)
    }

    @Test("what is folded is one line that says how much is in it")
    func folding() throws {
        let decoded = body(#"{"a":[1,2,3],"b":{"c":1}}"#)
        let tree = try #require(decoded.tree)
        let (array, object) = (try #require(tree.node(at: "a")), try #require(tree.node(at: "b")))
        #expect(laidOut(decoded, folded: [array, object]) == ["{", #"▸ "a": [ 3 ],"#, #"▸ "b": { 1 }"#, "}"])
        #expect(laidOut(decoded, folded: [0]) == ["▸ { 2 }"])
        let layout = BodyLayout(tree, folded: [array])
        let inside = try #require(tree.node(at: "a[1]"))
        #expect(layout.line(of: inside).map { layout.lines[$0].node } == array)
        let whole = BodyLayout(tree)
        for node in tree.nodes.indices { #expect(whole.line(of: node).map { whole.lines[$0].node } == node) }
        #expect(!layout.canFold(try #require(tree.node(at: "b.c"))))
    }

    @Test("the text of a value is what is meant: leaves without quotes, containers laid out")
    func texts() throws {
        let tree = try #require(body(#"{"a":"x\ny","b":[1]}"#).tree)
        #expect(tree.text(of: try #require(tree.node(at: "a"))) == "x\ny")
        #expect(tree.text(of: try #require(tree.node(at: "b"))) == "[\n  1\n]")
        let xml = try #require(body(#"<r><a k="1">x</a></r>"#).tree)
        #expect(xml.text(of: try #require(xml.node(at: "a"))) == #"<a k="1">x</a>"#)
    }
}
