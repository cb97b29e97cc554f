internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What stands on an entity's page, worked out from what is known of it.
struct EntityPage {
    /// A line.
    enum Line: Hashable {
        case heading(String, note: String = "")
        case queue(EntityPath.SubQueue)
        /// Messages in a state that are among those of the entity itself.
        case state(MessageState)
        case sessions
        case subscription(EntityPath)
        /// A row of a rule's text; the first has its name.
        case rule(String, word: String, text: String, isFirst: Bool, isProblem: Bool)
        case key(AccessKey)
        case setting(SettingGroups.Line)
        /// What there is to say in place of lines.
        case remark(String, isProblem: Bool)

        var isHeading: Bool { if case .heading = self { true } else { false } }
    }

    let path: EntityPath
    let width: Int
    var description: EntityDescription?
    var descriptionAsOf: Timestamp?
    var subscriptions: [EntityDescription]?
    var subscriptionsError: OperatorError?
    var rules: [RuleDescription]?
    var rulesError: OperatorError?
    var requiresSession = false

    init(path: EntityPath, width: Int) {
        self.path = path
        self.width = width
    }

    /// Columns before a rule's text: its name and the word of the line.
    static func ruleIndent(_ width: Int) -> Int { min(max(width / 5, 10), 24) }

    func lines(_ filter: TextFilter) -> [Line] {
        var groups: [(heading: Line, members: [Line])] = []
        if description?.kind == .topic {
            let count = subscriptions.map { Figures.count($0.count) }
            groups.append((.heading("subscriptions" + (count.map { " (\($0))" } ?? "")), subscriptionLines))
        } else {
            groups.append((.heading(EntityPage.messagesTitle), messageLines))
        }
        if path.kind == .subscription {
            groups.append((.heading("rules" + (rules.map { " (\(Figures.count($0.count)))" } ?? "")), ruleLines))
        }
        if let description {
            let keys = description.accessKeys
            if !keys.isEmpty { groups.append((.heading("keys to it alone (\(keys.count))"), keys.map { .key($0) })) }
            for group in SettingGroups.of(description, now: descriptionAsOf ?? Timestamp(milliseconds: 0)) {
                groups.append((.heading(group.title), group.lines.map { .setting($0) }))
            }
        }
        return groups.flatMap { heading, members in
            let shown = members.filter { filter.matches(EntityPage.texts(of: $0)) }
            return shown.isEmpty ? [] : [heading] + shown
        }
    }

    /// The heading that says what was counted by looking.
    static let messagesTitle = "messages"

    private var messageLines: [Line] {
        EntityPath.SubQueue.allCases.map { .queue($0) } + [.state(.deferred), .state(.scheduled)] + (requiresSession ? [.sessions] : [])
    }

    private var subscriptionLines: [Line] {
        let listed = (subscriptions ?? []).map { Line.subscription($0.path) }
        if let error = subscriptionsError { return listed + [EntityPage.remark(error)] }
        return listed.isEmpty
            ? [.remark(subscriptions == nil ? "…" : "none: what is sent to it goes nowhere", isProblem: subscriptions != nil)] : listed
    }

    private var ruleLines: [Line] {
        if let error = rulesError { return [EntityPage.remark(error)] }
        guard let rules else { return [.remark("…", isProblem: false)] }
        if rules.isEmpty { return [.remark("none: it gets no message", isProblem: true)] }
        let room = max(width - Table.gutter - EntityPage.ruleIndent(width) - 8, 10)
        return rules.flatMap { rule in
            RuleText.lines(of: rule).enumerated().flatMap { index, line in
                let text = [Span(Sanitizer.visible(line.text))]
                return TextLayout.wrap(text, width: room, TextBlock.Wrapping(hang: 2, atWords: true)).enumerated().map { part, spans in
                    Line.rule(
                        rule.name, word: part == 0 ? line.word : "", text: spans.text, isFirst: index == 0 && part == 0,
                        isProblem: line.isProblem)
                }
            }
        }
    }

    private static func remark(_ error: OperatorError) -> Line {
        if case .notPermitted(let needs) = Reading<Int>.failed(error) {
            return .remark("✕ not permitted (needs \(needs))", isProblem: true)
        }
        return .remark("! \(error.message)", isProblem: true)
    }

