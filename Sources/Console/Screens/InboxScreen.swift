internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What waits for a decision, what one asked for oneself, and the roles that end by themselves.
struct InboxScreen: Screen, RequestSelecting {
    /// One of its lists.
    enum Tab: CaseIterable, Hashable, Sendable {
        case waiting
        case own
        case active

        var title: String {
            switch self {
            case .waiting: "waiting for you"
            case .own: "yours"
            case .active: "in force"
            }
        }

        var next: Tab {
            switch self {
            case .waiting: .own
            case .own: .active
            case .active: .waiting
            }
        }
    }

    /// A line.
    enum Row: Hashable {
        case request(AccessRequest)
        case grant(ActiveGrant)

        var id: String {
            switch self {
            case .request(let request): request.lineID
            case .grant(let grant): grant.id
            }
        }
    }

    let context = KeyContext.requests
    private(set) var tab: Tab
    private(set) var filter = TextFilter()
    var reviews = AccessReviews()
    private var rows: [Row] = []
    private var list = ListState()
    private var height = 1
    /// What to select once it is there.
    private var wanted: String?
    /// What could not be read, below the list.
    private var notes: [[Span]] = []

    init(_ tab: Tab = .waiting, selecting id: String? = nil) {
        self.tab = tab
        wanted = id
    }

