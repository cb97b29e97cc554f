internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// How rates, ages of messages and drain times are written in narrow columns. `~` stands before what is an estimate.
enum TrendFigures {
    /// `▲1,204`, `▼12`, `0`; `~` before what rests on less than a minute; `–` until it was counted twice.
    ///
    /// - Parameter isBad: whether more is worse: of dead letters it is.
    static func rate(_ rate: CountRate?, isBad: Bool = true) -> Span {
        guard let rate else { return Span("–", .muted) }
        let text = perMinute(rate.perMinute)
        guard text != "0" else { return Span("0", .muted) }
        let sign = rate.isRough ? "~" : ""
        if rate.perMinute > 0 { return Span("\(sign)▲\(text)", isBad ? .statusError : .text) }
        return Span("\(sign)▼\(text)", isBad ? .statusOK : .text)
    }

    /// Without a sign: `1,204`, `0.4`.
    static func perMinute(_ value: Double) -> String {
        let size = min(abs(value), 1e15)
        if size >= 9.95 { return Figures.count(Int64(size.rounded())) }
        let tenths = Int((size * 10).rounded())
        if tenths == 0 { return size > 0 ? "<0.1" : "0" }
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    /// `~4 min`, `▲never` while the backlog grows, `never` while it stands still, `·` where nothing waits, `–` not known.
    static func drain(_ drain: DrainTime) -> Span {
        switch drain {
        case .unknown: Span("–", .muted)
        case .empty: Span("·", .muted)
        case .never(let isGrowing): isGrowing ? Span("▲never", .statusError) : Span("never", .statusWarning)
        case .about(let duration): Span("~" + whole(duration), .text)
        }
    }

    /// One unit: an estimate has no seconds behind its hours.
    private static func whole(_ duration: Duration) -> String {
        let seconds = max(duration.components.seconds, 0)
        return switch seconds {
        case ..<100: "\(seconds) s"
        case ..<(100 * 60): "\((seconds + 30) / 60) min"
        case ..<(48 * 3600): "\((seconds + 1800) / 3600) h"
        default: "\((seconds + 43_200) / 86_400) d"
        }
    }

    /// How long the oldest message has been there: `41 min`; `~` before what was looked at more than a minute ago; `·` where there is none.
    ///
    /// - Parameters:
    ///   - isEmpty: whether there is no message.
    ///   - isLooking: whether somebody is looking for it.
    static func oldest(_ reading: Reading<Timestamp>, isEmpty: Bool, isLooking: Bool, now: Timestamp) -> Span {
        if isEmpty { return Span("·", .muted) }
        switch reading {
        case .known(let moment, let at):
            let isDated = now.since(at) >= .seconds(60)
            return Span((isDated ? "~" : "") + Age.label(of: moment, now: now))
        case .pending: return isLooking ? Span("…", .statusPending) : Span("–", .muted)
        case .notPermitted: return Span("✕", .muted)
        case .unavailable: return Span("–", .muted)
        }
    }
}
