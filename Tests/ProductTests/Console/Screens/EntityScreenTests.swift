import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// The page of one entity.
@Suite struct EntityScreenTests {
    static let billing = Fixture.path("order-events/Subscriptions/billing")

    private func open(
        _ entity: EntityDescription, _ rows: Int = 24, _ columns: Int = 80, rules: Result<[Answer], OperatorError>? = nil
    ) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns) { request in
            switch request {
            case .entity(entity.path): .success([.entity(entity)])
            case .rules: rules ?? ConsoleHarness.usual(request)
            default: ConsoleHarness.usual(request)
            }
        }
        console.type(":entity \(entity.path.displayName)<Enter>")
        return console
    }

    private var subscription: EntityDescription {
        var entity = Fixture.entity("order-events/Subscriptions/billing", .subscription, dead: 4, active: 2)
        entity.settings = [
            .init(name: "LockDuration", value: "PT1M"), .init(name: "DeadLetteringOnMessageExpiration", value: "false"),
            .init(name: "DefaultMessageTimeToLive", value: "P10675199DT2H48M5.4775807S"),
            .init(name: "CreatedAt", value: "2026-11-21T03:12:44Z"), .init(name: "AccessedAt", value: "0001-01-01T00:00:00"),
            .init(name: "EntityAvailabilityStatus", value: "Available"),
        ]
        return entity
    }

    @Test("a subscription, 80x24: counts, rules set out, settings in groups with what they mean")
    func subscription80() {
        #expect(
            open(subscription).text == """
                 DEMO  sb-retail › order-events/billing               dana@contoso · read-write
                 order-events/billing · subscription · active · dead l… as of 03:12:44Z, <1 min
                 service checkout   owner team-cart   on call R. Osei
                ─ messages ─────────────────────────────────────────────────────────────────────
                ▌ messages                                  2
                  dead letters                              4
                  transfer dead letters                     0
                  deferred messages                         –   the service does not tell; C co…
                  scheduled messages                        0
                ─ rules (2) ────────────────────────────────────────────────────────────────────
                  large            when  amount > 500
                                    and  (region = 'eu' OR region IS NULL)
                                   then  SET review = 'manual'
                                   then  REMOVE trace
                  placed           when  sys.Label = 'OrderPlaced'
                                    and  tier = 'gold'
                ─ delivery ─────────────────────────────────────────────────────────────────────
                  LockDuration                      PT1M                  1 min
                  DefaultMessageTimeToLive          P10675199DT2H48M5.47… for ever
                  DeadLetteringOnMessageExpiration  false                 expired messages vani…
                ─ history ──────────────────────────────────────────────────────────────────────
                  CreatedAt                         2026-11-21T03:12:44Z  2 d ago
                                                                                        1 of 17
                 enter open · d dead · m messages · c groups · C count · a new · e edit
                """)
    }

    @Test("a topic, 80x24: its subscriptions with the age of each")
    func topic80() {
        #expect(
            open(Fixture.entity("order-events", .topic)).text == """
                 DEMO  sb-retail › order-events                       dana@contoso · read-write
                 order-events · topic · active                          as of 03:12:44Z, <1 min
                 service checkout   owner team-cart   on call R. Osei
                ─ subscriptions (2) ────────────────────────────────────────────────────────────
                ▌ billing                    4 dead       2 active  <1 min old
                  search                     0 dead       0 active  <1 min old
















                                                                                         1 of 2
                 enter open · d dead · m messages · c groups · a new · e edit · D remove
                """)
    }

    @Test("a queue, 200x60: keys by name and rights, how full it is")
    func queue200() {
        var queue = Fixture.orders
        queue.sizeInBytes = 966_367_641
        queue.settings += [
            .init(name: "SizeInBytes", value: "966367641"), .init(name: "MaxSizeInMegabytes", value: "1024"),
            .init(name: "AuthorizationRules.AuthorizationRule@type", value: "SharedAccessAuthorizationRule"),
            .init(name: "AuthorizationRules.AuthorizationRule.Rights.AccessRights", value: "Send"),
            .init(name: "AuthorizationRules.AuthorizationRule.Rights.AccessRights", value: "Listen"),
            .init(name: "AuthorizationRules.AuthorizationRule.KeyName", value: "checkout-app"),
            .init(name: "AuthorizationRules.AuthorizationRule.PrimaryKey", value: "‹secret›"),
        ]
        let console = open(queue, 60, 200)
        #expect(
            (1...20).map { console.line($0) }.joined(separator: "\n") == """
                 orders · queue · active · dead letters 50,012                                                                                                                                  as of 03:12:44Z, <1 min
                 service checkout   owner team-cart   on call R. Osei
                ─ messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                ▌ messages                      1,830
                  dead letters                 50,012
                  transfer dead letters             0
                  deferred messages                 –   the service does not tell; C counts them
                  scheduled messages               12
                ─ keys to it alone (1) ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                  checkout-app              Send, Listen
                ─ delivery ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                  LockDuration              PT1M       1 min
                  MaxDeliveryCount          10         deliveries before a message is dead-lettered
                  RequiresSession           false
                  DefaultMessageTimeToLive  P14D       14 d
                ─ room ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                  SizeInBytes               966367641  ! 966 MB, 90 % of the quota
                  MaxSizeInMegabytes        1024


                """)
        #expect(!console.text.contains("PrimaryKey"))
    }

    @Test("rules that may not be read are said to need a right; a subscription without rules gets nothing")
    func rules() {
        let denied = OperatorError(.notPermitted, "Refused.", neededRight: "Manage")
        #expect(open(subscription, rules: .failure(denied)).text.contains("✕ not permitted (needs Manage)"))
        #expect(open(subscription, rules: .success([.rules([])])).text.contains("none: it gets no message"))
    }

    @Test("a long condition goes on in the next row and loses nothing")
    func longRule() {
        let words = (0..<30).map { "'country-\($0)'" }.joined(separator: ", ")
        let rule = RuleDescription(name: "wide", filter: .sql(expression: "country IN (\(words))", parameters: []))
        let console = open(subscription, 60, 80, rules: .success([.rules([rule])]))
        let text = console.text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ")
        #expect((0..<30).allSatisfy { text.contains("'country-\($0)'") })
    }

    @Test("a queue that may not be described has no zeros, and its messages can be read")
    func notPermitted() {
        let denied = OperatorError(.notPermitted, "Reading orders was refused.", neededRight: "Manage")
        var console = ConsoleHarness { request in
            switch request {
            case .overview, .entity: .failure(denied)
            default: ConsoleHarness.usual(request)
            }
        }
        console.type(":entity orders<Enter>")
        #expect(console.text.contains("dead letters          ✕ not permitted (needs Manage)"))
        #expect(!console.text.contains(" 0"))
        console.type("j<Enter>")
        #expect(console.asked.last == .scan(Fixture.path("orders").deadLetter, from: nil, limit: MessagesScreen.pageful))
    }

    @Test("headings are passed over, and come back into view with the first line")
    func headings() {
        var console = open(subscription, 12, 80)
        let top = console.text
        console.type("G")
        #expect(console.text != top)
        console.type("gg")
        #expect(console.text == top)
        for _ in 0..<40 { console.type("j") }
        for _ in 0..<40 { console.type("k") }
        #expect(console.text == top)
    }

    @Test("figures of a later listing are shown with the listing's age")
    func newest() {
        var console = open(Fixture.orders)
        console.now = Fixture.now.advanced(by: .seconds(120))
        console.type("<C-r>")
        #expect(console.line(1).contains("as of 03:14:44Z"))
    }
}
