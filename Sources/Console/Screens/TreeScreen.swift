internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// All queues, topics and subscriptions with counts and the age of each; loads its figures again by itself while it is shown.
struct TreeScreen: Screen {
    /// In which order entities stand; subscriptions always follow their topic.
    enum Order: Hashable, Sendable {
        case worst
        case name

        var title: String { self == .worst ? "worst first" : "by name" }
    }

    let context = KeyContext.tree
    let crumbs = ["entities"]
    private(set) var filter = TextFilter()
    private(set) var order = Order.worst
    private var list = ListState()
    private var height = 1
    private var tree = EntityTree()
    /// What is known of each node's messages: as listed, or seen since.
    private var figures: [Reading<EntityCounts>] = []
    /// The places of the nodes that are shown, in their order.
    private var rows: [Int] = []
    /// The widest text of each column, so that none jumps while one scrolls.
    private var widest: [Int] = []
    private var folded: Set<EntityPath> = []
    private var seenVersion = -1
    private var seenChange = 0
    /// The one entity that is being looked at again.
    private var single = Loadable<EntityPath>()

    private static let columns = [
        TableColumn("", 2, worth: 99),
        TableColumn("entity", 26, upTo: 70, worth: 100),
        TableColumn("kind", 5, upTo: 12, worth: 15),
        TableColumn("dead", 6, upTo: 26, .right, worth: 95),
        TableColumn("▲/min", 5, upTo: 12, .right, worth: 82),
        TableColumn("T-dead", 6, upTo: 26, .right, worth: 60),
        TableColumn("active", 6, upTo: 26, .right, worth: 80),
        TableColumn("scheduled", 9, upTo: 26, .right, worth: 30),
        TableColumn("age", 6, .right, worth: 85),
        TableColumn("service", 8, upTo: 24, worth: 40),
        TableColumn("notes", 10, upTo: 60, worth: 50),
    ]

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        turn.loadOverviewIfMissing()
        modelChanged(turn.model)
    }

    mutating func disappear(_ turn: inout Turn) { turn.stop(single.load) }

    func loads(_ model: Model) -> [LoadID] { model.loads + [single.load].compactMap(\.self) }

    func awaited(_ model: Model) -> [LoadID] { model.awaited + [single.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        turn.stop(single.load)
        if single.load != nil { single.stop() }
        if !turn.model.awaited.isEmpty { turn.stopOverview() }
    }

    func refreshDue(_ model: Model) -> Timestamp? { model.overviewDue }

    mutating func refreshQuietly(_ turn: inout Turn) { turn.loadOverview(quietly: true) }

    private mutating func refreshOne(_ turn: inout Turn) {
        guard let node = selected, single.load == nil else { return }
        single.begin(turn.start(node.kind == .topic ? .subscriptions(node.path) : .entity(node.path)))
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        guard id == single.load else { return false }
        switch answer {
        case .entity(let description): turn.model.note([description], asOf: turn.now)
        case .subscriptions(let descriptions): turn.model.note(descriptions, asOf: turn.now)
        default: return false
        }
        modelChanged(turn.model)
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        guard id == single.load else { return false }
        single.finish(error)
        return true
    }

    // MARK: - What is shown

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange()
    }

    mutating func modelChanged(_ model: Model) {
        guard seenVersion != model.entitiesVersion else { return }
        seenVersion = model.entitiesVersion
        var path = selected?.path
        tree = model.overview.value?.tree ?? model.glimpse ?? EntityTree()
        figures = tree.figures
        var topics: Set<Int> = []
        for (path, fresh) in model.fresh {
            guard let place = tree.place(of: path), let counts = fresh.description.counts else { continue }
            let node = tree.nodes[place]
            if node.kind != .topic { figures[place] = .known(counts, at: fresh.asOf) }
            if let topic = node.topic { topics.insert(topic) }
        }
        for topic in topics { figures[topic] = tree.total(topic, figures) }
        measure()
        // What was just created or changed is selected, once the listing has it.
        if seenChange != model.changeVersion, let changed = model.lastChanged, tree.place(of: changed) != nil {
            seenChange = model.changeVersion
            path = changed
        }
        arrange(keeping: path)
    }

    /// Finds out how wide columns have to be.
    private mutating func measure() {
        widest = TreeScreen.columns.map { Width.of($0.title) }
        var largest = EntityCounts()
        for (node, figures) in zip(tree.nodes, figures) {
            widest[1] = max(widest[1], TreeScreen.nameWidth(node))
            widest[2] = max(widest[2], node.kind?.rawValue.utf8.count ?? 1)
            guard case .known(let counts, _) = figures else { continue }
            largest.deadLetter = max(largest.deadLetter, counts.deadLetter)
            largest.transferDeadLetter = max(largest.transferDeadLetter, counts.transferDeadLetter)
            largest.active = max(largest.active, counts.active)
            largest.scheduled = max(largest.scheduled, counts.scheduled)
        }
        for rate in tree.growth { widest[4] = max(widest[4], Width.of(TrendFigures.rate(rate).text)) }
        let counts = [largest.deadLetter, largest.transferDeadLetter, largest.active, largest.scheduled]
        for (column, count) in zip([3, 5, 6, 7], counts) { widest[column] = max(widest[column], Figures.count(count).utf8.count) }
    }

    /// Columns of the name with what stands before it.
    private static func nameWidth(_ node: EntityTree.Node) -> Int {
        node.path.subscription.map { $0.utf8.count + 4 } ?? node.path.name.utf8.count + 2
    }

    private mutating func arrange(keeping path: EntityPath? = nil) {
        let path = path ?? selected?.path
        rows = []
        rows.reserveCapacity(tree.nodes.count)
        let ranks = order == .worst ? tree.nodes.indices.map { rank($0) } : []
        // Places are in order of name, so that a stable order of the same rank needs no names.
        func sorted(_ places: [Int]) -> [Int] {
            order == .worst ? places.sorted { ranks[$0] == ranks[$1] ? $0 < $1 : ranks[$0].isWorse(than: ranks[$1]) } : places
        }
        let isFiltered = isFiltered
        for place in sorted(tree.nodes.indices.filter { tree.nodes[$0].topic == nil }) {
            let node = tree.nodes[place]
            let fits = !isFiltered || filter.matches(lowercased: node.text)
            var children = node.children.isEmpty ? [] : Array(node.children)
            // A topic that fits shows all its subscriptions; else it is there for those that fit, also when it is folded.
            if !fits { children = children.filter { filter.matches(lowercased: tree.nodes[$0].text) } }
            guard fits || !children.isEmpty else { continue }
            rows.append(place)
            if fits, folded.contains(node.path) { continue }
            rows += children.count > 1 ? sorted(children) : children
        }
        // The selection follows the entity; one that was folded away gives it to its topic.
        let place = path.flatMap { tree.place(of: $0) }
        let line = place.flatMap { place in rows.firstIndex(of: place) ?? tree.nodes[place].topic.flatMap { rows.firstIndex(of: $0) } }
        // What a filter was typed for is selected, not the topic it hangs on.
        let fitting = isFiltered ? rows.firstIndex { filter.matches(lowercased: tree.nodes[$0].text) } : nil
        let kept = line.flatMap { !isFiltered || filter.matches(lowercased: tree.nodes[rows[$0]].text) ? $0 : nil }
        list.select(kept ?? fitting ?? line ?? list.selected, count: rows.count, height: height)
    }

    /// How bad an entity is: dead letters that become more, then how many they are, then that it is not active, then what waits.
    private func rank(_ place: Int) -> Rank {
        let isHalted = (tree.nodes[place].description?.status ?? .active) != .active
        guard case .known(let counts, _) = figures[place] else { return Rank(isHalted: isHalted, active: -1) }
        let growth = (tree.growth[place]?.perMinute ?? 0) * 10
        return Rank(
            growth: Int64(min(max(growth.rounded(), 0), 1e15)), dead: EntityTree.add(counts.deadLetter, counts.transferDeadLetter),
            isHalted: isHalted, active: max(counts.active, 0))
    }

    private struct Rank: Equatable {
        /// Tenths a minute.
        var growth: Int64 = 0
        var dead: Int64 = 0
        var isHalted = false
        var active: Int64

        func isWorse(than other: Rank) -> Bool {
            if growth != other.growth { return growth > other.growth }
            if dead != other.dead { return dead > other.dead }
            if isHalted != other.isHalted { return isHalted }
            return active > other.active
        }
    }

    var selected: EntityTree.Node? { rows.indices.contains(list.selected) ? tree.nodes[rows[list.selected]] : nil }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open, .refreshOne: return selected == nil ? .disabled("no entity is selected") : .enabled
        case .deadLetters, .groups, .messages, .transferDeadLetters:
            guard let node = selected else { return .disabled("no entity is selected") }
            return node.kind == .topic ? .disabled("a topic holds no messages; its subscriptions do") : .enabled
        case .owner:
            guard selected != nil else { return .disabled("no entity is selected") }
            return owners.isEmpty ? .disabled("the catalogue gives it to no service") : .enabled
        case .sessions: return sessionsAvailability
        case .edit, .remove: return selected?.description == nil ? .disabled("no entity of the namespace is selected") : .enabled
        case .testRules: return selectedTopic == nil ? .disabled("only topics and their subscriptions have rules") : .enabled
        case .fold:
            guard let topic = selectedTopic else { return .disabled("only topics have something to fold") }
            return tree.nodes[topic].children.isEmpty ? .disabled("the topic has no subscriptions") : .enabled
        default: return .enabled
        }
    }

    private var sessionsAvailability: Availability {
        guard let node = selected else { return .disabled("no entity is selected") }
        if node.kind == .topic { return .disabled("a topic holds no messages; its subscriptions do") }
        return node.description?.requiresSession == false ? .disabled("\(node.path.displayName) has no sessions") : .enabled
    }

    /// The topic that is selected, or whose subscription is.
    private var selectedTopic: Int? {
        guard rows.indices.contains(list.selected) else { return nil }
        let place = rows[list.selected]
        return tree.nodes[place].topic ?? (tree.nodes[place].kind == .topic ? place : nil)
    }

    private var owners: [ServiceSummary] { rows.indices.contains(list.selected) ? tree.services(of: rows[list.selected]) : [] }

    func accessTopic(_ model: Model) -> AccessTopic { selected.map { .entity($0.path) } ?? .namespace }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            list.move(step, count: rows.count, height: height)
            return
        }
        switch command {
        case .refresh: turn.loadOverview()
        case .refreshOne: refreshOne(&turn)
        case .sort:
            order = order == .worst ? .name : .worst
            arrange()
        case .fold:
            guard let topic = selectedTopic.map({ tree.nodes[$0].path }) else { return }
            if folded.remove(topic) == nil { folded.insert(topic) }
            arrange()
        case .testRules: if let topic = selectedTopic { turn.navigation = .push(TesterScreen(tree.nodes[topic].path)) }
        case .foldAll:
            let topics = tree.nodes.filter { !$0.children.isEmpty }.map(\.path)
            folded = folded.isEmpty ? Set(topics) : []
            arrange()
        case .owner:
            guard let owner = owners.first else { return }
            turn.navigation = .push(ServiceScreen(.service(ref: owner.ref, name: owner.name)))
            if owners.count > 1 { turn.say(.info, "It also belongs to \(owners.dropFirst().map(\.name).joined(separator: ", ")).") }
        default: go(command, &turn)
        }
    }

    private func go(_ command: CommandID, _ turn: inout Turn) {
        if command == .create {
            turn.question = newEntity.question
            return
        }
        guard let path = selected?.path else { return }
        let target = selected?.description.map { EntityTarget($0) }
        switch command {
        case .edit: if let target { turn.navigation = .push(FormScreen(.update(target))) }
        case .remove: if let target { turn.navigation = .push(ChangeScreen(removing: target, leaving: 1)) }
        case .open: turn.navigation = .push(EntityScreen(path))
        case .deadLetters: turn.navigation = .push(MessagesScreen(path.deadLetter))
        case .groups: turn.navigation = .push(GroupsScreen(GroupsScreen.queue(of: path, turn.model)))
        case .messages: turn.navigation = .push(MessagesScreen(path.entity))
        case .sessions: turn.navigation = .push(SessionsScreen(path))
        case .transferDeadLetters: turn.navigation = .push(MessagesScreen(path.subQueue(.transferDeadLetter)))
        default: break
        }
    }

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        switch newEntity.form(for: answer) {
        case .success(let form):
            turn.navigation = .push(form)
            return nil
        case .failure(let problem): return problem
        }
    }

    /// What can be created here.
    private var newEntity: NewEntity {
        NewEntity(
            topic: selectedTopic.map { tree.nodes[$0].path },
            subscription: selected.flatMap { $0.path.kind == .subscription ? $0.path : nil })
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row - 1
        guard row >= 1, rows.indices.contains(line) else { return }
        if line == list.selected { perform(.open, &turn) } else { list.select(line, count: rows.count, height: height) }
    }

    // MARK: - Drawing

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = Table.bodyHeight(Rect(row: 0, column: 0, rows: rows, columns: columns))
        list.settle(count: self.rows.count, height: height)
    }

    func asOf(_ model: Model) -> Timestamp? { model.overview.value?.entities?.asOf }

    func ages(_ model: Model) -> [Timestamp] { [asOf(model)].compactMap(\.self) + model.fresh.values.map(\.asOf) }

    func position(_ model: Model) -> String {
        rows.isEmpty ? "" : "\(Figures.count(list.selected + 1)) of \(Figures.count(rows.count))"
    }

    func summary(_ surroundings: Surroundings) -> [Span] {
        let model = surroundings.model
        guard let board = model.board else {
            return [Span(rows.isEmpty ? "Entities" : "the first \(Figures.count(tree.nodes.count, "entity", plural: "entities"))", .title)]
        }
        var spans = [Span(Figures.count(tree.nodes.count, "entity", plural: "entities"), .title)]
        if isFiltered { spans.append(Span(" · \(Figures.count(rows.count)) shown", .match)) }
        spans.append(Span(" · \(order.title)", .muted))
        spans += BoardScreen.totals(board.totals) + BoardScreen.origin(board)
        if model.overview.error != nil, asOf(model) != nil {
            spans.append(Span(" · ! not refreshed (L)", .statusError))
        } else if model.watch.isOn, asOf(model) != nil {
            spans.append(Span(" · every \(Figures.duration(model.refreshInterval))", .muted))
        }
        return spans
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let model = surroundings.model
        var table = Table(columns: TreeScreen.columns, isProduction: model.isProduction)
        for (index, width) in widest.enumerated() where (1..<8).contains(index) && !rows.isEmpty { table.columns[index].limit(to: width) }
        table.render(into: &surface, rect, list: list, count: rows.count) { cells(of: rows[$0], surroundings) }
        let below = rect.splitTop((rect.rows >= 2 ? 1 : 0) + rows.count).rest
        if let error = model.overviewError, model.entities == nil {
            let others = rows.isEmpty ? ":entity NAME opens one by its name" : "messages can be read without counts: enter, m, d"
            if error.isListingRefused, model.board != nil {
                return Placeholder.render(refusal: error, into: &surface, below, retry: others)
            }
            Placeholder.render(error, into: &surface, below, retry: "^R tries again · \(others)")
        } else if model.connection.isStopped || (model.overview.isStopped && rows.isEmpty) {
            Placeholder.render("Stopped. ^R loads again.", into: &surface, below)
        } else if rows.isEmpty {
            let isLoading = !model.loads.isEmpty
            let text =
                isLoading
                ? "Loading entities…" : isFiltered ? "No entity fits the filter. esc clears it." : "The namespace has no entity."
            Placeholder.render(text, role: isLoading ? .statusPending : .muted, into: &surface, below)
        }
    }

    private func cells(of place: Int, _ surroundings: Surroundings) -> [Span] {
        let node = tree.nodes[place]
        let reading = figures[place]
        let service = tree.serviceText(of: place)
        let model = surroundings.model
        let description = model.fresh[node.path]?.description ?? node.description
        let isHalted = (description?.status ?? .active) != .active
        let dead = reading.value.map { EntityTree.add($0.deadLetter, $0.transferDeadLetter) } ?? 0
        let mark =
            dead > 0 ? Span("!!", .statusError) : isHalted ? Span("!", .statusWarning) : reading.value == nil ? Span("?", .muted) : Span("")
        let count = { (count: @escaping (EntityCounts) -> Int64, isBad: Bool) in
            reading.map(count).cell(Figures.count, role: { $0 == 0 ? .muted : isBad ? .statusError : .text })
        }
        return [
            mark, Span(name(of: node), dead > 0 ? .statusError : .text), Span(node.kind?.rawValue ?? "", .muted),
            count(\.deadLetter, true), TrendFigures.rate(tree.growth[place]), count(\.transferDeadLetter, true), count(\.active, false),
            count(\.scheduled, false),
            Span(reading.asOf.map { Age.label(of: $0, now: surroundings.now) } ?? "–", .muted),
            Span(service.text, service.isFinding ? .statusWarning : .muted),
            notes(of: node, description, isHalted: isHalted, isNobodys: service.isFinding, model),
        ]
    }

    /// The name with a sign for where it stands in the tree.
    private func name(of node: EntityTree.Node) -> String {
        if let name = node.path.subscription { return "  └ \(name)" }
        let sign = node.children.isEmpty ? " " : folded.contains(node.path) ? "▸" : "▾"
        return "\(sign) \(node.path.name)"
    }

    private func notes(
        of node: EntityTree.Node, _ description: EntityDescription?, isHalted: Bool, isNobodys: Bool, _ model: Model
    ) -> Span {
        guard let description else {
            return model.entities == nil ? Span("") : Span("missing: only the catalogue names it", .statusError)
        }
        var notes = (isNobodys ? ["nobody owns it"] : []) + EntityNotes.of(description)
        if description.kind == .topic {
            let count = max(node.children.count, description.subscriptionCount ?? 0)
            notes.append(count == 0 ? "no subscriptions" : "all of \(Figures.count(count, "subscription"))")
        }
        return Span(notes.joined(separator: ", "), isHalted || isNobodys ? .statusWarning : .muted)
    }
}
