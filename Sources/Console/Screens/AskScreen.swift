internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// A form in which a role is asked for: for oneself, or for the identity of a service. What it would have to keep to is read and shown before
/// anything is asked.
struct AskScreen: Screen {
    /// What the question that is asked is about.
    private enum Asked {
        case field(Field)
        case phrase
    }

    let context = KeyContext.ask
    let filter = TextFilter()
    /// How many screens are left when it was asked, this one included.
    private let leaving: Int
    private var role: PolicyRole
    /// Whether a person chose the role: until then it follows from the entity.
    private var isRoleChosen = false
    private var entity: EntityPath?
    private var principal: AccessParty?
    private var duration = Duration.seconds(1800)
    private var reason = ""
    private var ticket = ""
    private var asked: Asked?
    private var proposal = Loadable<AccessProposal>()
    private var run = Loadable<Void>()
    private var list = ListState()
    private var facts = ScrolledText(hang: RequestText.label)

    init(_ entity: EntityPath?, model: Model, leaving: Int) {
        self.entity = entity
        self.leaving = leaving
        role = AskScreen.narrowest(entity, model)
    }

    /// Messages cannot be received from a topic itself.
    private static func narrowest(_ path: EntityPath?, _ model: Model) -> PolicyRole {
        guard let path, model.entity(path)?.kind == .topic else { return .receiver }
        return .sender
    }

    var crumbs: [String] { [entity?.displayName, "ask"].compactMap(\.self) }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        guard case .notAsked = proposal.phase else { return }
        if let place = Field.allCases.firstIndex(of: entity == nil ? .entity : .reason) {
            list.select(place, count: Field.allCases.count, height: Field.allCases.count)
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

    func loads(_ model: Model) -> [LoadID] { [proposal.load, run.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        if run.load != nil { return turn.say(.warning, "It was sent and cannot be called back; wait for the answer.") }
        turn.stop(proposal.load)
        proposal.stop()
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        switch answer {
        case .accessProposal(let found) where id == proposal.load: proposal.set(found, asOf: turn.now)
        case .accessRequest(let request) where id == run.load:
            run.set((), asOf: turn.now)
            let wish = RequestText.wish(request, me: nil)
            switch request.standing {
            case .granted: turn.say(.info, "\(wish): \(RequestText.outcome(request, now: turn.now)).")
            default: turn.say(.info, "Asked for \(wish). It waits\(ProposalText.whom(proposal.value)); what becomes of it is told here.")
            }
            turn.navigation = .replace(leaving, InboxScreen(.own, selecting: request.id.text))
            turn.loadInbox(quietly: true)
        default: return false
        }
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        switch id {
        case proposal.load: proposal.finish(error)
        case run.load: run.finish(error)
        default: return false
        }
        return true
    }

    mutating func apply(filter: TextFilter, model: Model) {}

    // MARK: - Values

    private var selected: Field? { Field.allCases.indices.contains(list.selected) ? Field.allCases[list.selected] : nil }

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

    /// What stands in its place while it says nothing.
    private func placeholder(_ field: Field) -> Span {
        switch field {
        case .entity, .reason: Span("– needed", .statusWarning)
        case .ticket:
            proposal.value?.limits.needsTicket == true ? Span("– needed", .statusWarning) : Span("–", .muted)
        default: Span("–", .muted)
        }
    }

    private func choices(_ field: Field, _ model: Model) -> [Question.Choice] {
        switch field {
        case .role:
            return [
                .init(text: PolicyRole.receiver.title, note: "read and settle messages"),
                .init(text: PolicyRole.sender.title, note: "send messages"),
                .init(text: PolicyRole.owner.title, note: "both, and change entities: rarely what is needed"),
            ]
        case .entity: return (model.entities ?? []).map { .init(text: $0.path.displayName, note: $0.kind.rawValue) }
        case .principal: return [.init(text: "me")] + services(model).map { .init(text: $0.id, note: $0.title) }
        case .duration:
            let most = proposal.value?.longest
            return ["15m", "30m", "1h", "2h", "4h", "8h"].filter { text in
                guard let most, case .lasting(let time)? = DurationText.parse(text) else { return true }
                return time <= most
            }.map { .init(text: $0, note: $0 == "30m" ? "the usual" : "") }
        case .reason, .ticket: return []
        }
    }

    /// Identities of services that are known to have something on the entity.
    private func services(_ model: Model) -> [AccessParty] {
        guard let entity, let index = model.access.value?.index else { return [] }
        var seen: Set<String> = []
        return index.holders(of: entity).compactMap { holder in
            guard let id = holder.principalID, holder.kind == "application" || holder.kind == "managed identity",
                seen.insert(id).inserted
            else { return nil }
            return AccessParty(id: id, name: holder.principal, kind: .service)
        }
    }

    /// Puts an answer into a line; says what is wrong with it, and then changes nothing.
    private mutating func set(_ answer: String, _ field: Field, _ model: Model) -> Question.Problem? {
        let answer = Substring(answer).trimmed
        guard answer.utf8.count <= ActionField.longestText else { return Question.Problem(text: "that is too long") }
        switch field {
        case .role:
            guard let found = PolicyRole.allCases.first(where: { [$0.rawValue, $0.title.lowercased()].contains(answer.lowercased()) })
            else {
                return Question.Problem(text: "Data Receiver, Data Sender or Data Owner")
            }
            role = found
            isRoleChosen = true
        case .entity:
            do throws(EntityPathError) {
                let path = try EntityPath(parsing: answer)
                let known = model.entities?.first { $0.path.displayName.lowercased() == path.entity.displayName.lowercased() }
                entity = known?.path ?? path.entity
            } catch { return Question.Problem(text: error.description) }
            if !isRoleChosen { role = AskScreen.narrowest(entity, model) }
        case .principal:
            guard !["", "me"].contains(answer.lowercased()) else {
                principal = nil
                return nil
            }
            guard let party = services(model).first(where: { $0.id == answer.lowercased() }) ?? AskScreen.service(answer) else {
                return Question.Problem(text: "me, or the object id of a service's identity: 8-4-4-4-12 hexadecimal digits")
            }
            principal = party
        case .duration:
            guard case .lasting(let time)? = DurationText.parse(answer), time > .zero else {
                return Question.Problem(text: "write how long: 30m, 1h, 1h30m")
            }
            duration = time
        case .reason:
            guard answer.unicodeScalars.count <= AccessDecision.longestReason else {
                return Question.Problem(text: "at most \(AccessDecision.longestReason) characters")
            }
            reason = answer
        case .ticket: ticket = answer
        }
        return nil
    }

    /// The service of an object id; nil where the text is none.
    private static func service(_ text: String) -> AccessParty? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12], parts.joined().allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
        return AccessParty(id: text, kind: .service)
    }

