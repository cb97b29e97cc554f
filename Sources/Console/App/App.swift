internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The whole state of the console, and how it changes: `update` takes an event and answers with effects, `render` paints.
///
/// It knows no terminal, no task and no clock: events carry what happened, and the time is given with each.
struct App {
    var model: Model
    var screens: [any Screen]
    var prompt: Prompt?
    var notice: Notice?
    /// Keys pressed so far of a sequence.
    private(set) var pending: [KeyPress] = []
    private(set) var isMouseEnabled = false
    private(set) var rows: Int
    private(set) var columns: Int
    let keymap: Keymap
    /// The theme to load after the first frame.
    private let theme: String?
    var themes: [String] = []
    private var nextLoad = 1
    /// Loads that belong to no screen: a theme, a saved screen.
    var errands: [LoadID: Request] = [:]
    /// The bodies that are edited.
    var bodies = BodyEdits()
    /// How often screens have come and gone: what was asked is of the screen that was on top then.
    var place = 0
    /// Earlier commands of the `:` line, and which of them is in it.
    var history: [String] = []
    var historyPlace: Int?

    /// - Parameters:
    ///   - title: the context, if it is known before it is open.
    ///   - theme: the theme to load, if it is not the default one.
    init(
        rows: Int, columns: Int, title: ContextTitle? = nil, keymap: Keymap = Keymap(), theme: String? = nil, isMouseEnabled: Bool = false
    ) {
        self.rows = rows
        self.columns = columns
        self.keymap = keymap
        self.theme = theme
        self.isMouseEnabled = isMouseEnabled
        model = Model()
        model.title = title
        screens = [BoardScreen()]
        settle()
    }

    /// The screen on top.
    var top: any Screen {
        get { screens[screens.count - 1] }
        // In place: a screen may hold a hundred thousand rows, which a copy would double.
        _modify { yield &screens[screens.count - 1] }
    }

    /// Where the keyboard is.
    var context: KeyContext { prompt == nil ? top.context : .prompt }

    /// Whether something is under way that the screen on top, or a script, waits for.
    var isLoading: Bool { !errands.isEmpty || !top.loads(model).isEmpty }

    /// Asks for the first screen's content.
    mutating func start(now: Timestamp) -> [Effect] {
        let effects = theme.map { errand(.theme($0), now: now) } ?? []
        return effects + turn(now) { app, turn in app.top.appear(&turn) }
    }

    /// The time came for something on screen to change: what refreshes itself is asked for again.
    mutating func wake(now: Timestamp) -> [Effect] {
        let isDue = top.refreshDue(model).map { $0 <= now } == true
        let isInboxDue = model.inboxDue(on: top.context).map { $0 <= now } == true
        let areEmergenciesDue = model.emergenciesDue.map { $0 <= now } == true
        guard isDue || isInboxDue || areEmergenciesDue else { return [] }
        defer { settle() }
        return turn(now) { app, turn in
            if isDue { app.top.refreshQuietly(&turn) }
            if isInboxDue { turn.loadInbox(quietly: true) }
            if areEmergenciesDue { turn.loadEmergencies() }
        }
    }

    // MARK: - Events

    /// Takes an event.
    mutating func update(_ event: Event, now: Timestamp) -> [Effect] {
        defer { settle() }
        switch event {
        case .input(let input): return take(input, now: now)
        case .command(let id, let argument): return run(id, argument, now: now)
        case .log(let entry):
            model.append(entry)
            modelChanged()
            return []
        case .said(let notice):
            self.notice = notice
            return []
        case .edited(let outcome): return take(edited: outcome, now: now)
        case .answer(let id, let answer): return receive(id, answer, now: now)
        case .finished(let id, let error): return finish(id, error, now: now)
        }
    }

