internal import ServiceBus

/// Times and durations as .NET writes them into the XML of the administration interface.
enum AtomValues {
    /// The longest duration: "for ever".
    static let forever = "P10675199DT2H48M5.4775807S"
    /// The first moment: "never".
    static let never = "0001-01-01T00:00:00Z"

    /// `2020-09-29T08:34:49.82Z`: as many digits as there are, none if there are none.
    static func moment(_ timestamp: Timestamp?) -> String {
        guard let timestamp else { return never }
        let utc = timestamp.utc
        var fraction = ""
        if utc.millisecond > 0 {
            fraction = ".\(padded(utc.millisecond, 3))"
            while fraction.hasSuffix("0") { fraction.removeLast() }
        }
        return "\(seconds(timestamp))\(fraction)Z"
    }

    /// `2020-09-29T08:34:49Z`: what feeds and entries say of themselves.
    static func wholeSeconds(_ timestamp: Timestamp) -> String { "\(seconds(timestamp))Z" }

    /// `2020-09-29T08:34:49`: what error texts say.
    static func seconds(_ timestamp: Timestamp) -> String {
        let utc = timestamp.utc
        return "\(padded(utc.year, 4))-\(padded(utc.month, 2))-\(padded(utc.day, 2))"
            + "T\(padded(utc.hour, 2)):\(padded(utc.minute, 2)):\(padded(utc.second, 2))"
    }

    /// `Tue, 29 Sep 2020 08:34:49 GMT`: what the `Date` field says.
    static func httpDate(_ timestamp: Timestamp) -> String {
        let utc = timestamp.utc
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        // 1970-01-01 was a Thursday.
        let dayNumber = Int(
            (timestamp.milliseconds - Int64(((utc.hour * 60 + utc.minute) * 60 + utc.second) * 1000 + utc.millisecond)) / 86_400_000)
        return "\(days[((dayNumber % 7) + 7) % 7]), \(padded(utc.day, 2)) \(months[utc.month - 1]) \(padded(utc.year, 4)) "
            + "\(padded(utc.hour, 2)):\(padded(utc.minute, 2)):\(padded(utc.second, 2)) GMT"
    }

    /// A version: .NET ticks, tenths of microseconds since the year 1.
    static func ticks(_ timestamp: Timestamp) -> String {
        let (ticks, overflow) = timestamp.milliseconds.multipliedReportingOverflow(by: 10_000)
        return String(overflow ? 0 : ticks &+ 621_355_968_000_000_000)
    }

    /// How long something lasts; `nil` is "for ever".
    static func lifetime(_ duration: Duration?) -> String { duration.map { XMLDuration.text($0) } ?? forever }

    /// `25.00:00:00`: a duration as .NET prints it, in error texts.
    static func clock(milliseconds: Int64) -> String {
        let magnitude = milliseconds.magnitude
        let seconds = magnitude / 1000
        func two(_ value: UInt64) -> String { padded(Int(value), 2) }
        var text = milliseconds < 0 ? "-" : ""
        if seconds >= 86_400 { text += "\(seconds / 86_400)." }
        text += "\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        if magnitude % 1000 > 0 { text += ".\(padded(Int(magnitude % 1000), 3))0000" }
        return text
    }

    /// Whole milliseconds; nil when there are too many.
    static func milliseconds(_ duration: Duration) -> Int64? {
        let (seconds, attoseconds) = duration.components
        let (scaled, scaleOverflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, overflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return scaleOverflow || overflow ? nil : sum
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return digits.utf8.count >= width ? digits : String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}
