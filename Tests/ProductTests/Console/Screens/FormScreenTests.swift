import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// Creating, changing and removing: a form, the difference, and only then a request.
@Suite struct FormScreenTests {
    private let orders = EntityTarget.queue(Fixture.path("orders"))

    private func console(_ rows: Int = 24, _ columns: Int = 80, refusal: String? = nil, isProduction: Bool = false) -> ConsoleHarness {
        let title = Fixture.title(isProduction: isProduction)
        return ConsoleHarness(rows: rows, columns: columns, title: title) { request in
            switch request {
            case .connect: .success([.connected(title), .changes(refusal: refusal)])
            default: ConsoleHarness.usual(request)
            }
        }
    }

    private func carriedOut(_ console: ConsoleHarness) -> [EntityChange] {
        console.asked.compactMap { if case .carryOut(let change) = $0 { change } else { nil } }
    }

    /// Selects the line of a setting by the filter, and takes that away again.
    private func select(_ setting: String, _ console: inout ConsoleHarness) { console.type("/\(setting)<Enter><Esc>") }

    // MARK: - Screens

    @Test("the form of a queue, 80x24: what it has, and what the selected setting is about")
    func form80() {
        var console = console()
        console.type("gee")
        #expect(
            console.text == """
                 DEMO  sb-retail › entities › orders › settings       dana@contoso · read-write
                 queue orders · nothing is different yet                as of 03:12:44Z, <1 min
                ─ settings ─────────────────────────────────────────────────────────────────────
                ▌   status                        active
                    lock-duration                 1m
                    max-delivery-count            10
                    default-time-to-live          14d
                    dead-letter-on-expiration     –
                    forward-to                    –
                    forward-dead-letters-to       –
                    duplicate-detection-window    –
                    max-size-megabytes            –
                    max-message-kilobytes         –
                    auto-delete-on-idle           –
                    batched-operations            –
                    supports-ordering             –
                    express                       –
                    user-metadata                 –
                ─ fixed for life ───────────────────────────────────────────────────────────────
                    requires-session              false
                    requires-duplicate-detection  –
                  Whether it takes and gives messages.
                                                                                        1 of 18
                 enter change · / filter · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("the difference, 80x24: before and after, what follows, and how to go on")
    func difference80() {
        var console = console()
        console.type("gee<Enter><C-u>disabled<Enter>j<Enter><C-u>30s<Enter><C-s>")
        #expect(
            console.text == """
                 DEMO  … › orders › settings › difference             dana@contoso · read-write
                 update queue orders · 2 settings · nothing was sent y… as of 03:12:44Z, <1 min
                ─ what follows ─────────────────────────────────────────────────────────────────
                ▌ ! Nobody can send to it or receive from it.
                ─ difference ───────────────────────────────────────────────────────────────────
                  status         active → disabled
                  lock-duration  1m     → 30s














                  enter carries it out · q: nothing happens
                                                                                         1 of 3
                 enter carry out · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("a removal, 200x60: what is lost comes first")
    func removal200() {
        var console = console(60, 200)
        console.type("geD")
        #expect(
            (0...14).map { console.line($0) }.joined(separator: "\n") == """
                 DEMO  sb-retail › entities › orders › remove                                                                                                                                 dana@contoso · read-write
                 remove queue orders · nothing was sent yet                                                                                                                                     as of 03:12:44Z, <1 min
                ─ what follows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                ▌ ! Its messages are lost: 1830 active, 50012 dead-lettered, 12 scheduled.
                ─ settings that go with it ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                  status                active
                  lock-duration         1m
                  max-delivery-count    10
                  default-time-to-live  14d
                  requires-session      false





                """)
    }

