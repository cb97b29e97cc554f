internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// A form for the settings of something new, or of what is there. It sends nothing: what was filled in is looked at as a difference first.
struct FormScreen: Screen {
    /// What is being filled in.
    enum Purpose: Hashable, Sendable {
        /// Something new; a subscription's or rule's name comes behind that of its parent.
        case create(EntityTarget.Kind, parent: EntityPath?)
        case update(EntityTarget)
    }

    /// A line.
    enum Line: Hashable {
        case heading(String)
        case name
        case setting(EntitySetting)

        var isHeading: Bool { if case .heading = self { true } else { false } }
    }

    let purpose: Purpose
    let context = KeyContext.form
    private(set) var filter = TextFilter()
    private var list = ListState()
    private var lines: [Line] = []
    private var height = 1
    private var name = ""
    /// What was typed, checked, by the settings' names.
    private var inputs: [String: String] = [:]
    private var settings = Loadable<EntitySettings>()
    /// Whether the question that is asked is the one before leaving.
    private var isAskedToLeave = false

    /// Whether something was filled in that would be lost.
    var isEdited: Bool { !inputs.isEmpty || !name.isEmpty }

    init(_ purpose: Purpose) {
        self.purpose = purpose
        arrange()
    }

    var crumbs: [String] {
        switch purpose {
        case .create(let kind, let parent): [parent?.displayName, "new \(kind.rawValue)"].compactMap(\.self)
        case .update(let target): [target.path.displayName, target.kind == .rule ? "rule \(ruleName(target))" : "settings"]
        }
    }

    private func ruleName(_ target: EntityTarget) -> String { if case .rule(let name, _) = target { name } else { "" } }

    private var kind: EntityTarget.Kind {
        switch purpose {
        case .create(let kind, _): kind
        case .update(let target): target.kind
        }
    }

