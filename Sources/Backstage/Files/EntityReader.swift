/// Turns a document of a file, or a value of a backend's answer, into an ``Entity``, or says why it is none.
struct EntityReader {
    let file: String
    /// Whether it reads a backend's answer: that has no lines, and holds the fields that were asked for, the version not always among them.
    let isAnswer: Bool
    private(set) var problems: [LoadProblem] = []

    /// - Parameters:
    ///   - file: the file, or the address of the backend.
    ///   - isAnswer: whether an answer of a backend is read.
    init(file: String, isAnswer: Bool = false) {
        self.file = file
        self.isAnswer = isAnswer
    }

    mutating func read(_ root: YAMLNode) -> Entity? {
        guard root.entries != nil else { return fail(root.line, "an entity is a mapping, not \(root.kindTitle)") }
        guard let kind = required("kind", of: root) else { return nil }
        guard let apiVersion = isAnswer && root["apiVersion"] == nil ? "" : required("apiVersion", of: root) else { return nil }
        guard let metadata = root["metadata"], metadata.entries != nil else {
            return fail(root["metadata"]?.line ?? root.line, "the \(quoted(kind)) has no 'metadata'")
        }
        guard let name = required("name", of: metadata, in: "metadata.") else { return nil }
        let namespace = metadata["namespace"]?.text ?? "default"
        let nameLine = metadata["name"]?.line ?? metadata.line
        for (what, part) in [("name", name), ("namespace", namespace)] where !Self.isValidName(part) {
            warn(nameLine, "the \(what) \(quoted(part)) is not one Backstage allows (63 letters, digits, '-', '_', '.')")
        }
        var entity = Entity(
            ref: EntityRef(kind: kind, namespace: namespace, name: name), apiVersion: apiVersion,
            origin: Entity.Origin(file: file, line: isAnswer ? nil : root.line))
        entity.title = metadata["title"]?.text
        entity.summary = metadata["description"]?.text
        entity.annotations = dictionary(metadata["annotations"], "metadata.annotations")
        entity.labels = dictionary(metadata["labels"], "metadata.labels")
        entity.tags = list(metadata["tags"], "metadata.tags").compactMap(\.text)
        entity.links = list(metadata["links"], "metadata.links").compactMap { node in
            node["url"]?.text.map { Entity.Link(url: $0, title: node["title"]?.text, type: node["type"]?.text) }
        }
        if let spec = root["spec"], !spec.isNull {
            if spec.entries != nil {
                entity.spec = EntityValue(spec)
                checkReferences(of: entity, spec)
            } else {
                warn(spec.line, "'spec' is \(spec.kindTitle), not a mapping; it is left out")
            }
        }
        return entity
    }

    /// The name rule of Backstage: 1 to 63 of `[A-Za-z0-9]`, with `-`, `_`, `.` between.
    static func isValidName(_ name: String) -> Bool {
        func isSeparator(_ byte: UInt8) -> Bool { "-_.".utf8.contains(byte) }
        let bytes = name.utf8
        guard (1...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else { return false }
        return !isSeparator(first) && !isSeparator(last)
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: isSeparator(byte)
                }
            }
    }

    private mutating func checkReferences(of entity: Entity, _ spec: YAMLNode) {
        for field in RelationField.fields(of: entity.kind) {
            guard let node = spec[field.key], !node.isNull else { continue }
            for reference in node.elements ?? [node] {
                guard let text = reference.text else {
                    warn(reference.line, "'spec.\(field.key)' holds \(reference.kindTitle), not an entity reference")
                    continue
                }
                if EntityRef(parsing: text, defaultKind: field.defaultKind) == nil {
                    let kindless = field.defaultKind == nil && EntityRef(parsing: text, defaultKind: "any") != nil
                    warn(
                        reference.line,
                        "'spec.\(field.key)': \(quoted(text)) is not an entity reference"
                            + (kindless ? "; it must name a kind, as in 'resource:\(text)'" : ""))
                }
            }
        }
    }

    private mutating func required(_ key: String, of node: YAMLNode, in prefix: String = "") -> String? {
        guard let value = node[key], !value.isNull else { return fail(node.line, "'\(prefix)\(key)' is missing") }
        guard let text = value.text, !text.isEmpty else { return fail(value.line, "'\(prefix)\(key)' is not a text") }
        return text
    }

    private mutating func dictionary(_ node: YAMLNode?, _ name: String) -> [String: String] {
        guard let node, !node.isNull else { return [:] }
        guard let entries = node.entries else {
            warn(node.line, "'\(name)' is \(node.kindTitle), not a mapping; it is left out")
            return [:]
        }
        var values: [String: String] = [:]
        for entry in entries {
            if let text = entry.value.text {
                values[entry.key] = text
            } else if !entry.value.isNull {
                warn(entry.line, "'\(name)': the value of \(quoted(entry.key)) is \(entry.value.kindTitle), not a text")
            }
        }
        return values
    }

    private mutating func list(_ node: YAMLNode?, _ name: String) -> [YAMLNode] {
        guard let node, !node.isNull else { return [] }
        guard let elements = node.elements else {
            warn(node.line, "'\(name)' is \(node.kindTitle), not a list; it is left out")
            return []
        }
        return elements
    }

    private func quoted(_ text: String) -> String { "'\(text.prefix(80))\(text.utf8.count > 80 ? "…" : "")'" }

    private mutating func warn(_ line: Int, _ message: String) {
        problems.append(LoadProblem(.warning, file: file, line: isAnswer ? nil : line, message: message))
    }

    private mutating func fail<Nothing>(_ line: Int, _ message: String) -> Nothing? {
        problems.append(LoadProblem(.error, file: file, line: isAnswer ? nil : line, message: message))
        return nil
    }
}
