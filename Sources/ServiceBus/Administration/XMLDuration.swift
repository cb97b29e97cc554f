/// Durations as XML Schema writes them: `PT1M`, `P1DT2H3M`, `PT0.5S` (XSD part 2, section 3.2.6).
package enum XMLDuration {
    /// `TimeSpan.MaxValue` of .NET in whole days: the service's way to say "for ever". Some clients send it back cut off, so
    /// anything of that many days counts.
    private static let foreverDays: Int64 = 10_675_199

    /// What a duration can be.
    package enum Value: Hashable, Sendable {
        /// So long.
        case lasting(Duration)
        /// For ever.
        case forever
    }

    /// Reads a duration of days and smaller units. Months and years have no fixed length, and the service sends none: they are not accepted.
    package static func parse(_ text: some StringProtocol) -> Value? {
        var rest = Substring(text).utf8
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest = rest.dropFirst() }
        guard rest.popFirst() == UInt8(ascii: "P") else { return nil }
        var seconds: Int64 = 0
        var attoseconds: Int64 = 0
        var isTime = false
        var isEmpty = true
        /// The units still to come, largest first: each at most once and in this order.
        var unitsLeft = Array("DHMS".utf8)[...]
        while let byte = rest.first {
            if byte == UInt8(ascii: "T") {
                guard !isTime else { return nil }
                isTime = true
                rest = rest.dropFirst()
                unitsLeft = Array("HMS".utf8)[...]
                isEmpty = true
                continue
            }
            guard let (whole, fraction) = number(&rest), let unit = rest.popFirst(), let index = unitsLeft.firstIndex(of: unit) else {
                return nil
            }
            guard isTime == (unit != UInt8(ascii: "D")), fraction == nil || unit == UInt8(ascii: "S") else { return nil }
            unitsLeft = unitsLeft[(index + 1)...]
            isEmpty = false
            let (scaled, scaleOverflow) = whole.multipliedReportingOverflow(by: secondsPer(unit))
            let (sum, overflow) = seconds.addingReportingOverflow(scaled)
            guard !scaleOverflow, !overflow else { return nil }
            seconds = sum
            attoseconds = fraction ?? 0
        }
        guard !isEmpty else { return nil }
        if !isNegative, seconds / 86400 >= foreverDays { return .forever }
        let duration = Duration(secondsComponent: seconds, attosecondsComponent: attoseconds)
        return .lasting(isNegative ? .zero - duration : duration)
    }

    /// Digits and, behind a point, up to nine more as attoseconds.
    private static func number(_ rest: inout Substring.UTF8View) -> (Int64, Int64?)? {
        guard let whole = digits(&rest, atMost: 18) else { return nil }
        guard rest.first == UInt8(ascii: ".") else { return (whole.value, nil) }
        rest = rest.dropFirst()
        guard let fraction = digits(&rest, atMost: 9) else { return nil }
        var attoseconds = fraction.value
        for _ in fraction.count..<18 { attoseconds *= 10 }
        return (whole.value, attoseconds)
    }

    private static func digits(_ rest: inout Substring.UTF8View, atMost maximum: Int) -> (value: Int64, count: Int)? {
        var value: Int64 = 0
        var count = 0
        while let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            count += 1
            guard count <= maximum else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            rest = rest.dropFirst()
        }
        return count == 0 ? nil : (value, count)
    }

    private static func secondsPer(_ unit: UInt8) -> Int64 {
        switch unit {
        case UInt8(ascii: "D"): 86400
        case UInt8(ascii: "H"): 3600
        case UInt8(ascii: "M"): 60
        default: 1
        }
    }
}

extension XMLDuration {
    /// `PT1M`, `P1DT2H3M`, `PT0.5S`, in .NET's precision of 100 ns.
    package static func text(_ duration: Duration) -> String {
        let isNegative = duration < .zero
        let (seconds, attoseconds) = (isNegative ? .zero - duration : duration).components
        let (days, time) = seconds.quotientAndRemainder(dividingBy: 86400)
        let ticks = attoseconds / 100_000_000_000
        var clock = ""
        if time >= 3600 { clock += "\(time / 3600)H" }
        if time / 60 % 60 > 0 { clock += "\(time / 60 % 60)M" }
        if ticks > 0 {
            let digits = String(ticks)
            var fraction = String(repeating: "0", count: 7 - digits.utf8.count) + digits
            while fraction.hasSuffix("0") { fraction.removeLast() }
            clock += "\(time % 60).\(fraction)S"
        } else if time % 60 > 0 {
            clock += "\(time % 60)S"
        }
        if days == 0, clock.isEmpty { return "PT0S" }
        return "\(isNegative ? "-" : "")P\(days > 0 ? "\(days)D" : "")\(clock.isEmpty ? "" : "T\(clock)")"
    }
}
