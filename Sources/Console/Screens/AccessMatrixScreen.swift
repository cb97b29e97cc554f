internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// Services by entities: who can send, receive and manage on each, and what is wrong with that.
struct AccessMatrixScreen: AccessScreen {
    /// In which order rows stand.
    enum Order: Hashable, Sendable {
        case service
        case worst

        var title: String { self == .worst ? "worst first" : "by service" }
    }

    let topic: AccessTopic
    let context = KeyContext.access
    private(set) var filter = TextFilter()
    private(set) var order = Order.service
    var ownLoad: LoadID?
    var list = NotedList()
    /// The places of the rows that are shown, in their order.
    private var places: [Int] = []
    /// How many services these are of.
    private var services = 0
    private var snapshot: AccessSnapshot?

    init(_ topic: AccessTopic = .namespace) { self.topic = topic }

    var crumbs: [String] { topic.crumbs + ["bindings"] }

    private static let columns = [
        TableColumn("service", 10, upTo: 24, worth: 85),
        TableColumn("entity", 20, upTo: 50, worth: 100),
        TableColumn("senders", 7, upTo: 40, worth: 90),
        TableColumn("receivers", 9, upTo: 40, worth: 91),
        TableColumn("manage", 6, upTo: 40, worth: 80),
        TableColumn("keys", 4, .right, worth: 50),
        TableColumn("findings", 14, upTo: 40, worth: 95),
    ]

