internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What one identity can do in the whole namespace: by roles of its own and of groups it is known to be in.
struct HoldingsScreen: AccessScreen {
    /// Its object id.
    let id: String
    let name: String
    let kind: String
    let context = KeyContext.holdings
    private(set) var filter = TextFilter()
    private(set) var ability: AccessHolder.Ability?
    var ownLoad: LoadID?
    var list = NotedList()
    private var holders: [AccessHolder] = []
    private var unknown: [AccessHolder] = []
    private var areAll = true
    private var rows: [AccessHolder] = []
    private var snapshot: AccessSnapshot?

    init(_ id: String, _ name: String, _ kind: String) {
        self.id = id
        self.name = name
        self.kind = kind
    }

    var crumbs: [String] { [name] }

    private static let columns = [TableColumn("where", 16, upTo: 50, worth: 100)]

    // MARK: - Rows

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange()
    }

    mutating func modelChanged(_ model: Model) {
        guard snapshot !== model.access.value else { return }
        snapshot = model.access.value
        let (all, areAll) = snapshot?.index.holdings(of: id) ?? ([], true)
        holders = all.filter { !$0.isUnknown }.sorted { AccessText.isWorse($0, $1) }
        unknown = all.filter(\.isUnknown)
        self.areAll = areAll
        arrange()
    }

    private var selected: AccessHolder? { list.selected.map { rows[$0] } }

    private mutating func arrange() {
        guard let snapshot else { return }
        let selected = selected
        rows = holders.filter { AccessText.can($0, ability) && (!isFiltered || filter.matches(AccessText.words($0))) }
        var notes = AccessText.notes(unknown, snapshot.gaps)
        if !areAll { notes.insert([Span("✕ there may be more, through groups whose members are not known", .statusWarning)], at: 0) }
        if rows.isEmpty { notes.insert([Span(emptiness(isSure: notes.isEmpty), .muted)], at: 0) }
        let place = selected.flatMap { rows.firstIndex(of: $0) }
        list.set(count: rows.count, notes: notes, selecting: place ?? (selected == nil ? nil : 0))
    }

    private func emptiness(isSure: Bool) -> String {
        let word = ability.map { $0.word } ?? "do anything"
        if isFiltered { return "No way in fits the filter. esc clears it." }
        return isSure ? "\(name) cannot \(word) here." : "It is not known that \(name) could \(word) here:"
    }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        guard command == .open else { return .enabled }
        guard let selected else { return .disabled("nothing is selected") }
        return selected.entity == nil ? .disabled("it holds for all entities; b lists them") : .enabled
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if performCommon(command, &turn) { return }
        switch command {
        case .open: if let path = selected?.entity { turn.navigation = .push(BindingsScreen(path)) }
        case .whoCan:
            ability = ability.next
            arrange()
        default: break
        }
    }

    var narrowing: String? { ability.map { "it can \($0.word)" } }

    mutating func widen(_ turn: inout Turn) {
        ability = nil
        arrange()
    }

    // MARK: - Drawing

    func summary(_ surroundings: Surroundings) -> [Span] {
        var spans = [Span(name, .title), Span(" · \(kind)", .muted)]
        guard let snapshot else { return spans }
        spans.append(Span(" · \(Figures.count(holders.count, "role")) here"))
        spans += AccessText.unknownCount(AccessText.notes(unknown, snapshot.gaps).count + (areAll ? 0 : 1))
        return spans + loadingNote(surroundings.model)
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        if renderPlaceholder(into: &surface, rect, surroundings) { return }
        let now = surroundings.now
        let layout = AccessTable(HoldingsScreen.columns, rows, now: now)
        let table = Table(columns: layout.columns, isProduction: surroundings.model.isProduction)
            .fitted(to: rows.prefix(300).lazy.map { layout.cells([HoldingsScreen.place(of: $0)], $0) })
        list.render(table, into: &surface, rect, foot: selected.map { [AccessText.sentence($0, now: now)] } ?? []) {
            layout.cells([HoldingsScreen.place(of: rows[$0])], rows[$0])
        }
    }

    private static func place(of holder: AccessHolder) -> Span {
        holder.entity.map { Span($0.displayName) } ?? Span("all entities", .statusWarning)
    }
}
