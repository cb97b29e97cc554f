public import ServiceBus

/// Writes the review of a use of break-glass into the ledger. No rule can keep somebody from it, and none lets a program do it.
public struct BreakGlassReview: Sendable {
    /// The ledger's file.
    public let path: String
    let actor: AuditActor
    let isAgent: Bool

    /// - Parameters:
    ///   - path: the ledger's file.
    ///   - actor: who reviews.
    ///   - isAgent: whether a program does.
    init(path: String, actor: AuditActor, isAgent: Bool) {
        self.path = path
        self.actor = actor
        self.isAgent = isAgent
    }

    /// A review by whoever is signed in to a context.
    /// - Parameter environment: of the process.
    public init(_ signIn: ContextSignIn, path: String, environment: [String: String]) {
        let caller = signIn.acting.caller(nil, environment: environment, isAgent: signIn.context.isAgent)
        self.init(path: path, actor: signIn.acting.actor(isAgent: caller.isAgent), isAgent: caller.isAgent)
    }

    /// The use that an id, or the beginning of one, names.
    /// - Throws: ``OperatorError``: there is none, several begin so, or the ledger is not whole.
    public func use(_ id: String) throws(OperatorError) -> BreakGlassUse {
        let (uses, verification) = try BreakGlassUse.all(in: path)
        guard !verification.isTampering else {
            throw OperatorError(
                .conflict, "The ledger is not whole: \(verification). What it says of emergencies is not to be relied on.",
                hint: "'callboard audit verify' says more.")
        }
        let wanted = id.trimmed.lowercased()
        guard wanted.utf8.count >= 4 else {
            throw OperatorError(.usage, "'\(id.prefix(40))' is too short for an id.", hint: "Give at least four characters of it.")
        }
        let found = uses.filter { $0.id.hasPrefix(wanted) }
        guard let use = found.first else {
            throw OperatorError(
                .notFound, "The ledger of this machine knows no use of break-glass '\(id.prefix(40))'.",
                hint: "'callboard access reviews' lists those there are; the review is written where the glass was broken.")
        }
        guard found.count == 1 else {
            throw OperatorError(.usage, "\(found.count) uses of break-glass begin with '\(wanted)'.", hint: "Give more of the id.")
        }
        return use
    }

    /// Writes a review.
    /// - Parameters:
    ///   - id: the use's id, or its beginning.
    ///   - finding: what was done with the access, and what follows.
    /// - Returns: the use, reviewed.
    /// - Throws: ``OperatorError``: there is no such use, it was reviewed already, a program asks, or the ledger cannot be written.
    public func write(_ id: String, finding: String) async throws(OperatorError) -> BreakGlassUse {
        let text = try AccessDecision.checked(finding, of: "a review")
        guard !isAgent else {
            throw Denial(.agent, "access.review is denied: agents never review.", remedy: "A person has to do it.").operatorError
        }
        var use = try use(id)
        if let review = use.review {
            throw OperatorError(
                .conflict, "\(use.id.prefix(8)) was reviewed by \(review.by) at \(review.at.rfc3339).",
                hint: "'callboard audit show' has the record.")
        }
        var event = AuditEvent(.reviewAccess, .done, by: actor, context: "", namespace: "")
        event.reason = text
        event.ticket = use.ticket
        event.access = AuditEvent.Access(request: use.id, principal: use.whoID ?? use.who, role: use.role, scope: use.scope, duration: nil)
        let record = try await AuditLedger(path: path).append(event)
        use.review = BreakGlassUse.Review(by: actor.name, byID: actor.oid, at: record.time ?? .now, finding: text)
        return use
    }
}

/// A use of break-glass as `access reviews` lists it.
public struct BreakGlassUseRecord: OutputRecord {
    private let use: BreakGlassUse
    private let now: Timestamp

    /// Wraps a use, as it stands at a moment.
    public init(_ use: BreakGlassUse, now: Timestamp) {
        self.use = use
        self.now = now
    }

    /// The id, who, what, until when, where the review stands, why.
    public static let columns = [
        OutputColumn("id"), OutputColumn("who"), OutputColumn("role"), OutputColumn("where"), OutputColumn("until"), OutputColumn("review"),
        OutputColumn("reason"),
    ]

    private var review: String {
        switch use.standing(at: now) {
        case .notAsked: "none asked for"
        case .written(let review): "by \(review.by)\(use.isReviewedByUser ? ", who used it" : ""), \(review.at.rfc3339): \(review.finding)"
        case .due(let by): "due by \(by.rfc3339)"
        case .overdue(let since): "OVERDUE since \(since.rfc3339)"
        }
    }

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(String(use.id.prefix(8)))
        row.cell(use.who)
        row.cell(use.role)
        row.cell(use.place)
        row.cell(use.isActive(at: now) ? "ACTIVE until \(use.endsAt.rfc3339)" : use.endsAt.rfc3339)
        row.cell(review)
        row.cell([use.reason, use.ticket].compactMap { $0 }.joined(separator: " "))
    }

    /// Writes the use as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", use.id)
            json.member("who", use.who)
            json.member("whoId", use.whoID)
            json.member("role", use.role)
            json.member("scope", use.scope)
            json.member("reason", use.reason)
            json.member("ticket", use.ticket)
            json.member("rule", use.rule)
            json.member("beganAt", use.beganAt.rfc3339)
            json.member("endsAt", use.endsAt.rfc3339)
            json.member("active", use.isActive(at: now))
            json.member("announced", use.announced)
            json.member("notAnnounced", use.silent)
            json.member("reviewBy", use.reviewBy?.rfc3339)
            json.member("review", use.standing(at: now).word)
            json.member("reviewedBy", use.review?.by)
            json.member("reviewedByUser", use.isReviewedByUser)
            json.member("finding", use.review?.finding)
        }
    }
}
