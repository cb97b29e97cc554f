/// Which part of which backend's catalogue is kept: what is kept of another is of no use for it.
public struct CatalogueScope: Hashable, Sendable {
    /// The backend.
    public var address: BackstageAddress
    /// Which entities.
    public var filter: CatalogueFilter
    /// The paths of the fields that are asked for.
    public var fields: [String]

    /// Creates a scope.
    public init(address: BackstageAddress, filter: CatalogueFilter = .estate, fields: [String] = EntityFields.model) {
        self.address = address
        self.filter = filter
        self.fields = fields
    }

    /// The request that lists it, as a text: what tells it from others.
    public var identity: String {
        let filters = filter.anyOf.map { set in
            set.map { condition in condition.value.map { "\(condition.key)=\($0)" } ?? condition.key }.joined(separator: ",")
        }
        return address.url + "/api/catalog filter=" + filters.joined(separator: "|") + " fields=" + fields.joined(separator: ",")
    }
}

/// What a backend's catalogue held at one time.
public struct CatalogueSnapshot: Sendable {
    /// The ``CatalogueScope/identity`` of what it is of.
    public var source: String
    /// The address of the backend; the origin of its entities.
    public var origin: String
    /// When the backend was asked what there is, in seconds since 1970. Everything here was true then.
    public var listed: Int64
    /// When everything was last fetched anew, in seconds since 1970; what has not changed since is as old as that.
    public var fetchedWhole: Int64
    /// The entities in the backend's order.
    public var records: [CatalogueRecord]
    /// What was not used of them.
    public var problems: [LoadProblem]

    /// Creates a snapshot.
    public init(
        source: String, origin: String, listed: Int64, fetchedWhole: Int64, records: [CatalogueRecord], problems: [LoadProblem] = []
    ) {
        self.source = source
        self.origin = origin
        self.listed = listed
        self.fetchedWhole = fetchedWhole
        self.records = records
        self.problems = problems
    }

    /// The catalogue.
    public func catalogue() -> Catalogue { Catalogue(records.map(\.entity), problems: problems) }
}

/// How far a refresh is.
public enum CatalogueProgress: Hashable, Sendable {
    /// The list is read: so many entities seen, of how many, if the backend said.
    case listing(Int, of: Int?)
    /// What is new or has changed is fetched: so many, of how many.
    case fetching(Int, of: Int)
}

/// What a refresh came to.
public struct CatalogueRefresh: Sendable {
    /// What the catalogue holds now.
    public var snapshot: CatalogueSnapshot
    /// Whether everything was fetched, because nothing that could be built on was known.
    public var isWhole: Bool
    /// How many entities are new.
    public var added = 0
    /// How many have changed.
    public var changed = 0
    /// How many are gone.
    public var removed = 0
    /// How many bytes the answers had.
    public var bytes = 0
}
