internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// Break-glass, as all screens share it.
struct EmergencyState: Sendable {
    /// The uses that are in force or whose review is owed, as the ledger has them.
    var uses: [BreakGlassUse] = []
    /// The look into the ledger that is under way, and when the last one began.
    var load: LoadID?
    var began: Timestamp?
    /// Why the ledger could not be read, as it was told last.
    var problem: OperatorError?

    /// How often the ledger is looked at: another process may have broken the glass. Nothing is read where it is as long as before.
    static let interval = Duration.seconds(30)
}

extension Model {
    /// When the ledger is to be looked at again. Where nobody signs in nobody breaks the glass either; what was found is followed all the same.
    var emergenciesDue: Timestamp? {
        guard connection.value != nil, emergencies.load == nil, let began = emergencies.began, keepsRequests || !emergencies.uses.isEmpty
        else { return nil }
        return began.advanced(by: EmergencyState.interval)
    }
}

extension Turn {
    /// Looks whether break-glass is in force, unless that is under way.
    mutating func loadEmergencies() {
        guard model.emergencies.load == nil else { return }
        model.emergencies.load = start(.emergencies)
        model.emergencies.began = now
    }
}

/// What every screen says of break-glass: who has it, until when, and what is owed for it. It gives way word by word: that it is, stays to the last.
enum EmergencyBanner {
    static func render(_ uses: [BreakGlassUse], into surface: inout Surface, _ rect: Rect, now: Timestamp) {
        surface.fill(rect, role: .barProduction)
        let badge = " ! BREAK-GLASS "
        let used = surface.put(row: rect.row, column: rect.column, badge, role: .barBadgeProduction, maxWidth: rect.columns)
        let room = max(rect.columns - used - 1, 0)
        let texts = texts(uses, now: now)
        guard let text = texts.first(where: { Width.of($0) < room }) ?? texts.last else { return }
        surface.put(
            row: rect.row, column: rect.column + used + 1, text, role: .barProduction, maxWidth: room, truncation: .ellipsis)
    }

    /// Milliseconds until it is written otherwise; nil: never.
    static func untilChange(_ uses: [BreakGlassUse], now: Timestamp) -> Int64? {
        uses.flatMap { [$0.endsAt, $0.reviewBy].compactMap(\.self) }.compactMap { Countdown.untilChange(of: $0, now: now) }.min()
    }

    /// What could be said, the fullest first.
    static func texts(_ uses: [BreakGlassUse], now: Timestamp) -> [String] {
        let (active, owed) = (inForce(uses, now: now), review(uses, now: now))
        if active.isEmpty, owed.isEmpty { return ["is over"] }
        let gone = active.isEmpty ? past(uses) : active
        var texts: [String] = []
        // What is owed in full is worth more than the role; who it was more than that.
        for (a, o) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2)] {
            let parts = [gone[min(a, gone.count - 1)]] + (owed.isEmpty ? [] : [owed[min(o, owed.count - 1)]])
            texts.append(parts.filter { !$0.isEmpty }.joined(separator: " · "))
        }
        return texts
    }

    /// Who has what and until when: with the role, without it, with a short name, and without anybody. Of several the one that ends last.
    private static func inForce(_ uses: [BreakGlassUse], now: Timestamp) -> [String] {
        let active = uses.filter { $0.isActive(at: now) }
        guard let last = active.max(by: { $0.endsAt < $1.endsAt }), let left = Countdown.text(until: last.endsAt, now: now) else {
            return []
        }
        let end = "until \(AccessText.brief(last.endsAt, now: now))"
        let more = active.count > 1 ? " and \(Figures.count(active.count - 1)) more" : ""
        let who = "\(last.who)\(more) \(end), \(left) left"
        return [
            active.count > 1 ? who : "\(last.who) has \(last.roleTitle) on \(last.place) \(end), \(left) left", who,
            "\(short(last.who))\(more) \(end), \(left)", "\(end), \(left)",
        ]
    }

    /// Who had it, where nobody has it any more.
    private static func past(_ uses: [BreakGlassUse]) -> [String] {
        guard let last = uses.max(by: { $0.endsAt < $1.endsAt }) else { return [""] }
        return ["\(last.who) had \(last.roleTitle) on \(last.place)", "used by \(last.who)", "used by \(short(last.who))", "was used"]
    }

    /// What is owed: with the command that writes it, without it, and in a word. What is overdue goes before what is due.
    private static func review(_ uses: [BreakGlassUse], now: Timestamp) -> [String] {
        var (overdue, due): ([(BreakGlassUse, Timestamp)], [(BreakGlassUse, Timestamp)]) = ([], [])
        for use in uses {
            switch use.standing(at: now) {
            case .overdue(let since): overdue.append((use, since))
            case .due(let by): due.append((use, by))
            case .notAsked, .written: break
            }
        }
        let isLate = !overdue.isEmpty
        guard let (use, moment) = (isLate ? overdue : due).min(by: { $0.1 < $1.1 }) else { return [] }
        let count = isLate ? overdue.count : due.count
        let what = count == 1 ? "review" : "\(Figures.count(count)) reviews"
        let text = "\(what) \(isLate ? "OVERDUE since" : "owed by") \(AccessText.brief(moment, now: now))"
        return ["\(text): callboard access review \(use.id.prefix(8))", text, "\(what) \(isLate ? "OVERDUE" : "owed")"]
    }

    /// A person's name without the organisation.
    private static func short(_ name: String) -> String {
        guard let at = name.firstIndex(of: "@"), at != name.startIndex else { return String(name.prefix(20)) }
        return "\(name[..<at].prefix(20))@…"
    }
}
