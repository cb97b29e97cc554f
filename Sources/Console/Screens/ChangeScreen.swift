internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What a change would do, setting by setting, and what follows from it: the last look before anything is sent.
struct ChangeScreen: Screen {
    /// A line.
    private enum Line: Hashable {
        case heading(String)
        case consequence(String)
        case difference(SettingDifference)
        case nothing

        var isHeading: Bool { if case .heading = self { true } else { false } }
    }

    let context = KeyContext.change
    let filter = TextFilter()
    private let target: EntityTarget
    /// How many screens are left when it is done.
    private let leaving: Int
    private let readAt: Timestamp?
    private var change: EntityChange?
    private var list = ListState()
    private var lines: [Line] = []
    private var height = 1
    private var settings = Loadable<EntitySettings>()
    private var run = Loadable<Void>()

    /// A change that was worked out.
    ///
    /// - Parameters:
    ///   - readAt: when what is to be changed was read.
    ///   - leaving: how many screens are left when it is done, this one included.
    init(_ change: EntityChange, readAt: Timestamp?, leaving: Int) {
        self.change = change
        self.readAt = readAt
        self.leaving = leaving
        target = change.target
        arrange()
    }

    /// The removal of what is there, once it was looked at.
    init(removing target: EntityTarget, leaving: Int) {
        self.target = target
        readAt = nil
        self.leaving = leaving
    }

    var crumbs: [String] { isRemoval ? [target.name, "remove"] : ["difference"] }

