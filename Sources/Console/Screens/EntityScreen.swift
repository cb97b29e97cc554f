internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// One queue, topic or subscription: its sub-queues with counts, a topic's subscriptions, and its settings.
struct EntityScreen: Screen {
    /// A line of the screen.
    private enum Line: Hashable {
        case queue(EntityPath.SubQueue)
        case subscription(EntityPath)
        case heading(String)
        case setting(EntityDescription.Setting, note: String)

        var isHeading: Bool { if case .heading = self { true } else { false } }
    }

    let path: EntityPath
    let context = KeyContext.entity
    var crumbs: [String] { [path.displayName] }
    private(set) var filter = TextFilter()
    private var list = ListState()
    private var lines: [Line] = []
    private var height = 1
    private var headRows = 0
    private var details = Loadable<EntityDescription>()

    init(_ path: EntityPath) { self.path = path.entity }

    private static let columns = [
        TableColumn("", 20, upTo: 44, worth: 100), TableColumn("", 11, upTo: 11, .right, worth: 90),
        TableColumn("", 12, upTo: 100, worth: 80),
    ]

    /// What is known: the details, or until they come the entity's line in the listing.
    private func description(_ model: Model) -> EntityDescription? { details.value ?? model.entity(path) }

    mutating func appear(_ turn: inout Turn) {
        if details.value == nil, details.error == nil, !details.isStopped, details.load == nil { load(&turn) }
        modelChanged(turn.model)
    }

    private mutating func load(_ turn: inout Turn) {
        guard details.load == nil else { return }
        details.begin(turn.start(.entity(path)))
    }

    mutating func disappear(_ turn: inout Turn) { turn.stop(details.load) }

    func loads(_ model: Model) -> [LoadID] { [details.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        turn.stop(details.load)
        details.stop()
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        guard id == details.load, case .entity(let description) = answer else { return false }
        details.set(description, asOf: turn.now)
        modelChanged(turn.model)
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        guard id == details.load else { return false }
        details.finish(error)
        return true
    }

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        modelChanged(model)
    }

    mutating func modelChanged(_ model: Model) {
        let selected = self.selected
        lines = makeLines(model)
        let place = selected.flatMap { lines.firstIndex(of: $0) } ?? list.selected
        list.select(place, count: lines.count, height: height)
        leaveHeading(towards: 1)
    }

    private func makeLines(_ model: Model) -> [Line] {
        let description = description(model)
        var groups: [(String?, [Line])] = []
        if description?.kind == .topic {
            let subscriptions = (model.entities ?? []).filter { $0.path.topic == path }
            groups.append(("subscriptions", subscriptions.map { .subscription($0.path) }))
        } else {
            groups.append((nil, EntityPath.SubQueue.allCases.map { .queue($0) }))
        }
        if let description {
            let settings = description.settings.map { Line.setting($0, note: EntityScreen.note(on: $0, description)) }
            groups.append(("settings", settings))
        }
        var lines: [Line] = []
        for (title, members) in groups {
            let shown = members.filter { filter.matches(texts(of: $0)) }
            guard !shown.isEmpty else { continue }
            if let title { lines.append(.heading(title)) }
            lines += shown
        }
        return lines
    }

    private func texts(of line: Line) -> [String] {
        switch line {
        case .queue(let queue): [queue.title]
        case .subscription(let path): [path.displayName]
        case .heading(let title): [title]
        case .setting(let setting, let note): [setting.name, setting.value, note]
        }
    }

