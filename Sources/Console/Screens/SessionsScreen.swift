internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The sessions of an entity: their messages by state, how old the oldest is, and their states where a person asked for those.
struct SessionsScreen: Screen {
    let path: EntityPath
    let context = KeyContext.sessions
    private(set) var filter = TextFilter()
    private var list = ListState()
    private var height = 1
    private var sessions = Loadable<[SessionSummary]>()
    /// Whether the messages of the sessions shown were counted.
    private var isCounted = false
    /// What was read of states, in a line each: the states themselves may be large, and are read again by who opens one.
    private var states: [String: SessionText] = [:]
    private var reading = Loadable<Void>()
    /// The places of the sessions that fit the filter.
    private var places: [Int] = []

    /// The most states read in one go: each session is held for a moment.
    static let mostStates = 200

    init(_ path: EntityPath) { self.path = path.entity }

    var crumbs: [String] { [path.displayName, "sessions"] }

    private static let columns = [
        TableColumn("session", 12, upTo: 60, worth: 100),
        TableColumn("active", 6, upTo: 11, .right, worth: 95),
        TableColumn("deferred", 8, upTo: 11, .right, worth: 85),
        TableColumn("scheduled", 9, upTo: 11, .right, worth: 80),
        TableColumn("oldest", 6, upTo: 8, .right, worth: 90),
        TableColumn("state", 12, upTo: 80, worth: 75),
    ]

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        if case .notAsked = sessions.phase { load(&turn) }
    }

    private mutating func load(_ turn: inout Turn) {
        guard sessions.load == nil else { return }
        sessions.begin(turn.start(.sessions(path)))
    }

    mutating func disappear(_ turn: inout Turn) { for id in loads(turn.model) { turn.stop(id) } }

    func loads(_ model: Model) -> [LoadID] { [sessions.load, reading.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        for id in loads(turn.model) { turn.stop(id) }
        if sessions.load != nil { sessions.stop() }
        if reading.load != nil { reading.stop() }
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        switch answer {
        case .sessions(let found, let isCounted) where id == sessions.load:
            // Counts of a moment ago are worth more than none.
            let known = Dictionary((sessions.value ?? []).map { ($0.id, $0.counts) }, uniquingKeysWith: { first, _ in first })
            let merged = isCounted ? found : found.map { SessionSummary(id: $0.id, counts: $0.counts ?? known[$0.id] ?? nil) }
            let selected = self.selected?.id
            sessions.set(merged, asOf: turn.now)
            self.isCounted = self.isCounted || isCounted
            arrange(keeping: selected)
        case .sessionState(let session, let state) where id == reading.load:
            let selected = self.selected?.id
            states[session] = SessionText(state)
            // The filter looks at states too.
            if !filter.isEmpty { arrange(keeping: selected) }
        default: return false
        }
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        switch id {
        case sessions.load: sessions.finish(error)
        case reading.load: reading.finish(error)
        default: return false
        }
        return true
    }

    // MARK: - Lines

    mutating func apply(filter: TextFilter, model: Model) {
        let selected = self.selected?.id
        self.filter = filter
        arrange(keeping: selected)
    }

    private mutating func arrange(keeping id: String?) {
        let all = sessions.value ?? []
        places = all.indices.filter { filter.matches([all[$0].id, states[all[$0].id]?.text ?? ""]) }
        let place = id.flatMap { id in places.firstIndex { all[$0].id == id } } ?? list.selected
        list.select(place, count: places.count, height: height)
    }

    private func session(at line: Int) -> SessionSummary? {
        guard places.indices.contains(line), let all = sessions.value, all.indices.contains(places[line]) else { return nil }
        return all[places[line]]
    }

    private var selected: SessionSummary? { session(at: list.selected) }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = Table.bodyHeight(Rect(row: 0, column: 0, rows: rows, columns: columns))
        list.settle(count: places.count, height: height)
    }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open: return selected == nil ? .disabled("no session is selected") : .enabled
        case .readStates:
            if reading.load != nil { return .disabled("they are being read; esc stops that") }
            return places.isEmpty ? .disabled("no session is listed") : .enabled
        default: return .enabled
        }
    }

    func accessTopic(_ model: Model) -> AccessTopic { .entity(path.entity) }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            list.move(step, count: places.count, height: height)
            return
        }
        switch command {
        case .open: if let selected { turn.navigation = .push(SessionScreen(selected.id, of: path)) }
        case .readStates: askForStates(&turn)
        case .refresh:
            states = [:]
            load(&turn)
        default: break
        }
    }

    /// The sessions whose states would be read: those that are listed, from the selected one on.
    private var unread: [String] {
        let all = sessions.value ?? []
        return places[min(list.selected, places.count)...].prefix(SessionsScreen.mostStates).map { all[$0].id }
    }

    /// Consumers may have to wait a moment for a session: on a namespace that others use, a person says that this is meant.
    private mutating func askForStates(_ turn: inout Turn) {
        guard turn.model.title?.isEmulator != true else { return readStates(&turn) }
        turn.question = Question(
            label: "read \(Figures.count(unread.count, "state"))?",
            help: "Each session is held for a moment: no consumer gets it meanwhile.",
            choices: [.init(text: "no"), .init(text: "yes", note: "no message is locked")])
    }

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        if ["y", "yes"].contains(answer.lowercased()) { readStates(&turn) } else { turn.say(.info, "No state was read.") }
        return nil
    }

    private mutating func readStates(_ turn: inout Turn) { reading.begin(turn.start(.sessionStates(unread, path))) }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row - 1
        guard row >= 1, places.indices.contains(line) else { return }
        if line == list.selected { perform(.open, &turn) } else { list.select(line, count: places.count, height: height) }
    }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { sessions.asOf }

    func ages(_ model: Model) -> [Timestamp] {
        [sessions.asOf].compactMap(\.self) + (sessions.value ?? []).compactMap { $0.counts?.oldest }
    }

    func position(_ model: Model) -> String {
        places.isEmpty ? "" : "\(Figures.count(list.selected + 1)) of \(Figures.count(places.count))"
    }

    func summary(_ surroundings: Surroundings) -> [Span] {
        guard let all = sessions.value else { return [Span("Sessions of \(path.displayName)", .title)] }
        var spans = [Span(Figures.count(all.count, "session"), .title)]
        if isFiltered { spans.append(Span(" · \(Figures.count(places.count)) shown", .match)) }
        if reading.load != nil {
            spans.append(Span(" · reading states, \(Figures.count(states.count)) so far", .statusPending))
        } else if sessions.load != nil {
            spans.append(Span(" · counting their messages", .statusPending))
        } else if let error = reading.error ?? sessions.error {
            spans.append(Span(" · ! \(error.message)", .statusError))
        } else if isCounted {
            let total = all.reduce(0) { $0 + ($1.counts?.total ?? 0) }
            spans.append(Span(" · \(Figures.count(total, "message"))", .muted))
            if states.isEmpty { spans.append(Span(" · states not read (S)", .muted)) }
        }
        return spans
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let table = Table(columns: SessionsScreen.columns, isProduction: surroundings.model.isProduction)
            .fitted(to: places.prefix(300).indices.lazy.map { cells(of: $0, surroundings.now) })
        table.render(into: &surface, rect, list: list, count: places.count) { cells(of: $0, surroundings.now) }
        let below = rect.splitTop((rect.rows >= 2 ? 1 : 0) + places.count).rest
        guard places.isEmpty else { return }
        if let error = sessions.error {
            Placeholder.render(error, into: &surface, below, retry: "^R tries again · q goes back")
        } else if sessions.load != nil, sessions.value == nil {
            Placeholder.render("Listing sessions…", role: .statusPending, into: &surface, below)
        } else if sessions.isStopped {
            Placeholder.render("Stopped. ^R lists them again.", into: &surface, below)
        } else if isFiltered {
            Placeholder.render("No session fits the filter. esc clears it.", into: &surface, below)
        } else if sessions.value != nil {
            Placeholder.render("No session holds messages or state.", into: &surface, below)
        }
    }

    private func cells(of line: Int, _ now: Timestamp) -> [Span] {
        guard let session = session(at: line) else { return [] }
        let count = { (count: Int?) -> Span in
            guard let count else { return Span(sessions.load == nil ? "–" : "…", .muted) }
            return Span(Figures.count(count), count == 0 ? .muted : .text)
        }
        let state = states[session.id] ?? SessionText(.notAsked)
        return [
            Span(session.id), count(session.counts?.active), count(session.counts?.deferred), count(session.counts?.scheduled),
            Span(session.counts?.oldest.map { Age.label(of: $0, now: now) } ?? "·", .muted),
            Span(state.text, state.role),
        ]
    }
}

/// The state of a session in one line: its size and how it begins, or why there is nothing to show.
struct SessionText: Hashable, Sendable {
    let text: String
    let role: Role

    /// Longer states are cut.
    private static let longest = 200

    init(_ state: SessionState) {
        switch state {
        case .notAsked: (text, role) = ("not read", .muted)
        case .none: (text, role) = ("none", .muted)
        case .heldElsewhere: (text, role) = ("held by another receiver", .statusWarning)
        case .bytes(let bytes):
            let size = Figures.size(bytes.count)
            let words = String(validating: bytes, as: UTF8.self).map { String($0.prefix(SessionText.longest)) }
            (text, role) = (words.map { "\(size)  \($0)" } ?? "\(size), not text", .text)
        }
    }
}
