import AMQP
import NIOCore
import Testing

@Suite("A received message (part 3, 3.2)")
struct MessageTests {
    /// One of each section, as hexadecimal.
    static let header = "00 53 70 c0 03 02 41 40"
    static let deliveryAnnotations = "00 53 71 c1 06 02 a3 01 64 54 01"
    static let messageAnnotations = "00 53 72 c1 06 02 a3 01 6d 54 02"
    static let properties = "00 53 73 c0 04 01 a1 01 69"
    static let applicationProperties = "00 53 74 c1 06 02 a1 01 61 54 03"
    static let data = "00 53 75 a0 02 6869"
    static let sequence = "00 53 76 c0 02 01 41"
    static let value = "00 53 77 a1 01 76"
    static let footer = "00 53 78 c1 06 02 a3 01 66 54 04"
    static let whole = [header, deliveryAnnotations, messageAnnotations, properties, applicationProperties, data, footer]

    static func message(_ sections: [String]) throws -> Message { try Message(ByteBuffer(hex: sections.joined())) }

    @Test("gives each section as bytes and as what it says")
    func whole() throws {
        let message = try Self.message(Self.whole)
        #expect(message.header == Header(durable: true))
        #expect(message.deliveryAnnotations == [.symbol("d"): .int(1)])
        #expect(message.messageAnnotations == [.symbol("m"): .int(2)])
        #expect(message.properties == Properties(messageID: "i"))
        #expect(message.applicationProperties == ["a": .int(3)])
        #expect(message.body == .data([ByteBuffer(string: "hi")]))
        #expect(message.footer == [.symbol("f"): .int(4)])
        #expect(message.bodyKind == .data)
        #expect(message.malformedSections.isEmpty)
        for (section, hex) in zip(Message.Section.allCases, Self.whole) {
            #expect(message.bytes(of: section) == ByteBuffer(hex: hex))
        }
        #expect(message.bareBytes == ByteBuffer(hex: Self.properties + Self.applicationProperties + Self.data))
        #expect(try MessageContent(message).encoded.hex != "")
    }

    @Test("is whole without any one of its sections", arguments: 0..<7)
    func missing(_ index: Int) throws {
        var sections = Self.whole
        sections.remove(at: index)
        let message = try Self.message(sections)
        for section in Message.Section.allCases {
            #expect(message.has(section) == (section.rawValue != index))
            #expect((message.bytes(of: section) == nil) == (section.rawValue == index))
        }
        #expect(message.malformedSections.isEmpty)
        #expect(try Message(MessageContent(message).encoded).malformedSections.isEmpty)
    }

    @Test("alone of its sections is a message", arguments: Message.Section.allCases)
    func alone(_ section: Message.Section) throws {
        let hex = Self.whole[section.rawValue]
        let message = try Self.message([hex])
        #expect(Message.Section.allCases.filter(message.has) == [section])
        #expect(message.bytes(of: section) == ByteBuffer(hex: hex))
        let isBare = [.properties, .applicationProperties, .body].contains(section)
        #expect(message.bareBytes == (isBare ? ByteBuffer(hex: hex) : ByteBuffer()))
    }

    @Test("may be empty")
    func empty() throws {
        let message = try Message(ByteBuffer())
        #expect(message.body == .none && message.bodyKind == .none && message.header == nil && message.bareBytes.readableBytes == 0)
        #expect(try MessageContent(message) == MessageContent())
        #expect(MessageContent().encoded.readableBytes == 0)
    }

    @Test("has one value, or any number of data or sequence sections")
    func bodies() throws {
        #expect(try Self.message([Self.data, Self.data]).body == .data([ByteBuffer(string: "hi"), ByteBuffer(string: "hi")]))
        #expect(try Self.message([Self.sequence, Self.sequence]).body == .sequence([[true], [true]]))
        #expect(try Self.message([Self.value]).body == .value("v"))
        #expect(try Self.message([Self.data, Self.data]).bytes(of: .body) == ByteBuffer(hex: Self.data + Self.data))
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        let sections: [String]
        let code: CodecError.Code
        var testDescription: String { name }
    }

    static let refusals: [Refusal] = [
        Refusal(name: "a section twice", sections: [header, header], code: .unexpectedSection(0x70)),
        Refusal(name: "sections the wrong way round", sections: [properties, header], code: .unexpectedSection(0x70)),
        Refusal(name: "something after the footer", sections: [footer, data], code: .unexpectedSection(0x75)),
        Refusal(name: "two values", sections: [value, value], code: .unexpectedSection(0x77)),
        Refusal(name: "data and a sequence", sections: [data, sequence], code: .unexpectedSection(0x76)),
        Refusal(name: "data and a value", sections: [data, value], code: .unexpectedSection(0x77)),
        Refusal(name: "a sequence and a value", sections: [sequence, value], code: .unexpectedSection(0x77)),
        Refusal(name: "a frame body for a section", sections: ["00 53 14 45"], code: .unknownDescriptor(0x14)),
        Refusal(name: "a section the standard does not have", sections: ["00 53 79 45"], code: .unknownDescriptor(0x79)),
        Refusal(name: "a value that is not described", sections: ["45"], code: .unexpectedType(expected: "described value", code: 0x45)),
        Refusal(name: "a section without content", sections: ["00 53 70"], code: .truncated),
        Refusal(name: "a section that ends early", sections: ["00 53 75 a0 03 6869"], code: .truncated),
    ]

