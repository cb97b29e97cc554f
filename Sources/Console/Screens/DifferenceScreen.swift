internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What is different between two messages: headers, properties, and the bodies value by value.
struct DifferenceScreen: Screen {
    let context = KeyContext.difference
    private let left: MessagePlace
    private let right: MessagePlace
    private(set) var filter = TextFilter()
    private var difference = Loadable<MessageDifference>()
    private var scroll = ScrollState()
    private var layout = TextLayout(width: 1)
    private var isLaidOut = false
    private var height = 1

    init(_ left: MessagePlace, _ right: MessagePlace) {
        self.left = left
        self.right = right
    }

    var crumbs: [String] { ["#\(left.number) ↔ #\(right.number)"] }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        if case .notAsked = difference.phase { load(&turn) }
    }

    mutating func disappear(_ turn: inout Turn) { turn.stop(difference.load) }

    private mutating func load(_ turn: inout Turn) {
        turn.stop(difference.load)
        difference.begin(turn.start(.difference(left, right)))
    }

    func loads(_ model: Model) -> [LoadID] { [difference.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        turn.stop(difference.load)
        difference.stop()
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        guard id == difference.load, case .difference(let value) = answer else { return false }
        difference.set(value, asOf: turn.now)
        isLaidOut = false
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        guard id == difference.load else { return false }
        difference.finish(error)
        return true
    }

    // MARK: - Commands

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        isLaidOut = false
        scroll.reset()
    }

    func availability(of command: CommandID, model: Model) -> Availability { .enabled }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) { return scroll.move(step, count: layout.count, height: height) }
        if command == .refresh { load(&turn) }
    }

    // MARK: - Drawing

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = max(rows, 1)
        let width = max(columns - 2, 1)
        if let value = difference.value, !isLaidOut || layout.width != width {
            layout = TextLayout(
                [.lines(TextBlock.visible(lines(value, width, model.isProduction)), TextBlock.Wrapping(hang: 6))], width: width)
            isLaidOut = true
        }
        scroll.settle(count: layout.count, height: height)
    }

    private func lines(_ value: MessageDifference, _ width: Int, _ isProduction: Bool) -> [[Span]] {
        var lines: [[Span]] = [
            [Span("- ", .statusError), Span("#\(left.number)", .title), Span(" in \(left.path.displayName), marked", .muted)],
            [Span("+ ", .statusOK), Span("#\(right.number)", .title), Span(" in \(right.path.displayName)", .muted)],
        ]
        lines += value.notes.map { [Span($0, .statusInfo)] }
        if value.isCut {
            lines.append([Span("only the first \(Figures.count(MessageDifference.most)) differences are told", .statusWarning)])
        }
        for (title, changes) in [("body", value.body), ("properties", value.properties), ("headers", value.headers)] {
            let fitting = changes.filter { filter.matches([$0.place, $0.before ?? "", $0.after ?? ""]) }
            lines.append([])
            lines.append(
                heading("\(title) (\(changes.isEmpty ? "the same" : Figures.count(changes.count) + " different"))", width, isProduction))
            lines += fitting.flatMap { self.lines($0) }
        }
        return lines
    }

    private func lines(_ change: MessageDifference.Change) -> [[Span]] {
        let sign: Span =
            switch (change.before, change.after) {
            case (nil, _): Span("+ ", .statusOK)
            case (_, nil): Span("- ", .statusError)
            default: Span("~ ", .statusWarning)
            }
        var lines: [[Span]] = [[sign, Span(change.place, .jsonKey)]]
        if let before = change.before { lines += text(before, "- ", .statusError) }
        if let after = change.after { lines += text(after, "+ ", .statusOK) }
        return lines
    }

    /// Long texts, like stack traces, line by line.
    private func text(_ text: String, _ sign: String, _ role: Role) -> [[Span]] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        var shown = lines.prefix(200).map { [Span("    "), Span(sign, role), Span(String($0))] }
        if lines.count > shown.count { shown.append([Span("    … \(Figures.count(lines.count - shown.count)) lines more", .muted)]) }
        return shown
    }

    private func heading(_ title: String, _ width: Int, _ isProduction: Bool) -> [Span] {
        let rule = isProduction ? "═" : "─"
        let role: Role = isProduction ? .ruleProduction : .rule
        return [
            Span(rule + " ", role), Span(title, .title),
            Span(" " + String(repeating: rule, count: max(width - Width.of(title) - 3, 0)), role),
        ]
    }

    func asOf(_ model: Model) -> Timestamp? { difference.asOf }

    func position(_ model: Model) -> String {
        layout.count == 0 ? "" : "line \(scroll.top + 1)-\(min(scroll.top + height, layout.count)) of \(layout.count)"
    }

    func summary(_ surroundings: Surroundings) -> [Span] {
        guard let value = difference.value else { return [Span("Difference", .title)] }
        let count = value.headers.count + value.properties.count + value.body.count
        guard count > 0 else {
            return [Span("No difference", .statusOK), Span(" · \(Figures.count(value.same)) values are the same", .muted)]
        }
        let all = value.headers + value.properties + value.body
        let (added, removed) = (all.filter { $0.before == nil }.count, all.filter { $0.after == nil }.count)
        let parts = [(count - added - removed, "changed"), (added, "added"), (removed, "removed")].filter { $0.0 > 0 }
        return [
            Span(Figures.count(count, "difference"), .title),
            Span(" · " + parts.map { "\(Figures.count($0.0)) \($0.1)" }.joined(separator: ", "), .muted),
            Span(" · \(Figures.count(value.same)) the same", .muted),
        ]
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        surface.cursor = Surface.Position(row: rect.row, column: rect.column)
        guard difference.value != nil else {
            if let error = difference.error {
                return Placeholder.render(error, into: &surface, rect, retry: "^R tries again · q goes back")
            }
            return Placeholder.render(
                difference.isStopped ? "Stopped. ^R compares again." : "Comparing…", role: .statusPending, into: &surface, rect)
        }
        for row in 0..<min(rect.rows, max(layout.count - scroll.top, 0)) {
            surface.put(
                row: rect.row + row, column: rect.column + 1, layout.row(scroll.top + row), maxWidth: rect.columns - 1, truncation: .clip)
        }
    }
}