    // MARK: - Commands

    func accessTopic(_ model: Model) -> AccessTopic { entity.map { .entity($0.entity) } ?? .namespace }

    /// Why it cannot be asked; nil: it can.
    private func obstacle(_ model: Model) -> String? {
        if run.load != nil { return "it was sent; wait for the answer" }
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

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .back, .board, .tree, .open: run.load == nil ? .enabled : .disabled("it was sent; wait for the answer")
        case .review: obstacle(model).map { .disabled($0) } ?? .enabled
        case .filter: .disabled("all lines are here")
        default: .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        switch command {
        case .down, .up, .first, .last:
            if let step = ListState.Step(command) { list.move(step, count: Field.allCases.count, height: Field.allCases.count) }
        case .open: if let selected { ask(selected, &turn) }
        case .review: review(&turn)
        case .refresh: if run.load == nil { propose(&turn) }
        default: if let step = ListState.Step(command) { facts.move(step) }
        }
    }

    private mutating func ask(_ field: Field, _ turn: inout Turn) {
        asked = .field(field)
        let text = field == .principal ? principal?.id ?? "me" : value(field) ?? ""
        turn.question = Question(label: field.name, text: text, help: field.help, choices: choices(field, turn.model))
    }

    /// What has to be typed; nil: nothing.
    private func phrase(_ model: Model) -> String? {
        guard let entity, let guardrails = model.guardrails else { return nil }
        let action: PolicyAction = proposal.value?.limits.way == .assignment ? .grantAccess : .requestAccess
        return guardrails.confirmation(for: guardrails.question(action, on: entity)) == .typed ? entity.displayName : nil
    }

    private mutating func review(_ turn: inout Turn) {
        guard let phrase = phrase(turn.model) else { return send(&turn) }
        asked = .phrase
        turn.question = Question(
            label: "type \(phrase) to ask",
            help: "\(App.badge(turn.model.title)): \(proposal.value?.draft.scope.id ?? ""); esc: nothing happens")
    }

    /// Asks for what was looked at, and for nothing else.
    private mutating func send(_ turn: inout Turn) {
        guard obstacle(turn.model) == nil, let proposal = proposal.value else { return }
        run.begin(turn.start(.ask(proposal)))
    }

    func check(_ answer: String, _ model: Model) -> Question.Problem? {
        guard case .field(let field)? = asked else { return nil }
        var form = self
        return form.set(answer, field, model)
    }

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        switch asked {
        case .field(let field):
            let before = wish
            if let problem = set(answer, field, turn.model) { return problem }
            run = Loadable()
            if wish != before { propose(&turn) }
            return nil
        case .phrase:
            guard let phrase = phrase(turn.model), answer == phrase else {
                return Question.Problem(text: "that is not it: nothing was asked")
            }
            send(&turn)
            return nil
        case nil: return nil
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        guard Field.allCases.indices.contains(row) else { return }
        if row == list.selected, run.load == nil { return ask(Field.allCases[row], &turn) }
        list.select(row, count: Field.allCases.count, height: Field.allCases.count)
    }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { proposal.asOf }

