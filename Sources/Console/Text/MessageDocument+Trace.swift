/// The ids by which a message can be followed through the namespace.
extension MessageDocument {
    /// Its message id, its correlation id, and the trace it belongs to.
    var traceChoices: [Question.Choice] {
        var choices: [Question.Choice] = []
        func add(_ text: String?, _ note: String) {
            guard let text, !text.isEmpty, !choices.contains(where: { $0.text == text }) else { return }
            choices.append(Question.Choice(text: text, note: note))
        }
        add(facts.first { $0.label == "Message id" }?.value, "message id")
        add(facts.first { $0.label == "Correlation" }?.value, "correlation id")
        for property in properties where ["Diagnostic-Id", "traceparent"].contains(property.name) {
            // 00-<trace id>-<parent id>-<flags>; some senders leave the parent out.
            let parts = property.value.split(separator: "-", omittingEmptySubsequences: false)
            if parts.count >= 3, parts[1].utf8.count == 32 { add(String(parts[1]), "trace id of \(property.name)") }
        }
        return choices
    }
}
