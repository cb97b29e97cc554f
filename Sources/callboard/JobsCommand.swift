import ArgumentParser
import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard jobs`
struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "List what was begun, look at it, and go on with what was cut off.",
        subcommands: [JobsListCommand.self, JobsShowCommand.self, JobsResumeCommand.self], defaultSubcommand: JobsListCommand.self)

    static func store() throws(OperatorError) -> JobStore { try .standard(environment: ProcessInfo.processInfo.environment) }
}

/// `callboard jobs list`
struct JobsListCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List jobs, the newest first.", discussion: "Example: callboard jobs --output jsonl")

    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("How many at most.", valueName: "n"))
    var count = 50

    func validate() throws {
        guard (1...10_000).contains(count) else { throw ValidationError("--count is from 1 to 10000.") }
    }

    func execute() async throws -> Int32 {
        var records: [JobRecord] = []
        var isWhole = true
        for (id, progress) in try JobsCommand.store().jobs(limit: count) {
            do throws(OperatorError) { records.append(JobRecord(try progress.get())) } catch {
                isWhole = false
                Standard.error("job \(id): \(error.description)")
            }
        }
        output.write(records)
        return isWhole ? 0 : 1
    }
}

/// `callboard jobs show`
struct JobsShowCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show how far a job is, and the messages that failed or are in doubt.",
        discussion: "Example: callboard jobs show 12")

    @OptionGroup var output: OutputOptions

    @Argument(help: "the number of the job")
    var id: Int

    func execute() async throws -> Int32 {
        let progress = try JobsCommand.store().job(id)
        if output.output == .table {
            for line in JobRecord(progress).lines { Standard.output.write(VisibleText.of(line) + "\n") }
        } else {
            var json = JSONWriter()
            JobRecord(progress, listsMessages: true).write(to: &json)
            Standard.output.write(json.bytes + [UInt8(ascii: "\n")])
        }
        return 0
    }
}

/// `callboard jobs resume`
struct JobsResumeCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Go on with a job that was stopped or cut off.",
        discussion: """
            Needs the connection the job was begun with. What was sent and removed in transactions is never lost and never there twice; without \
            transactions it says which messages may be.
            Example: callboard jobs resume 12
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "the number of the job")
    var id: Int

    @OptionGroup var why: ReasonOptions

    func execute() async throws -> Int32 {
        try await connection.withWorkspace { workspace in
            let door = try Operator(workspace, environment: ProcessInfo.processInfo.environment)
            let reporter = ProgressReporter()
            let job = try await door.goOn(with: id, reason: why.reason, ticket: why.ticket) { reporter.report($0) }
            return try await ActionRun.finish(job, door, reporter, output)
        }
    }
}
