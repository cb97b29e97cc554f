@testable import AMQP
import NIOCore
import Testing

@Suite("The standard's definitions", .enabled(if: AMQPVectors.areAvailable, AMQPVectors.missing))
struct DefinitionTests {
    static let standard = Definitions.standard
    static let composites = standard.described.filter(\.isComposite)

    @Test("were read whole")
    func complete() {
        #expect(Self.standard.described.count == 40)
        #expect(Self.composites.count == 33)
        #expect(Self.composites.flatMap(\.fields).count == 125)
        #expect(Self.standard.encodings.count == 39)
    }

    @Test("every composite type is what our code reads and writes", arguments: composites.filter { !$0.name.hasPrefix("delete-on") })
    func composite(_ type: Definitions.Described) throws {
        let code = try #require(OurCode.of(type.name), "no code for \(type.name)")
        let differences = DefinitionCheck(definitions: Self.standard, code: code).differences(from: type)
        #expect(differences.isEmpty, "\(type.name): \(differences.joined(separator: "; "))")
    }

    @Test("every descriptor is known by its number and its name", arguments: standard.described)
    func descriptor(_ type: Definitions.Described) {
        #expect(Descriptor.number(named: type.symbol) == type.code)
        #expect(Descriptor.names.count == Self.standard.described.count)
    }

    @Test("lifetime policies", arguments: LifetimePolicy.allCases)
    func lifetimePolicy(_ policy: LifetimePolicy) throws {
        let name = FieldName.kebab("\(policy)")
        let type = try #require(Self.composites.first { $0.name == name })
        #expect(policy.value == .described(descriptor: .ulong(type.code), value: .list([])))
        #expect(LifetimePolicy(policy.value) == policy)
        #expect(LifetimePolicy(.described(descriptor: .symbol(Symbol(type.symbol)), value: .list([]))) == policy)
        #expect(LifetimePolicy(.described(descriptor: .ulong(type.code), value: .null)) == nil)
        #expect(LifetimePolicy(.described(descriptor: .ulong(0x24), value: .list([]))) == nil)
        #expect(LifetimePolicy(.null) == nil)
    }

    @Test("every encoding has the width our code gives it", arguments: standard.encodings)
    func encoding(_ encoding: Definitions.Encoding) throws {
        var bytes = ByteBuffer(bytes: [encoding.code])
        switch encoding.category {
        case "fixed":
            #expect(FormatCode.fixedWidth(encoding.code) == encoding.width)
            bytes.writeRepeatingByte(0, count: encoding.width)
        case "variable", "compound":
            #expect(FormatCode.fixedWidth(encoding.code) == nil)
            // A size, and for compounds a count of the same width.
            if encoding.category == "compound" {
                bytes.writeRepeatingByte(0, count: encoding.width - 1)
                bytes.writeInteger(UInt8(encoding.width))
            }
            bytes.writeRepeatingByte(0, count: encoding.width)
        default:
            #expect(encoding.category == "array" && FormatCode.fixedWidth(encoding.code) == nil)
            bytes.writeRepeatingByte(0, count: encoding.width - 1)
            bytes.writeInteger(UInt8(encoding.width + 1))
            bytes.writeRepeatingByte(0, count: encoding.width)
            bytes.writeInteger(UInt8(0x40))
        }
        #expect(try AMQPValue(decoding: bytes).typeName == encoding.type)
        #expect(throws: CodecError.self) { try AMQPValue(decoding: bytes.getSlice(at: 0, length: bytes.readableBytes - 1) ?? bytes) }
    }

    @Test("every error condition has a name")
    func errorConditions() {
        let defined = Self.standard.choices.filter { Self.standard.provides[$0.key] == "error-condition" }.flatMap(\.value)
        #expect(defined.count == 28)
        #expect(Set(defined) == Set(Symbol.errorConditions.map(\.name)))
        #expect(Symbol.errorConditions.count == defined.count)
    }
}

@Suite("The check against the definitions can fail", .enabled(if: AMQPVectors.areAvailable, AMQPVectors.missing))
struct DefinitionCheckTests {
    /// What the check says about our code for a type when the definition were another.
    private func differences(_ name: String, _ change: (inout Definitions.Described) -> Void) throws -> [String] {
        var type = try #require(Definitions.standard.described.first { $0.name == name })
        change(&type)
        let code = try #require(OurCode.of(name))
        return DefinitionCheck(definitions: .standard, code: code).differences(from: type)
    }

    @Test("not when nothing changed")
    func unchanged() throws {
        #expect(try differences("flow") { _ in }.isEmpty)
    }

    @Test("two fields of one type the wrong way round")
    func swapped() throws {
        let found = try differences("flow") { $0.fields.swapAt(1, 3) }
        #expect(found.contains("field 1 is called incomingWindow, not outgoing-window"))
    }

    @Test("a field of another type")
    func retyped() throws {
        #expect(try differences("attach") { $0.fields[0].type = "symbol" }.first?.hasPrefix("the type as defined is refused") == true)
        #expect(try !differences("header") { $0.fields[1].type = "ushort" }.isEmpty)
    }

    @Test("a field more, a field less")
    func counted() throws {
        #expect(try !differences("close") { $0.fields.append(.init(name: "more", type: "uint")) }.isEmpty)
        #expect(try !differences("transfer") { $0.fields.removeLast() }.isEmpty)
        #expect(try !differences("accepted") { $0.fields.append(.init(name: "more", type: "uint")) }.isEmpty)
    }

    @Test("a field mandatory that is not, or the other way round")
    func mandatory() throws {
        let demanded = try differences("begin") { $0.fields[0].isMandatory = true }
        #expect(demanded.contains { $0.hasPrefix("remote-channel is mandatory, but null is accepted") })
        let optional = try differences("begin") { $0.fields[1].isMandatory = false }
        #expect(optional.contains { $0.hasPrefix("next-outgoing-id is optional, but null is refused") })
    }

    @Test("another descriptor")
    func descriptor() throws {
        #expect(try !differences("open") { $0.code = 0x11 }.isEmpty)
        #expect(try !differences("open") { $0.symbol = "amqp:close:list" }.isEmpty)
    }
}
