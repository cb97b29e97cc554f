internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// One shared access rule: what it opens, how old its keys are and who says so, what is wrong with it, and the command line that makes them anew.
struct KeyScreen: Screen, Saving {
    let context = KeyContext.key
    let filter = TextFilter()
    private var age: KeyAge
    private var survey: KeySurvey
    private var title: ContextTitle?
    private var text = ScrolledText(hang: RequestText.label)

    /// What is copied, as the rest of "Copied …".
    static let copied = "the command line"

    init(_ age: KeyAge, of survey: KeySurvey) {
        self.age = age
        self.survey = survey
    }

    var crumbs: [String] { ["keys", age.rule.entity.map { "\(age.rule.name) of \($0.displayName)" } ?? age.rule.name] }

    mutating func appear(_ turn: inout Turn) { modelChanged(turn.model) }

    mutating func apply(filter: TextFilter, model: Model) {}

    mutating func modelChanged(_ model: Model) {
        title = model.title
        guard let latest = model.keys.value, let found = latest.ages.first(where: { $0.rule == age.rule }) else { return }
        (age, survey) = (found, latest)
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        text.set(KeyText.lines(age, survey, title, now: survey.asOf))
        text.settle(rows: rows, columns: columns)
    }

    func accessTopic(_ model: Model) -> AccessTopic { age.rule.entity.map { .entity($0) } ?? .namespace }

    /// Whether there is a line to copy.
    static func copying(_ age: KeyAge) -> Availability {
        age.takesKeys == false ? .disabled("the namespace refuses keys: there is nothing to rotate") : .enabled
    }

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .copyValue, .saveValue: KeyScreen.copying(age)
        default: .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) { return text.move(step) }
        guard command == .copyValue, let line = rotationLine else { return }
        turn.add(.copy(line, name: KeyScreen.copied))
    }

    private var rotationLine: String? { title.flatMap { age.rotationCommand(in: $0) } }

    func content(for command: CommandID) -> [UInt8]? { rotationLine.map { Array("\($0)\n".utf8) } }

    func position(_ model: Model) -> String { text.position }

    func asOf(_ model: Model) -> Timestamp? { survey.asOf }

    func untilTick(_ model: Model, now: Timestamp) -> Int64? { age.graceEnds.flatMap { Countdown.untilChange(of: $0, now: now) } }

    func summary(_ surroundings: Surroundings) -> [Span] {
        [Span(age.rule.description, .title), Span(" · "), KeyText.age(age), Span(" · nothing is changed here", .muted)]
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        var text = text
        text.set(KeyText.lines(age, survey, title, now: surroundings.now))
        text.settle(rows: rect.rows, columns: rect.columns)
        text.render(into: &surface, rect)
    }
}
