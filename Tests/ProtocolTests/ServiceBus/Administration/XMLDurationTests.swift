import Testing

@testable import ServiceBus

@Suite("Durations in XML")
struct XMLDurationTests {
    @Test(
        "are read",
        arguments: [
            ("PT1M", .seconds(60)), ("PT13S", .seconds(13)), ("P2D", .seconds(172_800)), ("P1DT2H3M", .seconds(86_400 + 7_200 + 180)),
            ("PT0S", .zero),
            ("PT0.5S", .milliseconds(500)), ("PT1H0.0000001S", .seconds(3600) + .nanoseconds(100)), ("PT25H", .seconds(90_000)),
            ("-PT1M", .seconds(-60)),
            ("P10675198D", .seconds(10_675_198 * 86_400)), ("PT1.123456789S", .seconds(1) + .nanoseconds(123_456_789)),
        ] as [(String, Duration)])
    func valid(text: String, duration: Duration) {
        #expect(XMLDuration.parse(text) == .lasting(duration))
    }

    @Test(
        "of the longest kind are for ever, also where a client cut digits off",
        arguments: [
            "P10675199DT2H48M5.4775807S", "P10675199DT2H48M5.477539S", "P10675199D",
        ])
    func forever(text: String) {
        #expect(XMLDuration.parse(text) == .forever)
    }

    @Test(
        "that are none are refused",
        arguments: [
            "", "P", "PT", "1M", "PT1", "P1M", "P1Y", "PT1D", "P1H", "PTT1S", "PT1M1H", "PT1M1M", "PT1.5M", "PT1.S", "PT.5S", "PT1S ",
            " PT1S", "PT-1S", "P1DT",
            "PT99999999999999999999S", "P999999999999999999D", "PT1.0000000000S", "unlimited",
        ])
    func invalid(text: String) {
        #expect(XMLDuration.parse(text) == nil)
    }
}
