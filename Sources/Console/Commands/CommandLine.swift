internal import CallboardCore
internal import ServiceBus

/// Reads what was typed after `:`, and suggests how it could go on.
struct CommandLine {
    /// A line understood.
    struct Call: Hashable, Sendable {
        var id: CommandID
        var argument: String?
    }

    /// One way to go on.
    struct Suggestion: Hashable, Sendable {
        /// The whole line it would make.
        var text: String
        /// What is shown for it.
        var label: String
        /// Its keys or kind, and what it does.
        var note: String
        /// Why it cannot be run now; nil when it can.
        var disabled: String?
        /// Where the cursor stands then, in characters; nil: at the end.
        var cursor: Int?
    }

    /// What a line means.
    enum Reading: Hashable, Sendable {
        case call(Call)
        /// A command that wants something after its name.
        case needsArgument(Command.Argument, CommandID)
        /// No command has that name.
        case unknown(String)
        case empty
    }

    static func read(_ line: String) -> Reading {
        let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard let word = parts.first else { return .empty }
        guard let command = CommandTable.command(named: String(word)) else { return .unknown(String(word)) }
        let rest = parts.count > 1 ? parts[1].trimmed : ""
        if rest.isEmpty {
            if command.needsArgument, let argument = command.argument { return .needsArgument(argument, command.id) }
            return .call(Call(id: command.id))
        }
        return .call(Call(id: command.id, argument: command.argument == nil ? nil : rest))
    }

    /// What could be meant by a line being typed: commands by the start of a name, then by a word of their title or help; after a name,
    /// what it takes.
    static func suggestions(
        for line: String, context: KeyContext, keymap: Keymap, candidates: (Command.Argument) -> [(text: String, note: String)],
        availability: (CommandID) -> Availability
    ) -> [Suggestion] {
        if let space = line.firstIndex(of: " ") {
            guard let command = CommandTable.command(named: String(line[..<space])), let argument = command.argument else { return [] }
            let word = line[line.index(after: space)...].trimmed.lowercased()
            let all = candidates(argument)
            let starting = all.filter { $0.text.lowercased().hasPrefix(word) }
            let holding = all.filter { !$0.text.lowercased().hasPrefix(word) && $0.text.lowercased().holds(word) }
            return (starting + holding).map {
                Suggestion(text: "\(line[..<space]) \($0.text)", label: $0.text, note: $0.note, disabled: nil)
            }
        }
        let word = line.lowercased()
        let commands = CommandTable.all.filter { $0.group != .prompt }
        let rank = { (command: Command) -> Int? in
            if command.id.rawValue.hasPrefix(word) { return 0 }
            if command.aliases.contains(where: { $0.hasPrefix(word) }) { return 1 }
            if command.id.rawValue.holds(word) || command.title.lowercased().holds(word) { return 2 }
            return nil
        }
        let ranked = commands.compactMap { command in rank(command).map { (rank: $0, command: command) } }
        return ranked.sorted { $0.rank < $1.rank }.map { entry in
            let command = entry.command
            let keys = keymap.keys(of: command.id, in: context).first.map { $0.label } ?? ""
            let argument = command.argument.map { " \($0.rawValue)" } ?? ""
            var disabled: String?
            if case .disabled(let reason) = availability(command.id) { disabled = reason }
            return Suggestion(
                text: command.id.rawValue + (command.argument == nil ? "" : " "), label: command.id.rawValue + argument,
                note: keys.isEmpty ? command.help : "\(keys) · \(command.help)", disabled: disabled)
        }
    }
}

extension Substring {
    /// Without blanks at both ends.
    var trimmed: String {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
