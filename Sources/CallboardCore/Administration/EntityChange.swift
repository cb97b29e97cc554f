internal import ServiceBus

/// A setting as somebody gave it, not checked yet.
public struct SettingInput: Hashable, Sendable {
    /// The setting's name, such as `lock-duration`.
    public var name: String
    /// Its value as typed; empty for none, where a setting may have none.
    public var text: String

    /// A setting with a value.
    public init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
    }
}

/// One line of a difference.
public struct SettingDifference: Hashable, Sendable, Identifiable {
    /// The setting.
    public var setting: EntitySetting
    /// Its value before; nil for none.
    public var before: String?
    /// Its value afterwards; nil for none.
    public var after: String?

    /// The setting's name.
    public var id: String { setting.name }
}

/// A change of one entity or rule, worked out and checked before anything is sent: show its ``difference`` and ``consequences``, then let
/// ``Workspace/carryOut(_:with:)`` do it.
public struct EntityChange: Hashable, Sendable {
    /// What is done.
    public enum Operation: String, Hashable, Sendable {
        /// Something new is made.
        case create
        /// Settings are changed.
        case update
        /// It is removed with everything in it.
        case remove
    }

    /// What is done.
    public let operation: Operation
    /// To what.
    public let target: EntityTarget
    /// The settings as they are; nil for what is to be created.
    public let before: EntitySettings?
    /// The settings as they are to be; nil for what is to be removed.
    public let after: EntitySettings?
    /// What was given, checked, by the settings' names.
    let given: [String: String]
    /// What changes, setting by setting. For something new: what was given, everything else being the service's default.
    public let difference: [SettingDifference]
    /// What else follows, one sentence each, to be read before it is done.
    public let consequences: [String]

    /// Whether there is nothing to do.
    public var isEmpty: Bool { operation == .update && difference.isEmpty }

    // MARK: Working out

    /// Something new.
    /// - Throws: ``OperatorError`` of kind usage: no such setting, or not such a value.
    public static func creating(_ target: EntityTarget, _ inputs: [SettingInput]) throws(OperatorError) -> EntityChange {
        let given = try checked(inputs, target.kind)
        let blank: EntitySettings
        if let kind = target.kind.entity {
            blank = EntitySettings(
                target, .entity(EntityRevision(description: .init(path: target.path, kind: kind), definition: EntityDefinition(kind))))
        } else if case .rule(let name, _) = target {
            blank = EntitySettings(target, .rule(RuleRevision(rule: RuleDescription(name: name))))
        } else {
            throw OperatorError(.internal, "\(target) cannot be created.")
        }
        let after = try blank.applying(given)
        let shown = EntitySetting.all(of: target.kind).compactMap { setting in
            after[setting].map { SettingDifference(setting: setting, before: nil, after: $0) }
        }
        return EntityChange(
            operation: .create, target: target, before: nil, after: after, given: given, difference: shown,
            consequences: consequences(of: after))
    }

    /// Other settings for what is there.
    /// - Throws: ``OperatorError`` of kind usage: no such setting, not such a value, or one that is fixed for life.
    public static func updating(_ before: EntitySettings, _ inputs: [SettingInput]) throws(OperatorError) -> EntityChange {
        let target = before.target
        let given = try checked(inputs, target.kind)
        for setting in EntitySetting.all(of: target.kind) where setting.isFixed {
            guard let value = given[setting.name], value != before[setting] ?? setting.usual else { continue }
            throw OperatorError(
                .usage,
                "\(setting.name) of \(target) is \(before[setting] ?? "not set") for good: it is fixed when a "
                    + "\(target.kind.rawValue) is created.",
                hint: "Create another one with '\(setting.name)' \(value), and move the messages there.", entity: target.path)
        }
        return try reworking(before, given)
    }

    /// - Parameter given: checked values by the settings' names.
    static func reworking(_ before: EntitySettings, _ given: [String: String]) throws(OperatorError) -> EntityChange {
        let after = try before.applying(given)
        let difference = EntitySetting.all(of: before.target.kind).compactMap { setting -> SettingDifference? in
            let (old, new) = (before[setting], after[setting])
            return old == new ? nil : SettingDifference(setting: setting, before: old, after: new)
        }
        return EntityChange(
            operation: .update, target: before.target, before: before, after: after, given: given, difference: difference,
            consequences: difference.isEmpty ? [] : consequences(of: after, changing: difference))
    }

