import AzureResources
import ServiceBus
import Testing

@testable import CallboardCore
@testable import Identity

/// The JSON of statements.
typealias StatementJSON = CallboardCore.JSONValue

/// A queue of requests with people around it: Alice asks, Bob and Carol decide. Everything is in memory, every token is really signed.
struct ApprovalScene: Sendable {
    static let start = Timestamp(milliseconds: 1_800_000_000_000)
    static let alice = GUID("a11ce000-0000-4000-8000-000000000001")
    static let bob = GUID("b0b00000-0000-4000-8000-000000000002")
    static let carol = GUID("ca201000-0000-4000-8000-000000000003")
    static let service = GUID("5e121ce0-0000-4000-8000-000000000004")
    static let orders =
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/rg/providers/microsoft.servicebus/namespaces/sb-orders-prod/queues/orders"

    let transport: MemoryApprovals
    let azure: MemoryGrants
    let rules: CooperativeRules
    let issuer: ApprovalIssuer

    init(policy: String? = nil, issuer: ApprovalIssuer = .real) throws {
        transport = try MemoryApprovals(now: Self.start)
        azure = MemoryGrants(actor: Self.bob)
        self.issuer = issuer
        rules = try Self.rules(policy)
    }

    /// The rules of a policy; without one, those that are built in.
    static func rules(_ text: String?, environment: String = "", host: String = "sb-orders-prod.servicebus.windows.net") throws
        -> CooperativeRules
    {
        let policy = try text.map { try #require(PolicyFile.parse(Array($0.utf8), file: "policy.yaml").policy) }
        let place = Guardrails.Place(
            context: "approvals", host: host, environment: policy == nil ? environment : "prod")
        return CooperativeRules(
            Guardrails(rules: policy.map { .policy($0) } ?? .builtIn, place: place, caller: PolicyCaller([.user("tester")])))
    }

    /// Two teams have to agree, at most four hours, with a ticket.
    static let twoTeams = """
        version: 1
        environments: {prod: {subscriptions: [11111111-2222-3333-4444-555555555555]}}
        teams:
          orders: {claims: {groups: [g-orders]}}
          leads: {claims: {roles: [Lead]}}
          billing: {claims: {groups: [g-billing]}}
        request:
          - id: orders-receiver
            who: [team:orders]
            env: prod
            role: receiver
            scope: "namespaces/sb-orders-*/queues/*"
            max_ttl: 4h
            reason: required
            ticket: "^INC-[0-9]+$"
            approve: [{any_of: [team:leads]}, {any_of: [team:billing]}]
        """

    // MARK: People

    /// What somebody's tokens say besides who they are.
    struct Membership: Sendable {
        var groups: [String] = []
        var roles: [String] = []
    }

    static let memberships: [GUID: Membership] = [
        alice: Membership(groups: ["g-orders"]), bob: Membership(groups: ["g-billing"], roles: ["Lead"]),
        carol: Membership(groups: ["g-billing"]),
    ]

    /// The claims of somebody who signs in now.
    func claims(_ person: GUID, nonce: String?) -> ApprovalIssuer.Claims {
        let membership = Self.memberships[person] ?? Membership()
        var claims = ApprovalIssuer.Claims(
            oid: person.canonical, issuedAt: transport.now.milliseconds / 1000, nonce: nonce)
        (claims.groups, claims.roles) = (membership.groups, membership.roles)
        return claims
    }

    var verifier: SignatureVerifier {
        let transport = transport
        return issuer.verifier(clock: WallClock { WallTime(secondsSince1970: transport.now.milliseconds / 1000) })
    }

    /// Somebody at a desk of their own: another program, with what it remembers.
    /// - Parameter signIn: signs in; as the person themselves unless told otherwise.
    func desk(
        _ person: GUID, mode: CooperativeSigner.Mode = .statement, rules: CooperativeRules? = nil, localLag: Duration = .zero,
        signIn: (@Sendable (String) -> ApprovalIssuer.Claims)? = nil, pause: (@Sendable (Duration) async -> Bool)? = nil
    ) -> CooperativeDesk {
        let (issuer, transport, verifier) = (issuer, transport, verifier)
        let claims: @Sendable (String) -> ApprovalIssuer.Claims
        if let signIn {
            claims = signIn
        } else {
            let membership = Self.memberships[person] ?? Membership()
            claims = { nonce in
                var claims = ApprovalIssuer.Claims(oid: person.canonical, issuedAt: transport.now.milliseconds / 1000, nonce: nonce)
                (claims.groups, claims.roles) = (membership.groups, membership.roles)
                return claims
            }
        }
        let signer = CooperativeSigner(mode, now: { transport.now }) { nonce throws(OperatorError) in
            let given = claims(nonce)
            return VerifiedIDToken(
                account: Account(tenantID: given.tenant, objectID: given.oid),
                issuedAt: WallTime(secondsSince1970: given.issuedAt),
                expiresAt: WallTime(secondsSince1970: given.issuedAt + given.lifetime),
                nonce: nonce, key: issuer.published, token: issuer.token(given))
        }
        return CooperativeDesk(
            transport: transport, entities: transport.entities, signatures: verifier, rules: rules ?? self.rules,
            grants: MemoryGrants(actor: person, sharing: azure), signer: signer,
            clock: BrokerClock { transport.now.advanced(by: .zero - localLag) }, person: person,
            pause: pause ?? { _ in false })
    }

    // MARK: Requests

    /// What Alice asks for.
    func request(
        id: String = "0e900000-0000-4000-8000-000000000001", by requester: GUID = alice, for principal: GUID = alice,
        type: CooperativeRequest.PrincipalType = .user, scope: String = orders, role: CooperativeTerms.Role = .receiver,
        seconds: Int = 3600, reason: String = "look at a dead letter", ticket: String? = "INC-1", environment: String? = nil,
        policyHash: String? = nil
    ) throws -> CooperativeRequest {
        let scope = try #require(CooperativeScope(canonical: scope))
        return try CooperativeRequest(
            id: GUID(id), tenant: GUID(ApprovalIssuer.tenant), requester: requester, principal: principal, principalType: type,
            terms: try #require(CooperativeTerms(role: role, scope: scope, seconds: seconds)), reason: reason, ticket: ticket,
            environment: environment ?? rules.environment, policyHash: policyHash ?? rules.hash, issuedAt: transport.now)
    }

    /// Alice asks.
    @discardableResult
    func ask(_ request: CooperativeRequest? = nil) async throws -> CooperativeRequest {
        let request = try request ?? self.request()
        try await desk(request.requester).submit(request, timeToLive: .seconds(86_400))
        return request
    }

    /// The first message of the queue.
    var first: SequenceNumber { get throws { try #require(transport.messages(transport.entities.requests).first).number } }

    /// Somebody opens the first request, and decides.
    func decide(
        _ desk: CooperativeDesk,
        _ decide: @escaping @Sendable (CooperativeDesk, CooperativeReview) async throws(OperatorError) -> CooperativeRuling
    ) async throws -> CooperativeRuling {
        try await desk.review(try first) { review throws(OperatorError) in try await decide(desk, review) }
    }

    func approve(_ person: GUID, desk: CooperativeDesk? = nil) async throws -> CooperativeRuling {
        try await decide(desk ?? self.desk(person)) { desk, review throws(OperatorError) in
            try await desk.approve(review, reason: "seen the ticket")
        }
    }

    func deny(_ person: GUID) async throws -> CooperativeRuling {
        try await decide(desk(person)) { desk, review throws(OperatorError) in try await desk.deny(review, reason: "not today") }
    }

    var isQueueEmpty: Bool { transport.messages(transport.entities.requests).isEmpty }
    var granted: [RoleAssignment] { azure.with { Array($0.assignments.values) } }
    var decisions: [CooperativeMessage] { transport.messages(transport.entities.log) }

    /// Takes away what has ended.
    func sweep() async throws -> CooperativeSweep {
        let transport = transport
        return try await RevocationSweeper(
            transport, path: transport.entities.revocations, grants: azure, clock: BrokerClock { transport.now }
        ).sweep()
    }
}

/// What a closure is refused with.
func refusal(_ body: () async throws -> Void) async -> OperatorError? {
    do {
        try await body()
        return nil
    } catch { return error as? OperatorError }
}
