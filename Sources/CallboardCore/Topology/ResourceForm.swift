internal import ServiceBus

/// Entities as Azure Resource Manager describes them: a tree of resources that is written as an ARM template or as Bicep.
///
/// Source: Microsoft.ServiceBus/namespaces/queues, topics, subscriptions and rules of the template reference, version 2022-10-01-preview.
enum ResourceForm {
    static let version = "2022-10-01-preview"
    static let types: [EntityTarget.Kind: String] = [
        .queue: "Microsoft.ServiceBus/namespaces/queues", .topic: "Microsoft.ServiceBus/namespaces/topics",
        .subscription: "Microsoft.ServiceBus/namespaces/topics/subscriptions",
        .rule: "Microsoft.ServiceBus/namespaces/topics/subscriptions/rules",
    ]

    /// The resource's property for a setting; nil where resources have none.
    static func property(_ setting: EntitySetting, of kind: EntityTarget.Kind) -> String? {
        switch setting.name {
        case "user-metadata": nil
        case "supports-ordering" where kind != .topic: nil
        case "batched-operations": "enableBatchedOperations"
        default: setting.element.prefix(1).lowercased() + setting.element.dropFirst()
        }
    }

    static let conditions: [(name: String, setting: String)] = [
        ("contentType", "content-type"), ("correlationId", "correlation-id"), ("label", "subject"), ("messageId", "message-id"),
        ("replyTo", "reply-to"), ("replyToSessionId", "reply-to-session"), ("sessionId", "session"), ("to", "to"),
    ]

    /// A resource to be written.
    struct Resource {
        var target: EntityTarget
        var properties: JSONTree
        /// What must be there before it: its owner is understood.
        var dependencies: [EntityTarget]
    }

    /// The resources of a topology, and what they do not say.
    static func resources(of topology: Topology) -> (resources: [Resource], lost: [String]) {
        var lost = LostSettings()
        var resources: [Resource] = []
        let roots = Dictionary(
            topology.items.filter { $0.target.kind == .queue || $0.target.kind == .topic }.map { ($0.target.path, $0.target) },
            uniquingKeysWith: { first, _ in first })
        var order = DependencyOrder()
        for item in topology.items {
            if item.target.kind == .rule {
                if let properties = rule(item, &lost) {
                    resources.append(Resource(target: item.target, properties: properties, dependencies: []))
                }
                continue
            }
            var dependencies: [EntityTarget] = []
            for name in ["forward-to", "forward-dead-letters-to"] {
                guard let path = item.values[name].flatMap({ try? EntityPath.queue($0) }), let target = roots[path] else { continue }
                let from = item.target.path.topic ?? item.target.path
                if order.add(from, needs: path) {
                    if !dependencies.contains(target) { dependencies.append(target) }
                } else {
                    lost.say("\(item.target.name) and \(path.displayName) forward to each other: deploy twice if the first time fails.")
                }
            }
            resources.append(Resource(target: item.target, properties: properties(item, &lost), dependencies: dependencies))
        }
        return (resources, lost.sentences("is not known to templates"))
    }

    private static func properties(_ item: Topology.Item, _ lost: inout LostSettings) -> JSONTree {
        var known: Set<String> = []
        var members: [(String, JSONTree)] = []
        for setting in EntitySetting.all(of: item.target.kind) {
            guard let name = property(setting, of: item.target.kind) else { continue }
            known.insert(setting.name)
            guard let value = item.values[setting.name] else { continue }
            // Only the premium tier has it, and the others refuse it.
            if setting.name == "max-message-kilobytes", Int(value) ?? 0 <= 256 { continue }
            switch setting.form {
            case .flag, .number: members.append((name, .word(value)))
            default: members.append((name, .text(setting.wire(fromText: value) ?? "")))
            }
        }
        lost.note(item, known: known)
        return .object(members)
    }

    private static func rule(_ item: Topology.Item, _ lost: inout LostSettings) -> JSONTree? {
        guard item.values["parameters"] == nil, item.values["action-parameters"] == nil else {
            lost.say("The rule \(item.target.name) is left out: its parameters are not known to templates.")
            return nil
        }
        func expression(_ text: String) -> JSONTree {
            .object([("sqlExpression", .text(text)), ("compatibilityLevel", .literal("20")), ("requiresPreprocessing", .flag(false))])
        }
        var members: [(String, JSONTree)]
        if let text = item.sqlText {
            members = [("filterType", .text("SqlFilter")), ("sqlFilter", expression(text))]
        } else if item.values["filter"] == "correlation" {
            var filter = conditions.compactMap { entry in item.values[entry.setting].map { (entry.name, JSONTree.text($0)) } }
            guard let list = try? PropertyList.parse(item.values["properties"] ?? "") else {
                lost.say("The rule \(item.target.name) is left out: its properties are of a kind that is not known here.")
                return nil
            }
            if !list.isEmpty { filter.append(("properties", .object(list.map { ($0.name, .text($0.value)) }))) }
            if list.contains(where: { $0.type != "string" }) { lost.note("the type of a property", item) }
            members = [("filterType", .text("CorrelationFilter")), ("correlationFilter", .object(filter))]
        } else {
            lost.say("The rule \(item.target.name) is left out: its filter is of a kind that is not known here.")
            return nil
        }
        if let action = item.values["action"] { members.append(("action", expression(action))) }
        return .object(members)
    }

    /// The parts of a resource's name below the namespace. Resource Manager writes the slash in a queue's or topic's name as a tilde.
    static func nameParts(_ target: EntityTarget) -> [String] {
        var parts = [target.path.name.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~")]
        if let subscription = target.path.subscription { parts.append(subscription) }
        if case .rule(let name, _) = target { parts.append(name) }
        return parts
    }

    /// What needs what, without circles: a template with one cannot be deployed.
    private struct DependencyOrder {
        private var needs: [EntityPath: Set<EntityPath>] = [:]

        /// Adds a dependency unless it closed a circle.
        mutating func add(_ path: EntityPath, needs other: EntityPath) -> Bool {
            var seen: Set<EntityPath> = []
            var open = [other]
            while let next = open.popLast() {
                if next == path { return false }
                if seen.insert(next).inserted { open += needs[next] ?? [] }
            }
            needs[path, default: []].insert(other)
            return true
        }
    }
}
