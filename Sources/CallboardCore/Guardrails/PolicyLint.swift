internal import ServiceBus

/// What a policy allows that is worth a second thought. Nothing of it is a mistake.
public struct PolicyWarning: Hashable, Sendable {
    /// The rule or part it is about.
    public var rule: String
    /// Its line; nil when the whole file is meant.
    public var line: Int?
    /// What and why.
    public var message: String
}

extension Policy {
    /// Looks a policy through: whole namespaces, the owner's role, long times, single approvers in production, rules that can never decide.
    public func warnings() -> [PolicyWarning] {
        var warnings: [PolicyWarning] = []
        if tenant == nil { warnings.append(PolicyWarning(rule: "tenant", line: nil, message: "no 'tenant': it holds in every one")) }
        if environments == nil {
            warnings.append(
                PolicyWarning(
                    rule: "environments", line: nil, message: "no 'environments': it holds in every one, whatever a context calls itself"))
        }
        for rule in rules where rule.section != .deny {
            for message in remarks(rule) { warnings.append(PolicyWarning(rule: rule.id, line: rule.line, message: message)) }
        }
        for rule in rules where rule.section != .deny {
            if let deny = rules.first(where: { $0.section == .deny && $0.covers(rule) }) {
                warnings.append(PolicyWarning(rule: rule.id, line: rule.line, message: "never decides: '\(deny.id)' denies all of it"))
            }
        }
        let named = Set(rules.flatMap { ($0.who ?? []).union($0.approvals.flatMap(\.anyOf)) })
        for team in teams.keys.sorted() where !named.contains(.team(team)) {
            warnings.append(PolicyWarning(rule: "team:\(team)", line: nil, message: "no rule names this team"))
        }
        return warnings.sorted { ($0.line ?? 0, $0.rule, $0.message) < ($1.line ?? 0, $1.rule, $1.message) }
    }

    private func remarks(_ rule: PolicyRule) -> [String] {
        var remarks: [String] = []
        let actions = rule.actions ?? []
        let changes = actions.filter { $0.changesWorld }
        let wide = (rule.scopes ?? []).filter(\.isNamespaceWide)
        if !changes.isEmpty, let scope = wide.first {
            remarks.append(
                "'\(scope)' covers whole namespaces, and \(changes.map(\.rawValue).sorted().joined(separator: ", ")) changes them")
        }
        if rule.section != .request, !changes.isEmpty, rule.who?.contains(.anyone) ?? false {
            remarks.append("anyone may change something")
        }
        if rule.roles?.contains(.owner) ?? (rule.section != .allow ? false : actions.contains(.grantAccess)) {
            remarks.append("the owner's role may do everything, also change the entity; sender and receiver are enough for most")
        }
        if let ttl = rule.limits.maxTTL, ttl > .seconds(8 * 3600) {
            remarks.append("'max_ttl' is \(DurationText.text(ttl)): longer than a working day is longer than a task takes")
        }
        if rule.section == .breakGlass, let ttl = rule.limits.maxTTL, ttl > .seconds(3600) {
            remarks.append("an emergency is over after an hour, or it is not one")
        }
        if rule.section == .breakGlass, rule.limits.notify.isEmpty { remarks.append("nobody is told ('notify') when it is used") }
        if rule.section == .request, rule.approvals.reduce(0, { $0 + $1.count }) < 2, coversProduction(rule) {
            remarks.append("one person's agreement is enough in \(rule.environments?.sorted().joined(separator: ", ") ?? "production")")
        }
        if actions.contains(.purgeMessage), rule.limits.maxMessages == nil, rule.section == .allow {
            remarks.append("purges without a limit ('max_messages')")
        }
        return remarks
    }

    /// Whether a rule holds where mistakes hurt: in an environment that requires a golden one, or is called as production usually is.
    private func coversProduction(_ rule: PolicyRule) -> Bool {
        guard let environments else { return true }
        let names = rule.environments ?? Set(environments.keys)
        return names.contains { environments[$0]?.requiresGolden != nil || $0.lowercased().hasPrefix("prod") || $0.lowercased() == "live" }
    }
}

extension PolicyRule {
    /// Whether this rule that denies surely denies all that another one is about.
    fileprivate func covers(_ other: PolicyRule) -> Bool {
        func isAll<Value>(_ mine: Set<Value>?, _ theirs: Set<Value>?) -> Bool {
            guard let mine else { return true }
            return theirs.map { !$0.isEmpty && $0.isSubset(of: mine) } ?? false
        }
        guard isAll(who, other.who), isAll(environments, other.environments), isAll(actions, other.actions), isAll(roles, other.roles)
        else { return false }
        guard let scopes else { return true }
        let texts = scopes.map { $0.description.lowercased() }
        return texts.contains("**")
            || (other.scopes ?? []).allSatisfy { texts.contains($0.description.lowercased()) } && other.scopes != nil
    }
}
