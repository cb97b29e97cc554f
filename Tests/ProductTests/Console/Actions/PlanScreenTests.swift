import ServiceBus
import Testing

@testable import CallboardCore
@testable import Console

/// The plan sheet: what is agreed to, and what cannot be.
@Suite struct PlanScreenTests {
    private func console(
        rows: Int = 24, _ make: @escaping (ActionRequest) -> Operator.Proposal = { Fixture.proposal(Fixture.plan($0)) },
        begin: Result<[Answer], OperatorError>? = nil
    ) -> ConsoleHarness {
        ConsoleHarness(rows: rows) { request in
            switch request {
            case .propose(let request): .success([.proposal(make(request))])
            case .begin: begin ?? ConsoleHarness.usual(request)
            default: ConsoleHarness.usual(request)
            }
        }
    }

    @Test("a plan is shown first; yes begins the job, and the list of jobs has it selected")
    func yes() throws {
        var console = console()
        console.type("<Enter>d<Space><Space>r")
        #expect(console.line(1).contains("Redrive 2 dead letters of orders to orders · nothing was done yet"))
        #expect(console.begun.isEmpty)
        console.type("<Enter>")
        #expect(console.line(22).hasPrefix("type yes to go on:"))
        console.type("yes<Enter>")
        #expect(try #require(console.begun.first).confirmation.plan.count == 2)
        #expect(console.line(0).contains("› jobs"))
        #expect(console.text.contains("▌ #13"))
        console.type("q")
        #expect(
            console.line(0).contains("› dead letters") && !console.line(1).contains("marked"), "what is under way is not marked any more")
    }

    @Test("esc, q and no: nothing happens")
    func nothing() {
        for keys in ["<Enter><Esc>q", "q", "<Enter>no<Enter><Esc>q", "<Esc>"] {
            var console = console()
            console.type("<Enter>d<Space>r" + keys)
            #expect(console.begun.isEmpty, "\(keys)")
            #expect(console.line(1).contains("● 1 marked"), "\(keys)")
        }
    }

    @Test("what cannot be undone wants queue and sub-queue typed, and no other")
    func typed() throws {
        var console = console()
        console.type("<Enter>d:purge<Enter>")
        #expect(console.text.contains("enter, then type orders/$deadletterqueue · e options"))
        console.type("<Enter>orders<Enter>")
        #expect(console.text.contains("! that is not orders/$deadletterqueue: nothing was done"))
        #expect(console.begun.isEmpty)
        console.type("<C-u>yes<Enter>")
        #expect(console.begun.isEmpty)
        console.type("<C-u>orders/$deadletterqueue<Enter>")
        #expect(try #require(console.begun.first).confirmation.word == .typed("orders/$deadletterqueue"))
    }

    @Test("the policy may want the name typed where the plan alone would not")
    func typedByPolicy() {
        var console = console { request in
            var proposal = Fixture.proposal(Fixture.plan(request))
            proposal.demand = .typed(proposal.plan.phrase)
            return proposal
        }
        console.type("<Enter>d<Space>r<Enter>yes<Enter>")
        #expect(console.begun.isEmpty)
        console.type("<C-u>orders/$deadletterqueue<Enter>")
        #expect(console.begun.count == 1)
    }

    @Test("a blocked plan says why and cannot be confirmed; options mend it, and it is planned anew")
    func blocked() throws {
        var console = console { request in
            Fixture.proposal(Fixture.plan(request, remarks: request.newIDs ? [] : Fixture.remarks))
        }
        console.type("<Enter>d<Space>r")
        #expect(console.text.contains("✕ ^[[31morders drops repeated ids"))
        #expect(console.text.contains("→ Give new ids (--new-id)"))
        #expect(console.line(1).contains("cannot be carried out like this"))
        console.type("<Enter>")
        #expect(console.line(22).contains("confirm: ") && console.begun.isEmpty)
        console.type("ejj<Enter><C-u>yes<Enter><C-s>")
        #expect(try #require(console.proposals.last).newIDs)
        console.type("<Enter>yes<Enter>")
        #expect(console.begun.count == 1)
        #expect(console.line(0).contains("› jobs"))
        console.type("q")
        #expect(console.line(0).contains("orders › dead letters"), "form and plan have gone")
    }

    @Test("a denied plan names the rule and what would allow it, and cannot be confirmed")
    func denied() {
        let denial = Denial(.rule("no-redrive"), "message.redrive is denied.", remedy: "Ask the leads.")
        var console = console { Fixture.proposal(Fixture.plan($0), .denied(denial)) }
        console.type("<Enter>d<Space>r")
        #expect(console.text.contains("✕ message.redrive is denied. [no-redrive] Ask the leads."))
        #expect(console.text.contains("✕ cannot be confirmed: refused by no-redrive. Ask the leads."))
        console.type("<Enter>")
        #expect(console.begun.isEmpty)
    }

    @Test("what stands in the way when it begins is shown on the plan, which stays")
    func refusedAtTheLast() {
        var console = console(begin: .failure(OperatorError(.refused, "A reason is missing. [reason]", hint: "Give one.")))
        console.type("<Enter>d<Space>r<Enter>yes<Enter>")
        #expect(console.line(0).contains("› plan"))
        #expect(console.text.contains("A reason is missing. [reason]") && console.text.contains("Give one."))
        console.type("<C-r>")
        #expect(!console.text.contains("A reason is missing.") && console.text.contains("enter, then yes"))
    }

    @Test("where it cannot be planned anew, that is shown, and what was planned before is not agreed to")
    func failsAnew() {
        var plans = 0
        var console = ConsoleHarness { request in
            guard case .propose = request else { return ConsoleHarness.usual(request) }
            plans += 1
            return plans == 1 ? ConsoleHarness.usual(request) : .failure(OperatorError(.timeout, "The namespace does not answer."))
        }
        console.type("<Enter>d<Space>r<C-r>")
        #expect(console.text.contains("The namespace does not answer."))
        console.type("<Enter>")
        #expect(console.line(22).contains("there is no plan yet"))
    }

    @Test("while the job begins there is no way back, and afterwards it goes on whatever screen is shown")
    func outlives() {
        var console = ConsoleHarness { request in if case .begin = request { nil } else { ConsoleHarness.usual(request) } }
        console.type("<Enter>d<Space>r<Enter>yes<Enter>q")
        #expect(console.line(22).contains("the job is beginning"))
        let isBegin = { (request: Request) in if case .begin = request { true } else { false } }
        console.answer(.success([.jobProgress(Fixture.job(13, .running, done: 0, of: 1))]), isLast: false, to: isBegin)
        #expect(console.line(0).contains("› jobs") && console.line(0).contains("▶ #13 0 %"))
        console.type("gb")
        #expect(console.line(0).contains("▶ #13 0 %") && console.line(0).contains("services"))
        console.answer(.success([.jobProgress(Fixture.job(13, .finished, done: 1, of: 1))]), to: isBegin)
        #expect(!console.line(0).contains("▶"))
        #expect(console.line(22).contains("Job 13 done: 1 of 1"))
        #expect(!console.app.isLoading)
    }

    /// A console whose jobs take their time to begin.
    private func slow() -> ConsoleHarness {
        ConsoleHarness { request in if case .begin = request { nil } else { ConsoleHarness.usual(request) } }
    }

    @Test(
        "a plan whose job begins beneath another screen goes from there, with its form: it is not agreed to twice",
        arguments: ["<Enter>d<Space>r<Enter>yes<Enter>gj", "<Enter>d<Space>re<C-s><Enter>yes<Enter>gj"])
    func covered(_ keys: String) {
        var console = slow()
        console.type(keys + "gb")
        #expect(console.line(22).contains("a job is beginning; wait for the answer"))
        console.answer(.success([.jobProgress(Fixture.job(13, .running, done: 0, of: 1))]), isLast: false) {
            if case .begin = $0 { true } else { false }
        }
        #expect(console.line(0).contains("› jobs") && console.line(0).contains("▶ #13 0 %"))
        console.type("q")
        #expect(!console.app.screens.contains { $0 is PlanScreen || $0 is ActionFormScreen })
        #expect(console.begun.count == 1)
    }

    @Test("Q while a job begins asks first")
    func quitting() {
        var console = slow()
        console.type("<Enter>d<Space>r<Enter>yes<Enter>Q")
        #expect(console.line(22).hasPrefix("a job is beginning; quit?:"))
        #expect(!console.effects.contains { if case .quit = $0 { true } else { false } })
    }

    @Test("an answer is to the plan that asked: one that comes over it while that is typed is not agreed to")
    func answersItsOwn() {
        var console = ConsoleHarness { request in if case .edited = request { nil } else { ConsoleHarness.usual(request) } }
        console.type("<Enter>d<Enter>e")
        console.send(.edited(.edited("{}")))
        console.type("r<Enter>ye")
        console.answer(.success([.edited(.data(Array("{}".utf8)))])) { if case .edited = $0 { true } else { false } }
        #expect(console.proposals.count == 2)
        console.type("s<Enter>")
        #expect(console.begun.isEmpty)
        #expect(console.line(22).contains("The screen that asked has gone meanwhile: nothing was done."))
    }

    @Test("an answer is to the plan that was asked about: one that was made anew meanwhile is not agreed to")
    func answersNoLaterPlan() {
        var console = console()
        console.type("<Enter>d<Space>r<Enter>yes")
        console.send(.command(.refresh, nil))
        console.type("<Enter>")
        #expect(console.begun.isEmpty && console.text.contains("! it is planned anew: esc, and look at it first"))
        console.type("<Esc><Enter>yes<Enter>")
        #expect(console.begun.count == 1)
    }

    @Test("making a plan can be stopped, and made again")
    func stops() {
        var console = ConsoleHarness { request in if case .propose = request { nil } else { ConsoleHarness.usual(request) } }
        console.type("<Enter>d<Space>r")
        console.answer(.success([.planning(looked: 12_000)]), isLast: false) { if case .propose = $0 { true } else { false } }
        #expect(console.text.contains("Making the plan… 12,000 messages looked at."))
        console.type("<Esc>")
        #expect(console.text.contains("Stopped: there is no plan."))
        console.type("<C-r>")
        #expect(console.proposals.count == 2)
    }
}
