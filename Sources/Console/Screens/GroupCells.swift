internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The table of groups: how many, how much of all, since when and until when, how often tried, and what of.
struct GroupCells {
    private let path: EntityPath
    /// The messages that were read.
    private let total: Int
    private let isProduction: Bool
    private let now: Timestamp

    init(_ path: EntityPath, total: Int, isProduction: Bool, now: Timestamp) {
        self.path = path
        self.total = total
        self.isProduction = isProduction
        self.now = now
    }

    private var columns: [TableColumn] {
        [
            TableColumn("count", 6, upTo: 11, .right, worth: 95),
            TableColumn("share", 5, .right, worth: 70),
            TableColumn("first seen", 14, upTo: 19, worth: 50),
            TableColumn("last seen", 14, upTo: 19, worth: 60),
            TableColumn("delivered", 9, .right, worth: 40),
            TableColumn(path.subQueue == .active ? "group" : "cause", 36, upTo: 500, worth: 100),
        ]
    }

    func render(
        into surface: inout Surface, _ rect: Rect, list: ListState, lines: [GroupsScreen.Line], isMarked: (Int) -> Bool
    ) {
        let visible = list.visible(count: lines.count, height: Table.bodyHeight(rect))
        Table(columns: columns, isProduction: isProduction)
            .fitted(to: lines[visible].lazy.map { cells(of: $0) })
            .render(into: &surface, rect, list: list, count: lines.count, isMarked: isMarked) { cells(of: lines[$0]) }
    }

    private func cells(of line: GroupsScreen.Line) -> [Span] {
        switch line {
        case .group(let group):
            return [
                Span(Figures.count(group.count)), Span(share(group.count), .muted), moment(group.firstSeen), moment(group.lastSeen),
                Span(deliveries(group.deliveries), .muted), Span(group.title, path.subQueue == .active ? .text : .statusError),
            ]
        case .singles(let numbers):
            return row(of: numbers.count, "singles …")
        case .others(let count): return row(of: count, "in no group: too many different ones")
        }
    }

    private func row(of count: Int, _ title: String) -> [Span] {
        [Span(Figures.count(count)), Span(share(count), .muted), Span(""), Span(""), Span(""), Span(title, .muted)]
    }

    private func share(_ count: Int) -> String { GroupCells.share(count, of: total) }

    /// `96 %`; what is little is not nothing, and what is nearly all is not all.
    static func share(_ count: Int, of total: Int) -> String {
        guard total > 0 else { return "–" }
        let percent = Double(count) / Double(total) * 100
        if percent < 1 { return "<1 %" }
        return percent > 99 && count < total ? ">99 %" : "\(Int(percent.rounded())) %"
    }

    private func moment(_ time: Timestamp?) -> Span { Span(time.map { Figures.moment($0, now: now) } ?? "–", .muted) }

    private func deliveries(_ range: ClosedRange<Int>) -> String {
        range.lowerBound == range.upperBound ? String(range.lowerBound) : "\(range.lowerBound)-\(range.upperBound)"
    }
}
