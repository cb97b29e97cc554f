package import AzureResources
internal import Identity
package import ServiceBus

/// Who has the keys: Azure, or a test that plays it.
package protocol KeyRing: Sendable {
    /// Both keys of a rule. It counts as a write in Azure's budget, and is in the Activity Log.
    func keys(of rule: KeyRule) async throws(OperatorError) -> AccessKeys
    /// Makes one of a rule's keys anew; the old one ends at once.
    /// - Returns: both as they are then.
    func regenerate(_ kind: AccessKeyKind, of rule: KeyRule) async throws(OperatorError) -> AccessKeys
    /// Notes in Azure, for other machines, which of a rule's keys consumers have, and since when.
    func note(_ tag: RotationTag, of rule: KeyRule) async throws(OperatorError)
    /// What was noted last, by any machine; nil where nothing is, or no key is named.
    func tag(of rule: KeyRule) async throws(OperatorError) -> RotationTag?
}

/// What a namespace's tag says of a rule: which key its consumers have, and since when. Fit for anybody's eyes.
package struct RotationTag: Hashable, Sendable {
    /// The tag that says when the keys of all rules of a namespace were made anew, and the beginning of those of single rules.
    package static let name = "callboard-rotated"

    /// Which key consumers have, or are being given while a round is under way: the one that lives on.
    package var active: AccessKeyKind
    /// When both keys were new; nil: not known.
    package var time: Timestamp?
    /// Whether a round is under way: the key is being handed over, or was, and the other one is going to be ended. Which of them consumers have is not known.
    package var isUnderWay: Bool
    /// When that was noted, where it was not when both keys were new: nothing is as old as this.
    package var notedAt: Timestamp?

    package init(active: AccessKeyKind, time: Timestamp?, isUnderWay: Bool = false, notedAt: Timestamp? = nil) {
        self.active = active
        self.time = time
        self.isUnderWay = isUnderWay
        self.notedAt = notedAt
    }

    /// Since when it says so; nil: not known.
    package var saidAt: Timestamp? { notedAt ?? time }

    /// The name of the tag of one rule: what Azure does not take in names is left out.
    static func name(of rule: KeyRule) -> String { name(ofRule: rule.name, entity: rule.entity) }

    /// The same, of a rule by its name and its queue or topic.
    static func name(ofRule rule: String, entity: EntityPath?) -> String {
        // A colon is in no name of an entity or a rule, and a point may be in both: 'a.b' of 'c' is not 'b.c' of 'a'.
        let place = entity.map { "\($0.name):" } ?? ""
        return name + ":" + String("\(place)\(rule)".map { "<>%&\\?/".contains($0) ? "~" : $0 }.prefix(480))
    }

    private static let unknown = "unknown"
    private static let underWay = "handing-over"
    private static let noted = "as-of"

    /// `2026-11-26T10:00:00Z secondary`; while a round is under way `2026-11-01T10:00:00Z primary handing-over as-of 2026-11-26T10:00:00Z`; adopted
    /// `unknown primary as-of 2026-11-26T10:00:00Z`.
    package var text: String {
        "\(time?.rfc3339 ?? Self.unknown) \(active.word)\(isUnderWay ? " \(Self.underWay)" : "")"
            + (notedAt.map { " \(Self.noted) \($0.rfc3339)" } ?? "")
    }

    /// Reads a tag's value: a moment or a day, with the key behind it or without.
    static func read(_ text: String) -> (time: Timestamp?, active: AccessKeyKind?, isUnderWay: Bool, notedAt: Timestamp?)? {
        let words = text.prefix(150).split(separator: " ").map(String.init)
        guard let first = words.first else { return nil }
        let time = Timestamp(rfc3339: first.utf8.count == 10 ? first + "T00:00:00Z" : first)
        guard time != nil || first == unknown else { return nil }
        let rest = words.dropFirst()
        let isUnderWay = rest.dropFirst().first == underWay
        let noting = rest.dropFirst(isUnderWay ? 2 : 1)
        let notedAt = noting.first == noted ? noting.dropFirst().first.flatMap { Timestamp(rfc3339: $0) } : nil
        return (time, rest.first.flatMap { AccessKeyKind(word: $0) }, isUnderWay, notedAt)
    }

    /// What the tags of a namespace say of a rule; nil where they do not, or name no key. A time to come (``KeyAge/credible(_:at:)``) is not known: it would stand
    /// before every journal for as long.
    static func find(_ rule: KeyRule, in tags: [String: String], at now: Timestamp) -> RotationTag? {
        let name = Self.name(of: rule).lowercased()
        guard let value = tags.first(where: { $0.key.lowercased() == name })?.value, let read = Self.read(value), let active = read.active
        else { return nil }
        return RotationTag(
            active: active, time: KeyAge.credible(read.time, at: now), isUnderWay: read.isUnderWay,
            notedAt: KeyAge.credible(read.notedAt, at: now))
    }
}

/// The keys of a namespace in Azure.
struct AzureKeyRing: KeyRing {
    /// The most attempts while another change of the namespace is under way.
    private static let mostAttempts = 6
    /// The most tags that a resource has (Azure documentation, "Use tags to organize your Azure resources").
    private static let mostTags = 50

    let manager: ResourceManagerClient
    let namespace: ResourceID
    let pause: Pause
    var now: @Sendable () -> Timestamp = { .now }

    func keys(of rule: KeyRule) async throws(OperatorError) -> AccessKeys {
        try await patiently { () throws(AzureError) in try await manager.listKeys(of: rule.id) }
    }

    func regenerate(_ kind: AccessKeyKind, of rule: KeyRule) async throws(OperatorError) -> AccessKeys {
        try await patiently { () throws(AzureError) in try await manager.regenerateKey(kind, of: rule.id) }
    }

    func note(_ tag: RotationTag, of rule: KeyRule) async throws(OperatorError) {
        let name = RotationTag.name(of: rule)
        let now = try await patiently { () throws(AzureError) in try await manager.namespace(namespace) }
        var tags = now.tags.filter { $0.key.lowercased() != name.lowercased() }
        guard tags.count < Self.mostTags else {
            throw OperatorError(.conflict, "The namespace has \(tags.count) tags, and no room for another.")
        }
        tags[name] = tag.text
        _ = try await patiently { () throws(AzureError) in try await manager.setTags(tags, of: namespace) }
    }

    func tag(of rule: KeyRule) async throws(OperatorError) -> RotationTag? {
        RotationTag.find(rule, in: try await patiently { () throws(AzureError) in try await manager.namespace(namespace) }.tags, at: now())
    }

    /// Repeats what is refused because the namespace is being changed (409 with SubCode 40901) or too much was asked for (429, beyond what
    /// the client itself repeats).
    private func patiently<Value: Sendable>(_ ask: () async throws(AzureError) -> Value) async throws(OperatorError) -> Value {
        var delay = Duration.seconds(2)
        var attempt = 1
        while true {
            let refusal: AzureError
            do throws(AzureError) { return try await ask() } catch { refusal = error }
            guard attempt < Self.mostAttempts, refusal.isThrottled || refusal.status == 409 && refusal.subCode == "40901" else {
                throw OperatorError(refusal)
            }
            do throws(IdentityError) { try await pause(min(max(delay, refusal.retryAfter ?? .zero), .seconds(120))) } catch {
                throw OperatorError(error)
            }
            delay = delay * 2
            attempt += 1
        }
    }
}