    /// The end of what is there.
    public static func removing(_ before: EntitySettings) -> EntityChange {
        let shown = before.all.map { SettingDifference(setting: $0.setting, before: $0.value, after: nil) }
        return EntityChange(
            operation: .remove, target: before.target, before: before, after: nil, given: [:], difference: shown,
            consequences: losses(before))
    }

    private static func checked(_ inputs: [SettingInput], _ kind: EntityTarget.Kind) throws(OperatorError) -> [String: String] {
        var given: [String: String] = [:]
        for input in inputs {
            let setting = try EntitySetting.named(input.name, of: kind)
            guard given[setting.name] == nil else { throw OperatorError(.usage, "\(setting.name) is given twice.") }
            do throws(SettingProblem) { given[setting.name] = try setting.checked(input.text) } catch {
                throw OperatorError(.usage, "\(error).", hint: setting.help)
            }
        }
        return given
    }

    // MARK: Consequences

    private static func consequences(of after: EntitySettings, changing difference: [SettingDifference]? = nil) -> [String] {
        func value(_ name: String) -> String? {
            guard let setting = EntitySetting.table.first(where: { $0.name == name }) else { return nil }
            if let difference, !difference.contains(where: { $0.setting.name == name }) { return nil }
            return after[setting]
        }
        var sentences: [String] = []
        switch value("status") {
        case "disabled"?: sentences.append("Nobody can send to it or receive from it.")
        case "send-disabled"?: sentences.append("Nobody can send to it.")
        case "receive-disabled"?: sentences.append("Nobody can receive from it.")
        default: break
        }
        if let idle = value("auto-delete-on-idle"), idle != "forever" {
            sentences.append("It is removed with all its messages when nobody uses it for \(idle).")
        }
        if let forward = value("forward-to") { sentences.append("Every message goes to \(forward); none can be received here.") }
        return sentences
    }

    private static func losses(_ before: EntitySettings) -> [String] {
        guard let entity = before.entity else {
            return ["Messages that only this rule takes no longer reach \(before.target.path.displayName)."]
        }
        var sentences: [String] = []
        if let subscriptions = entity.subscriptionCount, subscriptions > 0 {
            sentences.append("\(subscriptions) subscription\(subscriptions == 1 ? " goes" : "s go") with it, and all their messages.")
        }
        guard let counts = entity.counts else { return sentences + ["How many messages are lost is not known."] }
        let parts = [
            (counts.active, "active"), (counts.deadLetter, "dead-lettered"), (counts.scheduled, "scheduled"),
            (counts.transfer, "being forwarded"), (counts.transferDeadLetter, "that could not be forwarded"),
        ].filter { $0.0 > 0 }
        if !parts.isEmpty {
            sentences.append("Its messages are lost: \(parts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")).")
        }
        return sentences
    }
}

extension EntitySettings {
    /// These settings with others in their place.
    /// - Parameter given: checked values by the settings' names.
    fileprivate func applying(_ given: [String: String]) throws(OperatorError) -> EntitySettings {
        var changed = self
        switch content {
        case .entity(var revision):
            for setting in EntitySetting.all(of: target.kind) {
                guard let text = given[setting.name], text != self[setting] ?? "" else { continue }
                revision.definition[setting.element] = setting.wire(fromText: text)
            }
            changed.content = .entity(revision)
        case .rule(var revision):
            revision.rule = try RuleForm(revision.rule).applying(given)
            changed.content = .rule(revision)
        }
        return changed
    }
}

extension EntityChange {
    /// What a policy calls it.
    public var policyAction: PolicyAction { PolicyAction(operation, target.kind) }
}

extension PolicyAction {
    init(_ operation: EntityChange.Operation, _ kind: EntityTarget.Kind) {
        switch (kind, operation) {
        case (.rule, _): self = .changeRule
        case (_, .create): self = .createEntity
        case (_, .update): self = .updateEntity
        case (_, .remove): self = .deleteEntity
        }
    }
}
