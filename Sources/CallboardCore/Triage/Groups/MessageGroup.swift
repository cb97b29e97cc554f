public import ServiceBus

/// Messages that have their keys in common.
public struct MessageGroup: Hashable, Sendable, Identifiable {
    /// Twelve hexadecimal digits made of the keys and their values: the same group has the same id in every run, as long as the same
    /// placeholders are found in it.
    public let id: String
    /// What they were grouped by.
    public let keys: [GroupKey]
    /// What they have in common, key by key.
    public let values: [GroupValue]
    /// When the first of them was enqueued.
    public let firstSeen: Timestamp?
    /// When the last of them was enqueued.
    public let lastSeen: Timestamp?
    /// How often they were delivered, from the fewest to the most times.
    public let deliveries: ClosedRange<Int>
    /// Which they are.
    public let members: SequenceNumberSet

    init(
        keys: [GroupKey], values: [GroupValue], members: SequenceNumberSet, firstSeen: Timestamp?, lastSeen: Timestamp?,
        deliveries: ClosedRange<Int>
    ) {
        self.keys = keys
        self.values = values
        self.members = members
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.deliveries = deliveries
        var hash = StableHash()
        for (key, value) in zip(keys, values) {
            hash.combine(key.description.utf8)
            hash.combine(0 as UInt8)
            hash.combine(value.text.utf8)
            hash.combine(0 as UInt8)
        }
        let digits = String(hash.value & 0xffff_ffff_ffff, radix: 16)
        id = String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// The number of messages.
    public var count: Int { members.count }
    /// One of them to look at: the newest, whose circumstances are still to be found in logs.
    public var sample: SequenceNumber { members.last ?? SequenceNumber(0) }
    /// The dead-letter reason they have in common; nil where they were not grouped by it, or have none.
    public var deadLetterReason: String? {
        zip(keys, values).lazy.compactMap { key, value in
            switch key {
            case .fingerprint: value.deadLetterReason
            case .reason: value.isMissing ? nil : value.text
            default: nil
            }
        }.first
    }

    /// The values in one line.
    public var title: String { values.map(\.text).joined(separator: " · ") }
}

/// What messages of a group have in common in one key.
public struct GroupValue: Hashable, Sendable {
    private enum Kind: UInt8 {
        case missing, plain, fingerprint
    }

    private let kind: Kind
    /// The dead-letter reason, of a fingerprint; else the value.
    private let first: String
    /// The template of the description.
    let template: String

    private init(_ kind: Kind, _ first: String, template: String = "") {
        self.kind = kind
        self.first = first
        self.template = template
    }

    static let missing = GroupValue(.missing, "")
    static func plain(_ text: String) -> GroupValue { GroupValue(.plain, text) }
    static func fingerprint(reason: String, template: String) -> GroupValue { GroupValue(.fingerprint, reason, template: template) }

    /// Whether the messages do not have it.
    public var isMissing: Bool { kind == .missing }

    /// The value as text; of a fingerprint the reason and the template, once where one begins with the other.
    public var text: String {
        switch kind {
        case .missing: "–"
        case .plain: first
        case .fingerprint:
            if template.isEmpty || first.isEmpty || template.hasPrefix(first) {
                template.isEmpty ? (first.isEmpty ? "no reason given" : first) : template
            } else {
                "\(first): \(template)"
            }
        }
    }

    /// Of a fingerprint, the reason's template; nil for other keys, and where there was none.
    public var deadLetterReason: String? { kind == .fingerprint && !first.isEmpty ? first : nil }

    /// Of a fingerprint, without the description.
    var reason: GroupValue { GroupValue(kind, first) }

    func with(template: String) -> GroupValue { GroupValue(kind, first, template: template) }
}
