internal import AzureResources
internal import Crypto
package import Identity

/// What the policy of this context says of requests in the queue: who has to agree to one, and what somebody who signed is to it.
package struct CooperativeRules: Sendable {
    private let guardrails: Guardrails
    /// The namespace of this context, in lower case: a queue carries the requests of several, and this policy is about one.
    let namespace: String

    /// - Parameter namespace: the name that Azure has for the namespace of this context; nil for the first label of its host.
    package init(_ guardrails: Guardrails, namespace: String? = nil) {
        self.guardrails = guardrails
        self.namespace = (namespace ?? PolicyScope.name(ofHost: guardrails.place.host)).lowercased()
    }

    /// Whether a place is in the namespace of this context.
    func isHere(_ scope: CooperativeScope) -> Bool { scope.namespace == namespace }

    /// What names the rules: the digest of the policy's file, or of the words that there is none.
    package var hash: String {
        switch guardrails.rules {
        case .policy(let policy): policy.digest
        case .builtIn: StatementDigest(Array("callboard: no policy".utf8)).hexadecimal
        }
    }

    /// The environment of this context.
    var environment: String { guardrails.place.environment }

    private var policy: Policy? { if case .policy(let policy) = guardrails.rules { policy } else { nil } }

    /// What somebody who signed is to the policy, by the claims of what they signed with.
    package func subjects(of account: Account) -> Set<PolicySubject> { caller(account).subjects }

    private func caller(_ account: Account) -> PolicyCaller {
        ActingIdentity.person(Person(account)).caller(policy, environment: [:], isAgent: false)
    }

    /// Who has to agree to a request; none: one of whoever may assign roles there.
    /// - Parameter requester: who signed it.
    /// - Throws: ``CooperativeFlaw``: what is in the way of it.
    func approvals(for request: CooperativeRequest, by requester: Account) throws(CooperativeFlaw) -> [PolicyRule.Approval] {
        // An entity of the same name is in other namespaces too, and the policy says something else of it there.
        guard isHere(request.terms.scope) else { throw .otherNamespace(theirs: request.terms.scope.namespace, ours: namespace) }
        guard request.environment == environment else { throw .environment(request.environment) }
        guard request.policyHash == hash else { throw .policy(theirs: request.policyHash, ours: hash) }
        guard let policy else { return [] }
        if let listed = policy.environments?[environment]?.subscriptions, !listed.isEmpty,
            !listed.contains(where: { GUID($0) == request.terms.scope.subscription })
        {
            throw .environment(request.environment)
        }
        var question = PolicyQuestion(
            .requestAccess, on: request.terms.scope.policyScope, by: caller(requester),
            environment: environment.isEmpty ? nil : environment)
        question.role = request.terms.role.policyRole
        question.ttl = request.terms.duration
        let (limits, rule, approvals): (PolicyLimits, String, [PolicyRule.Approval])
        switch policy.verdict(on: question) {
        case .denied(let denial): throw .denied(denial)
        case .allowed(let name, let most): (limits, rule, approvals) = (most, name, [])
        case .needsApproval(let name, let needed, let most): (limits, rule, approvals) = (most, name, needed)
        }
        if let cause = limits.missing(reason: request.reason, ticket: request.ticket) {
            throw .denied(Policy.denial(cause, question.action, rules: [rule]))
        }
        return approvals
    }
}
