public import ServiceBus

/// Which messages of a queue an operator means.
public enum MessageChoice: Hashable, Sendable {
    /// Those of these numbers.
    case numbers(SequenceNumberSet, title: String)
    /// Those for which a condition is true.
    case condition(SQLFilter)
    /// Those of a group, by its id, as `groups` shows it for the same keys.
    case group(id: String, keys: [GroupKey])
    /// All of them.
    case all

    /// What they are called in a plan.
    public var title: String {
        switch self {
        case .numbers(_, let title): title
        case .condition(let filter): "where \(filter.text)"
        case .group(let id, let keys): "group \(id) by \(keys.map(\.description).joined(separator: ", "))"
        case .all: "all"
        }
    }

    /// Whether bodies have to be read to tell.
    var readsBody: Bool {
        switch self {
        case .condition(let filter): filter.readsBody
        case .group(_, let keys): keys.contains(where: \.readsBody)
        case .numbers, .all: false
        }
    }
}
