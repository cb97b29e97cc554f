import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// The console as a person uses it, without a terminal.
@Suite struct AppTests {
    private let timeout = OperatorError(
        .timeout, "sb-retail did not answer within 5 s.", hint: "Check the network, then try again.", serviceCode: "amqp:timeout",
        trackingID: "8f0e-a21c")

    // MARK: - The first frame

    @Test("the first frame is there before anything was asked for, and says where we are going")
    func firstFrame() {
        let app = App(rows: 24, columns: 80, title: Fixture.title())
        var surface = Surface(rows: 24, columns: 80)
        app.render(into: &surface, now: Fixture.now)
        #expect(surface.line(0).hasPrefix(" DEMO  sb-retail › services"))
        #expect(surface.line(23).contains("? help"))
    }

    @Test("it connects first, then asks for services and entities in one go, and whether somebody broke the glass")
    func start() {
        let console = ConsoleHarness()
        #expect(console.asked == [.connect, .overview, .emergencies])
    }

    // MARK: - Going there and back

    @Test("from a service to its queue, its dead letters, one message, and back")
    func journey() {
        var console = ConsoleHarness()
        console.type("<Enter>")
        #expect(console.line(0).hasPrefix(" DEMO  sb-retail › checkout "))
        console.type("<Enter>")
        #expect(console.line(0).hasPrefix(" DEMO  sb-retail › checkout › orders "))
        console.type("j<Enter>")
        #expect(console.line(0).hasPrefix(" DEMO  sb-retail › checkout › orders › dead letters "))
        #expect(console.text.contains("MaxDeliveryCountExceeded"))
        console.type("<Enter>")
        #expect(console.text.contains(#""orderId": 88213"#))
        #expect(console.asked.last == .message(Fixture.path("orders").deadLetter, SequenceNumber(4_770_112), .standard))
        console.type("q")
        #expect(!console.text.contains("orderId"))
        console.type("h<Left><Esc>")
        #expect(console.line(0).hasPrefix(" DEMO  sb-retail › services"))
    }

    @Test("going back from the first screen says that it is the first")
    func backFromBoard() {
        var console = ConsoleHarness()
        console.type("q")
        #expect(console.line(22).contains("this is the first screen; Q quits"))
    }

    @Test("d goes straight to the dead letters of a service's worst entity")
    func deadLetters() {
        var console = ConsoleHarness()
        console.type("d")
        #expect(console.asked.last == .scan(Fixture.path("orders").deadLetter, from: nil, limit: MessagesScreen.pageful))
    }

    @Test("gb goes to the board from anywhere, gg to the top, and a half-typed sequence says what may follow")
    func sequences() {
        var console = ConsoleHarness()
        console.type("<Enter><Enter>jjjg")
        #expect(console.line(22).contains("gb board"))
        console.type("g")
        #expect(console.line(22).hasSuffix("1 of 9"))
        console.type("gb")
        #expect(console.line(0).contains("services"))
        console.type("g<Esc>")
        #expect(console.line(0).contains("services"))
    }

    @Test("the entities of a topic's service include the topic's subscriptions; a topic itself has no messages to show")
    func topics() {
        var console = ConsoleHarness()
        console.type("<Enter>jm")
        #expect(console.line(22).contains("a topic holds no messages"))
        console.type("<Enter>")
        #expect(console.text.contains("billing"))
        console.type("d")
        #expect(console.asked.last == .scan(Fixture.path("order-events/Subscriptions/billing").deadLetter, from: nil, limit: 100_000))
    }

    // MARK: - Messages

    @Test("pages are shown as they come, and the spinner stops with the last")
    func pages() {
        var console = ConsoleHarness { request in
            if case .scan = request { return nil }
            return ConsoleHarness.usual(request)
        }
        console.type("d")
        #expect(console.text.contains("Loading dead letters…"))
        let isScan = { (request: Request) in if case .scan = request { true } else { false } }
        console.answer(.success([.page(Fixture.deadLetters(1000))]), isLast: false, to: isScan)
        #expect(console.line(1).contains("1,000 dead letters of about 50,012 so far"))
        #expect(console.line(1).contains("loading"))
        console.answer(.success([.page(Fixture.deadLetters(500, from: 4_780_000))]), to: isScan)
        #expect(console.line(1).hasPrefix(" 1,500 dead letters · all"))
        #expect(console.line(22).hasSuffix("1 of 1,500"))
    }

