internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// Where the messages are that bear one id: in order of time, with what could not be looked into below.
struct TraceScreen: Screen {
    let id: TraceID
    let context = KeyContext.trace
    private(set) var scope: TraceScope
    private(set) var filter = TextFilter()
    private var report: TraceReport
    private var trace = Loadable<Void>()
    private var began: Timestamp?
    private var took: Duration?
    private var list = ListState()
    /// Whether a person has chosen a line: until then the first is selected, whatever is found before it.
    private var isChosen = false
    /// The copies that fit the filter.
    private var lines: [TraceCopy] = []
    private var area = Rect(row: 0, column: 0, rows: 1, columns: 80)

    init(_ id: TraceID, scope: TraceScope) {
        self.id = id
        self.scope = scope
        report = TraceReport(id)
    }

    var crumbs: [String] { ["trace \(id)"] }

    private static let columns = [
        TableColumn("enqueued (UTC)", 14, upTo: 19, worth: 90),
        TableColumn("entity", 26, upTo: 60, worth: 100),
        TableColumn("state", 11, upTo: 30, worth: 95),
        TableColumn("age", 6, .right, worth: 70),
        TableColumn("tries", 5, .right, worth: 60),
        TableColumn("reason", 12, upTo: 44, worth: 80),
        TableColumn("subject", 12, upTo: 40, worth: 50),
        TableColumn("found by", 10, upTo: 14, worth: 40),
        TableColumn("sequence", 8, upTo: 20, worth: 30),
        TableColumn("message id", 12, upTo: 40, worth: 20),
    ]

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        if case .notAsked = trace.phase { start(nil, &turn) }
    }

    private mutating func start(_ standing: TraceStanding?, _ turn: inout Turn) {
        turn.stop(trace.load)
        if standing == nil {
            report = TraceReport(id)
            isChosen = false
            arrange()
        }
        began = turn.now
        took = nil
        trace.begin(turn.start(.trace(id, scope, standing)))
    }

    mutating func disappear(_ turn: inout Turn) { turn.stop(trace.load) }

    func loads(_ model: Model) -> [LoadID] { [trace.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        turn.stop(trace.load)
        trace.stop()
        turn.say(.info, "Stopped after \(Figures.count(report.looked, "message")). + goes on, ^R starts again.")
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        guard id == trace.load, case .trace(let update) = answer else { return false }
        report.apply(update)
        trace.set((), asOf: turn.now)
        if case .looked(_, _, _, let copies) = update, !copies.isEmpty { arrange() }
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        guard id == trace.load else { return false }
        trace.finish(error)
        took = began.map { turn.now.since($0) }
        if error == nil { trace.set((), asOf: turn.now) }
        return true
    }

    // MARK: - Lines

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange()
    }

    private mutating func arrange() {
        let selected = isChosen ? selected : nil
        lines = report.copies.filter { copy in
            filter.matches([
                copy.path.displayName, copy.situation, copy.subject ?? "", copy.deadLetterReason ?? "", copy.messageID ?? "",
                String(copy.sequenceNumber.rawValue), copy.match.title,
            ])
        }
        // The selection follows the message: earlier ones may be found later.
        let place = selected.flatMap { selected in
            lines.firstIndex { $0.path == selected.path && $0.sequenceNumber == selected.sequenceNumber }
        }
        list.select(place ?? 0, count: lines.count, height: height)
    }

    private var selected: TraceCopy? { lines.indices.contains(list.selected) ? lines[list.selected] : nil }

    var traceChoices: [Question.Choice] {
        guard let selected else { return [] }
        let ids = [(selected.messageID, "message id"), (selected.correlationID, "correlation id")]
        return ids.compactMap { text, note in text.map { Question.Choice(text: $0, note: note) } }
    }

    var traceScope: TraceScope { scope }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open: return selected == nil ? .disabled("no message is selected") : .enabled
        case .more:
            if trace.load != nil { return .disabled("the trace is under way") }
            let wasLeft = trace.isStopped || trace.error != nil || report.stop != nil
            return wasLeft && report.canGoOn ? .enabled : .disabled("everything was looked through that may be")
        case .traceEverywhere: return scope == .namespace ? .disabled("this is the whole namespace") : .enabled
        default: return .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            list.move(step, count: lines.count, height: height)
            isChosen = true
            return
        }
        switch command {
        case .open: if let selected { turn.navigation = .push(MessagesScreen(selected.path, at: selected.sequenceNumber)) }
        case .more: start(report.standing, &turn)
        case .refresh: start(nil, &turn)
        case .traceEverywhere:
            scope = .namespace
            start(nil, &turn)
        default: break
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row - 2
        guard row >= 2, row < parts(area).notes.row, lines.indices.contains(line) else { return }
        if line == list.selected {
            perform(.open, &turn)
        } else {
            list.select(line, count: lines.count, height: height)
            isChosen = true
        }
    }

    // MARK: - Drawing

    mutating func settle(rows: Int, columns: Int, model: Model) {
        area = Rect(row: 0, column: 0, rows: rows, columns: columns)
        list.settle(count: lines.count, height: height)
    }

    private var height: Int { Table.bodyHeight(parts(area).table) }

    /// What is looked for, the messages, and what is doubtful: that has a third of the screen at most.
    private func parts(_ rect: Rect) -> (head: Rect, table: Rect, notes: Rect) {
        let (head, rest) = rect.splitTop(rect.rows >= 6 ? 1 : 0)
        let notes = notes(width: rect.columns)
        let room = max(min(notes.count + 1, rest.rows / 3), 0)
        let (table, bottom) = rest.splitBottom(notes.count == 0 || room < 2 ? 0 : room)
        return (head, table, bottom)
    }

    private func notes(width: Int) -> TextLayout {
        guard trace.load == nil else { return TextLayout([], width: max(width - 2, 1)) }
        let lines = report.doubts.map { [Span("! ", .statusWarning), Span($0)] } + report.remarks.map { [Span("  "), Span($0, .muted)] }
        return TextLayout([.lines(TextBlock.visible(lines), .init(hang: 2, atWords: true))], width: max(width - 2, 1))
    }

    func asOf(_ model: Model) -> Timestamp? { trace.asOf }

    func ages(_ model: Model) -> [Timestamp] {
        [trace.asOf].compactMap(\.self) + list.visible(count: lines.count, height: height).compactMap { lines[$0].enqueuedTime }
    }

    func position(_ model: Model) -> String {
        lines.isEmpty ? "" : "\(Figures.count(list.selected + 1)) of \(Figures.count(lines.count))"
    }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let found = report.copies.count + report.uncollected
        var spans = [Span(found == 0 ? "no message yet" : Figures.count(found, "message"), .title)]
        if trace.load == nil, found == 0 { spans = [Span("no message", .title)] }
        if found > 0 { spans.append(Span(" in \(Figures.count(report.placesWithCopies, "place"))", .title)) }
        if isFiltered { spans.append(Span(" · \(Figures.count(lines.count)) fit the filter", .match)) }
        let places = Figures.count(report.places.count, "place")
        let looked = "\(Figures.count(report.looked, "message")) looked at"
        if trace.load != nil {
            spans.append(Span(report.plan == nil ? "" : " · \(Figures.count(report.ended)) of \(places) · \(looked)", .muted))
            return spans
        }
        if trace.isStopped || report.stop != nil {
            spans.append(Span(" · stopped at \(Figures.count(report.ended)) of \(places) (+ goes on)", .statusWarning))
        } else if trace.error != nil {
            spans.append(Span(" · incomplete: the trace failed (L)", .statusError))
        } else if report.isComplete {
            spans.append(Span(" · all \(places)" + (took.map { ", \(looked) in \(Figures.duration($0))" } ?? ""), .muted))
        } else {
            let closed = report.places.count { !$0.outcome.isSettled }
            let what = closed > 0 ? "\(Figures.count(closed)) of \(places) not readable" : "not all places are known"
            spans.append(Span(" · ! \(what)", .statusWarning))
        }
        return spans
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let parts = parts(rect)
        if !parts.head.isEmpty { renderHead(into: &surface, parts.head) }
        let now = surroundings.now
        let isProduction = surroundings.model.isProduction
        let shown = list.visible(count: lines.count, height: Table.bodyHeight(parts.table)).map { cells(of: lines[$0], now: now) }
        let table = Table(columns: TraceScreen.columns, isProduction: isProduction).fitted(to: shown)
        table.render(into: &surface, parts.table, list: list, count: lines.count) { cells(of: lines[$0], now: now) }
        renderNotes(into: &surface, parts.notes, isProduction: isProduction)
        if lines.isEmpty { renderPlaceholder(into: &surface, parts.table.splitTop(parts.table.rows >= 2 ? 1 : 0).rest) }
    }

    private func renderHead(into surface: inout Surface, _ rect: Rect) {
        var spans = [Span("id ", .muted), Span(id.text), Span(" · in ", .muted), Span(report.plan?.title ?? scopeTitle)]
        spans.append(Span(" · nothing is locked", .muted))
        if report.cost == .counted { spans.append(Span(" · paced: each message costs a credit", .muted)) }
        surface.put(row: rect.row, column: rect.column + 1, spans, maxWidth: max(rect.columns - 2, 0))
    }

    private var scopeTitle: String {
        switch scope {
        case .namespace: "the namespace"
        case .service(let name): "service \(name)"
        case .entities(let paths): Figures.count(paths.count, "entity", plural: "entities")
        }
    }

    private func renderNotes(into surface: inout Surface, _ rect: Rect, isProduction: Bool) {
        guard !rect.isEmpty else { return }
        let line = Rect(row: rect.row, column: rect.column, rows: 1, columns: rect.columns)
        surface.fill(line, with: isProduction ? "═" : "─", role: isProduction ? .ruleProduction : .rule)
        surface.put(row: rect.row, column: rect.column + 1, " not looked into ", role: .header, maxWidth: max(rect.columns - 2, 0))
        let layout = notes(width: rect.columns)
        for row in 0..<min(layout.count, rect.rows - 1) {
            surface.put(row: rect.row + 1 + row, column: rect.column + 1, layout.row(row), truncation: .clip)
        }
    }

    private func renderPlaceholder(into surface: inout Surface, _ rect: Rect) {
        if let error = trace.error {
            Placeholder.render(error, into: &surface, rect, retry: "^R tries again · q goes back · L shows the log")
        } else if trace.load != nil {
            Placeholder.render("Looking for it…", role: .statusPending, into: &surface, rect)
        } else if trace.isStopped {
            Placeholder.render("Stopped before it was found. + goes on, ^R starts again.", into: &surface, rect)
        } else if isFiltered, !report.copies.isEmpty {
            Placeholder.render("No message fits the filter. esc clears it.", into: &surface, rect)
        } else if report.isComplete {
            let places = Figures.count(report.places.count, "place")
            Placeholder.render(
                "No message bears this id: all \(places) were looked through, up to the newest message.", into: &surface, rect)
        } else {
            Placeholder.render(
                "It was not found where one could look; it may be where one could not.", role: .statusWarning, into: &surface, rect)
        }
    }

    private func cells(of copy: TraceCopy, now: Timestamp) -> [Span] {
        let isDead = copy.path.subQueue != .active
        let state = copy.state == .scheduled ? copy.scheduledEnqueueTime.map { "scheduled \(Figures.moment($0, now: now))" } : nil
        return [
            Span(copy.enqueuedTime.map { Figures.moment($0, now: now) } ?? "–", .muted), Span(copy.path.entity.displayName),
            Span(state ?? copy.situation, isDead ? .statusError : copy.state == .active ? .text : .statusInfo),
            Span(copy.enqueuedTime.map { Age.label(of: $0, now: now) } ?? "–", .muted),
            Span(String(copy.deliveryCount), copy.deliveryCount > 0 ? .text : .muted),
            Span(copy.deadLetterReason ?? "–", copy.deadLetterReason == nil ? .muted : .text),
            Span(copy.subject ?? "–", copy.subject == nil ? .muted : .text), Span(copy.match.title, .muted),
            Span(String(copy.sequenceNumber.rawValue), .muted), Span(copy.messageID ?? "–", .muted),
        ]
    }
}