    private var isNew: Bool { if case .create = purpose { true } else { false } }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        guard case .update(let target) = purpose, case .notAsked = settings.phase else { return }
        settings.begin(turn.start(.settings(target)))
    }

    mutating func disappear(_ turn: inout Turn) { turn.stop(settings.load) }

    func loads(_ model: Model) -> [LoadID] { [settings.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        turn.stop(settings.load)
        settings.stop()
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        guard id == settings.load, case .settings(let found) = answer else { return false }
        settings.set(found, asOf: turn.now)
        arrange()
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        guard id == settings.load else { return false }
        settings.finish(error)
        return true
    }

    // MARK: - Lines

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange()
    }

    private mutating func arrange() {
        let selected = self.selected
        let all = EntitySetting.all(of: kind)
        var groups: [(String, [Line])] = []
        if isNew { groups.append((kind.rawValue, [.name])) }
        if isNew || settings.value != nil {
            groups.append(("settings", all.filter { !$0.isFixed }.map { .setting($0) }))
            groups.append((isNew ? "fixed once it is created" : "fixed for life", all.filter(\.isFixed).map { .setting($0) }))
        }
        lines = groups.flatMap { title, members in
            let shown = members.filter { filter.matches(texts(of: $0)) }
            return shown.isEmpty ? [] : [.heading(title)] + shown
        }
        list.select(selected.flatMap { lines.firstIndex(of: $0) } ?? list.selected, count: lines.count, height: height)
        leaveHeading(towards: 1)
    }

    private func texts(of line: Line) -> [String] {
        switch line {
        case .heading(let title): [title]
        case .name: ["name", name]
        case .setting(let setting): [setting.name, value(of: setting) ?? "", setting.help]
        }
    }

    private var selected: Line? { lines.indices.contains(list.selected) ? lines[list.selected] : nil }

    private mutating func leaveHeading(towards direction: Int) {
        let lines = lines
        list.leave({ lines[$0].isHeading }, towards: direction, count: lines.count, height: height)
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        // The last row tells about the selected line.
        height = rows > 4 ? rows - 1 : rows
        list.settle(count: lines.count, height: height)
    }

    // MARK: - Values

    /// The value a setting is to have: what was typed, else what it has, else what the service gives it.
    private func value(of setting: EntitySetting) -> String? { inputs[setting.name] ?? old(setting) }

    private func old(_ setting: EntitySetting) -> String? { isNew ? setting.usual : settings.value?[setting] }

    private func target() throws(OperatorError) -> EntityTarget {
        switch purpose {
        case .update(let target): return target
        case .create(let kind, let parent):
            return try EntityTarget(kind, named: parent.map { "\($0.displayName)/\(name)" } ?? name)
        }
    }

    /// What the form would change.
    private func change() throws(OperatorError) -> EntityChange {
        let given = EntitySetting.all(of: kind).compactMap { setting in inputs[setting.name].map { SettingInput(setting.name, $0) } }
        if isNew { return try EntityChange.creating(try target(), given) }
        guard let settings = settings.value else { throw OperatorError(.usage, "The settings are not loaded yet.") }
        return try EntityChange.updating(settings, given)
    }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open:
            guard case .setting(let setting)? = selected else { return selected == .name ? .enabled : .disabled("nothing is selected") }
            return setting.isFixed && !isNew ? .disabled("it is fixed when a \(kind.rawValue) is created") : .enabled
        case .clear:
            guard case .setting(let setting)? = selected, inputs[setting.name] != nil else { return .disabled("it is as it was") }
            return .enabled
        case .review:
            if isNew, name.isEmpty { return .disabled("it has no name yet") }
            return !isNew && inputs.isEmpty ? .disabled("nothing is different yet") : .enabled
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
            isAskedToLeave = false
            turn.question = question(turn.model)
        case .back:
            isAskedToLeave = true
            let count = inputs.count + (name.isEmpty ? 0 : 1)
            turn.question = Question(
                label: "give up what was filled in?", help: "\(Figures.count(count, "entry", plural: "entries")) would be lost",
                choices: [.init(text: "no", note: "back to the form"), .init(text: "yes", note: "nothing is sent")])
        case .clear: if case .setting(let setting)? = selected { inputs[setting.name] = nil }
        case .review: review(&turn)
        case .refresh:
            if case .update(let target) = purpose, settings.load == nil { settings.begin(turn.start(.settings(target))) }
        default: break
        }
    }

    private func review(_ turn: inout Turn) {
        do throws(OperatorError) {
            turn.navigation = .push(ChangeScreen(try change(), readAt: settings.asOf, leaving: 2))
        } catch {
            turn.say(.error, error.description)
        }
    }

    private func question(_ model: Model) -> Question? {
        switch selected {
        case .name:
            let help =
                kind == .rule || kind == .subscription
                ? "At most 50 characters." : "Letters, digits, '.', '-', '_' and '/'; at most 260 characters."
            return Question(label: "name", text: name, help: help)
        case .setting(let setting):
            return Question(
                label: setting.name, text: value(of: setting) ?? "", help: setting.help, choices: FormScreen.choices(setting, model))
        default: return nil
        }
    }

    private static func choices(_ setting: EntitySetting, _ model: Model) -> [Question.Choice] {
        switch setting.form {
        case .flag: [.init(text: "true"), .init(text: "false")]
        case .choice(let words): words.map { .init(text: $0) }
        case .entity:
            (model.entities ?? []).filter { $0.kind != .subscription }.map { .init(text: $0.path.displayName, note: $0.kind.rawValue) }
        default: []
        }
    }

    func check(_ answer: String, _ model: Model) -> Question.Problem? {
        if isAskedToLeave { return nil }
        var form = self
        return form.set(answer)
    }

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        if isAskedToLeave {
            isAskedToLeave = false
            if ["y", "yes"].contains(answer.lowercased()) { turn.navigation = .pop(1) } else { turn.say(.info, "Nothing was given up.") }
            return nil
        }
        if let problem = set(answer) { return problem }
        arrange()
        return nil
    }

    /// Puts an answer into the selected line; says what is wrong with it, and then changes nothing.
    private mutating func set(_ answer: String) -> Question.Problem? {
        switch selected {
        case .name:
            let before = name
            name = answer
            do throws(OperatorError) { _ = try target() } catch {
                name = before
                return Question.Problem(text: error.message)
            }
        case .setting(let setting):
            do throws(SettingProblem) {
                let checked = try setting.checked(answer)
                if let problem = FormScreen.syntaxProblem(checked, setting) { return problem }
                inputs[setting.name] = checked == old(setting) ?? "" ? nil : checked
            } catch {
                return Question.Problem(text: error.description)
            }
        default: break
        }
        return nil
    }

    /// Where a condition or an action is not of its language. One with parameters is checked when it is put together with them.
    private static func syntaxProblem(_ text: String, _ setting: EntitySetting) -> Question.Problem? {
        guard !text.isEmpty, !text.holds("@") else { return nil }
        do throws(FilterSyntaxError) {
            switch setting.form {
            case .filter: _ = try SQLFilter(text)
            case .action: _ = try SQLAction(text)
            default: break
            }
            return nil
        } catch {
            return Question.Problem(text: error.problem + (error.hint.map { ". \($0)" } ?? ""), column: error.column)
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row
        guard row < height, lines.indices.contains(line), !lines[line].isHeading else { return }
        if line == list.selected {
            if availability(of: .open, model: turn.model).isEnabled { perform(.open, &turn) }
        } else {
            list.select(line, count: lines.count, height: height)
        }
    }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { settings.asOf }

    func position(_ model: Model) -> String { list.position(among: lines.count) { lines[$0].isHeading } }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let what =
            switch purpose {
            case .create(let kind, let parent): "new \(kind.rawValue)" + (parent.map { " of \($0.displayName)" } ?? "")
            case .update(let target): target.description
            }
        var spans = [Span(what, .title)]
        if isNew {
            spans.append(name.isEmpty ? Span(" · needs a name", .statusWarning) : Span(" · \(name)"))
        } else {
            spans.append(Span(inputs.isEmpty ? " · nothing is different yet" : " · \(Figures.count(inputs.count, "setting")) different"))
        }
        if isNew || !inputs.isEmpty { spans.append(Span(" · nothing was sent", .muted)) }
        return spans
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let (body, foot) = rect.rows > 4 ? rect.splitBottom(1) : (rect, rect.splitBottom(0).bottom)
        let widest = EntitySetting.all(of: kind).map { Width.of($0.name) }.max() ?? 0
        let label = min(widest + 2, max(rect.columns / 2, 10))
        let values = EntitySetting.all(of: kind).map { Width.of(value(of: $0) ?? "") }.filter { $0 <= FormScreen.longestAligned }
        let width = values.max() ?? 0
        Page(isProduction: surroundings.model.isProduction)
            .render(into: &surface, body, list: list, count: lines.count) { row(lines[$0], label: label, width: width) }
        if !foot.isEmpty, case .setting(let setting)? = selected {
            surface.put(
                row: foot.row, column: foot.column + 2, setting.help, role: .muted, maxWidth: max(foot.columns - 3, 0),
                truncation: .ellipsis)
        }
        let below = body.splitTop(min(lines.count, body.rows)).rest
        if let error = settings.error {
            Placeholder.render(error, into: &surface, below, retry: "^R tries again · q goes back")
        } else if settings.load != nil, settings.value == nil {
            Placeholder.render("Loading the settings…", role: .statusPending, into: &surface, below)
        } else if settings.isStopped {
            Placeholder.render("Stopped. ^R loads the settings.", into: &surface, below)
        }
    }

    /// Longer values do not push the notes of all others away.
    private static let longestAligned = 20

    private func row(_ line: Line, label: Int, width: Int) -> Page.Line {
        func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(width - Width.of(text), 1)) }
        switch line {
        case .heading(let title): return .heading(title)
        case .name: return .row([Span("  " + pad("name", label)), name.isEmpty ? Span("– needed", .statusWarning) : Span(name)])
        case .setting(let setting):
            let isChanged = inputs[setting.name] != nil
            let value = value(of: setting) ?? ""
            var note = ""
            if isChanged {
                note = isNew ? "" : "was \(old(setting) ?? "–")"
            } else if isNew {
                note = value.isEmpty ? "" : "default"
            }
            return .row([
                Span(isChanged ? "* " : "  ", .statusInfo), Span(pad(setting.name, label), .muted),
                Span(pad(value.isEmpty ? "–" : value, width + 3), isChanged ? .statusInfo : .text), Span(note, .muted),
            ])
        }
    }
}
