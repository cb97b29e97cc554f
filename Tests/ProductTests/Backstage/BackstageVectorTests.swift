import NIOCore
import RESTClient
import Testing

@testable import Backstage

/// Answers of the API as its specification has them.
@Suite("Backstage's answers", .enabled(if: CatalogueVectors.exist, CatalogueVectors.areMissing))
struct BackstageVectorTests {
    private func bytes(_ name: String) throws -> [UInt8] { try LocalFile.read(CatalogueVectors.folder + "/api/" + name, limit: 1 << 20) }

    private func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    @Test("a list in two pages")
    func pages() async throws {
        let pages = [try text("by-query.page1.json"), try text("by-query.page2.json")]
        let backend = ScriptedBackend { (_, number) throws(RESTError) in
            RESTResponse(status: 200, body: ByteBuffer(string: pages[min(number, 1)]))
        }
        let client = try backend.client()
        let first = try await client.firstPage(of: CatalogueQuery())
        #expect(first.total == 4)
        #expect(first.previous == nil)
        let next = try #require(first.next)
        #expect(!next.holdsQuery)
        let second = try await client.page(at: next, fields: EntityFields.model, limit: 500)
        #expect(second.next == nil)
        #expect(second.previous == next)
        #expect(first.problems + second.problems == [])
        let records = first.records + second.records
        #expect(records.map(\.etag).allSatisfy { $0?.count == 40 })
        let catalogue = Catalogue(records.map(\.entity))
        #expect(
            catalogue.entities.map(\.ref.description) == [
                "component:default/orders-api", "component:default/billing-worker", "resource:default/sb-orders-queue",
                "resource:default/sb-orphan",
            ])
        #expect(catalogue.entities[0].annotations["pagerduty.com/service-id"] == "PABC123")
        #expect(catalogue.entities[1].annotations["azure-service-bus/queues"] == "orders,orders-retry")
        #expect(catalogue.entities[3].annotations["backstage.io/orphan"] == "true")
        // Relations are computed from the fields, and are those that the answer lists.
        #expect(
            Set(catalogue.relations(of: catalogue.entities[0].ref).map { "\($0.type) \($0.target)" }) == [
                "ownedBy group:default/team-orders", "dependsOn resource:default/sb-orders-queue", "partOf system:default/ordering",
            ])
        #expect(catalogue.targets(of: catalogue.entities[2].ref, .dependencyOf).map(\.description) == ["component:default/orders-api"])
    }

    @Test("references, with null for the missing")
    func byRefs() async throws {
        let backend = ScriptedBackend(try text("by-refs.200.json"))
        let refs = [EntityRef(kind: "component", name: "orders-api"), EntityRef(kind: "component", name: "missing")]
        let lookup = try await backend.client().entities(refs, fields: ["kind", "metadata.name", "spec.owner"])
        #expect(lookup.records.map { $0?.entity.ref } == [refs[0], nil])
        #expect(lookup.records[0]?.entity.spec["owner"]?.text == "group:default/team-orders")
        #expect(lookup.problems == [])
        let sent = try JSONReader.read(Array(try #require(backend.bodies.first).utf8))
        #expect(EntityValue(sent) == EntityValue(try JSONReader.read(try bytes("by-refs.request.json"))))
    }

    @Test("facets")
    func facets() async throws {
        let backend = ScriptedBackend(try text("entity-facets.200.json"))
        let facets = try await backend.client().facets(of: ["spec.type"], filter: CatalogueFilter(kinds: ["component"]))
        #expect(backend.paths == ["/entity-facets?filter=kind%3Dcomponent&facet=spec.type"])
        #expect(facets.keys.sorted() == ["spec.type"])
        #expect(facets["spec.type"]?.map(\.count) == [2, 1, 1])
        #expect(facets["spec.type"]?.first?.value == "service")
    }

    @Test("a location that is tried")
    func locationTrial() async throws {
        let backend = ScriptedBackend(try text("locations-dryrun.201.json"), status: 201)
        let trial = try await backend.client().tryLocation("https://github.com/acme/orders-api/blob/main/catalog-info.yaml")
        #expect(backend.paths == ["/locations?dryRun=true"])
        #expect(trial.records.map(\.entity.ref.description) == ["component:default/orders-api"])
        #expect(!trial.isKnown)
        #expect(trial.location.target.hasSuffix("catalog-info.yaml"))
    }

    @Test(
        "refusals",
        arguments: [
            ("error-400-cursor.json", BackstageError.Code.refused, "InputError"),
            ("error-401-illegal-token.json", .unauthenticated, "AuthenticationError"),
            ("error-401-missing.json", .unauthenticated, "AuthenticationError"), ("error-403.json", .notAllowed, "NotAllowedError"),
            ("error-404.json", .notFound, "NotFoundError"),
        ])
    func refusals(file: String, code: BackstageError.Code, name: String) async throws {
        let envelope = try JSONReader.read(try bytes(file))
        let status = try #require(envelope["response"]?["statusCode"]?.integer.flatMap { Int(exactly: $0) })
        let backend = ScriptedBackend(try text(file), status: status)
        let error = await #expect(throws: BackstageError.self) {
            try await backend.client().entity(EntityRef(kind: "component", name: "missing"))
        }
        #expect(error?.code == code)
        #expect(error?.name == name)
        #expect(error?.detail == envelope["error"]?["message"]?.text)
    }

    @Test("an entity means the same in JSON and in YAML")
    func sameInBoth() throws {
        let list = try #require(try JSONReader.read(try bytes("by-query.page1.json"))["items"]?.elements)
        let asYAML = try #require(YAMLDocuments(try bytes("by-query.page1.json")).first { _ in true }?.get()["items"]?.elements)
        #expect(list.count == 2)
        for (json, yaml) in zip(list, asYAML) {
            var (first, second) = (EntityReader(file: "a"), EntityReader(file: "a"))
            let (fromJSON, fromYAML) = (first.read(json), second.read(yaml))
            let (one, other) = (try #require(fromJSON), try #require(fromYAML))
            #expect(one.ref == other.ref)
            #expect(one.annotations == other.annotations)
            #expect(one.spec == other.spec)
            #expect(first.problems == [] && second.problems == [])
        }
    }
}
