import AMQP
import ServiceBus
import Testing

@testable import Sandbox

/// The cloud's stand-ins around a namespace with the queues `orders` and `emails` and the topic `news` with the subscription `all`: no
/// sockets, and time in the test's hand.
final class CloudFixture {
    /// Making keys takes a moment: once for all tests.
    private static let material = Result { try (CloudSecrets.make(now: 1_700_000_000_000), TokenKeys(), TokenKeys()) }

    let wire: WireFixture
    let cloud: SandboxCloud
    static let origin = "https://127.0.0.1:8443"

    init(_ estate: CloudEstate = CloudEstate(.demo)) throws {
        let (secrets, keys, outerKeys) = try Self.material.get()
        wire = try WireFixture { broker in
            for name in ["orders", "emails"] { try broker.createQueue(name) }
            try broker.createTopic("news")
            try broker.createSubscription("all", of: "news")
        }
        cloud = SandboxCloud(
            hub: wire.hub, tier: .standard, createdAt: .init(milliseconds: wire.clock.milliseconds), origin: Self.origin, secrets: secrets,
            keys: keys, outerKeys: outerKeys, estate: estate)
        let clock = wire.clock
        cloud.passTime = { clock.milliseconds += $0 }
        wire.hub.cloud = cloud
    }

    func pass(seconds: Int64) { wire.pass(milliseconds: seconds * 1000) }

    var namespace: String { cloud.namespaceScope.text }

    // MARK: Requests

    /// Sends a request.
    func ask(_ method: String = "GET", _ target: String, token: String? = nil, _ body: String = "") -> CloudResponse {
        var request = CloudRequest(method: method, target: target, host: "127.0.0.1:8443", body: Array(body.utf8))
        if let token { request.headers["authorization"] = "Bearer \(token)" }
        return cloud.respond(to: request)
    }

    /// Sends a request to ARM, as somebody.
    func manage(
        _ method: String = "GET", _ path: String, as principal: String, version: String = "2022-04-01", query: String = "",
        _ body: CloudJSON? = nil
    ) throws -> CloudResponse {
        ask(
            method, "\(path)?api-version=\(version)\(query.isEmpty ? "" : "&\(query)")",
            token: try token(of: principal, for: "https://management.azure.com"), body?.serialized ?? "")
    }

    /// A token of a principal for an interface.
    func token(of id: String, for audience: String = "https://servicebus.azure.net", contexts: [String] = [], seconds: Int64 = 4200) throws
        -> String
    {
        let principal = try #require(cloud.directory.principals[id])
        let isPerson = if case .user = principal.kind { true } else { false }
        return try cloud.accessToken(
            of: principal,
            .init(
                clientID: principal.clientID ?? CloudSeed.consoleClient, resource: try #require(TokenResource(audience)),
                proof: isPerson ? .person(methods: ["pwd", "mfa"]) : .secret, contexts: contexts), seconds: seconds)
    }

    /// Sends a form to an endpoint of Entra.
    func sign(_ endpoint: String, _ form: [(String, String)]) -> CloudResponse {
        let body = form.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        return ask("POST", "/\(CloudSeed.tenant)/oauth2/v2.0/\(endpoint)", body)
    }

    // MARK: Roles

    /// Gives a role.
    /// - Returns: the assignment's name.
    @discardableResult
    func assign(_ role: RoleDefinition, to principal: String, on path: String = "", name: String? = nil) throws -> String {
        let name = name ?? CallID.make()
        let response = try manage(
            "PUT", "\(namespace)\(path)/providers/Microsoft.Authorization/roleAssignments/\(name)", as: CloudSeed.admin.id,
            ["properties": ["roleDefinitionId": .string(role.resourceID(in: CloudSeed.subscription)), "principalId": .string(principal)]])
        try #require(response.status == 201, "\(response.body)")
        return name
    }

    func unassign(_ name: String, on path: String = "") throws {
        let response = try manage(
            "DELETE", "\(namespace)\(path)/providers/Microsoft.Authorization/roleAssignments/\(name)", as: CloudSeed.admin.id)
        try #require(response.status == 200, "\(response.body)")
    }

    // MARK: Data plane

    /// Puts a token to `$cbs`.
    /// - Returns: the status of the answer.
    func put(_ token: String, for path: String, type: String = "jwt", over client: WireClient, node: WireClient.Node) throws -> Int64? {
        let answer = try client.ask(
            node, "put-token", .value(.string(token)),
            [
                .init(key: "type", value: .string(type)), .init(key: "name", value: .string("sb://127.0.0.1/\(path)")),
            ])
        return answer?.applicationProperties["status-code"]?.integer
    }

    /// A client that has put a principal's token for a path.
    func client(of principal: String, for path: String, seconds: Int64 = 4200) throws -> (client: WireClient, node: WireClient.Node) {
        let client = try wire.connectAnonymously()
        let node = try client.node("$cbs")
        #expect(try put(token(of: principal, seconds: seconds), for: path, over: client, node: node) == 202)
        return (client, node)
    }
}

extension CloudResponse {
    var json: CloudJSON { CloudJSON(parsing: Array(body.utf8)) ?? .null }
    /// The code of an error of ARM's or Graph's.
    var code: String? { json["error"]?["code"]?.text }
    var message: String { json["error"]?["message"]?.text ?? "" }
    /// The elements of a list.
    var list: [CloudJSON] { json["value"]?.elements ?? [] }
}
