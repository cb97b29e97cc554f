import ServiceBus
import Testing

@testable import CallboardCore
@testable import Console

/// What the inbox reads and when, and what it says of what it could not read.
@Suite struct InboxReadingTests {
    private typealias Scene = RequestsFixture

    private func flat(_ console: ConsoleHarness) -> String { console.text.split { $0 == " " || $0 == "\n" }.joined(separator: " ") }

    @Test("the roles of others are read when they are looked at, and while they are: once a minute, not as often as one's own")
    func grants() {
        var console = Scene.console("a", 24, 120)
        for step in 1...5 {
            console.now = Fixture.now.advanced(by: .seconds(11 * step))
            console.wake()
        }
        #expect(console.asked.count { $0 == .inbox } > 4 && !console.asked.contains(.grants))
        #expect(console.line(1).contains("1 in force for you"))
        console.type("<Tab><Tab>")
        let began = console.now
        #expect(console.asked.count { $0 == .grants } == 1 && console.line(1).contains("2 in force"))
        console.now = began.advanced(by: .seconds(50))
        console.wake()
        #expect(console.asked.count { $0 == .grants } == 1)
        console.now = began.advanced(by: .seconds(61))
        console.wake()
        #expect(console.asked.count { $0 == .grants } == 2)
        console.type("q")
        console.now = began.advanced(by: .seconds(200))
        console.wake()
        #expect(console.asked.count { $0 == .grants } == 2)
    }

    @Test("while the roles of others are read one's own are there, with a spinner that esc stops; who leaves has it stopped")
    func grantsReading() {
        let respond: (Request) -> Result<[Answer], OperatorError>? = { $0 == .grants ? nil : Scene.answer($0) }
        var console = Scene.console("a<Tab><Tab>", 24, 120, respond: respond)
        #expect(console.line(3).contains("Karin Brandt (you)") && console.line(1).contains("loading"))
        #expect(console.text.contains("– these are your own; reading those of others…"))
        console.type("<Esc>")
        #expect(console.stopped == [.grants] && console.text.contains("– these are your own; ^R reads those of others"))
        console = Scene.console("a<Tab><Tab>q", 24, 120, respond: respond)
        #expect(console.stopped == [.grants])
        console = Scene.console("a<Tab><Tab>", 24, 120) {
            $0 == .grants ? .failure(OperatorError(.notPermitted, "Listing roles: no.", hint: "It takes Reader.")) : Scene.answer($0)
        }
        #expect(flat(console).contains("✕ the roles of others are not known: Listing roles: no. It takes Reader."))
    }

    @Test("what was to end after it was seen is not said to be still there")
    func overSince() {
        let soon = Scene.grant("g-soon", Scene.ferrari, on: Scene.queue("orders"), seconds: 20, keeper: .note)
        let azure = Scene.grant("g-azure", Scene.ferrari, on: Scene.queue("invoices"), seconds: 20)
        var console = Scene.console("a<Tab><Tab>", 24, 120) {
            $0 == .grants ? .success([.grants(AccessListing([soon, azure]), asOf: Fixture.now)]) : Scene.answer($0)
        }
        console.now = Fixture.now.advanced(by: .seconds(30))
        console.respond = {
            $0 == .inbox ? .success([.inbox(Scene.inbox(asOf: Fixture.now.advanced(by: .seconds(30))))]) : Scene.answer($0)
        }
        console.wake()
        #expect(console.text.contains("over; ^R looks whether it is gone") && !console.text.contains("still there"))
        #expect(!console.text.contains("g-azure") && console.line(1).contains("2 in force"))
    }

    @Test("what could not be read stands below the list with the right it takes, and nothing is said to be nothing")
    func gaps() {
        let gap = RequestGap(
            backend: .cooperative,
            error: OperatorError(.notPermitted, "the queue may not be looked into.", hint: "It takes Data Receiver on approvals."))
        var lists = Scene.inbox()
        lists.gaps = [gap]
        let console = Scene.console("a", 24, 80) { [lists] in $0 == .inbox ? .success([.inbox(lists)]) : Scene.answer($0) }
        #expect(console.line(1).contains("✕ 1 not read · 2 waiting"))
        #expect(
            flat(console).contains(
                "✕ cooperative is not listed, or not all of it: the queue may not be looked into. It takes Data Receiver on approvals."))
        var nothing = Scene.inbox(waiting: [], own: [])
        nothing.gaps = [gap]
        for keys in ["a", "a<Tab>"] {
            let console = Scene.console(keys) { [nothing] in $0 == .inbox ? .success([.inbox(nothing)]) : Scene.answer($0) }
            #expect(flat(console).contains("in what could be read: ✕ cooperative is not listed"))
        }
        let inForce = Scene.console("a<Tab><Tab>", 24, 120) {
            $0 == .grants ? .success([.grants(AccessListing([Scene.ownGrant], gaps: [gap]), asOf: Fixture.now)]) : Scene.answer($0)
        }
        #expect(inForce.line(1).contains("✕ 1 not read") && flat(inForce).contains("It takes Data Receiver on approvals."))
    }

    @Test("what is not known of roles in force is said where those are listed, and nowhere else")
    func gapOfActive() {
        var lists = Scene.inbox()
        lists.activeGaps = [
            RequestGap(
                backend: .pim,
                error: OperatorError(.notPermitted, "you may not list roles that only a note gives an end", hint: "It takes Reader."))
        ]
        let respond: (Request) -> Result<[Answer], OperatorError>? = { [lists] in
            $0 == .inbox ? .success([.inbox(lists)]) : Scene.answer($0)
        }
        #expect(!Scene.console("a", 24, 120, respond: respond).text.contains("✕"))
        #expect(flat(Scene.console("a<Tab><Tab>", 24, 120, respond: respond)).contains("a note gives an end. It takes Reader."))
    }

    @Test("what is refused to two readings is one gap, whatever the tracking ids")
    func sameGap() {
        let gap = { (id: String) in
            RequestGap(
                backend: .pim, error: OperatorError(.notPermitted, "you may not list roles", hint: "It takes Reader.", trackingID: id))
        }
        var lists = Scene.inbox()
        lists.activeGaps = [gap("1")]
        let console = Scene.console("a<Tab><Tab>", 24, 120) { [lists] request in
            switch request {
            case .inbox: .success([.inbox(lists)])
            case .grants: .success([.grants(AccessListing([Scene.ownGrant], gaps: [gap("2")]), asOf: Fixture.now)])
            default: Scene.answer(request)
            }
        }
        #expect(console.line(1).contains("✕ 1 not read"))
    }
}
