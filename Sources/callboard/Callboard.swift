import ArgumentParser
import CallboardCore

/// The root command. `callboard` alone opens the console.
struct Callboard: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "callboard",
        abstract: "The terminal operator console for Azure Service Bus and Backstage.",
        discussion: "Without a command it opens the console on the configured context. Try it without any set-up: callboard demo",
        version: "0.1.0",
        subcommands: [
            ConsoleCommand.self, DemoCommand.self, SandboxCommand.self, ServicesCommand.self, EntitiesCommand.self, ShowCommand.self,
            PeekCommand.self, GroupsCommand.self, TraceCommand.self, ExportCommand.self, SendCommand.self,
            RedriveCommand.self, DeleteCommand.self, PurgeCommand.self, MoveCommand.self, DeferCommand.self, DeadLetterCommand.self,
            ReceiveDeferredCommand.self, CancelScheduledCommand.self, ImportCommand.self, JobsCommand.self,
            SessionsCommand.self, SessionCommand.self, RulesCommand.self,
            CreateCommand.self, UpdateCommand.self, RemoveCommand.self, TopologyCommand.self, BindingsCommand.self,
            DriftCommand.self, AccessCommand.self, TokenCommand.self, KeysCommand.self, PolicyCommand.self, AuditCommand.self,
            LoginCommand.self, LogoutCommand.self, WhoAmICommand.self, ContextsCommand.self, ConfigCommand.self, DoctorCommand.self,
        ],
        defaultSubcommand: ConsoleCommand.self)
}

/// Starts the program. Not asynchronous: the console needs the main thread for itself, and an asynchronous `main` gives it away.
@main
enum Main {
    static func main() {
        Standard.occupy()
        Heap.share()
        let command: any ParsableCommand
        do {
            command = try named() ?? Callboard.parseAsRoot()
        } catch {
            Exit.now(parsing: error)
        }
        if let command = command as? any MainThreadCommand {
            Exit.now(command.runOnMainThread())
        }
        if command is any InterruptibleCommand { Interruption.shared.block() }
        if command is any RelayingCommand { SignalRelay.shared.block() }
        if let command = command as? any OperatorCommand {
            Task.detached { Exit.now(await command.status()) }
            if command is any InterruptibleCommand { Interruption.shared.watch() }
            if command is any RelayingCommand { SignalRelay.shared.watch() }
            Exit.whenTaskEnds()
        }
        // What remains prints something about the program itself: help, the version.
        do {
            var command = command
            try command.run()
            Exit.now(0)
        } catch {
            Exit.now(parsing: error)
        }
    }
}

extension Main {
    /// The command that the first argument names, parsed by itself: making the tree of all commands takes as long as parsing one. What cannot
    /// be parsed so, and what asks for help, is left to the tree, whose answers name the whole way to a command.
    private static func named() -> (any ParsableCommand)? {
        let words = CommandLine.arguments.dropFirst()
        // The version is the tree's, and a command that takes any option would take this one too.
        guard !words.contains("--version"), let name = words.first,
            let type = Callboard.configuration.subcommands.first(where: { $0._commandName == name }),
            let command = try? type.parseAsRoot(Array(words.dropFirst())),
            command is any OperatorCommand || command is any MainThreadCommand
        else { return nil }
        return command
    }
}

/// A command that needs the main thread: it has a screen.
protocol MainThreadCommand: ParsableCommand {
    /// Runs to the end.
    /// - Returns: the exit status.
    func runOnMainThread() -> Int32
}

/// A command that asks or changes something.
protocol OperatorCommand: ParsableCommand, Sendable {
    /// Does the work.
    /// - Returns: the exit status: 0, or 1 when the answer is "there is a problem".
    /// - Throws: ``OperatorError``, which is told on standard error.
    func execute() async throws -> Int32
}

/// A command that stops in order when it is interrupted. It asks ``Interruption``, since nothing else ends it then.
protocol InterruptibleCommand: OperatorCommand {}

/// A command that serves until it is interrupted.
protocol ServerCommand: InterruptibleCommand {}

extension OperatorCommand {
    func status() async -> Int32 {
        do {
            return try await execute()
        } catch let error as OperatorError {
            Standard.error(error.description)
            return error.exitCode
        } catch is CancellationError {
            return 130
        } catch {
            Standard.error("\(error)")
            return 1
        }
    }
}
