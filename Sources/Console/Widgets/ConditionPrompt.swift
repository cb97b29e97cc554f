internal import ServiceBus

/// A condition being typed: what is wrong with it and where, how it can go on, and examples while there is nothing.
///
/// The language is that of `--where`. Any screen that picks messages by one asks with ``question(_:)``.
enum ConditionPrompt {
    /// The question, with the condition there is.
    static func question(_ text: String) -> Question {
        Question(
            label: "where", text: text,
            help: "Text in '…' · sys.… of the service · body.… in JSON bodies · tab completes · empty shows all", purpose: .condition)
    }

    /// Reads a condition.
    static func read(_ text: String) -> Result<SQLFilter, Question.Problem> {
        do throws(FilterSyntaxError) { return .success(try SQLFilter(text, dialect: .operatorExpression)) } catch {
            return .failure(
                Question.Problem(
                    text: error.problem, column: error.range.position(in: text).column, hint: error.hint))
        }
    }

    /// What is wrong with a condition; nothing with an empty one.
    static func problem(_ text: String) -> Question.Problem? {
        guard text.contains(where: { !$0.isWhitespace }) else { return nil }
        if case .failure(let problem) = read(text) { return problem }
        return nil
    }

    /// Ways to go on from the text before the cursor.
    static func suggestions(
        head: String, tail: String, _ vocabulary: FilterVocabulary, examples: @autoclosure () -> [Question.Choice]
    ) -> [CommandLine.Suggestion] {
        if head.allSatisfy(\.isWhitespace), tail.isEmpty {
            return examples().map { CommandLine.Suggestion(text: $0.text, label: $0.text, note: $0.note, disabled: nil) }
        }
        let completion = FilterCompletion(head, vocabulary: vocabulary)
        let before = String(decoding: head.utf8.prefix(completion.wordStart), as: UTF8.self)
        return completion.suggestions.map { suggestion in
            let follows = suggestion.isWhole && tail.first?.isWhitespace != true ? " " : ""
            let start = before + suggestion.text + follows
            return CommandLine.Suggestion(
                text: start + tail, label: suggestion.text, note: suggestion.note, disabled: nil, cursor: start.count)
        }
    }

    /// Conditions worth trying, made of what was seen.
    static func examples(isDead: Bool, _ vocabulary: FilterVocabulary, now: Timestamp?) -> [Question.Choice] {
        var examples: [Question.Choice] = []
        func add(_ property: String, _ test: String, _ note: String) { examples.append(.init(text: "\(property) \(test)", note: note)) }
        let quoted = { (text: String) in "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'" }
        if isDead {
            let reason = vocabulary.values["DeadLetterReason"]?.first ?? "MaxDeliveryCountExceeded"
            add("DeadLetterReason", "= \(quoted(reason))", "what died of one reason")
            add("DeadLetterErrorDescription", "LIKE '%timeout%'", "a text in the description")
        }
        if let subject = vocabulary.values["sys.Label"]?.first { add("sys.Label", "= \(quoted(subject))", "one subject") }
        if let now { add("sys.EnqueuedTimeUtc", "> '\(now.advanced(by: .seconds(-3600)).rfc3339)'", "the last hour") }
        add("sys.DeliveryCount", "> 1", "delivered more than once")
        let own = vocabulary.properties.first { !$0.hasPrefix("DeadLetter") && $0 != "Diagnostic-Id" }
        if let own { add(FilterProperty.user(own).description, "IS NOT NULL", "messages with a property") }
        if let path = vocabulary.bodyPaths.first {
            add(path, "IS NOT NULL", "messages with a field in their JSON body; reads bodies")
        } else {
            add("body.total", "> 100", "a field of JSON bodies; reads bodies")
        }
        add("body", "LIKE '%error%'", "a text anywhere in the body; reads bodies")
        return examples
    }
}
