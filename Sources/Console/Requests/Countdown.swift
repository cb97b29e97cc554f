internal import ServiceBus

/// How long something lasts still: by the minute, and by the second only when it is nearly over. Between two steps nothing wakes up.
enum Countdown {
    /// From here on seconds are told.
    private static let seconds: Int64 = 120_000

    /// `29 min`, `1 h 5 min`, `119 s`; nil when it is over.
    static func text(until end: Timestamp, now: Timestamp) -> String? {
        guard let left = left(until: end, now: now) else { return nil }
        if left < seconds { return "\(left / 1000) s" }
        return Figures.duration(.seconds(left / 60_000 * 60))
    }

    /// Milliseconds until the text is another one; nil when it is over: what comes then is an age.
    static func untilChange(of end: Timestamp, now: Timestamp) -> Int64? {
        guard let left = left(until: end, now: now) else { return nil }
        return (left < seconds ? left % 1000 : left % 60_000) + 1
    }

    private static func left(until end: Timestamp, now: Timestamp) -> Int64? {
        let (left, isBeyond) = end.milliseconds.subtractingReportingOverflow(now.milliseconds)
        guard end > now else { return nil }
        return isBeyond ? .max - 1 : left
    }
}
