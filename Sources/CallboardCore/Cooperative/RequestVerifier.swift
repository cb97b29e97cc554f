internal import AzureResources
package import ServiceBus

/// A request of which everything was checked. Only ``RequestVerifier`` makes one, and only one of these can be decided about.
package struct VerifiedRequest: Sendable {
    /// What is asked for.
    package let request: CooperativeRequest
    /// Who signed it.
    package let proof: CooperativeProof
    /// The message it came in.
    package let message: CooperativeMessage
    /// Who has to agree.
    package let approvals: [PolicyRule.Approval]

    fileprivate init(
        request: CooperativeRequest, proof: CooperativeProof, message: CooperativeMessage, approvals: [PolicyRule.Approval]
    ) {
        self.request = request
        self.proof = proof
        self.message = message
        self.approvals = approvals
    }
}

/// What a message of the queue of requests is.
package enum CheckedRequest: Sendable {
    /// A request that can be decided about.
    case valid(VerifiedRequest)
    /// A request that nobody can decide about any more, and what came of it.
    case settled(VerifiedRequest, CooperativeOutcome)
    /// Something that cannot be decided about, why, and what it says, as far as it can be read. What it says is not to be believed.
    case flawed(CooperativeMessage, CooperativeRequest?, CooperativeFlaw)

    /// The message it came in.
    package var message: CooperativeMessage {
        switch self {
        case .valid(let request), .settled(let request, _): request.message
        case .flawed(let message, _, _): message
        }
    }

    /// What it says; to be believed where nothing is wrong with it.
    package var request: CooperativeRequest? {
        switch self {
        case .valid(let verified), .settled(let verified, _): verified.request
        case .flawed(_, let request, _): request
        }
    }
}

/// Decides whether a message of the queue is a request that may be decided about.
///
/// In this order: it is a statement in its one spelling; its message has the id that the statement makes; its signature (``SignatureVerifier``); no other
/// statement of its id is decided on; the environment, the policy's digest, and what the policy says of its requester; that nothing came of it yet; its time.
package struct RequestVerifier: Sendable {
    private let signatures: SignatureVerifier
    private let rules: CooperativeRules
    private let log: DecisionLog

    /// - Parameters:
    ///   - rules: the policy of this context.
    ///   - log: the decisions, read by who asks.
    package init(signatures: SignatureVerifier, rules: CooperativeRules, log: DecisionLog) {
        self.signatures = signatures
        self.rules = rules
        self.log = log
    }

    /// Checks a message.
    /// - Parameter now: the time by the service's clock.
    /// - Throws: ``OperatorError`` when the issuer's keys cannot be had: then nothing is known.
    package func check(_ message: CooperativeMessage, now: Timestamp) async throws(OperatorError) -> CheckedRequest {
        let statement: SignedStatement
        let request: CooperativeRequest
        do throws(CooperativeFlaw) {
            statement = try SignedStatement(.request, reading: message.body)
            request = try CooperativeRequest(reading: statement.statement)
            guard request.value.canonical == statement.statement.canonical else { throw .malformed("it is not in its one spelling") }
        } catch { return .flawed(message, nil, error) }
        func flawed(_ flaw: CooperativeFlaw) -> CheckedRequest { .flawed(message, request, flaw) }
        guard message.id == request.digest.hexadecimal else { return flawed(.messageID) }
        let proof: CooperativeProof
        switch try await signatures.verify(
            statement, tenant: request.tenant, signer: request.requester, enqueuedAt: message.enqueuedAt)
        {
        case .success(let good): proof = good
        case .failure(let flaw): return flawed(flaw)
        }
        let digest = request.digest.hexadecimal
        let decisions = await log.decisions(on: request.id)
        guard decisions.allSatisfy({ $0.decision.digest == digest }) else { return flawed(.idTaken) }
        let approvals: [PolicyRule.Approval]
        do throws(CooperativeFlaw) { approvals = try rules.approvals(for: request, by: proof.account) } catch { return flawed(error) }
        let verified = VerifiedRequest(request: request, proof: proof, message: message, approvals: approvals)
        let outcome = DecisionLog.outcome(of: request, approvals: approvals, decisions)
        if outcome.isFinal { return .settled(verified, outcome) }
        // A copy that is sent again after the decision, or after the first one was dropped, is signed too early.
        if let end = message.expiresAt, end <= now { return flawed(.expired) }
        return .valid(verified)
    }
}
