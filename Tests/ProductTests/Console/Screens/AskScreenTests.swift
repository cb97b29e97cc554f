import ServiceBus
import Terminal
import Testing

@testable import CallboardCore
@testable import Console

/// Asking for a role.
@Suite struct AskScreenTests {
    private typealias Scene = RequestsFixture

    private func flat(_ console: ConsoleHarness) -> String { console.text.split { $0 == " " || $0 == "\n" }.joined(separator: " ") }

    private func wishes(_ console: ConsoleHarness) -> [AccessWish] {
        console.asked.compactMap { if case .accessProposal(let wish) = $0 { wish } else { nil } }
    }

    private func asked(_ console: ConsoleHarness) -> [AccessRequestDraft] {
        console.asked.compactMap { if case .ask(let proposal) = $0 { proposal.draft } else { nil } }
    }

    @Test("a refused peek says that R asks for a role on this queue, and R opens the form on it with the limits read")
    func fromRefusal() {
        let refused = OperatorError(.notPermitted, "Looking into invoices: Unauthorized access.", hint: "", neededRight: "Listen")
        var console = ConsoleHarness(title: AccessFixture.title()) { request in
            switch request {
            case .scan: .failure(refused)
            case .connect: .success([.connected(AccessFixture.title()), .changes(refusal: nil)])
            default: ConsoleHarness.usual(request)
            }
        }
        console.type("ge/invoices<Enter>m")
        #expect(console.text.contains("R asks for Data Receiver on invoices · ^R tries again"))
        console.type("R")
        #expect(console.line(0).contains("invoices › ask"))
        #expect(wishes(console).map(\.entity) == [Fixture.path("invoices")] && wishes(console).map(\.role) == [.receiver])
        #expect(flat(console).contains("limits for at most 2h, for at least 5m, with a reason, once one of Karin Brandt, sg-leads agrees"))
        #expect(flat(console).contains("asked Karin Brandt, sg-leads (group)") && flat(console).contains("allowed by checkout-oncall"))
    }

    @Test("without a sign-in a refusal offers nothing")
    func withoutSignIn() {
        let refused = OperatorError(.notPermitted, "Looking into invoices: Unauthorized access.")
        var console = ConsoleHarness { request in
            if case .scan = request { return .failure(refused) }
            return ConsoleHarness.usual(request)
        }
        console.type("ge/invoices<Enter>m")
        #expect(console.text.contains("Unauthorized access") && !console.text.contains("R asks"))
    }

