#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Backstage's catalogue interface, `/api/catalog`. It takes the tokens of this tenant's Entra (external access of type `jwks`) and one static
/// token.
extension SandboxCloud {
    private static let largestPage = 10_000
    private static let usualPage = 20
    private static let maximumRefs = 1000

    private struct CatalogueFault: Error {
        var status: Int
        var name: String
        var message: String
    }

    func answerCatalogue(_ request: CloudRequest, _ segments: [String]) -> CloudResponse {
        do throws(CatalogueFault) {
            try authenticateForCatalogue(request)
            if segments.first?.lowercased() == "notifications" { return answerNotifications(request, Array(segments.dropFirst())) }
            guard segments.first?.lowercased() == "catalog" else {
                throw CatalogueFault(status: 404, name: "NotFoundError", message: "Not found")
            }
            let rest = Array(segments.dropFirst())
            switch (request.method, rest.first ?? "", rest.count) {
            case ("GET", "entities", 1): return CloudResponse(200, .array(projected(try filtered(filters(request)), fields(request))))
            case ("GET", "entities", 2) where rest[1] == "by-query": return try query(request)
            case ("POST", "entities", 2) where rest[1] == "by-refs": return try byRefs(request)
            case ("GET", "entities", 5) where rest[1] == "by-name":
                let ref = "\(rest[2]):\(rest[3])/\(rest[4])"
                guard let entity = catalogue.entity(ref) else {
                    throw CatalogueFault(
                        status: 404, name: "NotFoundError",
                        message: "No entity named '\(rest[4])' found, with kind '\(rest[2])' in namespace '\(rest[3])'")
                }
                return CloudResponse(200, entity.json)
            case ("GET", "entity-facets", 1): return try facets(request)
            case ("POST", "refresh", 1):
                guard let ref = request.json?["entityRef"]?.text, catalogue.entity(ref) != nil else {
                    throw CatalogueFault(status: 404, name: "NotFoundError", message: "Entity not found")
                }
                return CloudResponse(status: 200)
            default: throw CatalogueFault(status: 404, name: "NotFoundError", message: "Not found")
            }
        } catch {
            return CloudResponse(
                error.status,
                [
                    "error": ["name": .string(error.name), "message": .string(error.message)],
                    "request": ["method": .string(request.method), "url": .string(request.target)],
                    "response": ["statusCode": .int(Int64(error.status))],
                ])
        }
    }

    private func authenticateForCatalogue(_ request: CloudRequest) throws(CatalogueFault) {
        guard let token = request.bearer else {
            throw CatalogueFault(status: 401, name: "AuthenticationError", message: "Missing credentials")
        }
        if token == secrets.catalogueToken { return }
        guard (try? caller(of: token, for: [TokenResource.catalogueAudience])) != nil else {
            throw CatalogueFault(status: 401, name: "AuthenticationError", message: "Illegal token")
        }
    }

    // MARK: Queries

    private func filters(_ request: CloudRequest) -> [String] { request.parameters.filter { $0.name == "filter" }.map(\.value) }

    private func fields(_ request: CloudRequest) -> [String] {
        request.parameters.filter { $0.name == "fields" }.flatMap { $0.value.split(separator: ",").map(String.init) }
    }

    /// One filter must hold altogether; of several one is enough.
    private func filtered(_ filters: [String]) throws(CatalogueFault) -> [CatalogueStandIn.Entity] {
        guard filters.count <= 100 else { throw CatalogueFault(status: 400, name: "InputError", message: "Too many filters") }
        let wanted = filters.map { $0.split(separator: ",").map { $0.lowercased() } }
        guard !wanted.isEmpty else { return catalogue.entities }
        return catalogue.entities.filter { entity in wanted.contains { $0.allSatisfy { entity.index.contains($0) } } }
    }