    @Test("esc stops a scan and keeps what came; + goes on after it")
    func cancel() {
        var console = ConsoleHarness { request in
            if case .scan = request { return nil }
            return ConsoleHarness.usual(request)
        }
        console.type("d")
        let isScan = { (request: Request) in if case .scan = request { true } else { false } }
        console.answer(.success([.page(Fixture.deadLetters(300))]), isLast: false, to: isScan)
        console.type("<Esc>")
        #expect(console.stopped.count == 1)
        #expect(console.line(22).contains("Stopped after 300 messages"))
        #expect(console.line(1).contains("stopped, there may be more"))
        // What a stopped load still sends is nobody's.
        console.answer(.success([.page(Fixture.deadLetters(300, from: 4_780_000))]), to: isScan)
        #expect(console.line(1).hasPrefix(" 300 dead letters"))
        console.type("+")
        #expect(console.asked.last == .scan(Fixture.path("orders").deadLetter, from: SequenceNumber(4_770_412), limit: 100_000))
    }

    @Test("esc is offered while something loads, and only then")
    func stopHint() {
        var console = ConsoleHarness { request in request == .overview ? nil : ConsoleHarness.usual(request) }
        #expect(console.line(23).hasPrefix(" esc stop"))
        console.answer(.success([.overview(Fixture.overview)]), to: { $0 == .overview })
        #expect(!console.line(23).contains("stop"))
    }

    @Test("the next message replaces the open one; the body keeps its form")
    func reading() {
        var console = ConsoleHarness()
        console.type("d<Enter>vJ")
        #expect(console.line(0).contains("#4770113"))
        #expect(console.text.contains("shown as text"))
        console.type("vv")
        #expect(console.text.contains("shown as pretty"))
        console.type("KK")
        #expect(console.line(22).contains("this is the first message"))
    }

    @Test("a message that somebody received meanwhile is said to be gone")
    func goneMessage() {
        var console = ConsoleHarness { request in
            if case .message = request {
                return .failure(OperatorError(.notFound, "Message #4770112 is no longer in orders.", hint: "Load the list again."))
            }
            return ConsoleHarness.usual(request)
        }
        console.type("d<Enter>")
        #expect(console.text.contains("Message #4770112 is no longer in orders."))
        #expect(console.text.contains("Load the list again."))
    }

    @Test("wide screens have list and message side by side, and tab moves the keyboard between them")
    func panes() {
        var console = ConsoleHarness(rows: 60, columns: 200)
        console.type("d<Enter>")
        #expect(console.text.contains("4770115"))
        #expect(console.text.contains(#""orderId": 88213"#))
        console.type("<Tab>j")
        #expect(console.asked.last == .message(Fixture.path("orders").deadLetter, SequenceNumber(4_770_113), .standard))
        console.type("O")
        #expect(!console.text.contains("4770115"))
    }

    // MARK: - Filter

    @Test("the filter narrows while it is typed, stays after enter, and esc clears it")
    func filter() {
        var console = ConsoleHarness()
        console.type("/team-fin")
        #expect(console.line(22).hasPrefix("/team-fin"))
        #expect(console.text.contains("billing"))
        #expect(!console.text.contains("checkout"))
        console.type("<Enter>")
        #expect(console.line(22).contains("/team-fin  esc clears the filter"))
        console.type("<Esc>")
        #expect(console.text.contains("checkout"))
    }

    @Test("esc while typing brings back the filter that was")
    func cancelFilter() {
        var console = ConsoleHarness()
        console.type("/team-fin<Enter>/<C-u>zzz")
        #expect(console.text.contains("No service fits the filter"))
        console.type("<Esc>")
        #expect(console.text.contains("billing"))
        #expect(!console.text.contains("checkout"))
    }

    @Test("messages are filtered by every word, and pages that come later too")
    func filterMessages() {
        var console = ConsoleHarness { request in
            if case .scan = request { return nil }
            return ConsoleHarness.usual(request)
        }
        let isScan = { (request: Request) in if case .scan = request { true } else { false } }
        console.type("d")
        console.answer(.success([.page(Fixture.deadLetters(30))]), isLast: false, to: isScan)
        console.type("/ttl cancelled<Enter>")
        #expect(console.line(1).contains("5 fit the filter"))
        console.answer(.success([.page(Fixture.deadLetters(30, from: 4_780_000))]), to: isScan)
        #expect(console.line(1).contains("10 fit the filter"))
        console.type("/<C-u>!ttl !valid<Enter>")
        #expect(console.line(1).contains("20 fit the filter"))
    }

