internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// How the list and the open message are laid out and drawn, and what is said of them.
extension MessagesScreen {
    /// Where the parts are.
    struct Panes {
        var list: Rect
        var divider: Rect
        var detail: Rect
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        area = Rect(row: 0, column: 0, rows: rows, columns: columns)
        let panes = panes(in: area)
        listHeight = Table.bodyHeight(panes.list)
        list.settle(count: count, height: listHeight)
        detail?.settle(rows: panes.detail.rows, columns: panes.detail.columns, isProduction: model.isProduction)
    }

    /// Side by side on wide screens, one above the other on high ones, one at a time on small ones.
    func panes(in rect: Rect) -> Panes {
        let none = Rect(row: rect.row, column: rect.column, rows: 0, columns: 0)
        guard detail != nil else { return Panes(list: rect, divider: none, detail: none) }
        let isWide = rect.columns >= 140
        let isHigh = rect.rows >= 26
        let isAlone = isMaximised ?? (!isWide && !isHigh)
        if isAlone || rect.rows < 8 {
            return isReading || isMaximised == true
                ? Panes(list: none, divider: none, detail: rect) : Panes(list: rect, divider: none, detail: none)
        }
        if isWide {
            let (left, rest) = rect.splitLeft(rect.columns * 9 / 20)
            let (divider, right) = rest.splitLeft(2)
            return Panes(list: left, divider: divider, detail: right)
        }
        let (top, rest) = rect.splitTop(max(rect.rows / 3, 4))
        let (divider, bottom) = rest.splitTop(1)
        return Panes(list: top, divider: divider, detail: bottom)
    }

    func asOf(_ model: Model) -> Timestamp? { isReading ? detail?.document.asOf : scan.asOf }

    func position(_ model: Model) -> String {
        if isReading {
            let place = count > 0 ? "message \(Figures.count(list.selected + 1)) of \(Figures.count(count))" : ""
            return [detail?.position ?? "", place].filter { !$0.isEmpty }.joined(separator: " · ")
        }
        return count == 0 ? "" : "\(Figures.count(list.selected + 1)) of \(Figures.count(count))"
    }

    func summary(_ surroundings: Surroundings) -> [Span] {
        if isReading, let detail {
            let path = detail.path.map { [Span(" · "), Span($0, .jsonKey)] } ?? []
            return [Span("#\(detail.sequenceNumber)", .title), Span(" · peeked, not locked", .muted)] + path
        }
        // What could not be looked at is not none.
        var spans =
            table.count == 0 && scan.error != nil && scan.load == nil
            ? [Span("\(noun)s: \(scan.error?.code == .notPermitted ? "not permitted" : "not known")", .title)]
            : [Span(Figures.count(table.count, noun), .title)]
        if let search = listing.search {
            spans = MessagesScreen.summary(search)
        } else if only != nil {
            spans.append(Span(" of one group"))
        } else if let start {
            spans.append(Span(" · from #\(start) on, ^R loads all", .muted))
        }
        if !marks.isEmpty { spans.append(Span(" · ● \(Figures.count(marks.count)) marked", .statusInfo)) }
        if let places { spans.append(Span(" · \(Figures.count(places.count)) fit the filter", .match)) }
        if scan.load != nil {
            if listing.search == nil, let expected = expected(surroundings.model), expected > table.count {
                spans.append(Span(" of about \(Figures.count(expected)) so far", .muted))
            }
        } else if scan.isStopped {
            spans.append(Span(" · stopped, there may be more (+)", .statusWarning))
        } else if listing.isAtLimit {
            spans.append(Span(" · there are more (+)", .statusWarning))
        } else if scan.error != nil, table.count > 0 {
            spans.append(Span(" · incomplete: the scan failed (L)", .statusError))
        } else if let only, scan.asOf != nil, table.count < only.numbers.count {
            spans.append(Span(" · \(Figures.count(only.numbers.count - table.count)) are gone since", .statusWarning))
        } else if scan.asOf != nil, places == nil {
            spans.append(Span(" · all" + (listing.took.map { ", scanned in \(Figures.duration($0))" } ?? ""), .muted))
        }
        if let only { spans.append(Span(" · \(only.title)", .statusError)) }
        return spans
    }