    var crumbs: [String] { ["access", tab.title] }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        modelChanged(turn.model)
        let lists = turn.model.inbox.lists
        let isOld = lists.asOf.map { $0.advanced(by: InboxState.interval) < turn.now } ?? true
        if isOld, !lists.isStopped { turn.loadInbox(quietly: lists.value != nil) }
        readGrants(&turn)
        review(&turn)
    }

    /// The roles of everybody are many: they are read for whoever looks at them, and while they do.
    private func readGrants(_ turn: inout Turn) {
        let grants = turn.model.inbox.grants
        guard tab == .active, grants.load == nil else { return }
        if case .notAsked = grants.phase { return turn.loadGrants() }
        if let due = turn.model.inbox.grantsDue(turn.model.watch), due <= turn.now { turn.loadGrants(quietly: true) }
    }

    func refreshDue(_ model: Model) -> Timestamp? { tab == .active ? model.inbox.grantsDue(model.watch) : nil }

    mutating func refreshQuietly(_ turn: inout Turn) { turn.loadGrants(quietly: true) }

    mutating func disappear(_ turn: inout Turn) {
        reviews.stop(&turn)
        turn.leaveGrants()
    }

    func loads(_ model: Model) -> [LoadID] {
        [model.inbox.lists.load, tab == .active ? model.inbox.grants.load : nil, reviews.load].compactMap(\.self)
    }

    func awaited(_ model: Model) -> [LoadID] {
        model.inbox.awaited.filter { tab == .active || $0 != model.inbox.grants.load }
    }

    mutating func stopLoading(_ turn: inout Turn) { turn.stopInbox() }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool { reviews.receive(id, answer, now: turn.now) }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        guard reviews.finish(id, error) else { return false }
        review(&turn)
        return true
    }

    /// Asks what the policy says of the selected request, what its principal has and who else was asked.
    private mutating func review(_ turn: inout Turn) {
        guard tab == .waiting, case .request(let request)? = selected, request.standing.isOpen else { return }
        reviews.ask(about: request, &turn)
    }

    // MARK: - Rows

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        modelChanged(model)
    }

    mutating func modelChanged(_ model: Model) {
        let current = selected?.id
        let all: [Row]
        switch (tab, model.inbox.lists.value) {
        case (_, nil): all = []
        case (.waiting, let inbox?): all = inbox.waiting.elements.map { .request($0) }
        case (.own, let inbox?): all = inbox.own.elements.map { .request($0) }
        case (.active, _?): all = model.inbox.inForce?.elements.map { .grant($0) } ?? []
        }
        rows = isFiltered ? all.filter { filter.matches(InboxScreen.words($0)) } : all
        let ids = rows.map(\.id)
        let found = wanted.flatMap { ids.firstIndex(of: $0) }
        if found != nil { wanted = nil }
        // While that one is not there yet, what is selected stays selected, wherever its line goes.
        list.select(found ?? current.flatMap { ids.firstIndex(of: $0) } ?? list.selected, count: rows.count, height: height)
    }

    /// What is not in the list since it could not be read, and the right that would fill it: a gap looks like nobody's request.
    private static func notes(_ inbox: InboxState, _ tab: Tab) -> [[Span]] {
        var notes = inbox.gaps(isInForce: tab == .active).map { [Span("✕ \($0.sentence)", .statusWarning)] }
        guard tab == .active, inbox.lists.value != nil else { return notes }
        if let error = inbox.grants.error {
            notes.append([Span("✕ the roles of others are not known: \(error.message) \(error.hint)", .statusWarning)])
        } else if inbox.grants.value == nil {
            let isRead = inbox.grants.load != nil
            notes.append([
                Span(
                    isRead ? "– these are your own; reading those of others…" : "– these are your own; ^R reads those of others",
                    isRead ? .statusPending : .muted)
            ])
        }
        return notes
    }

    private static func words(_ row: Row) -> [String] {
        switch row {
        case .request(let request):
            [
                request.requester.title, request.principal.title, request.role.title, request.scope.title, request.scope.id, request.reason,
                request.ticket ?? "", request.standing.word, request.backend.label, request.id.text,
            ]
        case .grant(let grant): [grant.principal.title, grant.role.title, grant.scope.title, grant.scope.id, grant.backend.label]
        }
    }

    private var selected: Row? { rows.indices.contains(list.selected) ? rows[list.selected] : nil }

    var selectedRequest: AccessRequest? { if case .request(let request)? = selected { request } else { nil } }
    var selectedGrant: ActiveGrant? { if case .grant(let grant)? = selected { grant } else { nil } }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        notes = InboxScreen.notes(model.inbox, tab)
        height = Table.bodyHeight(split(Rect(row: 0, column: 0, rows: rows, columns: columns)).table)
        list.settle(count: self.rows.count, height: height)
    }

    // MARK: - Commands

    func accessTopic(_ model: Model) -> AccessTopic {
        let scope = selectedRequest?.scope ?? selectedGrant?.scope
        return scope?.entity.map { .entity($0.entity) } ?? .namespace
    }

    /// What is asked for here is something new.
    func askTopic(_ model: Model) -> AccessTopic? { nil }

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open: selected == nil ? .disabled("nothing is selected") : .enabled
        case .approve, .narrow, .deny, .takeBack, .endAccess: decisionAvailability(of: command, model)
        default: .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            wanted = nil
            list.move(step, count: rows.count, height: height)
            return review(&turn)
        }
        switch command {
        case .open: if let selected { turn.navigation = .push(RequestScreen(selected, reviews: reviews.handedOver)) }
        case .approve, .narrow, .deny, .takeBack, .endAccess: decide(command, leaving: 0, &turn)
        case .nextTab:
            tab = tab.next
            wanted = nil
            rows = []
            list = ListState()
            modelChanged(turn.model)
            readGrants(&turn)
            review(&turn)
        case .refresh:
            reviews.forget(&turn)
            turn.loadInbox()
            if tab == .active { turn.loadGrants() }
            review(&turn)
        default: break
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row - 1
        guard row >= 1, row <= height, rows.indices.contains(line) else { return }
        if line == list.selected { return perform(.open, &turn) }
        wanted = nil
        list.select(line, count: rows.count, height: height)
        review(&turn)
    }

    // MARK: - Drawing

    /// The list, what is not in it, and below everything about the selected line: what it asks for is read before anything is decided.
    private func split(_ rect: Rect) -> (table: Rect, notes: Rect, detail: Rect) {
        let (empty, count) = (rect.splitBottom(0).bottom, noteLayout(rect.columns).count)
        guard rect.rows >= 12 else {
            let (table, notes) = rect.splitBottom(min(count, rect.rows / 3))
            return (table, notes, empty)
        }
        let (table, rest) = rect.splitTop(min(max(rows.count, 1) + 1, max(rect.rows / 3, 5)))
        let (notes, detail) = rest.splitTop(min(count, rect.rows >= 30 ? 6 : 3))
        return (table, notes, detail)
    }

    private func noteLayout(_ columns: Int) -> TextLayout {
        TextLayout([.lines(TextBlock.visible(notes), TextBlock.Wrapping(hang: 2, atWords: true))], width: max(columns - 2, 1))
    }

    func asOf(_ model: Model) -> Timestamp? { tab == .active ? model.inbox.grants.asOf ?? model.inbox.lists.asOf : model.inbox.lists.asOf }

    func ages(_ model: Model) -> [Timestamp] {
        let moments = rows.compactMap { row in if case .request(let request) = row { request.askedAt } else { nil } }
        return [asOf(model)].compactMap(\.self) + moments
    }

    func untilTick(_ model: Model, now: Timestamp) -> Int64? {
        rows.compactMap { row in if case .grant(let grant) = row { RequestText.untilChange(of: grant, now: now) } else { nil } }.min()
    }

    func position(_ model: Model) -> String {
        rows.isEmpty ? "" : "\(Figures.count(list.selected + 1)) of \(Figures.count(rows.count))"
    }

    func summary(_ surroundings: Surroundings) -> [Span] {
        guard let inbox = surroundings.model.inbox.lists.value else { return [Span("Access", .title)] }
        let state = surroundings.model.inbox
        let own = inbox.own.elements.count { $0.standing.isOpen }
        let (over, gaps) = (state.overdue, state.gaps(isInForce: tab == .active).count)
        // On 80 columns the age takes a third of the line: what is wrong comes first.
        var spans = over > 0 ? [Span("! \(Figures.count(over)) over and still there", .statusError), Span(" · ")] : []
        if gaps > 0 { spans += [Span("✕ \(Figures.count(gaps)) not read", .statusWarning), Span(" · ")] }
        spans += InboxScreen.count(inbox.waiting, inbox.toDecide.count, "waiting", isHere: tab == .waiting)
        spans += [Span(" · ")] + InboxScreen.count(inbox.own, own, "yours open", isHere: tab == .own)
        let word = state.grants.value == nil ? "in force for you" : "in force"
        let inForce = state.inForce ?? inbox.active
        spans += [Span(" · ")] + InboxScreen.count(inForce, inForce.elements.count, word, isHere: tab == .active)
        if surroundings.model.inbox.lists.error != nil { spans.append(Span(" · ! not refreshed (L)", .statusError)) }
        return spans
    }

    private static func count<Element>(_ list: AccessInbox.List<Element>, _ count: Int, _ word: String, isHere: Bool) -> [Span] {
        let role: Role = isHere ? .title : .muted
        guard case .success = list else { return [Span("✕ ", .statusWarning), Span(word, role), Span(" not known", .statusWarning)] }
        return [Span("\(Figures.count(count)) \(word)", role)]
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let (tableRect, noteRect, detailRect) = split(rect)
        let now = surroundings.now
        let cells = { (row: Row) in InboxScreen.cells(row, surroundings.model, now: now) }
        let columns = tab == .active ? InboxScreen.grantColumns : InboxScreen.waitingColumns
        Table(columns: columns, isProduction: surroundings.model.isProduction)
            .fitted(to: rows.prefix(300).lazy.map(cells))
            .render(into: &surface, tableRect, list: list, count: rows.count) { cells(rows[$0]) }
        let below = rows.isEmpty ? rect.splitTop(rect.rows >= 2 ? 1 : 0).rest : detailRect
        if rows.isEmpty { return renderEmptiness(into: &surface, below, surroundings.model) }
        renderNotes(into: &surface, noteRect)
        guard !below.isEmpty, let selected, let inbox = surroundings.model.inbox.lists.value else { return }
        let (rule, text) = below.splitTop(1)
        let isProduction = surroundings.model.isProduction
        surface.fill(rule, with: isProduction ? "═" : "─", role: isProduction ? .ruleProduction : .rule)
        let lines = RequestScreen.lines(selected, reviews, tab == .waiting, inbox, surroundings.model, now: now)
        let layout = TextLayout(
            [.lines(TextBlock.visible(lines), TextBlock.Wrapping(hang: RequestText.label, atWords: true))], width: max(text.columns - 2, 1))
        for row in 0..<min(text.rows, layout.count) {
            surface.put(row: text.row + row, column: text.column + 1, layout.row(row), truncation: .clip)
        }
        if layout.count > text.rows {
            surface.put(row: text.endRow - 1, endingAt: text.endColumn - 1, [Span(" … enter shows all", .muted)], maxWidth: text.columns)
        }
    }

    private func renderNotes(into surface: inout Surface, _ rect: Rect) {
        let layout = noteLayout(rect.columns)
        for row in 0..<min(rect.rows, layout.count) {
            surface.put(row: rect.row + row, column: rect.column + 1, layout.row(row), truncation: .clip)
        }
        guard layout.count > rect.rows, !rect.isEmpty else { return }
        surface.put(row: rect.endRow - 1, column: rect.endColumn - 1, "…", role: .muted, maxWidth: 1)
    }

    private func renderEmptiness(into surface: inout Surface, _ rect: Rect, _ model: Model) {
        let lists = model.inbox.lists
        let retry = "^R tries again · L shows the log · q goes back"
        guard let inbox = lists.value else {
            if let error = lists.error { return Placeholder.render(error, into: &surface, rect, retry: retry) }
            let text =
                lists.isStopped ? "Stopped. ^R asks what waits." : "Asking Azure what waits, what you asked for and what is in force…"
            return Placeholder.render(text, role: lists.isStopped ? .muted : .statusPending, into: &surface, rect)
        }
        let problem =
            switch tab {
            case .waiting: inbox.waiting.problem
            case .own: inbox.own.problem
            case .active: inbox.active.problem
            }
        if let problem { return Placeholder.render(problem, into: &surface, rect, retry: retry) }
        if isFiltered { return Placeholder.render("Nothing fits the filter. esc clears it.", into: &surface, rect) }
        // Where something could not be read, nothing is said to be nothing.
        let isWhole = notes.isEmpty
        let text =
            switch tab {
            case .waiting:
                isWhole
                    ? "Nothing waits for you. tab shows your own requests and what is in force."
                    : "Nothing waits for you in what could be read:"
            case .own: isWhole ? "You have asked for nothing. R asks for a role." : "You have asked for nothing in what could be read:"
            case .active:
                model.inbox.grants.value == nil
                    ? "No role of yours with an end is in force." : "No role with an end is in force here, as far as you may know."
            }
        Placeholder.render([[Span("  \(text)", .muted)]] + notes.map { [Span("  ")] + $0 }, into: &surface, rect)
    }
}
