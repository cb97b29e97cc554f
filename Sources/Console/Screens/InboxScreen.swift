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
            case .request(let request): request.id.text
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
        review(&turn)
    }

    mutating func disappear(_ turn: inout Turn) { reviews.stop(&turn) }

    func loads(_ model: Model) -> [LoadID] { [model.inbox.lists.load, reviews.load].compactMap(\.self) }

    func awaited(_ model: Model) -> [LoadID] { [model.inbox.isQuiet ? nil : model.inbox.lists.load].compactMap(\.self) }

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
        case (.active, let inbox?): all = inbox.active.elements.map { .grant($0) }
        }
        rows = isFiltered ? all.filter { filter.matches(InboxScreen.words($0)) } : all
        let ids = rows.map(\.id)
        let found = wanted.flatMap { ids.firstIndex(of: $0) }
        if found != nil { wanted = nil }
        // While that one is not there yet, what is selected stays selected, wherever its line goes.
        list.select(found ?? current.flatMap { ids.firstIndex(of: $0) } ?? list.selected, count: rows.count, height: height)
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
            review(&turn)
        case .refresh:
            reviews.forget(&turn)
            turn.loadInbox()
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

    /// The list, and below it everything about the selected line: what it asks for is read before anything is decided.
    private func split(_ rect: Rect) -> (table: Rect, detail: Rect) {
        guard rect.rows >= 12 else { return (rect, rect.splitBottom(0).bottom) }
        let (table, detail) = rect.splitTop(min(max(rows.count, 1) + 1, max(rect.rows / 3, 5)))
        return (table, detail)
    }

    func asOf(_ model: Model) -> Timestamp? { model.inbox.lists.asOf }

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
        let own = inbox.own.elements.count { $0.standing.isOpen }
        let over = inbox.active.elements.count { $0.isPastEnd(at: surroundings.now) }
        // On 80 columns the age takes a third of the line: what is wrong comes first.
        var spans = over > 0 ? [Span("! \(Figures.count(over)) over and still there", .statusError), Span(" · ")] : []
        spans += InboxScreen.count(inbox.waiting, inbox.toDecide.count, "waiting", isHere: tab == .waiting)
        spans += [Span(" · ")] + InboxScreen.count(inbox.own, own, "yours open", isHere: tab == .own)
        spans += [Span(" · ")] + InboxScreen.count(inbox.active, inbox.active.elements.count, "in force", isHere: tab == .active)
        if surroundings.model.inbox.lists.error != nil { spans.append(Span(" · ! not refreshed (L)", .statusError)) }
        return spans
    }

    private static func count<Element>(_ list: AccessInbox.List<Element>, _ count: Int, _ word: String, isHere: Bool) -> [Span] {
        let role: Role = isHere ? .title : .muted
        guard case .success = list else { return [Span("✕ ", .statusWarning), Span(word, role), Span(" not known", .statusWarning)] }
        return [Span("\(Figures.count(count)) \(word)", role)]
    }

    private static let waitingColumns = [
        TableColumn("who", 10, upTo: 30, worth: 100),
        TableColumn("wants", 13, upTo: 24, worth: 95),
        TableColumn("on", 8, upTo: 50, worth: 98),
        TableColumn("for", 5, upTo: 12, worth: 90),
        TableColumn("asked", 6, upTo: 10, worth: 80),
        TableColumn("stands", 8, upTo: 40, worth: 85),
        TableColumn("kept in", 9, upTo: 12, worth: 60),
        TableColumn("why", 10, upTo: 100, worth: 50),
    ]
    private static let grantColumns = [
        TableColumn("who", 10, upTo: 36, worth: 100),
        TableColumn("has", 13, upTo: 24, worth: 95),
        TableColumn("on", 8, upTo: 50, worth: 98),
        TableColumn("how long", 34, upTo: 36, worth: 99),
        TableColumn("counts", 20, upTo: 20, worth: 80),
        TableColumn("kept in", 9, upTo: 12, worth: 60),
        TableColumn("ended by", 25, upTo: 30, worth: 55),
    ]

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let (tableRect, detailRect) = split(rect)
        let now = surroundings.now
        let cells = { (row: Row) in InboxScreen.cells(row, surroundings.model, now: now) }
        let columns = tab == .active ? InboxScreen.grantColumns : InboxScreen.waitingColumns
        Table(columns: columns, isProduction: surroundings.model.isProduction)
            .fitted(to: rows.prefix(300).lazy.map(cells))
            .render(into: &surface, tableRect, list: list, count: rows.count) { cells(rows[$0]) }
        let below = rows.isEmpty ? rect.splitTop(rect.rows >= 2 ? 1 : 0).rest : detailRect
        if rows.isEmpty { return renderEmptiness(into: &surface, below, surroundings.model) }
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
        switch tab {
        case .waiting: Placeholder.render("Nothing waits for you. tab shows your own requests and what is in force.", into: &surface, rect)
        case .own: Placeholder.render("You have asked for nothing. R asks for a role.", into: &surface, rect)
        case .active: Placeholder.render("No role with an end is in force here, as far as you may know.", into: &surface, rect)
        }
    }

    private static func cells(_ row: Row, _ model: Model, now: Timestamp) -> [Span] {
        switch row {
        case .request(let request):
            let isMine = model.inbox.lists.value?.isParty(to: request) == true
            let who = request.isForSelf ? request.requester.title : "\(request.principal.title) (by \(request.requester.title))"
            return [
                Span(who), Span(request.role.title), Span(request.scope.title),
                Span(request.duration.map { Figures.duration($0) } ?? "no end"),
                Span(request.askedAt.map { Age.label(of: $0, now: now) + " ago" } ?? "–", .muted), RequestText.standing(request, now: now),
                Span(request.backend.label, .statusInfo), Span(request.reason, isMine ? .muted : .text),
            ]
        case .grant(let grant):
            let isMine = model.inbox.lists.value.map { grant.principal.isSame(as: $0.me) } == true
            let proof = isMine ? RequestText.proof(model.inbox.proofs[grant.id] ?? .pending) : Span("", .muted)
            return [
                Span(grant.principal.title + (isMine ? " (you)" : "")), Span(grant.role.title), Span(grant.scope.title),
                RequestText.left(grant, now: now), proof, Span(grant.backend.label, .statusInfo), Span(RequestText.keeper(grant), .muted),
            ]
        }
    }
}
