import AzureResources
import Identity
import ServiceBus
import Testing

@testable import CallboardCore

/// What somebody tries, and what comes of it: the threat table of requests in a queue. Each row plays it with tokens that are really signed, and says how it
/// ends: the flaw that the approver is told, or what happened all the same. Nothing is ever granted that the row does not say.
struct Threat: Sendable, CustomTestStringConvertible {
    let name: String
    let ends: String
    var grants = 0
    let play: @Sendable (ApprovalScene) async throws -> String
    var testDescription: String { name }

    init(_ name: String, ends: String, grants: Int = 0, _ play: @escaping @Sendable (ApprovalScene) async throws -> String) {
        self.name = name
        self.ends = ends
        self.grants = grants
        self.play = play
    }
}

@Suite("Threats to requests in a queue") struct ThreatTableTests {
    @Test("each ends as the table says", arguments: Self.table)
    func ends(threat: Threat) async throws {
        let scene = try ApprovalScene()
        #expect(try await threat.play(scene) == threat.ends)
        #expect(scene.granted.count == threat.grants, "granted")
    }

    // MARK: Playing

    /// What the first message of the queue is to Bob, and that he cannot approve it when something is wrong with it; what deceives he puts aside.
    private static func judged(_ scene: ApprovalScene, desk: CooperativeDesk? = nil) async throws -> String {
        let desk = desk ?? scene.desk(ApprovalScene.bob)
        guard let checked = try await desk.list().last else { return "nothing there" }
        switch checked {
        case .valid: return "valid"
        case .settled: return "settled"
        case .flawed(_, _, let flaw):
            #expect(!flaw.sentence.isEmpty)
            let refusal = await refusal {
                _ = try await desk.review(checked.message.number) { review throws(OperatorError) in
                    try await desk.approve(review, reason: "looks fine")
                }
            }
            #expect(refusal != nil, "what has a flaw can never be approved")
            guard flaw.isForgery else { return flaw.word }
            try await desk.review(checked.message.number) { review throws(OperatorError) in try await desk.putAside(review) }
            let dead = scene.transport.with { ($0.dead[scene.transport.entities.requests] ?? []).map(\.reason) }
            #expect(dead == ["callboard:\(flaw.word)"])
            return "dead-lettered: \(flaw.word)"
        }
    }

    /// Puts a statement into the queue as anybody could who may send.
    private static func put(_ scene: ApprovalScene, _ statement: StatementJSON, _ signature: StatementJSON?, id: String? = nil) {
        var members: [StatementJSON.Member] = [.init("request", statement)]
        if let signature { members.append(.init("sig", signature)) }
        put(scene, body: StatementJSON.object(members).canonical, id: id ?? StatementDigest(statement.canonical).hexadecimal)
    }

    private static func put(_ scene: ApprovalScene, body: [UInt8], id: String = "x") {
        scene.transport.put(
            CooperativePosting(id: id, subject: "receiver", request: "", body: body, timeToLive: .seconds(86_400)),
            to: scene.transport.entities.requests)
    }

    /// The signature of an id token with these claims.
    private static func signature(_ scene: ApprovalScene, _ claims: ApprovalIssuer.Claims, by issuer: ApprovalIssuer? = nil)
        -> StatementJSON
    {
        CooperativeSignature(token: (issuer ?? scene.issuer).token(claims)).value
    }

    private static func signed(
        _ scene: ApprovalScene, _ request: CooperativeRequest, by issuer: ApprovalIssuer? = nil,
        _ change: (inout ApprovalIssuer.Claims) -> Void = { _ in }
    ) {
        var claims = scene.claims(request.requester, nonce: request.digest.nonce)
        change(&claims)
        put(scene, request.value, signature(scene, claims, by: issuer))
    }

    private static func altered(_ value: StatementJSON, _ name: String, _ new: StatementJSON?) -> StatementJSON {
        guard case .object(let members) = value else { return value }
        let kept = members.filter { $0.name != name }
        return .object(kept + (new.map { [.init(name, $0)] } ?? []))
    }

    /// A request in which one member is another one, signed by Alice as it is.
    private static func judgedWith(_ name: String, _ value: StatementJSON?, _ scene: ApprovalScene) async throws -> String {
        let statement = altered(try scene.request().value, name, value)
        put(scene, statement, signature(scene, scene.claims(ApprovalScene.alice, nonce: StatementDigest(statement.canonical).nonce)))
        return try await judged(scene)
    }

