internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// One session: its state, and its messages.
struct SessionScreen: Screen {
    /// A line.
    private enum Line: Hashable {
        case heading(String, note: String)
        case state([Span])
        case message(Int)
        case remark(String, isProblem: Bool)

        var isHeading: Bool { if case .heading = self { true } else { false } }
    }

    let path: EntityPath
    let id: String
    let context = KeyContext.session
    private(set) var filter = TextFilter()
    private var list = ListState()
    /// Whether a person moved the selection. Until then it is on the first message.
    private var isChosen = false
    private var lines: [Line] = []
    private var height = 1
    private var width = 80
    private var detail = Loadable<SessionDetail>()
    private var messages = Loadable<[MessageTable.Row]>()

    /// Headers of messages that are listed here; the list of messages has all of them.
    static let mostMessages = 500
    /// Bytes of a state that are set out over lines.
    static let longestState = 16_384

    init(_ id: String, of path: EntityPath) {
        self.id = id
        self.path = path.entity
    }

    var crumbs: [String] { ["sessions", id] }

    private var selection: MessageSelection { MessageSelection(session: id) }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        if case .notAsked = detail.phase { load(&turn) }
        arrange()
    }

    private mutating func load(_ turn: inout Turn) {
        if detail.load == nil { detail.begin(turn.start(.session(id, path))) }
        if messages.load == nil {
            messages.value = nil
            messages.begin(turn.start(.scanSelected(path, selection, from: nil, limit: SessionScreen.mostMessages)))
        }
    }

    mutating func disappear(_ turn: inout Turn) { for id in loads(turn.model) { turn.stop(id) } }

    func loads(_ model: Model) -> [LoadID] { [detail.load, messages.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        for id in loads(turn.model) { turn.stop(id) }
        if detail.load != nil { detail.stop() }
        if messages.load != nil { messages.stop() }
        arrange()
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        switch answer {
        case .session(let found) where id == detail.load: detail.set(found, asOf: turn.now)
        case .page(let rows) where id == messages.load: messages.set((messages.value ?? []) + rows, asOf: turn.now)
        default: return false
        }
        arrange()
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        switch id {
        case detail.load: detail.finish(error)
        case messages.load:
            messages.finish(error)
            if error == nil { messages.set(messages.value ?? [], asOf: turn.now) }
        default: return false
        }
        arrange()
        return true
    }

    // MARK: - Lines

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange()
    }

    private mutating func arrange() {
        let selected = self.selected
        let rows = messages.value ?? []
        let places = rows.indices.filter { place in
            let row = rows[place]
            return filter.matches([
                String(row.sequenceNumber.rawValue), row.messageID ?? "", row.subject ?? "", row.state.description,
            ])
        }
        var count = Figures.count(rows.count)
        if rows.count >= SessionScreen.mostMessages { count = "the first \(count)" }
        lines = [.heading("state", note: stateNote)] + stateLines + [.heading("messages (\(count))", note: messagesNote)]
        lines += places.isEmpty ? [messagesRemark] : places.map { .message($0) }
        let first = lines.firstIndex { if case .message = $0 { true } else { false } }
        let place = isChosen ? selected.flatMap { lines.firstIndex(of: $0) } ?? list.selected : first ?? 0
        list.select(place, count: lines.count, height: height)
        leaveHeading(towards: 1)
    }

    private var stateNote: String {
        guard case .bytes(let bytes)? = detail.value?.state else { return "" }
        return "\(Figures.count(bytes.count)) B"
    }

    private var stateLines: [Line] {
        if let error = detail.error { return [.remark("! \(error.message)", isProblem: true)] }
        switch detail.value?.state {
        case nil: return [.remark(detail.isStopped ? "not read; ^R reads it" : "…", isProblem: false)]
        case .notAsked?: return [.remark("not read", isProblem: false)]
        case SessionState.none?: return [.remark("none", isProblem: false)]
        case .heldElsewhere?:
            return [
                .remark("not known: the service shows it to the receiver that holds the session only", isProblem: true)
            ]
        case .bytes(let bytes)?:
            let head = bytes.count > SessionScreen.longestState ? Array(bytes.prefix(SessionScreen.longestState)) : bytes
            let room = max(width - Table.gutter - 1, 10)
            let whole = String(validating: bytes, as: UTF8.self)
            let text = whole.map { String($0.prefix(SessionScreen.longestState)) }
            let isCut = text.map { $0.utf8.count < bytes.count } ?? (head.count < bytes.count)
            let block: TextBlock =
                text.map { text in
                    .lines(TextBlock.visible(text.split(separator: "\n", omittingEmptySubsequences: false).map { [Span(String($0))] }))
                } ?? .bytes(head)
            let layout = TextLayout([block], width: room)
            let rest = isCut ? [Line.remark("… cut here", isProblem: false)] : []
            return (0..<layout.count).map { .state(layout.row($0)) } + rest
        }
    }

    private var messagesNote: String {
        guard let counts = detail.value?.summary.counts else { return "" }
        return [(counts.active, "active"), (counts.deferred, "deferred"), (counts.scheduled, "scheduled")]
            .filter { $0.0 > 0 }.map { "\(Figures.count($0.0)) \($0.1)" }.joined(separator: ", ")
    }

    private var messagesRemark: Line {
        if let error = messages.error { return .remark("! \(error.message)", isProblem: true) }
        if messages.load != nil { return .remark("…", isProblem: false) }
        if messages.isStopped { return .remark("stopped; ^R lists them", isProblem: false) }
        return .remark(isFiltered ? "none fits the filter" : "none", isProblem: false)
    }

    private var selected: Line? { lines.indices.contains(list.selected) ? lines[list.selected] : nil }

    private mutating func leaveHeading(towards direction: Int) {
        let lines = lines
        list.leave({ lines[$0].isHeading }, towards: direction, count: lines.count, height: height)
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = rows
        if columns != width {
            width = columns
            arrange()
        }
        list.settle(count: lines.count, height: height)
    }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open:
            if case .message? = selected { return .enabled }
            return .disabled("no message is selected")
        default: return .enabled
        }
    }

    func accessTopic(_ model: Model) -> AccessTopic { .entity(path.entity) }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            isChosen = true
            let before = list.selected
            list.move(step, count: lines.count, height: height)
            leaveHeading(towards: list.selected < before ? -1 : 1)
            return
        }
        switch command {
        case .open, .messages: turn.navigation = .push(MessagesScreen(path, selection))
        case .refresh: load(&turn)
        default: break
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row
        guard lines.indices.contains(line), !lines[line].isHeading else { return }
        isChosen = true
        if line == list.selected {
            if availability(of: .open, model: turn.model).isEnabled { perform(.open, &turn) }
        } else {
            list.select(line, count: lines.count, height: height)
        }
    }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { detail.asOf ?? messages.asOf }

    func position(_ model: Model) -> String { list.position(among: lines.count) { lines[$0].isHeading } }

    func summary(_ surroundings: Surroundings) -> [Span] {
        var spans = [Span("session \(id)", .title), Span(" of \(path.displayName)", .muted)]
        if case .heldElsewhere? = detail.value?.state { spans.append(Span(" · held by another receiver", .statusWarning)) }
        if detail.value != nil { spans.append(Span(" · looked at, not locked", .muted)) }
        return spans
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let rows = messages.value ?? []
        Page(isProduction: surroundings.model.isProduction)
            .render(into: &surface, rect, list: list, count: lines.count) { line(lines[$0], rows, surroundings.now) }
    }

    private func line(_ line: Line, _ rows: [MessageTable.Row], _ now: Timestamp) -> Page.Line {
        switch line {
        case .heading(let title, let note): return .heading(title, note: note.isEmpty ? [] : [Span(note, .muted)])
        case .state(let spans): return .row(spans)
        case .remark(let text, let isProblem): return .row([Span(text, isProblem ? .statusWarning : .muted)])
        case .message(let place):
            guard rows.indices.contains(place) else { return .row([]) }
            let row = rows[place]
            let moment = row.enqueuedTime.map { Figures.moment($0, now: now) + "Z" } ?? "–"
            return .row([
                Span(pad("#\(row.sequenceNumber)", 12)), Span(pad(moment, 17), .muted),
                Span(pad(row.state.description, 11), row.state == .active ? .muted : .statusInfo),
                Span(pad(Figures.count(row.deliveryCount, "try", plural: "tries"), 9), row.deliveryCount > 0 ? .text : .muted),
                Span((row.subject ?? "–") + "  "), Span(row.messageID ?? "", .muted),
            ])
        }
    }

    private func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(width - Width.of(text), 1)) }
}
