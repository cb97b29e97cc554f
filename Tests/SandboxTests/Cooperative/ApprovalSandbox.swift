import AzureResources
import Identity
import Logging
import NIOCore
import RESTClient
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore
@testable import Identity
@testable import Sandbox

/// A sandbox with the entities of requests and decisions, and people who really sign in to it: their id tokens are signed by its Entra, their roles are given
/// by its Azure Resource Manager, and its clock is in the test's hand.
final class ApprovalSandbox: Sendable {
    static let client = CloudSeed.approvalsClient
    static let origin = "https://127.0.0.1:8443"

    let server: SandboxServer
    let entities: CooperativeEntities
    let approvers: [GUID]
    let requesters: [GUID]
    /// The queues that roles are given on.
    let targets: [CooperativeScope]
    let clock: ApprovalClock
    private let keys: [SigningKey]
    /// Loses so many of a hundred answers of Azure Resource Manager.
    let lostAnswers = Atomic<Int>(0)

    private init(
        server: SandboxServer, clock: ApprovalClock, approvers: [GUID], requesters: [GUID], targets: [CooperativeScope], keys: [SigningKey]
    ) throws {
        self.server = server
        self.clock = clock
        self.approvers = approvers
        self.requesters = requesters
        self.targets = targets
        self.keys = keys
        entities = try CooperativeEntities()
    }

    static func run(
        approvers: Int, requesters: Int, targets: Int, _ body: (ApprovalSandbox) async throws -> Void
    ) async throws {
        let clock = ApprovalClock()
        var configuration = SandboxConfiguration()
        configuration.amqpPort = 0
        configuration.httpPort = 0
        configuration.cloudPort = 0
        configuration.clock = { clock.milliseconds }
        let server = try await SandboxServer.start(configuration, logger: quiet) { broker in
            // As the documentation of cooperative approvals has them.
            var settings = QueueSettings()
            settings.lockDuration = 300_000
            settings.duplicateDetectionWindow = 600_000
            settings.deadLetteringOnExpiration = true
            try broker.createQueue("access-requests", settings)
            try broker.createQueue("access-revoke", settings)
            var topic = TopicSettings()
            topic.duplicateDetectionWindow = 600_000
            try broker.createTopic("access-decisions", topic)
            try broker.createSubscription("all", of: "access-decisions")
            for number in 0..<targets { try broker.createQueue("target-\(number)") }
        }
        do {
            let sandbox = try await make(server, clock, approvers: approvers, requesters: requesters, targets: targets)
            try await body(sandbox)
            await server.stop()
        } catch {
            await server.stop()
            throw error
        }
    }

