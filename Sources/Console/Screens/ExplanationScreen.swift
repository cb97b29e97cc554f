internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// Why messages lie where they lie: what the reason means, which setting it came from here, what people do about it, what a framework
/// says, and one message in full words.
struct ExplanationScreen: Screen {
    /// A group that is explained by one of its messages.
    private struct Whole {
        var group: MessageGroup
        /// The messages that were read when the group was found.
        var total: Int
    }

    let path: EntityPath
    let context = KeyContext.explanation
    let filter = TextFilter()
    let crumbs: [String]
    private let number: SequenceNumber
    private let whole: Whole?
    private var evidence = Loadable<DeadLetterEvidence>()
    /// The settings of the entity it died in, where the listing does not have them.
    private var settings = Loadable<EntityDescription>()
    private var scroll = ScrollState()
    private var layout = TextLayout(width: 1)
    private var width = 1
    private var height = 1

    /// - Parameter place: the last crumb of the screen it is called from.
    init(_ group: MessageGroup, in path: EntityPath, of total: Int, from place: String) {
        self.path = path
        number = group.sample
        whole = Whole(group: group, total: total)
        crumbs = [place, "explained"]
    }

    /// - Parameter place: the last crumb of the screen it is called from.
    init(_ number: SequenceNumber, in path: EntityPath, from place: String) {
        self.path = path
        self.number = number
        whole = nil
        crumbs = [place, "#\(number) explained"]
    }

    /// The entity a message died in: where dead letters of several are collected it is another than the one they lie in.
    private static func origin(of evidence: DeadLetterEvidence, in path: EntityPath) -> EntityPath {
        guard let source = evidence.source, let origin = try? EntityPath(parsing: source) else { return path.entity }
        return origin.entity
    }

    /// The settings of the entity a message died in, as far as they are known.
    static func settings(for evidence: DeadLetterEvidence, in path: EntityPath, _ model: Model) -> EntityDescription? {
        model.entity(origin(of: evidence, in: path))
    }

    // MARK: - Loading

    mutating func appear(_ turn: inout Turn) {
        if case .notAsked = evidence.phase { evidence.begin(turn.start(.evidence(path, number))) }
    }

    mutating func disappear(_ turn: inout Turn) { for id in loads(turn.model) { turn.stop(id) } }

