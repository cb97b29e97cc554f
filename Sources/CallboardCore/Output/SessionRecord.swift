internal import ServiceBus

/// A session as `sessions` lists it.
public struct SessionRecord: OutputRecord {
    /// The session.
    public let session: SessionSummary

    /// Wraps a session.
    public init(_ session: SessionSummary) { self.session = session }

    /// Id, messages by state, age.
    public static let columns = [
        OutputColumn("session"), OutputColumn("active", isNumeric: true), OutputColumn("deferred", isNumeric: true),
        OutputColumn("scheduled", isNumeric: true), OutputColumn("oldest"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(session.id)
        for count in [session.counts?.active, session.counts?.deferred, session.counts?.scheduled] {
            row.cell(count.map { String($0) } ?? "–")
        }
        row.cell(session.counts?.oldest?.rfc3339 ?? "–")
    }

    /// Writes the session as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    fileprivate func writeMembers(to json: inout JSONWriter) {
        json.member("sessionId", session.id)
        json.key("counts")
        if let counts = session.counts {
            json.object { json in
                json.member("active", Int64(counts.active))
                json.member("deferred", Int64(counts.deferred))
                json.member("scheduled", Int64(counts.scheduled))
            }
        } else {
            json.null()
        }
        json.member("oldestEnqueuedTime", session.counts?.oldest?.rfc3339)
    }
}

/// A session with its state, as `session show` describes it.
public struct SessionDetailRecord: OutputRecord {
    /// The session.
    public let detail: SessionDetail

    /// Wraps a session.
    public init(_ detail: SessionDetail) { self.detail = detail }

    /// Those of the list, and the state.
    public static let columns = SessionRecord.columns + [OutputColumn("state")]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        SessionRecord(detail.summary).write(to: &row)
        row.cell(stateText)
    }

    private var stateText: String {
        switch detail.state {
        case .notAsked: "–"
        case .none: "none"
        case .heldElsewhere: "not known: another receiver holds the session"
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self) ?? "\(bytes.count) bytes"
        }
    }

    /// Writes the session as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            SessionRecord(detail.summary).writeMembers(to: &json)
            json.member("stateStatus", stateStatus)
            json.key("state")
            guard case .bytes(let bytes) = detail.state else { return json.null() }
            json.object { json in
                let text = String(validating: bytes, as: UTF8.self)
                json.member("encoding", text == nil ? "base64" : "utf-8")
                json.member("text", text ?? Base64Text.of(bytes))
                json.member("sizeBytes", Int64(bytes.count))
            }
        }
    }

    private var stateStatus: String {
        switch detail.state {
        case .notAsked: "notAsked"
        case .none: "none"
        case .bytes: "set"
        case .heldElsewhere: "heldElsewhere"
        }
    }
}
