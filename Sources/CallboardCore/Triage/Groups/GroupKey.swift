public import ServiceBus

/// What messages are grouped by.
public enum GroupKey: Hashable, Sendable, CustomStringConvertible {
    /// The dead-letter reason and description without their variable parts.
    case fingerprint
    /// The dead-letter reason as it is.
    case reason
    /// The entity it was dead-lettered from.
    case source
    /// A property of the service or of the application, or a field of a JSON body.
    case property(FilterProperty)

    /// Names that stand for keys, besides properties.
    private static let names: [String: GroupKey] = [
        "fingerprint": .fingerprint, "cause": .fingerprint, "reason": .reason, "source": .source,
        "subject": .property(.system("Label")), "label": .property(.system("Label")), "to": .property(.system("To")),
        "state": .property(.system("State")), "session": .property(.system("SessionId")), "content-type": .property(.system("ContentType")),
        "correlation-id": .property(.system("CorrelationId")), "delivery-count": .property(.system("DeliveryCount")),
    ]

    /// Reads keys separated by commas: `fingerprint`, `reason`, `source`, `subject`, `to`, `state`, `session`, `content-type`,
    /// `correlation-id`, `delivery-count`; `sys.Name`; `body.path.to.field`; anything else is an application property.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/usage``.
    public static func parse(_ text: String) throws(OperatorError) -> [GroupKey] {
        var keys: [GroupKey] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            let key = try key(String(name.trimmingSpaces))
            if !keys.contains(key) { keys.append(key) }
        }
        return keys
    }

    private static func key(_ name: String) throws(OperatorError) -> GroupKey {
        guard !name.isEmpty else {
            throw OperatorError(
                .usage, "A key to group by is empty.", hint: "Name keys like this: reason,subject or sys.To,body.order.country.")
        }
        if let key = names[name.lowercased()] { return key }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let scope = parts.first, parts.count > 1 else { return .property(.user(name)) }
        switch scope.lowercased() {
        case "sys":
            let property = FilterProperty.system(parts.dropFirst().joined(separator: "."))
            guard case .system(.some) = property.scope else {
                throw OperatorError(
                    .usage, "Messages have no system property '\(parts.dropFirst().joined(separator: "."))'.",
                    hint:
                        "They have sys.MessageId, sys.Label, sys.To, sys.CorrelationId, sys.SessionId, sys.ContentType, sys.DeliveryCount and others."
                )
            }
            return .property(property)
        case "body": return .property(.body(Array(parts.dropFirst())))
        case "user": return .property(.user(parts.dropFirst().joined(separator: ".")))
        default: return .property(.user(name))
        }
    }

    /// Whether messages are needed with their bodies.
    public var readsBody: Bool {
        if case .property(let property) = self, case .body = property.scope { true } else { false }
    }

    /// Whether the name alone is read as an application property's.
    private static func isPlain(_ name: String) -> Bool {
        let lowercased = name.lowercased()
        return names[lowercased] == nil && !["sys.", "body.", "user."].contains { lowercased.hasPrefix($0) }
    }

    /// The key as it is written.
    public var description: String {
        switch self {
        case .fingerprint: "fingerprint"
        case .reason: "reason"
        case .source: "source"
        case .property(let property):
            switch property.scope {
            case .system: "sys.\(property.name)"
            case .body(let path): (["body"] + path).joined(separator: ".")
            case .user: Self.isPlain(property.name) ? property.name : "user.\(property.name)"
            }
        }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}
