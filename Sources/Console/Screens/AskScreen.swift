internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// A form in which a role is asked for: for oneself, or for the identity of a service. What it would have to keep to is read and shown before
/// anything is asked.
struct AskScreen: AccessForm {
    let context = KeyContext.ask
    let filter = TextFilter()
    /// How many screens are left when it was asked, this one included.
    private let leaving: Int
    /// The entity it was opened on.
    private let subject: EntityPath?
    private var role: PolicyRole
    /// Whether a person chose the role: until then it follows from the entity.
    private var isRoleChosen = false
    private var entity: EntityPath?
    private var principal: AccessParty?
    private var duration = AskScreen.usual
    private var reason = ""
    private var ticket = ""
    private var proposal = Loadable<AccessProposal>()
    var form = AccessFormState<Field>()

    private static let usual = Duration.seconds(1800)

    init(_ entity: EntityPath?, model: Model, leaving: Int) {
        self.entity = entity
        self.leaving = leaving
        subject = entity
        role = AskScreen.narrowest(entity, model)
    }

    /// Messages cannot be received from a topic itself.
    private static func narrowest(_ path: EntityPath?, _ model: Model) -> PolicyRole {
        guard let path, model.entity(path)?.kind == .topic else { return .receiver }
        return .sender
    }

    var crumbs: [String] { [entity?.displayName, "ask"].compactMap(\.self) }

    var isEdited: Bool {
        isRoleChosen || entity != subject || principal != nil || duration != AskScreen.usual || !reason.isEmpty || !ticket.isEmpty
    }

