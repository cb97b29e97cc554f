package import ServiceBus

/// Durations as operators type and read them: `90s`, `1h30m`, `14d`, `forever`. `PT1M` and .NET's `TimeSpan.MaxValue` are understood too.
package enum DurationText {
    private static let units: [(sign: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// The service's text for "for ever".
    package static let foreverOnTheWire = "P10675199DT2H48M5.4775807S"

    /// Reads a duration; nil when the text is none.
    package static func parse(_ text: String) -> XMLDuration.Value? {
        let text = text.lowercased()
        if ["forever", "for ever", "never", "unlimited"].contains(text) { return .forever }
        if text.hasPrefix("p") || text.hasPrefix("-p") { return XMLDuration.parse(text.uppercased()) }
        var rest = Substring(text)
        var left = units[...]
        var total: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard (1...12).contains(digits.utf8.count), let amount = Int64(digits) else { return nil }
            rest = rest[digits.endIndex...]
            let sign = rest.prefix { $0.isASCII && $0.isLetter }
            guard let index = left.firstIndex(where: { $0.sign == sign }) else { return nil }
            let (scaled, scaleOverflow) = amount.multipliedReportingOverflow(by: left[index].milliseconds)
            let (sum, overflow) = total.addingReportingOverflow(scaled)
            guard !scaleOverflow, !overflow else { return nil }
            total = sum
            left = left[(index + 1)...]
            rest = rest[sign.endIndex...].drop { $0 == " " }
        }
        return left.count == units.count ? nil : .lasting(.milliseconds(total))
    }

    /// The shortest text for a duration; `PT…` when it is finer than a millisecond.
    package static func text(_ value: XMLDuration.Value) -> String {
        guard case .lasting(let duration) = value else { return "forever" }
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard duration >= .zero, !overflow, attoseconds % 1_000_000_000_000_000 == 0 else { return XMLDuration.text(duration) }
        var rest = whole + attoseconds / 1_000_000_000_000_000
        var text = ""
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.sign)"
            rest %= unit.milliseconds
        }
        return text.isEmpty ? "0s" : text
    }

    /// The duration as the service writes it.
    package static func wire(_ value: XMLDuration.Value) -> String {
        if case .lasting(let duration) = value { XMLDuration.text(duration) } else { foreverOnTheWire }
    }
}
