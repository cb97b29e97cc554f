internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What stands below the table of groups: one message of the selected group, what it says, and which setting its reason came from here.
struct GroupFoot {
    let path: EntityPath
    let line: GroupsScreen.Line
    let sample: Loadable<DeadLetterEvidence>
    /// The message that was asked for.
    let sampled: SequenceNumber?

    func render(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        let isProduction = surroundings.model.isProduction
        let (rule, rest) = rect.splitTop(1)
        surface.fill(rule, with: isProduction ? "═" : "─", role: isProduction ? .ruleProduction : .rule)
        var texts: [[Span]]
        let title: String
        switch line {
        case .group(let group):
            title = "group \(group.id) · sample #\(sampled ?? group.sample)"
            texts = sampleLines(of: group, surroundings)
        case .singles(let numbers):
            title = "singles"
            texts = [[Span("\(Figures.count(numbers.count, "message")), each the only one of its kind. enter lists them.", .muted)]]
        case .others(let count):
            title = "others"
            texts = [
                [
                    Span(
                        "\(Figures.count(count, "message")) in no group: more than \(Figures.count(MessageGroups.capacity)) kinds. Group by something that varies less (z).",
                        .statusWarning)
                ]
            ]
        }
        surface.put(row: rule.row, column: rule.column + 1, [Span(" \(title) ", .header)], maxWidth: max(rule.columns - 2, 0))
        if rest.rows < texts.count { texts = Array(texts.prefix(rest.rows)) }
        let layout = TextLayout([.lines(TextBlock.visible(texts), .prose)], width: max(rest.columns - 2, 1))
        for row in 0..<min(layout.count, rest.rows) {
            surface.put(row: rest.row + row, column: rest.column + 1, layout.row(row), truncation: .clip)
        }
    }

    /// What a message of a group says, and what its reason comes from here.
    private func sampleLines(of group: MessageGroup, _ surroundings: Surroundings) -> [[Span]] {
        guard let evidence = sample.value else {
            if let error = sample.error {
                let text = error.code == .notFound ? "The sample is gone: somebody received it, or it expired." : error.message
                return [[Span(text, .statusWarning)]]
            }
            return [[Span(sample.load == nil ? "" : "loading the sample…", .statusPending)]]
        }
        var facts = [evidence.messageID ?? "no message id"]
        if let subject = evidence.subject { facts.append(subject) }
        if let time = evidence.enqueuedTime { facts.append("enqueued \(Figures.moment(time, now: surroundings.now))") }
        facts.append("delivered \(Figures.count(evidence.deliveryCount, "time"))")
        var lines = [[Span(facts.joined(separator: " · "), .muted)]]
        let said = evidence.errorDescription ?? evidence.fault?.title ?? evidence.reason
        if let said { lines.append([Span(said.firstLine)]) }
        if path.subQueue != .active || evidence.fault != nil || evidence.reason != nil {
            let explanation = DeadLetterExplanation(
                of: evidence, in: path, entity: ExplanationScreen.settings(for: evidence, in: path, surroundings.model),
                deliveries: group.deliveries)
            if let here = explanation.here { lines.append([Span("here  ", .muted), Span(here)]) }
        }
        return lines
    }
}

extension String {
    /// What stands before the first line end.
    fileprivate var firstLine: String { split(whereSeparator: \.isNewline).first.map(String.init) ?? self }
}