    // MARK: The table

    static let table: [Threat] = forged + changed + replayed + impersonated + skewed + scopes + hostile

    static let forged: [Threat] = [
        Threat("an honest request, for comparison", ends: "valid") { scene in
            try await scene.ask()
            return try await judged(scene)
        },
        Threat("a request that nobody signed", ends: "dead-lettered: unsigned") { scene in
            put(scene, try scene.request().value, nil)
            return try await judged(scene)
        },
        Threat("a request signed with a key of the forger's own", ends: "dead-lettered: token-signature") { scene in
            signed(scene, try scene.request(), by: .forger)
            return try await judged(scene)
        },
        Threat("a request signed with a key that nobody publishes", ends: "dead-lettered: token-unknownKey") { scene in
            signed(scene, try scene.request(), by: ApprovalIssuer(kid: "key-2"))
            return try await judged(scene)
        },
        Threat("a token without a signature's algorithm", ends: "dead-lettered: token-algorithm") { scene in
            signed(scene, try scene.request()) { $0.algorithm = "none" }
            return try await judged(scene)
        },
        Threat("a token of another issuer", ends: "dead-lettered: token-issuer") { scene in
            signed(scene, try scene.request()) { $0.issuer = "https://login.evil/\(ApprovalIssuer.tenant)/v2.0" }
            return try await judged(scene)
        },
        Threat("a token of a tenant that is not allowed", ends: "dead-lettered: token-tenant") { scene in
            signed(scene, try scene.request()) { $0.tenant = "eeee0000-0000-4000-8000-000000000000" }
            return try await judged(scene)
        },
        Threat("a token that had ended when the request came", ends: "dead-lettered: token-expired") { scene in
            signed(scene, try scene.request()) { $0.lifetime = -121 }
            return try await judged(scene)
        },
        Threat("something that is no request at all", ends: "dead-lettered: malformed") { scene in
            put(scene, body: Array("hello".utf8))
            return try await judged(scene)
        },
        Threat("a body larger than is read", ends: "dead-lettered: malformed") { scene in
            put(scene, body: [UInt8](repeating: UInt8(ascii: " "), count: SignedStatement.largest + 1))
            return try await judged(scene)
        },
    ]

