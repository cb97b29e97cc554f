internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// One service: whose it is, who is on call, and its entities with counts. Also shows what belongs to no service.
struct ServiceScreen: Screen {
    /// What it is about.
    enum Target: Hashable, Sendable {
        case service(ref: String, name: String)
        case unowned
    }

    /// A line of the table.
    struct Line: Hashable, Sendable {
        var path: EntityPath
        var description: EntityDescription?
        /// Whether it is a subscription below its topic.
        var isIndented = false
    }

    let target: Target
    let context = KeyContext.service
    private(set) var filter = TextFilter()
    private var list = ListState()
    private var lines: [Line] = []
    /// The entities that are the service's own by name alone.
    private var byName: Set<EntityPath> = []
    private var height = 1
    private var headRows = 0

    init(_ target: Target) { self.target = target }

    var crumbs: [String] { [name] }

    /// What a service's messages set off is looked for among its own entities first.
    var traceScope: TraceScope {
        switch target {
        case .service(let ref, _): .service(ref)
        case .unowned: .namespace
        }
    }

    func accessTopic(_ model: Model) -> AccessTopic {
        if let path = selected?.path { return .entity(path) }
        if case .service(let ref, let name) = target { return .service(ref: ref, name: name) }
        return .namespace
    }

    private var name: String {
        switch target {
        case .service(_, let name): name
        case .unowned: "(no service)"
        }
    }

    private static let columns = [
        TableColumn("entity", 14, upTo: 50, worth: 100),
        TableColumn("kind", 12, worth: 30),
        TableColumn("status", 8, upTo: 15, worth: 92),
        TableColumn("dead", 7, upTo: 11, .right, worth: 95),
        TableColumn("▲/min", 5, upTo: 12, .right, worth: 90),
        TableColumn("T-dead", 6, upTo: 8, .right, worth: 60),
        TableColumn("active", 7, upTo: 11, .right, worth: 80),
        TableColumn("drain", 6, upTo: 8, .right, worth: 55),
        TableColumn("scheduled", 9, .right, worth: 35),
        TableColumn("notes", 12, upTo: 60, worth: 45),
    ]

    mutating func appear(_ turn: inout Turn) {
        turn.loadOverviewIfMissing()
        modelChanged(turn.model)
    }

    func loads(_ model: Model) -> [LoadID] { model.loads }
    func awaited(_ model: Model) -> [LoadID] { model.awaited }

    mutating func stopLoading(_ turn: inout Turn) { turn.stopOverview() }

    func refreshDue(_ model: Model) -> Timestamp? { model.overviewDue }

