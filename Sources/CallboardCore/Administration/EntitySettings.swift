public import ServiceBus

/// The settings of one entity or rule, as they are at the service or as they are to be.
///
/// What the table of settings does not know is kept and sent back as it came.
public struct EntitySettings: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case entity(EntityRevision)
        case rule(RuleRevision)
    }

    /// Whose settings they are.
    public let target: EntityTarget
    package var content: Content

    package init(_ target: EntityTarget, _ content: Content) {
        self.target = target
        self.content = content
    }

    /// The version the service gave them, to tell readings apart; nil for what is not there yet.
    public var version: String? {
        switch content {
        case .entity(let revision): revision.version
        case .rule(let revision): revision.version
        }
    }

    /// The entity with its counts; nil for a rule.
    public var entity: EntityDescription? { if case .entity(let revision) = content { revision.description } else { nil } }

    /// The rule; nil for an entity.
    public var rule: RuleDescription? { if case .rule(let revision) = content { revision.rule } else { nil } }

    /// The value of a setting, as people read it; nil when it has none.
    public subscript(_ setting: EntitySetting) -> String? {
        switch content {
        case .entity(let revision):
            guard let wire = revision.definition[setting.element], !wire.isEmpty else { return nil }
            return setting.text(fromWire: wire)
        case .rule(let revision): return RuleForm(revision.rule).values[setting.name]
        }
    }

    /// The settings that have a value, in the order of the table.
    public var all: [(setting: EntitySetting, value: String)] {
        if case .rule(let revision) = content {
            let values = RuleForm(revision.rule).values
            return EntitySetting.all(of: .rule).compactMap { setting in values[setting.name].map { (setting, $0) } }
        }
        return EntitySetting.all(of: target.kind).compactMap { setting in self[setting].map { (setting, $0) } }
    }

    /// What the service said besides, in its order: what is counted, and what this version has no setting for. Keys are not in it.
    public var others: [EntityDescription.Setting] {
        switch content {
        case .entity(let revision):
            let known = Set(EntitySetting.all(of: target.kind).map(\.element))
            return revision.description.settings.filter { !known.contains($0.name) }
        case .rule(let revision):
            return revision.rule.settings.filter {
                !$0.name.hasPrefix("Filter") && !$0.name.hasPrefix("Action") && $0.name != "Name"
            }
        }
    }

    /// When what they belong to was created: another time means another one of the same name.
    var createdAt: Timestamp? {
        switch content {
        case .entity(let revision): revision.description.createdAt
        case .rule(let revision): revision.rule.createdAt
        }
    }

    /// Whether both readings found the same settings, those unknown here included. Counts and times do not matter.
    func isUnchanged(since other: EntitySettings) -> Bool {
        switch (content, other.content) {
        case (.entity(let a), .entity(let b)):
            createdAt == other.createdAt && a.definition.settingElements == b.definition.settingElements
        case (.rule(let a), .rule(let b)): createdAt == other.createdAt && a.rule == b.rule
        default: false
        }
    }
}
