public import ServiceBus

/// What a screen says of break-glass, in red: that it is in force and until when, and which reviews are owed.
public enum BreakGlassBanner: Hashable, Sendable {
    /// Nothing.
    case none
    /// It is in force until then; the review is due by then, where one is asked for.
    case active(until: Timestamp, reviewBy: Timestamp?)
    /// It is over, and its review is due by then.
    case reviewDue(by: Timestamp)
    /// So many reviews are overdue, the oldest since then. More urgent than what is in force: nobody may break the glass on a pile of them unseen.
    case reviewOverdue(since: Timestamp, count: Int, activeUntil: Timestamp?)

    /// The banner of some uses at a moment.
    public init(_ uses: [BreakGlassUse], at now: Timestamp) {
        let active = uses.filter { $0.isActive(at: now) }
        let until = active.map(\.endsAt).max()
        let standings = uses.map { $0.standing(at: now) }
        let overdue = standings.compactMap { standing -> Timestamp? in if case .overdue(let since) = standing { since } else { nil } }
        let due = standings.compactMap { standing -> Timestamp? in if case .due(let by) = standing { by } else { nil } }.min()
        if let since = overdue.min() {
            self = .reviewOverdue(since: since, count: overdue.count, activeUntil: until)
        } else if let until {
            self = .active(until: until, reviewBy: due)
        } else if let due {
            self = .reviewDue(by: due)
        } else {
            self = .none
        }
    }

    /// The words; nil where nothing is said.
    /// - Parameter now: the moment, for what is left.
    public func text(at now: Timestamp) -> String? {
        switch self {
        case .none: nil
        case .active(let until, let reviewBy):
            "BREAK-GLASS active until \(until.rfc3339) (\(Self.left(until, now)))"
                + (reviewBy.map { "; review due by \($0.rfc3339)" } ?? "")
        case .reviewDue(let by): "BREAK-GLASS was used; its review is due by \(by.rfc3339) (\(Self.left(by, now))): callboard access review"
        case .reviewOverdue(let since, let count, let activeUntil):
            (activeUntil.map { "BREAK-GLASS active until \($0.rfc3339); " } ?? "")
                + "\(count == 1 ? "a review of BREAK-GLASS is" : "\(count) reviews of BREAK-GLASS are") OVERDUE since \(since.rfc3339): callboard access review"
        }
    }

    private static func left(_ end: Timestamp, _ now: Timestamp) -> String {
        let (milliseconds, overflow) = end.milliseconds.subtractingReportingOverflow(now.milliseconds)
        guard !overflow, milliseconds > 0 else { return "over" }
        // Whole minutes: a banner that changes every second is not read.
        return DurationText.text(.seconds(max(60, milliseconds / 60_000 * 60))) + " left"
    }
}
