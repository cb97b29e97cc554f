internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The columns of ways in, whether one asks who can do something on an entity or what one identity can.
struct AccessTable {
    private let first: [TableColumn]
    /// Whether somebody has something through a group: a column that is empty throughout takes no room.
    private let hasGroups: Bool
    private let now: Timestamp

    /// - Parameter first: the columns before those that are the same for both questions.
    init(_ first: [TableColumn], _ rows: [AccessHolder], now: Timestamp) {
        self.first = first
        self.now = now
        hasGroups = rows.contains { $0.group != nil }
    }

    /// Where there is little room the role goes before the group: what it allows stands in three columns of its own.
    var columns: [TableColumn] {
        let through = TableColumn("through", 10, upTo: 30, worth: 86)
        return first + [
            TableColumn("send", 4, worth: 97),
            TableColumn("receive", 7, worth: 98),
            TableColumn("manage", 6, worth: 96),
            TableColumn("by", 13, upTo: 44, worth: 70),
            TableColumn("assigned", 11, upTo: 44, worth: 88),
        ] + (hasGroups ? [through] : []) + [
            TableColumn("until", 12, upTo: 26, worth: 90),
            TableColumn("also", 9, upTo: 24, worth: 65),
            TableColumn("remark", 12, upTo: 60, worth: 40),
        ]
    }

    func cells(_ first: [Span], _ holder: AccessHolder) -> [Span] {
        let marks = [AccessHolder.Ability.send, .receive, .manage].map { AccessText.mark(holder, $0) }
        let through = hasGroups ? [Span(holder.group ?? "")] : []
        return first + marks + [Span(AccessText.source(holder)), AccessText.scope(holder)] + through + [
            AccessText.term(holder, now: now), AccessText.also(holder), Span(holder.remarks.joined(separator: "; "), .muted),
        ]
    }
}
