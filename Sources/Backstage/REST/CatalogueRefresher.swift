#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Keeps a snapshot of a backend's catalogue up to date.
///
/// Of what is known it first reads a cheap list, references and `etag`s only, then fetches what is new or has changed, and drops what is no longer listed. Without
/// anything known it reads the whole list. Nothing is half done: a refresh that fails or is cancelled leaves the snapshot before it as it is.
public struct CatalogueRefresher: Sendable {
    /// How much a backend may make us hold.
    public struct Limits: Sendable {
        /// The most entities.
        public var entities = 200_000
        /// The most bytes of all answers of a refresh.
        public var bytes = 256 << 20
        /// The most problems kept.
        public var problems = 1_000
        /// The most entities of a page of whole entities.
        public var page = 500
        /// The most entities of a page of references: what Backstage's own client asks for at once.
        public var listingPage = 1_000

        /// The limits used unless a caller says otherwise.
        public init() {}
    }

    private let client: BackstageClient
    private let scope: CatalogueScope
    private let limits: Limits
    private let now: @Sendable () -> Int64

    /// Creates a refresher.
    /// - Parameters:
    ///   - client: the backend's client.
    ///   - scope: what to keep.
    ///   - limits: how much to hold.
    ///   - now: the time in seconds since 1970; the system's unless given.
    public init(
        client: BackstageClient, scope: CatalogueScope, limits: Limits = Limits(),
        now: (@Sendable () -> Int64)? = nil
    ) {
        self.client = client
        self.scope = scope
        self.limits = limits
        self.now = now ?? { Int64(Date().timeIntervalSince1970) }
    }

    /// Asks the backend what there is now.
    /// - Parameters:
    ///   - known: what is known; of another scope it counts as nothing.
    ///   - progress: hears how far it is, after every answer.
    /// - Throws: ``BackstageError``; of code `emptied` when a backend lists nothing where there was something. It does so, rather than refuse, when a permission was
    ///   taken away.
    public func refresh(
        _ known: CatalogueSnapshot? = nil, progress: @Sendable (CatalogueProgress) -> Void = { _ in }
    ) async throws(BackstageError) -> CatalogueRefresh {
        if let known, known.source == scope.identity, !known.records.isEmpty {
            return try await update(known, progress)
        }
        return try await fetchWhole(progress)
    }

    /// Fetches everything anew.
    public func fetchWhole(_ progress: @Sendable (CatalogueProgress) -> Void = { _ in }) async throws(BackstageError) -> CatalogueRefresh {
        let time = now()
        let list = try await list(scope.fields, limits.page, progress)
        let snapshot = CatalogueSnapshot(
            source: scope.identity, origin: scope.address.url, listed: time, fetchedWhole: time, records: list.records,
            problems: bounded(list.problems))
        return CatalogueRefresh(snapshot: snapshot, isWhole: true, added: list.records.count, bytes: list.bytes)
    }

    // MARK: What has changed

    private func update(_ known: CatalogueSnapshot, _ progress: @Sendable (CatalogueProgress) -> Void) async throws(BackstageError)
        -> CatalogueRefresh
    {
        let time = now()
        let list = try await list(EntityFields.identity, limits.listingPage, progress)
        guard !list.records.isEmpty else {
            throw BackstageError(
                .emptied, "\(scope.address) lists no entities any more, of \(known.records.count) there were; those are kept.",
                hint:
                    "Backstage shows nothing to those who may not see it: look for a permission (catalog.entity.read) that was taken away. A whole refresh takes it as it is."
            )
        }
        var records = Dictionary(known.records.map { ($0.entity.ref, $0) }, uniquingKeysWith: { first, _ in first })
        let count = records.count
        let wanted = list.records.filter { $0.etag == nil || $0.etag != records[$0.entity.ref]?.etag }.map(\.entity.ref)
        var refresh = CatalogueRefresh(
            snapshot: CatalogueSnapshot(
                source: known.source, origin: known.origin, listed: time, fetchedWhole: known.fetchedWhole, records: [], problems: []),
            isWhole: false, bytes: list.bytes)
        let fetched = try await fetch(wanted, progress, &refresh)
        for ref in wanted {
            let isKnown = records[ref] != nil
            // What was listed and is not found has gone between the two questions.
            records[ref] = fetched.records[ref]
            guard records[ref] != nil else { continue }
            if isKnown { refresh.changed += 1 } else { refresh.added += 1 }
        }
        refresh.snapshot.records = list.records.compactMap { records[$0.entity.ref] }
        refresh.removed = count + refresh.added - refresh.snapshot.records.count
        // Problems begin with the reference they are about; those of what was not read again still hold.
        let unread = Set(list.records.map(\.entity.ref.description)).subtracting(wanted.map(\.description))
        let old = known.problems.filter { problem in unread.contains(String(problem.message.prefix { $0 != " " }.dropLast())) }
        refresh.snapshot.problems = bounded(old + fetched.problems)
        return refresh
    }

