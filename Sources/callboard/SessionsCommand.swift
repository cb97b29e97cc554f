import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard sessions`
struct SessionsCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions", abstract: "List the sessions of an entity that hold messages or state.",
        discussion: "Example: callboard sessions shipments --counts")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "queue or topic/subscription that requires sessions")
    var entity: EntityArgument

    @Flag(help: "Read the headers of all messages and count those of each session.")
    var counts = false

    func execute() async throws -> Int32 {
        let sessions = try await connection.withWorkspace { workspace in
            try await entity.resolve(.active) { path throws(OperatorError) in
                try await workspace.sessions(of: path, isCounting: counts)
            }
        }
        output.write(sessions.map { SessionRecord($0) })
        return 0
    }
}
