import AMQP
import NIOCore
import Testing

@Suite("Performatives")
struct PerformativeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let hex: String
        let code: CodecError.Code
        var testDescription: String { name }
    }

    static let malformed: [Case] = [
        Case(name: "nothing", hex: "", code: .truncated),
        Case(name: "a value without a descriptor", hex: "c0 01 00", code: .unexpectedType(expected: "described value", code: 0xc0)),
        Case(name: "an unknown descriptor", hex: "00 53 63 45", code: .unknownDescriptor(0x63)),
        Case(name: "a descriptor of another kind", hex: "00 41 45", code: .unexpectedType(expected: "descriptor", code: 0x41)),
        Case(name: "an unknown symbolic descriptor", hex: "00 a3 03 666f6f 45", code: .unknownSymbolicDescriptor),
        Case(name: "a section of a message", hex: "00 53 70 45", code: .unknownDescriptor(0x70)),
        Case(name: "a map for a list", hex: "00 53 17 c1 01 00", code: .unexpectedType(expected: "list", code: 0xc1)),
        Case(name: "a descriptor alone", hex: "00 53 17", code: .truncated),
        Case(name: "a list that ends early", hex: "00 53 16 c0 02 03 43", code: .truncated),
        Case(name: "a field that ends beyond the list", hex: "00 53 16 c0 03 01 70 00 00000001", code: .truncated),
        Case(name: "bytes in the list after its fields", hex: "00 53 17 c0 03 01 40 40", code: .inconsistentCompound),
        Case(name: "an empty list with bytes in it", hex: "00 53 17 c0 02 00 40", code: .inconsistentCompound),
        Case(name: "a mandatory field missing", hex: "00 53 16 45", code: .missingField("handle")),
        Case(name: "a mandatory field null", hex: "00 53 16 c0 02 01 40", code: .missingField("handle")),
        Case(name: "a field of another type", hex: "00 53 16 c0 02 01 41", code: .unexpectedType(expected: "uint", code: 0x41)),
        Case(name: "an error that is no error", hex: "00 53 17 c0 05 01 00 53 24 45", code: .unknownDescriptor(0x24)),
        Case(name: "an error without a condition", hex: "00 53 17 c0 05 01 00 53 1d 45", code: .missingField("condition")),
        Case(
            name: "bytes in an inner list after its fields", hex: "00 53 17 c0 0b 01 00 53 1d c0 05 01 a3 01 78 40",
            code: .inconsistentCompound),
        Case(
            name: "a transaction inside a transaction",
            hex: "00 53 15 c0 17 05 41 43 40 41 00 53 34 c0 0d 02 a0 00 00 53 34 c0 05 01 a0 02 0102", code: .unknownDescriptor(0x34)),
        Case(
            name: "symbols that are strings", hex: "00 53 10 c0 0c 06 a1 00 40 40 40 40 e0 03 01 a1 00",
            code: .unexpectedType(expected: "symbol array", code: 0xa1)),
        Case(
            name: "properties that are a list", hex: "00 53 13 c0 0c 0b 40 43 43 43 40 40 40 40 40 40 45",
            code: .unexpectedType(expected: "map", code: 0x45)),
    ]

    @Test("with faults are refused", arguments: malformed)
    func refused(_ one: Case) {
        let error = #expect(throws: CodecError.self) { try Performative.decode(ByteBuffer(hex: one.hex)) }
        #expect(error?.code == one.code)
    }

    @Test("end where their list ends; what follows is payload")
    func payload() throws {
        // An empty list, a short one, one with trailing fields left out, each followed by bytes that could be a field.
        for (hex, length) in [("00 53 18 45 40", 4), ("00 53 18 c0 01 00 40", 6), ("00 53 16 c0 02 01 43 41 41", 7)] {
            #expect(try Performative.decode(ByteBuffer(hex: hex)).length == length)
        }
    }

    @Test("in all encodings of their fields mean the same")
    func encodings() throws {
        let expected = Performative.detach(Detach(handle: 7, closed: true))
        for hex in [
            "00 53 16 c0 04 02 52 07 41",
            "00 53 16 d0 0000000b 00000002 70 00000007 56 01",
            "00 80 0000000000000016 c0 05 03 52 07 41 40",
            "00 a3 10 616d71703a6465746163683a6c697374 c0 04 02 52 07 41",
            "00 b3 00000010 616d71703a6465746163683a6c697374 c0 04 02 52 07 41",
        ] {
            #expect(try Performative.decode(ByteBuffer(hex: hex)).performative == expected)
        }
    }

    @Test("take one symbol for a list of one")
    func oneSymbol() throws {
        let one = try SASLPerformative.decode(ByteBuffer(hex: "00 53 40 c0 07 01 a3 04 506c6169"))
        #expect(one == .mechanisms(SASLMechanisms(mechanisms: ["Plai"])))
        let short = try SASLPerformative.decode(ByteBuffer(hex: "00 53 40 c0 08 01 e0 05 02 a3 01 61 00"))
        #expect(short == .mechanisms(SASLMechanisms(mechanisms: ["a", ""])))
    }

    @Test("hold an address that is a symbol, and refuse one that is no text")
    func addresses() throws {
        var source = Source(address: "q")
        source.dynamic = false
        let attach = Attach(name: "l", handle: 0, role: .receiver, source: source, target: .address(nil))
        var bytes = ByteBuffer()
        Performative.attach(attach).encode(into: &bytes)
        let text = bytes.hex
        let symbol = ByteBuffer(hex: text.replacing("a10171", with: "a30171"))
        #expect(try Performative.decode(symbol).performative == .attach(attach))
        let binary = ByteBuffer(hex: text.replacing("a10171", with: "a00171"))
        #expect(throws: CodecError.self) { try Performative.decode(binary) }
    }

    @Test("are written with every field, so that peers that count on trailing nulls find them")
    func allFields() {
        let cases: [(Performative, UInt8)] = [
            (.close(Close(error: AMQPError(.notFound))), 1), (.detach(Detach(handle: 0)), 3), (.transfer(Transfer(handle: 0)), 11),
            (.flow(Flow(incomingWindow: 1, nextOutgoingID: 0, outgoingWindow: 1)), 11), (.open(Open(containerID: "c")), 10),
        ]
        for (performative, count) in cases {
            var bytes = ByteBuffer()
            performative.encode(into: &bytes)
            #expect(bytes.getInteger(at: 5, as: UInt8.self) == count)
        }
        var error = ByteBuffer()
        Performative.close(Close(error: AMQPError(.notFound))).encode(into: &error)
        #expect(error.hex.hasSuffix("4040"), "condition, description, info: pyamqp indexes the third")
    }

    @Test("are written where the buffer ends, whatever room it has", arguments: [0, 1, 7, 64, 300, 4096])
    func appended(_ room: Int) throws {
        let attach = Performative.attach(
            Attach(
                name: String(repeating: "n", count: 200), handle: 3, role: .sender, source: Source(address: "s", filter: ["f": .null]),
                target: .address(String(repeating: "t", count: 100)), properties: [.symbol("p"): .uint(1)]))
        var alone = ByteBuffer()
        attach.encode(into: &alone)
        var buffer = ByteBufferAllocator().buffer(capacity: 3 + room)
        buffer.writeBytes([1, 2, 3])
        attach.encode(into: &buffer)
        #expect(buffer.readBytes(length: 3) == [1, 2, 3])
        #expect(buffer == alone)
        #expect(try Performative.decode(buffer).performative == attach)
    }

    @Test("through the buffered writer are the same")
    func buffered() {
        var writer = WireWriter(ByteBuffer(bytes: [9]))
        Performative.begin(Begin(nextOutgoingID: 1, incomingWindow: 2, outgoingWindow: 3)).encode(to: &writer)
        writer.null()
        var expected = ByteBuffer(bytes: [9])
        Performative.begin(Begin(nextOutgoingID: 1, incomingWindow: 2, outgoingWindow: 3)).encode(into: &expected)
        expected.writeInteger(UInt8(0x40))
        #expect(writer.finish() == expected)
    }

    @Test("delivery states say whether they end a delivery")
    func terminal() {
        #expect(!DeliveryState.received(sectionNumber: 0, sectionOffset: 0).isTerminal)
        #expect(DeliveryState.accepted.isTerminal)
        #expect(DeliveryState.rejected(nil).isTerminal)
        #expect(DeliveryState.modified(.init()).isTerminal)
        #expect(DeliveryState.transactional(transactionID: ByteBuffer(), outcome: .accepted).isTerminal)
        #expect(!DeliveryState.transactional(transactionID: ByteBuffer(), outcome: nil).isTerminal)
    }

    @Test("transaction requests travel as the value of a message")
    func transactions() throws {
        let id = ByteBuffer(bytes: [1, 2, 3])
        for request in [
            TransactionRequest.declare(Declare()), .declare(Declare(globalID: .binary(id))), .discharge(Discharge(transactionID: id)),
            .discharge(Discharge(transactionID: id, fail: true)),
        ] {
            let message = try Message(MessageContent(body: request.body).encoded)
            #expect(try TransactionRequest.decode(message) == request)
        }
        #expect(throws: CodecError.self) { try TransactionRequest.decode(Message(MessageContent(body: .value("no")).encoded)) }
        #expect(throws: CodecError.self) { try TransactionRequest.decode(Message(MessageContent(body: .data([id])).encoded)) }
        #expect(throws: CodecError.self) { try TransactionRequest.decode(Message(MessageContent().encoded)) }
    }
}