    private func query(_ request: CloudRequest) throws(CatalogueFault) -> CloudResponse {
        var filters = filters(request)
        var term = request.parameter("fullTextFilterTerm") ?? ""
        var order = request.parameter("orderField") ?? ""
        var skip = 0
        if let text = request.parameter("cursor") {
            // With a cursor, filters and order are those of the first page.
            guard let data = Base64URL.decode(text), let cursor = CloudJSON(parsing: Array(data)), let offset = cursor["skip"]?.number,
                let start = Int(exactly: offset), start >= 0
            else { throw CatalogueFault(status: 400, name: "InputError", message: "Malformed cursor: SyntaxError: Unexpected token") }
            filters = cursor["filter"]?.elements.compactMap(\.text) ?? []
            term = cursor["term"]?.text ?? ""
            order = cursor["order"]?.text ?? ""
            skip = start
        }
        var limit = Self.usualPage
        if let text = request.parameter("limit") {
            guard let number = Int(text), number > 0 else {
                throw CatalogueFault(status: 400, name: "InputError", message: "Invalid limit, must be a positive number")
            }
            limit = min(number, Self.largestPage)
        }
        var found = try filtered(filters)
        if !term.isEmpty { found = found.filter { $0.text.contains(term.lowercased()) || $0.ref.contains(term.lowercased()) } }
        found = ordered(found, order)
        let page = Array(found.dropFirst(skip).prefix(limit))
        func cursor(_ skip: Int) -> CloudJSON {
            let json: CloudJSON = [
                "filter": .array(filters.map { .string($0) }), "term": .string(term), "order": .string(order), "skip": .int(Int64(skip)),
            ]
            return .string(Base64URL.encode(json.serialized.utf8))
        }
        var info: CloudJSON = [:]
        if found.count - min(skip, found.count) > limit { info = info.setting("nextCursor", cursor(skip + limit)) }
        if skip > 0 { info = info.setting("prevCursor", cursor(max(0, skip - limit))) }
        return CloudResponse(
            200, ["items": .array(projected(page, fields(request))), "totalItems": .int(Int64(found.count)), "pageInfo": info])
    }

    private func ordered(_ entities: [CatalogueStandIn.Entity], _ order: String) -> [CatalogueStandIn.Entity] {
        let parts = order.split(separator: ",").map(String.init)
        guard let field = parts.first else { return entities.sorted { $0.ref < $1.ref } }
        let key = entities.map { entity in
            (entity, Self.project(entity.json, [field]).leaf?.lowercased() ?? "")
        }
        let isDescending = parts.count > 1 && parts[1] == "desc"
        return key.sorted { a, b in a.1 == b.1 ? a.0.ref < b.0.ref : isDescending ? a.1 > b.1 : a.1 < b.1 }.map(\.0)
    }

    private func byRefs(_ request: CloudRequest) throws(CatalogueFault) -> CloudResponse {
        guard let json = request.json, case .array(let refs)? = json["entityRefs"], refs.count <= Self.maximumRefs else {
            throw CatalogueFault(
                status: 400, name: "InputError", message: "Malformed request: entityRefs must be a list of up to \(Self.maximumRefs)")
        }
        let fields = json["fields"]?.elements.compactMap(\.text) ?? []
        let items = refs.map { ref in
            ref.text.flatMap { catalogue.entity($0) }.map { fields.isEmpty ? $0.json : Self.project($0.json, fields) } ?? .null
        }
        return CloudResponse(200, ["items": .array(items)])
    }

    private func facets(_ request: CloudRequest) throws(CatalogueFault) -> CloudResponse {
        let names = request.parameters.filter { $0.name == "facet" }.flatMap { $0.value.split(separator: ",").map(String.init) }
        guard !names.isEmpty, names.count <= 100 else {
            throw CatalogueFault(status: 400, name: "InputError", message: "Missing facet parameter")
        }
        let entities = try filtered(filters(request))
        let facets = names.map { name in
            var counts: [String: Int64] = [:]
            for entity in entities {
                if let value = Self.project(entity.json, [name]).leaf { counts[value, default: 0] += 1 }
            }
            let values = counts.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
            return CloudJSON.Member(key: name, value: .array(values.map { ["value": .string($0.key), "count": .int($0.value)] }))
        }
        return CloudResponse(200, ["facets": .object(facets)])
    }

    // MARK: Fields

    private func projected(_ entities: [CatalogueStandIn.Entity], _ fields: [String]) -> [CloudJSON] {
        entities.map { fields.isEmpty ? $0.json : Self.project($0.json, fields) }
    }

    /// What of an object is asked for. Keys may have dots in them, so that a field is matched against keys, not split.
    private static func project(_ json: CloudJSON, _ fields: [String]) -> CloudJSON {
        guard case .object(let members) = json else { return json }
        return .object(
            members.compactMap { member in
                if fields.contains(where: { $0.lowercased() == member.key.lowercased() }) { return member }
                let prefix = member.key.lowercased() + "."
                let inner = fields.filter { $0.lowercased().hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
                guard !inner.isEmpty, case .object = member.value else { return nil }
                return .init(key: member.key, value: project(member.value, inner))
            })
    }
}

extension CloudJSON {
    /// The first value that is no object.
    fileprivate var leaf: String? {
        switch self {
        case .object(let members): members.lazy.compactMap(\.value.leaf).first
        case .string(let text): text
        case .int(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .array, .null, .fraction: nil
        }
    }
}
