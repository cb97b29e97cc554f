public import Terminal

/// Turns key presses into commands, by context. Made from ``CommandTable`` and, where a person chose other keys, from overrides.
public struct Keymap: Sendable {
    /// A key that a person gave to a command, or took away.
    public struct Override: Hashable, Sendable {
        /// Where; nil: wherever the command can be used.
        public var context: KeyContext?
        /// The keys.
        public var keys: KeySequence
        /// What they run; nil: nothing.
        public var command: CommandID?

        /// Makes an override.
        public init(context: KeyContext? = nil, keys: KeySequence, command: CommandID?) {
            self.context = context
            self.keys = keys
            self.command = command
        }
    }

    /// Two commands that would need the same keys: the same sequence, or one that is the start of the other.
    public struct Clash: Hashable, Sendable, CustomStringConvertible {
        /// Where.
        public var context: KeyContext
        /// The two sequences, the shorter first.
        public var keys: [KeySequence]
        /// The commands, in the same order.
        public var commands: [CommandID]

        /// One line for an operator.
        public var description: String {
            "\(context.rawValue): " + zip(keys, commands).map { "\($0) is \($1.rawValue)" }.joined(separator: ", ")
        }
    }

    /// What a row of key presses means so far.
    public enum Match: Hashable, Sendable {
        /// Nothing.
        case none
        /// More presses are needed; what could follow.
        case prefix([Continuation])
        /// A command.
        case command(CommandID)
    }

    /// What one more sequence would run.
    public struct Continuation: Hashable, Sendable {
        /// The whole sequence.
        public var keys: KeySequence
        /// What it runs.
        public var command: CommandID
    }

    private var bindings: [KeyContext: [Continuation]] = [:]

    /// The keys of the table, changed by overrides in their order.
    public init(commands: [Command] = CommandTable.all, overrides: [Override] = []) {
        for command in commands {
            for context in command.contexts {
                for keys in command.keys + (command.moreKeys[context] ?? []) {
                    bindings[context, default: []].append(Continuation(keys: keys, command: command.id))
                }
            }
        }
        for override in overrides {
            let contexts = override.context.map { [$0] } ?? KeyContext.allCases
            for context in contexts {
                if let command = override.command {
                    guard commands.contains(where: { $0.id == command && $0.contexts.contains(context) }) else { continue }
                    // A person's choice wins over whatever is in its way.
                    bindings[context]?.removeAll { $0.keys.isPrefix(of: override.keys) || override.keys.isPrefix(of: $0.keys) }
                    bindings[context, default: []].append(Continuation(keys: override.keys, command: command))
                } else {
                    bindings[context]?.removeAll { $0.keys == override.keys }
                }
            }
        }
    }

    /// What the presses mean in a context.
    public func match(_ presses: [KeyPress], in context: KeyContext) -> Match {
        guard let pressed = KeySequence(presses), let bindings = bindings[context] else { return .none }
        if let exact = bindings.first(where: { $0.keys == pressed }) { return .command(exact.command) }
        let continuations = bindings.filter { pressed.isPrefix(of: $0.keys) }
        return continuations.isEmpty ? .none : .prefix(continuations)
    }

    /// The keys of a command in a context, the preferred one first.
    public func keys(of command: CommandID, in context: KeyContext) -> [KeySequence] {
        (bindings[context] ?? []).filter { $0.command == command }.map(\.keys)
    }

    /// Keys that cannot both be reached; empty in a usable keymap.
    public var clashes: [Clash] {
        var clashes: [Clash] = []
        for context in KeyContext.allCases {
            let bindings = bindings[context] ?? []
            for (index, first) in bindings.enumerated() {
                for second in bindings.dropFirst(index + 1)
                where first.keys.isPrefix(of: second.keys) || second.keys.isPrefix(of: first.keys) {
                    let pair = [first, second].sorted { $0.keys.presses.count < $1.keys.presses.count }
                    clashes.append(Clash(context: context, keys: pair.map(\.keys), commands: pair.map(\.command)))
                }
            }
        }
        return clashes
    }
}
