internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// One message made ready for the detail pane. Made off the UI thread.
struct MessageDocument: Sendable {
    /// A header and its value.
    struct Fact: Hashable, Sendable {
        var label: String
        var value: String
        /// Whether it explains why the message is where it is.
        var isProblem = false
    }

    /// An application property.
    struct Property: Hashable, Sendable {
        var name: String
        var typeName: String
        var value: String
    }

    var sequenceNumber: SequenceNumber
    /// When it was looked at.
    var peekedAt: Timestamp
    /// Why it died; first on screen.
    var problems: [Fact]
    /// Short headers, most telling first.
    var facts: [Fact]
    var properties: [Property]
    var body: BodyDocument
    /// What was masked; nil when nothing was.
    var redaction: Redaction?

    init(
        sequenceNumber: SequenceNumber, peekedAt: Timestamp, problems: [Fact] = [], facts: [Fact] = [], properties: [Property] = [],
        body: BodyDocument, redaction: Redaction? = nil
    ) {
        self.sequenceNumber = sequenceNumber
        self.peekedAt = peekedAt
        self.problems = problems
        self.facts = facts
        self.properties = properties
        self.body = body
        self.redaction = redaction
    }

    /// Reads a message whose body was decoded.
    init(_ message: PeekedMessage, body: DecodedBody, peekedAt: Timestamp) {
        self.init(
            sequenceNumber: message.sequenceNumber, peekedAt: peekedAt, problems: MessageDocument.problems(of: message),
            facts: MessageDocument.facts(of: message, now: peekedAt),
            properties: message.applicationProperties.map { Property(name: $0.name, typeName: $0.value.typeName, value: $0.value.text) },
            body: BodyDocument(body), redaction: message.redaction)
    }

    private static func problems(of message: PeekedMessage) -> [Fact] {
        var problems: [Fact] = []
        if let reason = message.deadLetterReason { problems.append(Fact(label: "Reason", value: reason, isProblem: true)) }
        if let text = message.deadLetterErrorDescription { problems.append(Fact(label: "Error", value: text, isProblem: true)) }
        if let source = message.deadLetterSource { problems.append(Fact(label: "Came from", value: source)) }
        return problems
    }

    private static func facts(of message: PeekedMessage, now: Timestamp) -> [Fact] {
        let moment = { (time: Timestamp) in Figures.moment(time, now: now) + "Z" }
        let facts: [(String, String?)] = [
            ("Sequence", "#\(message.sequenceNumber)"),
            ("Enqueued", message.enqueuedTime.map(moment)),
            ("Message id", message.messageID),
            ("Delivered", Figures.count(message.deliveryCount, "time")),
            ("Subject", message.subject),
            ("State", message.state == .active ? nil : message.state.description),
            ("Scheduled", message.scheduledEnqueueTime.map(moment)),
            ("Session", message.sessionID),
            ("Correlation", message.correlationID),
            ("Content type", message.contentType),
            ("Expires", message.expiresAt.map(moment)),
            ("Time to live", message.timeToLive.map { Figures.duration($0) }),
            ("To", message.to),
            ("Reply to", message.replyTo),
            ("Reply session", message.replyToSessionID),
            ("Partition key", message.partitionKey),
            ("First number", message.enqueuedSequenceNumber.flatMap { $0 == message.sequenceNumber ? nil : "#\($0)" }),
            ("Size", Figures.size(message.encodedSize)),
        ]
        return facts.compactMap { label, value in
            guard let value, !value.isEmpty else { return nil }
            return Fact(label: label, value: value)
        }
    }
}

extension MessageDocument {
    private static let labelWidth = 14

