/// Where the entities of an estate come from: files, a backend, or both. Files come first: of entities with the same reference theirs counts, and the other is reported.
public struct CatalogueSource: Sendable {
    /// A backend, and what is kept of it.
    public struct Backend: Sendable {
        /// What of which backend.
        public var scope: CatalogueScope
        /// Asks it.
        public var refresher: CatalogueRefresher
        /// Where what it said is kept; nil to keep nothing.
        public var cache: CatalogueCache?

        /// Creates a source over REST.
        /// - Parameters:
        ///   - client: the backend's client.
        ///   - filter: which entities.
        ///   - cache: where what it said is kept.
        public init(client: BackstageClient, filter: CatalogueFilter = .estate, cache: CatalogueCache?) {
            scope = CatalogueScope(address: client.address, filter: filter)
            refresher = CatalogueRefresher(client: client, scope: scope)
            self.cache = cache
        }

        init(scope: CatalogueScope, refresher: CatalogueRefresher, cache: CatalogueCache?) {
            self.scope = scope
            self.refresher = refresher
            self.cache = cache
        }
    }

    /// What is known of a backend's catalogue.
    public enum Standing: Sendable {
        /// There is no backend.
        case none
        /// Nothing is known of it, and why nothing was kept.
        case unknown(CatalogueCache.Absence)
        /// What it said last. ``CatalogueSnapshot/listed`` says when.
        case known(CatalogueSnapshot)
    }

    /// A catalogue, and how current it is.
    public struct Opened: Sendable {
        /// What there is, of files and backend.
        public var catalogue: Catalogue
        /// What is known of the backend's part.
        public var standing: Standing
        /// What the last refresh came to; nil when there was none.
        public var refresh: CatalogueRefresh?
        fileprivate var files: Catalogue
    }

    /// Files and folders.
    public var paths: [String]
    /// The backend.
    public var backend: Backend?

    /// Creates a source.
    public init(paths: [String] = [], backend: Backend? = nil) {
        self.paths = paths
        self.backend = backend
    }

    /// What can be had at once: the files, and what was kept of the backend. Waits for no network.
    public func open() -> Opened {
        let files = CatalogueLoader.load(paths: paths)
        guard let backend else { return Opened(catalogue: files, standing: .none, files: files) }
        switch backend.cache?.open(backend.scope) ?? .nothing(.missing) {
        case .nothing(let absence): return Opened(catalogue: files, standing: .unknown(absence), files: files)
        case .snapshot(let snapshot): return Opened(catalogue: Self.united(files, snapshot), standing: .known(snapshot), files: files)
        }
    }

    /// Asks the backend for what is new, and keeps it.
    /// - Parameters:
    ///   - opened: what is known.
    ///   - whole: whether everything is fetched anew, whatever is known.
    ///   - progress: hears how far it is.
    /// - Throws: ``BackstageError``; what is known stays true for its time.
    public func refreshed(
        _ opened: Opened, whole: Bool = false, progress: @Sendable (CatalogueProgress) -> Void = { _ in }
    ) async throws(BackstageError) -> Opened {
        guard let backend else { return opened }
        var known: CatalogueSnapshot?
        if case .known(let snapshot) = opened.standing, !whole { known = snapshot }
        let refresh = try await backend.refresher.refresh(known, progress: progress)
        var united = Self.united(opened.files, refresh.snapshot)
        do {
            try backend.cache?.keep(refresh.snapshot)
        } catch {
            united = Catalogue(
                united.entities, problems: united.problems + [LoadProblem(.warning, file: error.file, message: error.description)])
        }
        return Opened(catalogue: united, standing: .known(refresh.snapshot), refresh: refresh, files: opened.files)
    }

    private static func united(_ files: Catalogue, _ snapshot: CatalogueSnapshot) -> Catalogue {
        guard !files.entities.isEmpty || !files.problems.isEmpty else { return snapshot.catalogue() }
        return Catalogue(files.entities + snapshot.records.map(\.entity), problems: files.problems + snapshot.problems)
    }
}
