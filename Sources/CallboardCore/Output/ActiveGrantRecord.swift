public import ServiceBus

/// A role in force as `access active` prints it.
public struct ActiveGrantRecord: OutputRecord {
    private let grant: ActiveGrant
    private let now: Timestamp
    private let outcome: SweptGrant.Outcome?

    /// Wraps a role.
    /// - Parameter now: from when what is left is counted.
    public init(_ grant: ActiveGrant, now: Timestamp) {
        self.grant = grant
        self.now = now
        outcome = nil
    }

    /// Wraps what a sweep made of a role.
    public init(_ swept: SweptGrant, now: Timestamp) {
        grant = swept.grant
        self.now = now
        outcome = swept.outcome
    }

    /// Who, what, where, until when, what is left, who ends it, what names it.
    public static let columns = [
        OutputColumn("who"), OutputColumn("role"), OutputColumn("where"), OutputColumn("until"), OutputColumn("left"),
        OutputColumn("ends by"),
        OutputColumn("request"), OutputColumn("outcome"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(grant.principal.title)
        row.cell(grant.role.title)
        row.cell(grant.scope.title)
        row.cell(grant.endsAt.rfc3339)
        row.cell(left)
        row.cell(keeper)
        row.cell(grant.request?.short ?? "–")
        row.cell(
            outcome.map { outcome in if case .failed(let error) = outcome { "failed: \(error.description)" } else { outcome.word } } ?? "")
    }

    private var left: String {
        grant.remaining(at: now).map { RoundedDuration.text($0) }
            ?? "EXPIRED \(RoundedDuration.text(now.since(grant.endsAt))) ago, still there"
    }

    private var keeper: String {
        switch grant.keeper {
        case .azure(let isActivation): isActivation ? "Azure (activated)" : "Azure (assigned)"
        case .note: "a sweeper (noted)"
        }
    }

    /// Writes the role as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            AccessRequestRecord.write(grant.principal, "principal", to: &json)
            json.member("role", grant.role.policyRole?.rawValue ?? grant.role.id)
            json.member("roleName", grant.role.title)
            json.member("scope", grant.scope.id)
            json.member("entity", grant.scope.entity?.displayName)
            json.member("backend", grant.backend.rawValue)
            json.member("request", grant.request?.text)
            json.member("beganAt", grant.beganAt?.rfc3339)
            json.member("endsAt", grant.endsAt.rfc3339)
            json.member("secondsLeft", grant.remaining(at: now).map { $0.components.seconds })
            json.member("isPastEnd", grant.isPastEnd(at: now))
            json.member("endedBy", grant.keeper == .note ? "sweeper" : "azure")
            json.member("assignment", grant.assignment)
            json.member("id", grant.id)
            if let outcome {
                json.member("outcome", outcome.word)
                if case .failed(let error) = outcome { json.member("error", error.description) }
            }
        }
    }
}
