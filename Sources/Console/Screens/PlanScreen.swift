internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What an action would do, exactly, before it does: the plan, what the policy says, and what a person has to say.
struct PlanScreen: Screen {
    let context = KeyContext.plan
    let filter = TextFilter()
    private let draft: ActionDraft
    /// How many screens are left when the job has begun, this one included.
    let leaving: Int
    private var proposal = Loadable<Operator.Proposal>()
    private var begun = Loadable<Void>()
    /// Whether the plan that is shown was asked about: an answer is to that one, and to none that came later.
    private var isAsked = false
    /// Messages looked at for the plan so far.
    private var looked = 0
    private var text = ScrolledText(hang: PlanText.label)

    /// - Parameter leaving: two where the form it came from lies beneath.
    init(_ draft: ActionDraft, leaving: Int) {
        self.draft = draft
        self.leaving = leaving
    }

    /// The form beneath has said what it is a plan of.
    var crumbs: [String] { leaving > 1 ? ["plan"] : [draft.kind.command.rawValue, "plan"] }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        guard case .notAsked = proposal.phase else { return }
        plan(&turn)
    }

    /// What was planned before, and what stood in its way, is no more: it is neither shown nor agreed to.
    private mutating func plan(_ turn: inout Turn) {
        looked = 0
        proposal = Loadable()
        begun = Loadable()
        isAsked = false
        switch draft.request(now: turn.now) {
        case .failure(let problem): proposal.finish(OperatorError(.usage, "There is no plan: \(problem.text).", hint: "e fills it in."))
        case .success(let request): proposal.begin(turn.start(.propose(request)))
        }
    }

    mutating func disappear(_ turn: inout Turn) { turn.stop(proposal.load) }

    func loads(_ model: Model) -> [LoadID] { [proposal.load, begun.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        if begun.load != nil { return turn.say(.warning, "The job is beginning; c on the jobs screen stops it.") }
        turn.stop(proposal.load)
        proposal.stop()
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        switch answer {
        case .planning(let looked) where id == proposal.load: self.looked = looked
        case .proposal(let found) where id == proposal.load:
            proposal.set(found, asOf: found.plan.plannedAt)
            text.set(PlanText.lines(of: found, reason: draft.reason, now: turn.now))
        default: return false
        }
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        switch id {
        case proposal.load: proposal.finish(error)
        case begun.load: begun.finish(error)
        default: return false
        }
        return true
    }

    /// Whether what was agreed to is on its way, and the job not there yet.
    var isBeginning: Bool { begun.load != nil }

    /// Why there is nothing to agree to any more; nil: there is.
    private var begunReason: String? {
        switch begun.phase {
        case .loading: "the job is beginning; wait for the answer"
        case .loaded: "it has begun: gj shows the jobs"
        case .notAsked, .stopped, .failed: nil
        }
    }

    /// The queue of the job that a load has begun; nil where it began none from here.
    func path(begunBy id: LoadID) -> EntityPath? { begun.load == id ? draft.subject.path : nil }

    mutating func apply(filter: TextFilter, model: Model) {}

    mutating func settle(rows: Int, columns: Int, model: Model) {
        text.settle(rows: split(Rect(row: 0, column: 0, rows: rows, columns: columns)).body.rows, columns: columns)
    }

    // MARK: - Commands

    /// Why it cannot be agreed to; nil: it can.
    private func obstacle(_ proposal: Operator.Proposal, _ model: Model) -> String? {
        if let blocker = proposal.plan.blockers.first { return blocker.text }
        switch proposal.verdict {
        case .allowed: break
        case .needsApproval(let rule, let approvals, _): return Refusal(approvals: approvals, by: rule).clause
        case .denied(let denial): return Refusal(denial).clause
        }
        return model.changeRefusal
    }

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .back, .board, .tree: return isBeginning ? .disabled("the job is beginning; wait for the answer") : .enabled
        case .open:
            if let begunReason { return .disabled(begunReason) }
            guard let proposal = proposal.value, self.proposal.load == nil else { return .disabled("there is no plan yet") }
            return obstacle(proposal, model).map { .disabled($0) } ?? .enabled
        case .options, .refresh: return begunReason.map { .disabled($0) } ?? .enabled
        case .filter: return .disabled("a plan is read as a whole")
        default: return .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) { return text.move(step) }
        switch command {
        case .open:
            guard let proposal = proposal.value else { return }
            isAsked = true
            let phrase = proposal.demand.phrase ?? "yes"
            turn.question = Question(
                label: "type \(phrase) to go on", help: "\(PlanText.headline(proposal.plan)); esc: nothing happens")
        case .options:
            turn.navigation = leaving > 1 ? .pop(1) : .replace(1, ActionFormScreen(draft))
        case .refresh: if proposal.load == nil { plan(&turn) }
        default: break
        }
    }

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        if let begunReason { return Question.Problem(text: begunReason) }
        guard isAsked, let proposal = proposal.value, self.proposal.load == nil else {
            return Question.Problem(text: "it is planned anew: esc, and look at it first")
        }
        if let phrase = proposal.demand.phrase, answer != phrase {
            return Question.Problem(text: "that is not \(phrase): nothing was done")
        }
        do throws(OperatorError) {
            let confirmation = try proposal.plan.confirm(.typed(answer))
            let (reason, ticket) = (draft.reason, draft.ticket)
            begun.begin(
                turn.start(.begin(confirmation, reason: reason.isEmpty ? nil : reason, ticket: ticket.isEmpty ? nil : ticket)))
            return nil
        } catch {
            return Question.Problem(text: error.message)
        }
    }

    // MARK: - Drawing

    func position(_ model: Model) -> String { proposal.value == nil ? "" : text.position }

    func summary(_ surroundings: Surroundings) -> [Span] {
        guard let proposal = proposal.value else {
            return [Span("Plan: \(draft.kind.command.rawValue) · \(draft.subject.title)", .title), Span(" · nothing was done", .muted)]
        }
        var spans = [Span(PlanText.headline(proposal.plan), .title)]
        if !proposal.plan.blockers.isEmpty {
            spans.append(Span(" · cannot be carried out like this", .statusError))
        } else if !proposal.verdict.isAllowed {
            spans.append(Span(" · refused", .statusError))
        } else {
            spans.append(begun.load == nil ? Span(" · nothing was done yet", .muted) : Span(" · beginning", .statusPending))
        }
        return spans
    }

    private func split(_ rect: Rect) -> (body: Rect, foot: Rect) {
        let (body, foot) = rect.splitBottom(rect.rows > 3 ? (begun.error == nil ? 1 : min(6, rect.rows / 2)) : 0)
        return (body, foot)
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let model = surroundings.model
        let (body, foot) = split(rect)
        if let proposal = proposal.value, self.proposal.load == nil {
            text.render(into: &surface, body)
            renderFoot(proposal, into: &surface, foot, model)
        } else if proposal.load != nil {
            let count = looked > 0 ? " \(Figures.count(looked)) messages looked at." : ""
            Placeholder.render("Making the plan…\(count) Nothing is locked or changed.", role: .statusPending, into: &surface, rect)
        } else if let error = proposal.error {
            Placeholder.render(error, into: &surface, rect, retry: "e changes what was asked for · ^R plans again · q: nothing happens")
        } else if proposal.isStopped {
            Placeholder.render("Stopped: there is no plan. ^R makes it.", into: &surface, rect)
        }
    }

    private func renderFoot(_ proposal: Operator.Proposal, into surface: inout Surface, _ rect: Rect, _ model: Model) {
        guard !rect.isEmpty else { return }
        if let error = begun.error {
            return Placeholder.render(error, into: &surface, rect, retry: "e changes what was asked for · ^R plans again · q goes back")
        }
        let spans: [Span]
        if begun.load != nil {
            spans = [Span("the job is beginning", .statusPending)]
        } else if let obstacle = obstacle(proposal, model) {
            spans = [Span("✕ cannot be confirmed: \(obstacle)", .statusError)]
        } else if let phrase = proposal.demand.phrase {
            spans = [
                Span("enter, then type ", .statusWarning), Span(phrase, .keyName),
                Span(" · e options · q: nothing happens", .statusWarning),
            ]
        } else {
            spans = [Span("enter, then yes · e options · q: nothing happens", .statusInfo)]
        }
        surface.put(row: rect.row, column: rect.column + 1, spans, maxWidth: max(rect.columns - 2, 0))
    }
}
