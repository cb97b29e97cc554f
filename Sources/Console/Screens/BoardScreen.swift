internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The home screen: services, worst first, and what belongs to nobody.
struct BoardScreen: Screen {
    /// A line of the board.
    private enum Line {
        case service(BoardRow)
        case unowned([EntityDescription])

        var id: String {
            switch self {
            case .service(let row): row.id
            case .unowned: ""
            }
        }
    }

    let context = KeyContext.board
    let crumbs = ["services"]
    private(set) var filter = TextFilter()
    private var list = ListState()
    private var lines: [Line] = []
    private var height = 1
    /// Whether a person chose a line. Until then the worst one stays selected, whichever that is.
    private var isChosen = false

    /// The right-most go first where there is no room, names last.
    private static let columns = [
        TableColumn("", 2, worth: 99),
        TableColumn("service", 12, upTo: 32, worth: 100),
        TableColumn("owner", 8, upTo: 24, worth: 86),
        TableColumn("on call", 8, upTo: 24, worth: 82),
        TableColumn("dead", 6, upTo: 11, .right, worth: 95),
        TableColumn("▲/min", 5, upTo: 12, .right, worth: 92),
        TableColumn("oldest", 6, upTo: 8, .right, worth: 88),
        TableColumn("active", 6, upTo: 11, .right, worth: 84),
        TableColumn("drain", 6, upTo: 8, .right, worth: 80),
        TableColumn("T-dead", 6, upTo: 8, .right, worth: 65),
        TableColumn("scheduled", 9, .right, worth: 20),
        TableColumn("dead so far", 11, upTo: 30, worth: 70),
        TableColumn("what is wrong", 20, upTo: 100, worth: 60),
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
        let selected = lines.indices.contains(list.selected) ? lines[list.selected].id : nil
        lines = BoardScreen.lines(model, filter)
        // The selection follows the service, not the place: after a refresh another one may be worst.
        let place = selected.flatMap { id in lines.firstIndex { $0.id == id } } ?? list.selected
        list.select(isChosen ? place : 0, count: lines.count, height: listHeight)
    }

    private static func lines(_ model: Model, _ filter: TextFilter) -> [Line] {
        guard let board = model.board else { return [] }
        var lines = board.rows.filter { row in
            let service = row.service
            return filter.matches(
                [service.name, service.title ?? "", service.owner ?? "", service.onCall ?? "", service.system ?? ""] + row.findings
                    + service.entities.map(\.displayName))
        }.map { Line.service($0) }
        let unowned = board.unownedEntities
        if !unowned.isEmpty, filter.matches(["(no service)"] + unowned.map(\.path.displayName)) { lines.append(.unowned(unowned)) }
        return lines
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = rows
        list.settle(count: lines.count, height: listHeight)
    }

    /// The table, and below it a line for what is wrong with the selected service, where there is room for both.
    private func split(_ rect: Rect) -> (table: Rect, foot: Rect) {
        let (table, foot) = rect.splitBottom(rect.rows >= 8 ? 1 : 0)
        return (table, foot)
    }

    private var listHeight: Int { Table.bodyHeight(split(Rect(row: 0, column: 0, rows: height, columns: 1)).table) }

