internal import ServiceBus

/// A policy: who may do what, where, in which environment, and how far. What it does not allow is denied.
///
/// ```yaml
/// version: 1
/// tenant: aaaabbbb-0000-cccc-1111-dddd2222eeee
/// environments:
///   golden: {golden: true}
///   prod: {requires_golden: 7d}
/// teams:
///   orders: {claims: {groups: [96096000-0000-4000-8000-00000000c001]}}
/// allow:
///   - {id: peek-own, who: [team:orders], action: [entity.read, message.peek], scope: "namespaces/sb-orders-*/**"}
///   - {id: redrive-own, who: [team:orders], action: [message.redrive], scope: "namespaces/sb-orders-*/**", max_messages: 500, max_rate: 50/s}
/// deny:
///   - {id: no-purge-prod, env: prod, action: [message.purge, entity.delete]}
/// ```
///
/// Evaluated without an order (``verdict(on:)``): a rule that denies wins; of those that allow, the tightest of each limit holds; else it is
/// denied. `docs/policy.md` is the reference.
public struct Policy: Hashable, Sendable {
    /// An environment, which contexts name with `environment:`.
    public struct Environment: Hashable, Sendable {
        /// The Azure subscriptions that are part of it. Checked where a subscription is known.
        public var subscriptions: [String] = []
        /// Whether plans are rehearsed here.
        public var isGolden = false
        /// How old the proof may be that a plan was carried out in a golden environment.
        public var requiresGolden: Duration?
    }

    /// A team: whoever has its claims.
    public struct Team: Hashable, Sendable {
        /// For each claim the values of which one is enough; of several claims all.
        public var claims: [String: Set<String>] = [:]
        /// Authentication contexts (`acrs`) the token has to have: all of them.
        public var requiredContexts: Set<String> = []
    }

    /// Something to be hidden.
    public struct Mask: Hashable, Sendable {
        /// Where or what.
        public enum Target: Hashable, Sendable {
            /// A place in a body.
            case path(MaskingPath)
            /// A form of text, wherever it stands.
            case pattern(MaskingPattern)
        }

        /// What is left to see of it.
        public enum Show: String, Hashable, Sendable, CaseIterable {
            /// Nothing.
            case none
            /// The last four characters.
            case last4
        }

        /// Its name.
        public var id: String
        /// Where or what.
        public var target: Target
        /// Whether only what Luhn's check digit holds for is meant.
        public var checksLuhn = false
        /// What is left to see.
        public var show = Show.none
    }

    /// Its file.
    public var file: String
    /// SHA-256 of the file's bytes in hexadecimal: what two who decide by the same policy agree on.
    public var digest = ""
    /// The tenant it is for; nil when it names none.
    public var tenant: String?
    /// The environments by name; nil where the file lists none, and then they are not looked at.
    public var environments: [String: Environment]?
    /// The teams by name.
    public var teams: [String: Team] = [:]
    /// The rules in the file's order, which means nothing.
    public var rules: [PolicyRule] = []
    /// What is to be hidden.
    public var masks: [Mask] = []

    init(file: String) { self.file = file }

    /// The teams whose claims somebody has.
    /// - Parameter claims: for each claim of a verified token its values, `acrs` among them.
    public func teams(holding claims: [String: Set<String>]) -> Set<PolicySubject> {
        var subjects: Set<PolicySubject> = []
        for (name, team) in teams {
            let has = team.claims.allSatisfy { claim, values in !values.isDisjoint(with: claims[claim] ?? []) }
            if has, team.requiredContexts.isSubset(of: claims["acrs"] ?? []) { subjects.insert(.team(name)) }
        }
        return subjects
    }

    /// What a context hides, with what this policy hides besides. Masking is on then, whatever the context says.
    ///
    /// More may be hidden than the policy says and never less: what it would show the last four characters of is hidden whole, and so is
    /// what has its form and not its check digit.
    public func masking(addedTo settings: MaskingSettings) -> MaskingSettings {
        guard !masks.isEmpty else { return settings }
        var settings = settings
        settings.isEnabled = true
        for mask in masks {
            switch mask.target {
            case .path(let path): settings.paths.append(path)
            case .pattern(let pattern): settings.patterns.append(pattern)
            }
        }
        return settings
    }
}
