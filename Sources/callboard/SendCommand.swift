import ArgumentParser
import CallboardCore
import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard send`
struct SendCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Send messages to a queue or topic.",
        discussion: """
            One message from a file or standard input, or many from a file with one JSON object a line, in the form that 'peek' prints.
            Examples: callboard send orders --file order.json --content-type application/json
                      callboard send orders --jsonl messages.jsonl
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var why: ReasonOptions

    @Argument(help: "queue or topic")
    var entity: EntityArgument

    @Option(help: ArgumentHelp("The body of one message; - for standard input, which is also the default.", valueName: "file"))
    var file: String?

    @Option(help: ArgumentHelp("Messages, one JSON object a line; - for standard input.", valueName: "file"))
    var jsonl: String?

    @Option(help: ArgumentHelp("What the message is about.", valueName: "text"))
    var subject: String?

    @Option(help: ArgumentHelp("The message id.", valueName: "id"))
    var messageID: String?

    @Option(help: ArgumentHelp("The correlation id.", valueName: "id"))
    var correlationID: String?

    @Option(help: ArgumentHelp("The session it belongs to.", valueName: "id"))
    var session: String?

    @Option(help: ArgumentHelp("The MIME type of the body.", valueName: "type"))
    var contentType: String?

    @Option(help: ArgumentHelp("An application property of type string; may be repeated.", valueName: "name=value"))
    var property: [String] = []

    func validate() throws {
        if file != nil, jsonl != nil { throw ValidationError("--file and --jsonl exclude each other.") }
        if let wrong = property.first(where: { !$0.contains("=") }) {
            throw ValidationError("--property '\(wrong)' is not of the form name=value.")
        }
    }

    func execute() async throws -> Int32 {
        let count = try await connection.withWorkspace { workspace in
            let (messages, lines) = try messages()
            let door = try Operator(workspace, environment: ProcessInfo.processInfo.environment)
            do throws(OperatorError) {
                try await entity.resolve(nil) { path throws(OperatorError) in
                    try await door.change(.sendMessage, on: path, messages: messages.count, reason: why.reason, ticket: why.ticket) {
                        permission throws(OperatorError) in
                        try await workspace.send(messages, to: path, with: permission)
                    }
                }
            } catch { throw named(error, lines) }
            return messages.count
        }
        Standard.raw("\(count) sent")
        return 0
    }

    /// An error that says on which lines of the file the messages stand that were not sent.
    private func named(_ error: OperatorError, _ lines: [Int]) -> OperatorError {
        guard let jsonl, let shortfall = error.shortfall, !shortfall.isTotal else { return error }
        var named = error
        named.message += " " + shortfall.places(in: jsonl == "-" ? "standard input" : jsonl, lines: lines)
        return named
    }

    /// The messages, and the line that each stands on where they are of a file of lines.
    private func messages() throws(OperatorError) -> (messages: [OutgoingMessage], lines: [Int]) {
        if let jsonl {
            let advice = "All of it is read before the first message is sent: split it."
            return try MessageInput.numbered(InputFile.read(jsonl, ifTooLarge: advice), file: jsonl)
        }
        var draft = OutgoingMessage(body: .data(try InputFile.read(file ?? "-")))
        draft.applicationProperties = property.map { text in
            let name = text.prefix { $0 != "=" }
            let value = text.dropFirst(name.count + 1)
            return OutgoingMessage.Property(
                name: String(name), value: PropertyValue(typeName: "string", content: .text(String(value))))
        }
        draft.subject = subject
        draft.messageID = messageID
        draft.correlationID = correlationID
        draft.sessionID = session
        draft.contentType = contentType
        return ([draft], [])
    }
}
