internal import AzureResources
internal import Identity
internal import ServiceBus

/// Findings about shared access rules: whoever has a key has its rights, and Azure cannot say who that is.
extension DriftInspector {
    /// The tag of a namespace, and the word in an entity's `userMetadata`, that says when keys were made anew. Azure does not.
    static let rotationTag = "callboard-rotated"
    /// How old keys may be.
    static let oldestKeyInDays: Int64 = 90

    mutating func inspectKeys() {
        guard let namespace = index.namespace else {
            skip(.sharedKey, .oldKey, because: "shared access rules: \(index.picture.namespace.whyUnknown ?? "not known")")
            return
        }
        // Without keys being taken, rules open nothing.
        guard index.takesKeys else { return }
        guard let rules = index.picture.rules.value else {
            skip(.sharedKey, .oldKey, because: "shared access rules: \(index.picture.rules.whyUnknown ?? "not known")")
            return
        }
        if let gap = index.picture.partial.first(where: { $0.subject.hasPrefix("shared access rules") }) {
            skip(.sharedKey, .oldKey, because: "\(gap.subject): \(gap.reason)")
        }
        let metadata = Dictionary(index.entities.map { ($0.id, $0.metadata) }, uniquingKeysWith: { first, _ in first })
        let paths = Dictionary(index.entities.map { ($0.id, $0.path) }, uniquingKeysWith: { first, _ in first })
        var undated = 0
        for rule in rules {
            addKey(rule, namespace)
            let text =
                rule.owner == namespace.id
                ? namespace.tags.first { $0.key.lowercased() == Self.rotationTag }?.value : Self.rotation(in: metadata[rule.owner] ?? nil)
            // What 'keys rotate' notes of one rule says more than what is noted of all.
            let own = RotationTag.name(ofRule: rule.name, entity: paths[rule.owner]).lowercased()
            let noted = namespace.tags.first { $0.key.lowercased() == own }.flatMap { RotationTag.read($0.value)?.time }
            guard
                let time = noted.map({ WallTime(secondsSince1970: $0.milliseconds / 1000) }) ?? text.flatMap({ Self.time($0) }),
                // A day to come says nothing of their age.
                time <= index.picture.now.advanced(by: KeyAge.mostAhead)
            else {
                undated += 1
                continue
            }
            inspectAge(rule, namespace, since: time)
        }
        if undated > 0 {
            skip(
                .oldKey,
                because:
                    "of \(undated) shared access rules nothing says when their keys were made anew (tag \(Self.rotationTag) of the namespace, or \(Self.rotationTag)=DATE in the userMetadata of the entity)",
                isBlind: false)
        }
    }

    private func entities(of rule: AccessRule, _ namespace: AccessNamespace) -> [EntityPath] {
        rule.owner == namespace.id ? [] : index.entities(within: rule.owner)
    }

    private mutating func addKey(_ rule: AccessRule, _ namespace: AccessNamespace) {
        let isRoot = rule.name.lowercased() == "rootmanagesharedaccesskey"
        let isGrave = rule.rights.contains(.manage) || isRoot
        let rights = rule.rights.map(\.rawValue).sorted().joined(separator: ", ")
        add(
            DriftFinding(
                .sharedKey, isGrave ? .high : .medium, subject: rule.id.text, place: index.title(rule.owner),
                summary: "whoever has a key of '\(rule.name)' has \(rights) on \(index.title(rule.owner)), and nobody can tell who that is",
                evidence: [
                    .init("rule", rule.id.text), .init("rights", rights),
                    .init("local authentication", Self.word(namespace.localAuthentication)),
                ], entities: EntityPaths(entities(of: rule, namespace)), isNamespaceWide: rule.owner == namespace.id,
                fix: FixPlan([
                    FixPlan.Step(
                        "Find out who uses the key (Azure Monitor and RuntimeAuditLogs name the authentication), and give them roles in its place."
                    ),
                    FixPlan.Step("Remove the rule; its keys end at once.", .removeRule(rule.id)),
                    FixPlan.Step("When no client uses any key: have the namespace refuse them all.", .refuseKeys(namespace.id)),
                ])))
    }

    private mutating func inspectAge(_ rule: AccessRule, _ namespace: AccessNamespace, since time: WallTime) {
        let (seconds, overflow) = index.picture.now.secondsSince1970.subtractingReportingOverflow(time.secondsSince1970)
        let days = seconds / 86_400
        guard !overflow, days > Self.oldestKeyInDays else { return }
        let today = String(index.picture.asOf.rfc3339.prefix(10))
        var steps = [
            FixPlan.Step("See that all clients of '\(rule.name)' use the secondary key."),
            FixPlan.Step("Make the primary key anew.", .regenerate(.primary, of: rule.id)),
            FixPlan.Step("Have all clients use the primary key."),
            FixPlan.Step("Make the secondary key anew.", .regenerate(.secondary, of: rule.id)),
        ]
        if rule.owner == namespace.id {
            var tags = namespace.tags.filter { $0.key.lowercased() != Self.rotationTag }
            tags[Self.rotationTag] = today
            steps.append(FixPlan.Step("Note the day, when all rules of the namespace are done.", .tag(namespace.id, tags)))
        } else {
            steps.append(FixPlan.Step("Note the day: \(Self.rotationTag)=\(today) in the userMetadata of the entity."))
        }
        add(
            DriftFinding(
                .oldKey, .medium, subject: rule.id.text, place: index.title(rule.owner),
                summary: "the keys of '\(rule.name)' on \(index.title(rule.owner)) are \(days) days old",
                evidence: [
                    .init("rule", rule.id.text), .init("made anew", "\(time.rfc3339), by \(Self.rotationTag)"),
                    .init("compared with", "\(Self.oldestKeyInDays) days before \(index.picture.asOf.rfc3339)"),
                ], entities: EntityPaths(entities(of: rule, namespace)), isNamespaceWide: rule.owner == namespace.id, fix: FixPlan(steps)))
    }

    private static func rotation(in metadata: String?) -> String? {
        metadata?.split { $0.isWhitespace || $0 == "," || $0 == ";" }.first { $0.lowercased().hasPrefix(rotationTag + "=") }.map {
            String($0.dropFirst(rotationTag.count + 1))
        }
    }

    /// A day or a moment.
    private static func time(_ text: String) -> WallTime? { WallTime(rfc3339: text.utf8.count == 10 ? text + "T00:00:00Z" : text) }
}
