internal import AzureResources
public import ServiceBus

/// How old the keys of a rule are, as far as anybody knows: Azure does not say.
public struct KeyAge: Hashable, Sendable {
    /// Who says when keys were made anew.
    public enum Source: String, Hashable, Sendable {
        /// The journal of rotations on this machine.
        case journal
        /// A tag of the namespace.
        case tag
        /// The note of the entity's owner (`userMetadata`).
        case metadata = "userMetadata"
    }

    /// The rule.
    public var rule: KeyRule
    /// Whether the namespace takes keys; nil where it does not say.
    public var takesKeys: Bool?
    /// When both keys were new, and who says so; nil: not known.
    public var rotated: (time: Timestamp, source: Source)? {
        get { time.flatMap { time in source.map { (time, $0) } } }
        set { (time, source) = (newValue?.time, newValue?.source) }
    }
    private var time: Timestamp?
    private var source: Source?
    /// The age; nil: not known.
    public var age: Duration?
    /// How old they may be by the policy, or by what was asked; nil for no limit.
    public var limit: Duration?
    /// How far a rotation is, in words; nil when none is under way.
    public var round: String?
    /// The key that consumers have, as far as is known: `primary` or `secondary`.
    public var active: String?
    /// When the old key may be ended.
    public var graceEnds: Timestamp?
    /// Where the new key goes.
    public var sink: String?
    /// The fingerprints of both keys, where they were asked for: primary, secondary.
    public var fingerprints: [SecretFingerprint]?

    init(rule: KeyRule) { self.rule = rule }

    /// Whether they are older than they may be; nil where their age is not known, or nobody says how old they may be.
    public var isOld: Bool? {
        guard let limit, let age else { return nil }
        return age > limit
    }

    /// What is wrong with the rule itself, in a word: whoever has a shared key has its rights, and nobody can tell who that is.
    public var findings: [String] {
        var findings: [String] = []
        if takesKeys != false {
            findings.append("shared-key")
            if rule.isManaging { findings.append("manage") }
            if rule.isRoot { findings.append("root") }
        }
        if isOld == true { findings.append("old") }
        if limit != nil, age == nil { findings.append("age not known") }
        return findings
    }
}

extension KeyAge {
    /// What is known of a rule.
    /// - Parameters:
    ///   - standing: its journal; nil where there is none.
    ///   - tags: the namespace's.
    ///   - metadata: the note of the entity's owner.
    ///   - now: the time.
    package init(
        _ rule: KeyRule, standing: KeyStanding?, tags: [String: String], metadata: String?, takesKeys: Bool?, limit: Duration?,
        now: Timestamp
    ) {
        self.init(rule: rule)
        self.takesKeys = takesKeys
        self.limit = limit
        func tag(_ name: String) -> String? { tags.first { $0.key.lowercased() == name.lowercased() }?.value }
        let own = tag(RotationTag.name(of: rule)).flatMap { RotationTag.read($0) }
        let ownTime = Self.credible(own?.time, at: now)
        if let time = Self.credible(standing?.rotatedAt, at: now) {
            rotated = (time, .journal)
        } else if let time = ownTime {
            rotated = (time, .tag)
        } else if rule.entity == nil, let time = Self.credible(tag(RotationTag.name).flatMap({ RotationTag.read($0)?.time }), at: now) {
            rotated = (time, .tag)
        } else if let noted = Self.credible(Self.noted(in: metadata), at: now) {
            rotated = (noted, .metadata)
        }
        // Another machine may have rotated it later than this one did.
        if let time = ownTime, let known = rotated, time > known.time { rotated = (time, .tag) }
        if let time = rotated?.time { age = max(.zero, now.since(time)) }
        // As whoever rotates here: the tag counts without a journal, and where it says something else later, as long as no key was made anew here.
        let noted = RotationTag.find(rule, in: tags, at: now)
        let isOvertaken = standing.map { $0.hasMadeNone && noted?.contradicts($0) == true } ?? true
        // While another machine makes them anew, the tag says what is handed over, and not what consumers have.
        active = isOvertaken ? (noted?.isUnderWay == true ? nil : noted?.active.word) : standing?.active.word
        guard let standing else {
            if own?.isUnderWay == true { round = "under way on another machine" }
            return
        }
        sink = standing.sink?.description
        graceEnds = standing.graceEnds
        switch standing.phase {
        case .resting: if isOvertaken, noted?.isUnderWay == true { round = "under way on another machine" }
        case .begun: round = "making the \(standing.active.other.word) key anew"
        case .made: round = "the \(standing.active.other.word) key is new, and not handed over"
        case .delivered: round = graceEnds.map { $0 <= now } == true ? "the old key is to be ended" : "both keys work"
        case .retiring: round = "ending the \(standing.active.word) key"
        }
    }

    /// What the ledger calls fetching keys to look at them.
    static let lookStep = "look"
    /// How far ahead a time may be of the clock here: another clock, and a day in another time zone.
    static let mostAhead = Duration.seconds(86_400)

    /// A time at which keys can have been made anew; nil for one to come, which says nothing of their age.
    static func credible(_ time: Timestamp?, at now: Timestamp) -> Timestamp? {
        time.flatMap { $0 <= now.advanced(by: mostAhead) ? $0 : nil }
    }

    /// Fetches keys for their fingerprints, each rule's between two records of the ledger. A rule whose keys may not be read has none, and the others have
    /// theirs.
    /// - Returns: what could not be read, in sentences.
    /// - Throws: ``OperatorError`` of kind cancelled alone.
    static func addFingerprints(
        to ages: inout [KeyAge], from ring: any KeyRing, _ guarded: GuardedChange
    ) async throws(OperatorError) -> [String] {
        var gaps: [String] = []
        let place = guarded.guardrails.place
        for index in ages.indices {
            let rule = ages[index].rule
            var event = AuditEvent(
                .readEntity, .intended, by: guarded.actor, context: place.context, environment: place.environment, namespace: place.host,
                entity: rule.entity)
            event.credential = AuditCredential(.key, name: rule.title, step: lookStep)
            do throws(OperatorError) {
                let keys = try await guarded.carryOut(event) { () throws(OperatorError) in
                    try await ring.keys(of: rule)
                } done: {
                    $1.correlationRequestIDs = $0.correlationID.map { [$0] } ?? []
                }
                let prints = KeyFingerprints(keys)
                ages[index].fingerprints = [prints.primary, prints.secondary]
            } catch {
                guard error.code != .cancelled else { throw error }
                gaps.append("the keys of \(ages[index].rule) cannot be read: \(error.message)")
            }
        }
        return gaps
    }

    /// `callboard-rotated=2026-08-01` among other words.
    private static func noted(in metadata: String?) -> Timestamp? {
        metadata?.split { $0.isWhitespace || $0 == "," || $0 == ";" }.first { $0.lowercased().hasPrefix(RotationTag.name + "=") }
            .flatMap { RotationTag.read(String($0.dropFirst(RotationTag.name.count + 1)))?.time }
    }
}
