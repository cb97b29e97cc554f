public import Identity
public import RESTClient

/// Microsoft Graph, as far as names and groups go. What the caller may not read is a value, not an error: then identities stay GUIDs.
public struct GraphClient: Sendable {
    /// The most ids that one request asks for.
    public static let mostIDsAtOnce = 1000
    /// The most members of one group that are read.
    static let mostMembers = 100_000

    let service: AzureService

    /// A client.
    /// - Parameters:
    ///   - cloud: where Graph answers.
    ///   - tokens: where tokens come from.
    ///   - client: what talks HTTP.
    public init(cloud: AzureCloud, tokens: any AccessTokenSource, client: RESTClient) {
        service = AzureService(
            base: cloud.graph, scope: .graph(cloud), client: client, tokens: tokens, clock: ContinuousClock(),
            gate: RequestGate(limit: ResourceManagerClient.mostRequestsAtOnce), memory: ClientMemory())
    }

    /// Names and kinds of identities, a thousand at a time. What has not the form of an object id is not asked for: it would have all the others of
    /// its thousand refused.
    /// - Throws: ``AzureError``; but not when the caller may not read names.
    public func names(of ids: some Sequence<GUID>) async throws(AzureError) -> DirectoryNames {
        var names = DirectoryNames()
        let ids = Array(Set(ids.filter(\.isWellFormed))).sorted()
        var start = 0
        while start < ids.count {
            let chunk = ids[start..<min(start + Self.mostIDsAtOnce, ids.count)]
            start = chunk.endIndex
            do throws(AzureError) {
                let operation = "Looking up names in the directory"
                let url = service.url(ResourceID("/v1.0/directoryObjects/getByIds"), query: [])
                let answer = try await service.send(.post, url, body: Self.lookup(chunk), operation: operation)
                names.insert(try service.decode(Page<DirectoryObject>.self, answer, operation: operation).value, asked: chunk)
            } catch {
                guard error.code == .forbidden else { throw error }
                names.withhold(ids[chunk.startIndex...])
                return names
            }
        }
        return names
    }

    /// The body of a request for names. (The type `directoryObject` does not work; the last one stands for what partners own.)
    package static func lookup(_ ids: some Sequence<GUID>) -> JSONValue {
        [
            "ids": .array(ids.map { .text($0.canonical) }),
            "types": ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"],
        ]
    }

    /// The groups that an identity is in, directly or through other groups.
    /// - Parameter id: the identity; nil for the caller.
    /// - Throws: ``AzureError``; but not when the caller may not know.
    public func groups(of id: GUID?) async throws(AzureError) -> DirectoryAnswer<Set<GUID>> {
        let path = id.map { "/v1.0/directoryObjects/\($0.canonical)/getMemberObjects" } ?? "/v1.0/me/getMemberObjects"
        let operation = "Reading the groups of \(id?.text ?? "the signed-in identity")"
        do throws(AzureError) {
            let url = service.url(ResourceID(path), query: [])
            let answer = try await service.send(.post, url, body: ["securityEnabledOnly": true], operation: operation)
            return .known(Set(try service.decode(Page<String>.self, answer, operation: operation).value.map(GUID.init)))
        } catch {
            guard error.code == .forbidden else { throw error }
            return .notPermitted
        }
    }

    /// The members of a group, directly or through other groups.
    /// - Throws: ``AzureError``; but not when the caller may not know.
    public func members(of group: GUID) async throws(AzureError) -> DirectoryAnswer<[DirectoryObject]> {
        let operation = "Reading the members of the group \(group)"
        let url = service.url(
            ResourceID("/v1.0/groups/\(group.canonical)/transitiveMembers"),
            query: [("$select", "id,displayName,userPrincipalName,mail,appId"), ("$top", "999")])
        do throws(AzureError) {
            var pages = ResourcePages<DirectoryObject>(service: service, first: url, operation: operation).makeAsyncIterator()
            var members: [DirectoryObject] = []
            while let page = try await pages.nextPage() {
                members += page
                guard members.count <= Self.mostMembers else {
                    throw AzureError(.unexpectedAnswer, operation: operation, message: "it has more than \(Self.mostMembers) members.")
                }
            }
            return .known(members)
        } catch {
            guard error.code == .forbidden else { throw error }
            return .notPermitted
        }
    }

    /// Whether an identity that names were not found for is gone.
    /// - Returns: true when the directory says that there is no such object; nil when the caller may not know.
    /// - Throws: ``AzureError``.
    public func isGone(_ id: GUID) async throws(AzureError) -> Bool? {
        let operation = "Looking for \(id) in the directory"
        let answer = try await service.perform(
            .get, service.url(ResourceID("/v1.0/directoryObjects/\(id.canonical)"), query: [("$select", "id")]), body: nil,
            operation: operation)
        switch answer.status {
        case 200: return false
        case 403: return nil
        default:
            let error = AzureError(operation: operation, answer: answer)
            // Any other 404 says something of the path, not of the identity.
            if answer.status == 404, error.serviceCode == "Request_ResourceNotFound" { return true }
            throw error
        }
    }
}
