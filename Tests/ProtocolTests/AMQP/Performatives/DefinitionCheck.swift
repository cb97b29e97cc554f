@testable import AMQP
import NIOCore

/// Compares our code for a composite type with its definition in the standard.
///
/// The check builds the type's encoding from the definition alone, gives each field a value of its type that no other field has, and looks
/// at what our decoder makes of it: every field must arrive under its own name, encoding must give the same bytes back, mandatory fields
/// must be demanded and others must not, and values of other types must be refused.
struct DefinitionCheck {
    let definitions: Definitions
    /// Decodes an encoding of the type with our code, and encodes it again.
    let code: any CompositeCode

    /// What differs, in words. Empty when our code is what the definition says.
    func differences(from type: Definitions.Described) -> [String] {
        var differences: [String] = []
        let samples = type.fields.enumerated().map { sample($1, $0) }
        let whole = encoded(type, samples)

        do throws(CodecError) {
            let (fields, again) = try code.roundTrip(whole)
            if again != whole { differences.append("encodes as \(again.hex), not as \(whole.hex)") }
            differences += mismatches(fields, type, samples)
        } catch {
            return ["the type as defined is refused: \(error)"]
        }

        for (index, field) in type.fields.enumerated() {
            var absent = samples
            absent[index] = .null
            let error = failure(encoded(type, absent))
            if field.isMandatory {
                if error?.code != .missingField(StaticName.of(field.name)) {
                    differences.append("\(field.name) is mandatory, but null is \(error.map(\.description) ?? "accepted")")
                }
            } else if let error {
                differences.append("\(field.name) is optional, but null is refused: \(error)")
            }
            var wrong = samples
            wrong[index] = misfit(field)
            if !isAny(field), failure(encoded(type, wrong)) == nil { differences.append("\(field.name) accepts a value of another type") }
        }

        // Trailing fields may be left out down to the last mandatory one, and later versions may add some.
        let mandatory = (type.fields.lastIndex { $0.isMandatory } ?? -1) + 1
        for count in mandatory..<max(samples.count, mandatory) {
            if let error = failure(encoded(type, Array(samples.prefix(count)))) {
                differences.append("\(count) of \(samples.count) fields are refused: \(error)")
            }
        }
        for count in 0..<mandatory where failure(encoded(type, Array(samples.prefix(count)))) == nil {
            differences.append("\(count) fields are accepted without the mandatory ones")
        }
        if let error = failure(encoded(type, samples + [.string("from the future")])) {
            differences.append("a field of a later version is refused: \(error)")
        }

        // The symbolic descriptor means the same.
        do throws(CodecError) {
            let (_, again) = try code.roundTrip(
                AMQPValue.described(descriptor: .symbol(Symbol(type.symbol)), value: .list(samples)).encoded())
            if again != whole { differences.append("means something else under its symbolic descriptor") }
        } catch {
            differences.append("is refused under its symbolic descriptor: \(error)")
        }
        return differences
    }

    private func failure(_ bytes: ByteBuffer) -> CodecError? {
        do throws(CodecError) {
            _ = try code.roundTrip(bytes)
            return nil
        } catch {
            return error
        }
    }

    private func encoded(_ type: Definitions.Described, _ fields: [AMQPValue]) -> ByteBuffer {
        AMQPValue.described(descriptor: .ulong(type.code), value: .list(fields)).encoded()
    }

    private func mismatches(_ fields: [(name: String, value: AMQPValue?)], _ type: Definitions.Described, _ samples: [AMQPValue])
        -> [String]
    {
        guard fields.count == samples.count else {
            return ["has \(fields.count) fields (\(fields.map(\.name))), not \(samples.count)"]
        }
        var mismatches: [String] = []
        for (index, field) in fields.enumerated() {
            let defined = type.fields[index]
            if FieldName.kebab(field.name) != FieldName.expanded(defined.name) {
                mismatches.append("field \(index) is called \(field.name), not \(defined.name)")
            }
            if let value = field.value, value != samples[index] { mismatches.append("\(field.name) is \(value), not \(samples[index])") }
        }
        return mismatches
    }

