#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
internal import ServiceBus

/// A typed value in JSON, as `peek` prints those of properties and bodies: `type`, `value`, and `amqp` where these two do not say all of it.
enum TypedJSON {
    /// What is wrong with a value; a sentence without its full stop.
    struct Fault: Error { var text: String }

    /// Reads a value.
    /// - Parameters:
    ///   - place: what it is called in the JSON; asked for where something is wrong.
    ///   - amqp: its encoding in base64.
    /// - Throws: ``Fault`` when the value is none of its type, or the encoding is that of another one.
    static func value(
        _ place: @autoclosure () -> String, type: String, _ content: PropertyValue.Content, amqp: String?
    ) throws(Fault) -> PropertyValue {
        guard let amqp else {
            let value = PropertyValue(typeName: type, content: Self.content(content, as: type))
            guard value.isTyped else { throw Fault(text: "'\(place())': this is no value of type '\(type)' that JSON can say") }
            return value
        }
        guard let bytes = Data(base64Encoded: amqp), let value = PropertyValue(encoding: [UInt8](bytes)) else {
            throw Fault(text: "'\(place()).amqp' is no AMQP value in base64")
        }
        guard value.typeName == type, isPrinted(value.content, as: content) else {
            throw Fault(text: "'\(place()).amqp' is the encoding of another value: leave it out to send what 'type' and 'value' say")
        }
        return value
    }

    /// What a type's values are in JSON's terms: JSON has no word for numbers that are none, for long ones that every reader reads, and for bytes.
    private static func content(_ content: PropertyValue.Content, as type: String) -> PropertyValue.Content {
        guard case .text(let text) = content else { return content }
        switch type {
        case "ubyte", "ushort", "uint", "ulong", "byte", "short", "int", "long":
            return Int64(text).map { .integer($0) } ?? UInt64(text).map { .unsigned($0) } ?? content
        case "float", "double":
            switch text {
            case "NaN": return .number(.nan)
            case "Infinity": return .number(.infinity)
            case "-Infinity": return .number(-.infinity)
            default: return content
            }
        case "binary": return Data(base64Encoded: text).map { .bytes([UInt8]($0)) } ?? content
        default: return content
        }
    }

    /// Whether a value is printed so.
    private static func isPrinted(_ value: PropertyValue.Content, as content: PropertyValue.Content) -> Bool {
        var json = JSONWriter()
        json.value(value)
        return (try? JSONDecoder().decode(JSONContent.self, from: Data(json.bytes)))?.content == content
    }
}

/// Any JSON value.
struct JSONContent: Decodable {
    var content: PropertyValue.Content

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            content = .null
        } else if let value = try? container.decode(String.self) {
            content = .text(value)
        } else if let value = try? container.decode(Bool.self) {
            content = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            // A whole number has no -0, which a double has.
            let isNegativeZero = value == 0 && (try? container.decode(Double.self))?.sign == .minus
            content = isNegativeZero ? .number(-0.0) : .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            content = .unsigned(value)
        } else if let value = try? container.decode(Double.self) {
            content = .number(value)
        } else if let value = try? container.decode([JSONContent].self) {
            content = .list(value.map(\.content))
        } else {
            let members = try container.decode([String: JSONContent].self)
            content = .map(members.sorted { $0.key < $1.key }.map { PropertyValue.Entry(key: $0.key, value: $0.value.content) })
        }
    }
}
