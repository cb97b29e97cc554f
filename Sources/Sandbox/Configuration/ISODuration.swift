/// Durations as .NET writes them in XML and JSON: ISO 8601, `P1DT2H3M4.5S`.
enum ISODuration {
    /// What a text means.
    enum Meaning: Hashable {
        /// A length of time, in milliseconds.
        case milliseconds(Int64)
        /// TimeSpan.MaxValue (`P10675199DT2H48M5.4775807S`, or longer): for ever.
        case unlimited
    }

    /// The largest TimeSpan of .NET, in whole seconds: what is this long or longer means "no limit".
    private static let maximumSeconds = 922_337_203_685.0

    /// Reads a duration; nil when the text is none. Years have 365 days and months 30, as .NET counts them.
    static func parse(_ text: String) -> Meaning? {
        var rest = Substring(text)
        guard rest.popFirst() == "P", !rest.isEmpty else { return nil }
        var seconds = 0.0
        var isTime = false
        // Units must come in order, each at most once.
        var units: [(Character, Double)] = [("Y", 365 * 86_400), ("M", 30 * 86_400), ("W", 7 * 86_400), ("D", 86_400)]
        while !rest.isEmpty {
            if rest.first == "T" {
                if isTime { return nil }
                isTime = true
                rest.removeFirst()
                units = [("H", 3600), ("M", 60), ("S", 1)]
                if rest.isEmpty { return nil }
                continue
            }
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let amount = Double(digits), digits.first != ".", digits.last != "." else { return nil }
            rest = rest[digits.endIndex...]
            guard let unit = rest.popFirst(), let place = units.firstIndex(where: { $0.0 == unit }) else { return nil }
            if digits.contains("."), unit != "S" { return nil }
            seconds += amount * units[place].1
            units.removeFirst(place + 1)
        }
        if seconds >= maximumSeconds { return .unlimited }
        return .milliseconds(Int64((seconds * 1000).rounded()))
    }
}
