internal import AzureResources
internal import ServiceBus

extension KeyRotation.Round {
    /// The correlation ids of requests for keys that are in no record of the ledger yet. Whoever compares the ledger with the Activity Log, which has them all,
    /// finds each of them.
    final class Looks {
        private var ids: [String] = []

        /// Remembers the request that brought keys.
        func noted(_ keys: AccessKeys) -> AccessKeys {
            if let id = keys.correlationID { ids.append(id) }
            return keys
        }

        /// Gives those so far, for a record, and forgets them.
        func take() -> [String] {
            defer { ids = [] }
            return ids
        }
    }

    /// The keys as they are.
    func look(_ rotation: KeyRotation) async throws(OperatorError) -> AccessKeys { looks.noted(try await rotation.ring.keys(of: rule)) }

    /// Writes down what was only looked at, where no other record has it.
    func record(_ rotation: KeyRotation) async throws(OperatorError) {
        let ids = looks.take()
        guard !ids.isEmpty else { return }
        let guarded = rotation.guarded
        var event = AuditEvent(leave, .done, by: guarded.actor, in: guarded.guardrails.place, entity: rule.entity)
        event.credential = AuditCredential(.key, name: rule.title, step: "look")
        event.correlationRequestIDs = ids
        try await guarded.ledger.append(event)
    }
}
