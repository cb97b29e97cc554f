public import ServiceBus

/// An entity with its counts, as `entities` lists it and `show` describes it.
public struct EntityRecord: OutputRecord {
    /// The entity.
    public let entity: EntityDescription
    /// When its counts were so.
    public let asOf: Timestamp
    /// Who answers for it, where the catalogue says.
    public let ownership: EntityOwnership?
    /// What is wrong with whose it is.
    public let ownerFinding: String?
    /// Whether its settings are written out too.
    public let isDetailed: Bool
    /// Its messages as they were counted by looking, where that was asked for.
    public let counted: CountedMessages?

    /// Wraps an entity.
    public init(
        _ entity: EntityDescription, asOf: Timestamp, ownership: EntityOwnership? = nil, ownerFinding: String? = nil,
        isDetailed: Bool = false, counted: CountedMessages? = nil
    ) {
        self.entity = entity
        self.asOf = entity.asOf(asOf)
        self.ownership = ownership
        self.ownerFinding = ownerFinding
        self.isDetailed = isDetailed
        self.counted = counted
    }

    /// Wraps an entity with whose it is.
    public init(
        _ entity: EntityDescription, asOf: Timestamp, in estate: Estate, isDetailed: Bool = false, counted: CountedMessages? = nil
    ) {
        self.init(
            entity, asOf: asOf, ownership: estate.ownership(of: entity.path), ownerFinding: estate.ownerFinding(of: entity.path),
            isDetailed: isDetailed, counted: counted)
    }

