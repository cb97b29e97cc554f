internal import AzureResources
internal import ServiceBus

/// Goes through the rules of a policy and gathers what Azure can be told of them; of everything else a sentence.
struct AzureGuardrailWriter {
    typealias Principal = AzureGuardrails.Principal

    let policy: Policy
    let namespace: ResourceID
    let environment: String?
    var approvers: Set<Principal> = []
    var rolePolicies: [AzureGuardrails.RolePolicy] = []
    var condition: DelegationCondition?
    private(set) var sentences: [String] = []

    init(policy: Policy, namespace: ResourceID, environment: String?) {
        self.policy = policy
        self.namespace = namespace
        self.environment = environment
    }

    mutating func say(_ sentence: String) { if !sentences.contains(sentence) { sentences.append(sentence) } }

    mutating func write(members: [GUID]) {
        if environment == nil, let environments = policy.environments {
            say(
                "Which environment the namespace is in is not known, so that rules for \(environments.keys.sorted().joined(separator: ", ")) are left out: give --env, or list its Azure subscription in 'environments'."
            )
        }
        for rule in policy.rules.sorted(by: { $0.id < $1.id }) where rule.section == .request && isHere(rule) { writeRequest(rule) }
        for member in members {
            approvers.insert(Principal(id: member, kind: .user, name: "member \(member.canonical)"))
        }
        writeCondition()
        let groups = approvers.filter(\.kind.isGroup).sorted()
        if !groups.isEmpty, members.isEmpty {
            say(
                "The condition keeps roles from the group itself and not from the people in \(groups.map(\.name).joined(separator: ", ")): name each with --approver."
            )
        }
        writeRest()
    }

    /// Whether a rule holds in this environment.
    func isHere(_ rule: PolicyRule) -> Bool { rule.environments.map { $0.contains(environment ?? "") } ?? true }

    // MARK: Requests

    private mutating func writeRequest(_ rule: PolicyRule) {
        guard rule.actions?.contains(.requestAccess) ?? true else {
            return say(
                "'\(rule.id)' lets \((rule.actions ?? []).map(\.rawValue).sorted().joined(separator: ", ")) wait for others: Azure asks nobody before it, Callboard does."
            )
        }
        let asked = approvers(of: rule)
        guard !asked.isEmpty else {
            return say(
                "'\(rule.id)' is not exported: none of \(rule.approvals.map(\.description).joined(separator: " and ")) is a group or person that Azure could ask."
            )
        }
        var places: [ResourceID] = []
        for pattern in rule.scopes ?? [] {
            switch pattern.place(in: namespace) {
            case .exact(let id): places.append(id)
            case .wider(let id):
                places.append(id)
                say(
                    "'\(rule.id)' is about \(pattern.description): Azure has no patterns, so that its limits are set for the whole namespace."
                )
            case .subQueue(let id):
                places.append(id)
                say(
                    "'\(rule.id)' is about the sub-queue \(pattern.description): a role in Azure is for the entity with all its sub-queues."
                )
            case nil: break
            }
        }
        guard !places.isEmpty else { return }
        approvers.formUnion(asked)
        let roles = (rule.roles ?? Set(PolicyRole.allCases)).sorted { $0.rawValue < $1.rawValue }
        for role in roles where !isDenied(role) {
            for place in Set(places) { add(draft(rule, asked), role, place, rule.id) }
        }
    }

    private mutating func draft(_ rule: PolicyRule, _ asked: Set<Principal>) -> RoleManagementPolicyDraft {
        let day = Duration.seconds(86_400)
        let longest = rule.limits.maxTTL ?? day
        if longest > day { say("'\(rule.id)' allows \(DurationText.text(longest)); an activation in Azure lasts a day at most.") }
        if longest.components.seconds % 1800 != 0 {
            say(
                "'\(rule.id)' allows \(DurationText.text(longest)); Azure's portal knows steps of 30 minutes, and may refuse another limit."
            )
        }
        var draft = RoleManagementPolicyDraft(maximumDuration: min(longest, day))
        draft.requiresJustification = rule.limits.needsReason
        draft.requiresTicket = !rule.limits.tickets.isEmpty
        for ticket in rule.limits.tickets {
            say("'\(rule.id)' wants a ticket like \(ticket.text); Azure asks for a ticket and does not look at it.")
        }
        if rule.approvals.count > 1 || rule.approvals.contains(where: { $0.count > 1 }) {
            say(
                "'\(rule.id)' takes \(rule.approvals.map(\.description).joined(separator: " and ")); in Azure any one of them is enough, Callboard counts."
            )
        }
        draft.approvers = asked.sorted().map { .init(id: $0.id, kind: $0.kind, name: $0.name) }
        setStrength(of: &draft, rule)
        return draft
    }

