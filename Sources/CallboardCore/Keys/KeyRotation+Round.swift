internal import AzureResources
internal import Identity
internal import ServiceBus

extension KeyRotation {
    /// One round of one rule. Each step says on the disk that it is going to be done, does it, and says that it was; each can be done again.
    struct Round {
        let rule: KeyRule
        let journal: KeyJournal
        let options: Options
        var leave: Authorization

        /// What joins to the Activity Log, and is in no record yet.
        let looks = Looks()

        private var standing: KeyStanding {
            get throws(OperatorError) {
                guard let standing = journal.standing else { throw KeyRotation.lost(rule) }
                return standing
            }
        }

        // MARK: Beginning

        /// Begins a round, where none is under way.
        /// - Returns: whether there is one now; false: the keys are not old enough.
        mutating func begin(_ rotation: KeyRotation) async throws(OperatorError) -> Bool {
            let before = journal.standing
            if let before, before.isUnderWay {
                try await amend(before, rotation)
                return true
            }
            if let maxAge = options.maxAge, let age = rotation.age(before), age <= maxAge { return false }
            let active = try activeKey(before)
            // Another machine may have handed over, or been told, since what somebody remembers, or the journal does.
            if let tag = try await rotation.ring.tag(of: rule), before.map({ tag.contradicts($0) }) ?? true { try check(tag, active) }
            let grace = try self.grace(before)
            guard let destination = options.sink ?? before?.sink else {
                throw OperatorError(
                    .usage, "It is not said where the new key of \(rule) goes.", hint: "Give --to FILE, or --vault VAULT/NAME.")
            }
            try Self.checkAbsolute(destination)
            let keys = try await look(rotation)
            let prints = KeyFingerprints(keys)
            if let before, before.fingerprints != prints { throw foreign(before.fingerprints, prints) }
            // What cannot take the new key is found out while nothing has changed.
            try await rotation.sinks(destination).check(replacing: known(keys, before))
            var line = rotation.line(.begin, rule, active, prints)
            line.sink = destination.description
            line.grace = grace.components.seconds
            try journal.write(line)
            return true
        }

        /// Refuses to end a key that consumers have by what the namespace says.
        private func check(_ tag: RotationTag, _ active: AccessKeyKind) throws(OperatorError) {
            guard !tag.isUnderWay else {
                throw OperatorError(
                    .conflict,
                    "The keys of \(rule) are being made anew on another machine, by the namespace's tag: the \(tag.active.word) key is handed over, or about to be.",
                    hint:
                        "Let it end there. If that machine is gone, find out which of the two consumers have: it is in the place that they get it from, and 'keys list --fingerprints' tells both apart. The next round ends the other one first. Then take the keys as they are: keys adopt --active, and that one."
                )
            }
            guard tag.active == active else {
                throw OperatorError(
                    .conflict,
                    "Consumers of \(rule) have the \(tag.active.word) key, by the namespace's tag, and not the \(active.word) one, as --active or the journal of this machine says.",
                    hint:
                        "Find out which. Where the tag is right: keys adopt --active \(tag.active.word); where it is wrong: keys adopt --active \(active.word)."
                )
            }
        }

        private func activeKey(_ before: KeyStanding?) throws(OperatorError) -> AccessKeyKind {
            if let before {
                guard options.active == nil || options.active?.lowercased() == before.active.word else {
                    throw OperatorError(
                        .usage, "Consumers of \(rule) have the \(before.active.word) key: that was handed over last.",
                        hint: "Leave --active out; if others changed that, take the keys as they are with 'keys adopt'.")
                }
                return before.active
            }
            guard let active = options.active.flatMap({ AccessKeyKind(word: $0) }) else {
                throw OperatorError(
                    .usage, "It is not known which key of \(rule) consumers have, and the other one ends first.",
                    hint: "Find out, and say it: --active primary, or --active secondary.")
            }
            return active
        }

