import AMQP
import NIOCore
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
        let value = PropertyValue(typeName: "timespan", content: .text(text))
        #expect(value.amqpValue == .string(text))
        #expect(!value.isTyped)
    }

    @Test(
        "a value of every type is written as it was read, and so is what is in it",
        arguments: [
            .null, .boolean(true), .ubyte(.max), .ushort(.max), .uint(.max), .ulong(.max), .ulong(1), .byte(.min), .short(.min), .int(.min),
            .long(.max), .long(.min), .float(0.1), .float(.infinity), .double(2), .double(-0.0), .double(-.infinity),
            .decimal32(0x2230_0001),
            .decimal64(0x2230_0000_0000_03e8), .decimal128(UUIDBytes(high: 0x2208 << 48, low: 10)), .char(0xdf), .char(0xd800), .char(0x55),
            .timestamp(1_795_000_000_123), .timestamp(.max), .timestamp(-62_167_219_200_001), .uuid(UUIDBytes(high: 1, low: 2)),
            .binary(ByteBuffer(bytes: [0, 255])), .string("x"), .symbol("s"), .list([.int(1), .double(2), .symbol("s"), .list([])]),
            .map([.ulong(1): .ubyte(2), "a": .map([.symbol("b"): nil])]), .array(AMQPArray.longs([1, 2])),
            .described(descriptor: .ulong(77), value: "x"),
            .described(descriptor: .symbol("com.microsoft:datetime-offset"), value: .long(.max)),
        ] as [AMQPValue])
    func everyType(value: AMQPValue) {
        let property = PropertyValue(value)
        #expect(property.isTyped)
        #expect(property.amqpValue == value)
        if let encoding = property.encoding { #expect(PropertyValue(encoding: encoding) == property) }
    }

    @Test("numbers are those of the type that is named, and what does not fit it is known")
    func fits() {
        func sent(_ type: String, _ content: PropertyValue.Content) -> AMQPValue? {
            let value = PropertyValue(typeName: type, content: content)
            // A nil beside a value would be AMQP's null.
            return value.isTyped ? value.amqpValue : .none
        }
        #expect(sent("double", .integer(2)) == .double(2))
        #expect(sent("double", .unsigned(1 << 63)) == .double(9_223_372_036_854_775_808))
        #expect(sent("float", .integer(2)) == .float(2))
        #expect(sent("float", .number(1e300)) == .none)
        #expect(sent("ulong", .unsigned(.max)) == .ulong(.max))
        #expect(sent("long", .unsigned(.max)) == .none)
        #expect(sent("ubyte", .integer(256)) == .none)
        #expect(sent("int", .number(1.5)) == .none)
        #expect(sent("uuid", .text("x")) == .none)
        #expect(sent("char", .text("ab")) == .none)
        #expect(sent("string", .integer(5)) == .none)
        #expect(sent("no such type", .text("x")) == .none)
        // From a program, it is sent all the same, as what it is.
        #expect(PropertyValue(typeName: "ubyte", content: .integer(256)).amqpValue == .long(256))
    }
}
