internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// A line of a form about a role.
protocol AccessField: Hashable, Sendable {
    /// What stands before its value.
    var name: String { get }
    /// What may be typed.
    var help: String { get }
}

/// What a form about a role has besides what is filled in.
struct AccessFormState<Field: AccessField> {
    /// What the question that is asked is about.
    enum Asked {
        case field(Field)
        /// The name that has to be typed.
        case phrase
        /// Whether what was filled in is given up.
        case leaving
    }

    var asked: Asked?
    /// What was sent.
    var run = Loadable<Void>()
    var list = ListState()
    /// What it is about, and has to keep to.
    var facts = ScrolledText(hang: RequestText.label)
}

/// How a form speaks of what it does.
struct AccessFormWords: Hashable, Sendable {
    /// As the rest of "type the name to …".
    var verb: String
    /// What ^S does, with the key.
    var sending: String
    /// As the rest of "nothing was …".
    var done: String
    /// Whether it gives somebody something.
    var gives = false
    /// Whether it is signed in the browser.
    var isSigned = false
}

/// A form about a role, to ask for one or to decide about one: lines to be filled in, below them what they are about, and at the foot what is missing.
/// Nothing is sent but by ^S, and what was filled in is not lost without a question.
protocol AccessForm: Screen {
    associatedtype Field: AccessField

    var form: AccessFormState<Field> { get set }
    var words: AccessFormWords { get }
    /// The lines that are there.
    var fields: [Field] { get }
    /// Why there is nothing to be read below the lines.
    var factsError: OperatorError? { get }
    /// What it is about.
    func facts(_ model: Model, now: Timestamp) -> [[Span]]
    /// A line without its name.
    func cells(_ field: Field) -> [Span]
    /// A mark before the lines' names, where they have one.
    func mark(_ field: Field) -> Span?
    /// What is asked for a line.
    func question(_ field: Field, _ model: Model) -> Question
    /// Puts an answer into a line; says what is wrong with it, and then changes nothing.
    mutating func set(_ answer: String, _ field: Field, _ model: Model) -> Question.Problem?
    /// The same, for good: with all that follows from it.
    mutating func accept(_ answer: String, _ field: Field, _ turn: inout Turn) -> Question.Problem?
    /// Why it cannot be sent; nil: it can.
    func obstacle(_ model: Model) -> String?
    /// What has to be typed before it is sent, and the id that is shown beside it; nil: nothing.
    func phrase(_ model: Model) -> (text: String, scope: String)?
    mutating func send(_ turn: inout Turn)
    /// How to go on after what was sent failed.
    func retry(_ error: OperatorError) -> String
}

extension AccessForm {
    var factsError: OperatorError? { nil }
    func mark(_ field: Field) -> Span? { nil }
    var isSending: Bool { form.run.load != nil }

    /// Why nothing else can be done.
    static var sentReason: String { "it was sent; wait for the answer" }

    mutating func apply(filter: TextFilter, model: Model) {}

    // MARK: - Commands

