internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The message that is being tried, and what becomes of it.
struct TesterPage {
    /// A property of the service that a person can set.
    enum Field: String, CaseIterable, Hashable {
        case subject = "Subject"
        case sessionID = "SessionId"
        case messageID = "MessageId"
        case correlationID = "CorrelationId"
        case to = "To"
        case contentType = "ContentType"
        case replyTo = "ReplyTo"
        case replyToSessionID = "ReplyToSessionId"

        /// Rules hardly ever look at these: they are there only when the message has them.
        var isRare: Bool { self == .replyTo || self == .replyToSessionID }

        var path: WritableKeyPath<OutgoingMessage, String?> {
            switch self {
            case .subject: \.subject
            case .sessionID: \.sessionID
            case .messageID: \.messageID
            case .correlationID: \.correlationID
            case .to: \.to
            case .contentType: \.contentType
            case .replyTo: \.replyTo
            case .replyToSessionID: \.replyToSessionID
            }
        }
    }

    /// A row of the result.
    struct Verdict: Hashable {
        var spans: [Span]
        var subscription: EntityPath?
    }

    /// A line.
    enum Line: Hashable {
        case heading(String)
        case field(Field)
        case property(Int)
        case newProperty
        /// A condition that no rule has, to be tried.
        case trial
        case verdict(Verdict)

        var isHeading: Bool { if case .heading = self { true } else { false } }
    }

    var message = OutgoingMessage() { didSet { deliveries = routing?.deliveries(of: message) ?? [] } }
    var routing: TopicRouting? { didSet { deliveries = routing?.deliveries(of: message) ?? [] } }
    private(set) var trial = ""
    private(set) var deliveries: [TopicRouting.Delivery] = []

    // MARK: - Editing

    /// What a line holds, as it would be typed; nil for one that holds nothing.
    func text(of line: Line) -> String? {
        switch line {
        case .field(let field): message[keyPath: field.path] ?? ""
        case .property(let index):
            message.applicationProperties.indices.contains(index) ? PropertyText.text(message.applicationProperties[index]) : nil
        case .trial: trial
        case .newProperty, .verdict, .heading: nil
        }
    }

    /// What to ask for a line.
    func question(about line: Line) -> Question? {
        let property = "name=text, or name:=value for a number, true, false or null; empty removes it"
        switch line {
        case .field(let field):
            return Question(
                label: field.rawValue, text: text(of: line) ?? "", help: "Text; empty for none. Rules call it sys.\(sysName(field)).")
        case .property: return Question(label: "property", text: text(of: line) ?? "", help: property)
        case .newProperty: return Question(label: "property", help: property)
        case .trial:
            return Question(label: "filter", text: trial, help: "A condition as a rule would have it: amount > 500 AND region = 'eu'")
        case .verdict, .heading: return nil
        }
    }

    private func sysName(_ field: Field) -> String { field == .subject ? "Label" : field.rawValue }

    /// Puts an answer into a line; says what is wrong with it, and then changes nothing.
    mutating func set(_ line: Line, to text: String) -> Question.Problem? {
        switch line {
        case .field(let field): message[keyPath: field.path] = text.isEmpty ? nil : text
        case .property(let index):
            guard message.applicationProperties.indices.contains(index) else { return nil }
            if text.isEmpty {
                message.applicationProperties.remove(at: index)
            } else if text != PropertyText.text(message.applicationProperties[index]) {
                // What is left as it is keeps its type, also one that cannot be typed.
                return read(text) { $0.applicationProperties[index] = $1 }
            }
        case .newProperty:
            guard !text.isEmpty else { return nil }
            return read(text) { $0.applicationProperties.append($1) }
        case .trial:
            do throws(FilterSyntaxError) {
                if !text.isEmpty { _ = try SQLFilter(text) }
                trial = text
            } catch {
                return Question.Problem(text: error.problem + (error.hint.map { ". \($0)" } ?? ""), column: error.column)
            }
        case .verdict, .heading: break
        }
        return nil
    }

    private mutating func read(_ text: String, _ change: (inout OutgoingMessage, OutgoingMessage.Property) -> Void) -> Question.Problem? {
        do throws(PropertyText.Problem) {
            change(&message, try PropertyText.parse(text))
            return nil
        } catch {
            return Question.Problem(text: "'\(text)' \(error)")
        }
    }

    // MARK: - Lines

