import ServiceBus
import Terminal
import Testing

@testable import CallboardCore
@testable import Console

/// What waits, what one asked for, and what is in force.
@Suite struct InboxScreenTests {
    private typealias Scene = RequestsFixture

    /// The text without line ends and wide gaps: what is wrapped is one sentence still.
    private func flat(_ console: ConsoleHarness) -> String { console.text.split { $0 == " " || $0 == "\n" }.joined(separator: " ") }

    @Test("the board says how many wait, and a shows them; what is one's own does not count")
    func hint() {
        var console = Scene.console("", 24, 140) { request in
            request == .inbox
                ? .success([.inbox(Scene.inbox(waiting: [Scene.forService, Scene.orders, Scene.mine]))]) : Scene.answer(request)
        }
        #expect(console.line(23).contains("a access (2 waiting)"))
        console.type("a")
        #expect(console.line(0).contains("access › waiting for you"))
        #expect(console.asked.count { $0 == .inbox } == 1)
    }

    @Test("without a sign-in nothing is asked, and a says what it takes")
    func noSignIn() {
        var console = ConsoleHarness()
        #expect(!console.asked.contains(.inbox) && !console.line(23).contains("access"))
        console.type("a")
        #expect(console.text.contains("needs a context that signs in to Azure"))
    }

