internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// A message that is not sent, and what every subscription of a topic would get of it, and why.
struct TesterScreen: Screen {
    let topic: EntityPath
    let context = KeyContext.tester
    var crumbs: [String] { [topic.displayName, "rule tester"] }
    private(set) var filter = TextFilter()
    private var list = ListState()
    private var lines: [TesterPage.Line] = []
    private var width = 80
    private var height = 1
    private var page = TesterPage()
    private var routing = Loadable<TopicRouting>()
    private var sample: Sample?
    private var draft = Loadable<OutgoingMessage>()

    /// A message that was peeked, to begin with.
    struct Sample: Hashable, Sendable {
        var path: EntityPath
        var number: SequenceNumber
    }

    /// - Parameter sample: the message to begin with; nil: an empty one.
    init(_ topic: EntityPath, sample: Sample? = nil) {
        self.topic = topic.topic ?? topic.entity
        self.sample = sample
        arrange()
    }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        if case .notAsked = routing.phase { routing.begin(turn.start(.routing(topic))) }
        if let sample, case .notAsked = draft.phase { draft.begin(turn.start(.draft(sample.path, sample.number))) }
    }

    mutating func disappear(_ turn: inout Turn) { for id in loads(turn.model) { turn.stop(id) } }

    func loads(_ model: Model) -> [LoadID] { [routing.load, draft.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        for id in loads(turn.model) { turn.stop(id) }
        if routing.load != nil { routing.stop() }
        if draft.load != nil { draft.stop() }
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        switch answer {
        case .routing(let found) where id == routing.load:
            routing.set(found, asOf: turn.now)
            page.routing = found
        case .draft(let message) where id == draft.load:
            draft.set(message, asOf: turn.now)
            page.message = message
        default: return false
        }
        arrange()
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        switch id {
        case routing.load: routing.finish(error)
        case draft.load: draft.finish(error)
        default: return false
        }
        return true
    }

    // MARK: - Lines

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange()
    }

    private mutating func arrange() {
        let selected = self.selected
        lines = page.lines(width: width, filter)
        let place = selected.flatMap { lines.firstIndex(of: $0) } ?? list.selected
        list.select(place, count: lines.count, height: height)
        leaveHeading(towards: 1)
    }

    private var selected: TesterPage.Line? { lines.indices.contains(list.selected) ? lines[list.selected] : nil }

    private mutating func leaveHeading(towards direction: Int) {
        let lines = lines
        list.leave({ lines[$0].isHeading }, towards: direction, count: lines.count, height: height)
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = rows
        if columns != width {
            width = columns
            arrange()
        }
        list.settle(count: lines.count, height: height)
    }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open:
            if case .verdict(let row)? = selected { return row.subscription == nil ? .disabled("this is no subscription") : .enabled }
            return selected == nil || selected?.isHeading == true ? .disabled("nothing is selected") : .enabled
        case .clear:
            guard let selected, page.text(of: selected)?.isEmpty == false else { return .disabled("there is nothing in it") }
            return .enabled
        default: return .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            let before = list.selected
            list.move(step, count: lines.count, height: height)
            leaveHeading(towards: list.selected < before ? -1 : 1)
            return
        }
        switch command {
        case .open:
            guard let selected else { return }
            if case .verdict(let row) = selected {
                if let path = row.subscription { turn.navigation = .push(EntityScreen(path)) }
            } else {
                turn.question = page.question(about: selected)
            }
        case .addProperty:
            if let place = lines.firstIndex(of: .newProperty) { list.select(place, count: lines.count, height: height) }
            turn.question = page.question(about: .newProperty)
        case .clear:
            if let selected { _ = page.set(selected, to: "") }
            arrange()
        case .refresh: if routing.load == nil { routing.begin(turn.start(.routing(topic))) }
        default: break
        }
    }

    func check(_ answer: String, _ model: Model) -> Question.Problem? {
        guard let selected else { return nil }
        var page = page
        return page.set(selected, to: answer)
    }

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        guard let selected else { return nil }
        if let problem = page.set(selected, to: answer) { return problem }
        arrange()
        return nil
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row
        guard lines.indices.contains(line), !lines[line].isHeading else { return }
        if line == list.selected {
            if availability(of: .open, model: turn.model).isEnabled { perform(.open, &turn) }
        } else {
            list.select(line, count: lines.count, height: height)
        }
    }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { routing.asOf }

    func position(_ model: Model) -> String { list.position(among: lines.count) { lines[$0].isHeading } }

    func summary(_ surroundings: Surroundings) -> [Span] {
        var spans = [Span(topic.displayName, .title)]
        if let routing = routing.value {
            let count = page.deliveries.count { $0.copies > 0 }
            spans.append(
                Span(
                    " · \(count == 0 ? "none" : String(count)) of \(Figures.count(routing.subscriptions.count, "subscription")) would get it",
                    count == 0 ? .statusWarning : .text))
        }
        if let sample, draft.value != nil {
            spans.append(Span(" · from #\(sample.number) of \(sample.path.displayName), without its body", .muted))
        }
        return spans
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let page = self.page
        Page(isProduction: surroundings.model.isProduction)
            .render(into: &surface, rect, list: list, count: lines.count) { page.row(lines[$0]) }
        let below = rect.splitTop(min(lines.count, rect.rows)).rest
        if let error = routing.error ?? draft.error {
            Placeholder.render(error, into: &surface, below, retry: "^R tries again · q goes back")
        } else if routing.isStopped {
            Placeholder.render("Stopped. ^R loads the rules.", into: &surface, below)
        } else if routing.value == nil {
            Placeholder.render("Loading the rules of all subscriptions…", role: .statusPending, into: &surface, below)
        } else if lines.isEmpty {
            Placeholder.render("No line fits the filter. esc clears it.", into: &surface, below)
        }
    }
}
