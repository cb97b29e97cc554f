internal import ServiceBus

/// The `Config.json` of Microsoft's emulator, which the sandbox reads too (schema: ServiceBus-Emulator/Schema/Config-schema.json of the
/// installer's repository).
enum EmulatorForm {
    /// The format's settings with their names in the file, in the order of the published example.
    private static let shared: [(name: String, setting: String)] = [
        ("DeadLetteringOnMessageExpiration", "dead-letter-on-expiration"), ("DefaultMessageTimeToLive", "default-time-to-live"),
        ("DuplicateDetectionHistoryTimeWindow", "duplicate-detection-window"),
        ("ForwardDeadLetteredMessagesTo", "forward-dead-letters-to"), ("ForwardTo", "forward-to"), ("LockDuration", "lock-duration"),
        ("MaxDeliveryCount", "max-delivery-count"), ("RequiresDuplicateDetection", "requires-duplicate-detection"),
        ("RequiresSession", "requires-session"),
    ]
    /// What the emulator takes for granted where the service has other defaults.
    private static let defaults = [
        "default-time-to-live": "1h", "max-delivery-count": "3", "lock-duration": "1m", "duplicate-detection-window": "20s",
    ]
    private static let conditions: [(name: String, setting: String)] = [
        ("ContentType", "content-type"), ("CorrelationId", "correlation-id"), ("Label", "subject"), ("MessageId", "message-id"),
        ("ReplyTo", "reply-to"), ("ReplyToSessionId", "reply-to-session"), ("SessionId", "session"), ("To", "to"),
    ]

    private static func settings(of kind: EntityTarget.Kind) -> [(name: String, setting: EntitySetting)] {
        let own = EntitySetting.all(of: kind)
        return shared.compactMap { entry in own.first { $0.name == entry.setting }.map { (entry.name, $0) } }
    }

    // MARK: Writing

    /// The file's text, and what it does not say.
    static func write(_ topology: Topology) -> (text: String, lost: [String]) {
        var lost = LostSettings()
        var queues: [JSONTree] = []
        var topics: [JSONTree] = []
        for item in topology.items {
            switch item.target {
            case .queue(let path): queues.append(.object([("Name", .text(path.name)), ("Properties", properties(item, &lost))]))
            case .topic(let path):
                let subscriptions = topology.items.filter { $0.target.kind == .subscription && $0.target.path.topic == path }
                topics.append(
                    .object([
                        ("Name", .text(path.name)), ("Properties", properties(item, &lost)),
                        ("Subscriptions", .array(subscriptions.map { subscription($0, topology, &lost) })),
                    ]))
            case .subscription, .rule: break
            }
        }
        let namespace = JSONTree.object([
            ("Name", .text("sbemulatorns")), ("Queues", .array(queues)), ("Topics", .array(topics)),
        ])
        let document = JSONTree.object([
            ("UserConfig", .object([("Namespaces", .array([namespace])), ("Logging", .object([("Type", .text("File"))]))]))
        ])
        return (document.document, lost.sentences("is not known to Config.json"))
    }

    private static func properties(_ item: Topology.Item, _ lost: inout LostSettings) -> JSONTree {
        let known = settings(of: item.target.kind)
        lost.note(item, known: Set(known.map(\.setting.name)))
        return .object(
            known.map { name, setting in
                let value = item.values[setting.name] ?? setting.usual ?? ""
                switch setting.form {
                case .flag, .number: return (name, .word(value))
                default: return (name, .text(setting.wire(fromText: value) ?? ""))
                }
            })
    }

    private static func subscription(_ item: Topology.Item, _ topology: Topology, _ lost: inout LostSettings) -> JSONTree {
        var members: [(String, JSONTree)] = [
            ("Name", .text(item.target.path.subscription ?? "")), ("Properties", properties(item, &lost)),
        ]
        let rules = topology.rules(of: item.target.path).compactMap { rule($0, &lost) }
        if !rules.isEmpty { members.append(("Rules", .array(rules))) }
        return .object(members)
    }

    private static func rule(_ item: Topology.Item, _ lost: inout LostSettings) -> JSONTree? {
        guard case .rule(let name, _) = item.target else { return nil }
        guard item.values["parameters"] == nil, item.values["action-parameters"] == nil else {
            lost.say("The rule \(item.target.name) is left out: its parameters are not known to Config.json.")
            return nil
        }
        var properties: [(String, JSONTree)]
        if let expression = item.sqlText {
            properties = [("FilterType", .text("Sql")), ("SqlFilter", .object([("SqlExpression", .text(expression))]))]
        } else if item.values["filter"] == "correlation" {
            var filter = conditions.compactMap { entry in item.values[entry.setting].map { (entry.name, JSONTree.text($0)) } }
            guard let list = try? PropertyList.parse(item.values["properties"] ?? "") else {
                lost.say("The rule \(item.target.name) is left out: its properties are of a kind that is not known here.")
                return nil
            }
            if !list.isEmpty { filter.append(("Properties", .object(list.map { ($0.name, value($0)) }))) }
            if list.contains(where: { ["dateTime", "duration", "int"].contains($0.type) }) { lost.note("the type of a property", item) }
            properties = [("FilterType", .text("Correlation")), ("CorrelationFilter", .object(filter))]
        } else {
            lost.say("The rule \(item.target.name) is left out: its filter is of a kind that is not known here.")
            return nil
        }
        if let action = item.values["action"] { properties.append(("Action", .object([("SqlExpression", .text(action))]))) }
        return .object([("Name", .text(name)), ("Properties", .object(properties))])
    }

