import Backstage
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("What catalogue and namespace do not agree on")
struct EstateFindingTests {
    private let catalogue = """
        apiVersion: v1
        kind: Component
        metadata: {name: orders, annotations: {callboard.dev/entities: 'orders, gone'}}
        spec: {type: service, owner: team-a, dependsOn: ['resource:not-there']}
        ---
        apiVersion: v1
        kind: Component
        metadata: {name: loose, annotations: {callboard.dev/entities: loose}}
        spec: {type: service}
        """

    private func load(_ text: String) -> LoadedEstate {
        LoadedEstate(
            catalogue: CatalogueLoader.load(bytes: Array(text.utf8), file: "c.yaml"), rules: .standard, host: "localhost", environment: "")
    }

    private func entity(_ text: String, _ kind: EntityDescription.Kind = .queue) throws -> EntityDescription {
        EntityDescription(path: try EntityPath(parsing: text), kind: kind, counts: EntityCounts())
    }

    @Test("entities nobody owns, a topic speaking for its subscriptions; entities that are not there; entries that cannot be read")
    func findings() throws {
        let listing = EntityListing(
            entities: [
                try entity("events", .topic), try entity("events/Subscriptions/a", .subscription),
                try entity("events/Subscriptions/b", .subscription), try entity("loose"), try entity("orders"), try entity("stray"),
            ], asOf: Timestamp(milliseconds: 0))
        let found = load(catalogue).board(.success(listing)).findings.map { "\($0.kind.rawValue) \($0.subject): \($0.summary)" }
        #expect(
            found == [
                "NO_OWNER component:default/loose: nobody owns it, nor loose",
                "NO_OWNER events: nobody owns it: the catalogue gives it to no service, nor its 2 subscriptions",
                "NO_OWNER stray: nobody owns it: the catalogue gives it to no service",
                "DEAD_RESOURCE gone: the catalogue names it, and it is not in the namespace",
                "CATALOGUE_ENTRY component:default/orders: depends on resource:default/not-there, which is not in the catalogue",
            ])
    }

    @Test("an entity says that nobody owns it, without anything but the catalogue; without a catalogue that is not known")
    func entities() throws {
        let estate = load(catalogue).estate
        func cells(_ name: String, _ estate: Estate) throws -> String {
            let record = EntityRecord(try entity(name), asOf: Timestamp(milliseconds: 0), in: estate)
            return String(decoding: ListOutput.all([record], .table), as: UTF8.self)
        }
        #expect(try cells("stray", estate).contains("nobody"))
        #expect(try cells("loose", estate).contains("nobody"))
        #expect(try !cells("orders", estate).contains("nobody"))
        #expect(try cells("orders", estate).contains("team-a"))
        #expect(try !cells("stray", load("").estate).contains("nobody"))
        #expect(load("").board(.success(EntityListing(entities: [try entity("stray")], asOf: Timestamp(milliseconds: 0)))).findings == [])
    }
}