    func loads(_ model: Model) -> [LoadID] { [evidence.load, settings.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) {
        for id in loads(turn.model) { turn.stop(id) }
        if evidence.load != nil { evidence.stop() }
        if settings.load != nil { settings.stop() }
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, _ turn: inout Turn) -> Bool {
        switch answer {
        case .evidence(let found) where id == evidence.load:
            evidence.set(found, asOf: turn.now)
            let origin = ExplanationScreen.origin(of: found, in: path)
            if turn.model.entity(origin) == nil, case .notAsked = settings.phase { settings.begin(turn.start(.entity(origin))) }
        case .entity(let description) where id == settings.load:
            settings.set(description, asOf: turn.now)
            turn.model.note([description], asOf: turn.now)
        default: return false
        }
        arrange(turn.model)
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?, _ turn: inout Turn) -> Bool {
        switch id {
        case evidence.load: evidence.finish(error)
        // Without leave to read settings the rest is still worth reading.
        case settings.load: settings.finish(nil)
        default: return false
        }
        arrange(turn.model)
        return true
    }

    // MARK: - Lines

    mutating func apply(filter: TextFilter, model: Model) {}

    mutating func modelChanged(_ model: Model) { arrange(model) }

    private mutating func arrange(_ model: Model) {
        guard let evidence = evidence.value else { return }
        let lines = lines(evidence, model)
        layout = TextLayout([.lines(TextBlock.visible(lines), TextBlock.Wrapping(hang: 14, atWords: true))], width: width)
        scroll.settle(count: layout.count, height: height)
    }

    private func lines(_ evidence: DeadLetterEvidence, _ model: Model) -> [[Span]] {
        let entity = ExplanationScreen.settings(for: evidence, in: path, model) ?? settings.value
        let explanation = DeadLetterExplanation(of: evidence, in: path, entity: entity, deliveries: whole?.group.deliveries)
        let reason = evidence.reason ?? evidence.fault?.exceptionType ?? evidence.fault?.reason
        var lines: [[Span]] = [[Span(pad("Reason"), .muted), Span(reason ?? "none given", reason == nil ? .muted : .statusError)]]
        lines.append(fact("Whose word", whose(explanation.origin, evidence)))
        lines.append(fact("Means", explanation.meaning))
        if let here = explanation.here { lines.append(fact("Here", here)) }
        lines.append(fact("Try", explanation.advice))
        if let owner = owner(of: evidence, model) { lines.append(fact("Ask", owner)) }
        if let whole { lines += [[], heading("the group")] + groupLines(whole, now: evidence.enqueuedTime) }
        if let fault = evidence.fault { lines += [[], heading("what \(fault.framework.rawValue) says")] + faultLines(fault) }
        return lines + [[], heading(whole == nil ? "the message" : "its newest message")] + sampleLines(evidence)
    }

    private func whose(_ origin: DeadLetterExplanation.Origin, _ evidence: DeadLetterEvidence) -> String {
        switch origin {
        case .service: "the service's"
        case .framework: "\(evidence.fault?.framework.rawValue ?? "a framework")'s"
        case .application: "the application's own"
        }
    }

    private func owner(of evidence: DeadLetterEvidence, _ model: Model) -> String? {
        let origin = ExplanationScreen.origin(of: evidence, in: path)
        guard let tree = model.overview.value?.tree, let place = tree.place(of: origin), let service = tree.services(of: place).first else {
            return nil
        }
        return
            "\(service.owner ?? "no owner is known"), on call \(service.onCall ?? "nobody"): \(origin.displayName) belongs to \(service.name)"
    }

    private func groupLines(_ whole: Whole, now: Timestamp?) -> [[Span]] {
        let group = whole.group
        let times = [group.firstSeen, group.lastSeen].map { $0.map { Figures.moment($0, now: now ?? $0) + "Z" } ?? "–" }
        var lines = [
            fact("Cause", group.title),
            fact(
                "Messages",
                "\(Figures.count(group.count)) of \(Figures.count(whole.total)) that were read (\(GroupCells.share(group.count, of: whole.total)))"
            ),
            fact("Seen", "\(times[0]) to \(times[1])"),
        ]
        if let rate = ExplanationScreen.rate(group) { lines.append(fact("Rate", rate)) }
        lines.append(fact("Group", group.id))
        return lines
    }

    /// How many came in a minute on average; nil where there is no time between them.
    static func rate(_ group: MessageGroup) -> String? {
        guard group.count > 1, let first = group.firstSeen, let last = group.lastSeen, last > first else { return nil }
        // Moments that a peer wrote may lie farther apart than can be counted.
        let time = last.since(first)
        let rate = Double(group.count - 1) / (time / .seconds(60))
        if rate >= 1 { return "\(Figures.count(Int(min(rate, 1e12).rounded()))) a minute on average" }
        return "one every \(Figures.duration(time / (group.count - 1))) on average"
    }

    private func faultLines(_ fault: FrameworkFault) -> [[Span]] {
        let facts: [(String, String?)] = [
            ("Exception", fault.exceptionType), ("Message", fault.message), ("Where", fault.frame), ("Taken from", fault.source),
            ("Consumer", fault.consumer), ("Machine", fault.machine), ("When", fault.time), ("Retries", fault.retries),
            ("Moved for", fault.reason),
        ]
        return facts.flatMap { label, value in value.map { texts(label, $0) } ?? [] }
    }

    private func sampleLines(_ evidence: DeadLetterEvidence) -> [[Span]] {
        let facts: [(String, String?)] = [
            ("Sequence", "#\(evidence.sequenceNumber)"), ("Message id", evidence.messageID), ("Subject", evidence.subject),
            ("Enqueued", evidence.enqueuedTime?.rfc3339), ("Delivered", Figures.count(evidence.deliveryCount, "time")),
            ("Time to live", evidence.timeToLive.map { Figures.duration($0) }), ("Died in", evidence.source),
            ("Description", evidence.errorDescription),
        ]
        return facts.flatMap { label, value in value.map { texts(label, $0) } ?? [] }
    }

    private func heading(_ title: String) -> [Span] { [Span(title, .header)] }

    private func fact(_ label: String, _ text: String) -> [Span] { [Span(pad(label), .muted), Span(text)] }

    /// A text of several lines, such as a stack trace, is read line by line.
    private func texts(_ label: String, _ text: String) -> [[Span]] {
        text.split(whereSeparator: \.isNewline).enumerated().map { fact($0 == 0 ? label : "", String($1)) }
    }

    private func pad(_ label: String) -> String { label + String(repeating: " ", count: max(14 - Width.of(label), 1)) }

    // MARK: - Commands

    func availability(of command: CommandID, model: Model) -> Availability { .enabled }

    func accessTopic(_ model: Model) -> AccessTopic { .entity(path.entity) }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) { scroll.move(step, count: layout.count, height: height) }
        if command == .refresh, evidence.load == nil {
            evidence.begin(turn.start(.evidence(path, number)))
            settings = Loadable()
        }
    }

    // MARK: - Drawing

    mutating func settle(rows: Int, columns: Int, model: Model) {
        height = max(rows, 1)
        if max(columns - 2, 1) != width {
            width = max(columns - 2, 1)
            arrange(model)
        }
        scroll.settle(count: layout.count, height: height)
    }

    func asOf(_ model: Model) -> Timestamp? { evidence.asOf }

    func position(_ model: Model) -> String {
        layout.count == 0 ? "" : "line \(scroll.top + 1)-\(min(scroll.top + height, layout.count)) of \(layout.count)"
    }

    func summary(_ surroundings: Surroundings) -> [Span] {
        if let whole { return [Span(Figures.count(whole.group.count, "message"), .title), Span(" · \(whole.group.title)", .statusError)] }
        return [Span("#\(number)", .title), Span(" · peeked, not locked", .muted)]
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        surface.cursor = Surface.Position(row: rect.row, column: rect.column)
        if evidence.value == nil {
            if let error = evidence.error {
                Placeholder.render(error, into: &surface, rect, retry: "^R tries again · q goes back")
            } else if evidence.isStopped {
                Placeholder.render("Stopped. ^R loads it.", into: &surface, rect)
            } else {
                Placeholder.render("Reading message #\(number)…", role: .statusPending, into: &surface, rect)
            }
            return
        }
        for row in 0..<min(rect.rows, max(layout.count - scroll.top, 0)) {
            surface.put(row: rect.row + row, column: rect.column + 1, layout.row(scroll.top + row), truncation: .clip)
        }
    }
}
