import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

@Suite struct TrendFiguresTests {
    @Test(
        "a rate has an arrow, what rests on less than a minute a ~, and what is not known is no zero",
        arguments: [
            (1_204.4, 300, "▲1,204"), (-12, 60, "▼12"), (0.42, 60, "▲0.4"), (3, 60, "▲3"), (0, 300, "0"), (0.01, 300, "▲<0.1"),
            (30, 20, "~▲30"), (-9.96, 300, "▼10"), (1e300, 300, "▲1,000,000,000,000,000"),
        ] as [(Double, Int, String)])
    func rate(_ perMinute: Double, _ seconds: Int, _ text: String) {
        #expect(TrendFigures.rate(CountRate(perMinute: perMinute, over: .seconds(seconds))).text == text)
    }

    @Test("without two counts there is no rate")
    func noRate() { #expect(TrendFigures.rate(nil).text == "–") }

    @Test(
        "a drain time is an estimate, in one unit",
        arguments: [
            (DrainTime.unknown, "–"), (.empty, "·"), (.never(isGrowing: true), "▲never"), (.never(isGrowing: false), "never"),
            (.about(.seconds(4)), "~4 s"), (.about(.seconds(610)), "~10 min"), (.about(.seconds(3 * 3600)), "~3 h"),
            (.about(.seconds(20 * 86_400)), "~20 d"),
        ])
    func drain(_ drain: DrainTime, _ text: String) { #expect(TrendFigures.drain(drain).text == text) }

    @Test("the age of the oldest message: ~ when it was looked at a minute ago, · when there is none, – when nobody looked")
    func oldest() {
        let now = Fixture.now
        let moment = now.advanced(by: .seconds(-41 * 60))
        func text(_ reading: Reading<Timestamp>, isEmpty: Bool = false, isLooking: Bool = false) -> String {
            TrendFigures.oldest(reading, isEmpty: isEmpty, isLooking: isLooking, now: now).text
        }
        #expect(text(.known(moment, at: now)) == "41 min")
        #expect(text(.known(moment, at: now.advanced(by: .seconds(-60)))) == "~41 min")
        #expect(text(.pending, isEmpty: true) == "·")
        #expect(text(.pending, isLooking: true) == "…")
        #expect(text(.pending) == "–")
        #expect(text(.notPermitted(needs: "Listen")) == "✕")
        #expect(text(.unavailable("no answer")) == "–")
    }
}

@Suite struct SparklineTests {
    @Test("the lowest is the lowest block, the highest the highest, a gap is a blank")
    func blocks() {
        #expect(Sparkline.text([0, 7, nil, 14], width: 10) == "▁▅ █")
        #expect(Sparkline.text([nil, nil], width: 10).isEmpty)
        #expect(Sparkline.text([1, 2, 3, 4, 5], width: 2).count == 2)
    }

    @Test("what does not change is flat, and a ripple on a lake is no flood")
    func flat() {
        #expect(Sparkline.text([17, 17, 17], width: 10) == "▁▁▁")
        #expect(Sparkline.text([50_000, 50_010, 50_020], width: 10) == "▁▁▁")
        #expect(Sparkline.text([50_000, 55_000], width: 10) == "▁█")
    }

    @Test("counts at the ends of their range do not trap")
    func extremes() { #expect(Sparkline.text([.min, 0, .max], width: 10).count == 3) }
}
