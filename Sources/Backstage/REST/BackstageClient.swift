#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
internal import NIOCore
public import RESTClient

/// Reads a catalogue over the REST API of a Backstage backend (`/api/catalog`).
///
/// What comes back is untrusted text, as from files. All calls throw ``BackstageError``, stop when their task is cancelled, and are repeated by the ``RESTClient`` when the
/// backend says "later".
public struct BackstageClient: Sendable {
    /// The backend.
    public let address: BackstageAddress
    /// How it knows us.
    public let authorization: BackstageAuthorization
    private let http: RESTClient

    /// The most references of one request, and the most bytes they take: backends refuse bodies of 100 kB and more.
    static let refsAtOnce = 500
    static let refBytesAtOnce = 60_000

    /// Creates a client.
    public init(address: BackstageAddress, authorization: BackstageAuthorization, http: RESTClient) {
        self.address = address
        self.authorization = authorization
        self.http = http
    }

    // MARK: Lists

    /// The first page of a list (`GET /entities/by-query`).
    public func firstPage(of query: CatalogueQuery) async throws(BackstageError) -> CataloguePage {
        let what = "list entities"
        return try page(await send(.get, "/entities/by-query?" + query.parameters().text, what), what)
    }

    /// A further page of a list.
    /// - Parameters:
    ///   - cursor: where it goes on. It holds the filter and the order.
    ///   - fields: the paths of the fields to be told, as for the first page.
    ///   - limit: the most entities.
    public func page(at cursor: CatalogueCursor, fields: [String], limit: Int) async throws(BackstageError) -> CataloguePage {
        let what = "go on listing entities"
        if cursor.holdsQuery {
            let body = PageRequest(cursor: cursor.text, limit: limit, fields: fields.isEmpty ? nil : fields)
            return try page(await send(.post, "/entities/by-query", what, body: body), what)
        }
        var parameters = URLParameters()
        parameters.add("cursor", cursor.text)
        if !fields.isEmpty { parameters.add("fields", fields.joined(separator: ",")) }
        parameters.add("limit", String(limit))
        return try page(await send(.get, "/entities/by-query?" + parameters.text, what), what)
    }

    private struct PageRequest: Encodable {
        var cursor: String
        var limit: Int
        var fields: [String]?
    }

    private func page(_ answer: Answer, _ what: String) throws(BackstageError) -> CataloguePage {
        guard let items = answer.root["items"]?.elements else { throw unreadable(what, "it has no 'items'", answer) }
        var reader = AnswerReader(origin: address.url)
        var records: [CatalogueRecord] = []
        records.reserveCapacity(items.count)
        for item in items {
            if let record = reader.record(item) { records.append(record) }
        }
        let info = answer.root["pageInfo"]
        return CataloguePage(
            records: records, total: answer.root["totalItems"]?.integer.flatMap { Int(exactly: $0) },
            next: info?["nextCursor"]?.text.map(CatalogueCursor.init),
            previous: info?["prevCursor"]?.text.map(CatalogueCursor.init), problems: reader.problems, bytes: answer.bytes)
    }

    // MARK: Single entities

    /// Entities by their references (`POST /entities/by-refs`), in as many requests as it takes.
    public func entities(_ refs: [EntityRef], fields: [String] = EntityFields.model) async throws(BackstageError) -> CatalogueLookup {
        var lookup = CatalogueLookup()
        lookup.records.reserveCapacity(refs.count)
        var start = refs.startIndex
        while start < refs.endIndex {
            let chunk = Self.chunk(refs[start...])
            try await look(up: chunk, fields, into: &lookup)
            start = chunk.endIndex
        }
        return lookup
    }

    /// As many references as fit into a request; at least one.
    static func chunk(_ refs: ArraySlice<EntityRef>) -> ArraySlice<EntityRef> {
        var bytes = 0
        let end = refs.prefix(refsAtOnce).firstIndex { ref in
            bytes += ref.description.utf8.count + 3
            return bytes > refBytesAtOnce
        }
        return refs[refs.startIndex..<max(end ?? min(refs.startIndex + refsAtOnce, refs.endIndex), min(refs.startIndex + 1, refs.endIndex))]
    }

