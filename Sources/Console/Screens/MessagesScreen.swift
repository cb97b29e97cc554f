internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The messages of one queue or sub-queue: a list that grows while the scan runs, and a pane for the message that is read.
struct MessagesScreen: Screen, Saving {
    /// Some of a queue's messages, named one by one.
    struct Part: Hashable {
        /// What they have in common.
        var title: String
        /// What the crumb says of them.
        var id: String
        var numbers: SequenceNumberSet
    }

    let path: EntityPath
    /// Which of its messages are meant; with nothing in it, all.
    let selection: MessageSelection
    /// Only these, whatever else there is; nil: all that are meant.
    let only: Part?
    private(set) var filter = TextFilter()
    var list = ListState()
    var listing = MessageListing()
    /// The list of all, while one that a condition picked is shown.
    var kept: MessageListing?
    /// What the messages seen so far name, for who types a condition.
    var vocabulary = FilterVocabulary()
    /// The places of the rows that fit the filter; nil: all.
    var places: [Int]?
    var listHeight = 1
    var detail: MessageDetail?
    var isReading = false
    var isMaximised: Bool?
    var area = Rect(row: 0, column: 0, rows: 1, columns: 1)

    /// Headers loaded in one go; more on demand.
    static let pageful = MessageListing.pageful

    /// What was asked in the line at the bottom.
    enum Asked: Hashable, Sendable { case topic, condition, find, path }
    var asked = Asked.topic

    /// What a person marked, to do something with it.
    var marks = MarkedMessages()

    /// The number the list begins with; nil: the first there is.
    var start: SequenceNumber?

    init(_ path: EntityPath, _ selection: MessageSelection = MessageSelection()) {
        self.path = path
        self.selection = selection
        only = nil
    }

    /// - Parameter only: show only these, whatever else there is.
    init(_ path: EntityPath, only: Part) {
        self.path = path
        self.only = only
        selection = MessageSelection()
    }

    /// - Parameter number: the message to open at once; the list begins with it.
    init(_ path: EntityPath, at number: SequenceNumber) {
        self.init(path)
        start = number
    }

    var context: KeyContext { isReading ? .message : .messages }

    var crumbs: [String] {
        // Those of a group are called up from the groups, which say of what.
        let place =
            only.map { ["groups", $0.id] }
            ?? [path.entity.displayName, selection.title.isEmpty ? path.subQueue.title : selection.title]
        return isReading ? place + (detail.map { ["#\($0.sequenceNumber)"] } ?? []) : place
    }

    var columns: [TableColumn] {
        var columns = [
            TableColumn("sequence", 8, upTo: 20, worth: 100),
            TableColumn("enqueued (UTC)", 14, upTo: 19, worth: 60),
            TableColumn("tries", 5, .right, worth: 50),
        ]
        if path.subQueue != .active { columns.append(TableColumn("reason", 24, upTo: 44, worth: 90)) }
        columns += [
            TableColumn("subject", 12, upTo: 44, worth: 80),
            TableColumn("message id", 12, upTo: 40, worth: 40),
            TableColumn("state", 9, worth: path.subQueue == .active ? 55 : 20),
        ]
        for (index, column) in columns.enumerated() {
            if let widest = listing.widest[column.title] { columns[index].limit(to: max(widest, Width.of(column.title))) }
        }
        return columns
    }

    var table: MessageTable { listing.table }
    var scan: Loadable<Void> { listing.scan }
    var count: Int { places?.count ?? table.count }

