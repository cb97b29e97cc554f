import Logging
import RESTClient
import ServiceBus
import Synchronization
import Testing

@testable import Backstage
@testable import CallboardCore

@Suite("An estate kept up to date", .timeLimit(.minutes(3)))
struct CatalogueKeeperTests {
    /// A backend that answers, refuses, or says nothing until it is told to.
    private final class Backend: HTTPExchange {
        enum Mood { case answers, refuses, saysNothing }

        private struct State {
            var mood: Mood
            var waiting: [CheckedContinuation<Void, Never>] = []
        }

        private let state: Mutex<State>
        private let catalogue: LivingCatalogue
        private let answering: ScriptedBackend

        init(_ mood: Mood, _ names: [String] = ["checkout"]) {
            state = Mutex(State(mood: mood))
            catalogue = LivingCatalogue(names)
            answering = catalogue.backend()
        }

        /// How often it was asked and answered.
        var answers: Int { answering.requests.count }

        func become(_ mood: Mood, _ names: [String] = ["checkout"]) {
            catalogue.state.withLock { $0.entries = names.map { LivingCatalogue.Entry(name: $0, etag: "1", title: "first") } }
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                state.mood = mood
                return state.waiting
            }
            for each in waiting { each.resume() }
        }

        func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
            await withCheckedContinuation { continuation in
                let isHeld = state.withLock { state in
                    guard state.mood == .saysNothing else { return false }
                    state.waiting.append(continuation)
                    return true
                }
                if !isHeld { continuation.resume() }
            }
            guard state.withLock({ $0.mood == .answers }) else {
                throw RESTError(.refused, endpoint: "backstage.example:443", message: "Nobody listens at backstage.example:443.", hint: "")
            }
            return try await answering.perform(request)
        }

        func shutdown() async {}
    }

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A keeper that waits no longer than a moment, which here is none.
    private func keeper(_ backend: Backend, paths: [String] = [], at seconds: Int64) throws -> CatalogueKeeper {
        let http = RESTClient(
            configuration: RESTConfiguration(), exchange: backend, clock: ContinuousClock(), jitter: { 0 },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let client = BackstageClient(address: try BackstageAddress("https://backstage.example"), authorization: .none, http: http)
        let scope = CatalogueScope(address: client.address)
        let source = CatalogueSource(
            paths: paths,
            backend: CatalogueSource.Backend(
                scope: scope, refresher: CatalogueRefresher(client: client, scope: scope, now: { seconds }),
                cache: CatalogueCache(file: folder.path + "/kept")))
        return CatalogueKeeper(source, now: { Timestamp(milliseconds: seconds * 1000) }, pause: { _ in }) {
            LoadedEstate(catalogue: $0, rules: .standard, host: "h", environment: "")
        }
    }

    private func names(_ loaded: LoadedEstate) -> [String] { loaded.estate.services.map(\.name) }

    @Test("a backend that was never asked is waited for, and not asked again within a minute")
    func first() async throws {
        let backend = Backend(.answers)
        let keeper = try keeper(backend, at: 1000)
        #expect(names(await keeper.current()) == ["checkout"])
        let asked = backend.answers
        #expect(asked > 0)
        #expect(names(await keeper.current()) == ["checkout"])
        #expect(backend.answers == asked)
    }

    @Test("what was kept is there while the backend says nothing; when it has answered, what it said")
    func kept() async throws {
        _ = await (try keeper(Backend(.answers), at: 1000)).current()
        let slow = Backend(.saysNothing)
        let keeper = try keeper(slow, at: 5000)
        #expect(names(await keeper.current()) == ["checkout"])
        slow.become(.answers, ["checkout", "billing"])
        await keeper.asked()
        #expect(names(await keeper.current()) == ["billing", "checkout"])
    }

    @Test("what is there at once waits for nobody; where a backend was never heard, nothing is")
    func atOnce() async throws {
        let silent = Backend(.saysNothing)
        let empty = try keeper(silent, at: 1000)
        #expect(await empty.kept() == nil)
        silent.become(.answers)
        await empty.asked()
        let slow = Backend(.saysNothing)
        let keeper = try keeper(slow, at: 5000)
        #expect(await keeper.kept().map(names) == ["checkout"])
        slow.become(.refuses)
        await keeper.asked()
    }

    @Test("a backend that refuses leaves what was kept, and it is said from when that is")
    func refused() async throws {
        _ = await (try keeper(Backend(.answers), at: 1000)).current()
        let keeper = try keeper(Backend(.refuses), at: 5000)
        await keeper.asked()
        let loaded = await keeper.current()
        #expect(names(loaded) == ["checkout"])
        #expect(
            loaded.estate.problems.contains { $0.message.contains("what is shown of it is from \(Timestamp(milliseconds: 1_000_000))") })
    }

    @Test("nothing known and nobody there: the files are shown, the reason is said, and nobody waits again")
    func unknown() async throws {
        let file = try folder.write("a.yaml", "apiVersion: v1\nkind: Component\nmetadata: {name: mine}\nspec: {type: service, owner: o}\n")
        let backend = Backend(.refuses)
        let keeper = try keeper(backend, paths: [file], at: 1000)
        let loaded = await keeper.current()
        #expect(names(loaded) == ["mine"])
        #expect(loaded.estate.problems.contains { $0.message.contains("nothing of it is known") })
        backend.become(.saysNothing)
        #expect(names(await keeper.current()) == ["mine"])
        backend.become(.refuses)
    }

    @Test("what is read anew is not lost to a refresh that was under way")
    func reloading() async throws {
        _ = await (try keeper(Backend(.answers), at: 1000)).current()
        let file = try folder.write("a.yaml", "apiVersion: v1\nkind: Component\nmetadata: {name: old}\nspec: {type: service, owner: o}\n")
        let slow = Backend(.saysNothing)
        let keeper = try keeper(slow, paths: [file], at: 5000)
        #expect(names(await keeper.current()) == ["checkout", "old"])
        _ = try folder.write("a.yaml", "apiVersion: v1\nkind: Component\nmetadata: {name: new}\nspec: {type: service, owner: o}\n")
        async let reloaded = keeper.reloaded()
        slow.become(.answers, ["checkout"])
        #expect(names(await reloaded) == ["checkout", "new"])
        #expect(names(await keeper.current()) == ["checkout", "new"])
    }
}
