import Backstage
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Board")
struct BoardTests {
    private let asOf = Timestamp(milliseconds: 1_795_000_000_000)

    private func board(_ catalogue: [(name: String, entities: String)], _ entities: [EntityDescription]) -> Board {
        let text = catalogue.map { service in
            "---\napiVersion: v1\nkind: Component\nmetadata: {name: \(service.name), annotations: {callboard.dev/entities: '\(service.entities)'}}\n"
                + "spec: {type: service, owner: team}\n"
        }.joined()
        let estate = LoadedEstate(
            catalogue: CatalogueLoader.load(bytes: Array(text.utf8), file: "c.yaml"), rules: .standard, host: "localhost", environment: "")
        return estate.board(.success(EntityListing(entities: entities, asOf: asOf)))
    }

    private func queue(_ name: String, active: Int64 = 0, dead: Int64 = 0, transferDead: Int64 = 0) throws -> EntityDescription {
        EntityDescription(
            path: try .queue(name), kind: .queue,
            counts: EntityCounts(active: active, deadLetter: dead, transferDeadLetter: transferDead))
    }

    private func subscription(_ topic: String, _ name: String, dead: Int64 = 0) throws -> EntityDescription {
        EntityDescription(
            path: try .subscription(topic: topic, name: name), kind: .subscription, counts: EntityCounts(active: 1, deadLetter: dead))
    }

    private func topic(_ name: String, scheduled: Int64 = 0) throws -> EntityDescription {
        EntityDescription(path: try .topic(name), kind: .topic, counts: EntityCounts(scheduled: scheduled))
    }

    @Test("puts the worst first: dead letters, then what is halted, then what is missing, then what is not known, then the backlog")
    func order() throws {
        var halted = try queue("halted")
        halted.status = .sendDisabled
        var uncounted = try queue("uncounted")
        uncounted.counts = nil
        let board = board(
            [
                ("quiet", "quiet"), ("busy", "busy"), ("few", "few"), ("many", "many"), ("transfer", "transfer"), ("halted", "halted"),
                ("gone", "gone"), ("uncounted", "uncounted"),
            ],
            [
                try queue("quiet"), try queue("busy", active: 500), try queue("few", dead: 3), try queue("many", active: 9, dead: 50_012),
                try queue("transfer", transferDead: 17), halted, uncounted,
            ])
        #expect(board.rows.map(\.service.name) == ["many", "transfer", "few", "halted", "gone", "uncounted", "busy", "quiet"])
        #expect(board.rows.map(\.health) == [.ill, .ill, .ill, .warning, .warning, .unknown, .well, .well])
        #expect(board.rows[0].deadLetters == .known(50_012, at: asOf))
        #expect(board.rows[0].active == .known(9, at: asOf))
        #expect(board.rows[0].worstEntity == (try EntityPath.queue("many")))
        #expect(board.rows[0].findings == ["many has 50012 dead letters"])
        #expect(board.rows[1].transferDeadLetters == .known(17, at: asOf))
        #expect(board.rows[1].findings == ["transfer could not forward 17 messages"])
        #expect(board.rows[3].findings == ["halted is disabled for sending"])
        #expect(board.rows[4].findings == ["gone is not in the namespace"])
        #expect(board.rows[4].deadLetters == .unavailable("its entities are not in the namespace"))
        #expect(board.rows[5].deadLetters == .unavailable("the service gave no counts"))
        #expect(board.missingEntities == [try EntityPath.queue("gone")])
    }

    @Test("a topic counts its subscriptions, but for those another service claims")
    func topics() throws {
        let board = board(
            [("publisher", "events"), ("billing", "events/billing")],
            [
                try topic("events", scheduled: 4), try subscription("events", "billing", dead: 100),
                try subscription("events", "audit", dead: 5),
                try subscription("Events", "Mail", dead: 7),
            ])
        #expect(board.rows.map(\.service.name) == ["billing", "publisher"])
        #expect(board.rows.map(\.deadLetters.value) == [100, 12])
        #expect(board.rows[1].active.value == 2)
        #expect(board.rows[1].scheduled.value == 4)
        #expect(board.rows[1].worstEntity?.displayName == "Events/Mail")
        #expect(board.unownedEntities == [])
    }

