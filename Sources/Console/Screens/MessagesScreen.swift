internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The messages of one queue or sub-queue: a list that grows while the scan runs, and a pane for the message that is read.
struct MessagesScreen: Screen {
    /// Where the parts are.
    private struct Panes {
        var list: Rect
        var divider: Rect
        var detail: Rect
    }

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
    private let selection: MessageSelection
    /// Only these, whatever else there is; nil: all that are meant.
    private let only: Part?
    private(set) var filter = TextFilter()
    private var list = ListState()
    private var listing = MessageListing()
    /// The list of all, while one that a condition picked is shown.
    private var kept: MessageListing?
    /// What the messages seen so far name, for who types a condition.
    private var vocabulary = FilterVocabulary()
    /// The places of the rows that fit the filter; nil: all.
    private var places: [Int]?
    private var listHeight = 1
    private var detail: MessageDetail?
    private var isReading = false
    private var isMaximised: Bool?
    private var area = Rect(row: 0, column: 0, rows: 1, columns: 1)

    /// Headers loaded in one go; more on demand.
    static let pageful = MessageListing.pageful

    /// What was asked in the line at the bottom.
    private enum Asked: Hashable, Sendable { case topic, condition, find, path }
    private var asked = Asked.topic

    /// The number the list begins with; nil: the first there is.
    private var start: SequenceNumber?

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

