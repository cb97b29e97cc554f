import ArgumentParser
import CallboardCore

/// `callboard create`: the first of the three commands that change entities. They share the words of settings and the way of a change.
struct CreateCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a queue, topic, subscription or rule.",
        usage: "callboard create queue|topic|subscription|rule NAME [--SETTING VALUE ...] [OPTIONS]",
        discussion: """
            What is not said is the service's default, in parentheses below. Durations are written 30s, 1h30m, 14d, PT1M or forever.
            Examples: callboard create queue orders --lock-duration 30s --max-delivery-count 5
                      callboard create subscription order-events/billing --requires-session
                      callboard create rule order-events/billing/eu --sql "region = 'eu'"
            """ + "\n" + SettingWords.help)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: DifferenceOptions

    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("kind, name and settings", valueName: "what"))
    var words: [String] = []

    func execute() async throws -> Int32 {
        let words = try SettingWords(words, command: "create")
        let creation = try EntityChange.creating(words.target, words.inputs)
        try await connection.withWorkspace { workspace in
            try await ChangeRun(workspace: workspace, options: change, output: output.output).run(creation)
        }
        return 0
    }
}

/// `callboard update`
struct UpdateCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change settings of a queue, topic, subscription or rule.",
        usage: "callboard update queue|topic|subscription|rule NAME --SETTING VALUE [...] [OPTIONS]",
        discussion: """
            Shows the difference, then changes only that. When somebody else changes the same entity at the same time, nothing is sent.
            An empty value takes a setting away: --forward-to ''
            Examples: callboard update queue orders --max-delivery-count 5 --dry-run
                      callboard update topic order-events --status send-disabled --allow-changes
            """ + "\n" + SettingWords.help)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: DifferenceOptions

    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("kind, name and settings", valueName: "what"))
    var words: [String] = []

    func execute() async throws -> Int32 {
        let words = try SettingWords(words, command: "update")
        guard !words.inputs.isEmpty else {
            throw OperatorError(
                .usage, "What is to be different? No setting is given.", hint: "For instance --lock-duration 30s; --help lists them all.")
        }
        try await connection.withWorkspace { workspace in
            let update = try EntityChange.updating(try await workspace.settings(of: words.target), words.inputs)
            try await ChangeRun(workspace: workspace, options: change, output: output.output).run(update)
        }
        return 0
    }
}

/// `callboard remove`
struct RemoveCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a queue, topic, subscription or rule, with everything in it.",
        usage: "callboard remove queue|topic|subscription|rule NAME [--yes] [OPTIONS]",
        discussion: """
            Without --yes it says what would be lost and does nothing.
            Example: callboard remove subscription order-events/billing --dry-run
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: DifferenceOptions

    @Flag(help: "Yes, with everything in it, for good.")
    var yes = false

    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("kind and name", valueName: "what"))
    var words: [String] = []

    func execute() async throws -> Int32 {
        let words = try SettingWords(words, command: "remove")
        if let input = words.inputs.first { throw OperatorError(.usage, "'remove' takes no setting: --\(input.name).") }
        try await connection.withWorkspace { workspace in
            let removal = EntityChange.removing(try await workspace.settings(of: words.target))
            try await ChangeRun(workspace: workspace, options: change, output: output.output).run(removal, isConfirmed: yes)
        }
        return 0
    }
}