    @Test("a request says who, what, where in full, how long, why, what they have, by which rule, what it risks and who else was asked")
    func everything() {
        let console = Scene.console("aj", 40, 120)
        let text = flat(console)
        for words in [
            "who M. Ferrari · person \(Scene.ferrari.id)", "what Data Receiver for 1 h, counted from the grant",
            "where orders /subscriptions/",
            "why INC-4471 checkout stuck, need to read failing payloads", "ticket INC-4471", "asked 11-23 03:08:44Z, 4 min ago",
            "has Data Sender on orders", "policy allowed for you to agree to", "risk ! can also complete (delete) messages",
            "others also asked: sg-leads", "kept in Entra PIM", "id 7a000000-0000-4000-8000-000000000001",
        ] { #expect(text.contains(words), "\(words)") }
        #expect(text.filter { $0 != " " }.contains("\(Scene.namespace)/queues/orders"))
    }

    @Test("for a service it says who asked and who would have the role, and that the request is kept cooperatively")
    func service() {
        let console = Scene.console("a", 40, 120)
        #expect(console.line(3).contains("svc-refunds (by L. Haddad)") && console.line(3).contains("30 d"))
        #expect(flat(console).contains("for svc-refunds · service \(Scene.refunds.id)") && flat(console).contains("kept in cooperative"))
    }

    @Test("what is asked about a request that is not looked at any more is stopped")
    func reviews() {
        var console = Scene.console("a") { request in
            if case .accessReview = request { return nil }
            return Scene.answer(request)
        }
        #expect(flat(console).contains("has asking…"))
        console.type("j")
        #expect(console.stopped == [.accessReview(Scene.forService)])
        console.answer(.success([.accessReview(Scene.review(Scene.orders))])) { $0 == .accessReview(Scene.orders) }
        #expect(flat(console).contains("has Data Sender on orders"))
    }

    @Test("one's own request is not to be decided, and why is said; nor is one that would give oneself something")
    func own() {
        let forMe = Scene.request(5, by: Scene.ferrari, for: Scene.me, on: Scene.queue("orders"))
        for (request, words) in [(Scene.mine, "it is your own request"), (forMe, "you would have the role")] {
            for key in ["A", "N", "X"] {
                let console = Scene.console("a\(key)") { asked in
                    asked == .inbox ? .success([.inbox(Scene.inbox(waiting: [request]))]) : Scene.answer(asked)
                }
                #expect(console.line(0).contains("waiting for you") && flat(console).contains("\(words)"))
                #expect(!console.line(23).contains("approve"))
            }
        }
    }

    @Test("what a policy refuses to agree to may be narrowed, and denied")
    func refused() {
        let denial = Denial(
            .tooLong(limit: .seconds(1800), asked: .seconds(3600)), "access.approve on orders is denied: longer than 30 min.",
            remedy: "Ask for less.")
        let respond: (Request) -> Result<[Answer], OperatorError>? = { request in
            if case .accessReview(let about) = request { return .success([.accessReview(Scene.review(about, denial: denial))]) }
            return Scene.answer(request)
        }
        var console = Scene.console("ajA", 24, 120, respond: respond)
        #expect(console.line(0).contains("waiting for you") && flat(console).contains("approve…: refused by"))
        console.type("N")
        #expect(console.line(0).contains("narrow"))
        #expect(Scene.console("ajX", 24, 120, respond: respond).line(0).contains("deny"))
    }

    @Test("what comes while the list is looked at is asked about as well")
    func arriving() {
        var console = Scene.console("a") { $0 == .inbox ? .success([.inbox(Scene.inbox(waiting: []))]) : Scene.answer($0) }
        #expect(console.text.contains("Nothing waits for you"))
        console.respond = { Scene.answer($0) }
        console.now = Fixture.now.advanced(by: .seconds(11))
        console.wake()
        #expect(console.asked.contains(.accessReview(Scene.forService)) && flat(console).contains("policy allowed for you to agree to"))
    }

    @Test("tab goes from what waits to one's own and to what is in force, and round")
    func tabs() {
        var console = Scene.console("a<Tab>", 24, 120)
        #expect(console.line(0).contains("access › yours") && console.line(3).contains("invoices"))
        #expect(!console.asked.contains(.grants))
        console.type("<Tab>")
        #expect(console.line(0).contains("access › in force"))
        #expect(console.line(3).contains("M. Ferrari") && console.line(3).contains("! over since 12 min, still there"))
        #expect(console.line(4).contains("Karin Brandt (you)") && console.line(4).contains("57 min left"))
        console.type("<Tab>")
        #expect(console.line(0).contains("waiting for you"))
    }

    @Test("a role that is there after its end is an error, in a word and in the line above")
    func late() {
        let console = Scene.console("a<Tab><Tab>gg", 24, 120)
        #expect(console.line(1).contains("! 1 over and still there"))
        #expect(console.roles(inRow: 1).contains(.statusError))
        #expect(flat(console).contains("nothing in Azure ends it: 'callboard access sweep' does"))
    }

    @Test("lists that may not be read say so, and the others stand")
    func partly() {
        let refused = OperatorError(.notPermitted, "Listing what waits for you: not permitted.", hint: "Ask an admin.")
        let console = Scene.console("a", 24, 120) { request in
            request == .inbox
                ? .success([
                    .inbox(
                        AccessInbox(
                            me: Scene.me, waiting: .failure(refused), own: .success([Scene.mine]), active: .success([]), asOf: Fixture.now))
                ]) : Scene.answer(request)
        }
        #expect(console.line(1).contains("✕ waiting not known · 1 yours open · 0 in force for you"))
        #expect(console.text.contains("Listing what waits for you: not permitted."))
        #expect(!console.text.contains("Nothing waits"))
    }

    @Test("what nobody asked for is no error when it cannot be read, and is not asked for again where it is not permitted")
    func quietFailure() {
        let refused = OperatorError(.notPermitted, "Listing what waits for you: not permitted.")
        var console = Scene.console("") { $0 == .inbox ? .failure(refused) : Scene.answer($0) }
        #expect(console.app.model.unreadErrors == 0 && console.app.model.log.last?.level == .warning)
        #expect(console.app.model.inboxDue(on: .board) == nil)
        console.type("a")
        // Who opens it asks.
        #expect(console.asked.count { $0 == .inbox } == 2 && console.text.contains("not permitted"))
    }

    @Test("it is read again by itself: often while it is looked at or something of one's own waits, else by the minute on the board")
    func refresh() {
        let idle = Scene.inbox(own: [], active: [])
        var console = Scene.console("") { $0 == .inbox ? .success([.inbox(idle)]) : Scene.answer($0) }
        #expect(console.app.model.inboxDue(on: .board) == Fixture.now.advanced(by: .seconds(60)))
        #expect(console.app.model.inboxDue(on: .entity) == nil)
        #expect(console.app.model.inboxDue(on: .requests) == Fixture.now.advanced(by: .seconds(10)))
        #expect(Scene.console("").app.model.inboxDue(on: .entity) == Fixture.now.advanced(by: .seconds(10)))
        console.type("a")
        console.now = Fixture.now.advanced(by: .seconds(11))
        console.wake()
        #expect(console.asked.count { $0 == .inbox } == 2)
        console.type(":watch off<Enter>")
        #expect(console.app.model.inboxDue(on: .requests) == nil)
    }

    @Test("a request that appears is told wherever one is, with a bell; what came of one's own as well")
    func news() {
        var lists = Scene.inbox(waiting: [Scene.forService])
        var console = Scene.console("") { $0 == .inbox ? .success([.inbox(Scene.inbox(waiting: [Scene.forService]))]) : Scene.answer($0) }
        #expect(console.effects.isEmpty)
        var granted = Scene.mine
        granted.standing = .granted(until: Fixture.now.advanced(by: .seconds(3600)), by: Scene.layla)
        lists = Scene.inbox(own: [granted])
        console.respond = { $0 == .inbox ? .success([.inbox(lists)]) : Scene.answer($0) }
        console.now = Fixture.now.advanced(by: .seconds(61))
        console.wake()
        #expect(console.app.notice?.text == "M. Ferrari asks for Data Receiver on orders for 1 h and 1 more · ga shows it")
        #expect(
            console.app.model.log.contains {
                $0.text == "Data Receiver on invoices: granted by L. Haddad until 04:12Z, effective in minutes"
            })
        #expect(console.effects.contains { if case .bell = $0 { true } else { false } })
    }