    private struct RefsRequest: Encodable {
        var entityRefs: [String]
        var fields: [String]?
    }

    private func look(up refs: ArraySlice<EntityRef>, _ fields: [String], into lookup: inout CatalogueLookup) async throws(BackstageError) {
        let what = "look entities up"
        let body = RefsRequest(entityRefs: refs.map(\.description), fields: fields.isEmpty ? nil : fields)
        let answer = try await send(.post, "/entities/by-refs", what, body: body)
        guard let items = answer.root["items"]?.elements else { throw unreadable(what, "it has no 'items'", answer) }
        guard items.count == refs.count else {
            throw unreadable(what, "it has \(items.count) entities for \(refs.count) references", answer)
        }
        var reader = AnswerReader(origin: address.url)
        for (ref, item) in zip(refs, items) {
            let record = item.isNull ? nil : reader.record(item)
            if let record, record.entity.ref != ref { throw unreadable(what, "it has \(record.entity.ref) in the place of \(ref)", answer) }
            lookup.records.append(record)
        }
        lookup.problems += reader.problems
        lookup.bytes += answer.bytes
    }

    /// One entity with everything it has (`GET /entities/by-name`).
    /// - Throws: ``BackstageError`` of code `notFound` when there is none.
    public func entity(_ ref: EntityRef) async throws(BackstageError) -> CatalogueLookup {
        let what = "read \(ref)"
        let parts = [ref.kind, ref.namespace, ref.name].map { URLParameters.encoded($0.lowercased()) }
        // In a path they would lead elsewhere, with our credentials.
        guard !parts.contains("."), !parts.contains("..") else {
            throw BackstageError(.invalidQuery, "Cannot \(what): that is no reference.")
        }
        let path = parts.joined(separator: "/")
        let answer = try await send(.get, "/entities/by-name/" + path, what)
        var reader = AnswerReader(origin: address.url)
        guard let record = reader.record(answer.root) else {
            throw unreadable(what, reader.problems.last?.message ?? "it is no entity", answer)
        }
        return CatalogueLookup(records: [record], problems: reader.problems, bytes: answer.bytes)
    }

    // MARK: Facets

    /// How often each value of some fields occurs (`GET /entity-facets`), by field.
    public func facets(of fields: [String], filter: CatalogueFilter = .all) async throws(BackstageError) -> [String: [CatalogueFacet]] {
        let what = "count values"
        var parameters = try filter.parameters()
        for field in fields { parameters.add("facet", field) }
        let answer = try await send(.get, "/entity-facets?" + parameters.text, what)
        guard let entries = answer.root["facets"]?.entries else { throw unreadable(what, "it has no 'facets'", answer) }
        var facets: [String: [CatalogueFacet]] = [:]
        for entry in entries {
            facets[entry.key] = (entry.value.elements ?? []).compactMap { node in
                guard let value = node["value"]?.text, let count = node["count"]?.integer.flatMap({ Int(exactly: $0) }) else { return nil }
                return CatalogueFacet(value: value, count: count)
            }
        }
        return facets
    }

    // MARK: Locations

    /// Where the catalogue is read from (`GET /locations`).
    public func locations() async throws(BackstageError) -> [CatalogueLocation] {
        let what = "list locations"
        let answer = try await send(.get, "/locations", what)
        guard let items = answer.root.elements else { throw unreadable(what, "it is not a list", answer) }
        return items.compactMap { CatalogueLocation($0["data"] ?? $0) }
    }

    /// What a location would bring, without adding it (`POST /locations?dryRun=true`).
    public func tryLocation(_ target: String, type: String = "url") async throws(BackstageError) -> LocationTrial {
        let what = "try a location"
        let answer = try await send(.post, "/locations?dryRun=true", what, body: ["type": type, "target": target])
        guard let location = answer.root["location"].flatMap(CatalogueLocation.init) else {
            throw unreadable(what, "it has no 'location'", answer)
        }
        var reader = AnswerReader(origin: address.url)
        let records = (answer.root["entities"]?.elements ?? []).compactMap { reader.record($0) }
        return LocationTrial(location: location, isKnown: answer.root["exists"]?.bool ?? false, records: records, problems: reader.problems)
    }

