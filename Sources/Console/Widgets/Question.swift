/// A question that a screen asks in the line at the bottom: one field, with what may be typed and what is wrong with it.
struct Question: Hashable, Sendable {
    /// What stands before the line.
    var label: String
    /// What is in it at first.
    var text = ""
    /// What may be typed, shown until something is wrong.
    var help = ""
    /// Answers to choose from.
    var choices: [Choice] = []

    /// An answer to choose.
    struct Choice: Hashable, Sendable {
        var text: String
        var note = ""
    }

    /// What is wrong with an answer.
    struct Problem: Error, Hashable, Sendable {
        var text: String
        /// The column of the answer it is about, from 1.
        var column: Int?
    }

    /// The choices that go on from what was typed; all of them until something was.
    func choices(for typed: String) -> [Choice] {
        let word = typed.lowercased()
        if word == text.lowercased() { return choices }
        let starting = choices.filter { $0.text.lowercased().hasPrefix(word) }
        return starting + choices.filter { !$0.text.lowercased().hasPrefix(word) && $0.text.lowercased().holds(word) }
    }
}
