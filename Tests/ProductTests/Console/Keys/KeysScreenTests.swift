import ServiceBus
import Testing

@testable import CallboardCore
@testable import Console

/// How old the keys of shared access rules are, on the screen.
@Suite struct KeysScreenTests {
    private typealias Scene = KeysFixture

    private func flat(_ console: ConsoleHarness) -> String { console.text.split { $0 == " " || $0 == "\n" }.joined(separator: " ") }

    private func copied(_ console: ConsoleHarness) -> [String] {
        console.effects.compactMap { if case .copy(let text, _) = $0 { text } else { nil } }
    }

    @Test("the worst stands first: too old, then of no known age, and of those what opens most; what was not read names the right")
    func order() {
        let console = Scene.console("gk", 40, 160)
        let rows = (3...6).map { console.line($0) }
        #expect(rows[0].contains("! 412 d") && rows[0].contains("worker") && rows[0].contains("orders"))
        #expect(rows[1].contains("not known") && rows[1].contains("RootManageSharedAccessKey") && rows[1].contains("(namespace)"))
        #expect(rows[2].contains("reports") && rows[3].contains("app") && rows[3].contains("12 d"))
        #expect(console.line(1).contains("4 rules · ! 1 too old · ✕ 2 of no known age · keys are taken · ✕ 1 not read"))
        #expect(console.line(1).contains("as of 03:12:44Z"))
        #expect(flat(console).contains("needs Microsoft.ServiceBus/namespaces/queues/authorizationRules/read"))
        #expect(flat(console).contains("callboard keys refuse --context retail says who uses keys as far as is known"))
        #expect(Scene.console("gkj", 40, 160).roles(inRow: 3).contains(.statusError))
    }

