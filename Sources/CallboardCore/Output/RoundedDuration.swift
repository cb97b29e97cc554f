/// Lengths of time for people to look at; what operators type back is `DurationText`.
public enum RoundedDuration {
    /// `30 s`, `5 min`, `14 d`, `2 h 30 min`; two units at most.
    public static func text(_ duration: Duration) -> String {
        let (total, attoseconds) = duration.components
        if total < 0 || attoseconds < 0 { return "–" }
        let milliseconds = attoseconds / 1_000_000_000_000_000
        if total == 0 { return "\(milliseconds) ms" }
        if total >= 36_500 * 86_400 { return "for ever" }
        if total < 60 { return milliseconds == 0 ? "\(total) s" : "\(total).\(milliseconds / 100) s" }
        let parts = [(total / 86_400, "d"), (total / 3600 % 24, "h"), (total / 60 % 60, "min"), (total % 60, "s")]
        let first = parts.firstIndex { $0.0 > 0 } ?? 3
        return parts[first...].prefix(2).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}