    @Test("whoever types is not interrupted by news")
    func noInterruption() {
        var console = Scene.console("") { $0 == .inbox ? .success([.inbox(Scene.inbox(waiting: []))]) : Scene.answer($0) }
        console.type(":ser")
        console.respond = { Scene.answer($0) }
        console.now = Fixture.now.advanced(by: .seconds(61))
        console.wake()
        #expect(console.app.notice == nil && console.app.prompt?.editor.text == "ser")
        #expect(console.app.model.waitingRequests == 2)
    }

    @Test("the top line says until when one has a role, and no longer when it is over")
    func until() {
        var console = Scene.console("", 24, 120)
        #expect(console.line(0).contains("PIM until 04:10Z"))
        console.now = Fixture.now.advanced(by: .seconds(3437))
        #expect(!console.line(0).contains("until"))
        #expect(Scene.console("", 24, 80).line(0).contains("PIM until 04:10Z"))
    }

    @Test("a countdown wakes at the turn of the minute, and by the second only when it is nearly over")
    func countdown() {
        let now = Fixture.now
        let end = { (seconds: Int) in now.advanced(by: .seconds(seconds)) }
        #expect(Countdown.text(until: end(3436), now: now) == "57 min" && Countdown.untilChange(of: end(3436), now: now) == 16_001)
        #expect(Countdown.text(until: end(7500), now: now) == "2 h 5 min")
        #expect(Countdown.text(until: end(120), now: now) == "2 min" && Countdown.untilChange(of: end(120), now: now) == 1)
        #expect(Countdown.text(until: end(119), now: now) == "119 s" && Countdown.untilChange(of: end(119), now: now) == 1)
        #expect(Countdown.text(until: end(0), now: now) == nil && Countdown.untilChange(of: end(-5), now: now) == nil)
        let far = Timestamp(milliseconds: .max)
        #expect(Countdown.text(until: far, now: Timestamp(milliseconds: .min)) != nil)
        #expect(Countdown.text(until: Timestamp(milliseconds: .min), now: far) == nil)
        // Nothing else is on that list that would change sooner; it is read again by itself before.
        var console = Scene.console("a<Tab><Tab>:watch off<Enter>") {
            switch $0 {
            case .inbox: .success([.inbox(Scene.inbox(waiting: [], own: [], active: [Scene.ownGrant]))])
            case .grants: .success([.grants(AccessListing([Scene.ownGrant]), asOf: now)])
            default: Scene.answer($0)
            }
        }
        console.now = now.advanced(by: .seconds(1))
        #expect(console.app.untilChange(now: console.now) == 15_001)
    }

    @Test("a role of one's own is effective in minutes until the namespace shows that it counts")
    func proof() {
        var console = Scene.console("a<Tab><Tab>", 24, 160)
        #expect(console.asked.count { $0 == .probe(Fixture.path("invoices"), .serviceBus(.receiver)) } == 1)
        #expect(console.line(4).contains("effective in minutes"))
        console.respond = { request in
            if case .probe = request { return .success([.probed(.allowed)]) }
            return Scene.answer(request)
        }
        console.now = Fixture.now.advanced(by: .seconds(11))
        console.wake()
        #expect(console.line(4).contains("counts") && !console.line(4).contains("effective"))
        // What is proved is not asked again.
        console.now = Fixture.now.advanced(by: .seconds(22))
        console.wake()
        #expect(console.asked.count { if case .probe = $0 { true } else { false } } == 2)
    }

