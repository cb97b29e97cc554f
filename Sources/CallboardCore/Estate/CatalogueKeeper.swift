internal import Backstage
internal import ServiceBus
internal import Synchronization

/// Keeps an estate up to date with where its catalogue comes from: what can be had at once is there at once, and a backend is asked beside.
///
/// A backend that was never asked is waited for; one whose catalogue was kept, and one that failed, is asked anew once that is ``freshness`` ago
/// and waited for only a moment. A refresh that fails changes nothing but the problems, which then say how old the catalogue is and why.
actor CatalogueKeeper {
    /// For how long what a backend said is taken for current.
    static let freshness: Int64 = 60

    private let source: CatalogueSource
    private let join: @Sendable (Catalogue) -> LoadedEstate
    private let now: @Sendable () -> Timestamp
    private let pause: @Sendable (Duration) async -> Void
    private var opening: Task<CatalogueSource.Opened, Never>?
    private var opened: CatalogueSource.Opened?
    private var estate: LoadedEstate?
    /// The one change that is under way.
    private var refreshing: Task<Void, Never>?
    private var failure: BackstageError?
    /// When a refresh was tried last, in seconds since 1970.
    private var tried: Int64?

    /// - Parameters:
    ///   - pause: waits.
    ///   - join: joins a catalogue to the entities it names.
    init(
        _ source: CatalogueSource, now: @escaping @Sendable () -> Timestamp,
        pause: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) },
        join: @escaping @Sendable (Catalogue) -> LoadedEstate
    ) {
        self.source = source
        self.now = now
        self.pause = pause
        self.join = join
    }

    /// How long a backend is waited for that was heard before: one that refuses does so at once, and then that is said.
    private static let patience = Duration.milliseconds(100)

    /// The estate as it is known now. Waits for a backend when nothing is known of it, not even that it does not answer; otherwise for a moment.
    func current() async -> LoadedEstate {
        await begin()
        if isUnknown, failure == nil { await asked() } else { await asked(atMost: Self.patience) }
        return joined()
    }

    /// The estate of what is there at once: files, and what was kept of a backend. Nil where the backend was never heard.
    func kept() async -> LoadedEstate? {
        await begin()
        return isUnknown ? nil : joined()
    }

    /// Waits for the backend, where it is asked.
    func asked() async {
        await begin()
        await refreshing?.value
    }

    private func asked(atMost limit: Duration) async {
        guard let refreshing else { return }
        await withCheckedContinuation { continuation in
            let first = FirstOf(continuation)
            Task {
                await refreshing.value
                first.came()
            }
            Task { [pause] in
                await pause(limit)
                first.came()
            }
        }
    }

    private func begin() async {
        if opened == nil {
            let source = source
            let task = opening ?? Task.detached { source.open() }
            opening = task
            let first = await task.value
            if opened == nil { opened = first }
        }
        if refreshing == nil, isRefreshDue {
            refreshing = Task {
                await self.refresh()
                self.refreshing = nil
            }
        }
    }

    /// The estate after the backend was asked, and the files read, anew.
    func reloaded() async -> LoadedEstate {
        // One after the other: of two that cross, the older one could end last.
        while let task = refreshing { await task.value }
        let task = Task {
            let source = self.source
            self.opened = await Task.detached { source.open() }.value
            self.estate = nil
            await self.refresh()
            self.refreshing = nil
        }
        refreshing = task
        await task.value
        return joined()
    }

    private var isUnknown: Bool { if case .unknown = opened?.standing { true } else { false } }

    private var isRefreshDue: Bool {
        guard source.backend != nil else { return false }
        let time = now().milliseconds / 1000
        if let tried, time - tried < Self.freshness { return false }
        if case .known(let snapshot) = opened?.standing { return time - snapshot.listed >= Self.freshness }
        return true
    }

    private func refresh() async {
        guard let opened, source.backend != nil else { return }
        tried = now().milliseconds / 1000
        do throws(BackstageError) {
            self.opened = try await source.refreshed(opened)
            failure = nil
        } catch {
            failure = error
        }
        estate = nil
    }

    private func joined() -> LoadedEstate {
        if let estate { return estate }
        var joined = join(opened?.catalogue ?? Catalogue([]))
        if let failure, let backend = source.backend {
            let age =
                if case .known(let snapshot) = opened?.standing {
                    "what is shown of it is from \(Timestamp(milliseconds: snapshot.listed &* 1000))"
                } else {
                    "nothing of it is known"
                }
            joined.report(
                CatalogueProblem(
                    file: backend.scope.address.url,
                    message: "\(failure.message) (\(age))" + (failure.hint.isEmpty ? "" : ". " + failure.hint)))
        }
        estate = joined
        return joined
    }
}

/// Goes on when the first of several things has come.
private final class FirstOf: Sendable {
    private let waiting: Mutex<CheckedContinuation<Void, Never>?>

    init(_ continuation: CheckedContinuation<Void, Never>) { waiting = Mutex(continuation) }

    func came() {
        let continuation = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        continuation?.resume()
    }
}
