internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The messages of one queue by what they have in common: dead letters by what they died of. The groups are there from the first page on and
/// grow while the scan runs; below them stands one message of the selected group.
struct GroupsScreen: Screen {
    /// A line.
    enum Line: Hashable {
        case group(MessageGroup)
        /// All messages that are alone in their group.
        case singles(SequenceNumberSet)
        /// Messages that are in no group, because there were too many different ones.
        case others(Int)

        /// What stays the same while a group grows.
        var id: String {
            switch self {
            case .group(let group): group.id
            case .singles: "singles"
            case .others: "others"
            }
        }
    }

    /// What stands first.
    private enum Order: Int, CaseIterable {
        case count, lastSeen, firstSeen, cause

        var title: String {
            switch self {
            case .count: "most first"
            case .lastSeen: "latest first"
            case .firstSeen: "oldest first"
            case .cause: "in order of cause"
            }
        }

        var next: Order { Order(rawValue: rawValue + 1) ?? .count }
    }

    let path: EntityPath
    let context = KeyContext.groups
    private(set) var filter = TextFilter()
    private var order = Order.count
    private var scan: GroupScan
    private var found = Loadable<GroupScan.Progress>()
    /// The load that was asked last: one that was stopped still says how far it came.
    private var asked: LoadID?
    var lines: [Line] = []
    var list = ListState()
    /// Whether a person chose a line: then that stays selected wherever it goes, else the first one is.
    var hasChosen = false
    var height = 1
    /// The groups that a person marked, by what stays the same while they grow.
    var marks: Set<String> = []
    var anchor: String?
    /// The marked groups as they were last found, and the members of them where there are several.
    var marked: [Line] = []
    var markedMembers = SequenceNumberSet()
    /// The message below, and which was asked for.
    private var sample = Loadable<DeadLetterEvidence>()
    private var sampled: SequenceNumber?

    init(_ path: EntityPath) {
        self.path = path
        scan = GroupScan(path, by: GroupsScreen.usualKeys(path))
    }

    /// Where nothing has died, messages have no cause, but a subject.
    private static func usualKeys(_ path: EntityPath) -> [GroupKey] {
        path.subQueue == .active && !path.isErrorQueue ? [.property(.system("Label"))] : [.fingerprint]
    }

    /// Which of an entity's queues is looked at first: where something went wrong.
    static func queue(of entity: EntityPath, _ model: Model) -> EntityPath {
        guard let counts = model.entity(entity)?.counts, counts.deadLetter == 0 else { return entity.deadLetter }
        if counts.transferDeadLetter > 0 { return entity.subQueue(.transferDeadLetter) }
        return entity.isErrorQueue && counts.active > 0 ? entity.entity : entity.deadLetter
    }

