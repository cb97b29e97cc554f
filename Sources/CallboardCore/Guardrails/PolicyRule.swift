/// A rule of a policy file.
public struct PolicyRule: Hashable, Sendable {
    /// The section a rule stands in, which says what it does.
    public enum Section: String, Hashable, Sendable, CaseIterable {
        /// Allows.
        case allow
        /// Denies; nothing overrides it.
        case deny
        /// Allows once others approve.
        case request
        /// Allows in an emergency, loudly.
        case breakGlass = "break_glass"
    }

    /// Some who have to agree: so many of these, none of them the one who asks, nobody twice.
    public struct Approval: Hashable, Sendable, Comparable, CustomStringConvertible {
        /// Teams and users.
        public var anyOf: [PolicySubject]
        /// How many different ones of them.
        public var count: Int

        /// `2 of team:leads, team:billing`.
        public var description: String { "\(count) of \(anyOf.map(\.description).joined(separator: ", "))" }

        /// Orders by text.
        public static func < (a: Self, b: Self) -> Bool { a.description < b.description }
    }

    /// Where it stands.
    public var section: Section
    /// Its name in verdicts; unique in the file.
    public var id: String
    /// Its line, counted from 1.
    public var line: Int
    /// Whom it is about; nil for everybody, which only rules that deny may be.
    public var who: Set<PolicySubject>?
    /// The environments; nil for all.
    public var environments: Set<String>?
    /// What it is about; nil for everything.
    public var actions: Set<PolicyAction>?
    /// The roles; nil for all.
    public var roles: Set<PolicyRole>?
    /// Where; nil for everywhere.
    public var scopes: [PolicyScopePattern]?
    /// How far it goes.
    public var limits = PolicyLimits()
    /// Who has to agree: all of these.
    public var approvals: [Approval] = []

    /// What keeps a rule from being about a question.
    enum Mismatch: Hashable {
        case who, environment, action, role, scope
    }

    /// Everything that keeps it from being about a question.
    ///
    /// What is not known (a team without a sign-in, a role or an environment that is not said, whether a name is a queue's or a topic's) never
    /// lets a rule allow, and never keeps one from denying.
    func mismatches(_ question: PolicyQuestion) -> Set<Mismatch> {
        var mismatches: Set<Mismatch> = []
        if !isAbout(question.caller) { mismatches.insert(.who) }
        let isDenying = section == .deny
        if let environments, question.environment.map({ !environments.contains($0) }) ?? !isDenying { mismatches.insert(.environment) }
        if let actions, !actions.contains(question.action) { mismatches.insert(.action) }
        if let roles, question.role.map({ !roles.contains($0) }) ?? !(isDenying && question.action.hasRole) { mismatches.insert(.role) }
        if let scopes, !scopes.contains(where: { $0.matches(question.scope, all: !isDenying) }) { mismatches.insert(.scope) }
        if section == .breakGlass, !question.isBreakGlass { mismatches.insert(.action) }
        return mismatches
    }

    private func isAbout(_ caller: PolicyCaller) -> Bool {
        guard let who else { return section == .deny }
        if section == .deny {
            if who.contains(.anyone) || !who.isDisjoint(with: caller.subjects) { return true }
            return caller.groups != .known && who.contains(where: \.isTeam)
        }
        // An agent has what is given to agents, and to itself by name where it has one of its own, and not what whoever started it may do.
        if caller.isAgent { return who.contains(.agent) || caller.program.map { who.contains(.user($0)) } ?? false }
        let teamsCount = caller.groups == .known
        return who.contains(.anyone) || who.contains { caller.subjects.contains($0) && (teamsCount || !$0.isTeam) }
    }

    /// The rule in a line, for explanations.
    var summary: String {
        var parts: [String] = []
        if let actions { parts.append(actions.map(\.rawValue).sorted().joined(separator: ", ")) } else { parts.append("everything") }
        if let roles { parts.append("as " + roles.map(\.rawValue).sorted().joined(separator: ", ")) }
        if let scopes { parts.append("on " + scopes.map(\.description).joined(separator: ", ")) }
        if let environments { parts.append("in " + environments.sorted().joined(separator: ", ")) }
        parts.append("for " + (who?.sorted().map(\.description).joined(separator: ", ") ?? "everybody"))
        return parts.joined(separator: " ")
    }
}