    func formAvailability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .back, .board, .tree, .open: form.run.load == nil ? .enabled : .disabled(Self.sentReason)
        case .review: obstacle(model).map { .disabled($0) } ?? .enabled
        case .filter: .disabled("all lines are here")
        default: .enabled
        }
    }

    func availability(of command: CommandID, model: Model) -> Availability { formAvailability(of: command, model: model) }

    /// Does what all these forms do in the same way.
    mutating func performCommon(_ command: CommandID, _ turn: inout Turn) {
        switch command {
        case .down, .up, .first, .last:
            if let step = ListState.Step(command) { form.list.move(step, count: fields.count, height: fields.count) }
        case .open: if fields.indices.contains(form.list.selected) { ask(fields[form.list.selected], &turn) }
        case .review: confirm(&turn)
        case .back:
            form.asked = .leaving
            turn.question = Question(
                label: "give up what was filled in?", help: "nothing was \(words.done)",
                choices: [.init(text: "no", note: "back to the form"), .init(text: "yes", note: "nothing is \(words.done)")])
        default: if let step = ListState.Step(command) { form.facts.move(step) }
        }
    }

    mutating func ask(_ field: Field, _ turn: inout Turn) {
        form.asked = .field(field)
        turn.question = question(field, turn.model)
    }

    private mutating func confirm(_ turn: inout Turn) {
        guard let phrase = phrase(turn.model) else { return send(&turn) }
        form.asked = .phrase
        turn.question = Question(
            label: "type \(phrase.text) to \(words.verb)", help: "\(App.badge(turn.model.title)): \(phrase.scope); esc: nothing happens")
    }

    func check(_ answer: String, _ model: Model) -> Question.Problem? {
        guard case .field(let field)? = form.asked else { return nil }
        var form = self
        return form.set(answer, field, model)
    }

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        switch form.asked {
        case .field(let field): return accept(answer, field, &turn)
        case .phrase:
            guard let phrase = phrase(turn.model), answer == phrase.text else {
                return Question.Problem(text: "that is not it: nothing was \(words.done)")
            }
            send(&turn)
        case .leaving:
            if ["y", "yes"].contains(answer.lowercased()) { turn.navigation = .pop(1) } else { turn.say(.info, "Nothing was given up.") }
        case nil: break
        }
        form.asked = nil
        return nil
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        guard fields.indices.contains(row) else { return }
        if row == form.list.selected, form.run.load == nil { return ask(fields[row], &turn) }
        form.list.select(row, count: fields.count, height: fields.count)
    }

    // MARK: - Drawing

    func position(_ model: Model) -> String { form.facts.position }

    /// What was read last says how old what it is about looks, where nobody says what time it is.
    private func moment(_ model: Model) -> Timestamp { model.inbox.lists.asOf ?? model.inbox.began ?? Timestamp(milliseconds: 0) }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        form.facts.set(facts(model, now: moment(model)))
        form.facts.settle(rows: split(Rect(row: 0, column: 0, rows: rows, columns: columns)).facts.rows, columns: columns)
        form.list.settle(count: fields.count, height: fields.count)
    }

    /// The lines to be filled in, what they are about, and below what comes of it.
    private func split(_ rect: Rect) -> (fields: Rect, rule: Rect, facts: Rect, foot: Rect) {
        let (top, foot) = rect.splitBottom(rect.rows > 4 ? (form.run.error == nil ? 1 : min(7, rect.rows / 2)) : 0)
        let (fieldRect, rest) = top.splitTop(fields.count)
        let (rule, facts) = rest.splitTop(min(1, rest.rows))
        return (fieldRect, rule, facts, foot)
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let model = surroundings.model
        let parts = split(rect)
        let label = (fields.map { Width.of($0.name) }.max() ?? 0) + 2
        Page(isProduction: model.isProduction)
            .render(into: &surface, parts.fields, list: form.list, count: fields.count) { row(fields[$0], label) }
        surface.fill(parts.rule, with: model.isProduction ? "═" : "─", role: model.isProduction ? .ruleProduction : .rule)
        let cursor = surface.cursor
        if let factsError {
            Placeholder.render(factsError, into: &surface, parts.facts, retry: "^R reads it again · q goes back")
        } else {
            var text = form.facts
            text.set(facts(model, now: surroundings.now))
            text.settle(rows: parts.facts.rows, columns: parts.facts.columns)
            text.render(into: &surface, parts.facts)
        }
        surface.cursor = cursor
        renderFoot(into: &surface, parts.foot, model)
    }

    private func row(_ field: Field, _ label: Int) -> Page.Line {
        let name = field.name + String(repeating: " ", count: max(label - Width.of(field.name), 1))
        return .row([mark(field)].compactMap(\.self) + [Span(name, .muted)] + cells(field))
    }

    private func renderFoot(into surface: inout Surface, _ rect: Rect, _ model: Model) {
        guard !rect.isEmpty else { return }
        if let error = form.run.error { return Placeholder.render(error, into: &surface, rect, retry: retry(error)) }
        let spans: [Span]
        if form.run.load != nil {
            spans = [Span(words.isSigned ? RequestText.signing : "sent; waiting for the answer", .statusPending)]
        } else if let obstacle = obstacle(model) {
            spans = [Span("not ready: \(obstacle)", .statusWarning)]
        } else if let phrase = phrase(model) {
            spans = [Span("^S, then type ", .statusWarning), Span(phrase.text, .keyName), Span(" · q: nothing happens", .statusWarning)]
        } else {
            spans = [Span("\(words.sending) · q: nothing happens", words.gives ? .statusWarning : .statusInfo)]
        }
        surface.put(row: rect.row, column: rect.column + 1, spans, maxWidth: max(rect.columns - 2, 0))
    }
}

/// What is typed into the lines of these forms, as it is read.
enum AccessInput {
    /// Times to choose from.
    static let durations = ["15m", "30m", "1h", "2h", "4h", "8h"]

    static func role(_ text: String) throws(Question.Problem) -> PolicyRole {
        let wanted = text.lowercased()
        guard let found = PolicyRole.allCases.first(where: { [$0.rawValue, $0.title.lowercased()].contains(wanted) }) else {
            throw Question.Problem(text: "Data Receiver, Data Sender or Data Owner")
        }
        return found
    }

    static func duration(_ text: String) throws(Question.Problem) -> Duration {
        guard case .lasting(let time)? = DurationText.parse(text), time > .zero else {
            throw Question.Problem(text: "write how long: 30m, 1h, 1h30m")
        }
        return time
    }

    static func reason(_ text: String) throws(Question.Problem) -> String {
        guard text.unicodeScalars.count <= AccessDecision.longestReason else {
            throw Question.Problem(text: "at most \(AccessDecision.longestReason) characters")
        }
        return text
    }
}