    var crumbs: [String] { [path.entity.displayName, path.subQueue.title, "groups"] }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        if case .notAsked = found.phase { start(&turn) }
        lookAtSample(&turn)
    }

    mutating func disappear(_ turn: inout Turn) {
        turn.stop(found.load)
        turn.stop(sample.load)
    }

    private mutating func start(_ turn: inout Turn) {
        turn.stop(found.load)
        let id = turn.start(.groups(scan))
        asked = id
        found.begin(id)
    }

    func loads(_ model: Model) -> [LoadID] { [found.load, sample.load].compactMap(\.self) }
    func awaited(_ model: Model) -> [LoadID] { [found.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        turn.stop(found.load)
        found.stop()
        turn.say(.info, "Stopped: the groups are of what was read. + goes on, ^R starts again.")
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        switch answer {
        case .groups(let progress) where id == asked:
            found.set(progress, asOf: turn.now)
            arrange()
        case .evidence(let evidence) where id == sample.load: sample.set(evidence, asOf: turn.now)
        default: return false
        }
        lookAtSample(&turn)
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        switch id {
        case found.load: found.finish(error)
        case sample.load: sample.finish(error)
        default: return false
        }
        return true
    }

    /// Loads a message of the selected group, unless the one that is there is of it.
    mutating func lookAtSample(_ turn: inout Turn) {
        guard case .group(let group)? = selected, sampled.map({ !group.members.contains($0) }) ?? true else { return }
        turn.stop(sample.load)
        sampled = group.sample
        sample = Loadable()
        sample.begin(turn.start(.evidence(path, group.sample)))
    }

    // MARK: - Lines

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange()
    }

    /// Takes the lines over. The selection follows the group that was chosen, which may have grown or go elsewhere.
    private mutating func arrange() {
        let old = hasChosen ? selected?.id : nil
        let progress = found.value ?? GroupScan.Progress()
        let groups = progress.groups.filter { filter.matches([$0.title, $0.id]) }
        lines = sorted(groups).map { .group($0) }
        if !progress.singles.isEmpty, filter.matches(["messages alone in their group"]) { lines.append(.singles(progress.singles)) }
        if progress.others > 0, filter.isEmpty { lines.append(.others(progress.others)) }
        gatherMembers()
        list.select(old.flatMap { id in lines.firstIndex { $0.id == id } } ?? list.selected, count: lines.count, height: height)
    }

    /// Everything that was found and can be marked, the largest first.
    var foundLines: [Line] {
        guard let progress = found.value else { return [] }
        return progress.groups.map { .group($0) } + (progress.singles.isEmpty ? [] : [.singles(progress.singles)])
    }

    private func sorted(_ groups: [MessageGroup]) -> [MessageGroup] {
        // They come with the largest first; what is equal otherwise stays so.
        switch order {
        case .count: groups
        case .lastSeen: groups.sorted { ($1.lastSeen?.milliseconds ?? .min, $1.count) < ($0.lastSeen?.milliseconds ?? .min, $0.count) }
        case .firstSeen: groups.sorted { ($0.firstSeen?.milliseconds ?? .max, $1.count) < ($1.firstSeen?.milliseconds ?? .max, $0.count) }
        case .cause: groups.sorted { $0.title < $1.title }
        }
    }

    var selected: Line? { lines.indices.contains(list.selected) ? lines[list.selected] : nil }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .toggleMark, .markRange, .markAll, .invertMarks, .clearMarks: return markAvailability(of: command)
        case .open:
            switch selected {
            case nil: return .disabled("no group is selected")
            case .others: return .disabled("which they are was not kept: there are too many different ones")
            default: return .enabled
            }
        case .explain:
            if case .group = selected { return .enabled }
            return .disabled("select one group")
        case .more:
            if found.load != nil { return .disabled("it is going on") }
            return found.value?.isComplete == true ? .disabled("all messages were read; ^R starts again") : .enabled
        default: return .enabled
        }
    }

    func accessTopic(_ model: Model) -> AccessTopic { .entity(path.entity) }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            list.move(step, count: lines.count, height: height)
            hasChosen = list.selected > 0
            lookAtSample(&turn)
            return
        }
        switch command {
        case .toggleMark, .markRange, .markAll, .invertMarks, .clearMarks: mark(command, &turn)
        case .open: open(&turn)
        case .explain:
            guard case .group(let group)? = selected else { return }
            turn.navigation = .push(ExplanationScreen(group, in: path, of: found.value?.scanned ?? group.count, from: crumbs.last ?? ""))
        case .sort:
            order = order.next
            arrange()
            lookAtSample(&turn)
        case .groupBy: turn.question = question
        case .more: start(&turn)
        case .refresh:
            scan = GroupScan(path, by: scan.keys)
            start(&turn)
        default: break
        }
    }

    private func open(_ turn: inout Turn) {
        switch selected {
        case .group(let group):
            let part = MessagesScreen.Part(title: group.title, id: group.id, numbers: group.members)
            turn.navigation = .push(MessagesScreen(path, only: part))
        case .singles(let numbers):
            let part = MessagesScreen.Part(title: "messages alone in their group", id: "singles", numbers: numbers)
            turn.navigation = .push(MessagesScreen(path, only: part))
        case .others, nil: break
        }
    }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        let line = list.top + row - 2
        guard row >= 2, row < height + 2, lines.indices.contains(line) else { return }
        if line == list.selected {
            open(&turn)
        } else {
            list.select(line, count: lines.count, height: height)
            hasChosen = line > 0
            lookAtSample(&turn)
        }
    }

    // MARK: - Keys

    private var question: Question {
        let usual: [(String, String)] = [
            ("fingerprint", "what they died of, without what varies"), ("reason", "the dead-letter reason"),
            ("source", "the entity it was dead-lettered from"), ("subject", ""), ("to", ""), ("session", ""), ("content-type", ""),
            ("correlation-id", ""), ("delivery-count", ""), ("state", "active, deferred or scheduled"),
        ]
        let seen = (found.value?.propertyNames ?? []).map { (GroupKey.property(.user($0)).description, "application property") }
        return Question(
            label: "group by", text: GroupsScreen.text(of: scan.keys),
            help: "Keys with commas between; also sys.NAME, and body.path, which reads bodies.",
            choices: (usual + seen).map { .init(text: $0.0, note: $0.1) }, separator: ",")
    }

    private static func text(of keys: [GroupKey]) -> String {
        keys.map { $0 == .property(.system("Label")) ? "subject" : $0.description }.joined(separator: ",")
    }

    func check(_ answer: String, _ model: Model) -> Question.Problem? {
        do throws(OperatorError) {
            _ = try GroupKey.parse(answer)
            return nil
        } catch {
            return Question.Problem(text: error.message)
        }
    }

    mutating func take(_ answer: String, _ turn: inout Turn) -> Question.Problem? {
        do throws(OperatorError) {
            let keys = try GroupKey.parse(answer)
            guard keys != scan.keys else { return nil }
            turn.stop(found.load)
            scan = GroupScan(path, by: keys)
            found = Loadable()
            marks = []
            arrange()
            start(&turn)
            return nil
        } catch {
            return Question.Problem(text: error.message)
        }
    }

    // MARK: - Drawing

    private func split(_ rect: Rect) -> (head: Rect, table: Rect, foot: Rect) {
        let (rest, foot) = rect.splitBottom(rect.rows >= 15 ? 6 : rect.rows >= 9 ? 2 : 0)
        let (head, table) = rest.splitTop(rest.rows >= 5 ? 1 : 0)
        return (head, table, foot)
    }

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = Table.bodyHeight(split(Rect(row: 0, column: 0, rows: rows, columns: columns)).table)
        list.settle(count: lines.count, height: height)
    }

    func asOf(_ model: Model) -> Timestamp? { found.asOf }

    func position(_ model: Model) -> String {
        lines.isEmpty ? "" : "\(Figures.count(list.selected + 1)) of \(Figures.count(lines.count))"
    }

    func summary(_ surroundings: Surroundings) -> [Span] {
        var spans = [Span("by \(GroupsScreen.text(of: scan.keys))", .title)]
        guard let progress = found.value else { return spans }
        let noun = path.subQueue == .active ? "group" : "cause"
        if !marked.isEmpty { spans.append(Span(" · ● \(Figures.count(marked.count, noun)) marked", .statusInfo)) }
        spans.append(Span(" · \(Figures.count(progress.groups.count, noun))"))
        if !progress.singles.isEmpty { spans.append(Span(", \(Figures.count(progress.singles.count, "single"))")) }
        if isFiltered { spans.append(Span(" · \(Figures.count(lines.count)) shown", .match)) }
        if found.load == nil, !progress.isComplete {
            spans.append(Span(found.error == nil ? " · stopped (+)" : " · incomplete (+)", .statusWarning))
        }
        return spans
    }

    /// How far the scan is: what was read, of about how many, up to where. The count is the service's, which lags behind.
    private func progressLine(_ model: Model) -> [Span] {
        guard let progress = found.value else { return [Span("reading the first messages…", .statusPending)] }
        var text = "scanned \(Figures.count(progress.scanned))"
        if !progress.isComplete {
            if let expected = model.count(of: path), expected > progress.scanned { text += " of ~\(Figures.count(expected))" }
            if progress.bound != nil { text += " · \(Int(progress.passed * 100)) % of the way" }
        }
        text += " in \(Figures.duration(progress.elapsed))"
        if let bound = progress.bound { text += " · up to #\(bound)" }
        return [Span(text, .muted)]
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let model = surroundings.model
        let (head, body, foot) = split(rect)
        if !head.isEmpty {
            let right = [Span(order.title, .muted)]
            let left = progressLine(model)
            surface.put(row: head.row, column: head.column + 1, left, maxWidth: max(head.columns - 2, 0))
            if left.columns + right.columns + 4 <= head.columns {
                surface.put(row: head.row, endingAt: head.endColumn - 1, right, maxWidth: right.columns)
            }
        }
        let cells = GroupCells(path, total: found.value?.scanned ?? 0, isProduction: model.isProduction, now: surroundings.now)
        cells.render(into: &surface, body, list: list, lines: lines) { marks.contains(lines[$0].id) }
        let below = body.splitTop((body.rows >= 2 ? 1 : 0) + lines.count).rest
        if let error = found.error, lines.isEmpty {
            Placeholder.render(error, into: &surface, below, retry: "^R tries again · q goes back · L shows the log")
        } else if lines.isEmpty {
            renderNothing(into: &surface, below)
        }
        if !foot.isEmpty, let selected {
            GroupFoot(path: path, line: selected, sample: sample, sampled: sampled).render(into: &surface, foot, surroundings)
        }
    }

    private func renderNothing(into surface: inout Surface, _ rect: Rect) {
        if found.load != nil, (found.value?.scanned ?? 0) == 0 {
            Placeholder.render("Reading \(path.subQueue.title)…", role: .statusPending, into: &surface, rect)
        } else if found.isStopped {
            Placeholder.render("Stopped before any message came. + goes on.", into: &surface, rect)
        } else if isFiltered {
            Placeholder.render("No group fits the filter. esc clears it.", into: &surface, rect)
        } else {
            Placeholder.render("No \(path.subQueue.title) here.", role: .statusOK, into: &surface, rect)
        }
    }
}