    // MARK: - When it goes wrong

    @Test("a connection that fails is shown in full with what to try, and ^R tries again")
    func connectionFails() {
        var attempts = 0
        var console = ConsoleHarness { request in
            guard request == .connect else { return ConsoleHarness.usual(request) }
            return nil
        }
        console.answer(.failure(timeout), to: { $0 == .connect })
        attempts += 1
        #expect(console.text.contains("! sb-retail did not answer within 5 s."))
        #expect(console.text.contains("amqp:timeout · tracking id 8f0e-a21c"))
        #expect(console.text.contains("Check the network, then try again."))
        console.type("<C-r>")
        #expect(console.asked == [.connect, .connect])
        console.answer(.success([.connected(Fixture.title())]), to: { $0 == .connect })
        #expect(console.text.contains("checkout"))
    }

    @Test("what may not be counted is said to need a right; messages can be read all the same")
    func notPermitted() {
        let denied = OperatorError(.notPermitted, "Listing entities was refused.", hint: "Ask for Manage.", neededRight: "Manage")
        var board = Fixture.board
        for index in board.rows.indices {
            board.rows[index].deadLetters = .failed(denied)
            board.rows[index].active = .failed(denied)
            board.rows[index].health = .unknown
        }
        board.totals = .failed(denied)
        let blind = Overview(board: board, entities: nil)
        var console = ConsoleHarness { request in request == .overview ? nil : ConsoleHarness.usual(request) }
        console.answer(.success([.overview(blind)]), isLast: false, to: { $0 == .overview })
        console.answer(.failure(denied), to: { $0 == .overview })
        #expect(console.line(1).contains("not permitted (needs Manage)"))
        #expect(console.line(3).contains("✕"))
        #expect(!console.line(3).contains(" 0 "))
        console.type("<Enter>")
        #expect(console.text.contains("messages can be read without counts"))
        console.type("m")
        #expect(console.asked.last == .scan(Fixture.path("orders"), from: nil, limit: 100_000))
    }

    @Test("a refresh that fails keeps the old figures with their age, and goes into the log")
    func refreshFails() {
        var isBroken = false
        let error = timeout
        var console = ConsoleHarness { request in
            request == .overview && isBroken ? .failure(error) : ConsoleHarness.usual(request)
        }
        isBroken = true
        console.now = Timestamp(milliseconds: Fixture.now.milliseconds + 5 * 60_000)
        console.type("<C-r>")
        #expect(console.text.contains("50,016"))
        #expect(console.line(1).contains("as of 03:12:44Z, 5 min"))
        #expect(console.line(22).contains("! sb-retail did not answer"))
        #expect(console.line(0).contains("! 1 error (L)"))
        console.type("L")
        #expect(console.text.contains("tracking id 8f0e-a21c"))
        #expect(!console.line(0).contains("! 1 error"))
    }

    @Test("a scan that fails half way says that the list is incomplete")
    func scanFails() {
        var console = ConsoleHarness { request in
            if case .scan = request { return nil }
            return ConsoleHarness.usual(request)
        }
        let isScan = { (request: Request) in if case .scan = request { true } else { false } }
        console.type("d")
        console.answer(.success([.page(Fixture.deadLetters(30))]), isLast: false, to: isScan)
        console.answer(.failure(timeout), to: isScan)
        #expect(console.line(1).contains("incomplete: the scan failed"))
        #expect(console.text.contains("4770112"))
    }

    @Test("problems of the catalogue are counted on the board and told in the log with file and line, once")
    func catalogueProblems() {
        var overview = Fixture.overview
        overview.board.problems = [CatalogueProblem(file: "catalogue/orders.yaml", line: 12, message: "no such owner")]
        let answer = overview
        var console = ConsoleHarness { $0 == .overview ? .success([.overview(answer)]) : ConsoleHarness.usual($0) }
        console.type("<C-r>L")
        #expect(console.text.contains("catalogue: catalogue/orders.yaml:12: no such owner"))
        #expect(console.line(1).hasPrefix(" 1 log entry"))
    }

    @Test("a key that does nothing says so, and how to find one that does")
    func unknownKey() {
        var console = ConsoleHarness()
        console.type("x")
        #expect(console.line(22).contains("x does nothing here. ? shows the keys."))
    }

    // MARK: - Hostile text