    /// The removal of something is begun here; other changes come from a form.
    private var isRemoval: Bool { change.map { $0.operation == .remove } ?? true }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        if change == nil, case .notAsked = settings.phase { settings.begin(turn.start(.settings(target))) }
    }

    mutating func disappear(_ turn: inout Turn) { turn.stop(settings.load) }

    func loads(_ model: Model) -> [LoadID] { [settings.load, run.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        if run.load != nil { return turn.say(.warning, "It was sent and cannot be called back; wait for the answer.") }
        turn.stop(settings.load)
        settings.stop()
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        switch answer {
        case .settings(let found) where id == settings.load:
            settings.set(found, asOf: turn.now)
            change = EntityChange.removing(found)
            arrange()
        case .changed(let settings) where id == run.load:
            turn.model.noteChange(target, settings, asOf: turn.now)
            run.set((), asOf: turn.now)
        default: return false
        }
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        switch id {
        case settings.load: settings.finish(error)
        case run.load:
            run.finish(error)
            guard error == nil, let change else { return true }
            let done =
                switch change.operation {
                case .create: "Created"
                case .update: "Changed"
                case .remove: "Removed"
                }
            turn.say(.info, "\(done) \(target).")
            turn.navigation = .pop(leaving)
            turn.loadOverview()
        default: return false
        }
        return true
    }

    // MARK: - Lines

    mutating func apply(filter: TextFilter, model: Model) {}

    private mutating func arrange() {
        guard let change else { return }
        let difference = change.difference.map { Line.difference($0) }
        let consequences = change.consequences.map { Line.consequence($0) }
        lines = consequences.isEmpty ? [] : [.heading("what follows")] + consequences
        let title = change.operation == .remove ? "settings that go with it" : "difference"
        lines += [.heading(title)] + (difference.isEmpty ? [.nothing] : difference)
        leaveHeading(towards: 1)
    }

    private mutating func leaveHeading(towards direction: Int) {
        let lines = lines
        list.leave({ lines[$0].isHeading }, towards: direction, count: lines.count, height: height)
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = max(rows - 1, 1)
        list.settle(count: lines.count, height: height)
    }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .back, .board, .tree: return run.load == nil ? .enabled : .disabled("it was sent; wait for the answer")
        case .open:
            guard let change else { return .disabled("it was not looked at yet") }
            if run.load != nil { return .disabled("it was sent; wait for the answer") }
            if change.isEmpty { return .disabled("nothing is different") }
            return model.refusal(of: change.policyAction, on: target.path, kind: target.policyKind).map { .disabled($0.clause) } ?? .enabled
        case .filter: return .disabled("a difference is read as a whole")
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
            guard let change else { return }
            if needsName(change, turn.model) {
                turn.question = Question(
                    label: "type \(target.name) to go on", help: "\(change.operation.rawValue) \(target); esc: nothing happens")
            } else {
                carryOut(&turn)
            }
        case .refresh:
            if change == nil || change?.operation == .remove, settings.load == nil { settings.begin(turn.start(.settings(target))) }
        default: break
        }
    }

    /// What does not come back, and whatever is done to production, wants the name typed.
    private func needsName(_ change: EntityChange, _ model: Model) -> Bool { change.operation == .remove || model.isProduction }

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        guard answer == target.name else {
            return Question.Problem(text: "that is not \(target.name): nothing was sent")
        }
        carryOut(&turn)
        return nil
    }

    private mutating func carryOut(_ turn: inout Turn) {
        guard let change, run.load == nil else { return }
        run.begin(turn.start(.carryOut(change)))
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row
        if lines.indices.contains(line), !lines[line].isHeading { list.select(line, count: lines.count, height: height) }
    }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { settings.asOf ?? readAt }

    func position(_ model: Model) -> String { list.position(among: lines.count) { lines[$0].isHeading } }

    func summary(_ surroundings: Surroundings) -> [Span] {
        var spans = [
            Span(
                "\(change?.operation.rawValue ?? "remove") \(target)",
                change?.operation == .update || change?.operation == .create ? .title : .statusError)
        ]
        if let change, change.operation != .remove {
            let count = change.difference.count
            spans.append(Span(count == 0 ? " · the service's defaults" : " · \(Figures.count(count, "setting"))"))
        }
        spans.append(run.load == nil ? Span(" · nothing was sent yet", .muted) : Span(" · sent", .statusPending))
        return spans
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let model = surroundings.model
        let (foot, body) = (rect.splitBottom(rect.rows > 3 ? 1 : 0).bottom, rect.splitBottom(rect.rows > 3 ? 1 : 0).rest)
        let widest = lines.reduce(into: (name: 0, before: 1)) { widest, line in
            guard case .difference(let difference) = line else { return }
            widest.name = max(widest.name, Width.of(difference.setting.name))
            widest.before = max(widest.before, Width.of(difference.before ?? "–"))
        }
        let widths = (name: widest.name + 2, before: min(widest.before, max(rect.columns / 3, 8)))
        Page(isProduction: model.isProduction)
            .render(into: &surface, body, list: list, count: lines.count) { row(lines[$0], widths, isRemoval: isRemoval) }
        let below = body.splitTop(min(lines.count, body.rows)).rest
        if let error = run.error {
            Placeholder.render(error, into: &surface, below, retry: "q goes back; look at it again before you try once more")
        } else if let error = settings.error {
            Placeholder.render(error, into: &surface, below, retry: "^R tries again · q goes back")
        } else if settings.load != nil, change == nil {
            Placeholder.render("Looking at what would be removed…", role: .statusPending, into: &surface, below)
        } else if settings.isStopped {
            Placeholder.render("Stopped. ^R looks again.", into: &surface, below)
        }
        renderFoot(into: &surface, foot, model)
    }

    private func renderFoot(into surface: inout Surface, _ rect: Rect, _ model: Model) {
        guard !rect.isEmpty, let change else { return }
        let spans: [Span]
        if let refusal = model.refusal(of: change.policyAction, on: target.path, kind: target.policyKind) {
            spans = [Span("✕ cannot be sent: \(refusal.clause)", .statusWarning)]
        } else if run.load != nil {
            spans = [Span("sent; waiting for the answer", .statusPending)]
        } else if needsName(change, model) {
            spans = [Span("enter asks for its name, then \(change.operation.rawValue)s it · q: nothing happens", .statusWarning)]
        } else {
            spans = [Span("enter carries it out · q: nothing happens", .statusInfo)]
        }
        surface.put(row: rect.row, column: rect.column + 2, spans, maxWidth: max(rect.columns - 3, 0))
    }

    private func row(_ line: Line, _ widths: (name: Int, before: Int), isRemoval: Bool) -> Page.Line {
        func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(width - Width.of(text), 0)) }
        switch line {
        case .heading(let title): return .heading(title)
        case .consequence(let text): return .row([Span("! \(text)", .statusWarning)])
        case .nothing: return .row([Span("nothing was filled in: the service's defaults", .muted)])
        case .difference(let difference):
            let name = Span(pad(difference.setting.name, widths.name), .muted)
            if isRemoval { return .row([name, Span(difference.before ?? "–")]) }
            return .row([
                name, Span(pad(difference.before ?? "–", widths.before), .muted), Span(" → ", .muted),
                Span(difference.after ?? "–", .statusInfo),
            ])
        }
    }
}