    /// Asks the backend to read an entity from its source again (`POST /refresh`). It does so when it comes to it.
    public func refresh(_ ref: EntityRef) async throws(BackstageError) {
        _ = try await exchange(.post, "/refresh", "refresh \(ref)", body: ["entityRef": ref.description])
    }

    // MARK: Requests

    private struct Answer {
        var root: YAMLNode
        var response: RESTResponse
        var bytes: Int
    }

    private func send(_ method: RESTRequest.Method, _ path: String, _ what: String, body: (any Encodable & Sendable)? = nil)
        async throws(BackstageError) -> Answer
    {
        let response = try await exchange(method, path, what, body: body)
        do {
            return Answer(
                root: try JSONReader.read(Array(response.body.readableBytesView)), response: response, bytes: response.body.readableBytes)
        } catch {
            throw RefusalReader(address: address, authorization: authorization, what: what).notJSON(response, error)
        }
    }

    /// The successful answer to a request.
    /// - Parameter plugin: what of the backend is asked.
    func exchange(
        _ method: RESTRequest.Method, _ path: String, _ what: String, plugin: String = "catalog", body: (any Encodable & Sendable)? = nil
    ) async throws(BackstageError) -> RESTResponse {
        var request = RESTRequest(method, "\(address.url)/api/\(plugin)\(path)", headers: ["Accept": "application/json"])
        if let body {
            request.headers.append(name: "Content-Type", value: "application/json")
            request.body = try Self.encoded(body)
        }
        if let value = try await credentials(what) { request.headers.append(name: "Authorization", value: value) }
        let response: RESTResponse
        do {
            response = try await http.send(request)
        } catch {
            throw BackstageError(error)
        }
        guard response.isSuccess else { throw RefusalReader(address: address, authorization: authorization, what: what).refusal(response) }
        return response
    }

    private static func encoded(_ body: any Encodable & Sendable) throws(BackstageError) -> ByteBuffer {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return ByteBuffer(bytes: try encoder.encode(body))
        } catch {
            throw BackstageError(.invalidQuery, "The request to Backstage cannot be written as JSON.")
        }
    }

    private func credentials(_ what: String) async throws(BackstageError) -> String? {
        let value: String?
        do {
            value = try await authorization.value()
        } catch is CancellationError {
            throw BackstageError(.cancelled, "The request to \(address) was cancelled.")
        } catch {
            throw BackstageError(.noCredentials, "Cannot \(what) at \(address): there are no credentials for it. \(error)")
        }
        // A line break in it would make fields of its own.
        guard value?.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) != false else {
            throw BackstageError(
                .noCredentials, "Cannot \(what) at \(address): the credentials hold characters that no token has.",
                hint: "Look for a line break at the end of the file or variable they come from.")
        }
        return value
    }

    private func unreadable(_ what: String, _ reason: String, _ answer: Answer) -> BackstageError {
        RefusalReader(address: address, authorization: authorization, what: what).unreadable(answer.response, reason)
    }
}

/// A value of a field, and how many entities have it.
public struct CatalogueFacet: Hashable, Sendable {
    /// The value.
    public var value: String
    /// How many entities have it.
    public var count: Int
}

/// A place that a catalogue is read from.
public struct CatalogueLocation: Hashable, Sendable {
    /// Its id; nil where the backend gives none.
    public var id: String?
    /// What kind of place: `url`, `file`.
    public var type: String
    /// Where.
    public var target: String

    init?(_ node: YAMLNode) {
        guard let type = node["type"]?.text, let target = node["target"]?.text else { return nil }
        id = node["id"]?.text
        self.type = type
        self.target = target
    }
}

/// What adding a location would do.
public struct LocationTrial: Sendable {
    /// The location.
    public var location: CatalogueLocation
    /// Whether the catalogue has it already.
    public var isKnown: Bool
    /// The entities it would bring.
    public var records: [CatalogueRecord]
    /// What was not used.
    public var problems: [LoadProblem]
}
