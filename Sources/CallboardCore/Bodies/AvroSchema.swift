/// An Avro schema, as an object container file carries it in JSON (Avro specification 1.12, "Schema Declaration").
struct AvroSchema {
    indirect enum Shape {
        case null, boolean, int, long, float, double, bytes, string
        case record(name: String, fields: [(name: String, shape: Shape)])
        case enumeration(name: String, symbols: [String])
        case array(Shape)
        case map(Shape)
        case union([Shape])
        case fixed(name: String, size: UInt64)
        /// A type declared elsewhere in the schema.
        case named(String)
        /// What a primitive is to mean.
        case logical(String, Shape, scale: Int)
    }

    let root: Shape
    /// The declared types, by full name.
    private(set) var types: [String: Shape] = [:]

    /// Reads a schema.
    init(json: [UInt8], limits: BodyLimits, clock: BodyClock) throws(BodyFault) {
        var builder = BodyTreeBuilder(.json, limits: limits, clock: clock)
        try JSONBody.read(json, isWhole: true, into: &builder)
        var parser = Parser(tree: builder.finished())
        root = try parser.shape(0, in: "")
        types = parser.types
    }

    func resolved(_ name: String) -> Shape? { types[name] }

    private struct Parser {
        let tree: BodyTree
        var types: [String: Shape] = [:]

        private func fault(_ what: String) -> BodyFault { .malformed("Avro schema: \(what)", at: 0) }

        private func member(_ name: String, of node: Int) -> Int? {
            tree.children(of: node).first { tree.nodes[$0].step == .member(name) }
        }

        private func text(_ name: String, of node: Int) -> String? { member(name, of: node).flatMap { tree.leafText(of: $0) } }

        private func fullName(_ name: String, in space: String) -> String {
            name.contains(".") || space.isEmpty ? name : "\(space).\(name)"
        }

        mutating func shape(_ node: Int, in space: String) throws(BodyFault) -> Shape {
            switch tree.nodes[node].value {
            case .text(let name, _): return try named(name, in: space)
            case .array:
                var branches: [Shape] = []
                for child in tree.children(of: node) { branches.append(try shape(child, in: space)) }
                return .union(branches)
            case .object: return try declared(node, in: space)
            default: throw fault("a type is neither a name, a list nor an object")
            }
        }

        private func named(_ name: String, in space: String) throws(BodyFault) -> Shape {
            switch name {
            case "null": return .null
            case "boolean": return .boolean
            case "int": return .int
            case "long": return .long
            case "float": return .float
            case "double": return .double
            case "bytes": return .bytes
            case "string": return .string
            default:
                let full = fullName(name, in: space)
                if types[full] != nil { return .named(full) }
                if types[name] != nil { return .named(name) }
                throw fault("there is no type '\(name)'")
            }
        }

        private mutating func declared(_ node: Int, in space: String) throws(BodyFault) -> Shape {
            guard let type = member("type", of: node) else { throw fault("an object without a type") }
            guard case .text(let word, _) = tree.nodes[type].value else { return try shape(type, in: space) }
            switch word {
            case "record", "error", "enum", "fixed": return try declaredByName(node, word, in: space)
            case "array":
                guard let items = member("items", of: node) else { throw fault("an array without items") }
                return .array(try shape(items, in: space))
            case "map":
                guard let values = member("values", of: node) else { throw fault("a map without values") }
                return .map(try shape(values, in: space))
            default: return logical(node, try named(word, in: space))
            }
        }

        private func logical(_ node: Int, _ shape: Shape) -> Shape {
            guard let name = text("logicalType", of: node) else { return shape }
            return .logical(name, shape, scale: text("scale", of: node).flatMap { Int($0) } ?? 0)
        }

        private mutating func declaredByName(_ node: Int, _ word: String, in space: String) throws(BodyFault) -> Shape {
            guard let short = text("name", of: node) else { throw fault("a \(word) without a name") }
            let full = fullName(short, in: text("namespace", of: node) ?? space)
            let inner = full.lastIndex(of: ".").map { String(full[..<$0]) } ?? ""
            switch word {
            case "enum":
                let symbols = member("symbols", of: node).map { tree.children(of: $0).compactMap { tree.leafText(of: $0) } } ?? []
                types[full] = .enumeration(name: full, symbols: symbols)
            case "fixed":
                guard let size = text("size", of: node).flatMap({ UInt64($0) }) else { throw fault("a fixed without a size") }
                types[full] = logical(node, .fixed(name: full, size: size))
            default:
                // Before its fields, which may name it.
                types[full] = .record(name: full, fields: [])
                var fields: [(name: String, shape: Shape)] = []
                if let list = member("fields", of: node) {
                    for field in tree.children(of: list) {
                        guard let name = text("name", of: field), let type = member("type", of: field) else {
                            throw fault("a field without a name or type")
                        }
                        // `{"type": "long", "logicalType": …}` may stand in the field itself, as many write it.
                        let read = try shape(type, in: inner)
                        fields.append((name, logical(field, read)))
                    }
                }
                types[full] = .record(name: full, fields: fields)
            }
            return .named(full)
        }
    }
}
