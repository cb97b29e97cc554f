import Testing

@testable import Backstage

/// Catalogues written by others.
@Suite("Catalogues of other organisations", .enabled(if: CatalogueVectors.exist, CatalogueVectors.areMissing))
struct CatalogueVectorLoadTests {
    @Test("Backstage's own examples load whole")
    func examples() throws {
        let catalogue = CatalogueLoader.load(paths: [CatalogueVectors.folder + "/examples"])
        #expect(catalogue.problems.filter { $0.severity > .note } == [])
        #expect(catalogue.entities(of: .component).count == 9)
        #expect(catalogue.entities(of: .api).count == 2)
        #expect(catalogue.entities(of: .group).count == 8)
        #expect(catalogue.entities(of: .user).count == 15)
        #expect(catalogue.entities(of: .location).count == 4)
        let teamA = try #require(EntityRef(parsing: "group:default/Team-A"))
        #expect(catalogue.targets(of: teamA, .childOf).map(\.name) == ["backstage"])
        #expect(catalogue.targets(of: teamA, .hasMember).count == 3)
    }

    @Test("ancestors and descendants of old catalogues state no relation")
    func legacyFields() throws {
        let catalogue = CatalogueLoader.load(paths: [CatalogueVectors.folder + "/examples"])
        let acme = EntityRef(kind: "Group", name: "acme-corp")
        // `children: [infrastructure]` counts, `descendants: [infrastructure, backstage, …]` does not.
        #expect(catalogue.targets(of: acme, .parentOf).map(\.name) == ["infrastructure"])
        #expect(catalogue.targets(of: EntityRef(kind: "Group", name: "team-a"), .childOf).map(\.name) == ["backstage"])
    }

    @Test("remote locations are noted, one by one, and not followed")
    func remoteLocations() {
        let catalogue = CatalogueLoader.load(paths: [CatalogueVectors.folder + "/examples/all-apis.yaml"])
        #expect(catalogue.problems.count == 5)
        #expect(catalogue.problems.allSatisfy { $0.severity == .note && $0.message.contains("is not followed") })
        #expect(catalogue.problems.compactMap(\.line) == [9, 10, 11, 12, 13])
    }

    @Test("an organisation's catalogue loads, and its duplicates are reported with both places")
    func giantSwarm() throws {
        let catalogue = CatalogueLoader.load(paths: [CatalogueVectors.folder + "/giantswarm"])
        let problems = catalogue.problems.filter { $0.severity > .note }
        #expect(problems.count == 2)
        #expect(problems.allSatisfy { $0.message.contains("is already defined at") && $0.file.hasSuffix("catalogs_crds.yaml") })
        #expect(problems.contains { $0.message.contains("api:default/policyexceptions.policy.giantswarm.io") })
        #expect(problems.contains { $0.message.contains("api:default/policymanifests.policy.giantswarm.io") })
        #expect(catalogue.entities.count == 29)
        let template = try #require(catalogue.entities(of: .template).first)
        #expect(catalogue.owner(of: template.ref)?.description == "group:default/team-honeybadger")
        let app = try #require(catalogue[EntityRef(kind: "api", name: "apps.application.giantswarm.io")])
        #expect(app.origin.line == 6)
        // The definition is a block scalar that begins with a document marker of its own, indented.
        #expect(app.spec["definition"]?.text?.contains("\n---\napiVersion: apiextensions.k8s.io/v1") == true)
    }

    @Test("a small Service Bus estate loads in flow style")
    func serviceBus() throws {
        let catalogue = CatalogueLoader.load(paths: [CatalogueVectors.folder + "/api/servicebus-catalog.yaml"])
        #expect(catalogue.problems == [])
        #expect(
            catalogue.entities.map(\.ref.description) == [
                "system:default/ordering", "component:default/orders-api", "resource:default/sb-orders-queue",
            ])
        #expect(catalogue.entities.map(\.origin.line) == [1, 6, 13])
        let queue = catalogue.entities[2]
        #expect(catalogue.targets(of: queue.ref, .dependencyOf).map(\.name) == ["orders-api"])
    }
}
