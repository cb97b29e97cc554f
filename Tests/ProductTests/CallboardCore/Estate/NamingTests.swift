import Backstage
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Entities by their names")
struct NamingTests {
    private func rules(_ patterns: String...) throws -> BindingRules {
        var rules = BindingRules.standard
        rules.naming = try patterns.map { try NamingPattern(parsing: $0) }
        return rules
    }

    /// Services by name, with the entities that the catalogue names for them.
    private func load(_ services: [(name: String, entities: String)], _ rules: BindingRules, environment: String = "") -> LoadedEstate {
        let text = services.map { service in
            let annotations = service.entities.isEmpty ? "" : ", annotations: {\(service.entities)}"
            return "---\napiVersion: v1\nkind: Component\nmetadata: {name: \(service.name)\(annotations)}\n"
                + "spec: {type: service, owner: team-\(service.name), system: retail}\n"
        }.joined()
        return LoadedEstate(
            catalogue: CatalogueLoader.load(bytes: Array(text.utf8), file: "c.yaml"), rules: rules, host: "localhost",
            environment: environment)
    }

    private func board(_ estate: LoadedEstate, _ paths: [String]) throws -> Board {
        let entities = try paths.map { text in
            let path = try EntityPath(parsing: text)
            return EntityDescription(path: path, kind: path.kind == .subscription ? .subscription : .queue, counts: EntityCounts(active: 1))
        }
        return estate.board(.success(EntityListing(entities: entities.sorted { $0.path < $1.path }, asOf: Timestamp(milliseconds: 0))))
    }

    private func texts(_ board: Board, _ name: String) -> [String]? { board.rows.first { $0.service.name == name }?.service.entityTexts }

    @Test("a service that the catalogue names no entity for has those that are named after it, and they say so")
    func byName() throws {
        let estate = load([("orders", ""), ("billing", "")], try rules("{service}", "{service}-*", "*/{service}"))
        let board = try board(estate, ["orders", "Orders-In", "events/Subscriptions/billing", "stock"])
        #expect(texts(board, "orders") == ["orders (by name)", "Orders-In (by name)"])
        #expect(texts(board, "billing") == ["events/billing (by name)"])
        #expect(board.unownedEntities.map(\.path.displayName) == ["stock"])
        let found = try #require(estate.estate.ownership(of: try .queue("orders-in")))
        #expect(found.services == ["component:default/orders"])
        #expect(found.owner == "team-orders")
        #expect(found.isByName)
        #expect(estate.estate.ownerFinding(of: try .queue("orders-in")) == nil)
        #expect(estate.estate.ownerFinding(of: try .queue("stock")) == "the catalogue gives it to no service")
    }

    @Test(
        "what the catalogue says wins: a service that has entities gets none by name, and an entity that is somebody's goes to nobody else")
    func explicitWins() throws {
        let estate = load(
            [("orders", "callboard.dev/entities: legacy"), ("billing", ""), ("audit", "callboard.dev/entities: billing-archive")],
            try rules("{service}", "{service}-*"))
        let board = try board(estate, ["orders", "legacy", "billing", "billing-archive"])
        #expect(texts(board, "orders") == ["legacy"])
        #expect(texts(board, "billing") == ["billing (by name)"])
        #expect(texts(board, "audit") == ["billing-archive"])
        #expect(estate.estate.ownership(of: try .queue("billing-archive"))?.isByName == false)
        #expect(board.unownedEntities.map(\.path.displayName) == ["orders"])
    }

    @Test("a service whose entities are elsewhere gets none by name")
    func elsewhere() throws {
        let id = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb-other/queues/q"
        var rules = try rules("{service}")
        rules.naming = try [NamingPattern(parsing: "{service}")]
        let text =
            "kind: Component\napiVersion: v1\nmetadata: {name: orders, annotations: {management.azure.com/resourceId: '\(id)'}}\nspec: {type: service}\n"
        let estate = LoadedEstate(
            catalogue: CatalogueLoader.load(bytes: Array(text.utf8), file: "c.yaml"), rules: rules,
            host: "sb-mine.servicebus.windows.net", environment: "")
        let board = try board(estate, ["orders"])
        #expect(texts(board, "orders") == [])
        #expect(board.rows.first?.active == .unavailable("its entities are in sb-other"))
    }

