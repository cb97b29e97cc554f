package import Identity

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

extension WallTime {
    /// The moment of a text such as `2023-02-15T03:17:51.8301712Z`; fractions of a second are dropped, a missing time zone means UTC, which is how
    /// Azure writes some of its times.
    package init?(rfc3339 text: String) {
        var whole = text
        if let dot = text.utf8.firstIndex(of: UInt8(ascii: ".")) {
            let rest = text[text.index(after: dot)...]
            whole = String(text[..<dot] + rest.drop { $0.isASCII && $0.isNumber })
        }
        // `YYYY-MM-DDTHH:MM:SS` alone is 19 long: there is no zone.
        if whole.utf8.count == 19 { whole += "Z" }
        guard whole.utf8.count <= 25, let date = try? Date(whole, strategy: .iso8601) else { return nil }
        self.init(secondsSince1970: Int64(date.timeIntervalSince1970))
    }

    /// The moment as Azure takes it: `2026-08-01T10:00:00Z`.
    package var rfc3339: String { Date(timeIntervalSince1970: Double(secondsSince1970)).formatted(.iso8601) }
}