    private var selected: Line? { lines.indices.contains(list.selected) ? lines[list.selected] : nil }

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open:
            return selected == nil ? .disabled("no service is selected") : .enabled
        case .deadLetters, .groups:
            guard case .service(let row)? = selected else { return .disabled("no service is selected") }
            return row.worstEntity == nil && row.service.entities.count != 1
                ? .disabled("no dead letters are known for this service; open it and choose an entity") : .enabled
        case .back: return .disabled("this is the first screen; Q quits")
        default: return .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            isChosen = true
            list.move(step, count: lines.count, height: listHeight)
            return
        }
        switch (command, selected) {
        case (.open, .service(let row)?): turn.navigation = .push(ServiceScreen(.service(ref: row.id, name: row.service.name)))
        case (.open, .unowned?): turn.navigation = .push(ServiceScreen(.unowned))
        case (.deadLetters, .service(let row)?):
            if let path = row.worstEntity ?? row.service.entities.first {
                turn.navigation = .push(MessagesScreen(path.entity.deadLetter))
            }
        case (.groups, .service(let row)?):
            if let path = row.worstEntity ?? row.service.entities.first {
                turn.navigation = .push(GroupsScreen(GroupsScreen.queue(of: path, turn.model)))
            }
        case (.refresh, _): turn.loadOverview()
        default: break
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row - 1
        guard row >= 1, lines.indices.contains(line) else { return }
        if line == list.selected {
            perform(.open, &turn)
        } else {
            isChosen = true
            list.select(line, count: lines.count, height: listHeight)
        }
    }

    func asOf(_ model: Model) -> Timestamp? { model.board?.totals.asOf }

    func ages(_ model: Model) -> [Timestamp] {
        [asOf(model)].compactMap(\.self) + (model.board?.rows ?? []).compactMap(\.oldestDeadLetter.value)
    }

    func position(_ model: Model) -> String { lines.isEmpty ? "" : "\(list.selected + 1) of \(lines.count)" }

    func summary(_ surroundings: Surroundings) -> [Span] {
        guard let board = surroundings.model.board else { return [Span("Services", .title)] }
        let ill = board.rows.filter { $0.health == .ill }.count
        let warned = board.rows.filter { $0.health == .warning }.count
        var spans = [Span(Figures.count(board.rows.count, "service"), .title)]
        if ill > 0 { spans += [Span(" · "), Span("\(ill) ill", .statusError)] }
        if warned > 0 { spans += [Span(" · "), Span("\(warned) to look at", .statusWarning)] }
        if ill == 0, warned == 0, board.totals.value != nil { spans += [Span(" · "), Span("all well", .statusOK)] }
        spans += BoardScreen.totals(board.totals, board.trend) + BoardScreen.origin(board)
        if !board.problems.isEmpty {
            spans.append(Span(" · \(Figures.count(board.problems.count, "catalogue problem")) (L)", .statusWarning))
        }
        if surroundings.model.overview.error != nil, asOf(surroundings.model) != nil {
            spans.append(Span(" · ! not refreshed (L)", .statusError))
        } else if surroundings.model.watch.isOn, board.totals.value != nil {
            spans.append(Span(" · every \(Figures.duration(surroundings.model.refreshInterval))", .muted))
        }
        return spans
    }

    /// Whose figures they are, where they are not the namespace's own.
    static func origin(_ board: Board) -> [Span] {
        board.isByResourceManager ? [Span(" · \(EntityDescription.resourceManagerNote)", .statusWarning)] : []
    }

    /// What is dead in the whole namespace, or why that is not known.
    static func totals(_ totals: Reading<Board.Totals>, _ trend: CountTrend = CountTrend()) -> [Span] {
        switch totals {
        case .known(let totals, _):
            let dead = "\(Figures.count(totals.deadLetters)) dead"
            var spans = [Span(" · "), Span(dead, totals.deadLetters > 0 ? .statusError : .text)]
            if let rate = trend.deadLetters, rate.perMinute != 0 {
                let cell = TrendFigures.rate(rate)
                spans.append(Span(" \(cell.text)/min", cell.role))
            }
            if totals.transferDeadLetters > 0 {
                spans += [Span(" · "), Span("\(Figures.count(totals.transferDeadLetters)) not forwarded", .statusError)]
            }
            let drain = TrendFigures.drain(trend.drain)
            if trend.drain != .unknown, trend.drain != .empty { spans += [Span(" · drain "), drain] }
            return spans
        case .notPermitted(let needs): return [Span(" · counts ✕ not permitted (needs \(needs))", .statusWarning)]
        case .unavailable(let reason): return [Span(" · no counts: \(reason)", .statusError)]
        case .pending: return []
        }
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let model = surroundings.model
        let (tableRect, foot) = split(rect)
        var columns = BoardScreen.columns
        if let span = BoardScreen.span(model.board) { columns[11].title = "dead, last \(Figures.duration(span))" }
        let table = Table(columns: columns, isProduction: model.isProduction)
            .fitted(to: lines.prefix(300).lazy.map { cells(of: $0, surroundings) })
        table.render(into: &surface, tableRect, list: list, count: lines.count) { cells(of: lines[$0], surroundings) }
        if !foot.isEmpty, let selected {
            let text = BoardScreen.wrong(selected)
            surface.put(
                row: foot.row, column: foot.column + 1, text.isEmpty ? [] : [Span("! ", .statusWarning), Span(text, .statusWarning)],
                maxWidth: max(foot.columns - 2, 0))
        }
        let below = tableRect.splitTop((tableRect.rows >= 2 ? 1 : 0) + lines.count).rest
        if let error = model.overviewError, error.isListingRefused, model.board != nil {
            Placeholder.render(refusal: error, into: &surface, below, retry: "")
        } else if let error = model.overviewError {
            Placeholder.render(error, into: &surface, below, retry: "^R tries again · L shows the log · Q quits")
        } else if model.connection.isStopped || model.overview.isStopped {
            Placeholder.render("Stopped. ^R loads again.", into: &surface, below)
        } else if !lines.isEmpty {
            return
        } else if model.connection.load != nil {
            Placeholder.render("Connecting…", role: .statusPending, into: &surface, below)
        } else if model.overview.load != nil {
            Placeholder.render("Loading services and counts…", role: .statusPending, into: &surface, below)
        } else if isFiltered {
            Placeholder.render("No service fits the filter. esc clears it.", into: &surface, below)
        } else if model.board != nil {
            Placeholder.render("The catalogue names no service and the namespace has no entity.", into: &surface, below)
        }
    }

    /// How far back the courses of the board go.
    private static func span(_ board: Board?) -> Duration? {
        guard let times = board?.trend.course.times, times.count > 1, let first = times.first, let last = times.last else { return nil }
        let seconds = last.since(first).components.seconds
        // Whole minutes, so that the heading does not change with every sample.
        return .seconds(seconds < 120 ? seconds : seconds / 60 * 60)
    }

    private static func wrong(_ line: Line) -> String {
        switch line {
        case .service(let row):
            let service = row.service
            return (row.findings + service.findings.filter { !row.findings.contains($0) }).joined(separator: "; ")
        case .unowned(let entities):
            return "\(Figures.count(entities.count, "entity", plural: "entities")) the catalogue does not know"
        }
    }

    private func cells(of line: Line, _ surroundings: Surroundings) -> [Span] {
        let model = surroundings.model
        let trend: CountTrend
        let oldest: Reading<Timestamp>
        let figures: [Reading<Int64>]
        let names: [Span]
        switch line {
        case .service(let row):
            let service = row.service
            (trend, oldest) = (row.trend, row.oldestDeadLetter)
            figures = [row.deadLetters, row.transferDeadLetters, row.active, row.scheduled]
            names = [
                BoardScreen.mark(row.health), Span(service.name, row.health == .ill ? .statusError : .text),
                Span(service.owner ?? "nobody", service.owner == nil ? .statusWarning : .text),
                Span(service.onCall ?? "–", service.onCall == nil ? .muted : .text),
            ]
        case .unowned(let entities):
            (trend, oldest) = (model.board?.unownedTrend ?? CountTrend(), model.board?.unownedOldestDeadLetter ?? .pending)
            let counts = entities.compactMap(\.counts)
            let asOf = asOf(model) ?? surroundings.now
            figures = [\EntityCounts.deadLetter, \.transferDeadLetter, \.active, \.scheduled].map { count in
                .known(counts.reduce(0) { EntityTree.add($0, $1[keyPath: count]) }, at: asOf)
            }
            let isIll = figures.prefix(2).contains { ($0.value ?? 0) > 0 }
            names = [
                isIll ? Span("!!", .statusError) : Span("!", .statusWarning), Span("(no service)", .muted),
                model.board?.isCatalogueKnown == true ? Span("nobody", .statusWarning) : Span("–", .muted), Span("–", .muted),
            ]
        }
        let dead: (Int64) -> Role = { $0 > 0 ? .statusError : .text }
        let isEmpty = (figures[0].value ?? 1) <= 0 && (figures[1].value ?? 1) <= 0
        return names + [
            figures[0].cell(Figures.count, role: dead), TrendFigures.rate(trend.deadLetters),
            TrendFigures.oldest(oldest, isEmpty: isEmpty, isLooking: model.isLookingForAges, now: surroundings.now),
            figures[2].cell(Figures.count, role: { _ in .text }), TrendFigures.drain(trend.drain),
            figures[1].cell(Figures.count, role: dead), figures[3].cell(Figures.count, role: { _ in .muted }),
            Span(Sparkline.text(trend.course.deadLetters, width: BoardScreen.courseWidth), isEmpty ? .muted : .statusError),
            Span(BoardScreen.wrong(line), .statusWarning),
        ]
    }

    /// Samples of a course that are drawn.
    private static let courseWidth = 20

    /// Health as a sign, so that colour is not needed.
    static func mark(_ health: Health) -> Span {
        switch health {
        case .ill: Span("!!", .statusError)
        case .warning: Span("!", .statusWarning)
        case .unknown: Span("?", .muted)
        case .well: Span("ok", .statusOK)
        }
    }
}