        static func checkAbsolute(_ destination: SecretDestination) throws(OperatorError) {
            guard destination.isAbsolute else {
                throw OperatorError(
                    .usage, "\(destination) is another place in another folder, and the journal is read in any.",
                    hint: "Give the whole path.")
            }
        }

        func grace(_ before: KeyStanding?) throws(OperatorError) -> Duration {
            let least = leave.limits.grace
            guard let asked = options.grace else {
                return max(before?.grace ?? least ?? KeyRotation.usualGrace, least ?? .zero)
            }
            guard asked >= least ?? .zero else {
                throw OperatorError(
                    .refused,
                    "A grace period of \(DurationText.text(asked)) is too short: the rule '\(leave.rule)' wants "
                        + "\(DurationText.text(least ?? .zero)).", hint: "Give --grace \(DurationText.text(least ?? .zero)).")
            }
            return asked
        }

        /// What may be in the sink and be replaced: a connection string with a key of this rule, or what was put there last.
        func known(_ keys: AccessKeys, _ standing: KeyStanding?) -> Set<SecretFingerprint> {
            var known = Set(AccessKeyKind.allCases.map { SecretFingerprint(keys.connectionString($0)) })
            if let content = standing?.content { known.insert(content) }
            return known
        }

        // MARK: Steps

        /// Step 1: makes the key anew that nobody has.
        mutating func make(_ rotation: KeyRotation) async throws(OperatorError) {
            let standing = try standing
            let fresh = standing.active.other
            // This may be another run than the one that began, and much later: somebody may have said elsewhere that consumers have the key that is to be
            // made anew. What contradicts now did not when the round began.
            if let tag = try await rotation.ring.tag(of: rule), tag.contradicts(standing) { try check(tag, standing.active) }
            let keys = try await look(rotation)
            let seen = KeyFingerprints(keys)
            guard seen[standing.active] == standing.fingerprints[standing.active] else { throw foreign(standing.fingerprints, seen) }
            if seen[fresh] != standing.fingerprints[fresh] {
                // It was made before this process was cut off; nobody has it yet.
                return try journal.write(rotation.line(.made, rule, standing.active, seen))
            }
            rotation.report("making the \(fresh.word) key of \(rule) anew")
            let made = try await change(rotation, fresh, "make") { () throws(OperatorError) in
                looks.noted(try await rotation.ring.regenerate(fresh, of: rule))
            }
            let prints = KeyFingerprints(made)
            guard prints[standing.active] == standing.fingerprints[standing.active] else { throw foreign(standing.fingerprints, prints) }
            try journal.write(rotation.line(.made, rule, standing.active, prints))
        }

        /// Step 2: hands its connection string over, and sees that it is still the one.
        mutating func handOver(_ rotation: KeyRotation) async throws(OperatorError) {
            let standing = try standing
            let fresh = standing.active.other
            guard let destination = standing.sink else { throw KeyRotation.lost(rule) }
            let keys = try await look(rotation)
            guard KeyFingerprints(keys) == standing.fingerprints else { throw foreign(standing.fingerprints, KeyFingerprints(keys)) }
            let secret = keys.connectionString(fresh)
            let sink = try rotation.sinks(destination)
            let replaceable = known(keys, standing)
            // Before it is: a machine that knows nothing of this round is not to end the key that consumers are given.
            await rotation.tag(rule, RotationTag(active: fresh, time: standing.rotatedAt, isUnderWay: true, notedAt: rotation.now()))
            rotation.report("handing the \(fresh.word) key of \(rule) over to \(sink.title)")
            _ = try await change(rotation, fresh, "hand-over", sink: destination) { () throws(OperatorError) in
                try await sink.deliver(secret, note(fresh, keys), replacing: replaceable)
                // A request that was still on its way when an earlier process was cut off may have made the key anew meanwhile.
                let after = try await look(rotation)
                guard KeyFingerprints(after) == standing.fingerprints else {
                    let place = await putBack(after, standing, sink) { () async throws(OperatorError) in
                        try await restore(after, standing, sink, over: SecretFingerprint(secret))
                    }
                    throw foreign(standing.fingerprints, KeyFingerprints(after), place)
                }
                return after
            }
            var line = rotation.line(.delivered, rule, standing.active, standing.fingerprints)
            line.content = SecretFingerprint(secret).description
            try journal.write(line)
        }

