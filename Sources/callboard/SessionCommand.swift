import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard session`
struct SessionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "Look at one session, or change the state kept with it.",
        subcommands: [SessionShowCommand.self, SessionSetStateCommand.self, SessionClearCommand.self])
}

/// Which session is meant.
struct SessionArguments: ParsableArguments {
    @Argument(help: "queue or topic/subscription that requires sessions")
    var entity: EntityArgument

    @Argument(help: "The session's id.")
    var id: String
}

/// `callboard session show`
struct SessionShowCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a session: how many messages it holds, and its state.",
        discussion: """
            The service shows a session's state to the receiver that holds the session only: it is accepted for a moment. Nobody else gets \
            it meanwhile; no message is locked.
            Example: callboard session show shipments order-4711
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var session: SessionArguments

    @Flag(help: "Leave the state out, and the session to others.")
    var withoutState = false

    func execute() async throws -> Int32 {
        let detail = try await connection.withWorkspace { workspace in
            try await session.entity.resolve(.active) { path throws(OperatorError) in
                try await workspace.session(session.id, of: path, withState: !withoutState)
            }
        }
        let record = SessionDetailRecord(detail)
        if output.output == .table {
            output.write([record])
        } else {
            var json = JSONWriter()
            record.write(to: &json)
            Standard.output.write(json.bytes + [UInt8(ascii: "\n")])
        }
        return 0
    }
}

/// `callboard session set-state`
struct SessionSetStateCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-state", abstract: "Set the state kept with a session.",
        discussion: "Example: callboard session set-state shipments order-4711 --text '{\"step\": 3}'")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var session: SessionArguments

    @Option(help: ArgumentHelp("The state as text.", valueName: "text"))
    var text: String?

    @Option(help: ArgumentHelp("A file with the state; - for standard input, which is also the default.", valueName: "file"))
    var file: String?

    func validate() throws {
        if file != nil, text != nil { throw ValidationError("--file and --text exclude each other.") }
    }

    func execute() async throws -> Int32 {
        try await connection.withWorkspace { workspace in
            let state = try text.map { Array($0.utf8) } ?? InputFile.read(file ?? "-")
            try await session.set(state, workspace, change)
            Standard.raw("state set, \(state.count) bytes")
        }
        return 0
    }
}

/// `callboard session clear`
struct SessionClearCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Take away the state kept with a session. Its messages stay.",
        discussion: "Example: callboard session clear shipments order-4711")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var session: SessionArguments

    func execute() async throws -> Int32 {
        try await connection.withWorkspace { workspace in
            try await session.set(nil, workspace, change)
            Standard.raw("state cleared")
        }
        return 0
    }
}

extension SessionArguments {
    /// Sets the session's state; nil clears it.
    func set(_ state: [UInt8]?, _ workspace: Workspace, _ leave: ChangeOptions) async throws(OperatorError) {
        let door = try leave.door(to: workspace)
        try await entity.resolve(.active) { path throws(OperatorError) in
            try await door.change(.setSessionState, on: path, kind: .queue, reason: leave.why.reason, ticket: leave.why.ticket) {
                permission throws(OperatorError) in
                try await workspace.setSessionState(state, of: id, in: path, with: permission)
            }
        }
    }
}
