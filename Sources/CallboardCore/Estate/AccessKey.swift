public import ServiceBus

/// A key that may use one entity: its name and what it allows. The key itself is not here.
public struct AccessKey: Hashable, Sendable {
    /// The key's name.
    public var name: String
    /// `Listen`, `Send`, `Manage`.
    public var rights: [String]
}

extension EntityDescription {
    private static let keyPrefix = "AuthorizationRules."

    /// The keys that may use this entity alone, as far as the service says.
    public var accessKeys: [AccessKey] {
        var keys: [AccessKey] = []
        for setting in self.settings where setting.name.hasPrefix(Self.keyPrefix) {
            if setting.name.hasSuffix(".AuthorizationRule@type") || (keys.isEmpty && !setting.name.hasSuffix("@type")) {
                keys.append(AccessKey(name: "", rights: []))
            }
            guard !keys.isEmpty else { continue }
            if setting.name.hasSuffix(".KeyName") { keys[keys.count - 1].name = setting.value }
            if setting.name.hasSuffix(".AccessRights") { keys[keys.count - 1].rights.append(setting.value) }
        }
        return keys.filter { !$0.name.isEmpty }
    }

    /// All settings but what belongs to keys.
    public var settingsWithoutKeys: [Setting] {
        self.settings.filter { $0.name != "AuthorizationRules" && !$0.name.hasPrefix(Self.keyPrefix) }
    }
}