    private mutating func take(_ input: InputEvent, now: Timestamp) -> [Effect] {
        switch input {
        case .key(let press): return take(press, now: now)
        case .paste(let text):
            guard prompt != nil else {
                notice = Notice(kind: .info, text: "Pasted text was ignored: it is not run as keys.")
                return []
            }
            prompt?.editor.insert(text.split(whereSeparator: \.isNewline).joined(separator: " "))
            return promptChanged()
        case .mouse(let event): return take(event, now: now)
        case .resize(let rows, let columns):
            self.rows = rows
            self.columns = columns
            return []
        case .resumed: return [.redraw]
        case .terminate(let signal): return [.quit(128 &+ signal)]
        case .endOfInput: return [.quit(129)]
        case .focus: return []
        }
    }

    private mutating func take(_ press: KeyPress, now: Timestamp) -> [Effect] {
        notice = nil
        prompt?.complaint = nil
        switch keymap.match(pending + [press], in: context) {
        case .command(let id):
            pending = []
            return run(id, nil, now: now)
        case .prefix:
            pending.append(press)
            return []
        case .none:
            let wasPending = !pending.isEmpty
            pending = []
            if prompt != nil {
                guard case .character(let character) = press.key, press.modifiers.isEmpty else { return [] }
                prompt?.editor.insert(String(character))
                return promptChanged()
            }
            // An escape leaves a half-typed sequence and does nothing else.
            if wasPending, press.key == .escape { return [] }
            let keys = keymap.keys(of: .help, in: context).first?.label ?? ":help"
            notice = Notice(kind: .info, text: "\(KeyName.label(press)) does nothing here. \(keys) shows the keys.")
            return []
        }
    }

    private mutating func take(_ event: MouseEvent, now: Timestamp) -> [Effect] {
        guard isMouseEnabled, prompt == nil else { return [] }
        switch event.action {
        case .wheel(.up): return turn(now) { app, turn in for _ in 0..<3 { app.top.perform(.up, &turn) } }
        case .wheel(.down): return turn(now) { app, turn in for _ in 0..<3 { app.top.perform(.down, &turn) } }
        case .press(.left):
            let content = frame.content
            guard content.contains(row: event.row, column: event.column) else { return [] }
            notice = nil
            return turn(now) { app, turn in app.top.press(row: event.row - content.row, column: event.column, &turn) }
        default: return []
        }
    }

    // MARK: - Commands

    mutating func run(_ id: CommandID, _ argument: String?, now: Timestamp) -> [Effect] {
        if prompt != nil, CommandTable.command(id)?.group == .prompt { return edit(id, now: now) }
        notice = nil
        // With an entity named, it does not matter what is selected.
        let takesName =
            [.testRules, .sessions, .groups].contains(id) || model.title?.signsIn == true && [.bindings, .drift, .ask].contains(id)
        let isNamed = takesName && argument != nil
        if !isNamed, case .disabled(let reason) = availability(of: id) {
            notice = Notice(kind: .warning, text: "\(CommandTable.command(id)?.title(in: top.context) ?? id.rawValue): \(reason)")
            return []
        }
        switch id {
        case .quit: return quit(now: now)
        case .suspend: return [.suspend]
        case .redraw: return [.redraw]
        case .mouse:
            isMouseEnabled.toggle()
            let text = isMouseEnabled ? "The mouse is on; hold shift to select text." : "The mouse is off."
            notice = Notice(kind: .info, text: text)
            return [.mouse(isMouseEnabled)]
        case .filter:
            prompt = Prompt(.filter(previous: top.filter), text: top.filter.text, place: place)
            return []
        case .commandLine:
            prompt = Prompt(.command, place: place)
            historyPlace = nil
            _ = promptChanged()
            return themes.isEmpty ? errand(.themeNames, now: now) : []
        case .help:
            return push(HelpScreen(subject: top.context, keymap: keymap), now: now)
        case .log: return push(LogScreen(), now: now)
        case .actions: return push(ActionMenuScreen(top.subjects(model)), now: now)
        case .open where top is ActionMenuScreen:
            guard let chosen = (top as? ActionMenuScreen)?.chosen else { return [] }
            return act(chosen, nil, now: now)
        case .jobs: return push(JobsScreen(), now: now)
        case .history: return push(HistoryScreen(), now: now)
        case .pauseJob, .cancelJob, .resumeJob: return order(id, now: now)
        case _ where ActionKind(id) != nil: return act(id, argument, now: now)
        case .board: return turn(now) { _, turn in turn.navigation = .home }
        case .tree:
            // Back to the one that is open: it knows what was folded and selected.
            guard let place = screens.lastIndex(where: { $0 is TreeScreen }) else { return push(TreeScreen(), now: now) }
            let count = screens.count - 1 - place
            return turn(now) { _, turn in turn.navigation = .pop(count) }
        case .service: return go(toService: argument ?? "", now: now)
        case .entity: return go(toEntity: argument ?? "", now: now)
        case .testRules: return test(topic: argument, now: now)
        case .sessions where argument != nil: return go(toEntity: argument ?? "", now: now) { SessionsScreen($0) }
        case .watch: return watch(argument, now: now)
        case .groups where argument != nil: return group(entity: argument ?? "", now: now)
        case .trace: return trace(argument, now: now)
        case .bindings: return bindings(of: argument, now: now)
        case .drift: return drift(of: argument, now: now)
        case .requests: return push(InboxScreen(), now: now)
        case .keys: return push(KeysScreen(), now: now)
        case .ask: return ask(for: argument, now: now)
        case .condition: return narrow(by: argument, now: now)
        case .theme: return errand(.theme(argument ?? ""), now: now)
        case .saveScreen: return errand(.saveScreen(path: argument ?? "", text: screenText(now: now)), now: now)
        case .saveValue, .saveBody:
            guard let content = (top as? any Saving)?.content(for: id) else { return [] }
            return errand(.save(path: argument ?? "", content: content), now: now)
        case .stop: return stop(now: now)
        case .back: return back(now: now)
        default: return turn(now) { app, turn in app.top.perform(id, &turn) }
        }
    }

