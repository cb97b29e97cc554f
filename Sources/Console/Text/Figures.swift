internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// How numbers, sizes, times and ages are written. No locale: the same everywhere, and nothing to load at start.
enum Figures {
    /// `50,012`.
    static func count(_ value: Int64) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.utf8.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }

    /// `50,012`.
    static func count(_ value: Int) -> String { count(Int64(value)) }

    /// `1 message`, `2 messages`.
    static func count(_ value: Int, _ noun: String, plural: String? = nil) -> String {
        "\(count(value)) \(value == 1 ? noun : plural ?? noun + "s")"
    }

    /// `812 B`, `2.3 kB`, `14 MB`; powers of ten.
    static func size(_ bytes: Int) -> String {
        let value = max(bytes, 0)
        if value < 1000 { return "\(value) B" }
        var scaled = Double(value) / 1000
        for unit in ["kB", "MB", "GB"] {
            if scaled < 9.95 { return "\(tenths(scaled)) \(unit)" }
            if scaled < 999.5 { return "\(Int(scaled.rounded())) \(unit)" }
            scaled /= 1000
        }
        return "\(tenths(scaled)) TB"
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// A length of time for people: `30 s`, `5 min`, `14 d`, `2 h 30 min`; two units at most.
    static func duration(_ duration: Duration) -> String { RoundedDuration.text(duration) }

    /// The time of day in UTC: `03:12:44Z`.
    static func time(_ moment: Timestamp) -> String {
        let t = moment.utc
        return "\(two(t.hour)):\(two(t.minute)):\(two(t.second))Z"
    }

    /// Day and time in UTC: `11-23 03:12:44`, with the year before it when it is not that of `now`.
    static func moment(_ moment: Timestamp, now: Timestamp) -> String {
        let t = moment.utc
        let day = "\(two(t.month))-\(two(t.day))"
        return (t.year == now.utc.year ? day : "\(t.year)-\(day)") + " \(two(t.hour)):\(two(t.minute)):\(two(t.second))"
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}

/// How old something is, in steps that stay true until the next one: a screen that repaints once a minute at most must not lie in between.
enum Age {
    /// `<1 min`, `4 min`, `2 h`, `3 d`.
    static func label(of moment: Timestamp, now: Timestamp) -> String {
        switch minutes(from: moment, to: now) {
        case ..<1: "<1 min"
        case let minutes where minutes < 60: "\(minutes) min"
        case let minutes where minutes < 48 * 60: "\(minutes / 60) h"
        case let minutes: "\(minutes / (24 * 60)) d"
        }
    }

    /// Milliseconds from now until the label changes; a minute or less only in the first hour.
    static func untilChange(of moment: Timestamp, now: Timestamp) -> Int64 {
        let age = milliseconds(from: moment, to: now)
        let step: Int64 = age < 3_600_000 ? 60_000 : age < 48 * 3_600_000 ? 3_600_000 : 24 * 3_600_000
        return step - age % step
    }

    private static func minutes(from moment: Timestamp, to now: Timestamp) -> Int64 { milliseconds(from: moment, to: now) / 60_000 }

    /// None for what is to come; the most there are for what lies further apart than can be counted.
    private static func milliseconds(from moment: Timestamp, to now: Timestamp) -> Int64 {
        let (age, isBeyond) = now.milliseconds.subtractingReportingOverflow(moment.milliseconds)
        return isBeyond ? (now.milliseconds < moment.milliseconds ? 0 : .max) : max(age, 0)
    }
}

extension Reading {
    /// How a figure is shown in a narrow column, `role` being that of a known value: `…`, the value, `✕` not permitted, `–` not known.
    func cell(_ format: (Value) -> String, role: (Value) -> Role) -> Span {
        switch self {
        case .pending: Span("…", .statusPending)
        case .known(let value, _): Span(format(value), role(value))
        case .notPermitted: Span("✕", .muted)
        case .unavailable: Span("–", .muted)
        }
    }
}
