internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// One request, or one role in force, with everything that is known of it.
struct RequestScreen: Screen, RequestSelecting {
    let context = KeyContext.request
    let filter = TextFilter()
    var reviews: AccessReviews
    private var row: InboxScreen.Row
    /// Whether the list it came from has it no more.
    private var isGone = false
    private var text = ScrolledText(hang: RequestText.label)

    init(_ row: InboxScreen.Row, reviews: AccessReviews) {
        self.row = row
        self.reviews = reviews
    }

    var crumbs: [String] {
        switch row {
        case .request(let request): ["request \(request.id.short)"]
        case .grant(let grant): ["\(grant.role.title) of \(grant.principal.title)"]
        }
    }

    var selectedRequest: AccessRequest? { if case .request(let request) = row, !isGone { request } else { nil } }
    var selectedGrant: ActiveGrant? { if case .grant(let grant) = row, !isGone { grant } else { nil } }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        modelChanged(turn.model)
        if let request = selectedRequest, request.standing.isOpen { reviews.ask(about: request, &turn) }
    }

    mutating func disappear(_ turn: inout Turn) { reviews.stop(&turn) }

    func loads(_ model: Model) -> [LoadID] { [model.inbox.lists.load, model.inbox.grants.load, reviews.load].compactMap(\.self) }

    func awaited(_ model: Model) -> [LoadID] { model.inbox.awaited }

    mutating func stopLoading(_ turn: inout Turn) { turn.stopInbox() }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool { reviews.receive(id, answer, now: turn.now) }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool { reviews.finish(id, error) }

    mutating func apply(filter: TextFilter, model: Model) {}

    mutating func modelChanged(_ model: Model) {
        guard let inbox = model.inbox.lists.value else { return }
        switch row {
        case .request(let request):
            let latest = inbox.latest(of: request)
            if let latest { row = .request(latest) }
            // A list that could not be read tells of nothing that it is gone.
            isGone = latest == nil && inbox.waiting.problem == nil && inbox.own.problem == nil && inbox.gaps.isEmpty
        case .grant(let grant):
            let latest = model.inbox.inForce?.elements.first { $0.id == grant.id }
            if let latest { row = .grant(latest) }
            // What is one's own is always read.
            let isRead = grant.principal.isSame(as: inbox.me) || model.inbox.grants.value != nil
            isGone = latest == nil && inbox.active.problem == nil && inbox.activeGaps.isEmpty && isRead
        }
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        if let inbox = model.inbox.lists.value {
            text.set(RequestScreen.lines(row, reviews, selectedRequest?.standing.isOpen == true, inbox, model, now: inbox.asOf))
        }
        text.settle(rows: rows, columns: columns)
    }

    // MARK: - Commands

    func accessTopic(_ model: Model) -> AccessTopic {
        let scope = selectedRequest?.scope ?? selectedGrant?.scope
        return scope?.entity.map { .entity($0.entity) } ?? .namespace
    }

    func askTopic(_ model: Model) -> AccessTopic? { nil }

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .approve, .narrow, .deny, .takeBack, .endAccess: decisionAvailability(of: command, model)
        case .filter: .disabled("a request is read as a whole")
        default: .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) { return text.move(step) }
        switch command {
        case .approve, .narrow, .deny, .takeBack, .endAccess: decide(command, leaving: 1, &turn)
        case .refresh:
            reviews.forget(&turn)
            turn.loadInbox()
            if selectedGrant != nil { turn.loadGrants() }
            if let request = selectedRequest, request.standing.isOpen { reviews.ask(about: request, &turn) }
        default: break
        }
    }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { model.inbox.lists.asOf }

    func ages(_ model: Model) -> [Timestamp] { [asOf(model), selectedRequest?.askedAt].compactMap(\.self) }

    func untilTick(_ model: Model, now: Timestamp) -> Int64? { selectedGrant.flatMap { RequestText.untilChange(of: $0, now: now) } }

    func position(_ model: Model) -> String { text.position }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let spans: [Span]
        switch row {
        case .request(let request):
            let wish = RequestText.wish(request, me: surroundings.model.inbox.lists.value?.me)
            spans = [Span("\(request.requester.title) asks for \(wish)", .title)]
        case .grant(let grant):
            spans = [
                Span("\(grant.principal.title) has \(grant.role.title) on \(grant.scope.title)", .title), Span(" · "),
                RequestText.left(grant, seen: surroundings.model.inbox.seen(grant), now: surroundings.now),
            ]
        }
        return (isGone ? [Span("no longer listed: decided or over · ", .statusWarning)] : []) + spans
    }

    /// Everything about a line, in full.
    /// - Parameter isReviewed: whether it is there to be decided about.
    static func lines(
        _ row: InboxScreen.Row, _ reviews: AccessReviews, _ isReviewed: Bool, _ inbox: AccessInbox, _ model: Model, now: Timestamp
    ) -> [[Span]] {
        switch row {
        case .request(let request): RequestText.lines(request, isReviewed ? reviews.of(request) : nil, in: inbox, now: now)
        case .grant(let grant):
            RequestText.lines(
                grant, grant.principal.isSame(as: inbox.me) ? model.inbox.proofs[grant.id] ?? .pending : nil, me: inbox.me,
                seen: model.inbox.seen(grant), now: now)
        }
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        guard let inbox = surroundings.model.inbox.lists.value else { return }
        // What counts down is written anew; where it is scrolled to stays.
        var text = text
        text.set(
            RequestScreen.lines(
                row, reviews, selectedRequest?.standing.isOpen == true, inbox, surroundings.model, now: surroundings.now))
        text.settle(rows: rect.rows, columns: rect.columns)
        text.render(into: &surface, rect)
    }
}
