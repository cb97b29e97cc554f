import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// The open message: folding, finding, paths, the clipboard, the pager, the difference.
@Suite struct MessageReadingTests {
    /// The first dead letter of orders, open over the whole screen.
    private func opened(_ body: BodyDocument? = nil, rows: Int = 24, columns: Int = 80) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns) { request in
            if case .message(_, let number, _) = request { return .success([.message(Fixture.document(number, body: body))]) }
            return ConsoleHarness.usual(request)
        }
        console.type("d<Enter>")
        return console
    }

    private func copied(_ console: ConsoleHarness) -> [String] {
        console.effects.compactMap { if case .copy(let text, _) = $0 { text } else { nil } }
    }

    @Test("going to a path puts the cursor there, and the path is in the summary")
    func goingToPath() {
        var console = opened()
        console.type("gpbody.lines[1].sku<Enter>")
        #expect(console.line(1).contains("body.lines[1].sku"))
        #expect(console.text.split(separator: "\n").contains { $0.hasPrefix("▌") && $0.contains(#""sku": "B-7""#) })
    }

    @Test("a path that there is not is told, and can be mended")
    func noPath() {
        var console = opened()
        console.type("gpbody.nothing<Enter>")
        #expect(console.text.contains("there is no value at this path"))
        console.type("<C-u>total<Enter>")
        #expect(console.line(1).contains("body.total"))
    }

    @Test("paths are suggested while one is typed")
    func suggestions() {
        var console = opened()
        console.type("gpbody.cust")
        #expect(console.text.contains("body.customer.email"))
    }

    @Test("folding hides what is in an object and shows it again")
    func folding() {
        var console = opened(rows: 44)
        console.type("gpbody.customer.email<Enter>z")
        #expect(console.text.contains(#"▸ "customer": { 2 }"#))
        #expect(!console.text.contains("a@example.com"))
        console.type("<Enter>")
        #expect(console.text.contains("a@example.com"))
        console.type("Z")
        #expect(console.text.contains(#"▸ "lines": [ 2 ]"#))
        console.type("Z")
        #expect(console.text.contains(#""sku": "B-7""#))
    }

    @Test("finding opens what is folded, goes on to the next place, and around")
    func finding() {
        var console = opened()
        console.type("gpbody.lines<Enter>z/SKU<Enter>")
        #expect(console.line(1).contains("body.lines[0].sku"))
        #expect(console.text.contains("1 of 2 places with 'sku'"))
        console.type("n")
        #expect(console.line(1).contains("body.lines[1].sku"))
        console.type("n")
        #expect(console.line(1).contains("body.lines[0].sku"))
        console.type("N")
        #expect(console.line(1).contains("body.lines[1].sku"))
    }

    @Test("finding looks at headers and properties too, and says when there is nothing")
    func findingElsewhere() {
        var console = opened()
        console.type("/emea<Enter>")
        #expect(console.text.split(separator: "\n").contains { $0.hasPrefix("▌") && $0.contains("tenant") })
        console.type("/nowhere at all<Enter>")
        #expect(console.text.contains("'nowhere at all' does not occur in this message."))
    }

    @Test("paths and values are copied: leaves without quotes, containers laid out")
    func copying() {
        var console = opened()
        console.type("gpbody.customer.email<Enter>ypyv")
        #expect(copied(console) == ["body.customer.email", "a@example.com"])
        console.type("gpbody.lines[0]<Enter>yv")
        #expect(copied(console).last == "{\n  \"sku\": \"A-1\",\n  \"qty\": 2\n}")
        console.type("yb")
        #expect(copied(console).last == Fixture.json)
    }

    @Test("outside of the body a line is copied, but it has no path")
    func copyingLine() {
        var console = opened()
        console.type("ggyv")
        #expect(copied(console) == ["Reason        MaxDeliveryCountExceeded"])
        console.type("yp")
        #expect(console.text.contains("the cursor is not in the body"))
    }

    @Test("a value and the body are written to files")
    func saving() {
        var console = opened()
        console.type("gpbody.total<Enter>:save-value /tmp/x<Enter>:save-body /tmp/y<Enter>")
        #expect(console.asked.contains(.save(path: "/tmp/x", content: Array("129.90".utf8))))
        #expect(console.asked.contains(.save(path: "/tmp/y", content: Array(Fixture.json.utf8))))
        #expect(console.text.contains("written to /tmp/y"))
    }

    @Test("the pager gets everything unfolded, with controls shown and not obeyed")
    func paging() throws {
        var console = opened(BodyDocument(bytes: Array("{\"a\":{\"b\":\"\u{202E}x\"}}".utf8)))
        console.type("gpbody.a<Enter>z|")
        let pages = console.effects.compactMap { if case .page(let text) = $0 { text } else { nil } }
        let page = try #require(pages.first)
        #expect(page.contains("\"b\": \"U+202Ex\""))
        #expect(page.contains("MaxDeliveryCountExceeded") && page.contains("Diagnostic-Id"))
        #expect(!page.unicodeScalars.contains { $0.value == 0x202E })
    }

    @Test("a body of which only a part is laid out is laid out further when asked")
    func more() throws {
        let bytes = Array(("[" + Array(repeating: "0", count: 100_000).joined(separator: ",") + "]").utf8)
        var limits = BodyLimits.standard
        limits.time = .seconds(300)
        var console = opened(BodyDocument(BodyDecoder(limits: limits).decode(bytes)))
        #expect(console.text.contains("only the first 40000 values are laid out"))
        console.type("+")
        #expect(
            console.asked.last
                == .message(Fixture.path("orders").deadLetter, SequenceNumber(4_770_112), BodyLimits.standard.widened()))
        var small = opened()
        small.type("+")
        #expect(small.text.contains("all of the body is laid out"))
    }

    @Test("a marked message is compared with another one")
    func comparing() {
        var console = opened()
        console.type("d")
        #expect(console.text.contains("mark the other message first (m)"))
        console.type("md")
        #expect(console.text.contains("this is the marked message itself"))
        console.type("Jd")
        let place = { (number: Int64) in MessagePlace(path: Fixture.path("orders").deadLetter, number: SequenceNumber(number)) }
        #expect(console.asked.last == .difference(place(4_770_112), place(4_770_113)))
        #expect(console.line(0).contains("#4770112 ↔ #4770113"))
        #expect(console.line(1).contains("3 differences · 1 changed, 1 added, 1 removed"))
        #expect(console.text.contains("~ body.total") && console.text.contains("- 129.90") && console.text.contains("+ 99.00"))
        console.type("/note<Enter>")
        #expect(console.text.contains("+ body.note") && !console.text.contains("body.total"))
        console.type("<Esc>q")
        #expect(console.text.contains("body · JSON"))
    }
}