        /// Has the key that consumers have put into the sink again, where somebody else ended the one that was handed over.
        /// - Returns: what came of it, in a sentence; nil where nothing can be done.
        private func putBack(
            _ keys: AccessKeys, _ standing: KeyStanding, _ sink: any SecretSink, _ restore: () async throws(OperatorError) -> Void
        ) async -> String? {
            let (active, now) = (standing.active, KeyFingerprints(keys))
            // Of another key nobody knows whether it is the one that consumers have.
            guard now[active] == standing.fingerprints[active], now[active.other] != standing.fingerprints[active.other] else { return nil }
            do throws(OperatorError) {
                try await restore()
                return "The \(active.word) key, which works, is in \(sink.title) again."
            } catch {
                return "What \(sink.title) has opens nothing any more, and the key that works could not be put there: \(error.message)"
            }
        }

        private func restore(
            _ keys: AccessKeys, _ standing: KeyStanding, _ sink: any SecretSink, over content: SecretFingerprint
        ) async throws(OperatorError) {
            try await sink.deliver(keys.connectionString(standing.active), note(standing.active, keys), replacing: [content])
        }

        private func note(_ kind: AccessKeyKind, _ keys: AccessKeys) -> SecretNote {
            SecretNote(
                contentType: "application/vnd.callboard.connection-string",
                tags: [
                    "rule": String(rule.name.prefix(256)), "keyType": kind.rawValue,
                    "entity": String((rule.entity?.name ?? "").prefix(256)),
                    "fingerprint": KeyFingerprints(keys)[kind].description,
                ])
        }

        /// Before step 4: sees that the new key works and is where consumers get it from, and says that the old one is going to be ended.
        mutating func retire(_ rotation: KeyRotation) async throws(OperatorError) {
            let standing = try standing
            guard let destination = standing.sink, let content = standing.content else { throw KeyRotation.lost(rule) }
            try await checkNotAdopted(standing, rotation)
            let keys = try await look(rotation)
            let (seen, sink) = (KeyFingerprints(keys), try rotation.sinks(destination))
            guard seen == standing.fingerprints else {
                var place: String?
                // What another put there, or what cannot be looked at, is left as it is.
                if await sink.holds(content) == true {
                    place = await putBack(keys, standing, sink) { () async throws(OperatorError) in
                        _ = try await change(rotation, standing.active, "put-back", sink: destination) { () async throws(OperatorError) in
                            try await restore(keys, standing, sink, over: content)
                            return keys
                        }
                    }
                }
                throw foreign(standing.fingerprints, seen, place)
            }
            try await checkHeld(content, sink, standing.active)
            var line = rotation.line(.retiring, rule, standing.active, seen)
            line.content = content.description
            try journal.write(line)
        }

        /// Refuses to end a key of which somebody said on another machine, after the other one was handed over here, that consumers have it.
        /// - Parameter isEnded: whether it is the new one by now that they are said to have, since the old one was ended: that is not overwritten.
        private func checkNotAdopted(
            _ standing: KeyStanding, _ rotation: KeyRotation, isEnded: Bool = false
        ) async throws(OperatorError) {
            guard let tag = try await rotation.ring.tag(of: rule), !tag.isUnderWay, tag.active == standing.active, let said = tag.saidAt,
                said >= standing.deliveredAt ?? Timestamp(milliseconds: .min)
            else { return }
            throw OperatorError(
                .conflict,
                "The \(tag.active.word) key of \(rule) \(isEnded ? "was made anew, and" : "was not ended:") somebody said on another machine, at \(said.rfc3339), that consumers have it.",
                hint:
                    "Find out which one they have, and take the keys as they are with it: keys adopt --active. Both work until the next round."
            )
        }

