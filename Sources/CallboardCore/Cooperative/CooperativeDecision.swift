package import AzureResources
package import ServiceBus

/// What somebody says to a request, on the topic of decisions: a statement like the request's, signed in the same way.
package struct CooperativeDecision: Hashable, Sendable {
    /// What is said.
    package enum Answer: Hashable, Sendable {
        /// Yes, to what was asked or to less.
        case approve(CooperativeTerms)
        /// No.
        case deny
        /// Whoever asked takes it back.
        case withdraw
        /// What was granted is over before its time: nobody grants it again.
        case end

        /// The word in the statement.
        package var word: String {
            switch self {
            case .approve: "approve"
            case .deny: "deny"
            case .withdraw: "withdraw"
            case .end: "end"
            }
        }
    }

    /// The request's id.
    package let request: GUID
    /// The digest of exactly the request that is meant.
    package let digest: String
    /// The tenant.
    package let tenant: GUID
    /// The object id of whoever says it.
    package let decider: GUID
    /// What they say.
    package let answer: Answer
    /// Why. Hostile text: sanitise.
    package let reason: String
    /// The policy they had loaded.
    package let policyHash: String
    /// When their clock said it was.
    package let issuedAt: Timestamp

    /// A decision about a request.
    /// - Throws: ``CooperativeFlaw/malformed(_:)`` without a reason, or with one that is too long.
    package init(
        _ answer: Answer, on request: CooperativeRequest, by decider: GUID, reason: String, policyHash: String, issuedAt: Timestamp
    ) throws(CooperativeFlaw) {
        try self.init(
            request: request.id, digest: request.digest.hexadecimal, tenant: request.tenant, decider: decider, answer: answer,
            reason: reason, policyHash: policyHash, issuedAt: Timestamp(milliseconds: issuedAt.milliseconds / 1000 * 1000))
    }

    /// That what a decision gave is over.
    /// - Throws: ``CooperativeFlaw/malformed(_:)`` without a reason, or with one that is too long.
    init(
        ending decision: CooperativeDecision, by decider: GUID, reason: String, policyHash: String, issuedAt: Timestamp
    ) throws(CooperativeFlaw) {
        try self.init(
            request: decision.request, digest: decision.digest, tenant: decision.tenant, decider: decider, answer: .end, reason: reason,
            policyHash: policyHash, issuedAt: Timestamp(milliseconds: issuedAt.milliseconds / 1000 * 1000))
    }

    private init(
        request: GUID, digest: String, tenant: GUID, decider: GUID, answer: Answer, reason: String, policyHash: String, issuedAt: Timestamp
    ) throws(CooperativeFlaw) {
        try CooperativeText.check(reason: reason)
        guard CooperativeText.isDigest(digest), CooperativeText.isDigest(policyHash) else { throw .malformed("a digest is no SHA-256") }
        self.request = request
        self.digest = digest
        self.tenant = tenant
        self.decider = GUID(decider.canonical)
        self.answer = answer
        self.reason = reason
        self.policyHash = policyHash
        self.issuedAt = issuedAt
    }

    /// The statement.
    var value: JSONValue {
        var members: [JSONValue.Member] = [
            .init("v", .integer(CooperativeRequest.version)), .init("request", .text(request.canonical)), .init("digest", .text(digest)),
            .init("tid", .text(tenant.canonical)), .init("decider", .object([.init("oid", .text(decider.canonical))])),
            .init("answer", .text(answer.word)), .init("reason", .text(reason)), .init("policyHash", .text(policyHash)),
            .init("issuedAt", .text(issuedAt.rfc3339)),
        ]
        if case .approve(let terms) = answer {
            members.append(
                .init(
                    "terms",
                    .object([
                        .init("scope", .text(terms.scope.id.text)), .init("roleDefinitionId", .text(terms.roleDefinitionID.text)),
                        .init("ttl", .integer(Int64(terms.seconds))),
                    ])))
        }
        return .object(members)
    }

    /// Reads a statement.
    /// - Throws: ``CooperativeFlaw``.
    init(reading value: JSONValue?) throws(CooperativeFlaw) {
        var reader = try StatementReader(value, "decision")
        guard try reader.integer("v") == CooperativeRequest.version else { throw .malformed("it is of another version") }
        var decider = try StatementReader(try reader.any("decider"), "decider")
        let oid = try decider.guid("oid")
        try decider.end()
        let answer: Answer
        switch try reader.text("answer") {
        case "approve":
            var terms = try StatementReader(try reader.any("terms"), "terms")
            answer = .approve(try terms.terms())
            try terms.end()
        case "deny": answer = .deny
        case "withdraw": answer = .withdraw
        case "end": answer = .end
        default: throw .malformed("'answer' is none")
        }
        try self.init(
            request: try reader.guid("request"), digest: try reader.text("digest"), tenant: try reader.guid("tid"), decider: oid,
            answer: answer, reason: try reader.text("reason"), policyHash: try reader.text("policyHash"),
            issuedAt: try reader.time("issuedAt"))
        try reader.end()
    }
}
