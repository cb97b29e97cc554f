internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// One screen of the stack. A value: what it shows follows from it and from the ``Model``, so that it can be tested without a terminal.
///
/// It answers four questions: where am I (``crumbs``), what is wrong and how old is this (``summary(_:)``), what can I do
/// (``availability(of:model:)``, from which the hint bar is made).
protocol Screen {
    /// Which keys apply.
    var context: KeyContext { get }
    /// Where this is, below the screen before it; a first name that is the last one of the screen before is not repeated.
    var crumbs: [String] { get }
    /// What lines are shown.
    var filter: TextFilter { get }

    /// The screen is on top, for the first time or again: ask for what is missing.
    mutating func appear(_ turn: inout Turn)
    /// The screen is gone for good: stop what it loads for itself.
    mutating func disappear(_ turn: inout Turn)
    /// What is loading for this screen.
    func loads(_ model: Model) -> [LoadID]
    /// The part of that which a person waits for now: it has the spinner, and esc stops it.
    func awaited(_ model: Model) -> [LoadID]
    /// Stops that part.
    mutating func stopLoading(_ turn: inout Turn)

    /// Shows only lines that fit the filter.
    mutating func apply(filter: TextFilter, model: Model)
    /// Runs a command that the application does not run itself. It was found available.
    mutating func perform(_ command: CommandID, _ turn: inout Turn)
    /// Whether something was filled in that going back would lose: then ``CommandID/back`` is the screen's own, and asks first.
    var isEdited: Bool { get }
    /// Whether it waits for the answer to something that was sent and changes something: it must not go before that is told.
    var isSending: Bool { get }
    /// Whether a command of this screen's context can be run.
    func availability(of command: CommandID, model: Model) -> Availability
    /// Takes an answer to a load it started; false if it did not.
    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool
    /// A load it started has ended; false if it did not start it.
    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool
    /// What is wrong with the answer that is being typed to a question this screen asked.
    func check(_ answer: String, _ model: Model) -> Question.Problem?
    /// Takes the answer to a question it asked; with a problem it is asked on.
    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem?
    /// The condition by which lines were picked; nil: all are shown.
    var narrowing: String? { get }
    /// Shows all again.
    mutating func widen(_ turn: inout Turn)
    /// How a condition that is being typed could go on, from the text before the cursor and the text behind it.
    func suggestions(head: String, tail: String) -> [CommandLine.Suggestion]
    /// The ids that a trace from here could be about, the likeliest first.
    var traceChoices: [Question.Choice] { get }
    /// Where a trace from here looks.
    var traceScope: TraceScope { get }
    /// What bindings and findings asked for from here are about.
    func accessTopic(_ model: Model) -> AccessTopic
    /// What a role asked for from here would be on; nil: that has to be said.
    func askTopic(_ model: Model) -> AccessTopic?
    /// What actions from here would be about; what is meant where nobody says, first.
    func subjects(_ model: Model) -> [ActionSubject]
    /// A job was begun with messages of a queue.
    mutating func actionBegan(on path: EntityPath)
    /// The model changed.
    mutating func modelChanged(_ model: Model)
    /// A mouse press on its area.
    mutating func press(row: Int, column: Int, _ turn: inout Turn)

    /// Takes on the size of its area.
    mutating func settle(rows: Int, columns: Int, model: Model)
    /// What is wrong in one line.
    func summary(_ surroundings: Surroundings) -> [Span]
    /// How old the figures on it are.
    func asOf(_ model: Model) -> Timestamp?
    /// All moments whose age is on screen.
    func ages(_ model: Model) -> [Timestamp]
    /// Milliseconds until something else than an age is written otherwise; nil: never.
    func untilTick(_ model: Model, now: Timestamp) -> Int64?
    /// When the screen loads its figures again by itself; nil: only when a person asks.
    func refreshDue(_ model: Model) -> Timestamp?
    /// Does so, without a sign that a person would wait for.
    mutating func refreshQuietly(_ turn: inout Turn)
    /// Where the selection stands: `3 of 12`.
    func position(_ model: Model) -> String
    /// Draws its area.
    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings)
}

