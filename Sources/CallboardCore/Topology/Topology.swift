internal import ServiceBus

/// What a namespace consists of: its queues, topics, subscriptions and rules with their settings, without a message and without a key.
///
/// This room writes it as the emulator's `Config.json` (``EmulatorForm``), as an ARM template (``ResourceForm``) and as Bicep, reads the
/// first two again, and works out what a namespace lacks of one (``TopologyPlan``).
public struct Topology: Hashable, Sendable {
    /// One entity or rule.
    public struct Item: Hashable, Sendable {
        /// What it is.
        public var target: EntityTarget
        /// Its settings by name, as people read them.
        public var values: [String: String]

        /// Creates an item.
        public init(_ target: EntityTarget, _ values: [String: String]) {
            self.target = target
            self.values = values
        }
    }

    /// The namespace's name.
    public var namespace: String
    /// Queues, then topics, each with its subscriptions, each with its rules, in the order of names. A subscription without rules here has the
    /// one it starts with, which takes everything.
    public var items: [Item]
    /// What could not be taken over, one sentence each.
    public var notes: [String]

    /// Puts a topology together.
    public init(namespace: String, items: [Item] = [], notes: [String] = []) {
        self.namespace = namespace
        self.items = items
        self.notes = notes
    }

    /// The rules of a subscription.
    func rules(of subscription: EntityPath) -> [Item] {
        items.filter { if case .rule(_, let path) = $0.target { path == subscription } else { false } }
    }

    mutating func sort() {
        func key(_ item: Item) -> (Int, EntityPath, Int, String) {
            if case .rule(let name, let path) = item.target { return (1, path, 1, name) }
            return (item.target.kind == .queue ? 0 : 1, item.target.path, 0, "")
        }
        items.sort { key($0) < key($1) }
    }
}

extension Topology.Item {
    /// Takes an entity's settings over from its description.
    init(_ entity: EntityDescription) {
        self.init(EntityTarget(entity), [:])
        for setting in EntitySetting.all(of: target.kind) {
            guard let wire = entity.settings.first(where: { $0.name == setting.element })?.value, !wire.isEmpty else { continue }
            values[setting.name] = setting.text(fromWire: wire)
        }
        // A partitioned entity has sixteen times the size that was asked for, and what is written is what is to be asked for.
        if values["partitioned"] == "true", let size = values["max-size-megabytes"].flatMap({ Int($0) }), size > 5120 {
            values["max-size-megabytes"] = String(size / 16)
        }
    }

    /// The values in which this differs from what there is, in the order of the table. What is not said is as it is.
    func differences(from existing: Topology.Item) -> [SettingDifference] {
        EntitySetting.all(of: target.kind).compactMap { setting in
            guard let wanted = values[setting.name] else { return nil }
            let found = existing.values[setting.name]
            return wanted == found ?? setting.usual ?? "" ? nil : SettingDifference(setting: setting, before: found, after: wanted)
        }
    }

    /// Whether a rule takes everything and changes nothing.
    var takesEverything: Bool { values["filter"] == "all" && values["action"] == nil }

    var inputs: [SettingInput] {
        EntitySetting.all(of: target.kind).compactMap { setting in values[setting.name].map { SettingInput(setting.name, $0) } }
    }
}

extension Workspace {
    /// What this namespace consists of. Costs a call for each subscription besides the lists.
    /// - Parameter isComplete: with the rules too that subscriptions start with.
    public func topology(isComplete: Bool = false) async throws(OperatorError) -> Topology {
        var topology = Topology(namespace: Self.namespaceName(title.endpoint))
        var pages = entityPages().makeAsyncIterator()
        while let page = try await pages.next() {
            for entity in page {
                topology.items.append(.init(entity))
                guard entity.kind == .subscription else { continue }
                let rules = try await rules(of: entity.path)
                if rules.isEmpty {
                    topology.notes.append("\(entity.path.displayName) has no rules and gets no messages: that cannot be written.")
                }
                let items = rules.map { Topology.Item(.rule($0.name, of: entity.path), RuleForm($0).normalizedValues) }
                let isAsNew = rules.count == 1 && rules[0].name == RuleDescription.defaultName && items.allSatisfy(\.takesEverything)
                if isComplete || !isAsNew { topology.items += items }
            }
        }
        topology.sort()
        return topology
    }

    private static func namespaceName(_ host: String) -> String {
        guard host.lowercased().hasSuffix(".windows.net") || host.lowercased().hasSuffix(".azure.net") else { return "sbemulatorns" }
        return String(host.prefix { $0 != "." })
    }
}

extension RuleForm {
    /// The values, with the conditions that are always true and never true under their names.
    var normalizedValues: [String: String] {
        var values = values
        guard let sql = values["sql"], values["parameters"] == nil else { return values }
        values["sql"] = nil
        return values.merging(Topology.Item.values(ofSQL: sql)) { _, new in new }
    }
}