    @Test("shows the bytes of a body that is one data section, and of no other, where they lie")
    func data() throws {
        let binary = AMQPValue.binary(ByteBuffer(string: "hi"))
        for descriptor in [AMQPValue.ulong(0x75), .symbol("amqp:data:binary")] {
            #expect(Self.text(try Message(AMQPValue.described(descriptor: descriptor, value: binary).encoded())) == "hi")
        }
        #expect(Self.text(try Self.message([Self.properties, Self.data, Self.footer])) == "hi")
        for sections in [[], [Self.data, Self.data], [Self.sequence], [Self.value], ["00 53 75 a1 02 6869"]] {
            #expect(Self.text(try Self.message(sections)) == nil, "\(sections)")
        }
    }

    private static func text(_ message: Message) -> String? {
        guard let data = message.read().data else { return nil }
        return data.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test("is refused with", arguments: refusals)
    func refused(_ one: Refusal) {
        let error = #expect(throws: CodecError.self) { try Self.message(one.sections) }
        #expect(error?.code == one.code)
    }

    @Test("cut short anywhere but between sections is refused")
    func truncated() throws {
        let bytes = ByteBuffer(hex: Self.whole.joined())
        var ends: Set<Int> = [0]
        for section in Self.whole { ends.insert((ends.max() ?? 0) + ByteBuffer(hex: section).readableBytes) }
        for length in 0..<bytes.readableBytes {
            let part = try #require(bytes.getSlice(at: 0, length: length))
            #expect(((try? Message(part)) != nil) == ends.contains(length), "\(length) bytes")
        }
    }

    @Test("may name its sections by symbols")
    func symbolicDescriptors() throws {
        let named = AMQPValue.described(descriptor: .symbol("amqp:data:binary"), value: .binary(ByteBuffer(string: "hi"))).encoded()
        let message = try Message(named)
        #expect(message.body == .data([ByteBuffer(string: "hi")]))
        #expect(message.bytes(of: .body) == named)
    }

    @Test("in the middle of a buffer is read where it lies")
    func offsets() throws {
        var buffer = ByteBuffer(repeating: 0xff, count: 100)
        buffer.writeImmutableBuffer(ByteBuffer(hex: Self.whole.joined()))
        buffer.moveReaderIndex(forwardBy: 100)
        let message = try Message(buffer)
        #expect(message.body == .data([ByteBuffer(string: "hi")]))
        #expect(message.bytes(of: .footer) == ByteBuffer(hex: Self.footer))
        #expect(try MessageContent(message) == MessageContent(Self.message(Self.whole)))
    }

    @Test("qpid-proton's message is read and written byte for byte", .enabled(if: AMQPVectors.areAvailable, AMQPVectors.missing))
    func interop() throws {
        let bytes = try AMQPVectors.named("message.amqp", in: AMQPVectors.interop)
        var encoded = ByteBuffer()
        try MessageContent(Message(bytes)).encode(into: &encoded, style: .uniform)
        #expect(encoded.hex == bytes.hex)
    }

    @Test(
        "every fuzz input taken as a message is accepted or refused, and nothing asked of it traps",
        .enabled(if: AMQPVectors.areAvailable, AMQPVectors.missing))
    func corpora() {
        for file in AMQPVectors.values + AMQPVectors.connections + AMQPVectors.interop {
            guard let message = try? Message(file.bytes) else { continue }
            let isWhole = (try? MessageContent(message)) != nil
            #expect(isWhole == message.malformedSections.isEmpty)
        }
    }
}

@Suite("Sections that are not what the standard says")
struct MalformedSectionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let section: Message.Section
        let hex: String
        var testDescription: String { "\(section): \(hex)" }
    }

    static let cases: [Case] = [
        Case(section: .header, hex: "00 53 70 c1 01 00"),
        Case(section: .header, hex: "00 53 70 c0 02 01 43"),
        Case(section: .deliveryAnnotations, hex: "00 53 71 45"),
        Case(section: .messageAnnotations, hex: "00 53 72 40"),
        Case(section: .properties, hex: "00 53 73 c0 06 04 40 40 40 54 01"),
        Case(section: .applicationProperties, hex: "00 53 74 a1 00"),
        Case(section: .body, hex: "00 53 75 a1 00"),
        Case(section: .body, hex: "00 53 75 40"),
        Case(section: .body, hex: "00 53 76 41"),
        Case(section: .footer, hex: "00 53 78 45"),
    ]

    @Test("do not keep the message from being accepted; they are named, and decoding them throws", arguments: cases)
    func named(_ one: Case) throws {
        let message = try Message(ByteBuffer(hex: one.hex))
        #expect(message.has(one.section))
        #expect(message.malformedSections == [one.section])
        #expect(message.bytes(of: one.section) == ByteBuffer(hex: one.hex))
        #expect(throws: CodecError.self) { try MessageContent(message) }
        #expect(message.header == nil && message.properties == nil && message.body == .none)
        #expect(message.deliveryAnnotations == nil && message.messageAnnotations == nil)
        #expect(message.applicationProperties == nil && message.footer == nil)
    }

    @Test("in place, a list that is no list and a map that is no map throw")
    func inPlace() throws {
        let header = try Message(ByteBuffer(hex: "00 53 70 c1 01 00"))
        #expect(throws: CodecError.self) { _ = try header.readHeader() }
        let annotations = try Message(ByteBuffer(hex: "00 53 72 45"))
        #expect(throws: CodecError.self) { _ = try annotations.readMessageAnnotations() }
    }
}