    /// What a setting's value means, where the service's form is not for people.
    private static func note(on setting: EntityDescription.Setting, _ description: EntityDescription) -> String {
        switch setting.name {
        case "LockDuration": description.lockDuration.map { Figures.duration($0) } ?? ""
        case "DefaultMessageTimeToLive": description.defaultTimeToLive.map { Figures.duration($0) } ?? "for ever"
        case "SizeInBytes": description.sizeInBytes.map { Figures.size(Int(clamping: $0)) } ?? ""
        case "MaxDeliveryCount": "deliveries before a message is dead-lettered"
        case "AutoDeleteOnIdle" where setting.value.hasPrefix("P10675199D"): "never"
        default: ""
        }
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        let (head, table) = split(Rect(row: 0, column: 0, rows: rows, columns: columns), model)
        headRows = head.rows
        height = Table.bodyHeight(table)
        list.settle(count: lines.count, height: height)
    }

    private func split(_ rect: Rect, _ model: Model) -> (head: Rect, table: Rect) {
        let room = max(min(rect.rows - 6, rect.rows / 3), 0)
        let (head, table) = rect.splitTop(min(facts(model).count, room))
        return (head, table)
    }

    private var selected: Line? { lines.indices.contains(list.selected) ? lines[list.selected] : nil }

    /// The sub-queue or subscription that the selected line stands for.
    private var target: EntityPath? {
        switch selected {
        case .queue(let queue): path.subQueue(queue)
        case .subscription(let path): path
        default: nil
        }
    }

    private mutating func leaveHeading(towards direction: Int) {
        guard let line = selected, line.isHeading else { return }
        let place = list.selected + direction
        let other = list.selected - direction
        list.select(
            lines.indices.contains(place) ? place : lines.indices.contains(other) ? other : list.selected, count: lines.count,
            height: height)
    }