    private struct Fetched {
        var records: [EntityRef: CatalogueRecord] = [:]
        var problems: [LoadProblem] = []
    }

    private func fetch(
        _ refs: [EntityRef], _ progress: @Sendable (CatalogueProgress) -> Void, _ refresh: inout CatalogueRefresh
    ) async throws(BackstageError) -> Fetched {
        var fetched = Fetched()
        var start = 0
        while start < refs.count {
            let chunk = BackstageClient.chunk(refs[start...])
            let lookup = try await client.entities(Array(chunk), fields: scope.fields)
            start = chunk.endIndex
            try add(lookup.bytes, to: &refresh.bytes)
            for case let record? in lookup.records { fetched.records[record.entity.ref] = record }
            fetched.problems = bounded(fetched.problems + lookup.problems)
            progress(.fetching(start, of: refs.count))
        }
        return fetched
    }

    // MARK: The list

    private struct List {
        var records: [CatalogueRecord] = []
        var problems: [LoadProblem] = []
        var bytes = 0
    }

    private func list(_ fields: [String], _ limit: Int, _ progress: @Sendable (CatalogueProgress) -> Void) async throws(BackstageError)
        -> List
    {
        var list = List()
        var query = CatalogueQuery(filter: scope.filter)
        query.fields = fields
        query.limit = limit
        var places: [EntityRef: Int] = [:]
        var cursors: Set<CatalogueCursor> = []
        var page = try await client.firstPage(of: query)
        let total = page.total
        while true {
            try add(page.bytes, to: &list.bytes)
            list.problems = bounded(list.problems + page.problems)
            let pageStart = list.records.count
            for record in page.records {
                let ref = record.entity.ref
                guard let place = places[ref] else {
                    places[ref] = list.records.count
                    list.records.append(record)
                    continue
                }
                if place < pageStart {
                    // An entity that is written anew while the list is read may be seen a second time; the later one is what it is now.
                    list.records[place] = record
                } else {
                    let message = "\(ref): is already defined at \(record.entity.origin); this one is left out"
                    list.problems = bounded(list.problems + [LoadProblem(.error, file: record.entity.origin.file, message: message)])
                }
            }
            guard list.records.count <= limits.entities else {
                throw BackstageError(.tooMuch, "\(scope.address) lists more than \(limits.entities) entities.", hint: "Narrow the filter.")
            }
            progress(.listing(list.records.count, of: total))
            guard let next = page.next else { return list }
            // A backend that sends us in a circle would do so for ever.
            guard cursors.insert(next).inserted, cursors.count <= limits.entities else {
                throw BackstageError(.unreadable, "\(scope.address) gives the same page again and again.")
            }
            page = try await client.page(at: next, fields: fields, limit: limit)
        }
    }

    private func add(_ bytes: Int, to sum: inout Int) throws(BackstageError) {
        sum += bytes
        guard sum <= limits.bytes else {
            throw BackstageError(
                .tooMuch, "\(scope.address) gave more than \(limits.bytes >> 20) MB of entities.", hint: "Narrow the filter.")
        }
        guard !Task.isCancelled else { throw BackstageError(.cancelled, "Reading the catalogue of \(scope.address) was cancelled.") }
    }

    private func bounded(_ problems: [LoadProblem]) -> [LoadProblem] {
        problems.count <= limits.problems ? problems : Array(problems.prefix(limits.problems))
    }
}
