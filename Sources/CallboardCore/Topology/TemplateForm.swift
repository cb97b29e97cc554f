internal import ServiceBus

/// An ARM template: JSON whose texts in brackets are expressions. Written with the namespace's name as a parameter; read with the few
/// functions that names are made of.
enum TemplateForm {
    private static let schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    private static let parameter = "namespaceName"

    // MARK: Writing

    static func write(_ topology: Topology) -> (text: String, lost: [String]) {
        let (resources, lost) = ResourceForm.resources(of: topology)
        let written = resources.map { resource -> JSONTree in
            var members: [(String, JSONTree)] = [
                ("type", .text(ResourceForm.types[resource.target.kind] ?? "")), ("apiVersion", .text(ResourceForm.version)),
                ("name", .text(name(resource.target))), ("properties", escaped(resource.properties)),
            ]
            let owner = Self.owner(resource.target).map { [$0] } ?? []
            let needed = owner + resource.dependencies
            if !needed.isEmpty { members.append(("dependsOn", .array(needed.map { .text(id($0)) }))) }
            return .object(members)
        }
        let document = JSONTree.object([
            ("$schema", .text(schema)), ("contentVersion", .text("1.0.0.0")),
            ("parameters", .object([(parameter, .object([("type", .text("string")), ("defaultValue", .text(topology.namespace))]))])),
            ("resources", .array(written)),
        ])
        return (document.document, lost)
    }

    private static func owner(_ target: EntityTarget) -> EntityTarget? {
        switch target {
        case .queue, .topic: nil
        case .subscription(let path): path.topic.map { .topic($0) }
        case .rule(_, let path): .subscription(path)
        }
    }

    private static func name(_ target: EntityTarget) -> String {
        let parts = ResourceForm.nameParts(target)
        let places = (0...parts.count).map { "{\($0)}" }.joined(separator: "/")
        return "[format('\(places)', parameters('\(parameter)'), \(parts.map(quoted).joined(separator: ", ")))]"
    }

    private static func id(_ target: EntityTarget) -> String {
        let parts = ResourceForm.nameParts(target).map(quoted).joined(separator: ", ")
        return "[resourceId('\(ResourceForm.types[target.kind] ?? "")', parameters('\(parameter)'), \(parts))]"
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    /// A text in brackets would be an expression; two at its beginning stand for one.
    private static func escaped(_ tree: JSONTree) -> JSONTree {
        switch tree {
        case .text(let text): .text(text.hasPrefix("[") && text.hasSuffix("]") ? "[\(text)" : text)
        case .literal: tree
        case .object(let members): .object(members.map { ($0.0, escaped($0.1)) })
        case .array(let elements): .array(elements.map(escaped))
        }
    }

    // MARK: Reading

    static func read(_ root: PositionedJSON) -> Topology {
        var defaults: [String: String] = [:]
        for (name, definition) in root["parameters"]?.members ?? [] { defaults[name.lowercased()] = definition["defaultValue"]?.scalar }
        let evaluator = TemplateExpression(parameters: defaults)
        var topology = Topology(namespace: defaults[parameter.lowercased()] ?? "")
        for resource in root["resources"]?.elements ?? [] { add(resource, "", [], evaluator, to: &topology) }
        topology.sort()
        return topology
    }

    private static func add(
        _ node: PositionedJSON, _ parentType: String, _ parentParts: [String], _ evaluator: TemplateExpression, to topology: inout Topology
    ) {
        guard var type = node["type"]?.text, let nameText = node["name"]?.text, let name = evaluator.value(of: nameText) else {
            topology.notes.append("line \(node.line): a resource is left out whose type or name cannot be worked out here.")
            return
        }
        // A resource inside another one may be named by its last part alone.
        var parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if !type.contains("."), !parentType.isEmpty {
            type = "\(parentType)/\(type)"
            parts = parentParts + parts
        }
        defer { for child in node["resources"]?.elements ?? [] { add(child, type, parts, evaluator, to: &topology) } }
        if type.lowercased() == "microsoft.servicebus/namespaces" {
            topology.namespace = parts.last ?? topology.namespace
            return
        }
        guard let kind = ResourceForm.types.first(where: { $0.value.lowercased() == type.lowercased() })?.key,
            parts.count == type.split(separator: "/").count - 1
        else {
            topology.notes.append("line \(node.line): \(type) is left out: only queues, topics, subscriptions and rules are taken over.")
            return
        }
        parts.removeFirst()
        parts[0] = parts[0].split(separator: "~", omittingEmptySubsequences: false).joined(separator: "/")
        guard let target = try? EntityTarget(kind, named: parts.joined(separator: "/")) else {
            topology.notes.append("line \(node.line): '\(name)' does not name a \(kind.rawValue).")
            return
        }
        topology.items.append(Topology.Item(target, values(node["properties"], kind, evaluator)))
    }

    private static func values(_ node: PositionedJSON?, _ kind: EntityTarget.Kind, _ evaluator: TemplateExpression) -> [String: String] {
        guard let node else { return kind == .rule ? ["filter": "all"] : [:] }
        func scalar(_ node: PositionedJSON?) -> String? { node?.scalar.flatMap { evaluator.value(of: $0) } }
        guard kind == .rule else {
            var values: [String: String] = [:]
            for setting in EntitySetting.all(of: kind) {
                guard let name = ResourceForm.property(setting, of: kind), let wire = scalar(node[name]), !wire.isEmpty else { continue }
                values[setting.name] = setting.text(fromWire: wire)
            }
            return values
        }
        var values: [String: String]
        if let expression = scalar(node["sqlFilter"]?["sqlExpression"]) {
            values = Topology.Item.values(ofSQL: expression)
        } else if let filter = node["correlationFilter"] {
            values = ["filter": "correlation"]
            for (member, setting) in ResourceForm.conditions {
                if let value = scalar(filter[member]), !value.isEmpty { values[setting] = value }
            }
            let list = (filter["properties"]?.members ?? []).compactMap { member in
                scalar(member.value).map { RuleDescription.Parameter(name: member.key, value: $0) }
            }
            if !list.isEmpty { values["properties"] = PropertyList.text(list) }
        } else {
            values = ["filter": "all"]
        }
        if let action = scalar(node["action"]?["sqlExpression"]), !action.isEmpty { values["action"] = action }
        return values
    }
}
