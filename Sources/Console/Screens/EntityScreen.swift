internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// One queue, topic or subscription: its sub-queues with counts, what is below it (a topic's subscriptions, a subscription's rules), who has
/// keys to it, and all its settings.
struct EntityScreen: Screen {
    let path: EntityPath
    let context = KeyContext.entity
    var crumbs: [String] { [path.displayName] }
    private(set) var filter = TextFilter()
    private var list = ListState()
    private var lines: [EntityPage.Line] = []
    private var area = Rect(row: 0, column: 0, rows: 1, columns: 80)
    /// The change after which this was loaded.
    private var seenChange = 0
    private var details = Loadable<EntityDescription>()
    private var subscriptions = Loadable<[EntityDescription]>()
    private var rules = Loadable<[RuleDescription]>()
    /// Its messages, counted by looking.
    private var count = Loadable<CountedMessages>()

    init(_ path: EntityPath) { self.path = path.entity }

    /// What was seen last: of the entity itself, or its line in the listing.
    func description(_ model: Model) -> EntityDescription? { model.entity(path) ?? details.value }

    private func isTopic(_ model: Model) -> Bool { description(model)?.kind == .topic }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        if case .notAsked = details.phase {
            load(&turn)
        } else if seenChange != turn.model.changeVersion {
            load(&turn)
        }
        modelChanged(turn.model)
    }

    private mutating func load(_ turn: inout Turn) {
        seenChange = turn.model.changeVersion
        if details.load == nil { details.begin(turn.start(.entity(path))) }
        if path.kind == .subscription, rules.load == nil { rules.begin(turn.start(.rules(path))) }
        loadSubscriptions(&turn)
    }

    /// Until the details come, only the listing can say that this is a topic.
    private mutating func loadSubscriptions(_ turn: inout Turn) {
        if isTopic(turn.model), subscriptions.load == nil { subscriptions.begin(turn.start(.subscriptions(path))) }
    }

    mutating func disappear(_ turn: inout Turn) { for id in loads(turn.model) { turn.stop(id) } }

    func loads(_ model: Model) -> [LoadID] { [details.load, subscriptions.load, rules.load, count.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        for id in loads(turn.model) { turn.stop(id) }
        if details.load != nil { details.stop() }
        if subscriptions.load != nil { subscriptions.stop() }
        if rules.load != nil { rules.stop() }
        if count.load != nil {
            count.stop()
            turn.say(.info, "Counting was stopped after \(Figures.count(count.value?.total ?? 0)) messages. C begins again.")
        }
        modelChanged(turn.model)
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        switch answer {
        case .entity(let description) where id == details.load:
            details.set(description, asOf: turn.now)
            turn.model.note([description], asOf: turn.now)
            if case .notAsked = subscriptions.phase { loadSubscriptions(&turn) }
        case .subscriptions(let descriptions) where id == subscriptions.load:
            subscriptions.set(descriptions, asOf: turn.now)
            turn.model.note(descriptions, asOf: turn.now)
        case .rules(let found) where id == rules.load: rules.set(found, asOf: turn.now)
        case .counted(let counted) where id == count.load:
            count.set(counted, asOf: turn.now)
            note(counted, &turn)
        default: return false
        }
        modelChanged(turn.model)
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        switch id {
        case details.load: details.finish(error)
        case subscriptions.load: subscriptions.finish(error)
        case rules.load: rules.finish(error)
        case count.load: count.finish(error)
        default: return false
        }
        modelChanged(turn.model)
        return true
    }

    /// The service's figures that were asked for at the end of a count are the newest there are.
    private func note(_ counted: CountedMessages, _ turn: inout Turn) {
        guard case .known(let counts, let moment) = counted.service, var description = description(turn.model) else { return }
        description.counts = counts
        turn.model.note([description], asOf: moment)
    }

    // MARK: - Lines

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        modelChanged(model)
    }

    mutating func modelChanged(_ model: Model) {
        let selected = self.selected
        var page = EntityPage(path: path, width: area.columns)
        page.description = description(model)
        page.descriptionAsOf = asOf(model)
        page.subscriptions = subscriptions.value ?? listedSubscriptions(model)
        page.subscriptionsError = subscriptions.error
        page.rules = rules.value
        page.rulesError = rules.error
        page.requiresSession = page.description?.requiresSession ?? false
        lines = page.lines(filter)
        let place = selected.flatMap { lines.firstIndex(of: $0) } ?? list.selected
        list.select(place, count: lines.count, height: height(model))
        leaveHeading(towards: 1, model)
    }

    /// The subscriptions of a topic as they were listed, until it is asked itself.
    private func listedSubscriptions(_ model: Model) -> [EntityDescription]? {
        guard isTopic(model), let tree = model.overview.value?.tree, let place = tree.place(of: path) else { return nil }
        return tree.nodes[place].children.compactMap { model.entity(tree.nodes[$0].path) }
    }

    var selected: EntityPage.Line? { lines.indices.contains(list.selected) ? lines[list.selected] : nil }

    private mutating func leaveHeading(towards direction: Int, _ model: Model) {
        let lines = lines
        list.leave({ lines[$0].isHeading }, towards: direction, count: lines.count, height: height(model))
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        let isWider = columns != area.columns
        area = Rect(row: 0, column: 0, rows: rows, columns: columns)
        if isWider { modelChanged(model) }
        list.settle(count: lines.count, height: height(model))
    }

    private func split(_ rect: Rect, _ model: Model) -> (head: Rect, page: Rect) {
        let room = max(min(rect.rows - 6, rect.rows / 3), 0)
        let (head, page) = rect.splitTop(min(facts(model).count, room))
        return (head, page)
    }

    private func height(_ model: Model) -> Int { split(area, model).page.rows }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open:
            switch selected {
            case .queue, .subscription, .state, .sessions: return .enabled
            case nil, .heading: return .disabled("nothing is selected")
            case .rule: return model.contextRefusal.map { .disabled($0) } ?? .enabled
            default: return .disabled("a setting has nothing to open")
            }
        case .deadLetters, .groups, .messages, .transferDeadLetters:
            if case .subscription = selected { return .enabled }
            return isTopic(model) ? .disabled("a topic holds no messages; choose one of its subscriptions") : .enabled
        case .sessions:
            if case .subscription = selected { return .enabled }
            if isTopic(model) { return .disabled("a topic holds no messages; choose one of its subscriptions") }
            return description(model)?.requiresSession == false ? .disabled("\(path.displayName) has no sessions") : .enabled
        case .count:
            if isTopic(model) { return .disabled("a topic holds no messages that could be looked at; its subscriptions do") }
            return count.load == nil ? .enabled : .disabled("it is being counted; esc stops that")
        case .create:
            return isTopic(model) || path.kind == .subscription ? .enabled : .disabled("nothing stands below a queue; ge has the tree")
        case .edit, .remove: return description(model) == nil ? .disabled("it was not looked at yet") : .enabled
        case .testRules:
            return isTopic(model) || path.kind == .subscription ? .enabled : .disabled("a queue has no rules; only topics do")
        case .owner: return owners(model).isEmpty ? .disabled("the catalogue gives it to no service") : .enabled
        default: return .enabled
        }
    }

    func accessTopic(_ model: Model) -> AccessTopic {
        if case .subscription(let subscription) = selected { return .entity(subscription) }
        return .entity(path)
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            let before = list.selected
            list.move(step, count: lines.count, height: height(turn.model))
            leaveHeading(towards: list.selected < before ? -1 : 1, turn.model)
            return
        }
        let base: EntityPath
        if case .subscription(let subscription) = selected { base = subscription } else { base = path }
        switch command {
        case .open:
            switch selected {
            case .queue(let queue): turn.navigation = .push(MessagesScreen(path.subQueue(queue)))
            case .state(let state): turn.navigation = .push(MessagesScreen(path, MessageSelection(state: state)))
            case .sessions: turn.navigation = .push(SessionsScreen(path))
            case .subscription(let path): turn.navigation = .push(EntityScreen(path))
            case .rule: perform(.edit, &turn)
            default: break
            }
        case .sessions: turn.navigation = .push(SessionsScreen(base))
        case .count:
            count.value = nil
            count.begin(turn.start(.count(path)))
            modelChanged(turn.model)
        case .create: turn.navigation = .push(FormScreen(.create(path.kind == .subscription ? .rule : .subscription, parent: path)))
        case .edit: if let target = target(turn.model) { turn.navigation = .push(FormScreen(.update(target))) }
        case .remove:
            guard let target = target(turn.model) else { return }
            turn.navigation = .push(ChangeScreen(removing: target, leaving: target.path == path && target.kind != .rule ? 2 : 1))
        case .deadLetters: turn.navigation = .push(MessagesScreen(base.deadLetter))
        case .groups:
            // A line of one of its queues says which is meant; the first line is selected without anybody's doing.
            if case .queue(let queue)? = selected, queue != .active {
                turn.navigation = .push(GroupsScreen(base.subQueue(queue)))
            } else {
                turn.navigation = .push(GroupsScreen(GroupsScreen.queue(of: base, turn.model)))
            }
        case .messages: turn.navigation = .push(MessagesScreen(base.entity))
        case .transferDeadLetters: turn.navigation = .push(MessagesScreen(base.subQueue(.transferDeadLetter)))
        case .owner:
            if let owner = owners(turn.model).first {
                turn.navigation = .push(ServiceScreen(.service(ref: owner.ref, name: owner.name)))
            }
        case .testRules: turn.navigation = .push(TesterScreen(path))
        case .refresh: load(&turn)
        default: break
        }
    }

    /// What a change is about: the selected rule or subscription, else the entity itself.
    private func target(_ model: Model) -> EntityTarget? {
        switch selected {
        case .rule(let name, _, _, _, _): .rule(name, of: path)
        case .subscription(let path): .subscription(path)
        default: description(model).map { EntityTarget($0) }
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row - split(area, turn.model).head.rows
        guard row >= split(area, turn.model).head.rows, lines.indices.contains(line), !lines[line].isHeading else { return }
        if line == list.selected {
            if availability(of: .open, model: turn.model).isEnabled { perform(.open, &turn) }
        } else {
            list.select(line, count: lines.count, height: height(turn.model))
        }
    }

    // MARK: - Drawing

    func asOf(_ model: Model) -> Timestamp? { model.asOf(path) ?? details.asOf }

    func ages(_ model: Model) -> [Timestamp] {
        [asOf(model), subscriptions.asOf, count.value?.finishedAt].compactMap(\.self)
    }

    func position(_ model: Model) -> String { list.position(among: lines.count) { lines[$0].isHeading } }

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
        if description.isByResourceManager { spans.append(Span(" · \(EntityDescription.resourceManagerNote)", .statusWarning)) }
        return spans
    }

    private func owners(_ model: Model) -> [ServiceSummary] {
        guard let tree = model.overview.value?.tree, let place = tree.place(of: path) else { return [] }
        return tree.services(of: place)
    }

    private func isByName(_ model: Model) -> Bool {
        guard let tree = model.overview.value?.tree, let place = tree.place(of: path) else { return false }
        return tree.nodes[place].isByName
    }

    private func facts(_ model: Model) -> [[Span]] {
        var facts: [[Span]] = []
        let owners = owners(model)
        if let owner = owners.first {
            let names = owners.map(\.name).joined(separator: ", ")
            facts.append([
                Span("service ", .muted), Span(isByName(model) ? "\(names) (by name)" : names), Span("   owner ", .muted),
                owner.owner.map { Span($0) } ?? Span("nobody", .statusWarning), Span("   on call ", .muted), Span(owner.onCall ?? "–"),
            ])
            if let link = owner.links.first { facts.append([Span(link.title + " ", .muted), Span(link.url)]) }
        } else if let tree = model.overview.value?.tree, tree.knowsOwners, tree.place(of: path) != nil {
            facts.append([Span("owner ", .muted), Span("nobody: the catalogue gives it to no service", .statusWarning)])
        }
        guard let description = description(model) else { return facts }
        var notes: [Span] = []
        for (label, value) in [("→ ", description.forwardTo), ("dead letters → ", description.forwardDeadLetteredTo)] {
            if let value { notes += [Span(notes.isEmpty ? label : "   \(label)", .muted), Span(EntityNotes.name(of: value))] }
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
        let cells = EntityPage.Cells(
            lines, counts: description(model)?.counts, counted: count, error: details.error, width: rect.columns, now: surroundings.now)
        Page(isProduction: model.isProduction).render(into: &surface, body, list: list, count: lines.count) { cells.line(lines[$0], model) }
        let below = body.splitTop(min(lines.count, body.rows)).rest
        if let error = details.error {
            Placeholder.render(error, into: &surface, below, retry: "^R tries again · messages may still be readable: enter")
        } else if details.load != nil, description(model) == nil {
            Placeholder.render("Loading settings and counts…", role: .statusPending, into: &surface, below)
        }
    }
}
