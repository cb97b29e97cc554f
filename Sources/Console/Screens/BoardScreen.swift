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

    private static let columns = [
        TableColumn("", 2, worth: 99),
        TableColumn("service", 12, upTo: 32, worth: 100),
        TableColumn("owner", 8, upTo: 24, worth: 55),
        TableColumn("on call", 8, upTo: 24, worth: 50),
        TableColumn("dead", 7, upTo: 11, .right, worth: 95),
        TableColumn("T-dead", 6, upTo: 8, .right, worth: 30),
        TableColumn("active", 7, upTo: 11, .right, worth: 45),
        TableColumn("scheduled", 9, .right, worth: 20),
        TableColumn("what is wrong", 20, upTo: 100, worth: 80),
    ]

    mutating func appear(_ turn: inout Turn) {
        turn.loadOverviewIfMissing()
        modelChanged(turn.model)
    }

    func loads(_ model: Model) -> [LoadID] { model.loads }
    func awaited(_ model: Model) -> [LoadID] { model.awaited }

    mutating func stopLoading(_ turn: inout Turn) { turn.stopOverview() }

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        modelChanged(model)
    }

    mutating func modelChanged(_ model: Model) {
        let selected = lines.indices.contains(list.selected) ? lines[list.selected].id : nil
        lines = BoardScreen.lines(model, filter)
        // The selection follows the service, not the place: after a refresh another one may be worst.
        let place = selected.flatMap { id in lines.firstIndex { $0.id == id } } ?? list.selected
        list.select(place, count: lines.count, height: height)
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
        height = Table.bodyHeight(Rect(row: 0, column: 0, rows: rows, columns: columns))
        list.settle(count: lines.count, height: height)
    }

    private var selected: Line? { lines.indices.contains(list.selected) ? lines[list.selected] : nil }

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .open:
            return selected == nil ? .disabled("no service is selected") : .enabled
        case .deadLetters:
            guard case .service(let row)? = selected else { return .disabled("no service is selected") }
            return row.worstEntity == nil && row.service.entities.count != 1
                ? .disabled("no dead letters are known for this service; open it and choose an entity") : .enabled
        case .back: return .disabled("this is the first screen; Q quits")
        default: return .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            list.move(step, count: lines.count, height: height)
            return
        }
        switch (command, selected) {
        case (.open, .service(let row)?): turn.navigation = .push(ServiceScreen(.service(ref: row.id, name: row.service.name)))
        case (.open, .unowned?): turn.navigation = .push(ServiceScreen(.unowned))
        case (.deadLetters, .service(let row)?):
            if let path = row.worstEntity ?? row.service.entities.first {
                turn.navigation = .push(MessagesScreen(path.entity.deadLetter))
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
            list.select(line, count: lines.count, height: height)
        }
    }

    func asOf(_ model: Model) -> Timestamp? { model.board?.totals.asOf }

    func position(_ model: Model) -> String { lines.isEmpty ? "" : "\(list.selected + 1) of \(lines.count)" }

    func summary(_ surroundings: Surroundings) -> [Span] {
        guard let board = surroundings.model.board else { return [Span("Services", .title)] }
        let ill = board.rows.filter { $0.health == .ill }.count
        let warned = board.rows.filter { $0.health == .warning }.count
        var spans = [Span(Figures.count(board.rows.count, "service"), .title)]
        if ill > 0 { spans += [Span(" · "), Span("\(ill) ill", .statusError)] }
        if warned > 0 { spans += [Span(" · "), Span("\(warned) to look at", .statusWarning)] }
        if ill == 0, warned == 0, board.totals.value != nil { spans += [Span(" · "), Span("all well", .statusOK)] }
        spans += BoardScreen.totals(board.totals)
        if !board.problems.isEmpty {
            spans.append(Span(" · \(Figures.count(board.problems.count, "catalogue problem")) (L)", .statusWarning))
        }
        return spans
    }

    /// What is dead in the whole namespace, or why that is not known.
    static func totals(_ totals: Reading<Board.Totals>) -> [Span] {
        switch totals {
        case .known(let totals, _):
            let dead = "\(Figures.count(totals.deadLetters)) dead"
            var spans = [Span(" · "), Span(dead, totals.deadLetters > 0 ? .statusError : .text)]
            if totals.transferDeadLetters > 0 {
                spans += [Span(" · "), Span("\(Figures.count(totals.transferDeadLetters)) not forwarded", .statusError)]
            }
            return spans
        case .notPermitted(let needs): return [Span(" · counts ✕ not permitted (needs \(needs))", .statusWarning)]
        case .unavailable(let reason): return [Span(" · no counts: \(reason)", .statusError)]
        case .pending: return []
        }
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let model = surroundings.model
        let table = Table(columns: BoardScreen.columns, isProduction: model.isProduction)
            .fitted(to: lines.prefix(300).lazy.map { cells(of: $0) })
        table.render(into: &surface, rect, list: list, count: lines.count) { cells(of: lines[$0]) }
        let below = rect.splitTop((rect.rows >= 2 ? 1 : 0) + lines.count).rest
        if let error = model.overviewError {
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

    private func cells(of line: Line) -> [Span] {
        switch line {
        case .service(let row):
            let service = row.service
            let dead: (Int64) -> Role = { $0 > 0 ? .statusError : .text }
            return [
                BoardScreen.mark(row.health),
                Span(service.name, row.health == .ill ? .statusError : .text),
                Span(service.owner ?? "–", service.owner == nil ? .statusWarning : .text),
                Span(service.onCall ?? "–", service.onCall == nil ? .muted : .text),
                row.deadLetters.cell(Figures.count, role: dead),
                row.transferDeadLetters.cell(Figures.count, role: dead),
                row.active.cell(Figures.count, role: { _ in .text }),
                row.scheduled.cell(Figures.count, role: { _ in .muted }),
                Span((row.findings + service.findings.filter { !row.findings.contains($0) }).joined(separator: "; "), .statusWarning),
            ]
        case .unowned(let entities):
            let counts = entities.compactMap(\.counts)
            let dead = counts.reduce(Int64(0)) { $0.addingReportingOverflow($1.deadLetter).partialValue }
            let transfer = counts.reduce(Int64(0)) { $0.addingReportingOverflow($1.transferDeadLetter).partialValue }
            let active = counts.reduce(Int64(0)) { $0.addingReportingOverflow($1.active).partialValue }
            let scheduled = counts.reduce(Int64(0)) { $0.addingReportingOverflow($1.scheduled).partialValue }
            return [
                Span(dead > 0 ? "!!" : "!", .statusWarning),
                Span("(no service)", .muted), Span("–", .muted), Span("–", .muted),
                Span(Figures.count(dead), dead > 0 ? .statusError : .text), Span(Figures.count(transfer)),
                Span(Figures.count(active)), Span(Figures.count(scheduled), .muted),
                Span("\(Figures.count(entities.count, "entity", plural: "entities")) the catalogue does not know", .statusWarning),
            ]
        }
    }

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