    /// What a condition made of the messages: unknown is not true, and is told.
    private static func summary(_ search: MessageListing.Search) -> [Span] {
        let counts = search.counts
        var spans = [
            Span("matched \(Figures.count(counts.matched)) of \(Figures.count(counts.looked)) looked at", .title)
        ]
        if counts.unknown > 0 { spans.append(Span(" · \(Figures.count(counts.unknown)) unknown", .statusInfo)) }
        if let failure = counts.failure {
            spans.append(Span(" · \(Figures.count(counts.failed)) without an answer (\(failure))", .statusWarning))
        }
        return spans
    }

    private var noun: String {
        switch path.subQueue {
        case .active: "message"
        case .deadLetter: "dead letter"
        case .transferDeadLetter: "transfer dead letter"
        }
    }

    private func expected(_ model: Model) -> Int? {
        if let only { return only.numbers.count }
        return selection == MessageSelection() && start == nil ? model.count(of: path) : nil
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let panes = panes(in: rect)
        if !panes.list.isEmpty { renderList(into: &surface, panes.list, surroundings) }
        if !panes.divider.isEmpty {
            let isProduction = surroundings.model.isProduction
            let isVertical = panes.divider.rows > 1
            surface.fill(
                isVertical ? panes.divider.splitLeft(1).left : panes.divider,
                with: isVertical ? (isProduction ? "║" : "│") : (isProduction ? "═" : "─"),
                role: isProduction ? .ruleProduction : .rule)
        }
        if !panes.detail.isEmpty { detail?.render(into: &surface, panes.detail, isFocused: isReading) }
    }

    private func renderList(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let columns = columns
        let widget = Table(columns: columns, isProduction: surroundings.model.isProduction, isFocused: !isReading)
        let isMarked = { (line: Int) in marks.isEmpty ? false : row(at: line).map { marks.contains($0.sequenceNumber) } ?? false }
        widget.render(into: &surface, rect, list: list, count: count, isMarked: isMarked) { line in
            row(at: line).map { cells(of: $0, now: surroundings.now) } ?? []
        }
        guard count == 0 else { return }
        let body = rect.splitTop(rect.rows >= 2 ? 1 : 0).rest
        if let error = scan.error {
            let retry = error.retry(on: path, surroundings.model, "^R tries again · q goes back · L shows the log")
            Placeholder.render(error, into: &surface, body, retry: retry)
        } else if scan.load != nil {
            Placeholder.render("Loading \(path.subQueue.title)…", role: .statusPending, into: &surface, body)
        } else if scan.isStopped {
            Placeholder.render("Stopped before any message came. ^R starts again.", into: &surface, body)
        } else if let counts = listing.search?.counts, table.isEmpty {
            let unknown = counts.unknown > 0 ? " For \(Figures.count(counts.unknown)) it is unknown: they lack what it asks for." : ""
            Placeholder.render(
                "The condition is true for none of \(Figures.count(counts.looked, "message")).\(unknown) w changes it, esc shows all.",
                into: &surface, body)
        } else if isFiltered {
            Placeholder.render("No message fits the filter. esc clears it.", into: &surface, body)
        } else if scan.asOf != nil {
            Placeholder.render("No \(path.subQueue.title) here.", role: .statusOK, into: &surface, body)
        }
    }

    private func cells(of row: MessageTable.Row, now: Timestamp) -> [Span] {
        [
            Span(String(row.sequenceNumber.rawValue)),
            Span(row.enqueuedTime.map { Figures.moment($0, now: now) } ?? "–", .muted),
            Span(String(row.deliveryCount), row.deliveryCount > 0 ? .text : .muted),
        ] + (path.subQueue == .active ? [] : [Span(row.deadLetterReason ?? "–", row.deadLetterReason == nil ? .muted : .text)]) + [
            Span(row.subject ?? "–", row.subject == nil ? .muted : .text),
            Span(row.messageID ?? "–", .muted),
            Span(row.state.description, row.state == .active ? .muted : .statusInfo),
        ]
    }
}
