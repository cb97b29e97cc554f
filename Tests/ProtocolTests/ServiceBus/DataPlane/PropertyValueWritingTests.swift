import AMQP
import Testing

@testable import ServiceBus

@Suite("Property values written as they are shown")
struct PropertyValueWritingTests {
    @Test(
        ".NET's durations keep their ticks",
        arguments: [
            0, 1, -1, 9_999_999, 10_000_000, 863_999_999_999, 864_000_000_000, -937_840_000_005, Int64.max, Int64.min,
        ])
    func durations(ticks: Int64) {
        #expect(DotNetTicks.ticks(ofDuration: DotNetTicks.duration(ticks)) == ticks)
        let value = AMQPValue.described(descriptor: .symbol("com.microsoft:timespan"), value: .long(ticks))
        #expect(PropertyValue(value).amqpValue == value)
    }

    @Test(
        ".NET's moments keep their ticks",
        arguments: [
            0, 1, 621_355_968_000_000_000, 639_311_616_001_234_567, 3_155_378_975_999_999_999, -5,
        ])
    func moments(ticks: Int64) {
        let value = AMQPValue.described(descriptor: .symbol("com.microsoft:datetime-offset"), value: .long(ticks))
        #expect(PropertyValue(value).amqpValue == value)
    }

    @Test(
        "what is no duration stays text",
        arguments: ["", "1:2", "25:00:00", "1.2.3:00:00", "a:b:c", "00:00:00.12345678", "99999999.00:00:00"])
    func noDurations(text: String) {
        #expect(PropertyValue(typeName: "timespan", content: .text(text)).amqpValue == .string(text))
    }
}
