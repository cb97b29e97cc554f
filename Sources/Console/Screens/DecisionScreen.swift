internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// A decision before it is sent: what is answered, why, and everything it is about, with the full id of where it holds.
struct DecisionScreen: AccessForm {
    let context = KeyContext.decision
    let filter = TextFilter()
    let purpose: Purpose
    private var reviews: AccessReviews
    /// How many screens are left besides this one when it is done.
    private let leaving: Int
    let fields: [Field]
    private var role: PolicyRole?
    private var scope: AccessScope?
    private var duration: Duration?
    private var reason = ""
    private var isBegun = false
    var form = AccessFormState<Field>()

    init(_ purpose: Purpose, reviews: AccessReviews, leaving: Int) {
        self.purpose = purpose
        self.reviews = reviews
        self.leaving = leaving
        if case .narrow = purpose { fields = [.role, .scope, .duration, .reason] } else { fields = [.reason] }
    }

    var crumbs: [String] { [purpose.word] }

    /// What is decided already is of no use to anybody.
    var isEdited: Bool { form.run.error?.code != .conflict && fields.contains { isChanged($0) } }

    var words: AccessFormWords {
        AccessFormWords(
            verb: purpose.word, sending: "^S: \(purpose.word)", done: "sent", gives: purpose.gives,
            isSigned: purpose.backend == .cooperative)
    }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        review(&turn)
        guard !isBegun else { return }
        isBegun = true
        // One key, a reason, and it is ready to be sent.
        if fields == [.reason] { ask(.reason, &turn) } else { form.list.select(2, count: fields.count, height: fields.count) }
    }

    /// Reads what the policy says of it and what its principal has, unless that was read where it was selected.
    private mutating func review(_ turn: inout Turn) {
        guard let request = purpose.decided, form.run.load == nil else { return }
        reviews.ask(about: request, &turn)
    }

    mutating func disappear(_ turn: inout Turn) { reviews.stop(&turn) }

    func loads(_ model: Model) -> [LoadID] { [reviews.load, form.run.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        if form.run.load != nil { return turn.say(.warning, "It was sent and cannot be called back; wait for the answer.") }
        reviews.stop(&turn)
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        if reviews.receive(id, answer, now: turn.now) { return true }
        guard id == form.run.load else { return false }
        switch answer {
        case .accessRequest(let request): turn.say(.info, done(request, now: turn.now))
        case .accessEnded(let isEnded):
            turn.say(
                .info, isEnded ? "Ended. Links that are open live until their token ends." : "It was gone already: nothing was changed.")
        default: return false
        }
        form.run.set((), asOf: turn.now)
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
        guard id == form.run.load else { return false }
        form.run.finish(error)
        // Whatever came of it, what was listed is not so any more.
        if error.map({ $0.isOutcomeUnknown || [.conflict, .partlyDone, .unreachable].contains($0.code) }) ?? true {
            turn.loadRequestsAgain()
        }
        if error == nil { turn.navigation = .pop(leaving + 1) }
        return true
    }

    // MARK: - Lines

    func facts(_ model: Model, now: Timestamp) -> [[Span]] {
        let place = RequestText.place(model)
        guard let inbox = model.inbox.lists.value else { return place }
        switch purpose {
        case .end(let grant):
            let proof = grant.principal.isSame(as: inbox.me) ? model.inbox.proofs[grant.id] ?? .pending : nil
            return place + RequestText.lines(grant, proof, me: inbox.me, seen: model.inbox.seen(grant), now: now)
        case .approve(let request), .narrow(let request), .deny(let request), .takeBack(let request):
            return place + RequestText.lines(request, purpose.decided.map { reviews.of($0) }, in: inbox, now: now)
        }
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
            return AccessInput.durations.filter { text in
                guard case .lasting(let time)? = DurationText.parse(text) else { return false }
                return request.duration.map { time < $0 } ?? true
            }.map { .init(text: $0) }
        case .reason: return []
        }
    }

    func question(_ field: Field, _ model: Model) -> Question {
        let label = field == .reason ? "reason to \(purpose.word)" : field.name
        return Question(label: label, text: value(field) ?? "", help: field.help, choices: choices(field, model))
    }

    mutating func set(_ answer: String, _ field: Field, _ model: Model) -> Question.Problem? {
        let answer = Substring(answer).trimmed
        do throws(Question.Problem) {
            switch field {
            case .reason:
                reason = try AccessInput.reason(answer)
                return nil
            case .role:
                let found = try AccessInput.role(answer)
                return narrow { $0.role = found }
            case .scope:
                guard let request = purpose.request, let found = AccessScope.named(answer, within: request.scope, model) else {
                    throw Question.Problem(text: "there is no such entity within \(purpose.scope.title)")
                }
                return narrow { $0.scope = found }
            case .duration:
                let time = try AccessInput.duration(answer)
                return narrow { $0.duration = time }
            }
        } catch { return error }
    }

    mutating func accept(_ answer: String, _ field: Field, _ turn: inout Turn) -> Question.Problem? {
        if let problem = set(answer, field, turn.model) { return problem }
        return field == .reason && reason.isEmpty ? Question.Problem(text: "without a reason nothing is decided") : nil
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

    func obstacle(_ model: Model) -> String? {
        if form.run.load != nil { return DecisionScreen.sentReason }
        if form.run.error?.code == .conflict { return "it is decided already; q goes back" }
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

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        guard command == .refresh else { return performCommon(command, &turn) }
        guard form.run.load == nil else { return }
        reviews.forget(&turn)
        review(&turn)
    }

    func phrase(_ model: Model) -> (text: String, scope: String)? {
        guard let guardrails = model.guardrails else { return nil }
        let action: PolicyAction =
            switch purpose {
            case .narrow: .grantAccess
            case .approve, .deny: .approveAccess
            case .takeBack, .end: .revokeAccess
            }
        let question = purpose.scope.entity.map { guardrails.question(action, on: $0) } ?? guardrails.question(action)
        return guardrails.confirmation(for: question) == .typed ? ((scope ?? purpose.scope).title, purpose.scope.id) : nil
    }

    mutating func send(_ turn: inout Turn) {
        do throws(OperatorError) { form.run.begin(turn.start(try order())) } catch { turn.say(.error, error.description) }
    }

    func retry(_ error: OperatorError) -> String {
        error.code == .conflict ? "q goes back" : "^S tries again · q goes back"
    }

    // MARK: - Drawing

    func summary(_ surroundings: Surroundings) -> [Span] {
        let what: String
        switch purpose {
        case .approve(let request): what = "Approve: \(request.requester.title) asks for \(RequestText.wish(request, me: nil))"
        case .narrow(let request): what = "Narrow: \(request.requester.title) asks for \(RequestText.wish(request, me: nil))"
        case .deny(let request): what = "Deny: \(request.requester.title) asks for \(RequestText.wish(request, me: nil))"
        case .takeBack(let request): what = "Take back: \(RequestText.wish(request, me: nil))"
        case .end(let grant): what = "End now: \(grant.role.title) of \(grant.principal.title) on \(grant.scope.title)"
        }
        return [Span(what, .title), form.run.load == nil ? Span(" · nothing was sent", .muted) : Span(" · sent", .statusPending)]
    }

    func mark(_ field: Field) -> Span? { Span(isChanged(field) ? "* " : "  ", .statusInfo) }

    func cells(_ field: Field) -> [Span] {
        [value(field).map { Span($0, isChanged(field) ? .statusInfo : .text) } ?? Span("– needed", .statusWarning)]
    }
}
