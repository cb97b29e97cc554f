internal import Crypto
internal import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What Azure Resource Manager keeps of the namespace itself: tags, whether keys are taken, and the keys that open all of it.
struct NamespaceResource: Sendable {
    static let maximumTags = 50

    /// A named pair of keys of the namespace.
    struct KeyRule: Hashable, Sendable {
        var name: String
        var rights: Rights
        var primaryKey: String
        var secondaryKey: String
    }

    var tags: [CloudJSON.Member] = [.init(key: "environment", value: "production"), .init(key: "backstage.io-owner", value: "platform")]
    /// Whether shared access signatures are refused, whatever signed them.
    var isLocalAuthDisabled = false
    var rules: [KeyRule]
    var modifiedAt: Timestamp

    init(rules: [AccessPolicy.Rule], modifiedAt: Timestamp) {
        self.rules = rules.map { KeyRule(name: $0.name, rights: $0.rights, primaryKey: $0.key, secondaryKey: Self.makeKey()) }
        self.modifiedAt = modifiedAt
    }

    /// The rules as tokens are checked against them: either key of each.
    var policy: AccessPolicy {
        AccessPolicy(
            rules: rules.flatMap { rule in
                [rule.primaryKey, rule.secondaryKey].map { AccessPolicy.Rule(name: rule.name, key: $0, rights: rule.rights) }
            })
    }

    static func makeKey() -> String { SymmetricKey(size: .bits256).withUnsafeBytes { Data($0).base64EncodedString() } }
}

extension Rights {
    /// As ARM lists them.
    var names: [String] {
        var names: [String] = []
        if contains(.listen) { names.append("Listen") }
        if rawValue & 4 != 0 { names.append("Manage") }
        if contains(.send) { names.append("Send") }
        return names
    }

    /// Reads them; nil for one that is unknown, none at all, or Manage without the others.
    init?(names: [CloudJSON]) {
        self = []
        for name in names {
            switch name.text {
            case "Listen": formUnion(.listen)
            case "Send": formUnion(.send)
            case "Manage": formUnion(Rights(rawValue: 4))
            default: return nil
            }
        }
        guard !isEmpty, rawValue & 4 == 0 || self == .manage else { return nil }
    }
}