    private static func value(_ parameter: RuleDescription.Parameter) -> JSONTree {
        switch parameter.type {
        case "int", "long", "boolean": .word(parameter.value)
        case "double": Double(parameter.value).map { $0.isFinite ? .literal("\($0)") : .text(parameter.value) } ?? .text(parameter.value)
        default: .text(parameter.value)
        }
    }

    // MARK: Reading

    /// Reads a file whose top is `UserConfig`.
    static func read(_ root: PositionedJSON) -> Topology {
        var topology = Topology(namespace: "sbemulatorns")
        let namespaces = root["UserConfig"]?["Namespaces"]?.elements ?? []
        for namespace in namespaces {
            topology.namespace = namespace["Name"]?.text ?? topology.namespace
            for queue in namespace["Queues"]?.elements ?? [] { add(queue, .queue, "", to: &topology) }
            for topic in namespace["Topics"]?.elements ?? [] {
                guard let name = add(topic, .topic, "", to: &topology) else { continue }
                for subscription in topic["Subscriptions"]?.elements ?? [] {
                    guard let path = add(subscription, .subscription, "\(name)/", to: &topology) else { continue }
                    for rule in subscription["Rules"]?.elements ?? [] { addRule(rule, path, to: &topology) }
                }
            }
        }
        topology.sort()
        return topology
    }

    @discardableResult
    private static func add(_ node: PositionedJSON, _ kind: EntityTarget.Kind, _ prefix: String, to topology: inout Topology) -> String? {
        guard let name = node["Name"]?.text, let target = try? EntityTarget(kind, named: prefix + name) else {
            topology.notes.append("line \(node.line): a \(kind.rawValue) without a usable Name is left out.")
            return nil
        }
        var item = Topology.Item(target, [:])
        for (member, setting) in settings(of: kind) {
            guard let value = node["Properties"]?[member]?.scalar, !value.isEmpty else {
                // What is not said is the default of the emulator, or else that of the service.
                item.values[setting.name] = defaults[setting.name] ?? setting.usual
                continue
            }
            item.values[setting.name] = setting.text(fromWire: value)
        }
        topology.items.append(item)
        return target.name
    }

    private static func addRule(_ node: PositionedJSON, _ subscription: String, to topology: inout Topology) {
        guard let name = node["Name"]?.text, let target = try? EntityTarget(.rule, named: "\(subscription)/\(name)"),
            let properties = node["Properties"]
        else {
            topology.notes.append("line \(node.line): a rule without a usable Name or without Properties is left out.")
            return
        }
        var item = Topology.Item(target, [:])
        if let expression = properties["SqlFilter"]?["SqlExpression"]?.text, properties["FilterType"]?.text?.lowercased() != "correlation" {
            item.values = Topology.Item.values(ofSQL: expression)
        } else {
            item.values["filter"] = "correlation"
            let filter = properties["CorrelationFilter"]
            for (member, setting) in conditions {
                if let value = filter?[member]?.text, !value.isEmpty { item.values[setting] = value }
            }
            let list = (filter?["Properties"]?.members ?? []).compactMap { $0.value.parameter(named: $0.key) }
            if !list.isEmpty { item.values["properties"] = PropertyList.text(list) }
        }
        if let action = properties["Action"]?["SqlExpression"]?.text, !action.isEmpty { item.values["action"] = action }
        topology.items.append(item)
    }
}

extension Topology.Item {
    /// The condition of a rule in SQL; nil for a correlation filter.
    var sqlText: String? {
        switch values["filter"] {
        case "all": "1=1"
        case "none": "1=0"
        case "sql": values["sql"]
        default: nil
        }
    }

    /// The values of a rule with that condition; those that are always true and never true have names.
    static func values(ofSQL expression: String) -> [String: String] {
        if let constant = ["1=1": "all", "1=0": "none"][expression] { return ["filter": constant] }
        return ["filter": "sql", "sql": expression]
    }
}

extension PositionedJSON {
    /// A member of an object, whatever the case of its name.
    subscript(_ name: String) -> PositionedJSON? {
        members.first { $0.key.lowercased() == name.lowercased() }?.value
    }

    var members: [(key: String, value: PositionedJSON)] { if case .object(let members) = value { members } else { [] } }
    var elements: [PositionedJSON] { if case .array(let elements) = value { elements } else { [] } }
    var text: String? { if case .string(let text) = value { text } else { nil } }

    /// A text, number or truth value as text.
    var scalar: String? {
        switch value {
        case .string(let text): text
        case .number(_, let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    fileprivate func parameter(named name: String) -> RuleDescription.Parameter? {
        switch value {
        case .string(let text): .init(name: name, value: text)
        case .bool(let flag): .init(name: name, type: "boolean", value: flag ? "true" : "false")
        case .number(_, let text): .init(name: name, type: Int64(text) == nil ? "double" : "long", value: text)
        case .null, .array, .object: nil
        }
    }
}
