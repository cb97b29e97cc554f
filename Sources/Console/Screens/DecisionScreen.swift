internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// A decision before it is sent: what is answered, why, and everything it is about, with the full id of where it holds.
struct DecisionScreen: Screen {
    /// What the question that is asked is about.
    private enum Asked {
        case field(Field)
        case phrase
    }

    let context = KeyContext.decision
    let filter = TextFilter()
    let purpose: Purpose
    private var reviews: AccessReviews
    /// How many screens are left besides this one when it is done.
    private let leaving: Int
    private let fields: [Field]
    private var role: PolicyRole?
    private var scope: AccessScope?
    private var duration: Duration?
    private var reason = ""
    private var asked: Asked?
    private var isBegun = false
    private var run = Loadable<Void>()
    private var list = ListState()
    private var facts = ScrolledText(hang: RequestText.label)

    init(_ purpose: Purpose, reviews: AccessReviews, leaving: Int) {
        self.purpose = purpose
        self.reviews = reviews
        self.leaving = leaving
        if case .narrow = purpose { fields = [.role, .scope, .duration, .reason] } else { fields = [.reason] }
    }

    var crumbs: [String] { [purpose.word] }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        review(&turn)
        guard !isBegun else { return }
        isBegun = true
        // One key, a reason, and it is ready to be sent.
        if fields == [.reason] { ask(.reason, &turn) } else { list.select(2, count: fields.count, height: fields.count) }
    }

    /// Reads what the policy says of it and what its principal has, unless that was read where it was selected.
    private mutating func review(_ turn: inout Turn) {
        guard let request = purpose.decided, run.load == nil else { return }
        reviews.ask(about: request, &turn)
    }

    mutating func disappear(_ turn: inout Turn) { reviews.stop(&turn) }

    func loads(_ model: Model) -> [LoadID] { [reviews.load, run.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        if run.load != nil { return turn.say(.warning, "It was sent and cannot be called back; wait for the answer.") }
        reviews.stop(&turn)
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        if reviews.receive(id, answer, now: turn.now) { return true }
        guard id == run.load else { return false }
        switch answer {
        case .accessRequest(let request): turn.say(.info, done(request, now: turn.now))
        case .accessEnded(let isEnded):
            turn.say(
                .info, isEnded ? "Ended. Links that are open live until their token ends." : "It was gone already: nothing was changed.")
        default: return false
        }
        run.set((), asOf: turn.now)
        return true
    }

    private func done(_ request: AccessRequest, now: Timestamp) -> String {
        switch purpose {
        case .approve: "Approved: \(RequestText.wish(request, me: nil)), \(RequestText.outcome(request, now: now))."
        case .narrow: request.sentence.isEmpty ? "Narrowed: \(RequestText.wish(request, me: nil))." : request.sentence
        case .deny: "Denied: \(RequestText.wish(request, me: nil))."
        case .takeBack: "Taken back: \(RequestText.wish(request, me: nil))."
        case .end: "Ended."
        }
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        if reviews.finish(id, error) { return true }
        guard id == run.load else { return false }
        run.finish(error)
        // Whatever came of it, what was listed is not so any more.
        if error == nil || error?.code == .conflict || error?.code == .partlyDone { turn.loadInbox(quietly: true) }
        if error == nil { turn.navigation = .pop(leaving + 1) }
        return true
    }

    // MARK: - Lines

    mutating func apply(filter: TextFilter, model: Model) {}

    private func lines(_ model: Model, now: Timestamp) -> [[Span]] {
        let badge = Span(" \(App.badge(model.title)) ", model.isProduction ? .barBadgeProduction : .barBadge)
        let place = RequestText.row("in", [badge, Span(" \(model.title?.endpoint ?? "")")])
        guard let inbox = model.inbox.lists.value else { return place }
        switch purpose {
        case .end(let grant):
            let proof = grant.principal.isSame(as: inbox.me) ? model.inbox.proofs[grant.id] ?? .pending : nil
            return place + RequestText.lines(grant, proof, me: inbox.me, now: now)
        case .approve(let request), .narrow(let request), .deny(let request), .takeBack(let request):
            return place + RequestText.lines(request, purpose.decided.map { reviews.of($0) }, in: inbox, now: now)
        }
    }

    /// The lines to be filled in, what it is about, and below what comes of it.
    private func split(_ rect: Rect) -> (fields: Rect, rule: Rect, facts: Rect, foot: Rect) {
        let (top, foot) = rect.splitBottom(rect.rows > 4 ? (run.error == nil ? 1 : min(7, rect.rows / 2)) : 0)
        let (fieldRect, rest) = top.splitTop(fields.count)
        let (rule, facts) = rest.splitTop(min(1, rest.rows))
        return (fieldRect, rule, facts, foot)
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        facts.set(lines(model, now: model.inbox.lists.asOf ?? model.inbox.began ?? Timestamp(milliseconds: 0)))
        facts.settle(rows: split(Rect(row: 0, column: 0, rows: rows, columns: columns)).facts.rows, columns: columns)
        list.settle(count: fields.count, height: fields.count)
    }

    // MARK: - Values

    private func value(_ field: Field) -> String? {
        switch field {
        case .role: return role?.title ?? purpose.request?.role.title
        case .scope: return (scope ?? purpose.scope).title
        case .duration: return (duration ?? purpose.request?.duration).map { DurationText.text(.lasting($0)) }
        case .reason: return reason.isEmpty ? nil : reason
        }
    }

    private func isChanged(_ field: Field) -> Bool {
        switch field {
        case .role: role != nil
        case .scope: scope != nil
        case .duration: duration != nil
        case .reason: !reason.isEmpty
        }
    }

    private func choices(_ field: Field, _ model: Model) -> [Question.Choice] {
        guard let request = purpose.request else { return [] }
        switch field {
        case .role:
            return PolicyRole.allCases.filter { AccessRole.serviceBus($0).isWithin(request.role) }.map { .init(text: $0.title) }
        case .scope: return AccessScope.choices(within: request.scope, model).map { .init(text: $0.title) }
        case .duration:
            return ["15m", "30m", "1h", "2h", "4h", "8h"].filter { text in
                guard case .lasting(let time)? = DurationText.parse(text) else { return false }
                return request.duration.map { time < $0 } ?? true
            }.map { .init(text: $0) }
        case .reason: return []
        }
    }

    /// Puts an answer into a line; says what is wrong with it, and then changes nothing.
    private mutating func set(_ answer: String, _ field: Field, _ model: Model) -> Question.Problem? {
        let answer = Substring(answer).trimmed
        switch field {
        case .reason:
            guard answer.unicodeScalars.count <= AccessDecision.longestReason else {
                return Question.Problem(text: "at most \(AccessDecision.longestReason) characters")
            }
            reason = answer
        case .role:
            guard let found = PolicyRole.allCases.first(where: { [$0.rawValue, $0.title.lowercased()].contains(answer.lowercased()) })
            else {
                return Question.Problem(text: "Data Sender, Data Receiver or Data Owner")
            }
            return narrow { $0.role = found }
        case .scope:
            guard let request = purpose.request, let found = AccessScope.named(answer, within: request.scope, model) else {
                return Question.Problem(text: "there is no such entity within \(purpose.scope.title)")
            }
            return narrow { $0.scope = found }
        case .duration:
            guard case .lasting(let time)? = DurationText.parse(answer), time > .zero else {
                return Question.Problem(text: "write how long: 30m, 1h, 1h30m")
            }
            return narrow { $0.duration = time }
        }
        return nil
    }

    private mutating func narrow(_ change: (inout DecisionScreen) -> Void) -> Question.Problem? {
        guard let request = purpose.request else { return nil }
        var next = self
        change(&next)
        if next.role.map({ AccessRole.serviceBus($0) == request.role }) == true { next.role = nil }
        if next.scope == request.scope { next.scope = nil }
        if next.duration == request.duration { next.duration = nil }
        if next.role != nil || next.scope != nil || next.duration != nil {
            do throws(OperatorError) { _ = try next.narrowing(of: request) } catch { return Question.Problem(text: error.message) }
        }
        self = next
        return nil
    }

    private func narrowing(of request: AccessRequest) throws(OperatorError) -> AccessNarrowing {
        try AccessNarrowing(of: request, role: role, scope: scope, duration: duration)
    }

    /// What is to be sent.
    private func order() throws(OperatorError) -> Request {
        switch purpose {
        case .approve(let request): .decide(try AccessDecision(.approve, reason: reason), request)
        case .deny(let request): .decide(try AccessDecision(.deny, reason: reason), request)
        case .narrow(let request): .decide(try AccessDecision(.narrow(try narrowing(of: request)), reason: reason), request)
        case .takeBack(let request): .takeBack(request, reason: reason)
        case .end(let grant): .endAccess(grant, reason: reason)
        }
    }

    // MARK: - Commands

    func accessTopic(_ model: Model) -> AccessTopic { purpose.scope.entity.map { .entity($0.entity) } ?? .namespace }

    /// Why it cannot be sent; nil: it can.
    private func obstacle(_ model: Model) -> String? {
        if run.load != nil { return "it was sent; wait for the answer" }
        if run.error?.code == .conflict { return "it is decided already; q goes back" }
        if case .narrow(let request) = purpose {
            do throws(OperatorError) { _ = try narrowing(of: request) } catch { return error.message }
        }
        if reason.isEmpty { return "it needs a reason" }
        guard purpose.gives else { return nil }
        return model.changeRefusal ?? purpose.decided.flatMap { unread($0) }
    }

    /// Why nobody says yes yet: what the policy says was not read, or it says no. Where it could not be read, the lines say so, and it is asked
    /// again before anything is given.
    private func unread(_ request: AccessRequest) -> String? {
        let review = reviews.of(request)
        if let value = review.value {
            // Less may be allowed where all of it is not.
            guard case .approve = purpose else { return nil }
            return value.verdict.map { Refusal($0).clause }
        }
        if review.error != nil { return nil }
        return review.load == nil ? "what the policy says of it is not read; ^R reads it" : "what the policy says of it is being read"
    }

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .back, .board, .tree: run.load == nil ? .enabled : .disabled("it was sent; wait for the answer")
        case .open: run.load == nil ? .enabled : .disabled("it was sent; wait for the answer")
        case .review: obstacle(model).map { .disabled($0) } ?? .enabled
        case .filter: .disabled("all lines are here")
        default: .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        switch command {
        case .down, .up, .first, .last:
            if let step = ListState.Step(command) { list.move(step, count: fields.count, height: fields.count) }
        case .open: if fields.indices.contains(list.selected) { ask(fields[list.selected], &turn) }
        case .review: confirm(&turn)
        case .refresh:
            guard run.load == nil else { return }
            reviews.forget(&turn)
            review(&turn)
        default: if let step = ListState.Step(command) { facts.move(step) }
        }
    }

    private mutating func ask(_ field: Field, _ turn: inout Turn) {
        asked = .field(field)
        let label = field == .reason ? "reason to \(purpose.word)" : field.name
        turn.question = Question(
            label: label, text: value(field) ?? "", help: field.help, choices: choices(field, turn.model))
    }

    /// What has to be typed; nil: nothing.
    private func phrase(_ model: Model) -> String? {
        guard let guardrails = model.guardrails else { return nil }
        let action: PolicyAction =
            switch purpose {
            case .narrow: .grantAccess
            case .approve, .deny: .approveAccess
            case .takeBack, .end: .revokeAccess
            }
        let question = purpose.scope.entity.map { guardrails.question(action, on: $0) } ?? guardrails.question(action)
        return guardrails.confirmation(for: question) == .typed ? (scope ?? purpose.scope).title : nil
    }

    private mutating func confirm(_ turn: inout Turn) {
        guard let phrase = phrase(turn.model) else { return send(&turn) }
        asked = .phrase
        turn.question = Question(
            label: "type \(phrase) to \(purpose.word)", help: "\(App.badge(turn.model.title)): \(purpose.scope.id); esc: nothing happens")
    }

    private mutating func send(_ turn: inout Turn) {
        do throws(OperatorError) { run.begin(turn.start(try order())) } catch { turn.say(.error, error.description) }
    }

    func check(_ answer: String, _ model: Model) -> Question.Problem? {
        guard case .field(let field)? = asked else { return nil }
        var form = self
        return form.set(answer, field, model)
    }

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        switch asked {
        case .field(let field):
            if let problem = set(answer, field, turn.model) { return problem }
            return field == .reason && reason.isEmpty ? Question.Problem(text: "without a reason nothing is decided") : nil
        case .phrase:
            guard let phrase = phrase(turn.model), answer == phrase else {
                return Question.Problem(text: "that is not it: nothing was sent")
            }
            send(&turn)
            return nil
        case nil: return nil
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        guard fields.indices.contains(row) else { return }
        if row == list.selected, run.load == nil { return ask(fields[row], &turn) }
        list.select(row, count: fields.count, height: fields.count)
    }

    // MARK: - Drawing

    func position(_ model: Model) -> String { facts.position }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let what: String
        switch purpose {
        case .approve(let request): what = "Approve: \(request.requester.title) asks for \(RequestText.wish(request, me: nil))"
        case .narrow(let request): what = "Narrow: \(request.requester.title) asks for \(RequestText.wish(request, me: nil))"
        case .deny(let request): what = "Deny: \(request.requester.title) asks for \(RequestText.wish(request, me: nil))"
        case .takeBack(let request): what = "Take back: \(RequestText.wish(request, me: nil))"
        case .end(let grant): what = "End now: \(grant.role.title) of \(grant.principal.title) on \(grant.scope.title)"
        }
        return [Span(what, .title), run.load == nil ? Span(" · nothing was sent", .muted) : Span(" · sent", .statusPending)]
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let model = surroundings.model
        let parts = split(rect)
        let label = (fields.map { Width.of($0.name) }.max() ?? 0) + 2
        Page(isProduction: model.isProduction)
            .render(into: &surface, parts.fields, list: list, count: fields.count) { row(fields[$0], label) }
        surface.fill(parts.rule, with: model.isProduction ? "═" : "─", role: model.isProduction ? .ruleProduction : .rule)
        let cursor = surface.cursor
        var facts = facts
        facts.set(lines(model, now: surroundings.now))
        facts.settle(rows: parts.facts.rows, columns: parts.facts.columns)
        facts.render(into: &surface, parts.facts)
        surface.cursor = cursor
        renderFoot(into: &surface, parts.foot, model)
    }

    private func row(_ field: Field, _ label: Int) -> Page.Line {
        let name = field.name + String(repeating: " ", count: max(label - Width.of(field.name), 1))
        let value: Span =
            value(field).map { Span($0, isChanged(field) ? .statusInfo : .text) } ?? Span("– needed", .statusWarning)
        return .row([Span(isChanged(field) ? "* " : "  ", .statusInfo), Span(name, .muted), value])
    }

    private func renderFoot(into surface: inout Surface, _ rect: Rect, _ model: Model) {
        guard !rect.isEmpty else { return }
        if let error = run.error {
            let retry = error.code == .conflict ? "q goes back" : "^S tries again · q goes back"
            return Placeholder.render(error, into: &surface, rect, retry: retry)
        }
        let spans: [Span]
        if run.load != nil {
            let isSigned = purpose.backend == .cooperative
            spans = [Span(isSigned ? RequestText.signing : "sent; waiting for the answer", .statusPending)]
        } else if let obstacle = obstacle(model) {
            spans = [Span("not ready: \(obstacle)", .statusWarning)]
        } else if let phrase = phrase(model) {
            spans = [Span("^S, then type ", .statusWarning), Span(phrase, .keyName), Span(" · q: nothing happens", .statusWarning)]
        } else {
            spans = [Span("^S: \(purpose.word) · q: nothing happens", purpose.gives ? .statusWarning : .statusInfo)]
        }
        surface.put(row: rect.row, column: rect.column + 1, spans, maxWidth: max(rect.columns - 2, 0))
    }
}
