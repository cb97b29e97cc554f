import Testing

@testable import Backstage

@Suite("Catalogues from files and a backend")
struct CatalogueSourceTests {
    private static func source(_ backend: ScriptedBackend, paths: [String] = [], cache: CatalogueCache?) throws -> CatalogueSource {
        CatalogueSource(paths: paths, backend: .init(client: try backend.client(), cache: cache))
    }

    private static func names(_ opened: CatalogueSource.Opened) -> [String] { opened.catalogue.entities.map(\.ref.name) }

    @Test("the first time there is nothing of the backend; then what it said is there without asking")
    func opening() async throws {
        let folder = try TemporaryFolder()
        let cache = CatalogueCache(file: folder.path + "/kept")
        let backend = LivingCatalogue(["a", "b"]).backend()
        let source = try Self.source(backend, cache: cache)
        let first = source.open()
        guard case .unknown(.missing) = first.standing else { return #expect(Bool(false)) }
        #expect(Self.names(first) == [])
        let refreshed = try await source.refreshed(first)
        #expect(Self.names(refreshed) == ["a", "b"])
        #expect(refreshed.refresh?.isWhole == true)
        let asked = backend.requests.count
        let again = try Self.source(backend, cache: cache).open()
        #expect(Self.names(again) == ["a", "b"])
        #expect(backend.requests.count == asked)
        guard case .known(let snapshot) = again.standing else { return #expect(Bool(false)) }
        #expect(snapshot.origin == "https://backstage.example")
        #expect(try await source.refreshed(again).refresh?.isWhole == false)
        #expect(try await source.refreshed(again, whole: true).refresh?.isWhole == true)
    }

    @Test("files come first, and what both have is reported with both places")
    func union() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("a.yaml", "apiVersion: v1\nkind: Component\nmetadata: {name: a, title: mine}\n")
        let source = try Self.source(LivingCatalogue(["a", "b"]).backend(), paths: [file], cache: nil)
        let opened = source.open()
        #expect(Self.names(opened) == ["a"])
        let refreshed = try await source.refreshed(opened)
        #expect(Self.names(refreshed) == ["a", "b"])
        #expect(refreshed.catalogue.entities.first?.title == "mine")
        #expect(
            refreshed.catalogue.problems.map(\.description) == [
                "https://backstage.example: component:default/a is already defined at \(file):1; this one is left out"
            ])
    }

    @Test("a catalogue that cannot be kept is used all the same")
    func unkept() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("plain", "x")
        let source = try Self.source(LivingCatalogue(["a"]).backend(), cache: CatalogueCache(file: file + "/kept"))
        let refreshed = try await source.refreshed(source.open())
        #expect(Self.names(refreshed) == ["a"])
        #expect(refreshed.catalogue.problems.map(\.severity) == [.warning])
    }

    @Test("files alone need no backend")
    func files() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("a.yaml", "apiVersion: v1\nkind: Component\nmetadata: {name: a}\n")
        let source = CatalogueSource(paths: [file])
        let opened = try await source.refreshed(source.open())
        guard case .none = opened.standing else { return #expect(Bool(false)) }
        #expect(Self.names(opened) == ["a"])
        #expect(opened.refresh == nil)
    }
}