    func row(at line: Int) -> MessageTable.Row? {
        guard let places else { return table.row(at: line) }
        return places.indices.contains(line) ? table.row(at: places[line]) : nil
    }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        guard case .notAsked = scan.phase else { return }
        startScan(from: start, &turn)
        guard let start else { return }
        open(start, limits: .standard, &turn)
        isReading = true
    }

    mutating func disappear(_ turn: inout Turn) {
        turn.stop(scan.load)
        turn.stop(detail?.document.load)
    }

    mutating func startScan(from number: SequenceNumber?, _ turn: inout Turn) {
        turn.stop(listing.scan.load)
        let limit = MessagesScreen.pageful
        let request: Request =
            if let search = listing.search {
                .search(path, search.filter, from: number, limit: limit)
            } else if let only {
                .members(path, only.numbers, from: number, limit: limit)
            } else if selection != MessageSelection() {
                .scanSelected(path, selection, from: number, limit: limit)
            } else {
                .scan(path, from: number, limit: limit)
            }
        listing.begin(turn.start(request), now: turn.now)
    }

    func loads(_ model: Model) -> [LoadID] { [scan.load, detail?.document.load].compactMap(\.self) }

    /// Who reads a message does not wait for the list behind it.
    func awaited(_ model: Model) -> [LoadID] { isReading ? [detail?.document.load].compactMap(\.self) : loads(model) }

    mutating func stopLoading(_ turn: inout Turn) {
        // What is read matters more than what is listed: the first esc stops the message, the second the scan.
        if let id = detail?.document.load {
            turn.stop(id)
            detail?.stop()
        } else if let id = scan.load {
            turn.stop(id)
            listing.scan.stop()
            turn.say(
                .info,
                "Stopped after \(Figures.count(listing.search?.counts.looked ?? table.count, "message")). + goes on, ^R starts again.")
        }
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        switch answer {
        case .page(let rows) where id == listing.scan.load:
            take(rows, &turn)
            return true
        case .found(let rows, let counts, let next) where id == listing.scan.load:
            if let search = listing.search {
                listing.search?.counts = search.counts + counts
                listing.search?.next = next
            }
            take(rows, &turn)
            return true
        case .vocabulary(let words) where id == listing.scan.load || id == detail?.document.load:
            vocabulary.formUnion(words)
            return true
        case .message(let document) where id == detail?.document.load:
            detail?.receive(document)
            return true
        default: return false
        }
    }

    private mutating func take(_ rows: [MessageTable.Row], _ turn: inout Turn) {
        let first = listing.table.count
        listing.append(rows, now: turn.now)
        if places != nil {
            let fitting = (first..<listing.table.count).filter { matches(listing.table.row(at: $0)) }
            places? += fitting
        }
        list.settle(count: count, height: listHeight)
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        if id == listing.scan.load {
            listing.finish(error, now: turn.now)
            return true
        }
        if id == detail?.document.load {
            detail?.finish(error)
            return true
        }
        return false
    }

    // MARK: - Filter

    mutating func apply(filter: TextFilter, model: Model) {
        let selected = row(at: list.selected)?.sequenceNumber
        self.filter = filter
        places = MessagesScreen.places(table, filter)
        // The selection follows the message.
        let place = selected.flatMap { number in
            table.index(of: number).flatMap { index in places.map { $0.firstIndex(of: index) } ?? index }
        }
        list.select(place ?? 0, count: count, height: listHeight)
    }

    static func places(_ table: MessageTable, _ filter: TextFilter) -> [Int]? {
        guard !filter.isEmpty else { return nil }
        var fits = [Bool](repeating: true, count: table.count)
        for term in filter.terms {
            var holds = [Bool](repeating: false, count: table.count)
            for place in table.indices(matching: term.text) { holds[place] = true }
            for place in fits.indices where holds[place] == term.isExcluded { fits[place] = false }
        }
        return fits.indices.filter { fits[$0] }
    }

    /// Whether a row that has just come fits. The same texts that ``CallboardCore/MessageTable/indices(matching:)`` looks at.
    private func matches(_ row: MessageTable.Row?) -> Bool {
        guard let row else { return false }
        return filter.matches([
            String(row.sequenceNumber.rawValue), row.messageID ?? "", row.subject ?? "", row.deadLetterReason ?? "",
        ])
    }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open: return count == 0 ? .disabled("no message is selected") : .enabled
        case .nextMessage: return list.selected + 1 < count ? .enabled : .disabled("this is the last message")
        case .previousMessage: return list.selected > 0 ? .enabled : .disabled("this is the first message")
        case .bodyForm: return detail?.formAvailability ?? .disabled("no message is open")
        case .condition:
            if only != nil { return .disabled("these are the messages of one group; a condition looks at all of a queue") }
            return selection == MessageSelection() ? .enabled : .disabled("a condition looks at all of a queue: open its messages")
        case .explain: return count == 0 ? .disabled("no message is selected") : .enabled
        case .groups: return only == nil ? .enabled : .disabled("these are the messages of one group; q goes back to the groups")
        case .find, .nextMatch, .previousMatch, .goToPath, .copyPath, .copyValue, .copyBody, .saveValue, .saveBody, .pager, .fold, .foldAll:
            return detail.map { availability(of: command, $0) } ?? .disabled("no message is open")
        case .toggleMark, .markRange, .markAll, .invertMarks, .clearMarks: return markAvailability(of: command)
        case .mark: return place == nil ? .disabled("no message is selected") : .enabled
        case .compare:
            guard let place else { return .disabled("no message is selected") }
            guard let marked = model.marked else { return .disabled("mark the other message first (m)") }
            return marked == place ? .disabled("this is the marked message itself") : .enabled
        case .more where isReading: return detail?.moreAvailability ?? .disabled("no message is open")
        case .testRules: return sample == nil ? .disabled("no message is selected") : .enabled
        case .switchPane, .maximise: return detail == nil ? .disabled("no message is open") : .enabled
        case .more:
            if scan.load != nil { return .disabled("messages are still loading") }
            return listing.isAtLimit || scan.isStopped || scan.error != nil ? .enabled : .disabled("all messages are here")
        default: return .enabled
        }
    }

    func accessTopic(_ model: Model) -> AccessTopic { .entity(path.entity) }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            if isReading { detail?.move(step) } else { move(step, &turn) }
            return
        }
        switch command {
        case .open: read(&turn, focus: true)
        case .nextMessage: move(.lines(1), &turn, opening: true)
        case .previousMessage: move(.lines(-1), &turn, opening: true)
        case .bodyForm: detail?.nextForm()
        case .switchPane:
            isReading.toggle()
            // The list cannot have the keyboard where it is not on screen.
            if !isReading, panes(in: area).list.isEmpty { isMaximised = false }
        case .maximise:
            let isNow = panes(in: area).list.isEmpty
            isMaximised = !isNow
            if !isNow { isReading = true }
        case .testRules: testRules(&turn)
        case .groups: turn.navigation = .push(GroupsScreen(path))
        case .explain:
            guard let number = row(at: list.selected)?.sequenceNumber else { return }
            turn.navigation = .push(ExplanationScreen(number, in: path, from: crumbs.last ?? ""))
        case .back: close(&turn)
        case .find, .nextMatch, .previousMatch, .goToPath, .copyPath, .copyValue, .copyBody, .pager, .fold, .foldAll:
            read(command, &turn)
        case .toggleMark, .markRange, .markAll, .invertMarks, .clearMarks: mark(command, &turn)
        case .mark:
            guard let place else { return }
            turn.model.marked = place
            turn.say(.info, "#\(place.number) is marked. d on another message shows what is different.")
        case .compare:
            guard let place, let marked = turn.model.marked else { return }
            turn.navigation = .push(DifferenceScreen(marked, place))
        case .more where isReading:
            guard let detail else { return }
            open(detail.sequenceNumber, limits: detail.widerLimits, &turn)
        case .more: startScan(from: listing.next, &turn)
        case .condition:
            asked = .condition
            turn.question = ConditionPrompt.question(narrowing ?? "")
        case .refresh:
            if isReading, let detail {
                open(detail.sequenceNumber, limits: detail.limits, &turn)
            } else {
                turn.stop(listing.scan.load)
                listing = MessageListing(listing.search?.filter)
                places = filter.isEmpty ? nil : []
                if listing.search == nil { start = nil }
                startScan(from: nil, &turn)
            }
        default: break
        }
    }

    // MARK: - Rules

    /// The selected message, for the rule tester.
    var sample: TesterScreen.Sample? { row(at: list.selected).map { .init(path: path, number: $0.sequenceNumber) } }

    /// A subscription's messages came by way of its topic's rules; for those of a queue a person says which topic is meant.
    private mutating func testRules(_ turn: inout Turn) {
        if let topic = path.topic {
            turn.navigation = .push(TesterScreen(topic, sample: sample))
            return
        }
        let topics = (turn.model.entities ?? []).filter { $0.kind == .topic }
        asked = .topic
        turn.question = Question(
            label: "topic", help: "Whose rules are to be tested with this message?",
            choices: topics.map { .init(text: $0.path.displayName, note: Figures.count($0.subscriptionCount ?? 0, "subscription")) })
    }

    var traceChoices: [Question.Choice] {
        let row = row(at: list.selected)
        if let message = detail?.document.value { return message.traceChoices }
        return row?.messageID.map { [Question.Choice(text: $0, note: "message id")] } ?? []
    }

    private mutating func move(_ step: ListState.Step, _ turn: inout Turn, opening: Bool = false) {
        let before = list.selected
        list.move(step, count: count, height: listHeight)
        if detail != nil || opening, list.selected != before || detail == nil { read(&turn, focus: false) }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let panes = panes(in: area)
        if panes.detail.contains(row: row, column: column) {
            isReading = true
            return
        }
        let line = list.top + row - panes.list.row - 1
        guard panes.list.contains(row: row, column: column), row > panes.list.row, line < count else { return }
        isReading = false
        if line == list.selected {
            read(&turn, focus: true)
        } else {
            list.select(line, count: count, height: listHeight)
            if detail != nil { read(&turn, focus: false) }
        }
    }
}
