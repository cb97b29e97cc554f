import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// The rule tester: a message that is not sent, and who would get it.
@Suite struct TesterScreenTests {
    private func tester(_ keys: String = "", _ rows: Int = 24, _ columns: Int = 80) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns)
        console.type(":entity order-events<Enter>gt" + keys)
        return console
    }

    @Test("80x24: an empty message, and why a subscription would not get it")
    func golden80() {
        #expect(
            tester().text == """
                 DEMO  sb-retail › order-events › rule tester         dana@contoso · read-write
                 order-events · 1 of 2 subscriptions would get it       as of 03:12:44Z, <1 min
                ─ message, not sent ────────────────────────────────────────────────────────────
                ▌ Subject           –
                  SessionId         –
                  MessageId         –
                  CorrelationId     –
                  To                –
                  ContentType       –
                  + property
                  try a filter      –
                ─ who would get it ─────────────────────────────────────────────────────────────
                  ✕ billing  nothing  large no (unknown): amount>500: amount is not there
                                      placed no: sys.Label = 'OrderPlaced': sys.Label is null;
                                        tier = 'gold': tier is not there
                  ✓ search   1 copy   $Default yes: 1=1






                                                                                        1 of 12
                 enter change · a add property · / filter · : command · q back · ? help
                """)
    }

    @Test("200x60: with a subject and typed properties")
    func golden200() {
        let console = tester("<Enter>OrderPlaced<Enter>atier=gold<Enter>aamount:=900<Enter>", 60, 200)
        #expect(
            (1...18).map { console.line($0) }.joined(separator: "\n") == """
                 order-events · 2 of 2 subscriptions would get it                                                                                                                               as of 03:12:44Z, <1 min
                ─ message, not sent ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                  Subject           OrderPlaced
                  SessionId         –
                  MessageId         –
                  CorrelationId     –
                  To                –
                  ContentType       –
                  property          tier = gold   string
                  property          amount = 900   long
                ▌ + property
                  try a filter      –
                ─ who would get it ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                  ✓ billing  2 copies  large yes: amount>500: amount is 900 (a whole number); region is null: region is not there; its copy: review = manual, REMOVE trace
                                       placed yes: sys.Label = 'OrderPlaced': sys.Label is 'OrderPlaced'; tier = 'gold': tier is 'gold'
                  ✓ search   1 copy    $Default yes: 1=1


                """)
    }

    @Test("what is typed is tried at once: subject, session, properties with their types")
    func filling() {
        var console = tester()
        #expect(console.line(1).contains("1 of 2 subscriptions would get it"))
        console.type("<Enter>")
        #expect(console.line(22).hasPrefix("Subject:"))
        console.type("OrderPlaced<Enter>atier=gold<Enter>")
        #expect(console.line(1).contains("2 of 2 subscriptions"))
        #expect(console.text.contains("tier = gold   string"))
        console.type("gg<Enter><C-u>OrderPaid<Enter>")
        #expect(console.line(1).contains("1 of 2 subscriptions"))
        console.type("ggx")
        #expect(!console.text.contains("OrderPaid"))
    }

    @Test("a property that is none is refused in its line, which stays to be mended")
    func badProperty() {
        var console = tester("aamount<Enter>")
        #expect(console.line(22).hasPrefix("property: amount"))
        #expect(console.line(21).contains("! 'amount' is not of the form name=value"))
        console.type(":=many<Enter>")
        #expect(console.line(21).contains("no number, true, false or null after the :="))
        console.type("<C-u>amount:=3<Enter>")
        #expect(console.text.contains("amount = 3   long"))
        #expect(console.app.prompt == nil)
    }

    @Test("a filter can be tried; what is wrong with it is pointed at while it is typed")
    func trial() throws {
        var console = tester("atier=gold<Enter>")
        while !console.line(try #require(console.surface.cursor?.row)).contains("try a filter") { console.type("j") }
        console.type("<Enter>tier = ")
        let arrow = try #require(console.line(21).firstIndex(of: "↓"))
        let line = console.line(21)
        // Under the arrow stands the end of what was typed: 'filter: ' has eight characters, and a value is missing in column 8.
        #expect(line.distance(from: line.startIndex, to: arrow) == 8 + 7)
        #expect(console.line(21).contains("! expected"))
        console.type("<Enter>")
        #expect(console.line(22).hasPrefix("filter: tier ="), "what cannot be read is not taken")
        console.type("'gold'<Enter>")
        #expect(console.text.contains("tier = 'gold'   yes"))
        console.type("<Enter><C-u>tier = 'silver'<Enter>")
        #expect(console.text.contains("tier = 'silver'   no"))
    }

    @Test("esc leaves the line as it was")
    func cancelled() {
        var console = tester("<Enter>OrderPlaced<Esc>")
        #expect(!console.text.contains("OrderPlaced   "))
        #expect(console.app.prompt == nil)
        #expect(console.line(1).contains("1 of 2"))
        console.type("<Enter>abc<Enter><Enter><C-u><Backspace>")
        #expect(console.app.prompt != nil, "backspace in an empty answer takes nothing back")
    }

    @Test("a peeked message can be taken: from a subscription its topic is known, for a queue it is asked for")
    func samples() {
        var console = ConsoleHarness(rows: 24, columns: 130)
        console.type(":entity order-events/billing<Enter>dgt")
        let path = Fixture.path("order-events/Subscriptions/billing").deadLetter
        #expect(console.asked.contains(.draft(path, SequenceNumber(4_770_112))))
        #expect(console.line(1).contains("from #4770112 of"))
        #expect(console.text.contains("OrderPlaced"))
        console.type("qqgb")
        console.type("dgt")
        #expect(console.line(22).hasPrefix("topic:"))
        #expect(console.text.contains("order-events"))
        console.type("<Tab><Enter>")
        #expect(console.asked.contains(.draft(Fixture.path("orders").deadLetter, SequenceNumber(4_770_112))))
        #expect(console.line(0).contains("order-events › rule tester"))
    }

    @Test("rules that may not be read leave the message to be filled in, and the reason on screen")
    func refused() {
        var console = ConsoleHarness { request in
            if case .routing = request {
                return .failure(OperatorError(.notPermitted, "Reading the rules was refused.", hint: "Ask for Manage."))
            }
            return ConsoleHarness.usual(request)
        }
        console.type("gej:test-rules order-events<Enter>")
        #expect(console.text.contains("Reading the rules was refused.") && console.text.contains("Ask for Manage."))
    }

    @Test("queues have no rules to test")
    func queues() {
        var console = ConsoleHarness()
        console.type("gegt")
        #expect(console.line(22).contains("only topics and their subscriptions have rules"))
    }
}
