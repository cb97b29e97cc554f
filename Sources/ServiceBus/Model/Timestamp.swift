/// A moment, in milliseconds since 1970-01-01T00:00Z, as Service Bus sends it.
public struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00Z.
    public var milliseconds: Int64

    /// Wraps milliseconds since 1970.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The time since an earlier moment; negative when it is later. Saturates at the ends of the range.
    public func since(_ earlier: Timestamp) -> Duration {
        let (difference, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
        return .milliseconds(overflow ? (milliseconds < earlier.milliseconds ? .min : .max) : difference)
    }

    /// This moment moved by a duration; saturates at the ends of the range.
    public func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        let (scaled, scaleOverflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, overflow) = milliseconds.addingReportingOverflow(scaled &+ attoseconds / 1_000_000_000_000_000)
        return Timestamp(milliseconds: scaleOverflow || overflow ? (seconds < 0 ? .min : .max) : sum)
    }

    /// Orders by time.
    public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

    /// The year, month, day and time of day in UTC (proleptic Gregorian calendar).
    public var utc: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, millisecond: Int) {
        let (days, rest) = Self.floorDivide(milliseconds, 86_400_000)
        // Days to civil date: Howard Hinnant, "chrono-compatible low-level date algorithms".
        let shifted = days &+ 719_468
        let (era, dayOfEra) = Self.floorDivide(shifted, 146_097)
        let yearOfEra = (dayOfEra &- dayOfEra / 1460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
        let shiftedMonth = (5 &* dayOfYear &+ 2) / 153
        let day = dayOfYear &- (153 &* shiftedMonth &+ 2) / 5 &+ 1
        let month = shiftedMonth < 10 ? shiftedMonth &+ 3 : shiftedMonth &- 9
        let year = yearOfEra &+ era &* 400 &+ (month <= 2 ? 1 : 0)
        return (
            Int(year), Int(month), Int(day), Int(rest / 3_600_000), Int(rest / 60_000 % 60), Int(rest / 1000 % 60), Int(rest % 1000)
        )
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient &- 1, remainder &+ divisor) : (quotient, remainder)
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-23T03:12:44.114Z`. Years beyond four digits get as many as they need.
    public var rfc3339: String {
        var isUsual = false
        let text = String(unsafeUninitializedCapacity: Self.usualLength) { buffer in
            isUsual = buffer.baseAddress.map { write(usualForm: $0) } ?? false
            return isUsual ? Self.usualLength : 0
        }
        if isUsual { return text }
        let t = utc
        return
            "\(pad(t.year, 4))-\(pad(t.month, 2))-\(pad(t.day, 2))T\(pad(t.hour, 2)):\(pad(t.minute, 2)):\(pad(t.second, 2)).\(pad(t.millisecond, 3))Z"
    }

    /// The milliseconds of the years 0 to 9999, which RFC 3339 has a form for.
    static let usualRange: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    /// The bytes of the RFC 3339 form of a year of four digits.
    package static let usualLength = 24

    /// Writes the RFC 3339 form into memory of ``usualLength`` bytes: lists print thousands of these.
    /// - Returns: false, and nothing is written, when the year has not four digits.
    package func write(usualForm place: UnsafeMutablePointer<UInt8>) -> Bool {
        let t = utc
        guard (0...9999).contains(t.year) else { return false }
        // By constants: a division by what is only known when it runs takes ten times as long.
        func digit(_ value: Int, at index: Int) { place[index] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value) }
        func pair(_ value: Int, at index: Int, _ after: StaticString) {
            digit(value / 10, at: index)
            digit(value % 10, at: index &+ 1)
            place[index &+ 2] = after.utf8Start.pointee
        }
        digit(t.year / 1000, at: 0)
        digit(t.year / 100 % 10, at: 1)
        pair(t.year % 100, at: 2, "-")
        pair(t.month, at: 5, "-")
        pair(t.day, at: 8, "T")
        pair(t.hour, at: 11, ":")
        pair(t.minute, at: 14, ":")
        pair(t.second, at: 17, ".")
        digit(t.millisecond / 100, at: 20)
        pair(t.millisecond % 100, at: 21, "Z")
        return true
    }

    /// The RFC 3339 form.
    public var description: String { rfc3339 }

    /// Reads RFC 3339 / ISO 8601: date, `T`, time, up to nine fraction digits, and `Z`, an offset or nothing (UTC); nil when it is not that.
    public init?(rfc3339 text: String) {
        var parser = Parser(Array(text.utf8))
        guard let year = parser.number(4), parser.take("-"), let month = parser.number(2), parser.take("-"), let day = parser.number(2),
            (1...12).contains(month), (1...31).contains(day), parser.take("T") || parser.take("t") || parser.take(" "),
            let hour = parser.number(2), parser.take(":"), let minute = parser.number(2), parser.take(":"),
            let second = parser.number(2), hour < 24, minute < 60, second < 61
        else { return nil }
        let millisecond = parser.take(".") ? parser.fraction() : 0
        guard let millisecond, let offset = parser.offsetMinutes(), parser.isAtEnd else { return nil }
        let shiftedYear = Int64(month <= 2 ? year - 1 : year)
        let (era, yearOfEra) = Self.floorDivide(shiftedYear, 400)
        let shiftedMonth = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = days * 86_400 + Int64(hour) * 3600 + Int64(minute - offset) * 60 + Int64(second)
        self.init(milliseconds: seconds * 1000 + Int64(millisecond))
    }

    private struct Parser {
        let bytes: [UInt8]
        var index = 0
        init(_ bytes: [UInt8]) { self.bytes = bytes }
        var isAtEnd: Bool { index == bytes.count }

        mutating func digit() -> Int? {
            guard index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else { return nil }
            defer { index += 1 }
            return Int(bytes[index] - UInt8(ascii: "0"))
        }
        mutating func number(_ digits: Int) -> Int? {
            var value = 0
            for _ in 0..<digits {
                guard let digit = digit() else { return nil }
                value = value * 10 + digit
            }
            return value
        }
        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard index < bytes.count, bytes[index] == UInt8(truncatingIfNeeded: character.value) else { return false }
            index += 1
            return true
        }
        /// One to nine digits, as milliseconds.
        mutating func fraction() -> Int? {
            var value = 0
            var count = 0
            while let digit = digit() {
                if count < 3 { value = value * 10 + digit }
                count += 1
            }
            guard (1...9).contains(count) else { return nil }
            for _ in min(count, 3)..<3 { value *= 10 }
            return value
        }
        mutating func offsetMinutes() -> Int? {
            if isAtEnd || take("Z") || take("z") { return 0 }
            let sign = take("+") ? 1 : take("-") ? -1 : 0
            guard sign != 0, let hours = number(2), take(":"), let minutes = number(2) else { return nil }
            return sign * (hours * 60 + minutes)
        }
    }
}

private func pad(_ value: Int, _ width: Int) -> String {
    let digits = String(value.magnitude)
    return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
