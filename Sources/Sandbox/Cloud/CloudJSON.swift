internal import ServiceBus

/// A JSON value as the cloud's stand-ins read and write it: members keep their order.
enum CloudJSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case fraction(Double)
    case string(String)
    case array([CloudJSON])
    case object([Member])

    /// A member of an object.
    struct Member: Hashable, Sendable {
        var key: String
        var value: CloudJSON
    }

    /// Reads a text; nil when it is no JSON, or nested deeper than anything that is asked for here.
    init?(parsing bytes: [UInt8]) {
        guard let document = try? PositionedJSON(parsing: bytes) else { return nil }
        self.init(document)
    }

    private init(_ json: PositionedJSON) {
        switch json.value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .number(let value, let text): self = Int64(text).map { .int($0) } ?? .fraction(value)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(elements.map { CloudJSON($0) })
        case .object(let members): self = .object(members.map { Member(key: $0.key, value: CloudJSON($0.value)) })
        }
    }

    /// A member of an object; nil when there is none, or it is null.
    subscript(_ key: String) -> CloudJSON? {
        guard case .object(let members) = self, let member = members.first(where: { $0.key == key }), member.value != .null else {
            return nil
        }
        return member.value
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }
    var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    var number: Int64? { if case .int(let number) = self { number } else { nil } }
    /// A moment in seconds, which may have a fraction (RFC 7519, NumericDate).
    var numericDate: Int64? {
        switch self {
        case .int(let seconds): seconds
        case .fraction(let seconds): Int64(exactly: seconds.rounded(.down))
        default: nil
        }
    }
    var elements: [CloudJSON] { if case .array(let elements) = self { elements } else { [] } }
    var members: [Member] { if case .object(let members) = self { members } else { [] } }

    /// A string, or null for none.
    init(_ text: String?) { self = text.map { .string($0) } ?? .null }

    /// The object with a member more, or with another value for it.
    func setting(_ key: String, _ value: CloudJSON) -> CloudJSON {
        var members = members
        if let index = members.firstIndex(where: { $0.key == key }) {
            members[index].value = value
        } else {
            members.append(Member(key: key, value: value))
        }
        return .object(members)
    }

    /// The text, without spaces.
    var serialized: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .int(let number): text += String(number)
        // JSON has no words for what is no number.
        case .fraction(let number): text += number.isFinite ? String(number) : "null"
        case .string(let string): Self.write(string, to: &text)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                Self.write(member.key, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension CloudJSON: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int64) { self = .int(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(nilLiteral: ()) { self = .null }
    init(arrayLiteral elements: CloudJSON...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, CloudJSON)...) { self = .object(elements.map { Member(key: $0.0, value: $0.1) }) }
}