    @Test("text of strangers is shown, never obeyed, on every screen")
    func hostile() {
        let evil = "\u{1B}[2J\u{1B}]0;pwned\u{07}\u{202E}\u{200B}\u{9B}31m\r\nx"
        var overview = Fixture.overview
        overview.board.rows[0].service.name = "svc" + evil
        overview.board.rows[0].service.owner = evil
        overview.board.rows[0].findings = [evil]
        let rows = [
            MessageTable.Row(sequenceNumber: SequenceNumber(1), messageID: evil, subject: evil, deadLetterReason: evil, deliveryCount: 1)
        ]
        let document = MessageDocument(
            sequenceNumber: SequenceNumber(1), peekedAt: Fixture.now, problems: [.init(label: "Reason", value: evil, isProblem: true)],
            facts: [.init(label: "Subject", value: evil)], properties: [.init(name: evil, typeName: "string", value: evil)],
            body: BodyDocument(bytes: Array(evil.utf8)))
        let answer = overview
        let title = ContextTitle(
            name: evil, endpoint: evil, environment: evil, isProduction: true, mode: .readOnly, identity: evil, isEmulator: false)
        var console = ConsoleHarness(title: title) { request in
            switch request {
            case .connect: .success([.connected(title)])
            case .overview: .success([.overview(answer)])
            case .scan: .success([.page(rows)])
            case .message: .success([.message(document)])
            default: .failure(OperatorError(.service, evil, hint: evil, serviceCode: evil, trackingID: evil))
            }
        }
        for keys in ["", "<Enter>", "<Enter>", "L", "q", "d", "<Enter>", "v", "v", "q/", "\u{7}<Enter>", "<Esc>:entity "] {
            console.type(keys)
            for (rows, columns) in [(24, 80), (60, 200), (5, 20)] {
                console.resize(rows, columns)
                let text = console.text
                let bad = text.unicodeScalars.filter { $0 != "\n" && ($0.value < 0x20 || (0x7F..<0xA0).contains($0.value)) }
                #expect(bad.isEmpty)
                #expect(!text.unicodeScalars.contains { $0.value == 0x202E || $0.value == 0x200B })
            }
        }
    }

    // MARK: - Production, age, focus

    @Test("production says so in a word, in a double rule and in roles of its own")
    func production() {
        let title = Fixture.title(isProduction: true)
        let console = ConsoleHarness(title: title) { $0 == .connect ? .success([.connected(title)]) : ConsoleHarness.usual($0) }
        #expect(console.line(0).hasPrefix(" PROD "))
        #expect(console.line(0).hasSuffix("read-only"))
        #expect(console.line(2).contains("═"))
        #expect(console.roles(inRow: 0) == [.barBadgeProduction, .barProduction])
    }

    @Test("80 columns are enough to say who one is: in full, else without the organisation, beside errors too")
    func identity() {
        let console = { (identity: String, columns: Int) in
            let title = AccessFixture.title(identity: identity)
            return ConsoleHarness(columns: columns, title: title) {
                $0 == .connect ? .success([.connected(title)]) : ConsoleHarness.usual($0)
            }
        }
        #expect(console("r.osei@contoso", 80).line(0).hasSuffix(" r.osei@contoso · read-only"))
        var narrow = console("r.osei@contoso-retail.example", 80)
        #expect(narrow.line(0).hasSuffix(" as r.osei@… · read-only"))
        narrow.send(.log(LogEntry(time: Fixture.now, level: .error, source: "", text: "x")))
        #expect(narrow.line(0).hasSuffix("! 1 error (L) · as r.osei@… · read-only"))
        #expect(narrow.line(0).contains("sb-retail › services"))
        #expect(console("a.name.of.more.than.twenty@contoso.example", 80).line(0).hasSuffix("as a.name.of.more.than… · read-only"))
        #expect(console("RootManageSharedAccessKeyOfTheWholeNamespace", 80).line(0).hasSuffix(" read-only"))
        #expect(console("r.osei@contoso-retail.example", 200).line(0).hasSuffix(" r.osei@contoso-retail.example · read-only"))
    }

    @Test("a context with masking says so beside the name of its environment")
    func masking() {
        var title = Fixture.title(isProduction: true)
        title.isMasking = true
        let console = ConsoleHarness(title: title) { [title] in $0 == .connect ? .success([.connected(title)]) : ConsoleHarness.usual($0) }
        #expect(console.line(0).hasPrefix(" PROD · MASKED "))
    }

