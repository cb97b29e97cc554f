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
    /// What stands between the parts of an answer that has several, each chosen by itself; nil: it has one.
    var separator: Character?
    /// Who takes the answer.
    var purpose = Purpose.screen

    /// Who takes an answer.
    enum Purpose: Hashable, Sendable {
        /// The screen that asked.
        case screen
        /// The application: it traces the id.
        case trace
        /// The application: it ends, or not.
        case quit
        /// The application: it writes what is meant to this file.
        case export(ActionSubject)
        /// The application: it tries again what was refused for want of this.
        case justification(Request, lacking: Justification.Part)
        /// The screen that asked, with a condition: words of it are completed, and a chosen one is put into the line first.
        case condition
    }

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
        /// What to do about it, on a line of its own.
        var hint: String?
    }

    /// The choices that go on from what was typed; all of them until something was.
    func choices(for typed: String) -> [Choice] {
        if let separator, typed.lowercased() != text.lowercased(), let end = typed.lastIndex(of: separator) {
            let head = typed[...end]
            return choices(startingWith: typed[typed.index(after: end)...].trimmed.lowercased()).map {
                Choice(text: head + $0.text, note: $0.note)
            }
        }
        let word = typed.lowercased()
        return word == text.lowercased() ? choices : choices(startingWith: word)
    }

    private func choices(startingWith word: String) -> [Choice] {
        let starting = choices.filter { $0.text.lowercased().hasPrefix(word) }
        return starting + choices.filter { !$0.text.lowercased().hasPrefix(word) && $0.text.lowercased().holds(word) }
    }
}
