internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What differs between access as it is and access as it should be, the worst first; below it what could not be checked, and why.
struct DriftScreen: AccessScreen {
    let topic: AccessTopic
    let context = KeyContext.drift
    private(set) var filter = TextFilter()
    /// The least severity that is shown.
    private(set) var severity = DriftFinding.Severity.low
    var ownLoad: LoadID?
    var list = NotedList()
    /// What concerns the topic.
    private var report: DriftReport?
    private var rows: [DriftFinding] = []
    private var snapshot: AccessSnapshot?

    init(_ topic: AccessTopic = .namespace) { self.topic = topic }

    var crumbs: [String] { topic.crumbs + ["drift"] }

    private static let columns = [
        TableColumn("severity", 8, worth: 95),
        TableColumn("finding", 19, upTo: 19, worth: 90),
        TableColumn("where", 12, upTo: 44, worth: 80),
        TableColumn("what", 20, upTo: 140, worth: 100),
    ]

    static func role(_ severity: DriftFinding.Severity) -> Role {
        switch severity {
        case .high: .statusError
        case .medium: .statusWarning
        case .low: .muted
        }
    }

    // MARK: - Rows

    mutating func apply(filter: TextFilter, model: Model) {
        self.filter = filter
        arrange()
    }

    mutating func modelChanged(_ model: Model) {
        guard snapshot !== model.access.value else { return }
        snapshot = model.access.value
        report = snapshot.map { $0.report.concerning(topic.subject(in: $0.index)) }
        arrange()
    }

    private var selected: DriftFinding? { list.selected.map { rows[$0] } }

    private mutating func arrange() {
        guard let report else { return }
        let selected = selected?.id
        rows = report.findings.filter { finding in
            guard finding.severity >= severity else { return false }
            return !isFiltered
                || filter.matches([finding.kind.rawValue, finding.severity.word, finding.place, finding.summary, finding.id])
        }
        var notes = DriftScreen.notes(report.gaps)
        if rows.isEmpty { notes.insert([Span(emptiness(report), .muted)], at: 0) }
        let place = selected.flatMap { id in rows.firstIndex { $0.id == id } }
        list.set(count: rows.count, notes: notes, selecting: place ?? (selected == nil ? nil : 0))
    }

    private func emptiness(_ report: DriftReport) -> String {
        if isFiltered { return "No finding fits the filter. esc clears it." }
        if severity > .low { return "No finding is so bad. esc shows all." }
        return report.gaps.isEmpty
            ? "Access is as the catalogue says it should be." : "Nothing was found in what could be checked. Not checked:"
    }

    /// What was not checked, kinds with the same reason together; what is not permitted first, since it makes a clean list worth less.
    private static func notes(_ gaps: [DriftGap]) -> [[Span]] {
        var kinds: [DriftGap.Cause: [String]] = [:]
        var order: [DriftGap.Cause] = []
        for gap in gaps {
            let cause = DriftGap.Cause(reason: gap.reason, isBlind: gap.isBlind)
            if kinds[cause] == nil { order.append(cause) }
            if kinds[cause]?.contains(gap.kind.rawValue) != true { kinds[cause, default: []].append(gap.kind.rawValue) }
        }
        return (order.filter(\.isBlind) + order.filter { !$0.isBlind }).map { cause in
            let names = (kinds[cause] ?? []).joined(separator: ", ")
            return [Span("\(cause.isBlind ? "✕" : "–") not checked: \(names): \(cause.reason)", cause.isBlind ? .statusWarning : .muted)]
        }
    }

    // MARK: - Commands

    func accessTopic(_ model: Model) -> AccessTopic {
        guard let finding = selected, finding.entities.count == 1, let path = finding.entities.first else { return topic }
        return .entity(path)
    }

    func availability(of command: CommandID, model: Model) -> Availability {
        command == .open && list.selected == nil ? .disabled("no finding is selected") : .enabled
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if performCommon(command, &turn) { return }
        switch command {
        case .open: if let selected, let snapshot { turn.navigation = .push(FindingScreen(selected, asOf: snapshot.asOf)) }
        case .severity:
            severity = DriftFinding.Severity(rawValue: severity.rawValue + 1) ?? .low
            arrange()
        default: break
        }
    }

    var narrowing: String? { severity == .low ? nil : severity == .high ? "it is high" : "it is at least \(severity.word)" }

    mutating func widen(_ turn: inout Turn) {
        severity = .low
        arrange()
    }

    // MARK: - Drawing

    func summary(_ surroundings: Surroundings) -> [Span] {
        guard let report else { return [Span("Drift", .title)] }
        var spans = [Span(Figures.count(report.findings.count, "finding"), .title)]
        let blind = Set(report.gaps.filter(\.isBlind).map(\.kind)).count
        if blind > 0 { spans += [Span(" · "), Span("✕ \(Figures.count(blind, "kind")) not checked", .statusWarning)] }
        // On 80 columns the age takes a third of the line, and the worst are what counts.
        for severity in DriftFinding.Severity.allCases.reversed().prefix(surroundings.columns < 100 ? 1 : 3) {
            let count = report.findings.count { $0.severity == severity }
            if count > 0 { spans += [Span(" · "), Span("\(Figures.count(count)) \(severity.word)", DriftScreen.role(severity))] }
        }
        return spans + loadingNote(surroundings.model)
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        if renderPlaceholder(into: &surface, rect, surroundings) { return }
        let table = Table(columns: DriftScreen.columns, isProduction: surroundings.model.isProduction)
            .fitted(to: rows.prefix(300).lazy.map { DriftScreen.cells(of: $0) })
        list.render(table, into: &surface, rect, foot: foot) { DriftScreen.cells(of: rows[$0]) }
    }

    /// The selected finding in full. That something was not checked stands below a long list, where nobody looks unasked.
    private var foot: [[Span]] {
        guard let selected else { return [] }
        var lines = [[Span("\(selected.summary).")], [Span("enter shows what it rests on, and how it would be mended", .muted)]]
        if report?.gaps.isEmpty == false { lines.append([Span("what was not checked, and why, stands below the list (G)", .muted)]) }
        return lines
    }

    private static func cells(of finding: DriftFinding) -> [Span] {
        [
            Span(finding.severity.word, role(finding.severity)), Span(finding.kind.rawValue), Span(finding.place), Span(finding.summary),
        ]
    }
}

extension DriftGap {
    /// Why kinds of findings were not looked for.
    fileprivate struct Cause: Hashable {
        let reason: String
        let isBlind: Bool
    }
}
