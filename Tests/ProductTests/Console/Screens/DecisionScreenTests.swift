import ServiceBus
import Terminal
import Testing

@testable import CallboardCore
@testable import Console

/// Deciding about requests, and ending roles.
@Suite struct DecisionScreenTests {
    private typealias Scene = RequestsFixture

    private func flat(_ console: ConsoleHarness) -> String { console.text.split { $0 == " " || $0 == "\n" }.joined(separator: " ") }

    private func decisions(_ console: ConsoleHarness) -> [AccessDecision] {
        console.asked.compactMap { if case .decide(let decision, _) = $0 { decision } else { nil } }
    }

    @Test("A asks for a reason at once, and ^S sends it; the list is read again")
    func approve() throws {
        var console = Scene.console("ajA")
        #expect(console.line(0).contains("approve") && console.text.contains("reason to approve"))
        console.type("seen in the incident<Enter>")
        #expect(decisions(console).isEmpty && console.text.contains("^S: approve · q: nothing happens"))
        console.type("<C-s>")
        #expect(decisions(console) == [try AccessDecision(.approve, reason: "seen in the incident")])
        #expect(console.line(0).contains("waiting for you"))
        #expect(console.text.contains("Approved: Data Receiver on orders for 1 h"))
        #expect(console.asked.count { $0 == .inbox } == 2)
    }

    @Test("without a reason nothing is sent, and q sends nothing")
    func reasonless() {
        var console = Scene.console("ajX<Esc><C-s>")
        #expect(decisions(console).isEmpty && console.text.contains("send: it needs a reason"))
        console.type("<Enter>  <Enter>")
        #expect(console.text.contains("without a reason nothing is decided"))
        console.type("<Esc>q")
        #expect(decisions(console).isEmpty && console.line(0).contains("waiting for you"))
    }

    @Test("the form shows where it is, with the environment in a word, and the full id of the scope")
    func place() {
        let console = Scene.console("ajA<Esc>", 40, 200)
        #expect(flat(console).contains("in TEST sb-retail") && console.text.contains("\(Scene.namespace)/queues/orders"))
        #expect(flat(console).contains("policy allowed for you to agree to"))
    }

    @Test("N takes less and never more: time, role, entity")
    func narrow() throws {
        var console = Scene.console("ajN")
        #expect(console.text.contains("not ready: That is all that was asked"))
        console.type("<Enter><C-u>2h<Enter>")
        #expect(console.text.contains("can be narrowed and never widened"))
        console.type("<C-u>20m<Enter>")
        console.type("j<Enter>short is enough<Enter><C-s>")
        let less = try AccessNarrowing(of: Scene.orders, duration: .seconds(1200))
        #expect(decisions(console) == [try AccessDecision(.narrow(less), reason: "short is enough")])
    }

    @Test("a request for the namespace can be narrowed to an entity of it, a wide role to a narrow one")
    func narrowScope() throws {
        let wide = Scene.request(7, by: Scene.ferrari, .owner, on: AccessScope(id: Scene.namespace))
        var console = Scene.console("aN") { $0 == .inbox ? .success([.inbox(Scene.inbox(waiting: [wide]))]) : Scene.answer($0) }
        console.type("gg<Enter><C-u>receiver<Enter>j<Enter><C-u>orders<Enter>jj<Enter>only that<Enter><C-s>")
        let less = try AccessNarrowing(of: wide, role: .receiver, scope: Scene.queue("orders"))
        #expect(decisions(console) == [try AccessDecision(.narrow(less), reason: "only that")])
    }

    @Test("an entity that is not within the request is refused where it is typed")
    func narrowElsewhere() {
        var console = Scene.console("ajNgg")
        console.type("j<Enter><C-u>invoices<Enter>")
        #expect(console.text.contains("there is no such entity within orders"))
    }

    @Test("two decide at once: the second is told by whom, nothing is sent again, and the list is read again")
    func conflict() {
        let error = OperatorError(
            .conflict, "The request 7a000000 is already decided: approved by R. Osei.", hint: "Nothing was changed.")
        var console = Scene.console("ajXtoo late<Enter><C-s>") { request in
            if case .decide = request { return .failure(error) }
            return Scene.answer(request)
        }
        #expect(console.text.contains("already decided: approved by R. Osei"))
        #expect(console.asked.count { $0 == .inbox } == 2)
        console.type("<C-s>")
        #expect(decisions(console).count == 1 && console.text.contains("it is decided already; q goes back"))
        console.type("q")
        #expect(console.line(0).contains("waiting for you"))
    }

    @Test("while it is on its way it can be neither left nor sent again")
    func underWay() {
        var console = Scene.console("ajAyes<Enter><C-s>") { request in
            if case .decide = request { return nil }
            return Scene.answer(request)
        }
        console.type("q<C-s>")
        #expect(console.line(0).contains("approve") && decisions(console).count == 1)
        console.type("<Esc>")
        #expect(console.text.contains("It was sent and cannot be called back"))
        // Not from another screen above it either: its answer would be nobody's.
        console.type("Lgb")
        #expect(!console.line(0).hasSuffix("services") && console.text.contains("something was sent; wait for the answer"))
        console.type("Q")
        #expect(console.effects.isEmpty && console.text.contains("what was sent is not answered; quit?"))
    }