    @Test("a production context whose label does not say so is labelled PRODUCTION")
    func productionLabel() {
        let title = ContextTitle(
            name: "live", endpoint: "sb", environment: "live", isProduction: true, mode: .readOnly, identity: "", isEmulator: false)
        let console = ConsoleHarness(title: title) { $0 == .connect ? .success([.connected(title)]) : ConsoleHarness.usual($0) }
        #expect(console.line(0).hasPrefix(" PRODUCTION LIVE "))
    }

    @Test("nothing on screen changes by itself but a spinner, an age once a minute, and figures that load themselves")
    func deadlines() throws {
        var console = ConsoleHarness { request in request == .overview ? nil : ConsoleHarness.usual(request) }
        #expect(try #require(console.app.untilChange(now: console.now)) <= Spinner.period)
        console.answer(.success([.overview(Fixture.overview)]), to: { $0 == .overview })
        #expect(console.app.untilChange(now: console.now) == 10_000)
        console.type("w")
        #expect(console.app.untilChange(now: console.now) == 60_001)
        console.type("?")
        #expect(console.app.untilChange(now: console.now) == nil)
    }

    @Test("the hardware cursor is on the selected row, and in the line while one types")
    func cursor() {
        var console = ConsoleHarness()
        console.type("jj")
        #expect(console.surface.cursor == Surface.Position(row: 5, column: 0))
        #expect(!console.surface.showsCursor)
        console.type("/ab")
        #expect(console.surface.cursor == Surface.Position(row: 22, column: 3))
        #expect(console.surface.showsCursor)
    }

    @Test("the selection follows the service when a refresh brings another order")
    func stableSelection() {
        var overview = Fixture.overview
        var console = ConsoleHarness { $0 == .overview ? .success([.overview(overview)]) : ConsoleHarness.usual($0) }
        console.type("j")
        overview.board.rows.reverse()
        console.type("<C-r><Enter>")
        #expect(console.line(0).contains("billing"))
    }

    // MARK: - The command line