    private static func texts(of line: Line) -> [String] {
        switch line {
        case .queue(let queue): [queue.title]
        case .state(let state): ["\(state) messages"]
        case .sessions: ["sessions"]
        case .subscription(let path): [path.displayName]
        case .rule(let name, _, let text, _, _): [name, text]
        case .key(let key): [key.name] + key.rights
        case .setting(let setting): [setting.name, setting.value, setting.note]
        case .remark(let text, _): [text]
        case .heading(let title, _): [title]
        }
    }
}

extension EntityPage {
    /// Draws lines: labels, values and notes below one another.
    struct Cells {
        private let label: Int
        private let value: Int
        private let width: Int
        private let counts: EntityCounts?
        private let counted: Loadable<CountedMessages>
        private let now: Timestamp
        private let error: OperatorError?

        /// - Parameters:
        ///   - counts: the entity's own.
        ///   - counted: what was counted by looking.
        ///   - error: why there are no counts.
        init(
            _ lines: [Line], counts: EntityCounts?, counted: Loadable<CountedMessages>, error: OperatorError?, width: Int, now: Timestamp
        ) {
            var (label, value) = (20, 8)
            for line in lines {
                switch line {
                case .setting(let setting):
                    label = max(label, Width.of(setting.name))
                    if !setting.note.isEmpty { value = max(value, Width.of(setting.value)) }
                case .subscription(let path): label = max(label, Width.of(path.subscription ?? ""))
                case .key(let key): label = max(label, Width.of(key.name))
                default: break
                }
            }
            self.label = min(label, max(width * 9 / 20, 12))
            self.value = min(value, max(width / 4, 8))
            self.width = width
            self.counts = counts
            self.counted = counted
            self.now = now
            self.error = error
        }

        func line(_ line: Line, _ model: Model) -> Page.Line {
            switch line {
            case .heading(EntityPage.messagesTitle, _): return .heading(EntityPage.messagesTitle, note: countNote)
            case .heading(let title, let note): return .heading(title, note: note.isEmpty ? [] : [Span(note, .muted)])
            case .remark(let text, let isProblem): return .row([Span(text, isProblem ? .statusWarning : .statusPending)])
            case .key(let key): return .row([Span(pad(key.name, label + 2)), Span(key.rights.joined(separator: ", "), .muted)])
            case .setting(let setting):
                let (value, note) = (setting.value, setting.note)
                let name = Span(pad(setting.name, label + 2), .muted)
                let sign = setting.isWarning ? "! " : ""
                if note.isEmpty { return .row([name, Span(sign + value, setting.isWarning ? .statusWarning : .text)]) }
                return .row([name, Span(pad(value, self.value + 2)), Span(sign + note, setting.isWarning ? .statusWarning : .muted)])
            case .rule(let name, let word, let text, let isFirst, let isProblem):
                let indent = EntityPage.ruleIndent(width)
                return .row([
                    Span(pad(isFirst ? name : "", indent)), Span(right(word, 5) + "  ", .muted),
                    Span(text, isProblem ? .statusError : .text),
                ])
            case .queue(let queue): return .row(self.queue(queue))
            case .state(let state): return .row(self.state(state))
            case .sessions:
                return .row([Span(pad("sessions", max(label, 22))), Span(right("–", 11), .muted), Span("   enter lists them", .muted)])
            case .subscription(let path): return .row(subscription(path, model))
            }
        }

        private func queue(_ queue: EntityPath.SubQueue) -> [Span] {
            let name = Span(pad(queue.title, max(label, 22)))
            let comparison =
                switch queue {
                case .active: counted.value?.active
                case .deadLetter: counted.value?.deadLetter
                case .transferDeadLetter: counted.value?.transferDeadLetter
                }
            var notes = self.notes(comparison, isComplete: counted.value?[queue].isComplete)
            guard let counts else {
                let unknown = error.map { Reading<Int64>.failed($0) } ?? .pending
                if case .notPermitted(let needs) = unknown {
                    return [name, Span("✕ not permitted (needs \(needs))   ", .statusWarning)] + notes
                }
                let cell = unknown.cell(Figures.count, role: { _ in .text })
                return [name, Span(right(cell.text, 11), cell.role), Span("   ")] + notes
            }
            let (count, isBad) =
                switch queue {
                case .active: (counts.active, false)
                case .deadLetter: (counts.deadLetter, true)
                case .transferDeadLetter: (counts.transferDeadLetter, true)
                }
            let role: Role = isBad ? (count > 0 ? .statusError : .muted) : .text
            if queue == .active, counts.transfer > 0 {
                if !notes.isEmpty { notes.append(Span(", ", .muted)) }
                notes.append(Span("\(Figures.count(counts.transfer)) being forwarded", .muted))
            }
            return [name, Span(right(Figures.count(count), 11), role), Span("   ")] + notes
        }

