internal import AzureResources
internal import Identity
internal import ServiceBus

/// What a ledger says was begun, and not what came of it: the program was killed between Azure's change and its own record, or an answer was lost and the
/// correlation id with it. What Azure has of that is somebody's of the ledgers all the same, and whoever looks at it is told whose.
extension Reconciliation {
    /// What an intent and the record of its outcome have in common.
    private struct Step: Hashable {
        let action: PolicyAction
        let members: [JSONValue?]
        /// Without what only the outcome tells: the fingerprint and the end.
        let credential: [String?]

        init(_ action: PolicyAction, _ record: AuditRecord) {
            self.action = action
            members = ["actor", "entity", "reason", "ticket", "access"].map { record.value[$0] }
            credential = [record.credential?.kind.rawValue, record.credential?.name, record.credential?.step]
        }
    }

    /// The records of what was begun and of which no ledger says under which id Azure has it.
    /// - Parameter records: ledgers one after the other, each the newest first.
    static func leftOpen(_ records: [AuditRecord]) -> [AuditRecord] {
        // An outcome is of the last intent before it: what was begun once more after a program was killed leaves the first one open.
        var outcomes: [Step: Int] = [:]
        return records.filter { record in
            guard let (action, stage) = record.actionAndStage, record.accessScope != nil || record.credential != nil else { return false }
            let step = Step(action, record)
            guard stage == .intended else {
                outcomes[step, default: 0] += 1
                return stage == .partly && record.ids("correlationRequestIds").isEmpty
            }
            guard let ended = outcomes[step], ended > 0 else { return true }
            outcomes[step] = ended - 1
            return false
        }
    }

    /// Which record each event can be of, of those that no id joins; events that can be of none are not in it.
    /// - Parameters:
    ///   - events: what happened, each with its place in the list of all.
    ///   - records: what was left open.
    static func begun(_ events: [(index: Int, event: ActivityEvent)], by records: [AuditRecord]) -> [Int: AuditRecord] {
        var begun: [Int: AuditRecord] = [:]
        let timed = records.compactMap { record in record.time.map { (record: record, time: $0) } }
        // What was begun first happened first, where the same was begun twice.
        for (record, time) in timed.sorted(by: { $0.time < $1.time }) {
            let near = events.filter { index, event in
                let apart = Timestamp(event.happenedAt).since(time)
                return begun[index] == nil && apart <= lateness && apart >= .zero - lateness && isOfKey(event, record)
            }
            for index in meant(near, by: record) { begun[index] = record }
        }
        return begun
    }

    /// Whether the rule of an event is the one whose key a record is about, where it is about a key: an id would say so, and here is none.
    private static func isOfKey(_ event: ActivityEvent, _ record: AuditRecord) -> Bool {
        guard let credential = record.credential, credential.kind == .key, let id = event.resource else { return true }
        let owner = Array(id.segments.dropLast(2).suffix(2))
        var title = id.name
        if let kind = owner.first?.lowercased(), ["queues", "topics"].contains(kind), let name = owner.last {
            guard let entity = EntityPath.ofResource(String(name)) else { return false }
            title = KeyRule.title(id.name, of: entity)
        }
        // Azure's log has names in casings of its own; what follows the name is which of the two keys.
        let name = credential.name.lowercased()
        return name == title.lowercased() || AccessKeyKind.allCases.contains { name == "\(title) \($0.word)".lowercased() }
    }
}
