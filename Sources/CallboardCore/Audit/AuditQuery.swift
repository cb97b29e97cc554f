public import ServiceBus

/// Which records of a ledger are wanted.
public struct AuditQuery: Hashable, Sendable {
    /// The most records; the newest ones.
    public var count: Int
    /// Only those of a job.
    public var jobID: String?
    /// Only those about an entity, as where it was done or where messages went; one without a sub-queue stands for all of its.
    public var entity: EntityPath?
    /// Only those from a moment on.
    public var since: Timestamp?

    /// The most records that are held at once.
    public static let most = 100_000

    /// Creates a query.
    public init(count: Int, jobID: String? = nil, entity: EntityPath? = nil, since: Timestamp? = nil) {
        self.count = min(max(0, count), Self.most)
        self.jobID = jobID
        self.entity = entity
        self.since = since
    }

    /// Whether a record is wanted.
    func admits(_ record: AuditRecord) -> Bool {
        if let jobID, record.text("job") != jobID { return false }
        if let since {
            guard let time = record.time, time >= since else { return false }
        }
        guard let entity else { return true }
        return [record.entity, record.text("target")].contains { text in
            guard let path = text.flatMap({ try? EntityPath(parsing: $0) }) else { return false }
            return path == entity || (entity.subQueue == .active && path.entity == entity)
        }
    }

    /// Looks a ledger through.
    /// - Returns: the newest records first, and whether the ledger is whole: of one that is not, what stands before the fault.
    /// - Throws: ``OperatorError`` when it cannot be read.
    public func records(in path: String) throws(OperatorError) -> (records: [AuditRecord], verification: AuditVerification) {
        var records: [AuditRecord] = []
        let verification = try AuditLedger.verify(path) { record in
            guard count > 0, admits(record) else { return }
            records.append(record)
            // Twice as many as wanted, so that room is made once in a while and not for every record.
            if records.count >= 2 * count { records.removeFirst(records.count - count) }
        }
        return (records.suffix(count).reversed(), verification)
    }
}

/// A record as `audit show` lists it.
public struct AuditRecordRow: OutputRecord {
    /// The record.
    public let record: AuditRecord

    /// Wraps a record.
    public init(_ record: AuditRecord) { self.record = record }

    /// When, what, who, where, how many, by which rule, of which job.
    public static let columns = [
        OutputColumn("number", isNumeric: true), OutputColumn("time"), OutputColumn("what"), OutputColumn("who"), OutputColumn("where"),
        OutputColumn("messages"), OutputColumn("rule"), OutputColumn("job"), OutputColumn("reason"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(Int64(record.sequence))
        row.cell(record.time?.rfc3339 ?? "–")
        row.cell(record.type)
        row.cell(record.actorName.map { record.actorKind == "agent" ? "\($0) (agent)" : $0 } ?? "–")
        let place = [record.text("context"), record.entity].compactMap { $0 }.joined(separator: ": ")
        row.cell(place.isEmpty ? "–" : place + (record.text("target").map { " -> \($0)" } ?? ""))
        let counts = ["planned", "done", "failed", "unknown", "skipped"].compactMap { name in record.count(name).map { "\($0) \(name)" } }
        row.cell(counts.isEmpty ? "–" : counts.joined(separator: ", "))
        row.cell(record.text("rule") ?? "–")
        row.cell(record.text("job") ?? "–")
        row.cell([record.text("reason"), record.text("ticket")].compactMap { $0 }.joined(separator: " "))
    }

    /// Writes the record as it is in the ledger.
    public func write(to json: inout JSONWriter) { record.value.write(to: &json) }
}

/// What `audit verify` found.
public struct AuditVerificationRecord: OutputRecord {
    /// What was found.
    public let verification: AuditVerification
    /// The ledger's file.
    public let path: String

    /// Wraps a finding.
    public init(_ verification: AuditVerification, path: String) {
        self.verification = verification
        self.path = path
    }

    /// The finding in a word and a sentence.
    public static let columns = [OutputColumn("ledger"), OutputColumn("finding"), OutputColumn("what")]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(path)
        row.cell(verification.name)
        row.cell(verification.description)
    }

    /// Writes the finding as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("ledger", path)
            json.member("finding", verification.name)
            json.member("isValid", verification.isValid)
            json.member("line", verification.line.map { Int64($0) })
            switch verification {
            case .valid(let size, let head), .torn(_, let size, let head):
                json.member("size", Int64(size))
                json.member("head", head)
            default: break
            }
            json.member("message", verification.description)
        }
    }
}
