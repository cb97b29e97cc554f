import NIOCore
import RESTClient
import Synchronization
import Testing

@testable import Backstage

@Suite("Keeping a catalogue up to date")
struct CatalogueRefresherTests {
    private static func refresher(
        _ backend: ScriptedBackend, filter: CatalogueFilter = .estate, limits: CatalogueRefresher.Limits = .init(), time: Int64 = 100
    ) throws -> CatalogueRefresher {
        let client = try backend.client()
        return CatalogueRefresher(
            client: client, scope: CatalogueScope(address: client.address, filter: filter), limits: limits, now: { time })
    }

    private static func titles(_ snapshot: CatalogueSnapshot) -> [String] {
        snapshot.records.map { "\($0.entity.ref.name) \($0.entity.title ?? "-")" }
    }

    @Test("with nothing known the whole list is read, page by page")
    func whole() async throws {
        let catalogue = LivingCatalogue(["a", "b", "c", "d", "e"])
        catalogue.state.withLock { $0.page = 2 }
        let backend = catalogue.backend()
        let heard = Mutex<[CatalogueProgress]>([])
        let refresh = try await Self.refresher(backend).refresh { progress in heard.withLock { $0.append(progress) } }
        #expect(refresh.isWhole)
        #expect(refresh.added == 5)
        #expect(Self.titles(refresh.snapshot) == ["a first", "b first", "c first", "d first", "e first"])
        #expect(refresh.snapshot.listed == 100 && refresh.snapshot.fetchedWhole == 100)
        #expect(heard.withLock { $0 } == [.listing(2, of: 5), .listing(4, of: 5), .listing(5, of: 5)])
        #expect(backend.requests.count == 3)
    }

