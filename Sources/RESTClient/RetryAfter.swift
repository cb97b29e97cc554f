/// The `Retry-After` field (RFC 9110 10.2.3): a number of seconds, or a date.
enum RetryAfter {
    /// How long to wait, or `nil` if the value says nothing.
    /// - Parameters:
    ///   - value: the field's value.
    ///   - date: the answer's own `Date` field: a date in `Retry-After` is taken relative to it, so that a wrong clock on this side does no harm.
    static func parse(_ value: String, date: String?) -> Duration? {
        let words = value.split(separator: " ")
        if words.count == 1, let seconds = Int64(words[0]) {
            return seconds >= 0 ? .seconds(seconds) : nil
        }
        guard let then = self.seconds(ofDate: value), let now = date.flatMap(self.seconds(ofDate:)) else { return nil }
        return .seconds(max(0, then - now))
    }

    /// Seconds since 1970 of an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func seconds(ofDate text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT" else { return nil }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = words[4].split(separator: ":").compactMap { Int64($0) }
        guard let day = Int64(words[1]), let month = months.firstIndex(of: String(words[2])), let year = Int64(words[3]) else { return nil }
        guard (1...31).contains(day), (1970...9999).contains(year), clock.count == 3 else { return nil }
        guard (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2]) else { return nil }
        return self.days(year: year, month: Int64(month) + 1, day: day) * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    /// Days since 1970-01-01 in the Gregorian calendar: years are counted from March, so that the leap day is the last of a year.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468
    }
}