    private func isAny(_ field: Definitions.Field) -> Bool { field.requires == "message-id" || field.requires == "global-tx-id" }

    // MARK: Values

    /// A value of the field's type that no other field of the composite has.
    private func sample(_ field: Definitions.Field, _ index: Int) -> AMQPValue {
        let number = UInt64(index + 1)
        let text = "field-\(index)"
        if field.isMultiple { return .array(.symbols([Symbol(text), "second"])) }
        switch field.requires {
        case "address", "message-id": return .string(text)
        case "global-tx-id", "txn-id": return .binary(ByteBuffer(string: text))
        case "source": return composite("source", [.string(text)])
        case "target": return composite("target", [.string(text)])
        case "outcome", "delivery-state": return composite("rejected", [composite("error", [.symbol(Symbol(text)), .null, .null])])
        default: break
        }
        switch definitions.primitive(field.type) {
        case "boolean": return .boolean(true)
        case "ubyte": return .ubyte(UInt8(number))
        case "ushort": return .ushort(UInt16(1000 + number))
        case "uint": return .uint(UInt32(100_000 + number))
        case "ulong": return .ulong(1 << 40 + number)
        case "timestamp": return .timestamp(1_700_000_000_000 + Int64(number))
        case "string": return .string(text)
        case "symbol": return .symbol(Symbol(text))
        case "binary": return .binary(ByteBuffer(string: text))
        case "map": return .map([.symbol(Symbol(text)): .ulong(number)])
        case "error": return composite("error", [.symbol(Symbol(text)), .string("text"), .map([.symbol("info"): .null])])
        case let other: preconditionFailure("no sample for a field of type \(other)")
        }
    }

    /// A value that is not of the field's type.
    private func misfit(_ field: Definitions.Field) -> AMQPValue {
        definitions.primitive(field.type) == "double" ? .boolean(true) : .double(0.5)
    }

    private func composite(_ name: String, _ leading: [AMQPValue]) -> AMQPValue {
        let type = definitions.described.first { $0.name == name }
        let fields = leading + Array(repeating: .null, count: max(0, (type?.fields.count ?? 0) - leading.count))
        return .described(descriptor: .ulong(type?.code ?? 0), value: .list(fields))
    }
}

/// Our code for a composite type, seen from outside.
protocol CompositeCode: Sendable {
    /// Decodes, names the fields in order with their values (nil for values that are compared by their encoding only), and encodes.
    func roundTrip(_ bytes: ByteBuffer) throws(CodecError) -> (fields: [(name: String, value: AMQPValue?)], encoded: ByteBuffer)
}

/// The names of fields, in the standard and in Swift.
enum FieldName {
    /// `nextOutgoingID` as `next-outgoing-id`.
    static func kebab(_ name: String) -> String {
        var words: [String] = []
        var previousIsUpper = true
        for character in name {
            if character.isUppercase, !previousIsUpper { words.append("") }
            if words.isEmpty { words.append("") }
            words[words.count - 1].append(character.lowercased())
            previousIsUpper = character.isUppercase
        }
        return words.joined(separator: "-")
    }

    /// The standard's names where ours spell words out or the API guidelines want another word.
    static func expanded(_ name: String) -> String {
        switch name {
        case "idle-time-out": "idle-timeout"
        case "snd-settle-mode": "sender-settle-mode"
        case "rcv-settle-mode": "receiver-settle-mode"
        case "txn-id": "transaction-id"
        case "description": "text"
        case "sasl-server-mechanisms": "mechanisms"
        default: name
        }
    }
}

/// The names in errors are compile-time strings: the same ones for a name known only at run time.
enum StaticName {
    static func of(_ name: String) -> CodecError.StaticText {
        known.first { $0.string == name } ?? "no mandatory field of the standard"
    }
    private static let known: [CodecError.StaticText] = [
        "container-id", "next-outgoing-id", "incoming-window", "outgoing-window", "name", "handle", "role", "first", "condition",
        "section-number", "section-offset", "txn-id", "sasl-server-mechanisms", "mechanism", "challenge", "response", "code",
    ]
}
