import ServiceBus
import Testing

@testable import Console

@Suite struct FiguresTests {
    @Test("counts have separators", arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (50_012, "50,012"), (-1_234_567, "-1,234,567")])
    func counts(_ value: Int, _ text: String) { #expect(Figures.count(value) == text) }

    @Test("the ends of the range do not trap")
    func extremes() {
        #expect(Figures.count(Int64.min) == "-9,223,372,036,854,775,808")
        #expect(Figures.count(Int64.max) == "9,223,372,036,854,775,807")
        #expect(Figures.size(.max).hasSuffix("TB"))
        #expect(Figures.size(-1) == "0 B")
        let far = Timestamp(milliseconds: .max)
        let past = Timestamp(milliseconds: .min)
        #expect(!Figures.moment(far, now: past).isEmpty)
        #expect(Age.label(of: far, now: past) == "<1 min")
        #expect(Age.untilChange(of: past, now: far) > 0)
        // What lies further apart than can be counted does not come round to being new.
        #expect(Age.label(of: past, now: far) == "106751991167 d")
        #expect(Age.label(of: past, now: Timestamp(milliseconds: 1)) == "106751991167 d")
        #expect(Age.untilChange(of: far, now: past) == 60_000)
    }

    @Test("sizes", arguments: [(0, "0 B"), (812, "812 B"), (1000, "1.0 kB"), (2311, "2.3 kB"), (9_960, "10 kB"), (42_265_569, "42 MB")])
    func sizes(_ bytes: Int, _ text: String) { #expect(Figures.size(bytes) == text) }

    @Test(
        "durations have two units at most",
        arguments: [
            (Duration.milliseconds(9), "9 ms"), (.seconds(30), "30 s"), (.milliseconds(1900), "1.9 s"), (.seconds(60), "1 min"),
            (.seconds(9000), "2 h 30 min"), (.seconds(14 * 86_400), "14 d"), (.seconds(86_400 + 61), "1 d"),
            (.seconds(1 << 50), "for ever"),
        ])
    func durations(_ duration: Duration, _ text: String) { #expect(Figures.duration(duration) == text) }

    @Test("a moment of another year says which")
    func moments() throws {
        let now = Fixture.now
        let old = try #require(Timestamp(rfc3339: "2025-11-23T03:12:44Z"))
        #expect(Figures.moment(now, now: now) == "11-23 03:12:44")
        #expect(Figures.moment(old, now: now) == "2025-11-23 03:12:44")
    }

    @Test("an age is true until its next step, which is a minute away at most in the first hour")
    func ages() {
        let now = Fixture.now
        for (milliseconds, label, untilChange): (Int64, String, Int64) in [
            (0, "<1 min", 60_000), (59_999, "<1 min", 1), (60_000, "1 min", 60_000), (3_599_000, "59 min", 1_000),
            (3_600_000, "1 h", 3_600_000), (48 * 3_600_000, "2 d", 86_400_000), (-5_000, "<1 min", 60_000),
        ] {
            let moment = Timestamp(milliseconds: now.milliseconds - milliseconds)
            #expect(Age.label(of: moment, now: now) == label)
            #expect(Age.untilChange(of: moment, now: now) == untilChange)
        }
    }
}