    static let changed: [Threat] = [
        Threat("a request that was altered in the queue", ends: "dead-lettered: altered") { scene in
            let request = try scene.request()
            let longer = altered(request.value, "ttl", .integer(86_400))
            put(scene, longer, signature(scene, scene.claims(ApprovalScene.alice, nonce: request.digest.nonce)))
            return try await judged(scene)
        },
        Threat("a request signed by a key, altered", ends: "dead-lettered: key-signature") { scene in
            let request = try scene.request()
            let signer = scene.desk(ApprovalScene.alice, mode: .key).signer
            let signature = try await signer.sign(request.value, as: ApprovalScene.alice)
            put(scene, altered(request.value, "ttl", .integer(86_400)), signature.value)
            return try await judged(scene)
        },
        Threat("a key put beside somebody's token", ends: "dead-lettered: foreign-key") { scene in
            let request = try scene.request()
            let theirs = try await scene.desk(ApprovalScene.alice, mode: .key).signer.sign(request.value, as: ApprovalScene.alice)
            let mine = try await scene.desk(ApprovalScene.alice, mode: .key).signer.sign(request.value, as: ApprovalScene.alice)
            put(scene, request.value, CooperativeSignature(token: theirs.token, binding: mine.binding).value)
            return try await judged(scene)
        },
        Threat("a field that is not known here", ends: "dead-lettered: malformed") { scene in
            try await judgedWith("owner", .bool(true), scene)
        },
        Threat("a field that is left out", ends: "dead-lettered: malformed") { scene in try await judgedWith("reason", nil, scene) },
        Threat("the same statement in another spelling", ends: "dead-lettered: malformed") { scene in
            let request = try scene.request()
            let claims = scene.claims(ApprovalScene.alice, nonce: request.digest.nonce)
            let body = StatementJSON.object([.init("request", request.value), .init("sig", signature(scene, claims))]).canonical
            put(scene, body: [UInt8(ascii: " ")] + body, id: request.digest.hexadecimal)
            return try await judged(scene)
        },
        Threat("a name that occurs twice", ends: "dead-lettered: malformed") { scene in
            put(scene, body: Array(#"{"request":{"v":1,"v":2},"sig":{"idToken":"x"}}"#.utf8))
            return try await judged(scene)
        },
        Threat("a role that is Data Owner", ends: "dead-lettered: role") { scene in
            let owner =
                "/subscriptions/11111111-2222-3333-4444-555555555555/providers/microsoft.authorization/roledefinitions/\(RoleDefinition.BuiltIn.serviceBusDataOwner.canonical)"
            return try await judgedWith("roleDefinitionId", .text(owner), scene)
        },
        Threat("a role of another subscription", ends: "dead-lettered: role") { scene in
            let foreign =
                "/subscriptions/99999999-2222-3333-4444-555555555555/providers/microsoft.authorization/roledefinitions/\(RoleDefinition.BuiltIn.serviceBusDataReceiver.canonical)"
            return try await judgedWith("roleDefinitionId", .text(foreign), scene)
        },
        Threat("a group that would have the role", ends: "dead-lettered: malformed") { scene in
            try await judgedWith("principalType", .text("Group"), scene)
        },
        Threat("a time longer than is given here", ends: "dead-lettered: malformed") { scene in
            try await judgedWith("ttl", .integer(.max), scene)
        },
        Threat("another policy than the approver has loaded", ends: "policy") { scene in
            try await scene.ask()
            let other = try ApprovalScene.rules(nil)
            #expect(other.hash == scene.rules.hash)
            let changed = try ApprovalScene.rules(ApprovalScene.twoTeams)
            #expect(changed.hash != scene.rules.hash)
            return try await judgedUnder(scene, try scene.request(id: "0e900000-0000-4000-8000-0000000000aa", policyHash: changed.hash))
        },
        Threat("an environment that this is not", ends: "environment") { scene in
            try await judgedUnder(scene, try scene.request(environment: "golden"))
        },
        Threat("an entity of the same name in another namespace", ends: "other-namespace") { scene in
            let scope = ApprovalScene.orders.replacing("sb-orders-prod", with: "sb-orders-dev")
            return try await judgedUnder(scene, try scene.request(scope: scope))
        },
    ]

    private static func judgedUnder(_ scene: ApprovalScene, _ request: CooperativeRequest) async throws -> String {
        signed(scene, request)
        return try await judged(scene)
    }

    static let replayed: [Threat] = [
        Threat("an approved request, sent again at once", ends: "the service drops it", grants: 1) { scene in
            try await scene.ask()
            let copy = try #require(scene.transport.messages(scene.transport.entities.requests).first)
            guard case .granted = try await scene.approve(ApprovalScene.bob) else { return "not granted" }
            put(scene, body: copy.body, id: try #require(copy.id))
            return scene.isQueueEmpty ? "the service drops it" : "there again"
        },
        Threat("an approved request, sent again when the service has forgotten it", ends: "settled; granted once", grants: 1) { scene in
            try await scene.ask()
            let copy = try #require(scene.transport.messages(scene.transport.entities.requests).first)
            _ = try await scene.approve(ApprovalScene.bob)
            scene.transport.with { $0.seen = [] }
            put(scene, body: copy.body, id: try #require(copy.id))
            let judged = try await judged(scene)
            // Whoever approves it once more finds what is there.
            guard case .granted = try await scene.approve(ApprovalScene.carol) else { return "not granted" }
            return scene.azure.with { $0.made.count } == 1 ? "\(judged); granted once" : "granted again"
        },
        Threat("an approved request whose grant somebody ended early, sent again", ends: "settled; not granted") { scene in
            try await scene.ask()
            let copy = try #require(scene.transport.messages(scene.transport.entities.requests).first)
            _ = try await scene.approve(ApprovalScene.bob)
            let assignment = try #require(scene.granted.first)
            #expect(try await scene.desk(ApprovalScene.carol).end(assignment.id, reason: "not needed").value)
            scene.transport.with { $0.seen = [] }
            put(scene, body: copy.body, id: try #require(copy.id))
            let judged = try await judged(scene)
            let refusal = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
            return refusal?.code == .conflict ? "\(judged); not granted" : "granted again"
        },
        Threat("an approved request whose grant has ended, sent again", ends: "lapsed") { scene in
            try await scene.ask(try scene.request(seconds: 300))
            let copy = try #require(scene.transport.messages(scene.transport.entities.requests).first)
            _ = try await scene.approve(ApprovalScene.bob)
            scene.transport.pass(.seconds(301))
            #expect(try await scene.sweep().removed.count == 1)
            scene.transport.with { $0.seen = [] }
            put(scene, body: copy.body, id: try #require(copy.id))
            guard case .lapsed = try await scene.approve(ApprovalScene.carol) else { return "granted again" }
            return "lapsed"
        },
        Threat("an old request, sent again an hour later", ends: "dead-lettered: stale") { scene in
            try await scene.ask()
            let copy = try #require(scene.transport.messages(scene.transport.entities.requests).first)
            _ = try await scene.deny(ApprovalScene.bob)
            scene.transport.pass(.seconds(3600))
            scene.transport.with { $0.seen = [] }
            put(scene, body: copy.body, id: try #require(copy.id))
            return try await judged(scene)
        },
        Threat("the same, after somebody removed the decisions", ends: "dead-lettered: stale") { scene in
            try await scene.ask()
            let copy = try #require(scene.transport.messages(scene.transport.entities.requests).first)
            _ = try await scene.deny(ApprovalScene.bob)
            scene.transport.pass(.seconds(601))
            scene.transport.with { state in
                state.seen = []
                state.queues[scene.transport.entities.log] = []
            }
            put(scene, body: copy.body, id: try #require(copy.id))
            return try await judged(scene)
        },
        Threat("the id of a decided request for something else", ends: "dead-lettered: id-taken", grants: 1) { scene in
            try await scene.ask()
            _ = try await scene.approve(ApprovalScene.bob)
            try await scene.ask(try scene.request(seconds: 7200, reason: "more of the same"))
            return try await judged(scene)
        },
        Threat("a message whose id is not the statement's", ends: "dead-lettered: message-id") { scene in
            let request = try scene.request()
            put(
                scene, request.value, signature(scene, scene.claims(ApprovalScene.alice, nonce: request.digest.nonce)),
                id: String(repeating: "0", count: 64))
            return try await judged(scene)
        },
        Threat("a request whose time is over", ends: "expired") { scene in
            try await scene.ask()
            scene.transport.pass(.seconds(86_400))
            return try await judged(scene)
        },
    ]

    static let impersonated: [Threat] = [
        Threat("somebody else's name under one's own signature", ends: "dead-lettered: impersonation") { scene in
            let request = try scene.request(by: ApprovalScene.alice)
            signed(scene, request) { $0.oid = ApprovalScene.carol.canonical }
            return try await judged(scene)
        },
        Threat("whoever asked approves", ends: "own-request") { scene in
            try await scene.ask()
            return await ruling(scene, ApprovalScene.alice)
        },
        Threat("whoever would have the role approves", ends: "own-request") { scene in
            try await scene.ask(try scene.request(for: ApprovalScene.bob))
            return await ruling(scene, ApprovalScene.bob)
        },
        Threat("whoever asked writes a decision of their own to the topic", ends: "valid") { scene in
            let request = try await scene.ask()
            try await decide(scene, request, by: ApprovalScene.alice)
            return try await judged(scene)
        },
        Threat("a decision in an approver's name by somebody else", ends: "valid") { scene in
            let request = try await scene.ask()
            try await decide(scene, request, by: ApprovalScene.bob) { $0.oid = ApprovalScene.carol.canonical }
            return try await judged(scene)
        },
        Threat("a decision with an approver's token from elsewhere", ends: "valid") { scene in
            let request = try await scene.ask()
            try await decide(scene, request, by: ApprovalScene.bob) { $0.nonce = "of another sign-in" }
            return try await judged(scene)
        },
        Threat("a decision that gives more than was asked", ends: "valid") { scene in
            let request = try await scene.ask()
            let more = try #require(CooperativeTerms(role: .receiver, scope: request.terms.scope, seconds: 86_400))
            try await decide(scene, request, by: ApprovalScene.bob, terms: more)
            return try await judged(scene)
        },
        Threat("a decision on a request that was changed afterwards", ends: "dead-lettered: id-taken") { scene in
            let request = try scene.request(seconds: 600)
            try await decide(scene, request, by: ApprovalScene.bob)
            try await scene.ask(try scene.request(seconds: 7200))
            return try await judged(scene)
        },
        Threat("a token that was stolen from another application", ends: "dead-lettered: token-audience") { scene in
            signed(scene, try scene.request()) { $0.audience = "04b07795-8ddb-461a-bbee-02f9e1bf7b46" }
            return try await judged(scene)
        },
        Threat("a token that was stolen from another sign-in", ends: "dead-lettered: altered") { scene in
            signed(scene, try scene.request()) { $0.nonce = "n-0S6_WzA2Mj" }
            return try await judged(scene)
        },
        Threat("a token without a nonce, as a device code gives", ends: "dead-lettered: altered") { scene in
            signed(scene, try scene.request()) { $0.nonce = nil }
            return try await judged(scene)
        },
        Threat("what Azure stamps is who decided", ends: "the same", grants: 1) { scene in
            try await scene.ask()
            _ = try await scene.approve(ApprovalScene.bob)
            let assignment = try #require(scene.granted.first)
            let note = try #require(assignment.note.flatMap(GrantNote.init))
            return assignment.createdBy == ApprovalScene.bob && note.grantedBy == ApprovalScene.bob.canonical ? "the same" : "another"
        },
    ]

    private static func ruling(_ scene: ApprovalScene, _ person: GUID) async -> String {
        let refusal = await refusal { _ = try await scene.approve(person) }
        return refusal?.message == CooperativeFlaw.ownRequest.sentence
            ? CooperativeFlaw.ownRequest.word : "\(refusal.map(\.message) ?? "allowed")"
    }

    /// Puts a decision on the topic as anybody could who may send to it.
    private static func decide(
        _ scene: ApprovalScene, _ request: CooperativeRequest, by person: GUID, terms: CooperativeTerms? = nil,
        _ change: (inout ApprovalIssuer.Claims) -> Void = { _ in }
    ) async throws {
        let decision = try CooperativeDecision(
            .approve(terms ?? request.terms), on: request, by: person, reason: "fine", policyHash: scene.rules.hash,
            issuedAt: scene.transport.now)
        let digest = StatementDigest(decision.value.canonical)
        var claims = scene.claims(person, nonce: digest.nonce)
        change(&claims)
        let statement = SignedStatement(.decision, decision.value, CooperativeSignature(token: scene.issuer.token(claims)))
        scene.transport.put(
            CooperativePosting(id: digest.hexadecimal, subject: "approve", request: "", body: statement.value.canonical),
            to: scene.transport.entities.decisions)
    }

    static let skewed: [Threat] = [
        Threat("a clock here that is an hour slow", ends: "valid; warned") { scene in try await lagging(scene, .seconds(3600)) },
        Threat("a clock here that is an hour fast", ends: "valid; warned") { scene in try await lagging(scene, .seconds(-3600)) },
        Threat("a clock here that is a minute slow", ends: "valid; not warned") { scene in try await lagging(scene, .seconds(60)) },
        Threat("a signature made eleven minutes before it came", ends: "dead-lettered: stale") { scene in
            signed(scene, try scene.request()) { $0.issuedAt -= 660 }
            return try await judged(scene)
        },
        Threat("a signature made nine minutes before it came", ends: "valid") { scene in
            signed(scene, try scene.request()) { $0.issuedAt -= 540 }
            return try await judged(scene)
        },
        Threat("a signature of tomorrow", ends: "dead-lettered: token-notYetValid") { scene in
            signed(scene, try scene.request()) { $0.issuedAt += 86_400 }
            return try await judged(scene)
        },
        Threat("looking hours later changes nothing", ends: "valid") { scene in
            try await scene.ask()
            scene.transport.pass(.seconds(6 * 3600))
            return try await judged(scene)
        },
    ]

    private static func lagging(_ scene: ApprovalScene, _ lag: Duration) async throws -> String {
        try await scene.ask()
        let desk = scene.desk(ApprovalScene.bob, localLag: lag)
        let judged = try await judged(scene, desk: desk)
        try await desk.review(try scene.first) { _ throws(OperatorError) in }
        return judged + (desk.clock.flaw == nil ? "; not warned" : "; warned")
    }

    static let scopes: [Threat] = [
        Threat("another case", ends: "dead-lettered: scope") { try await judgedWith("scope", .text(place("Orders")), $0) },
        Threat("a slash at the end", ends: "dead-lettered: scope") { try await judgedWith("scope", .text(place("orders/")), $0) },
        Threat("two slashes", ends: "dead-lettered: scope") { try await judgedWith("scope", .text(place("/orders")), $0) },
        Threat("a letter that looks like another", ends: "dead-lettered: scope") {
            try await judgedWith("scope", .text(place("оrders")), $0)
        },
        Threat("a letter with no width", ends: "dead-lettered: scope") {
            try await judgedWith("scope", .text(place("ord\u{200b}ers")), $0)
        },
        Threat("percent signs", ends: "dead-lettered: scope") { try await judgedWith("scope", .text(place("orders%2f")), $0) },
        Threat("a way up", ends: "dead-lettered: scope") { try await judgedWith("scope", .text(place("..")), $0) },
        Threat("a question behind it", ends: "dead-lettered: scope") { try await judgedWith("scope", .text(place("orders?x=1")), $0) },
        Threat("the namespace", ends: "dead-lettered: scope") { scene in
            let id = String(ApprovalScene.orders.dropLast("/queues/orders".count))
            return try await judgedWith("scope", .text(id), scene)
        },
        Threat("something within the queue", ends: "dead-lettered: scope") {
            try await judgedWith("scope", .text(place("orders/authorizationrules/root")), $0)
        },
        Threat("a queue of another service", ends: "dead-lettered: scope") { scene in
            let id = ApprovalScene.orders.replacing("microsoft.servicebus", with: "microsoft.servicebus2")
            return try await judgedWith("scope", .text(id), scene)
        },
        Threat("a queue that is not there", ends: "no-such-entity") { scene in
            let id = place("0rders")
            scene.azure.with { _ = $0.missing.insert(id) }
            try await scene.ask(try scene.request(scope: id))
            let refusal = await refusal { _ = try await scene.approve(ApprovalScene.bob) }
            return refusal?.message == CooperativeFlaw.noSuchEntity(id).sentence ? "no-such-entity" : refusal?.message ?? "granted"
        },
    ]

    private static func place(_ name: String) -> String { String(ApprovalScene.orders.dropLast("orders".count)) + name }

    static let hostile: [Threat] = [
        Threat("escapes, marks and bells in a reason", ends: "valid; shown, not obeyed") { scene in
            let reason = "\u{1b}]0;owned\u{07}\u{202e}sredro\u{200b}\u{1b}[2J"
            try await scene.ask(try scene.request(reason: reason))
            let judged = try await judged(scene)
            guard case .valid(let verified)? = try await scene.desk(ApprovalScene.bob).list().first else { return judged }
            let shown = VisibleText.of(verified.request.reason)
            let isHarmless = shown.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x7f && $0.value != 0x202e && $0.value != 0x200b
            }
            return judged + (isHarmless ? "; shown, not obeyed" : "; obeyed")
        },
        Threat("escapes in a ticket", ends: "dead-lettered: malformed") { try await judgedWith("ticket", .text("INC\u{1b}[2J"), $0) },
        Threat("an environment in disguise", ends: "dead-lettered: malformed") { try await judgedWith("env", .text("рrod"), $0) },
        Threat("a reason without end", ends: "dead-lettered: malformed") {
            try await judgedWith("reason", .text(String(repeating: "a", count: 501)), $0)
        },
        Threat("a reason of blanks", ends: "dead-lettered: malformed") { try await judgedWith("reason", .text("  \t "), $0) },
        Threat("a revocation of somebody else's grant", ends: "put aside, and the grant is there", grants: 1) { scene in
            try await scene.ask()
            _ = try await scene.approve(ApprovalScene.bob)
            let scope = try #require(CooperativeScope(canonical: ApprovalScene.orders))
            let early = CooperativeRevocation(
                request: GUID("0e900000-0000-4000-8000-000000000001"), scope: scope, end: scene.transport.now)
            scene.transport.put(
                CooperativePosting(id: "early", subject: "revoke", request: "", body: early.value.canonical),
                to: scene.transport.entities.revocations)
            let sweep = try await scene.sweep()
            return sweep.refused.count == 1 && sweep.removed.isEmpty ? "put aside, and the grant is there" : "taken away"
        },
    ]
}