    private var columns: [TableColumn] {
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

    private var table: MessageTable { listing.table }
    private var scan: Loadable<Void> { listing.scan }
    private var count: Int { places?.count ?? table.count }

    private func row(at line: Int) -> MessageTable.Row? {
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

    private mutating func startScan(from number: SequenceNumber?, _ turn: inout Turn) {
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

    private static func places(_ table: MessageTable, _ filter: TextFilter) -> [Int]? {
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

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        if asked == .condition { return take(condition: answer, &turn) }
        guard !answer.isEmpty else { return nil }
        switch asked {
        case .find:
            if detail?.find(answer) != true { turn.say(.warning, "'\(answer)' does not occur in this message.") }
            return nil
        case .path:
            return detail?.go(to: answer) == true ? nil : Question.Problem(text: "there is no value at this path")
        case .topic, .condition: break
        }
        do throws(EntityPathError) {
            turn.navigation = .push(TesterScreen(try .topic(answer), sample: sample))
            return nil
        } catch {
            return Question.Problem(text: error.description)
        }
    }

    var traceChoices: [Question.Choice] {
        let row = row(at: list.selected)
        if let message = detail?.document.value { return message.traceChoices }
        return row?.messageID.map { [Question.Choice(text: $0, note: "message id")] } ?? []
    }

    // MARK: - Conditions

    var narrowing: String? { listing.search?.filter.text }

    func check(_ answer: String, _ model: Model) -> Question.Problem? { asked == .condition ? ConditionPrompt.problem(answer) : nil }

    func suggestions(head: String, tail: String) -> [CommandLine.Suggestion] {
        ConditionPrompt.suggestions(
            head: head, tail: tail, vocabulary,
            examples: ConditionPrompt.examples(isDead: path.subQueue != .active, vocabulary, now: listing.scan.asOf))
    }

    private mutating func take(condition: String, _ turn: inout Turn) -> Question.Problem? {
        guard condition.contains(where: { !$0.isWhitespace }) else {
            widen(&turn)
            return nil
        }
        switch ConditionPrompt.read(condition) {
        case .failure(let problem): return problem
        case .success(let filter):
            leaveList(&turn)
            if listing.search == nil { kept = listing }
            listing = MessageListing(filter)
            places = self.filter.isEmpty ? nil : []
            startScan(from: nil, &turn)
            list.select(0, count: count, height: listHeight)
            return nil
        }
    }

    mutating func widen(_ turn: inout Turn) {
        guard let kept else { return }
        leaveList(&turn)
        listing = kept
        self.kept = nil
        places = MessagesScreen.places(listing.table, filter)
        list.select(0, count: count, height: listHeight)
    }

    private mutating func leaveList(_ turn: inout Turn) {
        turn.stop(listing.scan.load)
        if listing.scan.load != nil { listing.scan.stop() }
        close(&turn)
    }

    // MARK: - The open message

    /// The selected message.
    private var place: MessagePlace? { row(at: list.selected).map { MessagePlace(path: path, number: $0.sequenceNumber) } }

    private func availability(of command: CommandID, _ detail: MessageDetail) -> Availability {
        guard detail.document.value != nil else { return .disabled("no message is open") }
        return switch command {
        case .copyPath, .fold, .foldAll: detail.nodeAvailability
        case .goToPath:
            detail.hasPaths ? .enabled : .disabled("the body has no values to go to, or is not shown as pretty (v)")
        case .nextMatch, .previousMatch: detail.sought.isEmpty ? .disabled("nothing was looked for yet (/)") : .enabled
        case .copyBody: detail.bodyText == nil ? .disabled("the body is no text; :save-body FILE writes it") : .enabled
        default: .enabled
        }
    }

    private mutating func read(_ command: CommandID, _ turn: inout Turn) {
        guard let detail else { return }
        switch command {
        case .find:
            asked = .find
            turn.question = Question(label: "find", help: "Text in this message; n and N go to the next and the previous place.")
        case .nextMatch, .previousMatch:
            if self.detail?.goOn(forward: command == .nextMatch) != true {
                turn.say(.warning, "'\(detail.sought)' does not occur in this message.")
            }
        case .goToPath:
            asked = .path
            turn.question = Question(
                label: "path", help: "body.customer.email, body.lines[0].sku; tab completes.",
                choices: detail.paths.map { .init(text: $0) })
        case .copyPath: if let path = detail.path { turn.add(.copy(path, name: path)) }
        case .copyValue: if let value = detail.value { turn.add(.copy(value.text, name: value.name)) }
        case .copyBody: if let text = detail.bodyText { turn.add(.copy(text, name: "the body")) }
        case .pager: if let text = detail.pageText { turn.add(.page(text)) }
        case .fold: self.detail?.fold()
        case .foldAll: self.detail?.foldAll()
        default: break
        }
    }

    /// What is written to a file.
    func content(for command: CommandID) -> [UInt8]? {
        command == .saveBody ? detail?.bodyBytes : detail?.value.map { Array($0.text.utf8) }
    }

    /// Whether going back closes the open message and not the screen.
    var hasOpenMessage: Bool { detail != nil }

    private mutating func close(_ turn: inout Turn) {
        turn.stop(detail?.document.load)
        detail = nil
        isReading = false
        isMaximised = nil
    }

    private mutating func move(_ step: ListState.Step, _ turn: inout Turn, opening: Bool = false) {
        let before = list.selected
        list.move(step, count: count, height: listHeight)
        if detail != nil || opening, list.selected != before || detail == nil { read(&turn, focus: false) }
    }

    private mutating func read(_ turn: inout Turn, focus: Bool) {
        guard let number = row(at: list.selected)?.sequenceNumber else { return }
        if focus { isReading = true }
        if detail == nil { isReading = true }
        guard detail?.sequenceNumber != number else { return }
        open(number, limits: .standard, &turn)
    }

    /// Loads a message; how bodies are shown and what was looked for stay as they are.
    private mutating func open(_ number: SequenceNumber, limits: BodyLimits, _ turn: inout Turn) {
        turn.stop(detail?.document.load)
        detail = MessageDetail(number, form: detail?.chosenForm, sought: detail?.sought ?? "", limits: limits)
        detail?.begin(turn.start(.message(path, number, limits)))
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

    // MARK: - Drawing

    mutating func settle(rows: Int, columns: Int, model: Model) {
        area = Rect(row: 0, column: 0, rows: rows, columns: columns)
        let panes = panes(in: area)
        listHeight = Table.bodyHeight(panes.list)
        list.settle(count: count, height: listHeight)
        detail?.settle(rows: panes.detail.rows, columns: panes.detail.columns, isProduction: model.isProduction)
    }

    /// Side by side on wide screens, one above the other on high ones, one at a time on small ones.
    private func panes(in rect: Rect) -> Panes {
        let none = Rect(row: rect.row, column: rect.column, rows: 0, columns: 0)
        guard detail != nil else { return Panes(list: rect, divider: none, detail: none) }
        let isWide = rect.columns >= 140
        let isHigh = rect.rows >= 26
        let isAlone = isMaximised ?? (!isWide && !isHigh)
        if isAlone || rect.rows < 8 {
            return isReading || isMaximised == true
                ? Panes(list: none, divider: none, detail: rect) : Panes(list: rect, divider: none, detail: none)
        }
        if isWide {
            let (left, rest) = rect.splitLeft(rect.columns * 9 / 20)
            let (divider, right) = rest.splitLeft(2)
            return Panes(list: left, divider: divider, detail: right)
        }
        let (top, rest) = rect.splitTop(max(rect.rows / 3, 4))
        let (divider, bottom) = rest.splitTop(1)
        return Panes(list: top, divider: divider, detail: bottom)
    }

    func asOf(_ model: Model) -> Timestamp? { isReading ? detail?.document.asOf : scan.asOf }

    func position(_ model: Model) -> String {
        if isReading {
            let place = count > 0 ? "message \(Figures.count(list.selected + 1)) of \(Figures.count(count))" : ""
            return [detail?.position ?? "", place].filter { !$0.isEmpty }.joined(separator: " · ")
        }
        return count == 0 ? "" : "\(Figures.count(list.selected + 1)) of \(Figures.count(count))"
    }

    func summary(_ surroundings: Surroundings) -> [Span] {
        if isReading, let detail {
            let path = detail.path.map { [Span(" · "), Span($0, .jsonKey)] } ?? []
            return [Span("#\(detail.sequenceNumber)", .title), Span(" · peeked, not locked", .muted)] + path
        }
        var spans = [Span(Figures.count(table.count, noun), .title)]
        if let search = listing.search {
            spans = MessagesScreen.summary(search)
        } else if only != nil {
            spans.append(Span(" of one group"))
        } else if let start {
            spans.append(Span(" · from #\(start) on, ^R loads all", .muted))
        }
        if let places { spans.append(Span(" · \(Figures.count(places.count)) fit the filter", .match)) }
        if scan.load != nil {
            if listing.search == nil, let expected = expected(surroundings.model), expected > table.count {
                spans.append(Span(" of about \(Figures.count(expected)) so far", .muted))
            }
        } else if scan.isStopped {
            spans.append(Span(" · stopped, there may be more (+)", .statusWarning))
        } else if listing.isAtLimit {
            spans.append(Span(" · there are more (+)", .statusWarning))
        } else if scan.error != nil, table.count > 0 {
            spans.append(Span(" · incomplete: the scan failed (L)", .statusError))
        } else if let only, scan.asOf != nil, table.count < only.numbers.count {
            spans.append(Span(" · \(Figures.count(only.numbers.count - table.count)) are gone since", .statusWarning))
        } else if scan.asOf != nil, places == nil {
            spans.append(Span(" · all" + (listing.took.map { ", scanned in \(Figures.duration($0))" } ?? ""), .muted))
        }
        if let only { spans.append(Span(" · \(only.title)", .statusError)) }
        return spans
    }

    /// What a condition made of the messages: unknown is not true, and is told.
    private static func summary(_ search: MessageListing.Search) -> [Span] {
        let counts = search.counts
        var spans = [
            Span("matched \(Figures.count(counts.matched)) of \(Figures.count(counts.looked)) looked at", .title)
        ]
        if counts.unknown > 0 { spans.append(Span(" · \(Figures.count(counts.unknown)) unknown", .statusInfo)) }
        if let failure = counts.failure {
            spans.append(Span(" · \(Figures.count(counts.failed)) without an answer (\(failure))", .statusWarning))
        }
        return spans
    }

    private var noun: String {
        switch path.subQueue {
        case .active: "message"
        case .deadLetter: "dead letter"
        case .transferDeadLetter: "transfer dead letter"
        }
    }

    private func expected(_ model: Model) -> Int? {
        if let only { return only.numbers.count }
        return selection == MessageSelection() && start == nil ? model.count(of: path) : nil
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let panes = panes(in: rect)
        if !panes.list.isEmpty { renderList(into: &surface, panes.list, surroundings) }
        if !panes.divider.isEmpty {
            let isProduction = surroundings.model.isProduction
            let isVertical = panes.divider.rows > 1
            surface.fill(
                isVertical ? panes.divider.splitLeft(1).left : panes.divider,
                with: isVertical ? (isProduction ? "║" : "│") : (isProduction ? "═" : "─"),
                role: isProduction ? .ruleProduction : .rule)
        }
        if !panes.detail.isEmpty { detail?.render(into: &surface, panes.detail, isFocused: isReading) }
    }

    private func renderList(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let columns = columns
        let widget = Table(columns: columns, isProduction: surroundings.model.isProduction, isFocused: !isReading)
        widget.render(into: &surface, rect, list: list, count: count) { line in
            row(at: line).map { cells(of: $0, now: surroundings.now) } ?? []
        }
        guard count == 0 else { return }
        let body = rect.splitTop(rect.rows >= 2 ? 1 : 0).rest
        if let error = scan.error {
            Placeholder.render(error, into: &surface, body, retry: "^R tries again · q goes back · L shows the log")
        } else if scan.load != nil {
            Placeholder.render("Loading \(path.subQueue.title)…", role: .statusPending, into: &surface, body)
        } else if scan.isStopped {
            Placeholder.render("Stopped before any message came. ^R starts again.", into: &surface, body)
        } else if let counts = listing.search?.counts, table.isEmpty {
            let unknown = counts.unknown > 0 ? " For \(Figures.count(counts.unknown)) it is unknown: they lack what it asks for." : ""
            Placeholder.render(
                "The condition is true for none of \(Figures.count(counts.looked, "message")).\(unknown) w changes it, esc shows all.",
                into: &surface, body)
        } else if isFiltered {
            Placeholder.render("No message fits the filter. esc clears it.", into: &surface, body)
        } else if scan.asOf != nil {
            Placeholder.render("No \(path.subQueue.title) here.", role: .statusOK, into: &surface, body)
        }
    }

    private func cells(of row: MessageTable.Row, now: Timestamp) -> [Span] {
        [
            Span(String(row.sequenceNumber.rawValue)),
            Span(row.enqueuedTime.map { Figures.moment($0, now: now) } ?? "–", .muted),
            Span(String(row.deliveryCount), row.deliveryCount > 0 ? .text : .muted),
        ] + (path.subQueue == .active ? [] : [Span(row.deadLetterReason ?? "–", row.deadLetterReason == nil ? .muted : .text)]) + [
            Span(row.subject ?? "–", row.subject == nil ? .muted : .text),
            Span(row.messageID ?? "–", .muted),
            Span(row.state.description, row.state == .active ? .muted : .statusInfo),
        ]
    }
}