    private func screenText(now: Timestamp) -> String {
        var surface = Surface(rows: rows, columns: columns)
        render(into: &surface, now: now)
        return surface.textGrid() + "\n"
    }

    mutating func errand(_ request: Request, now: Timestamp) -> [Effect] {
        turn(now) { app, turn in
            let id = turn.start(request)
            app.errands[id] = request
        }
    }

    private mutating func stop(now: Timestamp) -> [Effect] {
        if !top.awaited(model).isEmpty {
            return turn(now) { app, turn in
                app.top.stopLoading(&turn)
                if turn.notice == nil { turn.say(.info, "Stopped.") }
            }
        }
        if top.isFiltered {
            top.apply(filter: TextFilter(), model: model)
            return []
        }
        // An open message is closed before the list behind it is widened.
        if top.narrowing != nil, (top as? MessagesScreen)?.hasOpenMessage != true {
            return turn(now) { app, turn in app.top.widen(&turn) }
        }
        if case .disabled = availability(of: .back) { return [] }
        return back(now: now)
    }

    // MARK: - Steps

    /// Lets a screen do one step, then does what it asked for.
    mutating func turn(_ now: Timestamp, _ body: (inout App, inout Turn) -> Void) -> [Effect] {
        var turn = Turn(model: model, now: now, nextLoad: nextLoad)
        body(&self, &turn)
        while let navigation = turn.navigation {
            turn.navigation = nil
            navigate(navigation, &turn)
        }
        model = turn.model
        nextLoad = turn.nextLoad
        if let question = turn.question {
            prompt = Prompt(.answer(question), text: question.text, place: place)
            _ = promptChanged(isNew: true)
        }
        if let said = turn.notice { notice = said }
        return turn.effects
    }

    mutating func modelChanged() {
        for index in screens.indices { screens[index].modelChanged(model) }
    }

    // MARK: - Layout

    var frame: FrameLayout { frame(rows: rows, columns: columns) }

    func frame(rows: Int, columns: Int) -> FrameLayout {
        FrameLayout(
            rows: rows, columns: columns, needsMessage: prompt != nil || notice != nil || !pending.isEmpty,
            needsBanner: !model.emergencies.uses.isEmpty)
    }

    private mutating func settle() {
        let content = frame.content
        top.settle(rows: content.rows, columns: content.columns, model: model)
    }
}