    func position(_ model: Model) -> String { facts.position }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let whom = principal.map { " for \($0.title)" } ?? ""
        let what = "Ask for \(role.title) on \(entity?.displayName ?? "…") for \(Figures.duration(duration))\(whom)"
        return [Span(what, .title), run.load == nil ? Span(" · nothing was asked", .muted) : Span(" · sent", .statusPending)]
    }

    private func split(_ rect: Rect) -> (fields: Rect, rule: Rect, facts: Rect, foot: Rect) {
        let (top, foot) = rect.splitBottom(rect.rows > 4 ? (run.error == nil ? 1 : min(7, rect.rows / 2)) : 0)
        let (fieldRect, rest) = top.splitTop(Field.allCases.count)
        let (rule, facts) = rest.splitTop(min(1, rest.rows))
        return (fieldRect, rule, facts, foot)
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        facts.set(lines(model))
        facts.settle(rows: split(Rect(row: 0, column: 0, rows: rows, columns: columns)).facts.rows, columns: columns)
        list.settle(count: Field.allCases.count, height: Field.allCases.count)
    }

    /// What it would have to keep to, who would be asked, and what stands in the way.
    private func lines(_ model: Model) -> [[Span]] {
        let badge = Span(" \(App.badge(model.title)) ", model.isProduction ? .barBadgeProduction : .barBadge)
        var lines = RequestText.row("in", [badge, Span(" \(model.title?.endpoint ?? "")")])
        guard let value = proposal.value else { return lines + [[Span(emptiness, proposal.load == nil ? .muted : .statusPending)]] }
        lines += RequestText.row("where", [Span(value.draft.scope.id)])
        lines += RequestText.row("limits", [Span(value.limits.sentences.joined(separator: ", "))])
        if let longest = value.longest { lines += RequestText.row("at most", [Span(Figures.duration(longest))]) }
        lines += RequestText.row("asked", ProposalText.approvers(value))
        lines += RequestText.row("policy", ProposalText.verdict(value.verdict))
        lines += RequestText.row("kept in", [Span(value.backend.label, .statusInfo), Span(ProposalText.way(value.limits.way), .muted)])
        if role == .receiver || role == .owner {
            lines += RequestText.row("risk", [Span("! can also complete (delete) messages: no peek-only role exists", .statusWarning)])
        }
        // A missing reason is said in its own line.
        let obstacles = reason.isEmpty ? value.obstacles.filter { !$0.hasSuffix("ask for a reason: give one.") } : value.obstacles
        for obstacle in obstacles { lines += RequestText.row("in the way", [Span("✕ \(obstacle)", .statusError)]) }
        return lines
    }

    private var emptiness: String {
        if entity == nil { return "Say on which entity: then its limits are read." }
        if proposal.load != nil { return "Reading what it would have to keep to, and who would be asked…" }
        return proposal.isStopped ? "Stopped. ^R reads what it would have to keep to." : ""
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let parts = split(rect)
        let isProduction = surroundings.model.isProduction
        let label = (Field.allCases.map { Width.of($0.name) }.max() ?? 0) + 2
        Page(isProduction: isProduction)
            .render(into: &surface, parts.fields, list: list, count: Field.allCases.count) { row(Field.allCases[$0], label) }
        surface.fill(parts.rule, with: isProduction ? "═" : "─", role: isProduction ? .ruleProduction : .rule)
        let cursor = surface.cursor
        if let error = proposal.error {
            Placeholder.render(error, into: &surface, parts.facts, retry: "^R reads it again · q goes back")
        } else {
            facts.render(into: &surface, parts.facts)
        }
        surface.cursor = cursor
        renderFoot(into: &surface, parts.foot, surroundings.model)
    }

    private func row(_ field: Field, _ label: Int) -> Page.Line {
        let name = field.name + String(repeating: " ", count: max(label - Width.of(field.name), 1))
        return .row([Span(name, .muted), value(field).map { Span($0) } ?? placeholder(field)])
    }

    private func renderFoot(into surface: inout Surface, _ rect: Rect, _ model: Model) {
        guard !rect.isEmpty else { return }
        if let error = run.error {
            return Placeholder.render(error, into: &surface, rect, retry: "change a line, or ^S asks again · q goes back")
        }
        let spans: [Span]
        if run.load != nil {
            let isSigned = proposal.value?.limits.way == .queue
            spans = [Span(isSigned ? RequestText.signing : "sent; waiting for the answer", .statusPending)]
        } else if let obstacle = obstacle(model) {
            spans = [Span("not ready: \(obstacle)", .statusWarning)]
        } else if let phrase = phrase(model) {
            spans = [Span("^S, then type ", .statusWarning), Span(phrase, .keyName), Span(" · q: nothing happens", .statusWarning)]
        } else {
            spans = [Span("^S asks · q: nothing happens", .statusInfo)]
        }
        surface.put(row: rect.row, column: rect.column + 1, spans, maxWidth: max(rect.columns - 2, 0))
    }
}
