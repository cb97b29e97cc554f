internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// The open message: what can be done with it, and how it is opened and closed.
extension MessagesScreen {
    /// The selected message.
    var place: MessagePlace? { row(at: list.selected).map { MessagePlace(path: path, number: $0.sequenceNumber) } }

    func availability(of command: CommandID, _ detail: MessageDetail) -> Availability {
        guard detail.document.value != nil else { return .disabled("no message is open") }
        return switch command {
        case .copyPath, .fold, .foldAll: detail.nodeAvailability
        case .goToPath:
            detail.hasPaths ? .enabled : .disabled("the body has no values to go to, or is not shown as pretty (v)")
        case .nextMatch, .previousMatch: detail.sought.isEmpty ? .disabled("nothing was looked for yet (/)") : .enabled
        case .copyBody: detail.bodyText == nil ? .disabled("the body is no text; :save-body FILE writes it") : .enabled
        default: .enabled
        }
    }

    mutating func read(_ command: CommandID, _ turn: inout Turn) {
        guard let detail else { return }
        switch command {
        case .find:
            asked = .find
            turn.question = Question(label: "find", help: "Text in this message; n and N go to the next and the previous place.")
        case .nextMatch, .previousMatch:
            if self.detail?.goOn(forward: command == .nextMatch) != true {
                turn.say(.warning, "'\(detail.sought)' does not occur in this message.")
            }
        case .goToPath:
            asked = .path
            turn.question = Question(
                label: "path", help: "body.customer.email, body.lines[0].sku; tab completes.",
                choices: detail.paths.map { .init(text: $0) })
        case .copyPath: if let path = detail.path { turn.add(.copy(path, name: path)) }
        case .copyValue: if let value = detail.value { turn.add(.copy(value.text, name: value.name)) }
        case .copyBody: if let text = detail.bodyText { turn.add(.copy(text, name: "the body")) }
        case .pager: if let text = detail.pageText { turn.add(.page(text)) }
        case .fold: self.detail?.fold()
        case .foldAll: self.detail?.foldAll()
        default: break
        }
    }

    /// What is written to a file.
    func content(for command: CommandID) -> [UInt8]? {
        command == .saveBody ? detail?.bodyBytes : detail?.value.map { Array($0.text.utf8) }
    }

    /// Whether going back closes the open message and not the screen.
    var hasOpenMessage: Bool { detail != nil }

    mutating func close(_ turn: inout Turn) {
        turn.stop(detail?.document.load)
        detail = nil
        isReading = false
        isMaximised = nil
    }

    mutating func read(_ turn: inout Turn, focus: Bool) {
        guard let number = row(at: list.selected)?.sequenceNumber else { return }
        if focus { isReading = true }
        if detail == nil { isReading = true }
        guard detail?.sequenceNumber != number else { return }
        open(number, limits: .standard, &turn)
    }

    /// Loads a message; how bodies are shown and what was looked for stay as they are.
    mutating func open(_ number: SequenceNumber, limits: BodyLimits, _ turn: inout Turn) {
        turn.stop(detail?.document.load)
        detail = MessageDetail(number, form: detail?.chosenForm, sought: detail?.sought ?? "", limits: limits)
        detail?.begin(turn.start(.message(path, number, limits)))
    }
}
