internal import ServiceBus

extension KeyRotation.Round {
    /// Takes up what is asked for and not as the journal of the round that is under way has it: where the key goes, as long as it is not handed over, and a
    /// longer grace period, as long as the old key is not being ended.
    /// - Throws: ``OperatorError`` of kind usage for whatever else differs: what somebody says is done, or they hear that it is not. As
    ///   ``SecretSink/check(replacing:)`` where another place cannot take the key.
    func amend(_ before: KeyStanding, _ rotation: KeyRotation) async throws(OperatorError) {
        if let active = options.active, active.lowercased() != before.active.word {
            throw underWay("it began with the \(before.active.word) key as that of consumers, and that stays so until it ends.")
        }
        let sink = options.sink == before.sink ? nil : options.sink
        let asked = options.grace.map { min($0.components.seconds, KeyStanding.longestGrace) }
        guard sink != nil || asked != nil && asked != before.grace.components.seconds else { return }
        let grace = try asked == nil ? before.grace : self.grace(before)
        switch before.phase {
        case .resting: return
        case .begun, .made:
            if let sink {
                try Self.checkAbsolute(sink)
                let keys = try await look(rotation)
                try await rotation.sinks(sink).check(replacing: known(keys, before))
            }
            var line = rotation.line(before.phase == .begun ? .begin : .made, rule, before.active, before.fingerprints)
            line.sink = (sink ?? before.sink)?.description
            line.grace = grace.components.seconds
            try journal.write(line)
            guard let sink else { return }
            // The answer to a hand-over may have been lost.
            let old = before.phase == .made ? before.sink.map { "; a run that was cut off may have put it into \($0) already" } : nil
            rotation.report("the new key of \(rule) goes to \(sink)\(old ?? "")")
        case .delivered(let time):
            if let sink {
                throw underWay("the new key is in \(before.sink?.description ?? "its place"), and does not go to \(sink) as well.")
            }
            guard grace > before.grace else {
                throw underWay("both keys work for \(DurationText.text(before.grace)), which consumers count on, and not for less.")
            }
            var line = rotation.line(.delivered, rule, before.active, before.fingerprints)
            // The period still begins when the key was handed over.
            line.at = time.milliseconds
            line.content = before.content?.description
            line.grace = grace.components.seconds
            try journal.write(line)
        case .retiring: throw underWay("the old key is being ended.")
        }
    }

    private func underWay(_ what: String) -> OperatorError {
        OperatorError(
            .usage, "A round of \(rule) is under way: \(what)",
            hint: "'callboard keys list' shows it. Leave that option out, and the round goes on; the next one can be another.")
    }
}