    /// What the sign-in of whoever asks has to be like.
    private mutating func setStrength(of draft: inout RoleManagementPolicyDraft, _ rule: PolicyRule) {
        let teams = (rule.who ?? []).sorted().map { subject in
            if case .team(let name) = subject { policy.teams[name] } else { Policy.Team?.none }
        }
        let contexts = teams.map { $0?.requiredContexts ?? [] }
        let common = contexts.dropFirst().reduce(contexts.first ?? []) { $0.intersection($1) }
        let all = contexts.reduce(Set()) { $0.union($1) }
        draft.authenticationContext = common.sorted().first
        if !all.isEmpty, all.count != 1 || common != all {
            say(
                "'\(rule.id)' asks some teams for the authentication contexts \(all.sorted().joined(separator: ", ")); Azure asks everybody for one or for none, here for \(draft.authenticationContext ?? "none")."
            )
        }
        // Azure takes one of both: the context says how the sign-in is.
        let wantsFactors = !teams.isEmpty && teams.allSatisfy { $0?.claims["amr"]?.contains("mfa") ?? false }
        draft.requiresMultiFactor = wantsFactors && draft.authenticationContext == nil
    }

    /// The tightest of what several rules ask for the same role at the same place.
    private mutating func add(_ draft: RoleManagementPolicyDraft, _ role: PolicyRole, _ scope: ResourceID, _ rule: String) {
        guard let index = rolePolicies.firstIndex(where: { $0.role == role && $0.scope == scope }) else {
            rolePolicies.append(.init(scope: scope, role: role, rules: [rule], draft: draft))
            return
        }
        var old = rolePolicies[index]
        if old.draft.approvers != draft.approvers {
            say(
                "\(old.rules.map { "'\($0)'" }.joined(separator: ", ")) and '\(rule)' ask different people about \(old.title); in Azure any one of all of them is enough."
            )
        }
        old.rules.append(rule)
        old.draft.maximumDuration = min(old.draft.maximumDuration, draft.maximumDuration)
        old.draft.requiresJustification = old.draft.requiresJustification || draft.requiresJustification
        old.draft.requiresTicket = old.draft.requiresTicket || draft.requiresTicket
        old.draft.requiresMultiFactor = old.draft.requiresMultiFactor || draft.requiresMultiFactor
        old.draft.authenticationContext = old.draft.authenticationContext ?? draft.authenticationContext
        if old.draft.authenticationContext != nil { old.draft.requiresMultiFactor = false }
        old.draft.approvers += draft.approvers.filter { !old.draft.approvers.contains($0) }
        rolePolicies[index] = old
    }

    // MARK: Who

    private mutating func approvers(of rule: PolicyRule) -> Set<Principal> {
        var found: Set<Principal> = []
        for subject in Set(rule.approvals.flatMap(\.anyOf)).sorted() {
            let principals = principals(subject)
            if principals.isEmpty {
                say("'\(subject)' approves '\(rule.id)'; Azure knows groups and object ids, and neither is said of it.")
            }
            found.formUnion(principals)
            guard case .team(let name) = subject, let team = policy.teams[name] else { continue }
            if !team.requiredContexts.isEmpty {
                say(
                    "Approvers of \(subject) need the authentication context \(team.requiredContexts.sorted().joined(separator: ", ")); Azure asks that of who activates, and not of who approves."
                )
            }
            let others = team.claims.keys.filter { $0 != "groups" }.sorted()
            if !principals.isEmpty, !others.isEmpty {
                say("\(subject) takes the claims \(others.joined(separator: ", ")) besides its groups; Azure looks at the groups alone.")
            }
        }
        return found
    }

    /// By whom Azure knows a subject.
    private func principals(_ subject: PolicySubject) -> [Principal] {
        switch subject {
        case .team(let name):
            (policy.teams[name]?.claims["groups"] ?? []).map { GUID($0) }.filter(\.isWellFormed)
                .map { Principal(id: $0, kind: .group, name: "\(subject)") }
        case .user(let id): [GUID(id)].filter(\.isWellFormed).map { Principal(id: $0, kind: .user, name: "\(subject)") }
        case .agent, .anyone: []
        }
    }

    // MARK: The condition

    /// Whether a rule denies to everybody here that a role is given.
    func isDenied(_ role: PolicyRole) -> Bool {
        policy.rules.contains { rule in
            rule.section == .deny && isHere(rule) && (rule.who.map { $0.contains(.anyone) } ?? true)
                && (rule.actions.map { $0.contains(.grantAccess) || $0.contains(.requestAccess) } ?? true)
                && (rule.roles?.contains(role) ?? true)
                && (rule.scopes.map { $0.contains { $0.place(in: namespace) == .exact(namespace) } } ?? true)
        }
    }

    private mutating func writeCondition() {
        guard !approvers.isEmpty else { return }
        // Never the owner's role: whoever has it can change entities and read their keys.
        let roles = [PolicyRole.sender, .receiver].filter { !isDenied($0) }
        guard !roles.isEmpty else { return say("The policy denies giving every role, so that nobody is given the right to.") }
        let condition = DelegationCondition(
            roles: Set(roles.map { GUID($0.definitionID) }), excluded: Set(approvers.map(\.id)))
        let length = condition.text.utf8.count
        guard length <= DelegationCondition.longest else {
            return say(
                "The condition that excludes all \(approvers.count) approvers would have \(length) characters, and Azure takes \(DelegationCondition.longest): it is left out; have fewer approvers."
            )
        }
        self.condition = condition
        say("The condition excludes the approvers that are named, and not services or groups that belong to them.")
        if rolePolicies.contains(where: { $0.role == .owner }) {
            say("Data Owner can be activated and not be given by approvers: the condition holds Data Sender and Data Receiver alone.")
        }
    }
}
