import ArgumentParser
import CallboardCore
import ServiceBus

/// Where messages that are removed for good are kept.
struct KeepingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write what is removed to this file first; unless said, beside the journal of the job. 'callboard import' puts it back.",
            valueName: "file"))
    var export: String?

    @Flag(help: "Remove without an export: it cannot be put back.")
    var noExport = false

    func validate() throws {
        if noExport, export != nil { throw ValidationError("--export and --no-export exclude each other.") }
    }

    /// The file; empty for the place of the job, nil for none.
    var place: String? { noExport ? nil : export ?? "" }
}

/// `callboard delete`
struct DeleteCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove exactly these messages, and no others.",
        discussion: """
            Other messages keep their delivery counts. What is removed is exported first.
            Examples: callboard delete orders --dead-letter --seq 4812,4820-4830 --dry-run
                      callboard delete orders --dead-letter --group 1f00ba412345 --yes
            """)

    @OptionGroup var arguments: ActionArguments
    @OptionGroup var place: SubQueueOptions
    @OptionGroup var choice: ChoiceOptions
    @OptionGroup var keeping: KeepingOptions

    func execute() async throws -> Int32 {
        try await arguments.run(.delete, in: place.subQueue, try choice.choice()) { $0.export = keeping.place }
    }
}

/// `callboard purge`
struct PurgeCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Remove all messages that were enqueued before a moment.",
        discussion: """
            Asks for the name of the queue with its sub-queue, typed or given. What is removed is exported first, and scheduled and deferred messages \
            are left alone.
            Examples: callboard purge orders --dead-letter --before 2026-11-01T00:00:00Z --dry-run
                      callboard purge orders --dead-letter --yes-purge 'orders/$deadletterqueue'
            """)

    @OptionGroup var arguments: ActionArguments
    @OptionGroup var place: SubQueueOptions
    @OptionGroup var keeping: KeepingOptions

    @Option(help: ArgumentHelp("Only what was enqueued before this time, 2026-11-26T03:00:00Z.", valueName: "time"))
    var before: String?

    @Option(help: ArgumentHelp("Yes, by the name of the queue with its sub-queue.", valueName: "name"))
    var yesPurge: String?

    func validate() throws { _ = try moment() }

    private func moment() throws -> Timestamp? {
        guard let before else { return nil }
        guard let time = Timestamp(rfc3339: before) else {
            throw ValidationError("--before '\(VisibleText.of(before))' is no time. Write 2026-11-26T03:00:00Z.")
        }
        return time
    }

    func execute() async throws -> Int32 {
        let wish = ActionRequest.Wish.purge(before: try moment())
        return try await arguments.run(wish, in: place.subQueue, .all, purgeName: yesPurge) { $0.export = keeping.place }
    }
}