    mutating func refreshQuietly(_ turn: inout Turn) { turn.loadOverview(quietly: true) }

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        modelChanged(model)
    }

    mutating func modelChanged(_ model: Model) {
        let selected = self.selected?.path
        if case .service(let ref, _) = target { byName = Set(model.service(ref)?.service.entitiesByName ?? []) }
        lines = ServiceScreen.lines(target, model).filter { filter.matches([$0.path.displayName] + notes(of: $0, model)) }
        let place = selected.flatMap { path in lines.firstIndex { $0.path == path } } ?? list.selected
        list.select(place, count: lines.count, height: height)
    }

    private static func lines(_ target: Target, _ model: Model) -> [Line] {
        let known = model.entities ?? []
        let paths: [EntityPath]
        switch target {
        case .service(let ref, _): paths = model.service(ref)?.service.entities ?? []
        case .unowned: paths = model.board?.unownedEntities.map(\.path) ?? []
        }
        let listed = Set(paths)
        var lines: [Line] = []
        for path in paths {
            let description = known.first { $0.path == path }
            lines.append(Line(path: path, description: description))
            // A topic's subscriptions are where its messages are; those that another line already shows are left out.
            for child in known where child.path.topic == path && !listed.contains(child.path) {
                lines.append(Line(path: child.path, description: child, isIndented: true))
            }
        }
        return lines
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        let area = Rect(row: 0, column: 0, rows: rows, columns: columns)
        let (facts, table) = split(area, model)
        headRows = facts.rows
        height = Table.bodyHeight(table)
        list.settle(count: lines.count, height: height)
    }

    private var selected: Line? { lines.indices.contains(list.selected) ? lines[list.selected] : nil }

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open, .deadLetters, .groups, .messages, .transferDeadLetters:
            guard let line = selected else { return .disabled("no entity is selected") }
            if command != .open, line.description?.kind == .topic {
                return .disabled("a topic holds no messages; its subscriptions do")
            }
            return .enabled
        default: return .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            list.move(step, count: lines.count, height: height)
            return
        }
        if command == .refresh {
            turn.loadOverview()
            return
        }
        guard let path = selected?.path else { return }
        switch command {
        case .open: turn.navigation = .push(EntityScreen(path))
        case .deadLetters: turn.navigation = .push(MessagesScreen(path.deadLetter))
        case .groups: turn.navigation = .push(GroupsScreen(GroupsScreen.queue(of: path, turn.model)))
        case .messages: turn.navigation = .push(MessagesScreen(path.entity))
        case .transferDeadLetters: turn.navigation = .push(MessagesScreen(path.subQueue(.transferDeadLetter)))
        default: break
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let first = headRows + 1
        let line = list.top + row - first
        guard row >= first, lines.indices.contains(line) else { return }
        if line == list.selected {
            perform(.open, &turn)
        } else {
            list.select(line, count: lines.count, height: height)
        }
    }

    func asOf(_ model: Model) -> Timestamp? { model.overview.value?.entities?.asOf }

    func position(_ model: Model) -> String { lines.isEmpty ? "" : "\(list.selected + 1) of \(lines.count)" }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let model = surroundings.model
        guard case .service(let ref, _) = target, let row = model.service(ref) else {
            return [Span(name, .title), Span(" · entities that the catalogue does not know", .muted)]
        }
        var spans = [Span(row.service.title ?? row.service.name, .title), Span(" · ")]
        switch row.health {
        case .ill: spans.append(Span("!! ill", .statusError))
        case .warning: spans.append(Span("! warning", .statusWarning))
        case .unknown: spans.append(Span("? not known", .muted))
        case .well: spans.append(Span("ok", .statusOK))
        }
        if case .known(let dead, _) = row.deadLetters, dead > 0 {
            spans += [Span(" · dead letters "), Span(Figures.count(dead), .statusError)]
        }
        spans += model.board.map { BoardScreen.origin($0) } ?? []
        if case .notPermitted(let needs) = row.deadLetters {
            spans.append(Span(" · counts ✕ not permitted (needs \(needs))", .statusWarning))
        }
        return spans
    }

    /// Whose it is and what is wrong, above the table.
    private func facts(_ model: Model) -> [[Span]] {
        guard case .service(let ref, _) = target, let row = model.service(ref) else { return [] }
        let service = row.service
        var first: [Span] = [
            Span("owner ", .muted), service.owner.map { Span($0) } ?? Span("nobody (none in the catalogue)", .statusWarning),
        ]
        first += [Span("   on call ", .muted), Span(service.onCall ?? "–")]
        if let system = service.system { first += [Span("   system ", .muted), Span(system)] }
        if let lifecycle = service.lifecycle { first += [Span("   ", .muted), Span(lifecycle, .muted)] }
        if !service.environments.isEmpty {
            first += [Span("   environment ", .muted), Span(service.environments.joined(separator: ", "))]
        }
        var facts = [first]
        if let summary = service.summary, !summary.isEmpty { facts.append([Span(summary, .muted)]) }
        var findings: [[Span]] = []
        for finding in row.findings + service.findings.filter({ !row.findings.contains($0) }) {
            findings.append([Span("! ", .statusWarning), Span(finding, .statusWarning)])
        }
        // Where there is no room, what is wrong is worth more than the links behind the first two.
        let links = service.links.prefix(Self.mostLinks).map { [Span($0.title + " ", .muted), Span($0.url)] }
        return facts + links.prefix(2) + findings + links.dropFirst(2)
    }

    private static let mostLinks = 6

    private func split(_ rect: Rect, _ model: Model) -> (facts: Rect, table: Rect) {
        // The table keeps at least a header and five lines, or two thirds.
        let room = max(min(rect.rows - 6, rect.rows / 3), 0)
        let (facts, table) = rect.splitTop(min(facts(model).count, room))
        return (facts, table)
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let model = surroundings.model
        let (head, body) = split(rect, model)
        for (offset, fact) in facts(model).prefix(head.rows).enumerated() {
            surface.put(row: head.row + offset, column: head.column + 1, fact, maxWidth: max(head.columns - 2, 0))
        }
        let table = Table(columns: ServiceScreen.columns, isProduction: model.isProduction)
            .fitted(to: lines.prefix(300).lazy.map { cells(of: $0, model) })
        table.render(into: &surface, body, list: list, count: lines.count) { cells(of: lines[$0], model) }
        let below = Rect(
            row: body.row + 1 + lines.count, column: body.column, rows: max(body.rows - 1 - lines.count, 0), columns: body.columns)
        if let error = model.overviewError, error.isListingRefused, model.board != nil {
            Placeholder.render(refusal: error, into: &surface, below, retry: "messages can be read without counts: enter, m, d")
        } else if let error = model.overviewError {
            Placeholder.render(error, into: &surface, below, retry: "^R tries again · messages can be read without counts: enter, m, d")
        } else if lines.isEmpty {
            let text =
                !model.loads.isEmpty
                ? "Loading entities…"
                : isFiltered ? "No entity fits the filter. esc clears it." : "The catalogue binds no entity to this service."
            Placeholder.render(text, into: &surface, below)
        }
    }

    private func notes(of line: Line, _ model: Model) -> [String] {
        guard let description = line.description else {
            return model.entities == nil ? [] : ["not in the namespace"]
        }
        var notes: [String] = []
        if byName.contains(line.path) { notes.append("by name") }
        if let target = description.forwardTo { notes.append("→ \(target)") }
        if let target = description.forwardDeadLetteredTo { notes.append("dead letters → \(target)") }
        if description.requiresSession { notes.append("sessions") }
        if description.requiresDuplicateDetection { notes.append("duplicate detection") }
        if let count = description.subscriptionCount, description.kind == .topic {
            notes.append(Figures.count(count, "subscription"))
        }
        return notes
    }

    private func cells(of line: Line, _ model: Model) -> [Span] {
        let notes = notes(of: line, model).joined(separator: ", ")
        let name = line.isIndented ? "└ " + (line.path.subscription ?? line.path.displayName) : line.path.displayName
        guard let description = line.description else {
            let unknown: Reading<Int64> =
                model.overviewError.map { .failed($0) } ?? (model.loads.isEmpty ? .unavailable("") : .pending)
            let cell = unknown.cell(Figures.count, role: { _ in .text })
            let isMissing = model.entities != nil
            return [
                Span(name), Span(line.path.kind == .subscription ? "subscription" : "", .muted),
                isMissing ? Span("missing", .statusError) : Span("–", .muted), cell, cell, cell, cell, cell, cell,
                Span(notes, .statusWarning),
            ]
        }
        return [Span(name, (description.counts?.deadLetter ?? 0) > 0 ? .statusError : .text), Span(description.kind.rawValue, .muted)]
            + [EntityFigures.status(description.status)]
            + EntityFigures.counts(description, model.overview.value?.history ?? CountHistory()) + [Span(notes, .muted)]
    }
}

/// Cells that entities have on more than one screen.
enum EntityFigures {
    static func status(_ status: EntityStatus) -> Span {
        status == .active ? Span(status.description, .muted) : Span(status.description, .statusWarning)
    }

    /// Dead and how fast that grows, transfer-dead, active and how long that lasts, scheduled. A topic has only scheduled messages of its own.
    static func counts(_ description: EntityDescription, _ history: CountHistory) -> [Span] {
        guard let counts = description.counts else { return Array(repeating: Span("–", .muted), count: 6) }
        let figure = { (value: Int64, isBad: Bool) in
            Span(Figures.count(value), value == 0 ? .muted : isBad ? .statusError : .text)
        }
        if description.kind == .topic {
            return Array(repeating: Span("·", .muted), count: 5) + [figure(counts.scheduled, false)]
        }
        return [
            figure(counts.deadLetter, true), TrendFigures.rate(history.deadLetters(of: description.path)),
            figure(counts.transferDeadLetter, true), figure(counts.active, false),
            TrendFigures.drain(DrainTime(backlog: counts.active, rate: history.backlog(of: description.path))),
            figure(counts.scheduled, false),
        ]
    }
}
