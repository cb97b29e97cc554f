internal import AzureResources
package import Identity
package import ServiceBus

/// Makes the two keys of a rule new without a moment in which consumers have none that works (`access-and-identity`, two-key rotation).
///
/// A round: the key that nobody has is made anew (1) and handed over to where consumers get it from (2); for a grace period both keys work (3); then
/// the key that they had is made anew (4). At every moment the key that consumers have, and from (2) on the one in the sink, opens the namespace: a round that
/// was cut off anywhere goes on where it was, by the journal and by what Azure says of the keys' fingerprints. What is not as the journal knows it was done by
/// somebody else, and nothing is done after that.
package struct KeyRotation: Sendable {
    /// How a round is to be done.
    package struct Options: Sendable {
        /// Where the new key goes; nil for where the last one went.
        package var sink: SecretDestination?
        /// How long both keys work; nil for the last one, else the policy's, else ``KeyRotation/usualGrace``.
        package var grace: Duration?
        /// The key that consumers have, for a rule that was never rotated here.
        package var active: String?
        /// How old keys may be; nil: a round is begun whatever their age.
        package var maxAge: Duration?
        /// Whether the grace period is waited for.
        package var waits = false
        /// Why, for the policy and the ledger.
        package var reason: String?
        /// The ticket.
        package var ticket: String?

        package init() {}
    }

    /// How far a round came.
    package enum Outcome: Hashable, Sendable {
        /// Nothing is due: the keys are so old.
        case young(Duration)
        /// The new key is handed over, and the old one works until it is ended, from this moment on.
        case waiting(until: Timestamp)
        /// Both keys are new.
        case done
    }

    /// The grace period where nobody says another.
    package static let usualGrace = Duration.seconds(3600)

    let ring: any KeyRing
    let store: KeyJournalStore
    private(set) var guarded: GuardedChange
    let host: String
    let now: @Sendable () -> Timestamp
    let pause: Pause
    let reread: (@Sendable () throws(OperatorError) -> GuardedChange)?
    let sinks: @Sendable (SecretDestination) throws(OperatorError) -> any SecretSink

    /// Told of each step, in a sentence.
    let report: @Sendable (String) -> Void

    /// - Parameters:
    ///   - ring: who has the keys.
    ///   - store: where journals are.
    ///   - guarded: policy and ledger.
    ///   - host: the namespace's host.
    ///   - now: the clock.
    ///   - pause: how to wait.
    ///   - reread: policy and ledger as they are after a grace period that was waited for; nil for the same ones.
    ///   - sinks: the places that secrets go to.
    ///   - report: told of each step, in a sentence.
    package init(
        ring: any KeyRing, store: KeyJournalStore, guarded: GuardedChange, host: String, now: @escaping @Sendable () -> Timestamp,
        pause: Pause, reread: (@Sendable () throws(OperatorError) -> GuardedChange)? = nil,
        sinks: @escaping @Sendable (SecretDestination) throws(OperatorError) -> any SecretSink,
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.ring = ring
        self.store = store
        self.guarded = guarded
        self.host = host
        self.now = now
        self.pause = pause
        self.reread = reread
        self.sinks = sinks
        self.report = report
    }

    /// Does what is due of a rule's round, and begins one where that is due.
    /// - Throws: ``OperatorError``: refused by the policy, the keys were changed by somebody else (``OperatorError/Code/conflict``), the sink cannot take one,
    ///   or Azure refused. Whatever it is, the key that consumers have works.
    package func advance(_ rule: KeyRule, _ options: Options) async throws(OperatorError) -> Outcome {
        let journal = try store.open(rule)
        var round = Round(rule: rule, journal: journal, options: options, leave: try await leave(rule, options))
        let outcome: Outcome
        do throws(OperatorError) { outcome = try await advance(&round, rule, options, journal) } catch {
            var told = error
            do throws(OperatorError) { try await round.record(self) } catch { told.message += " \(error.message)" }
            throw told
        }
        try await round.record(self)
        return outcome
    }

    private func advance(
        _ round: inout Round, _ rule: KeyRule, _ options: Options, _ journal: KeyJournal
    ) async throws(OperatorError) -> Outcome {
        var rotation = self
        if try await round.begin(rotation) == false { return .young(age(journal.standing) ?? .zero) }
        while true {
            guard let standing = journal.standing else { throw Self.lost(rule) }
            switch standing.phase {
            case .resting: return .done
            case .begun: try await round.make(rotation)
            case .made: try await round.handOver(rotation)
            case .delivered:
                let end = standing.graceEnds ?? now()
                let left = end.milliseconds.subtractingReportingOverflow(now().milliseconds)
                if left.overflow || left.partialValue > 0 {
                    guard options.waits, !left.overflow else { return .waiting(until: end) }
                    report("both keys of \(rule) work until \(end.rfc3339)")
                    do throws(IdentityError) { try await pause(.milliseconds(left.partialValue)) } catch {
                        throw OperatorError(
                            .cancelled, "Interrupted while both keys of \(rule) work: nothing is lost.",
                            hint: "Run it again after \(end.rfc3339); it goes on from here.")
                    }
                    // Hours may have passed: what the policy says now counts.
                    if let reread { rotation.guarded = try reread() }
                    round.leave = try await rotation.leave(rule, options)
                }
                try await round.retire(rotation)
            case .retiring: try await round.end(rotation)
            }
        }
    }

    /// How what is due of a rule is done, where nobody names the rule.
    /// - Parameters:
    ///   - options: what is asked for of all rules.
    ///   - limit: how old the rule's keys may be by the policy; nil where it does not say.
    ///   - age: how old they are by journal and tag, where the rule was only ever adopted here; nil where that is not known.
    /// - Returns: nil where nothing is: no round is under way, and none is begun because nobody says how old the keys may be, or another machine made them anew.
    /// - Throws: ``OperatorError`` of kind conflict where somebody says how old they may be, nobody says that they are young enough, and the rule was only ever
    ///   adopted: there is no place where a new one would go. That is no all-clear.
    static func due(_ standing: KeyStanding, _ options: Options, limit: Duration?, age: Duration?) throws(OperatorError) -> Options? {
        var due = options
        guard !standing.isUnderWay else {
            // It has its own, which is not corrected by what is said of all.
            due.grace = nil
            return due
        }
        due.maxAge = options.maxAge ?? limit
        guard let maxAge = due.maxAge else { return nil }
        guard standing.sink != nil else {
            if let age, age <= maxAge { return nil }
            throw OperatorError(
                .conflict,
                "There is no place for a new key of \(standing.rule): it was only ever adopted, and its keys stay as they are. How old they are is known here from the journal and the namespace's tag alone.",
                hint: "Say it once: keys rotate with --rule and --entity, and --to FILE or --vault VAULT/NAME.")
        }
        return due
    }

    /// Takes the keys as Azure has them now, after somebody else changed them: the next round begins from there.
    /// - Throws: ``OperatorError`` as ``advance(_:_:)``; usage without the key that consumers have.
    package func adopt(_ rule: KeyRule, _ options: Options) async throws(OperatorError) {
        let journal = try store.open(rule)
        let leave = try await leave(rule, options)
        guard let active = options.active.flatMap({ AccessKeyKind(word: $0) }) else {
            throw OperatorError(
                .usage, "It is not known which key of \(rule) consumers have.", hint: "Say it: --active primary, or --active secondary.")
        }
        var event = AuditEvent(leave, .intended, by: guarded.actor, in: guarded.guardrails.place, entity: rule.entity)
        event.credential = AuditCredential(.key, name: rule.title(active), step: "adopt")
        _ = try await guarded.carryOut(event) { () throws(OperatorError) in
            let keys = try await ring.keys(of: rule)
            try journal.write(line(.adopted, rule, active, KeyFingerprints(keys)))
            // Later than what other machines' journals know, and no age of the keys.
            await tag(rule, RotationTag(active: active, time: journal.standing?.rotatedAt, notedAt: now()))
            return keys
        } done: { keys, event in
            event.credential?.fingerprint = KeyFingerprints(keys)[active]
            event.correlationRequestIDs = keys.correlationID.map { [$0] } ?? []
        }
    }

    /// Notes for other machines which key consumers have; that it could not be is told, and no more.
    func tag(_ rule: KeyRule, _ tag: RotationTag) async {
        do throws(OperatorError) { try await ring.note(tag, of: rule) } catch {
            report("the namespace could not be tagged for other machines: \(error.message)")
        }
    }

    /// How old the keys are; nil: not known.
    func age(_ standing: KeyStanding?) -> Duration? {
        KeyAge.credible(standing?.rotatedAt, at: now()).map { max(.zero, now().since($0)) }
    }

    private func leave(_ rule: KeyRule, _ options: Options) async throws(OperatorError) -> Authorization {
        let question = rule.question(guarded.guardrails)
        return try await guarded.authorize(question, entity: rule.entity) { guardrails throws(Denial) in
            try guardrails.authorize(question, reason: options.reason, ticket: options.ticket)
        }
    }

    /// A line of the journal with all that identifies the rule.
    func line(_ kind: KeyLine.Kind, _ rule: KeyRule, _ active: AccessKeyKind, _ prints: KeyFingerprints) -> KeyLine {
        KeyLine(
            kind: kind, at: now().milliseconds, active: active.word, primary: prints.primary.description,
            secondary: prints.secondary.description, rule: rule.id.text, name: rule.name, entity: rule.entity?.address,
            rights: rule.rights.map(\.rawValue).sorted(), host: host)
    }

    static func lost(_ rule: KeyRule) -> OperatorError {
        OperatorError(.internal, "The journal of \(rule) says nothing of a round that was begun.")
    }
}