    @Test("a new rule, 200x60: the condition is checked as it is typed")
    func rule200() {
        var console = console(60, 200)
        console.type(":entity order-events/billing<Enter>a")
        console.type("<Enter>eu-only<Enter>")
        select("sql", &console)
        console.type("<Enter>region = ")
        #expect(console.line(57).contains("↓ ! expected"))
        console.type("'eu'<Enter><C-s>")
        #expect(
            (0...8).map { console.line($0) }.joined(separator: "\n") == """
                 DEMO  sb-retail › order-events/billing › new rule › difference                                                                                                               dana@contoso · read-write
                 create rule order-events/billing/eu-only · 2 settings · nothing was sent yet
                ─ difference ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                ▌ filter  – → sql
                  sql     – → region = 'eu'




                """)
    }

    // MARK: - Changing

    @Test("nothing is sent before the difference was shown and carried out; then it is said and loaded again")
    func update() throws {
        var console = console()
        console.type("gee<C-s>")
        #expect(console.line(22).contains("nothing is different yet"))
        select("max-delivery", &console)
        console.type("<Enter><C-u>5<Enter>")
        #expect(console.text.contains("* max-delivery-count"))
        #expect(console.text.contains("was 10"))
        console.type("<C-s>")
        #expect(carriedOut(console).isEmpty)
        #expect(console.text.contains("max-delivery-count  10 → 5"))
        console.type("<Enter>")
        let change = try #require(carriedOut(console).first)
        #expect(change.operation == .update && change.target == orders)
        #expect(change.difference.map(\.setting.name) == ["max-delivery-count"])
        #expect(console.line(0).contains("› entities "), "form and difference are left")
        #expect(console.line(22).contains("Changed queue orders."))
        #expect(console.asked.last == .overview)
    }

    @Test("q leaves the difference, then asks before the form is left with what was filled in, and nothing was sent")
    func leaving() {
        var console = console()
        console.type("gee<Enter><C-u>disabled<Enter><C-s>")
        console.type("q")
        #expect(console.text.contains("* status"))
        console.type("q")
        #expect(console.line(22).hasPrefix("give up what was filled in?"))
        console.type("no<Enter>")
        #expect(console.text.contains("* status"))
        #expect(console.line(22).contains("Nothing was given up."))
        console.type("<Esc>")
        #expect(console.line(22).hasPrefix("give up what was filled in?"), "esc leaves a form as q does")
        console.type("<Esc>")
        #expect(console.text.contains("* status"))
        console.type("qyes<Enter>")
        #expect(console.line(0).contains("› entities "))
        #expect(carriedOut(console).isEmpty)
    }

    @Test("a form in which nothing was filled in is left at once, and a question that was left does not answer for a setting")
    func leavingUnchanged() {
        var console = console()
        console.type("geeq")
        #expect(console.line(0).contains("› entities "))
        console.type("e<Enter><C-u>disabled<Enter>q<Esc>")
        console.type("j<Enter><C-u>30s<Enter>")
        #expect(console.text.contains("* lock-duration"))
    }

    @Test("what was filled in is not lost by going elsewhere", arguments: ["gb", "ge", ":entity invoices<Enter>gb", "<C-s>gb"])
    func goingElsewhere(_ keys: String) {
        var console = console()
        console.type("gee<Enter><C-u>disabled<Enter>" + keys)
        #expect(console.line(22).contains("a form is filled in and was not sent"))
    }

    @Test("a value that is none is refused in its line with what would be right")
    func badValue() {
        var console = console()
        console.type("gee")
        select("lock-duration", &console)
        console.type("<Enter><C-u>1h<Enter>")
        #expect(console.line(21).contains("! lock-duration must be from 1s to 5m"))
        #expect(console.line(22).hasPrefix("lock-duration: 1h"))
        console.type("<C-u>30s<Enter>x")
        #expect(!console.text.contains("* lock-duration"), "x leaves the setting as it was")
    }

    @Test("flags and words are chosen from a list, forwarding from the entities there are; what is fixed for life says so")
    func choices() {
        var console = console()
        console.type("gee<Enter>")
        #expect(console.text.contains("send-disabled") && console.text.contains("receive-disabled"))
        console.type("<Esc>")
        select("forward-to", &console)
        console.type("<Enter>inv<Tab><Enter>")
        #expect(console.text.contains("* forward-to"))
        #expect(console.text.contains("invoices"))
        select("requires-session", &console)
        console.type("<Enter>")
        #expect(console.line(22).contains("it is fixed when a queue is created"))
    }

    // MARK: - Creating

    @Test("what is new is chosen first: queues and topics anywhere, subscriptions and rules below what is selected")
    func create() throws {
        var console = console()
        console.type("gea")
        #expect(console.line(22).hasPrefix("new:"))
        #expect(!console.text.contains("subscription of"))
        console.type("queue<Enter>")
        #expect(console.line(1).contains("new queue · needs a name · nothing was sent"))
        console.type("<C-s>")
        #expect(console.line(22).contains("it has no name yet"))
        console.type("<Enter>bad name!<Enter>")
        #expect(console.line(21).contains("is not an entity name"))
        console.type("<C-u>orders-eu<Enter>")
        select("requires-session", &console)
        console.type("<Enter><C-u>true<Enter><C-s><Enter>")
        let change = try #require(carriedOut(console).first)
        #expect(change.operation == .create && change.target == .queue(Fixture.path("orders-eu")))
        #expect(change.difference.contains { $0.setting.name == "requires-session" && $0.after == "true" })
        #expect(console.line(22).contains("Created queue orders-eu."))
    }

    @Test("a subscription is created below the selected topic, and is selected once the listing has it")
    func createSubscription() throws {
        var listed = Fixture.overview
        var console = ConsoleHarness { request in request == .overview ? .success([.overview(listed)]) : ConsoleHarness.usual(request) }
        console.type("gejjja")
        #expect(console.text.contains("subscription of order-events"))
        console.type("sub<Tab><Enter><Enter>audit<Enter>")
        listed = Overview(
            board: Fixture.board,
            entities: EntityListing(
                entities: (Fixture.entities + [Fixture.entity("order-events/Subscriptions/audit", .subscription)]).sorted {
                    $0.path < $1.path
                },
                asOf: Fixture.now))
        console.type("<C-s><Enter>")
        let change = try #require(carriedOut(console).first)
        #expect(change.target == .subscription(Fixture.path("order-events/Subscriptions/audit")))
        let row = try #require(console.surface.cursor?.row)
        #expect(console.line(row).contains("└ audit"))
    }

    // MARK: - Removing

    @Test("a removal wants the name typed; anything else sends nothing")
    func remove() throws {
        var console = console()
        console.type("geD")
        #expect(console.text.contains("Its messages are lost: 1830 active, 50012 dead-lettered, 12 scheduled."))
        console.type("<Enter>")
        #expect(console.line(22).hasPrefix("type orders to go on:"))
        console.type("order<Enter>")
        #expect(console.line(21).contains("that is not orders: nothing was sent"))
        #expect(carriedOut(console).isEmpty)
        console.type("s<Enter>")
        #expect(try #require(carriedOut(console).first).operation == .remove)
        #expect(console.line(22).contains("Removed queue orders."))
    }

    @Test("removed from its own page, the page is left too")
    func removeFromPage() {
        var console = console()
        console.type("ge<Enter>D<Enter>orders<Enter>")
        #expect(console.line(0).contains("› entities "))
        console = self.console()
        console.type(":entity order-events/billing<Enter>jjjjjD")
        #expect(console.line(1).contains("remove rule order-events/billing/large"))
        console.type("<Enter>order-events/billing/large<Enter>")
        #expect(console.line(0).contains("› order-events/billing "))
        #expect(console.asked.last != .overview || console.asked.contains(.rules(Fixture.path("order-events/Subscriptions/billing"))))
    }

    // MARK: - When it goes wrong

    @Test("what the service refuses is shown in its words, and the difference stays")
    func refusedByTheService() {
        var console = ConsoleHarness { request in
            if case .carryOut = request {
                return .failure(OperatorError(.conflict, "Somebody else changed queue orders.", hint: "Look at it as it is now."))
            }
            return ConsoleHarness.usual(request)
        }
        console.type("gee<Enter><C-u>disabled<Enter><C-s><Enter>")
        #expect(console.text.contains("! Somebody else changed queue orders."))
        #expect(console.text.contains("Look at it as it is now."))
        #expect(console.text.contains("active → disabled"))
    }

    @Test("while it is being carried out it can be neither left nor called back")
    func underWay() {
        var console = ConsoleHarness { request in if case .carryOut = request { nil } else { ConsoleHarness.usual(request) } }
        console.type("gee<Enter><C-u>disabled<Enter><C-s><Enter>")
        for keys in ["q", "<Enter>", "gb"] {
            console.type(keys)
            #expect(console.line(22).contains("it was sent; wait for the answer"))
        }
        console.type("<Esc>")
        #expect(console.line(22).contains("cannot be called back"))
        #expect(console.stopped.isEmpty)
        #expect(carriedOut(console).count == 1)
    }

    @Test("a change that ends beneath the help or the log closes its own screens and not those")
    func endsBeneath() {
        var console = ConsoleHarness { request in if case .carryOut = request { nil } else { ConsoleHarness.usual(request) } }
        console.type("gee<Enter><C-u>disabled<Enter><C-s><Enter>?")
        #expect(console.line(0).contains("› difference › help "))
        console.answer(.success([.changed(nil)])) { if case .carryOut = $0 { true } else { false } }
        #expect(console.line(0).contains("› entities › help "))
        #expect(console.line(22).contains("Changed queue orders."))
        console.type("q")
        #expect(console.line(0).contains("› entities "))
        #expect(!console.line(0).contains("orders"))
    }

    @Test("where changes are not allowed, the commands say why and send nothing")
    func readOnly() {
        var console = console(refusal: "'retail' is read-only; start with --allow-changes")
        for key in ["a", "e", "D"] {
            console.type("ge\(key)")
            #expect(console.line(22).contains("start with --allow-changes"), "\(key)")
        }
        console.type(":ne")
        #expect(console.text.contains("✕ 'retail' is read-only; start"))
        #expect(!console.asked.contains { if case .settings = $0 { true } else { false } })
    }

    @Test("in production every change wants the name typed")
    func production() throws {
        var console = console(isProduction: true)
        console.type("gee<Enter><C-u>disabled<Enter><C-s><Enter>")
        #expect(console.line(22).hasPrefix("type orders to go on:"))
        #expect(carriedOut(console).isEmpty)
        console.type("orders<Enter>")
        #expect(try #require(carriedOut(console).first).operation == .update)
    }

    @Test("hostile settings are shown, never obeyed")
    func hostile() {
        let evil = "\u{1B}[2J\u{202E}x"
        var definition = EntityDefinition(.queue)
        definition.userMetadata = evil
        let settings = EntitySettings(orders, .entity(EntityRevision(description: Fixture.orders, definition: definition)))
        var console = ConsoleHarness { request in
            switch request {
            case .settings: .success([.settings(settings)])
            case .carryOut: .failure(OperatorError(.service, evil, hint: evil))
            default: ConsoleHarness.usual(request)
            }
        }
        for keys in ["gee", "G", "<Esc>", "geD", "<Enter>orders<Enter>"] {
            console.type(keys)
            #expect(!console.text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E })
        }
    }
}
