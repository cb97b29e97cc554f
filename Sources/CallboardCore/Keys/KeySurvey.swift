public import ServiceBus

/// What is known of the keys of a namespace at one moment, the worst first.
public struct KeySurvey: Sendable {
    /// The shared access rules.
    public let ages: [KeyAge]
    /// What could not be read, in sentences that name the right it takes. They may hold words of others: sanitise.
    public let gaps: [String]
    /// The namespace's name.
    public let namespace: String
    /// Whether it takes keys at all (`disableLocalAuth` is off); nil where Azure does not say.
    public let takesKeys: Bool?
    /// When Azure was asked.
    public let asOf: Timestamp

    /// What was read.
    package init(_ ages: [KeyAge], gaps: [String], namespace: String, takesKeys: Bool?, asOf: Timestamp) {
        self.ages = ages.sorted { $0.isWorse(than: $1) }
        self.gaps = gaps
        self.namespace = namespace
        self.takesKeys = takesKeys
        self.asOf = asOf
    }

    /// How many are older than they may be.
    public var old: Int { ages.count { $0.isOld == true } }
    /// Of how many nobody knows the age.
    public var unknown: Int { ages.count { $0.age == nil } }
    /// Of how many nobody says how old they may be.
    public var unlimited: Int { ages.count { $0.limit == nil } }
}

extension KeyAge {
    /// How bad it is, the worst with the smallest number: too old, of no known age, nobody says how old, young enough.
    private var rank: Int {
        if isOld == true { return 0 }
        if age == nil { return 1 }
        return limit == nil ? 2 : 3
    }

    /// Whether it is to be looked at before another one: the worse first, of those what opens more, then the older.
    func isWorse(than other: KeyAge) -> Bool {
        if rank != other.rank { return rank < other.rank }
        let power = { (age: KeyAge) in age.rule.isRoot ? 2 : age.rule.isManaging ? 1 : 0 }
        if power(self) != power(other) { return power(self) > power(other) }
        if let (own, others) = age.flatMap({ own in other.age.map { (own, $0) } }), own != others { return own > others }
        return (rule.entity?.displayName ?? "", rule.name) < (other.rule.entity?.displayName ?? "", other.rule.name)
    }

    /// The command line that makes the keys anew, for a person to complete: what has to be said and is not known stands in angle brackets, which no command
    /// takes. Nil where there is nothing to rotate, since the namespace refuses keys.
    /// - Parameter context: where it is.
    public func rotationCommand(in context: ContextTitle) -> String? {
        guard takesKeys != false else { return nil }
        var words = ["callboard", "keys", "rotate", "--context", context.name, "--rule", rule.name]
        if let entity = rule.entity { words += ["--entity", entity.displayName] }
        // Where the last one went is in the journal, with the key that consumers have.
        if sink == nil { words += ["--active", active ?? "<primary or secondary>", "--vault", "<VAULT/SECRET>", "--grace", "1h"] }
        if context.isProduction { words.append("--allow-changes") }
        return ShellWord.line(words + ["--yes"])
    }
}
