internal import AzureResources
internal import Identity
internal import RESTClient
public import ServiceBus

/// Where the keys of a context's namespace are looked after.
public struct KeyDesk: Sendable {
    private let signIn: ContextSignIn
    private let host: String
    private let store: KeyJournalStore

    init(_ signIn: ContextSignIn) throws(OperatorError) {
        self.signIn = signIn
        host = try signIn.serviceHost
        store = try .standard(environment: signIn.environment)
    }

    // MARK: Looking

    /// The shared access rules, with what is known of their keys' age.
    /// - Parameters:
    ///   - candidates: what an entity may be, the likelier first, for its own rules only; empty for all of the namespace.
    ///   - fingerprints: whether keys are fetched for their fingerprints: each rule is then one write of Azure's budget, and in the Activity Log.
    ///   - limit: how old keys may be; nil for what the policy says.
    /// - Returns: rules, and what could not be read, in sentences.
    /// - Throws: ``OperatorError``.
    public func list(
        candidates: [EntityPath] = [], fingerprints: Bool = false, limit: Duration? = nil
    ) async throws(OperatorError) -> (ages: [KeyAge], gaps: [String]) {
        try await list(in: try await signIn.azurePlace(), candidates: candidates, fingerprints: fingerprints, limit: limit)
    }

    /// All shared access rules of the namespace with what is known of their keys, worst first, for a screen. No key is fetched.
    /// - Throws: ``OperatorError`` when the namespace or its rules cannot be read.
    public func survey() async throws(OperatorError) -> KeySurvey {
        let place = try await signIn.azurePlace()
        let (ages, gaps) = try await list(in: place, candidates: [], fingerprints: false, limit: nil)
        return KeySurvey(ages, gaps: gaps, namespace: place.namespace.name, takesKeys: Self.takesKeys(place), asOf: .now)
    }

    /// Whether a namespace takes keys; nil where Azure does not say.
    private static func takesKeys(_ place: AzurePlace) -> Bool? {
        switch place.namespace.localAuthentication {
        case .on: true
        case .off: false
        case .unknown: nil
        }
    }

    private func list(
        in place: AzurePlace, candidates: [EntityPath], fingerprints: Bool, limit: Duration?
    ) async throws(OperatorError) -> (ages: [KeyAge], gaps: [String]) {
        let guarded = try signIn.guarded()
        let reader = signIn.azure
        var gaps: [String] = []
        var rules: [KeyRule] = []
        var metadata: [EntityPath: String] = [:]
        if candidates.isEmpty {
            let (entities, entityGaps) = await reader.entities(of: place.namespace.id)
            if let reason = entities.whyUnknown { gaps.append("entities and their rules are not known: \(reason)") }
            let (read, ruleGaps) = await reader.rules(of: place.namespace.id, entities: entities.value ?? [])
            gaps += (entityGaps + ruleGaps).map(\.description)
            if let reason = read.whyUnknown { throw OperatorError(.notPermitted, "The shared access rules are not known: \(reason).") }
            let paths = Dictionary((entities.value ?? []).map { ($0.id, $0.path) }) { first, _ in first }
            for entity in entities.value ?? [] { metadata[entity.path] = entity.metadata }
            rules = (read.value ?? []).map { KeyRule(id: $0.id, name: $0.name, entity: paths[$0.owner], rights: $0.rights) }
        } else {
            rules = try await place.rules(of: try await existing(candidates, in: place))
        }
        let takesKeys = Self.takesKeys(place)
        var ages: [KeyAge] = []
        let ring = AzureKeyRing(manager: place.manager, namespace: place.namespace.id, pause: .system)
        for rule in rules {
            var standing: KeyStanding?
            do throws(OperatorError) { standing = try store.standing(of: rule) } catch { gaps.append(error.description) }
            let age = KeyAge(
                rule, standing: standing, tags: place.namespace.tags, metadata: rule.entity.flatMap { metadata[$0] }, takesKeys: takesKeys,
                limit: limit ?? Self.limit(of: rule, guarded.guardrails), now: .now)
            ages.append(age)
        }
        if fingerprints { gaps += try await KeyAge.addFingerprints(to: &ages, from: ring, guarded) }
        return (ages.sorted { ($0.rule.entity?.displayName ?? "", $0.rule.name) < ($1.rule.entity?.displayName ?? "", $1.rule.name) }, gaps)
    }

    /// How old the policy lets the keys of a rule become.
    private static func limit(of rule: KeyRule, _ guardrails: Guardrails) -> Duration? {
        let question = rule.question(guardrails)
        guard case .allowed(_, let limits) = guardrails.verdict(on: question) else { return nil }
        return limits.maxKeyAge
    }