        /// Deferred and scheduled messages. Of deferred ones the service tells nothing: they are among its active messages.
        private func state(_ state: MessageState) -> [Span] {
            let name = Span(pad("\(state) messages", max(label, 22)))
            let part = counted.value?.queue
            if state == .scheduled {
                let count = counts.map { Span(right(Figures.count($0.scheduled), 11), $0.scheduled == 0 ? .muted : .text) }
                return [name, count ?? Span(right("–", 11), .muted), Span("   ")]
                    + notes(counted.value?.scheduled, isComplete: part?.isComplete)
            }
            guard let part, part.isComplete || part.deferred > 0 else {
                return [name, Span(right("–", 11), .muted), Span("   the service does not tell; C counts them", .muted)]
            }
            return [
                name, Span(right(Figures.count(part.deferred), 11), part.deferred == 0 ? .muted : .text),
                Span(part.isComplete ? "   counted, among the messages" : "   so far", .muted),
            ]
        }

        /// What was counted beside what the service says.
        private func notes(_ comparison: CountedMessages.Comparison?, isComplete: Bool?) -> [Span] {
            guard let comparison, let isComplete else { return [] }
            guard isComplete else {
                return comparison.counted > 0 ? [Span("counted \(Figures.count(comparison.counted)) so far", .statusPending)] : []
            }
            let text = "counted \(Figures.count(comparison.counted))"
            switch comparison.difference {
            case nil: return [Span(text)]
            case 0?: return [Span(text + ", the same", .muted)]
            case let difference?:
                let more = "\(Figures.count(Int64(clamping: difference.magnitude))) \(difference > 0 ? "more" : "fewer")"
                return [Span(text + ", \(more)", .statusWarning)]
            }
        }

        /// How old a count by looking is, or how far.
        private var countNote: [Span] {
            if counted.load != nil { return [Span("counting, \(Figures.count(counted.value?.total ?? 0)) so far", .statusPending)] }
            if let error = counted.error { return [Span("! counting failed: \(error.message)", .statusError)] }
            guard let value = counted.value else { return [] }
            guard let finished = value.finishedAt else { return [Span("counting was stopped", .statusWarning)] }
            let took = Figures.duration(finished.since(value.startedAt))
            return [Span("counted \(Age.label(of: finished, now: now)) ago in \(took)", .muted)]
        }

        private func subscription(_ path: EntityPath, _ model: Model) -> [Span] {
            let name = Span(pad(path.subscription ?? path.displayName, label + 1))
            let description = model.entity(path)
            guard let counts = description?.counts else { return [name, Span("– not counted", .muted)] }
            let dead = counts.deadLetter
            var spans = [
                name, Span(right(Figures.count(dead), 7) + " dead", dead > 0 ? .statusError : .muted),
                Span(right(Figures.count(counts.active), 8) + " active", counts.active > 0 ? .text : .muted),
            ]
            if let moment = model.asOf(path) { spans.append(Span(right(Age.label(of: moment, now: now), 8) + " old", .muted)) }
            if counts.transferDeadLetter > 0 {
                spans.append(Span("  \(Figures.count(counts.transferDeadLetter)) not forwarded", .statusError))
            }
            let notes = description.map { EntityNotes.of($0) } ?? []
            if !notes.isEmpty {
                spans.append(Span("  " + notes.joined(separator: ", "), description?.status == .active ? .muted : .statusWarning))
            }
            return spans
        }

        private func pad(_ text: String, _ width: Int) -> String {
            let used = Width.of(text)
            if used < width { return text + String(repeating: " ", count: width - used) }
            // Text that is as wide as its column is cut, so that what follows stays in its place.
            return String(text.prefix(max(width - 2, 0))) + "… "
        }

        private func right(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(width - Width.of(text), 0)) + text
        }
    }
}