    @Test("the board asks for nothing of it; it is read once, with a spinner that esc stops, and again by ^R")
    func reading() {
        var console = Scene.console("", survey: nil)
        #expect(!console.asked.contains(.keys))
        console.type(":keys<Enter>")
        #expect(
            console.line(0).contains("keys") && console.line(1).contains("loading")
                && console.text.contains("Reading the shared access rules"))
        console.type("<Esc>")
        #expect(console.stopped == [.keys] && console.text.contains("Stopped. ^R reads the rules."))
        console.respond = { $0 == .keys ? .success([.keys(Scene.survey)]) : ConsoleHarness.usual($0) }
        console.type("<C-r>")
        #expect(console.text.contains("worker"))
        console.type("qgk")
        #expect(console.asked.count { $0 == .keys } == 2, "what is known is shown with its age")
    }

    @Test("who leaves while it is read has it stopped; a failure says why and what to try")
    func leaving() {
        var console = Scene.console("gkq", survey: nil)
        #expect(console.stopped == [.keys] && console.app.top.context == .board)
        console.respond = { request in
            request == .keys
                ? .failure(
                    OperatorError(.notPermitted, "The shared access rules are not known.", hint: "It needs Reader on the namespace."))
                : ConsoleHarness.usual(request)
        }
        console.type("gk")
        #expect(
            console.text.contains("The shared access rules are not known.") && console.text.contains("It needs Reader on the namespace."))
    }

    @Test("enter shows one rule: what it opens, how old, who says so, what is wrong and the line that makes its keys anew")
    func inFull() {
        let console = Scene.console("gk<Enter>", 40, 120)
        #expect(console.line(0).contains("keys › worker of orders"))
        let text = flat(console)
        for words in [
            "opens orders", "rights Listen", "keys are taken", "! both keys new 412 d ago (by the namespace's tag): 322 d too old",
            "may be 90 d", "in use the primary key", "wrong ! shared-key: whoever has a key has its rights", "wrong ! old",
            "nothing of this is done here",
            "callboard keys rotate --context retail --rule worker --entity orders --active primary --vault '<VAULT/SECRET>' --grace 1h --yes",
        ] { #expect(text.contains(words), "\(words)") }
    }

    @Test("yy copies the command line of the selected rule, from the list and from the rule; nothing is rotated from here")
    func copy() {
        let expected =
            "callboard keys rotate --context retail --rule worker --entity orders --active primary --vault '<VAULT/SECRET>' --grace 1h --yes"
        for keys in ["gkyy", "gk<Enter>yy"] { #expect(copied(Scene.console(keys)) == [expected]) }
        var console = Scene.console("gk:save-value keys.txt<Enter>", isProduction: true)
        #expect(
            console.asked.contains(
                .save(path: "keys.txt", content: Array(expected.replacing("--yes", with: "--allow-changes --yes\n").utf8))))
        console.type("gkr")
        #expect(console.asked.allSatisfy { if case .begin = $0 { false } else { true } })
    }

    @Test("where the namespace refuses keys that is said, and there is no line to copy")
    func refused() {
        let ages = [Scene.age(Scene.rule("worker", "orders"), days: nil, takesKeys: false)]
        let console = Scene.console("gkyy", 24, 120, survey: Scene.survey(ages, gaps: [], takesKeys: false))
        #expect(console.line(1).contains("keys are refused (disableLocalAuth)"))
        #expect(console.text.contains("there is nothing to rotate") && copied(console).isEmpty)
        #expect(flat(console).contains("sb-retail refuses every key and every signature"))
    }

    @Test("without a sign-in it says what it takes; a filter leaves what fits; names of others steer nothing")
    func others() {
        var console = ConsoleHarness()
        console.type("gk")
        #expect(console.text.contains("needs a context that signs in to Azure") && !console.asked.contains(.keys))
        console = Scene.console("gk/reports<Enter>")
        #expect(console.text.contains("reports") && !console.text.contains("worker"))
        let nasty = "a\u{1B}]0;owned\u{07}\u{202E}'; rm -rf ~\n"
        console = Scene.console("gkyy<Enter>", 24, 120, survey: Scene.survey([Scene.age(Scene.rule(nasty), days: 1)]))
        let hostile: [Unicode.Scalar] = ["\u{1B}", "\u{07}", "\u{202E}"]
        for text in [console.text] + copied(console) { #expect(!text.unicodeScalars.contains { hostile.contains($0) }) }
        #expect(copied(console).first?.contains("\n") == false && copied(console).first?.contains("'\\''; rm -rf ~") == true)
    }

    @Test("on 80 columns, to the letter")
    func golden() {
        #expect(
            Scene.console("gk").text == """
                 TEST  sb-retail › keys                               as k.brandt@… · read-only
                 4 rules · ! 1 too old · ✕ 2 age unknown · keys taken … as of 03:12:44Z, <1 min
                ─ age ────── may be  rule ───────── opens ────── rights  wrong ─────────────────
                ▌ ! 412 d    90 d    worker         orders       Listen  old, shared-key
                  not known  90 d    RootManageSh…  (namespace)  Liste…  age not known, root, m…
                  not known  90 d    reports        orders       Listen  age not known, shared-…
                  12 d       90 d    app            invoices     Send    shared-key

                  ✕ not known: shared access rules of entities: not permitted: needs
                    Microsoft.ServiceBus/namespaces/queues/authorizationRules/read
                  – whoever has a key cannot be told from anybody else who has it. The way to
                    no keys: callboard keys refuse --context retail says who uses keys as far
                    as is known, and with --confirm sb-retail turns all of them away
                    (disableLocalAuth)



                ────────────────────────────────────────────────────────────────────────────────
                 'worker' of orders · Listen · ! both keys new 412 d ago (by the namespace's
                   tag): 322 d too old
                 enter shows all · yv copies the line of 'callboard keys rotate', which makes
                   them anew: nothing is changed here
                                                                                         1 of 4
                 enter in full · yv copy the command · / filter · : command · q back · ? help
                """)
    }
}
