import ServiceBus
import Testing

@testable import CallboardCore
@testable import Console

/// The menu of actions: what can be done, and why not.
@Suite struct ActionMenuTests {
    private func line(_ console: ConsoleHarness, _ title: String) -> String {
        console.text.split(separator: "\n").map(String.init).first { $0.dropFirst(6).hasPrefix(title) } ?? ""
    }

    private func console(_ guardrails: Guardrails? = nil, refusal: String? = nil) -> ConsoleHarness {
        ConsoleHarness { request in
            if case .connect = request {
                return .success([.connected(Fixture.title()), .changes(refusal: refusal, guardrails)])
            }
            return ConsoleHarness.usual(request)
        }
    }

    private func policy(_ text: String) throws -> Guardrails {
        Guardrails(
            rules: .policy(try #require(PolicyFile.parse(Array(text.utf8), file: "policy.yaml").policy)),
            place: .init(context: "retail", host: "sb-retail", isEmulator: true),
            caller: .local([:]))
    }

    @Test("without marks, what needs messages says so; what is about the queue can be done")
    func nothingMarked() {
        var console = console()
        console.type("<Enter>da")
        #expect(console.line(0).contains("› dead letters › actions"))
        #expect(line(console, "redrive").contains("✕ nothing is marked: space marks"))
        #expect(line(console, "delete").contains("✕ nothing is marked"))
        #expect(line(console, "dead-letter").contains("✕ they are dead letters already"))
        #expect(!line(console, "purge").contains("✕"))
        #expect(line(console, "purge").contains("destroys: Remove everything"))
    }

    @Test("among active messages there is nothing to redrive, and why")
    func active() {
        var console = console()
        console.type("<Enter>m<Space>a")
        #expect(line(console, "redrive").contains("✕ not a dead-letter queue; move sends"))
        #expect(!line(console, "dead-letter").contains("✕"))
        console.type("r")
        #expect(console.line(22).contains("redrive: not a dead-letter queue"))
    }

    @Test("on the page of a message an action is on that one")
    func oneMessage() throws {
        var console = console()
        console.type("<Enter>djj<Enter>r")
        let request = try #require(console.proposals.last)
        #expect(request.choice == .numbers(SequenceNumberSet([SequenceNumber(4_770_114)]), title: "#4770114"))
        #expect(request.wish == .redrive(to: nil) && request.path == Fixture.path("orders").deadLetter)
    }

    @Test("from the tree and an entity's page all of a queue is meant: redrive, purge, export, import, a queue at a time")
    func queues() throws {
        var console = console()
        console.type("geA")
        #expect(console.text.contains("all dead letters of orders") && console.text.contains("all messages of orders"))
        #expect(!console.text.contains("make active"))
        console.type("r")
        #expect(try #require(console.proposals.last).choice == .all)
        console.type("qA/")
        console.type("G<Up><Up><Enter>")
        let purge = try #require(console.proposals.last)
        #expect(purge.wish == .purge(before: nil) && purge.path == Fixture.path("orders"))
    }

    @Test("a refused action names the rule and what would allow it, in its line, below the list and by its key")
    func refused() throws {
        var console = console(
            try policy(
                """
                version: 1
                allow:
                  - {id: redrive-all, who: [anyone], action: [message.redrive], scope: "**"}
                deny:
                  - {id: no-purge, action: [message.purge]}
                """))
        console.type("<Enter>d*a")
        #expect(!line(console, "redrive").contains("✕"))
        #expect(line(console, "purge").contains("✕ refused by no-purge."))
        #expect(line(console, "delete").contains("✕ refused by default."))
        console.type("P")
        #expect(console.line(22).contains("purge: refused by no-purge."))
        #expect(console.proposals.isEmpty)
        console.type("jjjj")
        #expect(console.text.contains("message.purge") && console.text.contains("[no-purge]"))
    }

    @Test("production without leave refuses every change with the same words, and looking goes on")
    func production() {
        var console = console(refusal: "'retail' is production; start with --allow-changes")
        console.type("<Enter>d*r")
        #expect(console.line(22).contains("redrive: 'retail' is production; start with --allow-changes"))
        console.type("a")
        #expect(!line(console, "export").contains("✕"))
    }

    @Test("every action has a key of its own in the menu")
    func keys() {
        let keymap = Keymap()
        let keys = ActionKind.allCases.compactMap { keymap.keys(of: $0.command, in: .actions).first }
        #expect(keys.count == ActionKind.allCases.count && Set(keys).count == keys.count)
    }

    @Test("an export asks for a file and says what was written")
    func export() {
        var console = console()
        console.type("<Enter>d<Space><Space>x")
        #expect(console.line(22).hasPrefix("export to file:"))
        console.type("<Enter>")
        #expect(console.text.contains("! to which file?"))
        console.type("two.cbx<Enter>")
        #expect(
            console.asked.last
                == .export(
                    Fixture.path("orders").deadLetter, SequenceNumberSet([SequenceNumber(4_770_112), SequenceNumber(4_770_113)]),
                    to: "two.cbx", Justification()))
        #expect(console.line(22).contains("2 messages (4.2 kB) were written to two.cbx."))
    }