    @Test("a name with a slash is the subscription, unless a queue of that name exists")
    func slashes() throws {
        let asSubscription = board([("a", "emea/orders")], [try topic("emea"), try subscription("emea", "orders", dead: 1)])
        #expect(asSubscription.rows[0].service.entities.map(\.address) == ["emea/Subscriptions/orders"])
        let asQueue = board([("a", "emea/orders")], [try queue("emea/orders", dead: 2)])
        #expect(asQueue.rows[0].service.entities.map(\.address) == ["emea/orders"])
        #expect(asQueue.rows[0].deadLetters.value == 2)
        #expect(asQueue.missingEntities == [])
    }

    @Test("what nobody owns is listed, worst first, and totals count every entity once")
    func unowned() throws {
        let board = board(
            [("a", "shared"), ("b", "shared")],
            [
                try queue("shared", active: 1, dead: 10), try queue("stray", dead: 1), try queue("lost", dead: 9, transferDead: 1),
                try topic("events"), try subscription("events", "x"),
            ])
        #expect(board.rows.map(\.deadLetters.value) == [10, 10])
        #expect(board.unownedEntities.map(\.path.displayName) == ["lost", "stray", "events", "events/x"])
        #expect(
            board.totals == .known(Board.Totals(deadLetters: 20, transferDeadLetters: 1, active: 2, entities: 5), at: asOf))
    }

    @Test("counts that would overflow saturate")
    func overflow() throws {
        let board = board([("a", "x, y")], [try queue("x", dead: .max), try queue("y", dead: .max)])
        #expect(board.rows[0].deadLetters.value == .max)
        #expect(board.totals.value?.deadLetters == .max)
    }

    @Test("a service without entities has no figures rather than zeros")
    func withoutEntities() throws {
        let text = "apiVersion: v1\nkind: Component\nmetadata: {name: a}\nspec: {type: service, owner: x}\n"
        let estate = LoadedEstate(
            catalogue: CatalogueLoader.load(bytes: Array(text.utf8), file: "c.yaml"), rules: .standard, host: "", environment: "")
        let board = estate.board(.success(EntityListing(entities: [try queue("q", dead: 1)], asOf: asOf)))
        #expect(board.rows.map(\.deadLetters) == [.unavailable("no entity is bound to it")])
        #expect(board.rows.map(\.health) == [.well])
    }

    @Test("a service whose entities are in other namespaces says in which")
    func elsewhere() throws {
        let text = """
            apiVersion: v1
            kind: Component
            metadata: {name: a}
            spec: {type: service, owner: x, dependsOn: ["resource:q"]}
            ---
            apiVersion: v1
            kind: Resource
            metadata:
              name: q
              annotations: {management.azure.com/resourceId: /subscriptions/1/providers/Microsoft.ServiceBus/namespaces/SB-Other/queues/q}
            """
        let estate = LoadedEstate(
            catalogue: CatalogueLoader.load(bytes: Array(text.utf8), file: "c.yaml"), rules: .standard,
            host: "sb-test.servicebus.windows.net", environment: "")
        let board = estate.board(.success(EntityListing(entities: [], asOf: asOf)))
        #expect(board.rows.map(\.active) == [.unavailable("its entities are in sb-other")])
    }

    @Test("two thousand services and ten thousand entities are joined")
    func scale() throws {
        var catalogue: [(name: String, entities: String)] = []
        var entities: [EntityDescription] = []
        for service in 0..<2_000 {
            catalogue.append(("s\(service)", (0..<5).map { "q\(service)-\($0)" }.joined(separator: ",")))
            for index in 0..<5 { entities.append(try queue("q\(service)-\(index)", dead: Int64(service % 7))) }
        }
        let board = board(catalogue, entities)
        #expect(board.rows.count == 2_000)
        #expect(board.rows.first?.deadLetters.value == 30)
        #expect(board.unownedEntities.isEmpty)
    }
}