    private func existing(_ candidates: [EntityPath], in place: AzurePlace) async throws(OperatorError) -> EntityPath {
        var missing: OperatorError?
        for candidate in candidates {
            do throws(OperatorError) {
                _ = try await place.owner(of: candidate)
                return candidate
            } catch {
                guard error.code == .notFound else { throw error }
                missing = missing ?? error
            }
        }
        throw missing ?? OperatorError(.notFound, "There is no such entity.")
    }

    // MARK: Rotating

    /// How a rotation is to be done.
    public struct RotationWish: Sendable {
        /// Where the new key goes; nil for where the last one went.
        public var sink: SecretDestination?
        /// How long both keys work; nil for the last grace period, else the policy's, else an hour.
        public var grace: Duration?
        /// The key that consumers have, `primary` or `secondary`, for a rule that was never rotated here.
        public var active: String?
        /// How old keys may be; nil: a round is begun whatever their age.
        public var maxAge: Duration?
        /// Whether the grace period is waited for.
        public var waits = false
        /// Why.
        public var reason: String?
        /// The ticket.
        public var ticket: String?

        /// Creates a wish.
        public init() {}

        var options: KeyRotation.Options {
            var options = KeyRotation.Options()
            (options.sink, options.grace, options.active, options.maxAge) = (sink, grace, active, maxAge)
            (options.waits, options.reason, options.ticket) = (waits, reason, ticket)
            return options
        }
    }

    /// What came of one rule.
    public enum RotationOutcome: Hashable, Sendable {
        /// Nothing is due: the keys are so old.
        case young(Duration)
        /// Both keys work until this moment, when the old one may be ended.
        case waiting(until: Timestamp)
        /// Both keys are new.
        case done
        /// It failed; the key that consumers have works.
        case failed(OperatorError)
    }

    /// Does what is due of one rule.
    /// - Parameters:
    ///   - name: the rule's.
    ///   - candidates: what its entity may be; empty for a rule of the namespace.
    ///   - report: told of each step.
    /// - Throws: ``OperatorError``; see ``KeyRotation/advance(_:_:)``.
    public func rotate(
        _ name: String, of candidates: [EntityPath], _ wish: RotationWish, report: @escaping @Sendable (String) -> Void
    ) async throws(OperatorError) -> (rule: KeyRule, outcome: RotationOutcome) {
        let place = try await signIn.azurePlace()
        let rule = try await rule(name, of: candidates, in: place)
        try Self.checkTakesKeys(place)
        let outcome = try await rotation(place, report).advance(rule, wish.options)
        return (rule, Self.outcome(outcome))
    }

    /// Does what is due of every rule that was rotated on this machine before, and of no other: rounds that are under way go on, and one is begun where keys
    /// are older than somebody says that they may be.
    /// - Returns: each rule with what came of it: one that fails does not keep the others from theirs.
    /// - Throws: ``OperatorError`` when the namespace cannot be read.
    public func rotateDue(
        _ wish: RotationWish, report: @escaping @Sendable (String) -> Void
    ) async throws(OperatorError) -> [(rule: String, outcome: RotationOutcome)] {
        let place = try await signIn.azurePlace()
        try Self.checkTakesKeys(place)
        let rotation = try rotation(place, report)
        var outcomes: [(rule: String, outcome: RotationOutcome)] = []
        for result in store.standings(host: host) {
            let standing: KeyStanding
            switch result {
            case .success(let found): standing = found
            case .failure(let error):
                outcomes.append(("rules whose journals cannot be used", .failed(error)))
                continue
            }
            do throws(OperatorError) {
                let limit = Self.limit(of: standing.rule, rotation.guarded.guardrails)
                let age = KeyAge(
                    standing.rule, standing: standing, tags: place.namespace.tags, metadata: nil, takesKeys: nil, limit: limit,
                    now: rotation.now()
                ).age
                guard let options = try KeyRotation.due(standing, wish.options, limit: limit, age: age) else {
                    if let age { outcomes.append((standing.rule.description, .young(age))) }
                    continue
                }
                outcomes.append((standing.rule.description, Self.outcome(try await rotation.advance(standing.rule, options))))
            } catch {
                outcomes.append((standing.rule.description, .failed(error)))
            }
        }
        return outcomes
    }

    /// Takes the keys of a rule as Azure has them, after somebody else changed them.
    /// - Throws: ``OperatorError``; see ``KeyRotation/adopt(_:_:)``.
    public func adopt(_ name: String, of candidates: [EntityPath], _ wish: RotationWish) async throws(OperatorError) -> KeyRule {
        let place = try await signIn.azurePlace()
        let rule = try await rule(name, of: candidates, in: place)
        try await rotation(place) { _ in }.adopt(rule, wish.options)
        return rule
    }