    private static func make(
        _ server: SandboxServer, _ clock: ApprovalClock, approvers: Int, requesters: Int, targets: Int
    ) async throws -> ApprovalSandbox {
        func ids(_ count: Int, _ prefix: String) -> [GUID] {
            (1...count).map { GUID(prefix + "-0000-4000-8000-" + String(repeating: "0", count: 12 - "\($0)".count) + "\($0)") }
        }
        let (approvers, requesters) = (ids(approvers, "a9970000"), ids(requesters, "4e900000"))
        let people = (approvers + requesters).map(\.canonical)
        let owners = approvers.map(\.canonical)
        let made = try await server.withCloud { cloud in
            for id in people { cloud.directory.principals[id] = Principal(id: id, displayName: id, kind: .user(name: "\(id)@example.com")) }
            for id in owners {
                cloud.assignments.add(
                    Sandbox.RoleAssignment(
                        name: CallID.make(), scope: cloud.namespaceScope, role: .owner, principalID: id, principalType: "User",
                        createdAt: cloud.now, createdBy: CloudSeed.admin.id, effectiveFrom: 0))
            }
            return (cloud.namespaceScope.text, try cloud.keys.json(issuer: "\(origin)/\(CloudSeed.tenant)/v2.0").serialized)
        }
        let (namespace, document) = try #require(made)
        return try ApprovalSandbox(
            server: server, clock: clock, approvers: approvers, requesters: requesters,
            targets: try (0..<targets).map { try #require(CooperativeScope("\(namespace)/queues/target-\($0)")) },
            keys: try #require(SigningKeys.parse(Array(document.utf8))))
    }

    static var quiet: Logger { Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() } }

    // MARK: People

    var rules: CooperativeRules {
        CooperativeRules(
            Guardrails(
                rules: .builtIn, place: Guardrails.Place(context: "approvals", host: "sbemulatorns", isEmulator: true),
                caller: PolicyCaller([.user("tester")])))
    }

    var signatures: SignatureVerifier {
        let (keys, clock) = (keys, clock)
        return SignatureVerifier(
            issuer: "\(Self.origin)/\(CloudSeed.tenant)/v2.0", clientID: Self.client, tenants: [CloudSeed.tenant],
            keys: SigningKeys(clock: clock.wall) { () throws(IdentityError) in keys })
    }

    /// A connection of somebody's own.
    func namespace() throws -> Namespace {
        let connection = try ConnectionString(parsing: server.connectionString)
        var settings = Namespace.Configuration(endpoint: connection.messagingEndpoint)
        settings.connectTimeout = .seconds(20)
        settings.requestTimeout = .seconds(2)
        settings.pacing = Pacing(sleep: { if $0 > .seconds(60) { try await Task.sleep(for: $0) } }, random: { 0.5 })
        // Signed by the sandbox's clock, and for longer than any test lets pass.
        let rule = try #require(AccessPolicy.standard.rules.first)
        let tokens = SharedAccessKeyCredential(
            keyName: rule.name, key: Secret(rule.key), lifetime: .seconds(864_000), clock: clock.wall)
        return Namespace(settings, tokens: tokens, clock: clock.wall, logger: Self.quiet)
    }

    func transport(_ namespace: Namespace) -> NamespaceTransport {
        var limits = ExactLimits()
        limits.wait = .milliseconds(60)
        return NamespaceTransport(
            namespace, endpoint: NamespaceEndpoint(host: "sbemulatorns", isEmulator: true), limits: limits)
    }

    /// Azure Resource Manager as somebody, without a socket; answers get lost on their way now and then.
    func grants(_ person: GUID) async throws -> ResourceManagerGrants {
        let (manager, scope) = try await manager(person)
        return ResourceManagerGrants(manager, scopes: [scope])
    }

    /// The same as a client, with the namespace's id.
    func manager(_ person: GUID) async throws -> (client: ResourceManagerClient, namespace: ResourceID) {
        let id = person.canonical
        let made = try await server.withCloud { cloud in
            let principal = try #require(cloud.directory.principals[id])
            let token = try cloud.accessToken(
                of: principal,
                .init(
                    clientID: CloudSeed.consoleClient, resource: try #require(TokenResource("https://management.azure.com")),
                    proof: .person(methods: ["pwd", "mfa"])), seconds: 864_000)
            return (cloud.namespaceScope.text, token)
        }
        let (scope, token) = try #require(made)
        let rest = RESTClient(
            configuration: RESTConfiguration(), exchange: CloudExchange(sandbox: self), clock: ContinuousClock(), jitter: { 0 },
            logger: Self.quiet)
        return (ResourceManagerClient(cloud: .global, tokens: FixedToken(text: token), client: rest), ResourceID(scope))
    }

    /// Azure Resource Manager with a token that it does not take.
    var refusing: ResourceManagerClient {
        let rest = RESTClient(
            configuration: RESTConfiguration(), exchange: CloudExchange(sandbox: self), clock: ContinuousClock(), jitter: { 0 },
            logger: Self.quiet)
        return ResourceManagerClient(cloud: .global, tokens: FixedToken(text: "none"), client: rest)
    }

    /// Somebody's desk, with a connection of its own.
    /// - Parameter beforeSigning: happens while somebody signs in.
    func desk(
        _ person: GUID, _ namespace: Namespace, mode: CooperativeSigner.Mode,
        pause: @escaping @Sendable (Duration) async -> Bool = { _ in true }, beforeSigning: @escaping @Sendable () async -> Void = {}
    ) async throws -> CooperativeDesk {
        let (server, keys, id, clock) = (server, keys, person.canonical, clock)
        let signer = CooperativeSigner(mode, now: { clock.now }) { nonce throws(OperatorError) in
            await beforeSigning()
            let made: (String, Int64)?
            do {
                made = try await server.withCloud { cloud in
                    guard let principal = cloud.directory.principals[id] else { return ("", 0) }
                    let token = try cloud.identityToken(
                        of: principal, for: Self.client, nonce: nonce, contexts: [], methods: ["pwd", "mfa"], origin: Self.origin)
                    return (token, cloud.now / 1000)
                }
            } catch { throw OperatorError(.internal, "\(error)") }
            guard let (token, now) = made, let key = keys.first else { throw OperatorError(.internal, "nobody signs in") }
            return VerifiedIDToken(
                account: Account(tenantID: CloudSeed.tenant, objectID: id), issuedAt: WallTime(secondsSince1970: now),
                expiresAt: WallTime(secondsSince1970: now + 3900), nonce: nonce, key: key, token: Secret(token))
        }
        return CooperativeDesk(
            transport: transport(namespace), entities: entities, signatures: signatures, rules: rules, grants: try await grants(person),
            signer: signer, clock: BrokerClock { clock.now }, person: person, pause: pause)
    }

    /// A request of each requester, for a while on one of the queues.
    func requests(seconds: Int) throws -> [CooperativeRequest] {
        try requesters.enumerated().map { index, person in
            let terms = try #require(CooperativeTerms(role: .receiver, scope: targets[index % targets.count], seconds: seconds))
            return try CooperativeRequest(
                id: GUID(CallID.make()), tenant: GUID(CloudSeed.tenant), requester: person, principal: person, principalType: .user,
                terms: terms, reason: "request \(index)", ticket: nil, environment: "", policyHash: rules.hash, issuedAt: clock.now)
        }
    }

    // MARK: What Azure says

    /// What was done to role assignments: the name, when, and whether it was given.
    struct Change: Sendable {
        var name: GUID
        var at: Timestamp
        var isGrant: Bool
    }

    /// Every change of role assignments, as the Activity Log has it.
    func changes() async throws -> [Change] {
        let found = try await server.withCloud { cloud in
            cloud.activity.events.compactMap { event -> Change? in
                guard event.operation.hasPrefix("Microsoft.Authorization/roleAssignments/"), event.status != 204 else { return nil }
                let name = event.scope.text.split(separator: "/").last.map(String.init) ?? ""
                return Change(
                    name: GUID(name), at: Timestamp(milliseconds: event.time), isGrant: event.operation.hasSuffix("write"))
            }
        }
        return found ?? []
    }

    /// The grants that are there: what they answer, and when they end.
    func present() async throws -> [GrantNote] {
        let found = try await server.withCloud { cloud in
            cloud.assignments.listed(at: cloud.now).compactMap { $0.description.flatMap(GrantNote.init) }
        }
        return found ?? []
    }
}

/// A clock that stands still until a test moves it.
final class ApprovalClock: Sendable {
    private let time = Atomic<Int64>(1_800_000_000_000)

