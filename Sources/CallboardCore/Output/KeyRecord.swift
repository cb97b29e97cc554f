internal import ServiceBus

/// A shared access rule with what is known of its keys, as `keys list` and `keys age` print it.
public struct KeyRecord: OutputRecord {
    private let age: KeyAge

    /// Wraps a rule.
    public init(_ age: KeyAge) { self.age = age }

    /// Rule, entity, rights, whether keys are taken, age, standing and what is wrong.
    public static let columns = [
        OutputColumn("rule"), OutputColumn("entity"), OutputColumn("rights"), OutputColumn("keys"), OutputColumn("rotated"),
        OutputColumn("age"), OutputColumn("says"), OutputColumn("active"), OutputColumn("round"), OutputColumn("fingerprints"),
        OutputColumn("findings"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(age.rule.name)
        row.cell(age.rule.entity?.displayName ?? "(namespace)")
        row.cell(age.rule.rightsText)
        row.cell(age.takesKeys.map { $0 ? "taken" : "refused" } ?? "not known")
        row.cell(age.rotated?.time.rfc3339 ?? "not known")
        row.cell(age.age.map { DurationText.text(.seconds($0.components.seconds / 60 * 60)) } ?? "not known")
        row.cell(age.rotated?.source.rawValue ?? "–")
        row.cell(age.active ?? "not known")
        row.cell(age.round ?? "–")
        row.cell(age.fingerprints?.map(\.description).joined(separator: " ") ?? "–")
        row.cell(age.findings.isEmpty ? "–" : age.findings.joined(separator: ", "))
    }

    /// Writes the rule as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("rule", age.rule.name)
            json.member("entity", age.rule.entity?.displayName)
            json.member("rights", age.rule.rightsText.isEmpty ? [] : age.rule.rightsText.split(separator: ",").map { $0.trimmed })
            json.key("localAuth")
            if let takesKeys = age.takesKeys { json.bool(takesKeys) } else { json.null() }
            json.member("rotatedAt", age.rotated?.time.rfc3339)
            json.member("rotatedAtSource", age.rotated?.source.rawValue)
            json.member("ageSeconds", age.age?.components.seconds)
            json.member("maxAgeSeconds", age.limit?.components.seconds)
            json.key("isOld")
            if let isOld = age.isOld { json.bool(isOld) } else { json.null() }
            json.member("activeKey", age.active)
            json.member("round", age.round)
            json.member("graceEndsAt", age.graceEnds?.rfc3339)
            json.member("sink", age.sink)
            json.member("primaryFingerprint", age.fingerprints?.first?.description)
            json.member("secondaryFingerprint", age.fingerprints?.last?.description)
            json.member("findings", age.findings)
        }
    }
}

extension Substring {
    fileprivate var trimmed: String { String(self).trimmed }
}

/// What came of a rule's rotation, as `keys rotate` prints it.
public struct KeyRotationRecord: OutputRecord {
    private let rule: String
    private let outcome: KeyDesk.RotationOutcome

    /// Wraps a rule and what came of it.
    public init(_ rule: String, _ outcome: KeyDesk.RotationOutcome) {
        self.rule = rule
        self.outcome = outcome
    }

    /// Rule, what came of it, and until when.
    public static let columns = [OutputColumn("rule"), OutputColumn("outcome"), OutputColumn("until"), OutputColumn("what")]

    private var words: (outcome: String, until: String?, what: String?) {
        switch outcome {
        case .young(let age): ("not due", nil, "the keys are \(DurationText.text(.seconds(age.components.seconds))) old")
        case .waiting(let end): ("grace", end.rfc3339, "both keys work; run it again then")
        case .done: ("done", nil, "both keys are new")
        case .failed(let error): ("failed", nil, error.description)
        }
    }

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        let words = words
        row.cell(rule)
        row.cell(words.outcome)
        row.cell(words.until ?? "–")
        row.cell(words.what ?? "–")
    }

    /// Writes it as one object.
    public func write(to json: inout JSONWriter) {
        let words = words
        json.object { json in
            json.member("rule", rule)
            json.member("outcome", words.outcome)
            json.member("graceEndsAt", words.until)
            json.member("message", words.what)
        }
    }
}
