import ServiceBus
import Terminal
import Testing

@testable import CallboardCore
@testable import Console

/// The line that every screen has while break-glass is in force or its review is owed.
@Suite struct EmergencyBannerTests {
    private static let now = Fixture.now

    private static func use(
        _ id: String = "3f2a91c0-0000-4000-8000-000000000001", by who: String = "r.osei@contoso.example", minutes: Int = 30,
        review hours: Int? = 24
    ) -> BreakGlassUse {
        BreakGlassUse(
            id: id, who: who, role: "receiver", scope: "\(RequestsFixture.namespace)/queues/emails", reason: "mail stuck",
            beganAt: now.advanced(by: .seconds(-60)), endsAt: now.advanced(by: .seconds(60 * minutes)),
            reviewBy: hours.map { now.advanced(by: .seconds(3600 * $0)) })
    }

    private func console(_ uses: [BreakGlassUse], _ keys: String = "", _ rows: Int = 24, _ columns: Int = 80) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns, title: AccessFixture.title()) { request in
            switch request {
            case .connect: .success([.connected(AccessFixture.title()), .changes(refusal: nil)])
            case .emergencies: .success([.emergencies(uses)])
            default: ConsoleHarness.usual(request)
            }
        }
        console.type(keys)
        return console
    }

    @Test(
        "every screen has it, in red, below where one is: who, until when, what is owed",
        arguments: ["", "ge", "a", "?", "L", "gj", "gk", ":ask orders<Enter>"])
    func everywhere(_ keys: String) {
        let console = console([Self.use()], keys)
        #expect(console.line(1) == " ! BREAK-GLASS  r.osei@… until 03:42Z, 30 min · review owed by 11-24 03:12")
        #expect(console.roles(inRow: 1).contains(.barBadgeProduction) && console.roles(inRow: 1).contains(.barProduction))
        #expect(console.effects.contains { if case .bell = $0 { true } else { false } })
    }

    @Test("where there is room it says the role, the place and the command that writes the review")
    func wide() {
        #expect(
            console([Self.use()], "", 60, 200).line(1)
                == " ! BREAK-GLASS  r.osei@contoso.example has Data Receiver on emails until 03:42Z, 30 min left · review owed by 11-24 03:12: callboard access review 3f2a91c0"
        )
    }

    @Test("without any there is no line")
    func none() {
        #expect(!console([]).text.contains("BREAK-GLASS"))
        #expect(console([]).line(1).contains("4 services"))
    }

    @Test("what is over and not reviewed, what is overdue, and several")
    func owed() {
        let over = Self.use(minutes: 0)
        #expect(
            console([over], "", 24, 120).line(1).contains("r.osei@contoso.example had Data Receiver on emails · review owed by 11-24 03:12")
        )
        let late = Self.use(minutes: -600, review: -2)
        #expect(console([late]).line(1) == " ! BREAK-GLASS  used by r.osei@contoso.example · review OVERDUE since 01:12Z")
        let other = Self.use("b", by: "k.brandt@contoso.example", minutes: 55, review: nil)
        #expect(
            console([other, late, Self.use()], "", 24, 160).line(1).contains(
                "k.brandt@contoso.example and 1 more until 04:07Z, 55 min left · review OVERDUE"))
        #expect(console([late, Self.use("c", minutes: -700, review: -3)]).line(1).contains("2 reviews OVERDUE since 00:12Z"))
    }

    @Test("the ledger is looked at again by itself, however the figures are watched, and after one's own decisions; no paint asks for it")
    func looking() {
        var console = console([], "w")
        #expect(console.asked.count { $0 == .emergencies } == 1)
        for _ in 0..<20 { _ = console.text }
        console.now = Fixture.now.advanced(by: .seconds(29))
        console.wake()
        #expect(console.asked.count { $0 == .emergencies } == 1)
        console.respond = { request in
            request == .emergencies
                ? .success([.emergencies([Self.use()])]) : RequestsFixture.answer(request) ?? ConsoleHarness.usual(request)
        }
        console.now = Fixture.now.advanced(by: .seconds(31))
        console.wake()
        #expect(console.asked.count { $0 == .emergencies } == 2 && console.line(1).contains("BREAK-GLASS"))
        console.type("ajXno<Enter><C-s>")
        #expect(console.asked.count { $0 == .emergencies } == 3)
    }

    @Test("it counts down by the minute, and wakes for it")
    func countdown() {
        var console = console([Self.use(minutes: 29)], "w")
        #expect(console.line(1).contains("29 min"))
        console.now = Fixture.now.advanced(by: .seconds(1))
        #expect(console.line(1).contains("28 min"))
        #expect(EmergencyBanner.untilChange([Self.use(minutes: 29, review: nil)], now: console.now) == 59_001)
    }

    @Test("a ledger that cannot be read interrupts nobody, and is in the log once")
    func failure() {
        var console = ConsoleHarness(title: AccessFixture.title()) { request in
            request == .emergencies ? .failure(OperatorError(.internal, "The ledger cannot be read.")) : ConsoleHarness.usual(request)
        }
        console.now = Fixture.now.advanced(by: .seconds(31))
        console.wake()
        #expect(console.app.model.unreadErrors == 0 && console.app.model.log.count { $0.text == "The ledger cannot be read." } == 1)
    }

    @Test("as the window shrinks it stays as long as the line that says where one is")
    func small() {
        for rows in 1...24 {
            let frame = FrameLayout(rows: rows, columns: 80, needsMessage: false, needsBanner: true)
            #expect(frame.banner.rows == (rows >= 3 ? 1 : 0) && frame.content.rows >= 1, "\(rows)")
            if frame.banner.rows == 1, frame.bar.rows == 1 { #expect(frame.bar.row == 0 && frame.banner.row == 1) }
        }
    }

    @Test("names and scopes of others cannot steer the terminal")
    func hostile() {
        let nasty = Self.use("3f2a91c0-0000-4000-8000-000000000001", by: "\u{1B}]0;owned\u{07}\u{202E}evil\nline")
        let console = console([nasty], "", 24, 160)
        let scalars: [Unicode.Scalar] = ["\u{1B}", "\u{07}", "\u{202E}"]
        #expect(!console.text.unicodeScalars.contains { scalars.contains($0) } && console.line(1).contains("BREAK-GLASS"))
    }
}