    @Test("in production the name is typed")
    func production() throws {
        var title = AccessFixture.title()
        title.isProduction = true
        title.environment = "prod"
        var console = Scene.console("ajAyes<Enter><C-s>", guardrails: try Scene.production(), title: title)
        #expect(decisions(console).isEmpty && console.text.contains("type orders to approve"))
        console.type("nonsense<Enter>")
        #expect(decisions(console).isEmpty && console.text.contains("that is not it: nothing was sent"))
        console.type("<C-u>orders<Enter>")
        #expect(decisions(console).count == 1)
    }

    @Test("in production saying yes takes the leave the console was started with; saying no does not")
    func leave() {
        let respond: (Request) -> Result<[Answer], OperatorError>? = { request in
            if case .connect = request {
                return .success([
                    .connected(AccessFixture.title()), .changes(refusal: "'retail' is production; start with --allow-changes"),
                ])
            }
            return RequestsFixture.answer(request) ?? ConsoleHarness.usual(request)
        }
        var console = ConsoleHarness(title: AccessFixture.title(), respond: respond)
        console.type("ajA")
        #expect(console.line(0).contains("waiting for you") && console.text.contains("start with --allow-changes"))
        console.type("Xno<Enter><C-s>")
        #expect(decisions(console).map(\.answer) == [.deny])
    }

    @Test("one's own request is taken back; that of others is not")
    func takeBack() {
        var console = Scene.console("a<Tab>cno longer needed<Enter><C-s>")
        #expect(console.asked.contains(.takeBack(Scene.mine, reason: "no longer needed")))
        console = Scene.console("ac")
        #expect(console.text.contains("only who asked takes a request back"))
    }

    @Test("D ends a role now, with a reason, and says how long open links live")
    func end() {
        var console = Scene.console("a<Tab><Tab>jD", 40, 120)
        #expect(console.text.contains("reason to end now") && flat(console).contains("links that are open keep what their token allows"))
        console.type("done<Enter><C-s>")
        #expect(console.asked.contains(.endAccess(Scene.ownGrant, reason: "done")))
        #expect(console.text.contains("Ended. Links that are open live until their token ends."))
    }

    @Test("what Azure refuses stays on the form with its sentence, and can be tried again")
    func refused() {
        let error = OperatorError(
            .service, "Ending Data Receiver: a role has to be active for five minutes before it can be ended (ActiveDurationTooShort).")
        var console = Scene.console("a<Tab><Tab>jDdone<Enter><C-s>", 40, 120) { request in
            if case .endAccess = request { return .failure(error) }
            return Scene.answer(request)
        }
        #expect(console.text.contains("active for five minutes") && console.text.contains("^S tries again"))
        console.type("<C-s>")
        #expect(console.asked.count { if case .endAccess = $0 { true } else { false } } == 2)
    }

    @Test("what the policy says is read on the form where it was not yet, and nobody says yes before; no can be said")
    func unread() {
        var console = Scene.console("aAyes<Enter><C-s>", 24, 120) { request in
            if case .accessReview = request { return nil }
            return Scene.answer(request)
        }
        #expect(decisions(console).isEmpty && console.text.contains("what the policy says of it is being read"))
        // One is the list's.
        for _ in 0..<2 {
            console.answer(.success([.accessReview(Scene.review(Scene.forService))])) { $0 == .accessReview(Scene.forService) }
        }
        #expect(flat(console).contains("policy allowed for you to agree to") && !flat(console).contains("asking…"))
        console.type("<C-s>")
        #expect(decisions(console).count == 1)
        console = Scene.console("aXno<Enter><C-s>") { request in
            if case .accessReview = request { return nil }
            return Scene.answer(request)
        }
        #expect(decisions(console).map(\.answer) == [.deny])
    }

    @Test("what the policy refuses is not sent, though the form was open before that was known; what cannot be read is asked at the door")
    func lateVerdict() {
        let denial = Denial(.rule("no-service"), "access.approve on refunds is denied by no-service.", remedy: "Ask for less.")
        let failure = OperatorError(.service, "Reading what the principal has: 503.")
        for (answer, count) in [
            (.success([.accessReview(Scene.review(Scene.forService, denial: denial))]), 0), (.failure(failure), 1),
        ] as [(Result<[Answer], OperatorError>, Int)] {
            var console = Scene.console("aAyes<Enter>", 24, 120) { request in
                if case .accessReview = request { return nil }
                return Scene.answer(request)
            }
            for _ in 0..<2 { console.answer(answer) { $0 == .accessReview(Scene.forService) } }
            console.type("<C-s>")
            #expect(decisions(console).count == count)
        }
    }

    @Test("a reason that was typed, or a narrower time, is given up only when that was said; after a conflict it is of no use")
    func leaving() {
        for keys in ["ajAseen<Enter>", "ajXno<Enter>", "ajN<Enter><C-u>20m<Enter>"] {
            var console = Scene.console(keys + "q")
            #expect(console.text.contains("give up what was filled in?") && console.text.contains("nothing was sent"))
            console.type("<Esc>")
            #expect(console.app.top.context == .decision)
            console.type("<Esc>yes<Enter>")
            #expect(console.line(0).contains("waiting for you") && decisions(console).isEmpty)
        }
        #expect(Scene.console("ajA<Esc>q").line(0).contains("waiting for you"))
    }

    @Test("what was decided has the roles in force of everybody read again, where they were read")
    func again() {
        var console = Scene.console("a<Tab><Tab>jDdone<Enter><C-s>", 40, 120)
        #expect(console.asked.count { $0 == .grants } == 2)
        console = Scene.console("ajXno<Enter><C-s>")
        #expect(!console.asked.contains(.grants))
    }
}