    private func rule(_ name: String, of candidates: [EntityPath], in place: AzurePlace) async throws(OperatorError) -> KeyRule {
        let entity = candidates.isEmpty ? nil : try await existing(candidates, in: place)
        return try await place.rule(name, of: entity)
    }

    private func rotation(_ place: AzurePlace, _ report: @escaping @Sendable (String) -> Void) throws(OperatorError) -> KeyRotation {
        let signIn = signIn
        return KeyRotation(
            ring: AzureKeyRing(manager: place.manager, namespace: place.namespace.id, pause: .system), store: store,
            guarded: try signIn.guarded(), host: host, now: { .now }, pause: .system,
            reread: { () throws(OperatorError) in try signIn.guarded() },
            sinks: { destination throws(OperatorError) in try signIn.sink(destination) }, report: report)
    }

    private static func outcome(_ outcome: KeyRotation.Outcome) -> RotationOutcome {
        switch outcome {
        case .young(let age): .young(age)
        case .waiting(let end): .waiting(until: end)
        case .done: .done
        }
    }

    private static func checkTakesKeys(_ place: AzurePlace) throws(OperatorError) {
        guard place.namespace.localAuthentication == .off else { return }
        throw OperatorError(
            .conflict, "\(place.namespace.name) refuses shared keys (disableLocalAuth): there is nothing to rotate.",
            hint: "Nothing has to be done.")
    }

    // MARK: Refusing keys

    /// What is known of who uses keys, before a namespace refuses them all; and what is not.
    /// - Returns: sentences.
    /// - Throws: ``OperatorError``.
    public func refusalReport() async throws(OperatorError) -> (namespace: String, isRefusing: Bool, sentences: [String]) {
        let place = try await signIn.azurePlace()
        let (ages, gaps) = try await list()
        var sentences = gaps
        sentences.append(
            "\(ages.count) shared access rules, \(ages.count { $0.rule.isManaging }) of them with Manage, would open nothing any more.")
        for age in ages {
            if let sink = age.sink { sentences.append("A key of \(age.rule) is in \(sink): whoever reads it from there uses it.") }
            if let round = age.round { sentences.append("A rotation of \(age.rule) is under way: \(round).") }
        }
        let live = try liveSignatures()
        if live > 0 { sentences.append("\(live) signatures that this machine handed out have not ended yet.") }
        sentences.append(
            "Who else uses keys cannot be known from here: Azure counts no uses of a key. The diagnostic category RuntimeAuditLogs (table AZMSRunTimeAuditLogs) names the authentication of each connection; look there for SAS over some days."
        )
        return (place.namespace.name, place.namespace.localAuthentication == .off, sentences)
    }

    /// Signatures handed out here that have not ended, by the ledger.
    private func liveSignatures() throws(OperatorError) -> Int {
        var count = 0
        let now = Timestamp.now
        try AuditLedger.verify(try AuditLedger.path(environment: signIn.environment)) { record in
            guard record.type == "token.issue.done", let credential = record.credential, credential.kind == .signature,
                let end = credential.expiresAt, end > now
            else { return }
            count += 1
        }
        return count
    }

    /// Has the namespace refuse all shared keys and signatures, from now on.
    /// - Parameter confirmation: the namespace's name, typed.
    /// - Throws: ``OperatorError``: refused by the policy or without the name.
    public func refuseKeys(confirmation: String?, reason: String?, ticket: String?) async throws(OperatorError) -> String {
        let place = try await signIn.azurePlace()
        let guarded = try signIn.guarded()
        let question = guarded.guardrails.question(.refuseSecrets)
        let leave = try await guarded.authorize(question, entity: nil) { guardrails throws(Denial) in
            try guardrails.authorize(question, reason: reason, ticket: ticket)
        }
        guard confirmation == place.namespace.name else {
            throw OperatorError(
                .refused, "Nothing was done: every client that uses a key of \(place.namespace.name) would be turned away at once.",
                hint: "Read what is known; then repeat it with --confirm \(place.namespace.name).")
        }
        var event = AuditEvent(leave, .intended, by: guarded.actor, in: guarded.guardrails.place)
        event.credential = AuditCredential(.key, name: "all of \(place.namespace.name)", step: "refuse")
        _ = try await guarded.carryOut(event) { () throws(OperatorError) in
            do throws(AzureError) { return try await place.manager.setLocalAuthentication(false, of: place.namespace.id) } catch {
                throw OperatorError(error)
            }
        }
        return place.namespace.name
    }
}