    @Test("every command that is not the prompt's own can be run by name on some screen")
    func byName() {
        for command in CommandTable.all where command.group != .prompt {
            var console = ConsoleHarness()
            if !command.contexts.contains(.board) {
                let way: [(KeyContext, String)] = [
                    (.entity, "<Enter><Enter>"), (.tree, "ge"), (.tester, "gejjjgt"), (.form, "gee"), (.messages, "d"),
                    (.sessions, ":sessions orders<Enter>"), (.groups, "c"), (.trace, ":trace x<Enter>"),
                ]
                console.type(way.first { command.contexts.contains($0.0) }?.1 ?? "d<Enter>")
            }
            let argument =
                switch command.argument {
                case .service: " billing"
                case .entity, .subject: " order-events"
                case .theme: " nord"
                case .file: " /tmp/screen.txt"
                case .interval: " 30s"
                case .id: " order-88213"
                case .condition: " tenant = 'emea'"
                case nil: ""
                }
            console.type(":\(command.id.rawValue)\(argument)<Enter>")
            #expect(console.app.prompt?.complaint == nil, "\(command.id.rawValue)")
            #expect(
                console.app.context != .prompt
                    || [.filter, .commandLine, .addProperty, .create, .groupBy, .find, .goToPath].contains(command.id),
                "\(command.id.rawValue)")
            #expect(console.app.notice?.kind != .error, "\(command.id.rawValue)")
        }
    }

    @Test("suggestions come from the table, disabled ones with the reason; tab completes, enter takes the best")
    func palette() {
        var console = ConsoleHarness()
        console.type(":ba")
        #expect(console.text.contains("✕ this is the first screen"))
        console.type("<C-u>ent<Tab>")
        #expect(console.line(22).hasPrefix(":entity"))
        console.type("ord<Tab>")
        #expect(console.line(22).hasPrefix(":entity order"))
        console.type("s<Enter>")
        #expect(console.line(0).contains("› orders"))
        console.type(":refr<Enter>")
        #expect(console.asked.last == .entity(Fixture.path("orders")))
    }

    @Test("an unknown command is refused in the line; an argument that is missing is asked for; history comes back")
    func commandLine() {
        var console = ConsoleHarness()
        console.type(":zzz<Enter>")
        #expect(console.line(22).contains("! no command 'zzz'"))
        console.type("<C-u>entity<Enter>")
        #expect(console.line(22).contains("! which entity?"))
        console.type("orders<Enter>:<Up>")
        #expect(console.line(22).hasPrefix(":entity orders"))
        console.type("<C-u><Backspace>")
        #expect(console.app.prompt == nil)
    }

    @Test("an entity is found by what a person types, also a subscription and a sub-queue")
    func entityByName() {
        var console = ConsoleHarness()
        console.type(":entity Order-Events/Billing<Enter>")
        #expect(console.asked.contains(.entity(Fixture.path("order-events/Subscriptions/billing"))))
        console.type(":entity orders/$deadletterqueue<Enter>")
        #expect(console.asked.last == .scan(Fixture.path("orders").deadLetter, from: nil, limit: 100_000))
        console.type(":entity bad name!<Enter>")
        #expect(console.line(22).contains("is not an entity name"))
    }

    @Test("a saved screen is the screen")
    func saveScreen() {
        var console = ConsoleHarness()
        let before = console.text
        console.type(":save-screen /tmp/x.txt<Enter>")
        #expect(console.asked.last == .saveScreen(path: "/tmp/x.txt", text: before + "\n"))
        #expect(console.line(22).contains("written to /tmp/x.txt"))
    }

    // MARK: - Help

    @Test("help is the table: every command of the screen with its keys", arguments: KeyContext.allCases.filter { $0 != .prompt })
    func help(_ context: KeyContext) {
        let keymap = Keymap()
        let text = HelpScreen.lines(for: context, keymap: keymap, filter: TextFilter()).map(\.text).joined(separator: "\n")
        for command in CommandTable.all where command.contexts.contains(context) || command.contexts == [.prompt] {
            #expect(text.contains(command.help))
            let shown = command.contexts == [.prompt] ? KeyContext.prompt : context
            for keys in keymap.keys(of: command.id, in: shown) { #expect(text.contains(keys.label)) }
        }
        for command in CommandTable.all where !command.contexts.contains(context) && command.contexts != [.prompt] {
            #expect(!text.contains(command.help))
        }
    }

    @Test("help is about the screen it was called from, and can be filtered")
    func helpScreen() {
        var console = ConsoleHarness()
        console.type("d<Enter>?")
        #expect(console.line(1).contains("one message"))
        console.type("/next form<Enter>")
        #expect(console.text.contains(":body-form"))
        #expect(!console.text.contains(":quit"))
    }

    // MARK: - Terminal events

    @Test("pasted text goes into the line and is never run as keys")
    func paste() {
        var console = ConsoleHarness()
        console.send(.input(.paste("Q\nd")))
        #expect(console.effects.isEmpty)
        #expect(console.line(22).contains("Pasted text was ignored"))
        console.type("/")
        console.send(.input(.paste("team-\nfin")))
        #expect(console.line(22).hasPrefix("/team- fin"))
    }

    @Test("Q and ^C leave, SIGTERM too, and a terminal that is gone")
    func leaving() {
        for (event, code): (Event, Int32) in [
            (.input(.key(.character("Q"))), 0), (.input(.key(.control("c"))), 0), (.input(.terminate(signal: 15)), 143),
            (.input(.endOfInput), 129),
        ] {
            var console = ConsoleHarness()
            console.send(event)
            guard case .quit(code)? = console.effects.last else {
                Issue.record("\(event) should quit with \(code)")
                continue
            }
        }
    }

    @Test("^Z suspends, ^L redraws, and coming back redraws")
    func suspending() {
        var console = ConsoleHarness()
        console.type("<C-z><C-l>")
        console.send(.input(.resumed))
        #expect(console.effects.map { "\($0)" } == ["suspend", "redraw", "redraw"])
    }

    @Test("the mouse is off until it is asked for; then a click selects, a second one opens, the wheel moves")
    func mouse() {
        var console = ConsoleHarness()
        console.send(.input(.mouse(MouseEvent(.press(.left), row: 4, column: 5))))
        #expect(console.line(22).hasSuffix("1 of 5"))
        console.type("M")
        console.send(.input(.mouse(MouseEvent(.press(.left), row: 4, column: 5))))
        #expect(console.line(22).hasSuffix("2 of 5"))
        console.send(.input(.mouse(MouseEvent(.wheel(.down), row: 4, column: 5))))
        #expect(console.line(22).hasSuffix("5 of 5"))
        for _ in 0..<2 { console.send(.input(.mouse(MouseEvent(.press(.left), row: 4, column: 5)))) }
        #expect(console.line(0).contains("› billing"))
    }
}
