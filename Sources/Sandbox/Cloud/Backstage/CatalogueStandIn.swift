internal import Yams

/// The entities of a Backstage catalogue with the relations that its processing loop would find.
struct CatalogueStandIn: Sendable {
    /// An entity, and what filters compare it by.
    struct Entity: Sendable {
        let ref: String
        let json: CloudJSON
        /// Lower-case `path=value` and `path`.
        let index: Set<String>
        /// Lower-case text that a full-text filter looks in.
        let text: String
    }

    /// In the order they were given.
    let entities: [Entity]
    private let places: [String: Int]

    /// Reads YAML documents; what is no entity is left out.
    init(yaml: String) {
        self.init(((try? Array(Yams.compose_all(yaml: yaml))) ?? []).map { CloudJSON($0) })
    }

    /// Takes entities as files hold them; what is no entity is left out.
    init(_ documents: [CloudJSON]) {
        var read: [(ref: String, json: CloudJSON)] = []
        for json in documents {
            guard let ref = Self.ref(of: json) else { continue }
            let metadata = (json["metadata"] ?? .object([])).setting("namespace", .string(Self.namespace(of: json)))
                .setting("uid", .string(Self.uid(ref))).setting("etag", .string(Self.uid("\(ref)#")))
            read.append((ref, json.setting("metadata", metadata)))
        }
        var relations: [String: [(type: String, target: String)]] = [:]
        for (ref, json) in read {
            for (type, inverse, target) in Self.relations(of: json) {
                relations[ref, default: []].append((type, target))
                relations[target, default: []].append((inverse, ref))
            }
        }
        entities = read.map { ref, json in
            let own = (relations[ref] ?? []).map {
                CloudJSON.object([.init(key: "type", value: .string($0.type)), .init(key: "targetRef", value: .string($0.target))])
            }
            var index: Set<String> = []
            Self.flatten(json, "", into: &index)
            for relation in relations[ref] ?? [] {
                index.insert("relations.\(relation.type.lowercased())")
                index.insert("relations.\(relation.type.lowercased())=\(relation.target)")
            }
            let words = [json["metadata"]?["name"], json["metadata"]?["title"], json["spec"]?["profile"]?["displayName"]]
            return Entity(
                ref: ref, json: json.setting("relations", .array(own)), index: index,
                text: words.compactMap { $0?.text }.joined(separator: " ").lowercased())
        }
        places = Dictionary(entities.enumerated().map { ($1.ref, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The entity of a reference such as `component:default/checkout`, in any case.
    func entity(_ ref: String) -> Entity? { places[ref.lowercased()].map { entities[$0] } }

    // MARK: Reading

    private static func namespace(of json: CloudJSON) -> String { json["metadata"]?["namespace"]?.text ?? "default" }

    private static func ref(of json: CloudJSON) -> String? {
        guard let kind = json["kind"]?.text, let name = json["metadata"]?["name"]?.text else { return nil }
        return "\(kind):\(namespace(of: json))/\(name)".lowercased()
    }

    /// A stable UUID of a text (FNV-1a, spread over its digits): ids need only differ.
    private static func uid(_ text: String) -> String {
        func hash(_ seed: UInt64) -> String {
            let value = text.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        let digits = Array(hash(0xcbf2_9ce4_8422_2325) + hash(0x8422_2325_cbf2_9ce4))
        let cuts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return cuts.map { String(digits[$0]) }.joined(separator: "-")
    }

    private static func relations(of json: CloudJSON) -> [(type: String, inverse: String, target: String)] {
        guard let spec = json["spec"], let kind = json["kind"]?.text?.lowercased() else { return [] }
        func full(_ text: String, _ usual: String) -> String {
            var rest = Substring(text.lowercased())
            var kind = usual
            if let colon = rest.firstIndex(of: ":") {
                kind = String(rest[..<colon])
                rest = rest[rest.index(after: colon)...]
            }
            return "\(kind):\(rest.contains("/") ? "" : "default/")\(rest)"
        }
        var found: [(String, String, String)] = []
        func one(_ key: String, _ usual: String, _ type: String, _ inverse: String) {
            if let text = spec[key]?.text { found.append((type, inverse, full(text, usual))) }
        }
        func many(_ key: String, _ usual: String, _ type: String, _ inverse: String) {
            for element in spec[key]?.elements ?? [] {
                if let text = element.text { found.append((type, inverse, full(text, usual))) }
            }
        }
        one("owner", "group", "ownedBy", "ownerOf")
        one("system", "system", "partOf", "hasPart")
        one("domain", "domain", "partOf", "hasPart")
        many("dependsOn", "component", "dependsOn", "dependencyOf")
        many("providesApis", "api", "providesApi", "apiProvidedBy")
        many("consumesApis", "api", "consumesApi", "apiConsumedBy")
        if kind == "user" { many("memberOf", "group", "memberOf", "hasMember") }
        if kind == "group" { one("parent", "group", "childOf", "parentOf") }
        return found
    }

    /// Every path that filters may name, as the catalogue's search table has them.
    private static func flatten(_ json: CloudJSON, _ path: String, into index: inout Set<String>) {
        func child(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
        func add(_ value: String) {
            index.insert(path.lowercased())
            index.insert("\(path)=\(value)".lowercased())
        }
        switch json {
        case .object(let members):
            index.insert(path.lowercased())
            for member in members { flatten(member.value, child(member.key), into: &index) }
        case .array(let elements):
            for element in elements {
                flatten(element, path, into: &index)
                // A value of a list can be named as if it were a member.
                if case .string(let text) = element {
                    index.insert(child(text).lowercased())
                    index.insert("\(child(text))=true".lowercased())
                }
            }
        case .string(let text): add(text)
        case .int(let number): add(String(number))
        case .bool(let flag): add(flag ? "true" : "false")
        case .fraction(let number): add(String(number))
        case .null: break
        }
    }
}

extension CloudJSON {
    /// A YAML value; plain scalars may be numbers and booleans, quoted ones are texts.
    fileprivate init(_ node: Node) {
        switch node {
        case .mapping(let mapping):
            self = .object(mapping.compactMap { key, value in key.string.map { Member(key: $0, value: CloudJSON(value)) } })
        case .sequence(let sequence): self = .array(sequence.map { CloudJSON($0) })
        case .scalar(let scalar):
            guard scalar.style == .plain else {
                self = .string(scalar.string)
                return
            }
            self = node.bool.map { .bool($0) } ?? node.int.map { .int(Int64($0)) } ?? (node.null == nil ? .string(scalar.string) : .null)
        default: self = .null
        }
    }
}
