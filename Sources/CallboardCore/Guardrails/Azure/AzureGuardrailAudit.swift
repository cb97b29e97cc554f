internal import AzureResources
package import ServiceBus

/// Where Azure does not enforce what it could of a policy: the drift of the guardrails themselves, the worst first.
///
/// A function of what should be (``AzureGuardrails``) and what is (``AzureGuardrailPicture``). What may not be read is said and is no all-clear.
package struct AzureGuardrailAudit: Sendable {
    /// Something in which Azure is laxer than the policy, or where both do not fit.
    package struct Finding: Hashable, Sendable {
        /// What is wrong.
        package enum Kind: String, Hashable, Sendable, CaseIterable {
            /// Shared access keys are accepted.
            case localAuthentication = "LOCAL_AUTH_ON"
            /// An approver may give any role to anybody.
            case unconditional = "CONDITION_MISSING"
            /// The condition lets more through than the policy.
            case weakCondition = "CONDITION_WEAKER"
            /// The condition is of a form that cannot be judged here.
            case unreadableCondition = "CONDITION_UNREADABLE"
            /// An approver cannot give roles.
            case noDelegation = "DELEGATION_MISSING"
            /// Activating a role takes less than the policy asks for.
            case weakActivation = "PIM_WEAKER"
            /// Activating a role takes more, so that what the policy allows is refused.
            case strictActivation = "PIM_STRICTER"
            /// No rules apply to activating a role.
            case noActivation = "PIM_MISSING"
            /// A rule of Azure Policy is not in force.
            case noAzurePolicy = "AZURE_POLICY_MISSING"
        }

        /// What is wrong.
        package var kind: Kind
        /// How bad it is.
        package var severity: DriftFinding.Severity
        /// Where.
        package var place: String
        /// A sentence. Holds names of others: sanitise.
        package var summary: String
        /// What to do.
        package var advice: String
        /// The request that mends it; nil for what takes somebody's judgement.
        package var fix: FixRequest?
    }

    /// Something that was not looked at.
    package struct Gap: Hashable, Sendable {
        /// What.
        package var subject: String
        /// Why, with the right it takes.
        package var reason: String
    }

    /// The findings, the worst first.
    package private(set) var findings: [Finding] = []
    /// What was not looked at.
    package private(set) var gaps: [Gap] = []
    /// What is so by design and good to know: who can change the guardrails themselves.
    package private(set) var notes: [String] = []
    /// When Azure was read.
    package let asOf: Timestamp

    let guardrails: AzureGuardrails
    let picture: AzureGuardrailPicture

    /// Compares.
    package init(_ guardrails: AzureGuardrails, _ picture: AzureGuardrailPicture) {
        self.guardrails = guardrails
        self.picture = picture
        asOf = picture.asOf
        inspectNamespace()
        inspectDelegations()
        inspectRolePolicies()
        inspectAzurePolicies()
        findings.sort { ($1.severity, $0.kind.rawValue, $0.place, $0.summary) < ($0.severity, $1.kind.rawValue, $1.place, $1.summary) }
    }

    mutating func report(
        _ kind: Finding.Kind, _ severity: DriftFinding.Severity, _ place: String, _ summary: String, advice: String, fix: FixRequest? = nil
    ) {
        let finding = Finding(kind: kind, severity: severity, place: place, summary: summary, advice: advice, fix: fix)
        if !findings.contains(finding) { findings.append(finding) }
    }

    mutating func note(_ sentence: String) { if !notes.contains(sentence) { notes.append(sentence) } }

    /// The value; where there is none, a gap says why.
    mutating func value<Value>(_ reading: Reading<Value>, of subject: String) -> Value? {
        let reason: String
        switch reading {
        case .known(let value, _): return value
        case .pending: reason = "it was not read"
        case .notPermitted(let needs): reason = "needs \(needs)"
        case .unavailable(let why): reason = why
        }
        let gap = Gap(subject: subject, reason: reason)
        if !gaps.contains(gap) { gaps.append(gap) }
        return nil
    }

    // MARK: Namespace

    private mutating func inspectNamespace() {
        guard let namespace = value(picture.namespace, of: "whether the namespace takes shared access keys") else { return }
        switch namespace.localAuthentication {
        case .off: break
        case .on:
            report(
                .localAuthentication, .high, guardrails.namespace.name,
                "The namespace takes shared access keys: whoever has one passes by all roles.",
                advice: "When every consumer has an identity, set disableLocalAuth.", fix: .refuseKeys(guardrails.namespace))
        case .unknown: gaps.append(Gap(subject: "whether the namespace takes shared access keys", reason: "the service does not say"))
        }
    }

    private mutating func inspectAzurePolicies() {
        guard let assigned = value(picture.azurePolicies, of: "assignments of Azure Policy") else { return }
        for policy in AzureGuardrails.azurePolicies {
            let found = assigned.filter { GUID($0.definition.name) == policy.definition }
            guard !found.contains(where: \.isEnforced) else { continue }
            report(
                .noAzurePolicy, .low, guardrails.namespace.name,
                found.isEmpty
                    ? "Azure Policy does not watch '\(policy.title)'; whether an initiative holds it was not looked into."
                    : "The assignment of '\(policy.title)' is not enforced.",
                advice: "Assign \(policy.definition.canonical) at the namespace or above.",
                fix: .assignPolicy(policy.definition, policy.name, policy.title, at: guardrails.namespace))
        }
    }
}
