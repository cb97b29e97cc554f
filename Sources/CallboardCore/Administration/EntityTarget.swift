public import ServiceBus

/// What an operator creates, changes or removes.
///
/// This room holds what administration is to an operator: a table of settings (``EntitySetting``), the settings of one entity as they are
/// (``EntitySettings``), a change with its difference (``EntityChange``), and the leave to carry it out (``ChangePermission``).
public enum EntityTarget: Hashable, Sendable, CustomStringConvertible {
    /// A queue.
    case queue(EntityPath)
    /// A topic.
    case topic(EntityPath)
    /// A subscription of a topic.
    case subscription(EntityPath)
    /// The rule of that name of a subscription.
    case rule(String, of: EntityPath)

    /// The kinds of things with settings.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A queue.
        case queue
        /// A topic.
        case topic
        /// A subscription of a topic.
        case subscription
        /// A rule of a subscription.
        case rule

        init(_ kind: EntityDescription.Kind) {
            switch kind {
            case .queue: self = .queue
            case .topic: self = .topic
            case .subscription: self = .subscription
            }
        }

        /// What the service calls it; nil for a rule, which is no entity.
        var entity: EntityDescription.Kind? { EntityDescription.Kind(rawValue: rawValue) }
    }

    /// What an entity's description describes.
    public init(_ entity: EntityDescription) {
        switch entity.kind {
        case .queue: self = .queue(entity.path.entity)
        case .topic: self = .topic(entity.path.entity)
        case .subscription: self = .subscription(entity.path.entity)
        }
    }

    /// A thing of a kind by the name an operator types: `queue`, `topic`, `topic/subscription`, `topic/subscription/rule`.
    ///
    /// Names of topics may contain slashes; those of subscriptions and rules may not.
    /// - Throws: ``OperatorError`` of kind usage that says what a name of that kind looks like.
    public init(_ kind: Kind, named name: String) throws(OperatorError) {
        var parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let rule = kind == .rule ? parts.popLast() : nil
        // The service's own spelling of a subscription, and of a rule, is understood too.
        if kind == .rule, parts.last?.lowercased() == "rules" { parts.removeLast() }
        let subscription = kind == .rule || kind == .subscription ? parts.popLast() : nil
        if subscription != nil, parts.last?.lowercased() == "subscriptions" { parts.removeLast() }
        do throws(EntityPathError) {
            let parent = parts.joined(separator: "/")
            switch kind {
            case .queue: self = .queue(try .queue(parent))
            case .topic: self = .topic(try .topic(parent))
            case .subscription: self = .subscription(try .subscription(topic: parent, name: subscription ?? ""))
            case .rule:
                let path = try EntityPath.subscription(topic: parent, name: subscription ?? "")
                self = .rule(rule ?? "", of: path)
            }
        } catch {
            throw OperatorError(.usage, "'\(name)' does not name a \(kind.rawValue): \(error).", hint: Self.hint(kind))
        }
        if case .rule(let rule, _) = self, !(1...50).contains(rule.utf8.count) {
            throw OperatorError(.usage, "'\(name)' does not name a rule: '\(rule)' is no name for one.", hint: Self.hint(kind))
        }
    }

    private static func hint(_ kind: Kind) -> String {
        switch kind {
        case .queue, .topic: "Name it as it is to be called, for instance orders."
        case .subscription: "Name it as topic/subscription."
        case .rule: "Name it as topic/subscription/rule; a rule's name has at most 50 characters."
        }
    }

    /// What it is.
    public var kind: Kind {
        switch self {
        case .queue: .queue
        case .topic: .topic
        case .subscription: .subscription
        case .rule: .rule
        }
    }

    /// Where it is; of a rule, its subscription.
    public var path: EntityPath {
        switch self {
        case .queue(let path), .topic(let path), .subscription(let path), .rule(_, of: let path): path
        }
    }

    /// Its name as people type it: `orders`, `events/billing`, `events/billing/$Default`.
    public var name: String {
        if case .rule(let rule, let path) = self { "\(path.displayName)/\(rule)" } else { path.displayName }
    }

    /// Kind and name.
    public var description: String { "\(kind.rawValue) \(name)" }
}