        /// Refuses to end a key where consumers do not find the other one.
        private func checkHeld(_ content: SecretFingerprint, _ sink: any SecretSink, _ old: AccessKeyKind) async throws(OperatorError) {
            guard await sink.holds(content) != false else {
                throw OperatorError(
                    .conflict, "The \(old.word) key of \(rule) was not ended: \(sink.title) does not hold the new key any more.",
                    hint: "Find out who changed it. Both keys work until this is run again.")
            }
        }

        /// Step 4: makes the key anew that consumers had before. From here on theirs is the other one.
        mutating func end(_ rotation: KeyRotation) async throws(OperatorError) {
            let standing = try standing
            let (old, fresh) = (standing.active, standing.active.other)
            let seen = KeyFingerprints(try await look(rotation))
            guard seen[fresh] == standing.fingerprints[fresh] else { throw foreign(standing.fingerprints, seen) }
            var prints = seen
            // This may be another run than the one that looked, and much later.
            let isEnded = seen[old] != standing.fingerprints[old]
            try await checkNotAdopted(standing, rotation, isEnded: isEnded)
            if !isEnded {
                guard let destination = standing.sink, let content = standing.content else { throw KeyRotation.lost(rule) }
                try await checkHeld(content, try rotation.sinks(destination), old)
                rotation.report("making the \(old.word) key of \(rule) anew, which ends the old one")
                let keys = try await change(rotation, old, "end") { () throws(OperatorError) in
                    looks.noted(try await rotation.ring.regenerate(old, of: rule))
                }
                prints = KeyFingerprints(keys)
            }
            try journal.write(rotation.line(.done, rule, fresh, prints))
            rotation.report("both keys of \(rule) are new; consumers have the \(fresh.word) one")
            await rotation.tag(rule, RotationTag(active: fresh, time: rotation.now()))
        }

        /// Does something with a key between two records of the ledger.
        private func change(
            _ rotation: KeyRotation, _ kind: AccessKeyKind, _ step: String, sink: SecretDestination? = nil,
            _ body: () async throws(OperatorError) -> AccessKeys
        ) async throws(OperatorError) -> AccessKeys {
            let guarded = rotation.guarded
            var event = AuditEvent(leave, .intended, by: guarded.actor, in: guarded.guardrails.place, entity: rule.entity)
            event.credential = AuditCredential(.key, name: rule.title(kind), step: step, sink: sink?.description)
            return try await guarded.carryOut(event, body) { keys, event in
                event.credential?.fingerprint = KeyFingerprints(keys)[kind]
                // Also of what was only looked at on the way here: Azure writes down every time that keys are listed.
                event.correlationRequestIDs = looks.take()
            }
        }

        /// Somebody else changed a key.
        /// - Parameter place: what became of the sink, in a sentence.
        private func foreign(_ before: KeyFingerprints, _ now: KeyFingerprints, _ place: String? = nil) -> OperatorError {
            let changed = AccessKeyKind.allCases.filter { before[$0] != now[$0] }.map {
                "the \($0.word) key was \(before[$0]) and is \(now[$0])"
            }
            return OperatorError(
                .conflict,
                "Somebody else changed the keys of \(rule): \(changed.joined(separator: ", ")). \(place ?? "Nothing more was done.")",
                hint:
                    "The namespace's Activity Log says who (regenerateKeys). When you know which key consumers have, take the keys as they are: callboard keys adopt."
            )
        }
    }
}

extension RotationTag {
    /// Whether it says something else of the key that consumers have than a journal in which no key was made anew yet, and says it later: another machine has
    /// rotated since, or somebody there said which key it is. Later on the tag is what this machine itself noted.
    func contradicts(_ standing: KeyStanding) -> Bool {
        guard active != standing.active else { return false }
        return (saidAt ?? Timestamp(milliseconds: .min)) >= (standing.knownAt ?? Timestamp(milliseconds: .min))
    }
}
