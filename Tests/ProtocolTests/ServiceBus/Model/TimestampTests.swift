import ServiceBus
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "their text is RFC 3339 in UTC with milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (951_826_154_107, "2000-02-29T12:09:14.107Z"),
            (1_795_403_564_114, "2026-11-23T03:12:44.114Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "10000-01-01T00:00:00.000Z"), (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func text(milliseconds: Int64, expected: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == expected)
    }

    @Test("over five centuries it is what Foundation writes, and is read back as the same moment")
    func everyMonth() {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        // About a month and a prime number of milliseconds apart, so that every field takes every value.
        for milliseconds in stride(from: -8_520_336_000_000, to: 7_258_118_400_000, by: 2_629_746_127) as StrideTo<Int64> {
            let time = Timestamp(milliseconds: milliseconds)
            // Foundation cuts what a double is short of a millisecond.
            let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000 + 0.0002)
            #expect(time.rfc3339 == date.formatted(style))
            #expect(Timestamp(rfc3339: time.rfc3339) == time)
        }
    }

    @Test("the ends of the range have a text too", arguments: [Int64.min, .max])
    func ends(milliseconds: Int64) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339.hasSuffix("Z"))
    }
}