    @Test("a reason, ^S, and it is asked: the own requests are shown with it")
    func ask() throws {
        var console = Scene.console(":ask orders<Enter>")
        #expect(console.text.contains("not ready: it needs a reason"))
        console.type("<Enter>INC-1 payloads<Enter>")
        #expect(wishes(console).last?.reason == "INC-1 payloads" && console.text.contains("^S asks"))
        console.type("<C-s>")
        let draft = try #require(asked(console).first)
        #expect(draft.role == .receiver && draft.scope == Scene.queue("orders") && draft.duration == .seconds(1800))
        #expect(draft.principal == Scene.me && draft.reason == "INC-1 payloads")
        #expect(console.line(0).contains("access › yours"))
        #expect(
            console.app.notice?.text.hasPrefix("Asked for Data Receiver on orders for 30 min. It waits for Karin Brandt, sg-leads;") == true
        )
    }

    @Test("on a topic the narrowest that does is to send, until a role was chosen")
    func topic() {
        var console = Scene.console(":ask order-events<Enter>")
        #expect(wishes(console).last?.role == .sender)
        console.type("gg<Enter><C-u>Data Owner<Enter>j<Enter><C-u>orders<Enter>")
        #expect(wishes(console).last?.role == .owner && wishes(console).last?.entity == Fixture.path("orders"))
    }

    @Test("what stands in the way is said before anything is asked")
    func obstacles() {
        var long = Scene.console(":ask orders<Enter><Enter>why<Enter>k<Enter><C-u>4h<Enter>", 30, 120)
        #expect(wishes(long).last?.duration == .seconds(14_400))
        #expect(flat(long).contains("in the way ✕ 4h is longer than the role's settings allow"))
        long.type("<C-s>")
        #expect(asked(long).isEmpty && long.text.contains("ask: 4h is longer"))
    }

    @Test("what the policy denies is not asked, and the rule is named")
    func denied() {
        let denial = Denial(.rule("no-prod-owner"), "access.request on orders is denied by no-prod-owner.", remedy: "Ask for receiver.")
        var console = Scene.console(":ask orders<Enter><Enter>why<Enter>", 30, 120) { request in
            if case .accessProposal(let wish) = request {
                return .success([.accessProposal(Scene.proposal(wish, verdict: .denied(denial)))])
            }
            return Scene.answer(request)
        }
        console.type("<C-s>")
        #expect(asked(console).isEmpty && flat(console).contains("access.request on orders is denied by no-prod-owner."))
    }

    @Test("who is not eligible reads why, and what they are eligible for")
    func notEligible() {
        let error = OperatorError(
            .notPermitted, "You are not eligible for Data Receiver on orders (EligibilityRule): an admin has to make you eligible first.",
            hint: "You are eligible for Data Sender on orders.")
        var console = Scene.console(":ask orders<Enter>") { request in
            if case .accessProposal = request { return .failure(error) }
            return Scene.answer(request)
        }
        #expect(flat(console).contains("an admin has to make you eligible first") && flat(console).contains("eligible for Data Sender"))
        console.type("<Enter>why<Enter><C-s>")
        #expect(asked(console).isEmpty)
    }

    @Test("for a service its object id is given; what is none is refused where it is typed")
    func service() {
        var console = Scene.console(":ask orders<Enter>kk<Enter><C-u>somebody<Enter>")
        #expect(console.text.contains("8-4-4-4-12"))
        console.type("<C-u>\(Scene.refunds.id)<Enter>")
        // What kind of identity it is the directory says.
        #expect(wishes(console).last?.principal == AccessParty(id: Scene.refunds.id))
    }

    @Test("without an entity it is asked for one first, and nothing is read")
    func noEntity() {
        var console = Scene.console("aR")
        #expect(console.text.contains("not ready: it needs an entity") && wishes(console).isEmpty)
        console.type("<Enter>ord<Esc><Enter>orders<Enter>")
        #expect(wishes(console).map(\.entity) == [Fixture.path("orders")])
    }

    @Test("what is refused when it is asked stays on the form, and a line can be changed")
    func refused() {
        let error = OperatorError(
            .service, "Asking for Data Receiver on orders: a request for this role waits already.",
            serviceCode: "PendingRoleAssignmentRequest")
        var console = Scene.console(":ask orders<Enter><Enter>why<Enter><C-s>", 30, 120) { request in
            if case .ask = request { return .failure(error) }
            return Scene.answer(request)
        }
        #expect(console.text.contains("waits already") && console.line(0).contains("orders › ask"))
        console.type("<Enter><C-u>another reason<Enter>")
        #expect(!console.text.contains("waits already") && wishes(console).last?.reason == "another reason")
    }

    @Test("what is given at once takes the leave the console was started with in production; what somebody has to agree to does not")
    func assignment() {
        for (way, isAsked) in [(.assignment, false), (.activation(eligibility: "e"), true)] as [(AccessLimits.Way, Bool)] {
            var console = ConsoleHarness(title: AccessFixture.title()) { request in
                switch request {
                case .connect:
                    .success([.connected(AccessFixture.title()), .changes(refusal: "'retail' is production; start with --allow-changes")])
                case .accessProposal(let wish): .success([.accessProposal(Scene.proposal(wish, way: way))])
                default: ConsoleHarness.usual(request)
                }
            }
            console.type(":ask orders<Enter><Enter>why<Enter>")
            #expect(console.text.contains("start with --allow-changes") != isAsked)
            console.type("<C-s>")
            #expect(asked(console).isEmpty != isAsked)
        }
    }

    @Test("what was asked while another screen lies on the form leaves that one on top, and no form that could be sent again")
    func covered() {
        for key in ["L", "?"] {
            var console = Scene.console(":ask orders<Enter><Enter>why<Enter><C-s>\(key)") { request in
                if case .ask = request { return nil }
                return Scene.answer(request)
            }
            #expect(console.app.top.context != .ask)
            console.answer(.success([.accessRequest(Scene.mine)])) { if case .ask = $0 { true } else { false } }
            #expect(console.app.top.context != .requests && !console.app.screens.contains { $0.context == .ask })
            #expect(console.app.notice?.text.hasPrefix("Asked for") == true)
            console.type("q")
            #expect(console.app.top.context == .board)
            console.type("<C-s>")
            #expect(asked(console).count == 1)
        }
    }

    @Test("asked from a request, neither that one nor the list it came from is left below the list that has the answer")
    func fromRequest() {
        var console = Scene.console("aj<Enter>R<Enter>orders<Enter>jjj<Enter>why<Enter><C-s>")
        #expect(asked(console).count == 1 && console.line(0).contains("access › yours"))
        console.type("q")
        #expect(console.app.top.context == .board)
    }

    @Test("what was filled in is not lost by a key: q, esc and gb ask first or refuse; an untouched form just goes")
    func leaving() {
        var console = Scene.console(":ask orders<Enter>q")
        #expect(console.app.top.context == .board)
        for keys in ["q", "<Esc>"] {
            console = Scene.console(":ask orders<Enter><Enter>INC-1 payloads<Enter>\(keys)")
            #expect(console.text.contains("give up what was filled in?") && console.text.contains("nothing was asked"))
            console.type("no<Enter>")
            #expect(console.line(0).contains("orders › ask") && console.text.contains("INC-1 payloads"))
            console.type("gb")
            #expect(console.app.top.context == .ask && console.text.contains("q asks before it is lost"))
            console.type("qyes<Enter>")
            #expect(console.app.top.context == .board && asked(console).isEmpty)
        }
    }
}