    @Test("of what is known only what is new or has changed is fetched, and what is gone is dropped")
    func incremental() async throws {
        let catalogue = LivingCatalogue((0..<1_000).map { "c\($0)" })
        let known = try await Self.refresher(catalogue.backend()).refresh().snapshot
        catalogue.state.withLock { state in
            state.entries[7].etag = "2"
            state.entries[7].title = "second"
            state.entries.remove(at: 3)
            state.entries.append(.init(name: "new", etag: "1", title: "third"))
            state.entries.append(.init(name: "ghost", etag: "1", title: ""))
            state.vanished = ["ghost"]
        }
        let backend = catalogue.backend()
        let heard = Mutex<[CatalogueProgress]>([])
        let refresh = try await Self.refresher(backend, time: 200).refresh(known) { progress in heard.withLock { $0.append(progress) } }
        #expect(!refresh.isWhole)
        #expect((refresh.added, refresh.changed, refresh.removed) == (1, 1, 1))
        #expect(refresh.snapshot.listed == 200 && refresh.snapshot.fetchedWhole == 100)
        var wanted = (0..<1_000).filter { $0 != 3 }.map { "c\($0) \($0 == 7 ? "second" : "first")" }
        wanted.append("new third")
        #expect(Self.titles(refresh.snapshot) == wanted)
        #expect(heard.withLock { $0 } == [.listing(1_000, of: 1_001), .listing(1_001, of: 1_001), .fetching(3, of: 3)])
        #expect(backend.paths.count == 3)
        #expect(
            backend.bodies[2].hasPrefix(
                #"{"entityRefs":["component:default/c7","component:default/new","component:default/ghost"],"fields":["#))
        #expect(backend.paths[0].contains("fields=kind%2Cmetadata.name%2Cmetadata.namespace%2Cmetadata.etag"))
    }

    @Test("when nothing has changed nothing but the list is read")
    func unchanged() async throws {
        let catalogue = LivingCatalogue(["a", "b"])
        let known = try await Self.refresher(catalogue.backend()).refresh().snapshot
        let backend = catalogue.backend()
        let refresh = try await Self.refresher(backend).refresh(known)
        #expect((refresh.added, refresh.changed, refresh.removed) == (0, 0, 0))
        #expect(backend.requests.count == 1)
        #expect(Self.titles(refresh.snapshot) == ["a first", "b first"])
    }

    @Test("what is known of another scope is not built on")
    func otherScope() async throws {
        let catalogue = LivingCatalogue(["a"])
        let known = try await Self.refresher(catalogue.backend()).refresh().snapshot
        let refresh = try await Self.refresher(catalogue.backend(), filter: .all).refresh(known)
        #expect(refresh.isWhole)
    }

    @Test("a catalogue that seems empty all at once is not believed, unless everything is fetched anew")
    func emptied() async throws {
        let catalogue = LivingCatalogue(["a"])
        let known = try await Self.refresher(catalogue.backend()).refresh().snapshot
        catalogue.state.withLock { $0.entries = [] }
        let refresher = try Self.refresher(catalogue.backend())
        let error = await #expect(throws: BackstageError.self) { try await refresher.refresh(known) }
        #expect(error?.code == .emptied)
        #expect(error?.hint.contains("catalog.entity.read") == true)
        #expect(try await refresher.fetchWhole().snapshot.records.isEmpty)
    }

    @Test("problems stay with what they are about: gone when it is read anew or removed")
    func problems() async throws {
        let catalogue = LivingCatalogue(["-a", "-b", "-c"])
        let known = try await Self.refresher(catalogue.backend()).refresh().snapshot
        #expect(known.problems.map { $0.message.prefix(20) } == ["component:default/-a", "component:default/-b", "component:default/-c"])
        catalogue.state.withLock { state in
            state.entries[0].etag = "2"
            state.entries.remove(at: 1)
        }
        let refresh = try await Self.refresher(catalogue.backend()).refresh(known)
        #expect(refresh.snapshot.problems.map { $0.message.prefix(20) } == ["component:default/-c", "component:default/-a"])
    }

    @Test("an entity that a list has twice counts once: reported within a page, the later one from another")
    func duplicates() async throws {
        func item(_ name: String, _ title: String) -> String { #"{"kind":"Component","metadata":{"name":"\#(name)","title":"\#(title)"}}"# }
        let pages = [
            #"{"items":[\#(item("a", "1")),\#(item("A", "2")),\#(item("b", "3"))],"pageInfo":{"nextCursor":"x"}}"#,
            #"{"items":[\#(item("b", "4"))],"pageInfo":{}}"#,
        ]
        let backend = ScriptedBackend { (_, number) throws(RESTError) in
            RESTResponse(status: 200, body: ByteBuffer(string: pages[min(number, 1)]))
        }
        let snapshot = try await Self.refresher(backend).refresh().snapshot
        #expect(Self.titles(snapshot) == ["a 1", "b 4"])
        #expect(
            snapshot.problems.map(\.description) == [
                "https://backstage.example: component:default/a: is already defined at https://backstage.example; this one is left out"
            ])
    }

    @Test("a backend that sends in circles, or gives too much, is left")
    func bounds() async throws {
        let circle = ScriptedBackend(#"{"items":[],"pageInfo":{"nextCursor":"x"}}"#)
        let error = await #expect(throws: BackstageError.self) { try await Self.refresher(circle).refresh() }
        #expect(error?.code == .unreadable)
        #expect(circle.requests.count == 2)
        var limits = CatalogueRefresher.Limits()
        limits.entities = 3
        let many = await #expect(throws: BackstageError.self) {
            try await Self.refresher(LivingCatalogue(["a", "b", "c", "d"]).backend(), limits: limits).refresh()
        }
        #expect(many?.code == .tooMuch)
        limits = CatalogueRefresher.Limits()
        limits.bytes = 100
        let large = await #expect(throws: BackstageError.self) {
            try await Self.refresher(LivingCatalogue(["a", "b", "c", "d"]).backend(), limits: limits).refresh()
        }
        #expect(large?.code == .tooMuch)
    }

    @Test("a refresh that is cancelled says so and asks no more")
    func cancelled() async throws {
        let catalogue = LivingCatalogue(["a", "b", "c", "d"])
        catalogue.state.withLock { $0.page = 1 }
        let backend = catalogue.backend()
        let refresher = try Self.refresher(backend)
        let task = Task {
            try await refresher.refresh { _ in withUnsafeCurrentTask { $0?.cancel() } }
        }
        let error = await #expect(throws: BackstageError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(backend.requests.count == 2)
    }

    @Test("a refusal in the middle is the refresh's")
    func refused() async throws {
        let pages = [(200, #"{"items":[],"pageInfo":{"nextCursor":"x"}}"#), (500, "")]
        let backend = ScriptedBackend { (_, number) throws(RESTError) in
            RESTResponse(status: pages[min(number, 1)].0, body: ByteBuffer(string: pages[min(number, 1)].1))
        }
        let error = await #expect(throws: BackstageError.self) { try await Self.refresher(backend).refresh() }
        #expect(error?.code == .failed)
    }
}