    var milliseconds: Int64 { time.load(ordering: .sequentiallyConsistent) }
    var now: Timestamp { Timestamp(milliseconds: milliseconds) }
    var wall: WallClock { WallClock { [self] in WallTime(secondsSince1970: milliseconds / 1000) } }
    func pass(_ duration: Duration) {
        time.wrappingAdd(duration.components.seconds * 1000, ordering: .sequentiallyConsistent)
    }
}

private struct FixedToken: AccessTokenSource {
    let text: String

    func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        AccessToken(secret: Secret(text), expiresAt: WallTime(secondsSince1970: .max), kind: .jsonWebToken)
    }
}

/// The sandbox's cloud in place of the network: what is asked is always carried out, and the answer comes or is lost.
private struct CloudExchange: HTTPExchange {
    let sandbox: ApprovalSandbox

    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        let lost = RESTError(.connectionLost, endpoint: "management.azure.com", message: "The connection was cut.", hint: "")
        let target = String(request.url.dropFirst("https://management.azure.com".count))
        let (method, body) = (request.method.rawValue, request.body.map { Array($0.readableBytesView) } ?? [])
        let token = request.headers["Authorization"] ?? ""
        let answer: CloudResponse?
        do {
            answer = try await sandbox.server.withCloud { cloud in
                cloud.respond(
                    to: CloudRequest(
                        method: method, target: target, host: "management.azure.com", headers: ["authorization": token], body: body))
            }
        } catch { throw lost }
        guard let answer, Int.random(in: 0..<100) >= sandbox.lostAnswers.load(ordering: .relaxed) else { throw lost }
        return RESTResponse(status: answer.status, headers: HeaderFields(answer.headers), body: ByteBuffer(string: answer.body))
    }

    func shutdown() async {}
}