    @Test("a name that fits two services binds to none, and is a finding that names both; an earlier pattern decides")
    func unclear() throws {
        let services = [("orders", ""), ("orders-api", "")]
        let estate = load(services, try rules("{service}-*"))
        var board = try board(estate, ["orders-api-in", "orders-out"])
        #expect(texts(board, "orders") == ["orders-out (by name)"])
        #expect(texts(board, "orders-api") == [])
        #expect(board.unownedEntities.map(\.path.displayName) == ["orders-api-in"])
        let finding = try #require(board.findings.first { $0.kind == .unclearName })
        #expect(finding.subject == "orders-api-in")
        #expect(
            finding.summary
                == "its name fits component:default/orders and component:default/orders-api: it is bound to none of them")
        for name in ["orders", "orders-api"] {
            let row = try #require(board.rows.first { $0.service.name == name })
            #expect(row.findings == ["orders-api-in fits another service by name as well: bound to neither"])
        }
        #expect(estate.estate.ownership(of: try .queue("orders-api-in"))?.services == [])

        board = try self.board(load(services, try rules("{service}", "{service}-*")), ["orders-api", "orders-x"])
        #expect(texts(board, "orders-api") == ["orders-api (by name)"])
        #expect(texts(board, "orders") == ["orders-x (by name)"])
        #expect(board.unclearNames == [])
    }

    @Test("a subscription by name comes before its topic's service; one that fits nothing is its topic's")
    func subscriptions() throws {
        let estate = load(
            [("publisher", "callboard.dev/entities: events"), ("billing", "")], try rules("*/{service}"))
        let board = try board(estate, ["events", "events/Subscriptions/billing", "events/Subscriptions/audit"])
        #expect(texts(board, "billing") == ["events/billing (by name)"])
        #expect(estate.estate.ownership(of: try .subscription(topic: "events", name: "billing"))?.owner == "team-billing")
        #expect(estate.estate.ownership(of: try .subscription(topic: "events", name: "audit"))?.owner == "team-publisher")
    }

    @Test("ten thousand entities find their services among two thousand without one comparison for each pair")
    func scale() throws {
        let rules = try rules("{service}", "{service}-*", "*.{service}.*", "{system}-{service}-events/{service}")
        let services = (0..<2_000).map { number in
            (
                place: number,
                value: { (placeholder: NamingPattern.Placeholder) -> String? in
                    switch placeholder {
                    case .service: "service-\(number)-app"
                    case .system: "system-\(number % 40)"
                    case .owner, .environment: nil
                    }
                }
            )
        }
        let index = NamingIndex(rules.naming, services: services)
        let paths = try (0..<10_000).map { number -> EntityPath in
            switch number % 5 {
            case 0: try .queue("service-\(number % 2_000)-app")
            case 1: try .queue("service-\(number % 2_000)-app-commands")
            case 2: try .queue("contoso.service-\(number % 2_000)-app.v1")
            case 3:
                try .subscription(
                    topic: "system-\(number % 2_000 % 40)-service-\(number % 2_000)-app-events", name: "service-\(number % 2_000)-app")
            default: try .queue("nobody-\(number)")
            }
        }
        let clock = ContinuousClock()
        var found: [[Int]] = []
        let took = clock.measure { found = paths.map { index.services(of: $0) } }
        for (number, services) in found.enumerated() { #expect(services == (number % 5 == 4 ? [] : [number % 2_000])) }
        // Without the optimiser it takes some tenths of a second; one comparison for each of 20 million pairs would take minutes.
        #expect(took < .seconds(5))
    }
}
