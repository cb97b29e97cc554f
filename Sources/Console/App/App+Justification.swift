internal import CallboardCore
internal import ServiceBus

/// What has no form is asked for its reason and ticket where the policy wants them, and then tried again.
extension App {
    /// Asks for what a refused errand lacks.
    /// - Returns: nil where it lacks something else, or a person is typing something else.
    mutating func ask(after error: OperatorError, _ id: LoadID, now: Timestamp) -> [Effect]? {
        guard prompt == nil, let request = errands[id], let known = request.justification, let part = Justification.Part(wantedBy: error)
        else { return nil }
        // A ticket has a form that it may miss; a reason that was given is not asked for again.
        if part == .reason, known.reason != nil { return nil }
        errands[id] = nil
        return turn(now) { _, turn in
            turn.question = Question(
                label: part.rawValue, text: known[part] ?? "",
                help: [error.hint, error.message].filter { !$0.isEmpty }.joined(separator: " "),
                purpose: .justification(request, lacking: part))
        }
    }

    /// Takes it, and tries again.
    mutating func accept(_ answer: String, as part: Justification.Part, of request: Request, now: Timestamp) -> [Effect] {
        let answer = Substring(answer).trimmed
        guard !answer.isEmpty else {
            prompt?.problem = Question.Problem(text: "the policy wants a \(part.rawValue); esc: nothing happens")
            return []
        }
        guard answer.utf8.count <= ActionField.longestText else {
            prompt?.problem = Question.Problem(text: "that is too long")
            return []
        }
        prompt = nil
        var justification = request.justification ?? Justification()
        justification[part] = answer
        return errand(request.justified(by: justification), now: now)
    }
}