    /// Path, kind, status, counts, owner.
    public static let columns = [
        OutputColumn("entity"), OutputColumn("kind"), OutputColumn("status"), OutputColumn("active", isNumeric: true),
        OutputColumn("dead letters", isNumeric: true), OutputColumn("scheduled", isNumeric: true),
        OutputColumn("transfer", isNumeric: true), OutputColumn("transfer dead", isNumeric: true), OutputColumn("owner"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        for cell in cells { row.cell(cell) }
    }

    private var cells: [String] {
        func count(_ value: Int64?) -> String { value.map { String($0) } ?? "–" }
        let counts = entity.counts
        return [
            entity.path.displayName, entity.kind.rawValue, entity.status.description, count(counts?.active), count(counts?.deadLetter),
            count(counts?.scheduled), count(counts?.transfer), count(counts?.transferDeadLetter), owner,
        ]
    }

    /// Whose it is: nobody's is a finding, and not the same as that nothing is known.
    private var owner: String {
        guard let owner = ownership?.owner else { return ownerFinding == nil ? "–" : "nobody" }
        return ownership?.isByName == true ? "\(owner) (by name)" : owner
    }

    /// Writes the entity as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("path", entity.path.displayName)
            json.member("kind", entity.kind.rawValue)
            json.member("status", entity.status.description)
            json.key("counts")
            if let counts = entity.counts {
                json.object { json in
                    json.member("active", counts.active)
                    json.member("deadLetter", counts.deadLetter)
                    json.member("scheduled", counts.scheduled)
                    json.member("transfer", counts.transfer)
                    json.member("transferDeadLetter", counts.transferDeadLetter)
                }
            } else {
                json.null()
            }
            json.member("asOf", asOf.rfc3339)
            json.member("sizeBytes", entity.sizeInBytes)
            json.member("owner", ownership?.owner)
            json.member("onCall", ownership?.onCall)
            json.member("services", ownership?.services ?? [])
            json.member("ownedBy", ownership.flatMap { $0.services.isEmpty ? nil : $0.isByName ? "name" : "catalogue" })
            json.member("findings", [ownerFinding].compactMap { $0 })
            json.member("countsBy", entity.counts == nil ? nil : entity.isByResourceManager ? "resourceManager" : "namespace")
            if isDetailed { writeDetails(to: &json) }
            if let counted { write(counted, to: &json) }
        }
    }

    private func write(_ counted: CountedMessages, to json: inout JSONWriter) {
        json.key("counted")
        json.object { json in
            json.member("active", counted.queue.active)
            json.member("deferred", counted.queue.deferred)
            json.member("scheduled", counted.queue.scheduled)
            json.member("deadLetter", counted.deadLetters.total)
            json.member("transferDeadLetter", counted.transferDeadLetters.total)
            json.member("startedAt", counted.startedAt.rfc3339)
            json.member("finishedAt", counted.finishedAt?.rfc3339)
            json.key("difference")
            json.object { json in
                json.member("active", counted.active.difference)
                json.member("scheduled", counted.scheduled.difference)
                json.member("deadLetter", counted.deadLetter.difference)
                json.member("transferDeadLetter", counted.transferDeadLetter.difference)
            }
        }
    }

    private func writeDetails(to json: inout JSONWriter) {
        json.key("links")
        json.array { json in for link in ownership?.links ?? [] { link.write(to: &json) } }
        json.member("subscriptionCount", entity.subscriptionCount.map { Int64($0) })
        json.member("createdAt", entity.createdAt?.rfc3339)
        json.member("updatedAt", entity.updatedAt?.rfc3339)
        json.member("accessedAt", entity.accessedAt?.rfc3339)
        json.member("lockDurationMilliseconds", entity.lockDuration.map(\.wholeMilliseconds))
        json.member("maxDeliveryCount", entity.maxDeliveryCount.map { Int64($0) })
        json.member("defaultTimeToLiveMilliseconds", entity.defaultTimeToLive.map(\.wholeMilliseconds))
        json.member("requiresSession", entity.requiresSession)
        json.member("requiresDuplicateDetection", entity.requiresDuplicateDetection)
        json.member("deadLetteringOnExpiration", entity.deadLetteringOnExpiration)
        json.member("forwardTo", entity.forwardTo)
        json.member("forwardDeadLetteredTo", entity.forwardDeadLetteredTo)
        json.key("settings")
        json.object { json in
            var written: Set<String> = []
            for setting in entity.settings where written.insert(setting.name).inserted { json.member(setting.name, setting.value) }
        }
    }

    /// What the service says and what was counted, a line a figure.
    private func countedFacts(_ counted: CountedMessages) -> [(String, String)] {
        func fact(_ comparison: CountedMessages.Comparison, _ note: String = "") -> String {
            let service = comparison.service.map { String($0) } ?? "–"
            let difference =
                switch comparison.difference {
                case nil: ""
                case 0?: ", the same"
                case let difference?: ", \(difference.magnitude) \(difference > 0 ? "more" : "fewer")"
                }
            return "service says \(service), counted \(comparison.counted)\(note)\(difference)"
        }
        let note = counted.queue.deferred > 0 ? " (\(counted.queue.deferred) of them deferred)" : ""
        var facts = [
            ("active", fact(counted.active, note)), ("scheduled", fact(counted.scheduled)), ("dead letters", fact(counted.deadLetter)),
            ("transfer dead", fact(counted.transferDeadLetter)),
        ]
        if let finished = counted.finishedAt {
            facts.append(("counted", "\(finished.rfc3339), in \(RoundedDuration.text(finished.since(counted.startedAt)))"))
        }
        return facts
    }

    /// The description for people: one fact a line, names aligned.
    public func description(now: Timestamp) -> [UInt8] {
        var facts: [(String, String)] = [
            ("entity", entity.path.displayName), ("kind", entity.kind.rawValue), ("status", entity.status.description),
        ]
        if let counted {
            facts += countedFacts(counted)
        } else if let counts = entity.counts {
            facts += [
                ("active", String(counts.active)), ("dead letters", String(counts.deadLetter)), ("scheduled", String(counts.scheduled)),
                ("transfer", String(counts.transfer)), ("transfer dead", String(counts.transferDeadLetter)),
            ]
        } else {
            facts.append(("counts", "not known"))
        }
        facts += [
            (counted == nil ? "counted" : "service's counts", "\(asOf.rfc3339) (\(max(0, now.since(asOf).components.seconds)) s ago)"),
            ("owner", owner + (ownerFinding.map { " (\($0))" } ?? "")), ("on call", ownership?.onCall ?? "–"),
        ]
        if entity.isByResourceManager { facts.append(("figures", EntityDescription.resourceManagerNote)) }
        if let services = ownership?.services, !services.isEmpty {
            facts.append(("services", services.joined(separator: ", ") + (ownership?.isByName == true ? " (by name)" : "")))
        }
        facts += (ownership?.links ?? []).map { ($0.title, $0.url) }
        facts += entity.settings.map { ($0.name, $0.value) }
        let names = facts.map { VisibleText.of($0.0) }
        let width = names.map { VisibleText.width($0) }.max() ?? 0
        var text = ""
        for (name, fact) in zip(names, facts) {
            text += name + String(repeating: " ", count: width - VisibleText.width(name)) + "  " + VisibleText.of(fact.1) + "\n"
        }
        return Array(text.utf8)
    }
}
