internal import Identity

/// A queue, topic or subscription as it is to be: what is sent to create one, or a description that was read, changed, and is sent back.
///
/// It holds the service's own elements. Those that this version does not know stay as they came; new ones are put where the service expects
/// them, because it reads descriptions in order (protocol reference 1.17).
public struct EntityDefinition: Hashable, Sendable {
    /// What it is.
    public let kind: EntityDescription.Kind
    /// The description.
    private(set) var content: XMLElement
    /// The rule that a new subscription starts with in place of `$Default`, which takes everything. Only creating looks at it, and only for a
    /// subscription; the service does not tell it afterwards other than as a rule among rules.
    public var firstRule: RuleDescription?

    /// A definition without settings: the service's defaults.
    public init(_ kind: EntityDescription.Kind) {
        self.kind = kind
        content = XMLElement(XMLName(Self.elementName(kind), in: AtomNamespace.serviceBus))
    }

    /// Takes a description over; nil when it describes something else.
    init?(_ content: XMLElement) {
        guard let kind = [EntityDescription.Kind.queue, .topic, .subscription].first(where: { Self.elementName($0) == content.name.local })
        else { return nil }
        self.kind = kind
        self.content = content
    }

    private static func elementName(_ kind: EntityDescription.Kind) -> String {
        switch kind {
        case .queue: "QueueDescription"
        case .topic: "TopicDescription"
        case .subscription: "SubscriptionDescription"
        }
    }

    // MARK: Elements

    /// The text of an element by its name; nil removes it, so that the service takes its default.
    public subscript(name: String) -> String? {
        get { content.first(name).map(\.text) }
        set { set(name, newValue.map { XMLElement(XMLName(name, in: AtomNamespace.serviceBus), text: $0) }) }
    }

    mutating func set(_ name: String, _ element: XMLElement?) {
        if let index = content.children.firstIndex(where: { $0.name.local == name }) {
            if let element { content.children[index] = element } else { content.children.remove(at: index) }
        } else if let element {
            content.children.insert(element, at: place(of: name))
        }
    }

    /// Writes the description as it is sent.
    func write(to writer: inout XMLWriter) {
        guard kind == .subscription, let firstRule else { return writer.element(content, in: AtomNamespace.atom) }
        let place = place(of: "DefaultRuleDescription")
        // Written apart: the values in a rule have types whose prefixes must be declared around them.
        writer.element(content.name.local, ["xmlns": content.name.namespace]) { writer in
            for child in content.children[..<place] { writer.element(child, in: content.name.namespace) }
            firstRule.write(to: &writer, as: "DefaultRuleDescription")
            for child in content.children[place...] { writer.element(child, in: content.name.namespace) }
        }
    }

    /// Where a new element belongs: before the first one that the service sends after it.
    private func place(of name: String) -> Int {
        let order = Self.order(kind)
        guard let rank = order.firstIndex(of: name) else { return content.children.count }
        let later = Set(order[(rank + 1)...])
        return content.children.firstIndex { later.contains($0.name.local) } ?? content.children.count
    }

    /// The elements of a description in the order in which the service sends them.
    package static func order(_ kind: EntityDescription.Kind) -> [String] {
        switch kind {
        case .queue:
            [
                "LockDuration", "MaxSizeInMegabytes", "RequiresDuplicateDetection", "RequiresSession", "DefaultMessageTimeToLive",
                "DeadLetteringOnMessageExpiration", "DuplicateDetectionHistoryTimeWindow", "MaxDeliveryCount", "EnableBatchedOperations",
                "SizeInBytes", "MessageCount", "IsAnonymousAccessible", "AuthorizationRules", "Status", "ForwardTo", "UserMetadata",
                "CreatedAt", "UpdatedAt", "AccessedAt", "SupportOrdering", "CountDetails", "AutoDeleteOnIdle", "EnablePartitioning",
                "EntityAvailabilityStatus", "ForwardDeadLetteredMessagesTo", "EnableExpress", "MaxMessageSizeInKilobytes",
            ]
        case .topic:
            [
                "DefaultMessageTimeToLive", "MaxSizeInMegabytes", "RequiresDuplicateDetection", "DuplicateDetectionHistoryTimeWindow",
                "EnableBatchedOperations", "SizeInBytes", "FilteringMessagesBeforePublishing", "IsAnonymousAccessible",
                "AuthorizationRules", "Status", "UserMetadata", "CreatedAt", "UpdatedAt", "AccessedAt", "SupportOrdering", "CountDetails",
                "SubscriptionCount", "AutoDeleteOnIdle", "EnablePartitioning", "EntityAvailabilityStatus",
                "EnableSubscriptionPartitioning", "EnableExpress", "MaxMessageSizeInKilobytes",
            ]
        case .subscription:
            [
                "LockDuration", "RequiresSession", "DefaultMessageTimeToLive", "DeadLetteringOnMessageExpiration",
                "DeadLetteringOnFilterEvaluationExceptions", "DefaultRuleDescription", "MessageCount", "MaxDeliveryCount",
                "EnableBatchedOperations", "Status", "ForwardTo", "CreatedAt", "UpdatedAt", "AccessedAt", "UserMetadata", "CountDetails",
                "ForwardDeadLetteredMessagesTo", "AutoDeleteOnIdle", "EntityAvailabilityStatus", "IsClientAffine",
            ]
        }
    }

    /// What changes without anybody changing it: counts and times.
    private static let volatile: Set<String> = [
        "SizeInBytes", "MessageCount", "CountDetails", "SubscriptionCount", "CreatedAt", "UpdatedAt", "AccessedAt",
        "EntityAvailabilityStatus",
    ]