extension Screen {
    var isFiltered: Bool { !filter.isEmpty }
    var isEdited: Bool { false }
    var isSending: Bool { false }
    mutating func appear(_ turn: inout Turn) {}
    mutating func disappear(_ turn: inout Turn) {}
    func loads(_ model: Model) -> [LoadID] { [] }
    func awaited(_ model: Model) -> [LoadID] { loads(model) }
    mutating func stopLoading(_ turn: inout Turn) {}
    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool { false }
    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool { false }
    func check(_ answer: String, _ model: Model) -> Question.Problem? { nil }
    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? { nil }
    var narrowing: String? { nil }
    mutating func widen(_ turn: inout Turn) {}
    func suggestions(head: String, tail: String) -> [CommandLine.Suggestion] { [] }
    var traceChoices: [Question.Choice] { [] }
    var traceScope: TraceScope { .namespace }
    func accessTopic(_ model: Model) -> AccessTopic { .namespace }
    func askTopic(_ model: Model) -> AccessTopic? { accessTopic(model) }
    mutating func actionBegan(on path: EntityPath) {}
    mutating func modelChanged(_ model: Model) {}
    mutating func press(row: Int, column: Int, _ turn: inout Turn) {}
    func asOf(_ model: Model) -> Timestamp? { nil }
    func ages(_ model: Model) -> [Timestamp] { [asOf(model)].compactMap(\.self) }
    func untilTick(_ model: Model, now: Timestamp) -> Int64? { nil }
    func refreshDue(_ model: Model) -> Timestamp? { nil }
    mutating func refreshQuietly(_ turn: inout Turn) {}
}

extension ListState.Step {
    /// The step of a moving command.
    init?(_ command: CommandID) {
        switch command {
        case .down: self = .lines(1)
        case .up: self = .lines(-1)
        case .pageDown: self = .pages(1)
        case .pageUp: self = .pages(-1)
        case .halfPageDown: self = .halfPages(1)
        case .halfPageUp: self = .halfPages(-1)
        case .first: self = .first
        case .last: self = .last
        default: return nil
        }
    }
}

extension OperatorError {
    /// How to go on where a screen may not be looked at, with the role that would do: it can be asked for where requests are kept.
    func retry(on path: EntityPath, _ model: Model, _ usual: String) -> String {
        guard code == .notPermitted, model.keepsRequests else { return usual }
        return "R asks for Data Receiver on \(path.entity.displayName) · \(usual)"
    }
}

/// A screen with something that can be written to a file.
protocol Saving {
    /// What that is; nil where there is nothing.
    func content(for command: CommandID) -> [UInt8]?
}

/// What a screen shows in place of its content: that it is loading, that there is nothing, or what failed and what to try.
enum Placeholder {
    /// What to do where entities may not be listed: that counts are not permitted, and which right it takes, is said above already.
    static func render(refusal error: OperatorError, into surface: inout Surface, _ rect: Rect, retry: String) {
        render([error.hint, retry].filter { !$0.isEmpty }.joined(separator: " "), into: &surface, rect)
    }

    static func render(_ error: OperatorError, into surface: inout Surface, _ rect: Rect, retry: String) {
        var lines: [[Span]] = [[Span("! ", .statusError), Span(error.message, .statusError)]]
        var codes: [String] = []
        if let code = error.serviceCode, !error.message.holds(code) { codes.append(code) }
        if let id = error.trackingID, !error.message.holds(id) { codes.append("tracking id \(id)") }
        if !codes.isEmpty { lines.append([Span("  " + codes.joined(separator: " · "), .muted)]) }
        if !error.hint.isEmpty { lines.append([Span("  \(error.hint)")]) }
        lines.append([])
        lines.append([Span("  \(retry)", .muted)])
        render(lines, into: &surface, rect)
    }

    static func render(_ text: String, role: Role = .muted, into surface: inout Surface, _ rect: Rect) {
        render([[Span("  " + text, role)]], into: &surface, rect)
    }

    static func render(_ lines: [[Span]], into surface: inout Surface, _ rect: Rect) {
        let area = rect.rows > 4 ? rect.splitTop(1).rest : rect
        let layout = TextLayout([.lines(TextBlock.visible(lines), .prose)], width: max(area.columns - 2, 1))
        for row in 0..<min(layout.count, area.rows) {
            surface.put(row: area.row + row, column: area.column + (area.columns > 2 ? 1 : 0), layout.row(row), truncation: .clip)
        }
    }
}

extension OperatorError {
    /// Whether a right is missing, which the figures say themselves.
    var isListingRefused: Bool { code == .notPermitted && neededRight != nil }
}