    // MARK: - Rows

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange(keeping: selected?.entity)
    }

    mutating func modelChanged(_ model: Model) {
        guard snapshot !== model.access.value else { return }
        // By what is shown still: the new rows may be fewer, and others.
        let chosen = selected?.entity
        snapshot = model.access.value
        arrange(keeping: chosen)
    }

    private var selected: AccessMatrixRow? {
        guard let line = list.selected, places.indices.contains(line), let rows = snapshot?.rows, rows.indices.contains(places[line]) else {
            return nil
        }
        return rows[places[line]]
    }

    private mutating func arrange(keeping selected: EntityPath?) {
        guard let snapshot else { return }
        let isFiltered = isFiltered
        places = snapshot.rows.indices.filter { place in
            if case .service(let ref, _) = topic, snapshot.rows[place].ref != ref { return false }
            return !isFiltered || filter.matches(lowercased: snapshot.texts[place])
        }
        if order == .worst {
            // What concerns the whole namespace is the same for all.
            let ranks = snapshot.rows.map { (($0.ownWorst?.severity.rawValue ?? -1), $0.ownFindings) }
            // Those that are equally bad stay in the order of services.
            places.sort { ranks[$0] == ranks[$1] ? $0 < $1 : ranks[$0] > ranks[$1] }
        }
        services = Set(places.compactMap { snapshot.rows[$0].ref }).count
        let place = selected.flatMap { path in places.firstIndex { snapshot.rows[$0].entity == path } }
        list.set(count: places.count, notes: notes(snapshot), selecting: place ?? (selected == nil ? nil : 0))
    }

    private func notes(_ snapshot: AccessSnapshot) -> [[Span]] {
        let notes = AccessText.notes([], snapshot.gaps)
        guard places.isEmpty else { return notes }
        if isFiltered { return [[Span("No entity fits the filter. esc clears it.", .muted)]] + notes }
        return [[Span("No entity is known here.", .muted)]] + notes
    }

    // MARK: - Commands

    func accessTopic(_ model: Model) -> AccessTopic { topic }

    func availability(of command: CommandID, model: Model) -> Availability {
        command == .open && list.selected == nil ? .disabled("no entity is selected") : .enabled
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if performCommon(command, &turn) { return }
        switch command {
        case .open: if let path = selected?.entity { turn.navigation = .push(BindingsScreen(path)) }
        case .sort:
            order = order == .worst ? .service : .worst
            arrange(keeping: selected?.entity)
            turn.say(.info, "Entities stand \(order.title).")
        default: break
        }
    }

    // MARK: - Drawing

    func summary(_ surroundings: Surroundings) -> [Span] {
        guard let snapshot else { return [Span("Bindings", .title)] }
        var spans = [Span(Figures.count(places.count, "entity", plural: "entities"), .title)]
        if case .namespace = topic, !isFiltered, surroundings.columns >= 100 {
            spans.append(Span(" of \(Figures.count(services, "service"))", .title))
        }
        spans += AccessText.unknownCount(snapshot.gaps.count)
        let findings = snapshot.report.findings
        let high = findings.count { $0.severity == .high }
        let isNarrow = surroundings.columns < 100
        if !findings.isEmpty, !isNarrow || high == 0 { spans.append(Span(" · \(Figures.count(findings.count, "finding"))")) }
        if high > 0 {
            let text = isNarrow ? Figures.count(high, "high finding") : "\(Figures.count(high)) high"
            spans += [Span(isNarrow ? " · " : ", "), Span(text, .statusError)]
        }
        if !findings.isEmpty { spans.append(Span(" (f)", .muted)) }
        return spans + loadingNote(surroundings.model)
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        if renderPlaceholder(into: &surface, rect, surroundings) { return }
        guard let snapshot else { return }
        let isNarrow = surroundings.columns < 100
        let cells = { (place: Int) in AccessMatrixScreen.cells(of: snapshot.rows[place], isNarrow: isNarrow) }
        let table = Table(columns: AccessMatrixScreen.columns, isProduction: surroundings.model.isProduction)
            .fitted(to: places.prefix(300).lazy.map { cells($0) })
        list.render(table, into: &surface, rect, foot: foot) { cells(places[$0]) }
    }

    private static func cells(of row: AccessMatrixRow, isNarrow: Bool) -> [Span] {
        [
            Span(row.service ?? "–", row.service == nil ? .muted : .text), Span(row.entity.displayName),
            AccessText.count(row.senders, isNarrow: isNarrow), AccessText.count(row.receivers, isNarrow: isNarrow),
            AccessText.count(row.managers, isNarrow: isNarrow),
            row.keys.cell(Figures.count, role: { $0 > 0 ? .statusWarning : .muted }), findings(row),
        ]
    }

    /// Findings of its own: those of the whole namespace are the same in every line.
    private static func findings(_ row: AccessMatrixRow) -> Span {
        guard let worst = row.ownWorst else { return Span("·", .muted) }
        return Span("\(Figures.count(row.ownFindings)) \(worst.kind.rawValue)", DriftScreen.role(worst.severity))
    }

    /// The selected row with all the names that are told, and what is wrong there.
    private var foot: [[Span]] {
        guard let row = selected else { return [] }
        var line = [Span(row.entity.displayName, .title)]
        for (word, count) in [("send", row.senders), ("receive", row.receivers), ("manage", row.managers)] {
            line.append(Span(" · \(word): ", .muted))
            switch count {
            case .known(let count, _): line.append(Span(AccessMatrixScreen.names(count)))
            case .notPermitted(let needs): line.append(Span("✕ not permitted: needs \(needs)", .statusWarning))
            case .unavailable(let reason): line.append(Span("– \(reason)", .statusWarning))
            case .pending: line.append(Span("✕ not known", .statusWarning))
            }
        }
        let elsewhere = row.findings - row.ownFindings
        let note = elsewhere > 0 ? [Span(" · \(Figures.count(elsewhere, "finding")) about the whole namespace", .muted)] : []
        let worst = row.ownWorst.map { [Span(" · ! ", DriftScreen.role($0.severity)), Span($0.summary)] } ?? []
        return [line + worst + note]
    }

    private static func names(_ count: AccessMatrixRow.Count) -> String {
        let names = count.direct + count.inherited.map { "\($0)↓" }
        let more = count.known - names.count
        guard !names.isEmpty else { return count.isAtLeast ? "perhaps somebody" : "nobody by a role" }
        let rest = (more > 0 ? " and \(Figures.count(more)) more" : "") + (count.isAtLeast ? ", perhaps others" : "")
        return names.joined(separator: ", ") + rest
    }
}