    var words: AccessFormWords {
        AccessFormWords(verb: "ask", sending: "^S asks", done: "asked", isSigned: proposal.value?.limits.way == .queue)
    }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        guard case .notAsked = proposal.phase else { return }
        if let place = fields.firstIndex(of: entity == nil ? .entity : .reason) {
            form.list.select(place, count: fields.count, height: fields.count)
        }
        propose(&turn)
    }

    /// Reads what the request would have to keep to. What was read for another one is shown no more.
    private mutating func propose(_ turn: inout Turn) {
        turn.stop(proposal.load)
        proposal = Loadable()
        guard let wish else { return }
        proposal.begin(turn.start(.accessProposal(wish)))
    }

    private var wish: AccessWish? {
        entity.map {
            AccessWish(
                entity: $0, role: role, principal: principal, duration: duration, reason: reason, ticket: ticket.isEmpty ? nil : ticket)
        }
    }

    mutating func disappear(_ turn: inout Turn) { turn.stop(proposal.load) }

    func loads(_ model: Model) -> [LoadID] { [proposal.load, form.run.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        if form.run.load != nil { return turn.say(.warning, "It was sent and cannot be called back; wait for the answer.") }
        turn.stop(proposal.load)
        proposal.stop()
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        switch answer {
        case .accessProposal(let found) where id == proposal.load: proposal.set(found, asOf: turn.now)
        case .accessRequest(let request) where id == form.run.load:
            form.run.set((), asOf: turn.now)
            let wish = RequestText.wish(request, me: nil)
            switch request.standing {
            case .granted: turn.say(.info, "\(wish): \(RequestText.outcome(request, now: turn.now)).")
            case .denied, .cancelled, .ended, .expired, .failed:
                turn.say(.error, "\(wish): \(RequestText.outcome(request, now: turn.now)). \(request.sentence)")
            case .waiting, .reviewed:
                turn.say(.info, "Asked for \(wish). It waits\(ProposalText.whom(proposal.value)); what becomes of it is told here.")
            }
            turn.navigation = .replace(leaving, InboxScreen(.own, selecting: request.id.text))
            turn.loadRequestsAgain()
        default: return false
        }
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        switch id {
        case proposal.load: proposal.finish(error)
        case form.run.load:
            form.run.finish(error)
            // It may have been asked all the same: then it is in the list.
            if let error, error.isOutcomeUnknown || error.code == .unreachable { turn.loadRequestsAgain() }
        default: return false
        }
        return true
    }

    // MARK: - Values

    private func value(_ field: Field) -> String? {
        let text =
            switch field {
            case .role: role.title
            case .entity: entity?.displayName ?? ""
            case .principal: principal.map { $0.name.map { name in "\(name) (\(principal?.id ?? ""))" } ?? $0.id } ?? "me"
            case .duration: DurationText.text(.lasting(duration))
            case .reason: reason
            case .ticket: ticket
            }
        return text.isEmpty ? nil : text
    }

    func cells(_ field: Field) -> [Span] { [value(field).map { Span($0) } ?? placeholder(field)] }

    /// What stands in its place while it says nothing.
    private func placeholder(_ field: Field) -> Span {
        switch field {
        case .entity, .reason: Span("– needed", .statusWarning)
        case .ticket:
            proposal.value?.limits.needsTicket == true ? Span("– needed", .statusWarning) : Span("–", .muted)
        default: Span("–", .muted)
        }
    }

    func question(_ field: Field, _ model: Model) -> Question {
        let text = field == .principal ? principal?.id ?? "me" : value(field) ?? ""
        return Question(label: field.name, text: text, help: field.help, choices: choices(field, model))
    }

    private func choices(_ field: Field, _ model: Model) -> [Question.Choice] {
        switch field {
        case .role: Field.roles
        case .entity: (model.entities ?? []).map { .init(text: $0.path.displayName, note: $0.kind.rawValue) }
        case .principal: [.init(text: "me")] + AskScreen.services(on: entity, model).map { .init(text: $0.id, note: $0.title) }
        case .duration: AskScreen.durations(within: proposal.value?.longest)
        case .reason, .ticket: []
        }
    }

    mutating func set(_ answer: String, _ field: Field, _ model: Model) -> Question.Problem? {
        let answer = Substring(answer).trimmed
        guard answer.utf8.count <= ActionField.longestText else { return Question.Problem(text: "that is too long") }
        do throws(Question.Problem) {
            switch field {
            case .role:
                role = try AccessInput.role(answer)
                isRoleChosen = true
            case .entity:
                entity = try AskScreen.entity(answer, model)
                if !isRoleChosen { role = AskScreen.narrowest(entity, model) }
            case .principal: principal = try AskScreen.principal(answer, on: entity, model)
            case .duration: duration = try AccessInput.duration(answer)
            case .reason: reason = try AccessInput.reason(answer)
            case .ticket: ticket = answer
            }
            return nil
        } catch { return error }
    }

    mutating func accept(_ answer: String, _ field: Field, _ turn: inout Turn) -> Question.Problem? {
        let before = wish
        if let problem = set(answer, field, turn.model) { return problem }
        form.run = Loadable()
        if wish != before { propose(&turn) }
        return nil
    }

    // MARK: - Commands

    func accessTopic(_ model: Model) -> AccessTopic { entity.map { .entity($0.entity) } ?? .namespace }

    func obstacle(_ model: Model) -> String? {
        if form.run.load != nil { return AskScreen.sentReason }
        if entity == nil { return "it needs an entity" }
        if reason.isEmpty { return "it needs a reason" }
        if proposal.load != nil { return "what it has to keep to is being read" }
        if let error = proposal.error { return error.message }
        guard let value = proposal.value else { return "what it has to keep to is not known; ^R reads it" }
        if let first = value.obstacles.first { return first }
        if case .denied(let denial) = value.verdict { return Refusal(denial).clause }
        // An assignment gives the role at once: nobody is asked.
        return value.limits.way == .assignment ? model.changeRefusal : nil
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if command == .refresh {
            if form.run.load == nil { propose(&turn) }
        } else {
            performCommon(command, &turn)
        }
    }

    func phrase(_ model: Model) -> (text: String, scope: String)? {
        guard let entity, let guardrails = model.guardrails else { return nil }
        let action: PolicyAction = proposal.value?.limits.way == .assignment ? .grantAccess : .requestAccess
        guard guardrails.confirmation(for: guardrails.question(action, on: entity)) == .typed else { return nil }
        return (entity.displayName, proposal.value?.draft.scope.id ?? "")
    }

    /// Asks for what was looked at, and for nothing else.
    mutating func send(_ turn: inout Turn) {
        guard obstacle(turn.model) == nil, let proposal = proposal.value else { return }
        form.run.begin(turn.start(.ask(proposal)))
    }

    func retry(_ error: OperatorError) -> String { "change a line, or ^S asks again · q goes back" }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { proposal.asOf }

    var factsError: OperatorError? { proposal.error }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let whom = principal.map { " for \($0.title)" } ?? ""
        let what = "Ask for \(role.title) on \(entity?.displayName ?? "…") for \(Figures.duration(duration))\(whom)"
        return [Span(what, .title), form.run.load == nil ? Span(" · nothing was asked", .muted) : Span(" · sent", .statusPending)]
    }

    /// What it would have to keep to, who would be asked, and what stands in the way.
    func facts(_ model: Model, now: Timestamp) -> [[Span]] {
        let place = RequestText.place(model)
        guard let value = proposal.value else { return place + [[Span(emptiness, proposal.load == nil ? .muted : .statusPending)]] }
        return place + ProposalText.lines(value, role: role, hasReason: !reason.isEmpty)
    }

    private var emptiness: String {
        if entity == nil { return "Say on which entity: then its limits are read." }
        if proposal.load != nil { return "Reading what it would have to keep to, and who would be asked…" }
        return proposal.isStopped ? "Stopped. ^R reads what it would have to keep to." : ""
    }
}