    @Test("in the menu a key is about the part that is selected: what is exported from there is that queue")
    func chosenSubject() throws {
        var console = console()
        console.type("geAGx")
        #expect(console.line(22).hasPrefix("export to file:") && console.text.contains("Writes all messages of orders."))
        console.type("all.cbx<Enter>")
        #expect(console.asked.last == .export(Fixture.path("orders"), nil, to: "all.cbx", Justification()))
        console.type("Ax")
        console.type("dead.cbx<Enter>")
        #expect(console.asked.last == .export(Fixture.path("orders").deadLetter, nil, to: "dead.cbx", Justification()))
        console.type("AGP")
        #expect(try #require(console.proposals.last).path == Fixture.path("orders"))
    }

    @Test("what an export lacks of reason and ticket is asked for, and then it is written")
    func justifiedExport() {
        var console = ConsoleHarness { request in
            guard case .export(_, _, _, let why) = request else { return ConsoleHarness.usual(request) }
            if why.ticket == "INC-7" { return ConsoleHarness.usual(request) }
            return .failure(
                Denial(
                    .ticketMissing("INC-[0-9]+", given: why.ticket), "message.export is denied without a ticket (t).",
                    remedy: "Give a ticket like INC-[0-9]+."
                ).operatorError)
        }
        console.type("<Enter>d<Space>:export kept.cbx<Enter>")
        #expect(console.line(22).hasPrefix("ticket:") && console.text.contains("Give a ticket like INC-[0-9]+."))
        console.type("7<Enter>")
        #expect(console.line(22).hasPrefix("ticket: 7"), "one that is not like that is asked for again")
        console.type("<C-u>INC-7<Enter>")
        #expect(console.line(22).contains("were written to kept.cbx."))
    }

    @Test("what is listed as a queue or a topic is asked about as one")
    func kinds() throws {
        var console = console(
            try policy(
                """
                version: 1
                allow:
                  - {id: queues, who: [anyone], action: [message.purge, entity.update], scope: "namespaces/sb-retail/queues/**"}
                  - {id: topics, who: [anyone], action: [message.import], scope: "namespaces/sb-retail/topics/*"}
                """))
        console.type("ge")
        let model = console.app.model
        #expect(model.refusal(of: .purgeMessage, on: Fixture.path("orders")) == nil)
        #expect(model.refusal(of: .purgeMessage, on: Fixture.path("order-events"))?.rule == "default")
        let billing = ActionSubject(path: Fixture.path("order-events/Subscriptions/billing"), messages: .all, kind: .subscription)
        #expect(billing.refusal(of: .importing, model) == nil)
        // What is to be created is not listed yet.
        #expect(model.refusal(of: .updateEntity, on: Fixture.path("new"), kind: EntityTarget.queue(Fixture.path("new")).policyKind) == nil)
        #expect(model.refusal(of: .updateEntity, on: Fixture.path("new")) != nil)
    }
}

extension ConsoleHarness {
    /// The plans that were asked for.
    var proposals: [ActionRequest] {
        asked.compactMap { if case .propose(let request) = $0 { request } else { nil } }
    }

    /// What was agreed to.
    var begun: [(confirmation: CallboardCore.Confirmation, reason: String?, ticket: String?)] {
        asked.compactMap { if case .begin(let confirmation, let reason, let ticket) = $0 { (confirmation, reason, ticket) } else { nil } }
    }
}