    func lines(width: Int, _ filter: TextFilter) -> [Line] {
        var fields = Field.allCases.filter { !$0.isRare || message[keyPath: $0.path] != nil }.map { Line.field($0) }
        fields += message.applicationProperties.indices.map { .property($0) }
        fields += [.newProperty, .trial]
        let groups: [(String, [Line])] = [
            ("message, not sent", fields), ("who would get it", routing == nil ? [] : verdicts(width).map { .verdict($0) }),
        ]
        return groups.flatMap { title, members in
            let shown = members.filter { filter.matches([row($0).text]) }
            return shown.isEmpty ? [] : [.heading(title)] + shown
        }
    }

    private static let label = 18

    func row(_ line: Line) -> Page.Line {
        switch line {
        case .heading(let title): return .heading(title)
        case .field(let field):
            let value = message[keyPath: field.path]
            return .row([Span(pad(field.rawValue, TesterPage.label), .muted), Span(value ?? "–", value == nil ? .muted : .text)])
        case .property(let index):
            guard message.applicationProperties.indices.contains(index) else { return .row([]) }
            let property = message.applicationProperties[index]
            return .row([
                Span(pad("property", TesterPage.label), .muted), Span("\(property.name) = "),
                Span(property.value.text), Span("   \(property.value.typeName)", .muted),
            ])
        case .newProperty: return .row([Span(pad("+ property", TesterPage.label), .muted)])
        case .trial: return .row([Span(pad("try a filter", TesterPage.label), .muted)] + trialSpans)
        case .verdict(let verdict): return .row(verdict.spans)
        }
    }

    private var trialSpans: [Span] {
        guard !trial.isEmpty else { return [Span("–", .muted)] }
        let outcome = RuleTrial(RuleDescription(name: "trial", filter: .sql(expression: trial, parameters: []))).outcome(for: message)
        let verdict = TopicRouting.Delivery.verdict(outcome)
        var reasons = outcome.explanation.words
        if case .error(let problem) = outcome.explanation.outcome { reasons = [problem] }
        return [Span(trial), Span("   \(verdict)", role(outcome)), Span("   " + reasons.joined(separator: "; "), .muted)]
    }

    private func role(_ outcome: RuleTrial.Outcome) -> Role {
        outcome.fails ? .statusError : outcome.explanation.isSelected ? .statusOK : .muted
    }

    /// For each subscription a row that says what it gets, then what each of its rules says, over as many rows as that takes.
    private func verdicts(_ width: Int) -> [Verdict] {
        let name = min(deliveries.map { Width.of($0.subscription.path.subscription ?? "") }.max() ?? 0, max(width / 4, 12))
        let gets = min(deliveries.map { Width.of($0.gets) }.max() ?? 0, max(width / 5, 10))
        let indent = 2 + name + 2 + gets + 2
        return deliveries.flatMap { delivery in
            let sign: Span =
                delivery.copies > 0 ? Span("✓ ", .statusOK) : delivery.deadLetters > 0 ? Span("! ", .statusError) : Span("✕ ", .muted)
            let role: Role = delivery.copies > 0 ? .text : delivery.deadLetters > 0 ? .statusError : .muted
            let head = [
                sign, Span(pad(Sanitizer.visible(delivery.subscription.path.subscription ?? ""), name + 2)),
                Span(pad(delivery.gets, gets + 2), role),
            ]
            let rows = reasons(delivery).flatMap { line in
                TextLayout.wrap(line, width: max(width - Table.gutter - indent, 16), TextBlock.Wrapping(hang: 2, atWords: true))
            }
            return rows.enumerated().map { index, row in
                Verdict(
                    spans: (index == 0 ? head : [Span(String(repeating: " ", count: indent))]) + row,
                    subscription: delivery.subscription.path)
            }
        }
    }

    private func reasons(_ delivery: TopicRouting.Delivery) -> [[Span]] {
        let all: [(rule: RuleTrial, outcome: RuleTrial.Outcome)?] = delivery.outcomes.isEmpty ? [nil] : delivery.outcomes.map { $0 }
        return all.map { rule in
            let words = Sanitizer.visible(delivery.reasons(rule).joined(separator: "; "))
            guard let rule else { return [Span(words, .statusWarning)] }
            return [
                Span(Sanitizer.visible(rule.rule.rule.name) + " "),
                Span(TopicRouting.Delivery.verdict(rule.outcome), self.role(rule.outcome)),
                Span(": " + words, .muted),
            ]
        }
    }

    private func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(width - Width.of(text), 1)) }
}

extension Page.Line {
    /// The text alone.
    var text: String {
        switch self {
        case .heading(let title, _): title
        case .row(let spans): spans.text
        }
    }
}
