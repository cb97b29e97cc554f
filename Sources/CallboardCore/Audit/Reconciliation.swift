package import AzureResources
public import ServiceBus

/// What ledgers and Azure's Activity Log say of one namespace: what was done here and is there, what is only here, and what is only there: a role that was
/// given, or keys that were read, past the workflow.
///
/// A record and an event are joined by correlation id, and only where both say the same place, the same caller and the same deed: whoever sends a request says
/// its id, so that the id of something that is in a ledger can be sent with something that is not.
public struct Reconciliation: Hashable, Sendable {
    /// What the join found of one change.
    public enum Finding: String, Hashable, Sendable, CaseIterable {
        /// Both have it.
        case matched
        /// Azure did it of its own accord: it carries out and ends what Privileged Identity Management granted.
        case byAzure = "by Azure"
        /// It is too new: the Activity Log is minutes late.
        case notYet = "not there yet"
        /// A decision, which Azure may keep in Entra's own audit log only.
        case keptByEntra = "kept by Entra"
        /// A ledger says that it was done, and the Activity Log does not have it.
        case onlyOurs = "not in the Activity Log"
        /// The Activity Log has it, and a ledger says that it was begun, and not what came of it.
        case leftOpen = "left open in a ledger"
        /// The Activity Log has it and none of the ledgers does.
        case onlyAzure = "outside of the ledgers"

        /// Whether somebody has to look at it.
        public var isProblem: Bool {
            switch self {
            case .matched, .byAzure, .notYet, .keptByEntra: false
            case .onlyOurs, .leftOpen, .onlyAzure: true
            }
        }
    }

    /// One change. All texts may come from others: sanitise.
    public struct Entry: Hashable, Sendable {
        /// What was found.
        public var finding: Finding
        /// When.
        public var time: Timestamp
        /// What was done, in the ledger's words or in Azure's.
        public var what: String
        /// Who did it.
        public var who: String
        /// What it was done to: the id of Azure, or the entity.
        public var resource: String
        /// What joins both; nil where there is none.
        public var correlationID: String?
        /// The number of the ledger's record; of what was left open, that of the intent.
        public var sequence: Int?
    }

    /// How late the Activity Log may be.
    static let lateness: Duration = .seconds(20 * 60)
    /// What carries out and ends grants in every tenant: Microsoft's own application "MS-PIM".
    static let privilegedService = GUID("01fc33a7-78ba-4d2f-a4b7-768e336e890e")

    /// How long Azure keeps its log.
    private static let keeping: Duration = .seconds(90 * 86_400)

    /// From when on ledgers and log are read, so that what begins is whole: of a change shortly after its beginning one side may be shortly before it, when
    /// clocks differ or an answer took long.
    /// - Parameters:
    ///   - since: from when on is told.
    ///   - now: the time; Azure answers nothing about what is older than it keeps.
    static func beginning(of since: Timestamp, now: Timestamp) -> Timestamp {
        min(since, max(since.advanced(by: .zero - lateness), now.advanced(by: .zero - keeping)))
    }

    /// Everything, the newest first.
    public let entries: [Entry]

    /// What somebody has to look at.
    public var problems: [Entry] { entries.filter(\.finding.isProblem) }

    /// Joins.
    /// - Parameters:
    ///   - records: those of all ledgers, of this namespace.
    ///   - events: those of the Activity Log.
    ///   - place: the namespace, which events are to be about.
    ///   - now: the time by which the Activity Log is late.
    ///   - since: what happened before is joined, and not told; nil: everything is.
    package init(records: [AuditRecord], events: [ActivityEvent], place: NamespacePlace, now: Timestamp, since: Timestamp? = nil) {
        let changes = Self.changes(events, in: place)
        let byID = Dictionary(grouping: changes.indices) { changes[$0].correlationID?.lowercased() ?? "" }
        var ours: Set<Int> = []
        var entries: [Entry] = []
        for record in records {
            let ids = record.ids("correlationRequestIds").map { $0.lowercased() }.filter { !$0.isEmpty }
            guard let (action, stage) = record.actionAndStage, stage == .done || stage == .partly, !ids.isEmpty, let time = record.time
            else { continue }
            var missing: [String] = []
            for id in ids {
                let meant = Self.meant((byID[id] ?? []).map { ($0, changes[$0]) }, by: record)
                if meant.isEmpty { missing.append(id) } else { ours.formUnion(meant) }
            }
            // What was done in part, or perhaps, need not be there.
            guard stage == .done || missing.isEmpty else { continue }
            let finding: Finding =
                if missing.isEmpty || action == .approveAccess && missing.count < ids.count {
                    .matched
                } else if action == .approveAccess {
                    .keptByEntra
                } else if now.since(time) < Self.lateness {
                    .notYet
                } else {
                    .onlyOurs
                }
            entries.append(
                Entry(
                    finding: finding, time: time, what: record.type, who: record.actorName ?? "–",
                    resource: record.accessScope ?? record.entity ?? "–", correlationID: missing.first ?? ids.first,
                    sequence: record.sequence))
        }
        let others = changes.enumerated().filter { index, event in !ours.contains(index) && !Self.isAzureItself(event) }
        let begun = Self.begun(others.map { ($0.offset, $0.element) }, by: Self.leftOpen(records))
        var seen: Set<String> = []
        for (index, event) in changes.enumerated() where !ours.contains(index) {
            // The log has a line for each step of one change.
            guard seen.insert(Self.step(event)).inserted else { continue }
            entries.append(
                Entry(
                    finding: Self.isAzureItself(event) ? .byAzure : begun[index] != nil ? .leftOpen : .onlyAzure,
                    time: Timestamp(event.happenedAt), what: event.operation,
                    who: event.caller ?? event.callerObjectID?.text ?? "–",
                    resource: event.resource?.text ?? event.authorizedScope?.text ?? "–",
                    correlationID: event.correlationID, sequence: begun[index]?.sequence))
        }
        if let since { entries.removeAll { $0.time < since } }
        self.entries = entries.sorted { ($1.time, $0.what) < ($0.time, $1.what) }
    }

