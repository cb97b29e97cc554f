internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// Who can send, receive and manage on one entity, and why: every way in, the widest first.
struct BindingsScreen: AccessScreen {
    let path: EntityPath
    let context = KeyContext.bindings
    private(set) var filter = TextFilter()
    /// Only those who can do this; nil: all.
    private(set) var ability: AccessHolder.Ability?
    var ownLoad: LoadID?
    var list = NotedList()
    private var holders: [AccessHolder] = []
    private var unknown: [AccessHolder] = []
    private var rows: [AccessHolder] = []
    private var snapshot: AccessSnapshot?

    init(_ path: EntityPath) { self.path = path.entity }

    var crumbs: [String] { [path.displayName, "bindings"] }

    private static let columns = [
        TableColumn("who", 14, upTo: 44, worth: 100),
        TableColumn("kind", 6, upTo: 24, worth: 60),
    ]

    // MARK: - Rows

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange()
    }

    mutating func modelChanged(_ model: Model) {
        guard snapshot !== model.access.value else { return }
        snapshot = model.access.value
        let all = isMissing ? [] : snapshot?.index.holders(of: path) ?? []
        holders = all.filter { !$0.isUnknown }.sorted { AccessText.isWorse($0, $1) }
        unknown = all.filter(\.isUnknown)
        arrange()
    }

    /// Whether Azure has no such entity.
    private var isMissing: Bool { snapshot.map { $0.index.knowsEntities && $0.row(of: path) == nil } ?? false }

    private var selected: AccessHolder? { list.selected.map { rows[$0] } }

    private mutating func arrange() {
        guard let snapshot else { return }
        let selected = selected
        rows = holders.filter { AccessText.can($0, ability) && (!isFiltered || filter.matches(AccessText.words($0))) }
        let place = selected.flatMap { rows.firstIndex(of: $0) }
        list.set(count: rows.count, notes: notes(snapshot), selecting: place ?? (selected == nil ? nil : 0))
    }

    private func notes(_ snapshot: AccessSnapshot) -> [[Span]] {
        let notes = AccessText.notes(unknown, snapshot.gaps)
        guard rows.isEmpty else { return notes }
        return [[Span(emptiness(snapshot), .muted)]] + notes
    }

    /// Why no line is shown. "Nobody" is said only where everything is known.
    private func emptiness(_ snapshot: AccessSnapshot) -> String {
        let word = ability.map { $0.word } ?? "do anything"
        if isFiltered { return "No way in fits the filter. esc clears it." }
        if isMissing { return "There is no entity '\(path.displayName)' in the namespace." }
        if !unknown.isEmpty || !snapshot.gaps.isEmpty { return "It is not known who can \(word) here:" }
        return "Nobody can \(word) here by a role, and no key opens it."
    }

    // MARK: - Commands

    func accessTopic(_ model: Model) -> AccessTopic { .entity(path) }

    func availability(of command: CommandID, model: Model) -> Availability {
        guard command == .open else { return .enabled }
        guard let selected else { return .disabled("no identity is selected") }
        return selected.principalID == nil ? .disabled("who has the key of a rule is nobody's to say") : .enabled
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if performCommon(command, &turn) { return }
        switch command {
        case .open:
            guard let selected, let id = selected.principalID else { return }
            turn.navigation = .push(HoldingsScreen(id, selected.principal, selected.kind))
        case .whoCan:
            ability = ability.next
            arrange()
        default: break
        }
    }

    var narrowing: String? { ability.map { "they can \($0.word)" } }

    mutating func widen(_ turn: inout Turn) {
        ability = nil
        arrange()
    }

    // MARK: - Drawing

    func summary(_ surroundings: Surroundings) -> [Span] {
        var spans = [Span(path.displayName, .title)]
        guard let snapshot else { return spans + [Span(" · who can send, receive and manage", .muted)] }
        let row = snapshot.row(of: path)
        if isMissing { return spans + [Span(" · there is no such entity", .statusWarning)] }
        if let row, case .known = row.senders {
            spans += AccessText.unknownCount(AccessText.notes(unknown, snapshot.gaps).count)
            var counts = [("send", row.senders), ("receive", row.receivers)]
            // On 80 columns the age takes a third of the line.
            if surroundings.columns >= 100 { counts.append(("manage", row.managers)) }
            for (word, count) in counts {
                guard let count = count.value else { continue }
                spans += [Span(" · \(word) ", .muted), Span(AccessText.number(count))]
            }
        } else {
            spans += [Span(" · "), Span("✕ who has access is not known", .statusWarning)]
        }
        if let keys = row?.keys.value, keys > 0, surroundings.columns >= 100 {
            spans.append(Span(" · \(Figures.count(keys, "key rule"))", .statusWarning))
        }
        return spans + loadingNote(surroundings.model)
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        if renderPlaceholder(into: &surface, rect, surroundings) { return }
        let now = surroundings.now
        let layout = AccessTable(BindingsScreen.columns, rows, now: now)
        let table = Table(columns: layout.columns, isProduction: surroundings.model.isProduction)
            .fitted(to: rows.prefix(300).lazy.map { layout.cells(BindingsScreen.cells(of: $0), $0) })
        list.render(table, into: &surface, rect, foot: selected.map { [AccessText.sentence($0, now: now)] } ?? []) {
            layout.cells(BindingsScreen.cells(of: rows[$0]), rows[$0])
        }
    }

    private static func cells(of holder: AccessHolder) -> [Span] {
        [Span(holder.principal, holder.kind == "key" ? .statusWarning : .text), Span(holder.kind, .muted)]
    }
}

extension AccessHolder.Ability? {
    /// The next of what people ask about most; after the last, everything.
    var next: AccessHolder.Ability? {
        switch self {
        case nil: .send
        case .send?: .receive
        case .receive?: .manage
        case .manage?, .keys?, .grant?: nil
        }
    }
}