    func availability(of command: CommandID, model: Model) -> Availability {
        let isTopic = description(model)?.kind == .topic
        switch command {
        case .open:
            switch selected {
            case .queue, .subscription: return .enabled
            case .setting: return .disabled("a setting has nothing to open")
            default: return .disabled("nothing is selected")
            }
        case .deadLetters, .messages, .transferDeadLetters:
            if case .subscription = selected { return .enabled }
            return isTopic ? .disabled("a topic holds no messages; choose one of its subscriptions") : .enabled
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
        let base: EntityPath
        if case .subscription(let subscription) = selected { base = subscription } else { base = path }
        switch command {
        case .open:
            switch selected {
            case .queue(let queue): turn.navigation = .push(MessagesScreen(path.subQueue(queue)))
            case .subscription(let path): turn.navigation = .push(EntityScreen(path))
            default: break
            }
        case .deadLetters: turn.navigation = .push(MessagesScreen(base.deadLetter))
        case .messages: turn.navigation = .push(MessagesScreen(base.entity))
        case .transferDeadLetters: turn.navigation = .push(MessagesScreen(base.subQueue(.transferDeadLetter)))
        case .refresh: load(&turn)
        default: break
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row - headRows - 1
        guard row > headRows, lines.indices.contains(line) else { return }
        if line == list.selected {
            if target != nil { perform(.open, &turn) }
        } else {
            list.select(line, count: lines.count, height: height)
            leaveHeading(towards: 1)
        }
    }

    func asOf(_ model: Model) -> Timestamp? { details.asOf ?? (model.entity(path) == nil ? nil : model.overview.value?.entities?.asOf) }

    func position(_ model: Model) -> String { lines.isEmpty ? "" : "\(list.selected + 1) of \(lines.count)" }

    func summary(_ surroundings: Surroundings) -> [Span] {
        var spans = [Span(path.displayName, .title)]
        guard let description = description(surroundings.model) else { return spans }
        spans.append(Span(" · \(description.kind.rawValue) · "))
        spans.append(description.status == .active ? Span("active", .muted) : Span("! \(description.status)", .statusWarning))
        if let counts = description.counts, description.kind != .topic {
            spans += [
                Span(" · dead letters "), Span(Figures.count(counts.deadLetter), counts.deadLetter > 0 ? .statusError : .text),
            ]
        }
        return spans
    }

    private func facts(_ model: Model) -> [[Span]] {
        var facts: [[Span]] = []
        let owners = (model.board?.rows ?? []).filter { row in
            row.service.entities.contains(path) || path.topic.map { row.service.entities.contains($0) } ?? false
        }
        if let owner = owners.first?.service {
            let names = owners.map(\.service.name).joined(separator: ", ")
            facts.append([
                Span("service ", .muted), Span(names), Span("   owner ", .muted), Span(owner.owner ?? "–"), Span("   on call ", .muted),
                Span(owner.onCall ?? "–"),
            ])
        }
        guard let description = description(model) else { return facts }
        var notes: [Span] = []
        for (label, value) in [("→ ", description.forwardTo), ("dead letters → ", description.forwardDeadLetteredTo)] {
            if let value { notes += [Span(notes.isEmpty ? label : "   \(label)", .muted), Span(value)] }
        }
        if let accessed = description.accessedAt {
            notes += [Span((notes.isEmpty ? "" : "   ") + "last used ", .muted), Span(Figures.moment(accessed, now: accessed) + "Z")]
        }
        if !notes.isEmpty { facts.append(notes) }
        return facts
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let model = surroundings.model
        let (head, body) = split(rect, model)
        for (offset, fact) in facts(model).prefix(head.rows).enumerated() {
            surface.put(row: head.row + offset, column: head.column + 1, fact, maxWidth: max(head.columns - 2, 0))
        }
        var columns = EntityScreen.columns
        columns[0].title = description(model)?.kind == .topic ? "entity" : "messages of"
        columns[1].title = "count"
        let table = Table(columns: columns, isProduction: model.isProduction)
        table.render(into: &surface, body, list: list, count: lines.count) { cells(of: lines[$0], model) }
        let below = Rect(
            row: body.row + 1 + lines.count, column: body.column, rows: max(body.rows - 1 - lines.count, 0), columns: body.columns)
        if let error = details.error {
            Placeholder.render(error, into: &surface, below, retry: "^R tries again · messages may still be readable: enter")
        } else if details.load != nil, description(model) == nil {
            Placeholder.render("Loading settings and counts…", role: .statusPending, into: &surface, below)
        }
    }

    private func cells(of line: Line, _ model: Model) -> [Span] {
        switch line {
        case .heading(let title): return [Span(title, .header)]
        case .setting(let setting, let note):
            // The value takes the place of count and note: settings have no count.
            let value = setting.value.isEmpty ? "–" : setting.value
            return [Span(setting.name, .muted), Span(""), Span(note.isEmpty ? value : "\(value)   (\(note))")]
        case .queue(let queue):
            guard let counts = description(model)?.counts else {
                return [
                    Span(queue.title), details.error.map { Reading<Int64>.failed($0) }.map { unknown($0) } ?? Span("…", .statusPending),
                ]
            }
            switch queue {
            case .active:
                var note = counts.scheduled > 0 ? "\(Figures.count(counts.scheduled)) scheduled" : ""
                if counts.transfer > 0 { note += (note.isEmpty ? "" : ", ") + "\(Figures.count(counts.transfer)) being forwarded" }
                return [Span(queue.title), Span(Figures.count(counts.active)), Span(note, .muted)]
            case .deadLetter: return [Span(queue.title), bad(counts.deadLetter)]
            case .transferDeadLetter: return [Span(queue.title), bad(counts.transferDeadLetter)]
            }
        case .subscription(let path):
            let name = path.subscription ?? path.displayName
            guard let counts = model.entity(path)?.counts else { return [Span(name), Span("–", .muted)] }
            return [
                Span(name), Span(Figures.count(counts.active)),
                counts.deadLetter > 0
                    ? Span("\(Figures.count(counts.deadLetter)) dead letters", .statusError) : Span("no dead letters", .muted),
            ]
        }
    }

    private func unknown(_ reading: Reading<Int64>) -> Span { reading.cell(Figures.count, role: { _ in .text }) }

    private func bad(_ count: Int64) -> Span { Span(Figures.count(count), count > 0 ? .statusError : .muted) }
}