    /// What stands above the body, for a pane of this width.
    func head(width: Int, form: BodyDocument.Form?, isProduction: Bool) -> TextBlock {
        var head = problems.flatMap { lines(for: $0) }
        head += factLines(width: width)
        head.append([])
        head.append(MessageDocument.heading(bodyTitle(form), width: width, isProduction: isProduction))
        head += body.notes.map { [Span($0, .statusInfo)] }
        return .lines(TextBlock.visible(head), TextBlock.Wrapping(hang: MessageDocument.labelWidth, atWords: true))
    }

    /// What stands below the body.
    func tail(width: Int, isProduction: Bool) -> TextBlock {
        var tail: [[Span]] = [[]]
        tail.append(
            MessageDocument.heading([Span("properties (\(properties.count))", .title)], width: width, isProduction: isProduction))
        tail += propertyLines(width: width)
        return .lines(
            TextBlock.visible(tail), TextBlock.Wrapping(hang: propertyWidths(width).name + propertyWidths(width).type + 4))
    }

    private func bodyTitle(_ form: BodyDocument.Form?) -> [Span] {
        // Of a body that is withheld the form and size would be those of the words in its place.
        let isWithheld = redaction?.isBodyWithheld == true
        var parts = isWithheld ? [] : [body.format]
        if let contentType = body.contentType { parts.append(contentType) }
        if !isWithheld { parts.append("\(Figures.count(body.sizeBytes)) B") }
        if let form, !isWithheld { parts.append("shown as \(form.rawValue)") }
        if let masked = redaction?.summary { parts.append(masked) }
        return [Span("body", .title), Span(" · " + parts.joined(separator: " · "), .muted)]
    }

    /// Stack traces come with line ends; they are read line by line.
    private func lines(for fact: Fact) -> [[Span]] {
        let parts = MessageDocument.lines(of: fact.value)
        return parts.enumerated().map { index, part in
            line(for: Fact(label: index == 0 ? fact.label : "", value: part, isProblem: fact.isProblem))
        }
    }

    private static func lines(of text: String) -> [String] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }).map(String.init)
        return lines.count > 1 && lines.last?.isEmpty == true ? lines.dropLast() : lines
    }

    private func line(for fact: Fact) -> [Span] {
        [Span(pad(fact.label, MessageDocument.labelWidth), .muted), Span(fact.value, fact.isProblem ? .statusError : .text)]
    }

    /// Two facts a line where there is room and both are short.
    private func factLines(width: Int) -> [[Span]] {
        let half = width / 2
        guard width >= 70 else { return facts.map { line(for: $0) } }
        var lines: [[Span]] = []
        var index = 0
        while index < facts.count {
            let first = line(for: facts[index])
            index += 1
            if first.columns < half, index < facts.count {
                let second = line(for: facts[index])
                if second.columns <= width - half {
                    lines.append(first + [Span(String(repeating: " ", count: half - first.columns))] + second)
                    index += 1
                    continue
                }
            }
            lines.append(first)
        }
        return lines
    }

    private func propertyWidths(_ width: Int) -> (name: Int, type: Int) {
        let name = min(properties.map { Width.of($0.name) }.max() ?? 0, max(width / 3, 8))
        return (name, min(properties.map { Width.of($0.typeName) }.max() ?? 0, 16))
    }

    private func propertyLines(width: Int) -> [[Span]] {
        let widths = propertyWidths(width)
        return properties.flatMap { property in
            MessageDocument.lines(of: property.value).enumerated().map { index, part in
                [
                    Span(pad(index == 0 ? property.name : "", widths.name + 2)),
                    Span(pad(index == 0 ? property.typeName : "", widths.type + 2), .muted), Span(part),
                ]
            }
        }
    }

    private static func heading(_ title: [Span], width: Int, isProduction: Bool) -> [Span] {
        let rule = isProduction ? "═" : "─"
        let role: Role = isProduction ? .ruleProduction : .rule
        let rest = max(width - title.columns - 3, 0)
        return [Span(rule + " ", role)] + title + [Span(" " + String(repeating: rule, count: rest), role)]
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - Width.of(text), 1))
    }
}
