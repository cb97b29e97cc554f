import NIOCore
import Testing

/// The standard's machine-readable definitions, as far as tests need them: types, descriptors, fields, encodings, choices.
struct Definitions: Sendable {
    /// A field of a composite type.
    struct Field: Sendable, Hashable {
        var name: String
        var type: String
        var isMandatory = false
        var isMultiple = false
        /// For fields of any type: what the type must provide.
        var requires: String?
    }

    /// A type with a descriptor: composites have fields, restricted types a source.
    struct Described: Sendable, CustomTestStringConvertible {
        var name: String
        var symbol: String
        var code: UInt64
        var source: String
        var isComposite: Bool
        var fields: [Field] = []
        var testDescription: String { name }
    }

    /// An encoding of a primitive type.
    struct Encoding: Sendable, CustomTestStringConvertible {
        var type: String
        var code: UInt8
        var category: String
        var width: Int
        var testDescription: String { "\(type) 0x\(String(code, radix: 16))" }
    }

    var described: [Described] = []
    var encodings: [Encoding] = []
    /// Restricted types and what they restrict.
    var sources: [String: String] = [:]
    /// The values of types with a fixed choice, and what the type provides.
    var choices: [String: [String]] = [:]
    var provides: [String: String] = [:]

    /// The primitive type behind a type.
    func primitive(_ type: String) -> String { sources[type].map(primitive) ?? type }

    static let standard: Definitions = {
        var all = Definitions()
        for file in AMQPVectors.definitions { all.read(String(buffer: file.bytes)) }
        return all
    }()

    /// Reads the tags of a file. They carry everything in attributes, so that a list of tags is all there is to know.
    private mutating func read(_ text: String) {
        var type: [String: String] = [:]
        for tag in Self.tags(text) {
            switch tag.name {
            case "type":
                type = tag.attributes
                if let name = type["name"], type["class"] == "restricted" { sources[name] = type["source"] }
                if let name = type["name"] { provides[name] = type["provides"] }
            case "descriptor":
                // "0x00000000:0x00000070": domain and number.
                let parts = tag["code"].split(separator: ":").map { UInt64($0.dropFirst(2), radix: 16) ?? .max }
                described.append(
                    Described(
                        name: type["name"] ?? "", symbol: tag["name"], code: parts[0] << 32 | parts[1], source: type["source"] ?? "",
                        isComposite: type["class"] == "composite"))
            case "field":
                described[described.count - 1].fields.append(
                    Field(
                        name: tag["name"], type: tag["type"], isMandatory: tag["mandatory"] == "true",
                        isMultiple: tag["multiple"] == "true", requires: tag.attributes["requires"]))
            case "encoding":
                encodings.append(
                    Encoding(
                        type: type["name"] ?? "", code: UInt8(tag["code"].dropFirst(2), radix: 16) ?? 0, category: tag["category"],
                        width: Int(tag["width"]) ?? -1))
            case "choice": choices[type["name"] ?? "", default: []].append(tag["value"])
            default: break
            }
        }
    }

    struct Tag {
        var name: String
        var attributes: [String: String] = [:]
        subscript(attribute: String) -> String { attributes[attribute] ?? "" }
    }

    /// The start tags of an XML text, without declarations and comments.
    static func tags(_ text: String) -> [Tag] {
        var tags: [Tag] = []
        var rest = Substring(text)
        while let start = rest.firstIndex(of: "<") {
            rest = rest[start...]
            if rest.hasPrefix("<!--") {
                while !rest.hasPrefix("-->"), !rest.isEmpty { rest = rest.dropFirst() }
                continue
            }
            guard let end = rest.firstIndex(of: ">") else { break }
            let content = rest[rest.index(after: start)..<end]
            rest = rest[end...]
            guard let first = content.first, first.isLetter else { continue }
            // Attribute values hold no quotes: every second piece between quotes is a value.
            let pieces = content.split(separator: "\"", omittingEmptySubsequences: false)
            var tag = Tag(name: String(content.prefix { $0.isLetter }))
            for index in stride(from: 0, to: pieces.count - 1, by: 2) {
                let name = pieces[index].split(whereSeparator: { $0.isWhitespace || $0 == "=" }).last ?? ""
                tag.attributes[String(name)] = String(pieces[index + 1])
            }
            tags.append(tag)
        }
        return tags
    }
}
