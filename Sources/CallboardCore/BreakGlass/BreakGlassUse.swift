internal import AzureResources
public import ServiceBus

/// A use of break-glass, as the ledger of this machine knows it.
public struct BreakGlassUse: Hashable, Sendable, Identifiable {
    /// What somebody wrote about it afterwards.
    public struct Review: Hashable, Sendable {
        /// Who wrote it; sanitise.
        public var by: String
        /// Their object id, where they signed in.
        public var byID: String?
        /// When.
        public var at: Timestamp
        /// What they found, in their words; sanitise.
        public var finding: String
    }

    /// Where a review stands.
    public enum Standing: Hashable, Sendable {
        /// The policy asks for none.
        case notAsked
        /// It was written.
        case written(Review)
        /// It is owed by then.
        case due(by: Timestamp)
        /// It was owed by then.
        case overdue(since: Timestamp)

        /// The stable name.
        public var word: String {
            switch self {
            case .notAsked: "none asked for"
            case .written: "reviewed"
            case .due: "due"
            case .overdue: "OVERDUE"
            }
        }
    }

    /// The request's id.
    public var id: String
    /// Who used it; sanitise.
    public var who: String
    /// Their object id, where they signed in.
    public var whoID: String?
    /// The role, by its name in policies.
    public var role: String
    /// The full id of the scope.
    public var scope: String
    /// Why, in their words; sanitise.
    public var reason: String
    /// The ticket.
    public var ticket: String?
    /// The rule that allowed it.
    public var rule: String?
    /// When it was taken, or was going to be.
    public var beganAt: Timestamp
    /// When it is over at the latest; the time of its end where somebody ended it.
    public var endsAt: Timestamp
    /// Where it was told beforehand.
    public var announced: [String] = []
    /// Where it could not be told.
    public var silent: [String] = []
    /// Until when it is to be reviewed; nil where the policy does not say.
    public var reviewBy: Timestamp?
    /// What was written about it.
    public var review: Review?
    /// The object id of who has the role by it.
    public var principal = ""

    /// Whether it is in force at a moment, as far as this machine knows.
    public func isActive(at now: Timestamp) -> Bool { now < endsAt }

    /// Where its review stands.
    public func standing(at now: Timestamp) -> Standing {
        if let review { return .written(review) }
        guard let reviewBy else { return .notAsked }
        return now <= reviewBy ? .due(by: reviewBy) : .overdue(since: reviewBy)
    }

    /// Whether whoever used it wrote its review: somebody else should look at it.
    public var isReviewedByUser: Bool {
        guard let review else { return false }
        if let byID = review.byID, let whoID { return byID == whoID }
        return review.by == who
    }
}

extension BreakGlassUse {
    /// The uses a ledger knows, the newest first.
    /// - Returns: the uses, and whether the ledger is whole: of one that is not, what stands before the fault.
    /// - Throws: ``OperatorError`` when it cannot be read.
    public static func all(in path: String) throws(OperatorError) -> (uses: [BreakGlassUse], verification: AuditVerification) {
        guard AuditLedger.exists(path) else { return ([], .valid(size: 0, head: AuditRecord.noHash)) }
        var reader = BreakGlassReader()
        let verification = try AuditLedger.verify(path) { reader.read($0) }
        return (reader.uses.values.sorted { ($1.beganAt, $1.id) < ($0.beganAt, $0.id) }, verification)
    }
}

/// Gathers uses from the records of a ledger, in their order.
struct BreakGlassReader {
    /// The most uses that are held; of more the oldest go.
    static let most = 10_000

    private(set) var uses: [String: BreakGlassUse] = [:]

    mutating func read(_ record: AuditRecord) {
        guard let (action, stage) = record.actionAndStage, let time = record.time else { return }
        guard let id = record.value["access"]?["request"]?.text else {
            // A role that Azure ends does not say which request it answers.
            if action == .revokeAccess, stage == .done { end(what: record, time) }
            return
        }
        switch action {
        case .requestAccess:
            guard let emergency = record.value["emergency"] else { return }
            switch stage {
            // Where it is not known what came of it, it counts as used: without a further record, without an answer, or when it was broken off.
            case .intended, .done, .partly, .cancelled: add(record, emergency, id, time)
            case .failed, .refused: uses[id] = nil
            }
        case .revokeAccess where stage == .done:
            if let use = uses[id], time < use.endsAt { uses[id]?.endsAt = time }
        case .reviewAccess where stage == .done:
            guard uses[id] != nil else { return }
            uses[id]?.review = BreakGlassUse.Review(
                by: record.actorName ?? "", byID: record.actorID, at: time, finding: record.text("reason") ?? "")
        default: break
        }
    }

    /// Ends the uses of a role that somebody ended: the same role of the same identity in the same place.
    private mutating func end(what record: AuditRecord, _ time: Timestamp) {
        guard let access = record.value["access"], let principal = access["principal"]?.text, let role = access["role"]?.text,
            let scope = access["scope"]?.text.map({ ResourceID($0) })
        else { return }
        for (id, use) in uses
        where use.beganAt <= time && time < use.endsAt && GUID(use.principal) == GUID(principal) && use.role == role
            && ResourceID(use.scope) == scope
        { uses[id]?.endsAt = time }
    }

    private mutating func add(_ record: AuditRecord, _ emergency: JSONValue, _ id: String, _ time: Timestamp) {
        let access = record.value["access"]
        let seconds = min(max(0, access?["seconds"]?.integer ?? 0), 10 * 365 * 86_400)
        let texts = { (name: String) in (emergency[name]?.elements ?? []).compactMap(\.text) }
        if uses[id] == nil, uses.count >= Self.most, let oldest = uses.values.min(by: { $0.beganAt < $1.beganAt }) { uses[oldest.id] = nil }
        uses[id] = BreakGlassUse(
            id: id, who: record.actorName ?? "", whoID: record.actorID, role: access?["role"]?.text ?? "",
            scope: access?["scope"]?.text ?? "",
            reason: record.text("reason") ?? "", ticket: record.text("ticket"), rule: record.text("rule"), beganAt: time,
            endsAt: time.advanced(by: .seconds(seconds)), announced: texts("announced"), silent: texts("notAnnounced"),
            reviewBy: emergency["reviewBy"]?.text.flatMap { Timestamp(rfc3339: $0) }, review: uses[id]?.review,
            principal: access?["principal"]?.text ?? "")
    }
}