    /// What the lines of one change have in common.
    static func step(_ event: ActivityEvent) -> String {
        let place = (event.resource ?? event.authorizedScope)?.text.lowercased() ?? ""
        return "\(event.correlationID?.lowercased() ?? event.id) \(event.operation.lowercased()) \(place)"
    }

    /// The events that this is about: roles and keys of a namespace, done and not refused.
    private static func changes(_ events: [ActivityEvent], in place: NamespacePlace) -> [ActivityEvent] {
        let meant = events.filter { isAboutAccess($0) && matters($0, to: place) }
        let status = { (event: ActivityEvent) in event.status?.lowercased() ?? "" }
        // A change that failed has a line that says that it began.
        let failed = Set(meant.filter { status($0) == "failed" }.map(step))
        return meant.filter { event in
            switch status(event) {
            case "failed": false
            case "started", "accepted": !failed.contains(step(event))
            default: true
            }
        }
    }

    private static func isAboutAccess(_ event: ActivityEvent) -> Bool {
        let operation = event.operation.lowercased()
        if operation.hasPrefix("microsoft.authorization/") {
            return operation.contains("roleassignment") || operation.contains("roleeligibility")
        }
        return operation.hasPrefix("microsoft.servicebus/")
            && (operation.hasSuffix("/listkeys/action") || operation.hasSuffix("/regeneratekeys/action"))
    }

    private static func matters(_ event: ActivityEvent, to place: NamespacePlace) -> Bool {
        guard let scope = event.resource ?? event.authorizedScope else { return false }
        if place.holds(scope) { return true }
        // What is given above the namespace holds in it.
        guard let namespace = place.id, let given = scope.scopes.dropFirst().first(where: { $0.serviceBusNamespace == nil }) else {
            return false
        }
        return scope.serviceBusNamespace == nil && given.contains(namespace)
    }

    private static func isAzureItself(_ event: ActivityEvent) -> Bool {
        if event.callerApplication == privilegedService { return true }
        return event.caller.map { GUID($0) == privilegedService } ?? false
    }
}

extension AuditRecord {
    /// The full id of the scope of a role.
    var accessScope: String? { value["access"]?["scope"]?.text }
}

/// A line of `audit reconcile`.
public struct ReconciliationRecord: OutputRecord {
    private let entry: Reconciliation.Entry

    /// Wraps an entry.
    public init(_ entry: Reconciliation.Entry) { self.entry = entry }

    /// What was found, when, what, who, where, and what joins it.
    public static let columns = [
        OutputColumn("finding"), OutputColumn("time"), OutputColumn("what"), OutputColumn("who"), OutputColumn("correlation id"),
        OutputColumn("where"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(entry.finding.rawValue)
        row.cell(entry.time.rfc3339)
        row.cell(entry.what)
        row.cell(entry.who)
        row.cell(entry.correlationID ?? "–")
        row.cell(entry.resource)
    }

    /// Writes the entry as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("finding", entry.finding.rawValue)
            json.member("isProblem", entry.finding.isProblem)
            json.member("time", entry.time.rfc3339)
            json.member("what", entry.what)
            json.member("who", entry.who)
            json.member("resource", entry.resource)
            json.member("correlationId", entry.correlationID)
            json.member("sequence", entry.sequence.map { Int64($0) })
        }
    }
}