    @Test("names, reasons and tickets of others cannot steer the terminal")
    func hostile() {
        let nasty = "\u{1B}]0;owned\u{07}\u{202E}evil\u{200B}\nline\u{9B}2J"
        let stranger = AccessParty(id: "x", name: "M. \(nasty)", kind: .person)
        let request = Scene.request(6, by: stranger, on: Scene.queue("orders"), reason: nasty, ticket: nasty)
        for keys in ["a", "a<Enter>", "aA<Esc>"] {
            let console = Scene.console(keys, 40, 120) {
                $0 == .inbox ? .success([.inbox(Scene.inbox(waiting: [request]))]) : Scene.answer($0)
            }
            let text = console.text
            let hostile: [Unicode.Scalar] = ["\u{1B}", "\u{07}", "\u{202E}", "\u{200B}", "\u{9B}"]
            #expect(!text.unicodeScalars.contains { hostile.contains($0) }, "\(keys)")
            #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 41)
        }
    }

    @Test("enter shows one request in full, from where it is decided as well, and says when it is listed no more")
    func inFull() {
        var console = Scene.console("aj<Enter>")
        #expect(console.line(0).contains("request 7a000000"))
        #expect(console.line(1).contains("M. Ferrari asks for Data Receiver on orders for 1 h"))
        console.respond = { $0 == .inbox ? .success([.inbox(Scene.inbox(waiting: []))]) : Scene.answer($0) }
        console.now = Fixture.now.advanced(by: .seconds(11))
        console.wake()
        #expect(console.line(1).contains("no longer listed"))
        console.type("A")
        #expect(console.line(0).contains("request 7a000000"))
    }

    @Test(
        "what is selected stays selected while what was asked for is not listed yet: a line above goes, and the next key is about the same one"
    )
    func selection() {
        let own = (3...5).map { Scene.request($0, by: Scene.me, on: Scene.queue("queue-\($0)")) }
        for (keys, dropped, expected) in [("j", 0, 1), ("", 2, 0)] {
            var console = Scene.console(":ask orders<Enter><Enter>why<Enter><C-s>\(keys)", 24, 120) {
                $0 == .inbox ? .success([.inbox(Scene.inbox(own: own))]) : Scene.answer($0)
            }
            var less = own
            less.remove(at: dropped)
            // One that was asked elsewhere comes first.
            if expected == 0 { less.insert(Scene.request(6, by: Scene.me, on: Scene.queue("queue-6")), at: 0) }
            console.respond = { [less] in $0 == .inbox ? .success([.inbox(Scene.inbox(own: less))]) : Scene.answer($0) }
            console.now = Fixture.now.advanced(by: .seconds(11))
            console.wake()
            console.type("cdone<Enter><C-s>")
            #expect(console.asked.contains(.takeBack(own[expected], reason: "done")))
        }
    }

    @Test("roles of one's own are asked about by turns, and after a quarter of an hour only when a person asks")
    func patience() {
        let grants = [Scene.ownGrant, Scene.grant("g-other", Scene.me, on: Scene.queue("orders"), seconds: 3400)]
        let lists = Scene.inbox(waiting: [], own: [], active: grants)
        var console = Scene.console("a<Tab><Tab>", 24, 160) { $0 == .inbox ? .success([.inbox(lists)]) : Scene.answer($0) }
        let probes = { (console: ConsoleHarness, name: String) in
            console.asked.count { $0 == .probe(Fixture.path(name), .serviceBus(.receiver)) }
        }
        #expect(console.app.model.inboxDue(on: .entity) != nil)
        for step in 1...100 {
            console.now = Fixture.now.advanced(by: .seconds(11 * step))
            console.wake()
        }
        #expect(probes(console, "invoices") > 30 && abs(probes(console, "invoices") - probes(console, "orders")) <= 1)
        #expect(flat(console).contains("not known: it was refused for 15 min; ^R asks again"))
        #expect(console.app.model.inboxDue(on: .entity) == nil)
        let before = probes(console, "invoices") + probes(console, "orders")
        console.type("<C-r>")
        #expect(probes(console, "invoices") + probes(console, "orders") == before + 1)
    }

    @Test("that it could not be asked whether a role counts is in the log, once")
    func probeFailure() {
        var console = Scene.console("") { request in
            if case .probe = request { return .failure(OperatorError(.unreachable, "sb-retail cannot be reached.")) }
            return Scene.answer(request)
        }
        console.now = Fixture.now.advanced(by: .seconds(11))
        console.wake()
        #expect(console.app.model.log.count { $0.text.contains("could not be asked: sb-retail cannot be reached.") } == 1)
    }
}
