public import ArgumentParser
public import CallboardCore

/// `callboard topology`
struct TopologyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology", abstract: "Write a whole namespace's entities to a file, or make those of a file.",
        subcommands: [TopologyExportCommand.self, TopologyImportCommand.self])
}

extension TopologyFormat: ExpressibleByArgument {}

/// `callboard topology export`
struct TopologyExportCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write queues, topics, subscriptions and rules with their settings to a file.",
        discussion: """
            As the Config.json of Microsoft's emulator and of the sandbox, as an ARM template, or as Bicep. Messages and keys are not in it. What the \
            form cannot say is told on standard error.
            Examples: callboard topology export Config.json
                      callboard topology export azuredeploy.json
                      callboard topology export main.bicep
            """)

    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "the file to write; - for standard output")
    var file: String

    @Option(help: "config, arm or bicep; by the file's name unless said: .bicep is Bicep, a template or azuredeploy is ARM, else config.")
    var format: TopologyFormat?

    func execute() async throws -> Int32 {
        let topology = try await connection.withWorkspace { try await $0.topology() }
        let (text, lost) = topology.text(as: format ?? TopologyFormat(file: file))
        if file == "-" { Standard.output.write(text) } else { try TextFile.write(text, to: file) }
        for sentence in lost { Standard.raw(VisibleText.of(sentence)) }
        if file != "-" { Standard.raw("\(topology.items.count) entities and rules written to \(file)") }
        return 0
    }
}

/// `callboard topology import`
struct TopologyImportCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make a namespace's entities what a file says.",
        discussion: """
            Reads a Config.json or an ARM template, says what would be created and what differs, and does it. What the namespace has besides is left \
            alone, and nothing is ever removed.
            Example: callboard topology import azuredeploy.json --dry-run
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: DifferenceOptions

    @Argument(help: "the file to read; - for standard input")
    var file: String

    func execute() async throws -> Int32 {
        let topology = try Topology(parsing: try InputFile.read(file), file: file)
        for note in topology.notes { Standard.raw(VisibleText.of("\(file): \(note)")) }
        try await connection.withWorkspace { workspace in
            let plan = try await workspace.plan(for: topology)
            output.write(plan.steps.map { TopologyStepRecord($0) })
            if plan.isEmpty, !plan.isBlocked { return Standard.raw("Everything is there as the file says.") }
            if change.dryRun { return Standard.raw("Nothing was changed (--dry-run).") }
            let why = change.leave.why
            try await change.leave.door(to: workspace).carryOut(plan, reason: why.reason, ticket: why.ticket)
            Standard.raw("\(plan.changes) changes made")
        }
        return 0
    }
}
