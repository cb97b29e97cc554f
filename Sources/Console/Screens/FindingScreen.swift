internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// One finding: what it rests on, and how it would be mended, step by step, with the exact requests. Nothing of it is done here.
struct FindingScreen: Screen, Saving {
    let context = KeyContext.finding
    let filter = TextFilter()
    private let finding: DriftFinding
    private let moment: Timestamp
    private var text: ScrolledText

    init(_ finding: DriftFinding, asOf moment: Timestamp) {
        self.finding = finding
        self.moment = moment
        text = ScrolledText(hang: 0)
        text.set(FindingScreen.evidence(finding) + [ScrolledText.Part(lines: FindingScreen.plan(finding))])
    }

    var crumbs: [String] { ["drift", finding.kind.rawValue] }

    private static func evidence(_ finding: DriftFinding) -> [ScrolledText.Part] {
        let facts = [("where", finding.place)] + finding.evidence.map { ($0.name, $0.value) }
        let label = min((facts.map { Width.of($0.0) }.max() ?? 0) + 2, 24)
        var lines = facts.map { name, value in
            [Span(name + String(repeating: " ", count: max(label - Width.of(name), 1)), .muted), Span(value)]
        }
        if finding.isNamespaceWide {
            lines.append([Span("It concerns every entity of the namespace.", .muted)])
        } else if finding.entities.count > 1 {
            lines.append([Span("It concerns \(finding.entities.map(\.displayName).joined(separator: ", ")).", .muted)])
        }
        let head: [[Span]] = [[Span("\(finding.summary).", DriftScreen.role(finding.severity))], [], [Span("what shows it", .header)]]
        return [ScrolledText.Part(lines: head, hang: 0), ScrolledText.Part(lines: lines, hang: label)]
    }

    private static func plan(_ finding: DriftFinding) -> [[Span]] {
        var lines: [[Span]] = [[], [Span("how it would be mended", .header), Span(" · nothing of this is done here", .statusWarning)]]
        for (number, step) in finding.fix.steps.enumerated() {
            lines.append([Span("\(number + 1). "), Span(step.text)])
            guard let request = step.request else { continue }
            lines.append([Span("   \(request.method) ", .keyName), Span(request.path)])
            if let body = request.body { lines.append([Span("   \(body)", .muted)]) }
        }
        if requests(finding).isEmpty { return lines }
        let advice = "The requests are to Azure Resource Manager (az rest sends them). yv copies them, :save-value FILE writes them."
        return lines + [[], [Span(advice, .muted)]]
    }

    /// The requests of the plan, each under its step, as they would be sent.
    private static func requests(_ finding: DriftFinding) -> String {
        var text = ""
        for (number, step) in finding.fix.steps.enumerated() {
            guard let request = step.request else { continue }
            // A name with a line end in it would otherwise bring a request of its own.
            text += "# \(number + 1). \(VisibleText.of(step.text))\n\(request.method) \(VisibleText.of(request.path))\n"
            if let body = request.body { text += body + "\n" }
        }
        return text
    }

    /// What is written to a file; nil where the plan has no request.
    private var content: [UInt8]? {
        let text = FindingScreen.requests(finding)
        return text.isEmpty ? nil : Array(text.utf8)
    }

    func content(for command: CommandID) -> [UInt8]? { content }

    func accessTopic(_ model: Model) -> AccessTopic { finding.entities.first.map { .entity($0) } ?? .namespace }

    mutating func apply(filter: TextFilter, model: Model) {}
    mutating func settle(rows: Int, columns: Int, model: Model) { text.settle(rows: rows, columns: columns) }

    func availability(of command: CommandID, model: Model) -> Availability {
        switch command {
        case .copyValue, .saveValue: content == nil ? .disabled("no request mends this; the steps say what does") : .enabled
        default: .enabled
        }
    }

    mutating func perform(_ command: CommandID, _ turn: inout Turn) {
        if let step = ListState.Step(command) {
            text.move(step)
        } else if command == .copyValue {
            turn.add(.copy(FindingScreen.requests(finding), name: "the requests"))
        }
    }

    func position(_ model: Model) -> String { text.position }
    func asOf(_ model: Model) -> Timestamp? { moment }

    func summary(_ surroundings: Surroundings) -> [Span] {
        [
            Span(finding.kind.rawValue, .title), Span(" · "), Span(finding.severity.word, DriftScreen.role(finding.severity)),
            Span(" · \(finding.id)", .muted),
        ]
    }

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) { text.render(into: &surface, rect) }
}