    /// The elements that somebody sets, known here or not.
    package var settingElements: [XMLElement] { content.children.filter { !Self.volatile.contains($0.name.local) } }

    // MARK: Settings

    /// How long a peek-lock lasts.
    public var lockDuration: Duration? {
        get { duration("LockDuration") }
        set { self["LockDuration"] = newValue.map { XMLDuration.text($0) } }
    }
    /// How long messages live at most; ``forever`` for no limit.
    public var defaultTimeToLive: Duration? {
        get { duration("DefaultMessageTimeToLive") }
        set { self["DefaultMessageTimeToLive"] = newValue.map { XMLDuration.text($0) } }
    }
    /// For how long message ids are remembered.
    public var duplicateDetectionWindow: Duration? {
        get { duration("DuplicateDetectionHistoryTimeWindow") }
        set { self["DuplicateDetectionHistoryTimeWindow"] = newValue.map { XMLDuration.text($0) } }
    }
    /// After how long without use it removes itself; ``forever`` for never.
    public var autoDeleteOnIdle: Duration? {
        get { duration("AutoDeleteOnIdle") }
        set { self["AutoDeleteOnIdle"] = newValue.map { XMLDuration.text($0) } }
    }
    /// Failed deliveries before a message is dead-lettered.
    public var maxDeliveryCount: Int? {
        get { self["MaxDeliveryCount"].flatMap { Int($0) } }
        set { self["MaxDeliveryCount"] = newValue.map { String($0) } }
    }
    /// The quota.
    public var maxSizeInMegabytes: Int? {
        get { self["MaxSizeInMegabytes"].flatMap { Int($0) } }
        set { self["MaxSizeInMegabytes"] = newValue.map { String($0) } }
    }
    /// Whether messages need a session id. Cannot be changed later.
    public var requiresSession: Bool? {
        get { bool("RequiresSession") }
        set { self["RequiresSession"] = newValue.map { String($0) } }
    }
    /// Whether repeated message ids are dropped. Cannot be changed later.
    public var requiresDuplicateDetection: Bool? {
        get { bool("RequiresDuplicateDetection") }
        set { self["RequiresDuplicateDetection"] = newValue.map { String($0) } }
    }
    /// Whether expired messages are dead-lettered.
    public var deadLetteringOnExpiration: Bool? {
        get { bool("DeadLetteringOnMessageExpiration") }
        set { self["DeadLetteringOnMessageExpiration"] = newValue.map { String($0) } }
    }
    /// Whether messages for which a rule has no answer are dead-lettered.
    public var deadLetteringOnFilterErrors: Bool? {
        get { bool("DeadLetteringOnFilterEvaluationExceptions") }
        set { self["DeadLetteringOnFilterEvaluationExceptions"] = newValue.map { String($0) } }
    }
    /// Whether it takes and gives messages.
    public var status: EntityStatus? {
        get { self["Status"].map { EntityStatus($0) } }
        set { self["Status"] = newValue?.description }
    }
    /// Where messages are forwarded: an entity's name, or its address.
    public var forwardTo: String? {
        get { self["ForwardTo"].flatMap { $0.isEmpty ? nil : $0 } }
        set { self["ForwardTo"] = newValue }
    }
    /// Where dead letters are forwarded: an entity's name, or its address.
    public var forwardDeadLetteredTo: String? {
        get { self["ForwardDeadLetteredMessagesTo"].flatMap { $0.isEmpty ? nil : $0 } }
        set { self["ForwardDeadLetteredMessagesTo"] = newValue }
    }
    /// Free text of whoever made it.
    public var userMetadata: String? {
        get { self["UserMetadata"] }
        set { self["UserMetadata"] = newValue }
    }

    /// The longest duration the service knows, which stands for "for ever" (`TimeSpan.MaxValue` of .NET).
    public static let forever = Duration(secondsComponent: 922_337_203_685, attosecondsComponent: 477_580_700_000_000_000)

    /// The entity's name in an address of the service's: `sb://namespace/orders` and `https://namespace/orders/` are `orders`.
    package static func name(of target: String) -> String {
        var rest = Substring(target)
        if let scheme = rest.firstRange(of: "://") {
            rest = rest[scheme.upperBound...].drop { $0 != "/" }.dropFirst()
        }
        while rest.hasSuffix("/") { rest.removeLast() }
        return String(rest)
    }

    private func duration(_ name: String) -> Duration? {
        switch self[name].flatMap({ XMLDuration.parse($0) }) {
        case .lasting(let duration)?: duration
        case .forever?: Self.forever
        case nil: nil
        }
    }

    private func bool(_ name: String) -> Bool? { self[name].map { $0 == "true" || $0 == "1" } }

    /// The keys that may use this entity alone.
    public var authorizationRules: [AuthorizationRule] {
        get { (content.first("AuthorizationRules")?.children ?? []).compactMap { AuthorizationRule($0) } }
        set {
            let old = content.first("AuthorizationRules")?.children ?? []
            // A rule that is kept keeps what this version does not know of it.
            let rules = newValue.map { rule in rule.element(changing: old.first { AuthorizationRule($0)?.keyName == rule.keyName }) }
            set("AuthorizationRules", XMLElement(XMLName("AuthorizationRules", in: AtomNamespace.serviceBus), children: rules))
        }
    }
}

extension EntityDefinition: CustomStringConvertible, CustomReflectable {
    /// The elements' names. Their texts may be keys.
    public var description: String { "\(kind.rawValue): \(content.children.map(\.name.local).joined(separator: ", "))" }
    /// Nothing: see ``description``.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
