import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard rules`
struct RulesCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "List a subscription's rules, or test who would get a message.",
        discussion: """
            'rules TOPIC test' says for every subscription what its rules make of a message, and why. It sends nothing. Messages are files with one \
            JSON object a line, in the form that 'peek' prints (- for standard input), or one is described by options.
            Examples: callboard rules order-events/billing
                      callboard rules order-events test --subject OrderPlaced --property region=eu --property quantity:=3
                      callboard peek orders --dead-letter -o jsonl | callboard rules order-events test -
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "topic/subscription, or a topic to test all its subscriptions")
    var entity: EntityArgument

    @Argument(help: ArgumentHelp("test, and the files with the messages to test with", valueName: "test"))
    var words: [String] = []

    @Option(help: ArgumentHelp("What the tested message is about.", valueName: "text"))
    var subject: String?

    @Option(help: ArgumentHelp("The tested message's id.", valueName: "id"))
    var messageID: String?

    @Option(help: ArgumentHelp("The tested message's correlation id.", valueName: "id"))
    var correlationID: String?

    @Option(help: ArgumentHelp("The session of the tested message.", valueName: "id"))
    var session: String?

    @Option(help: ArgumentHelp("The address of the tested message.", valueName: "address"))
    var to: String?

    @Option(help: ArgumentHelp("The MIME type of the tested message.", valueName: "type"))
    var contentType: String?

    @Option(
        help: ArgumentHelp(
            "An application property of the tested message: text, or with := a number, true, false or null; may be repeated.",
            valueName: "name=text|name:=value"))
    var property: [String] = []

    func validate() throws {
        if let first = words.first, first != "test" {
            throw ValidationError("'\(first)' is not 'test'. What rules can do: list (without a word), test.")
        }
        if words.isEmpty, describesMessage {
            throw ValidationError("A message is described, but nothing is to be tested with it: add 'test'.")
        }
        if words.count > 1, describesMessage { throw ValidationError("Give files with messages or describe one message, not both.") }
        for text in property { _ = try PropertyOption.parse(text) }
    }

    private var describesMessage: Bool {
        !property.isEmpty || [subject, messageID, correlationID, session, to, contentType].contains { $0 != nil }
    }

    func execute() async throws -> Int32 {
        if words.isEmpty {
            let rules = try await connection.withWorkspace { workspace in
                try await entity.resolve(.active) { path throws(OperatorError) in try await workspace.rules(of: path) }
            }
            output.write(rules.map { RuleRecord($0) })
        } else {
            let messages = try messages()
            let routing = try await connection.withWorkspace { workspace in
                try await entity.resolve(.active) { path throws(OperatorError) in try await workspace.routing(of: path) }
            }
            output.write(messages.enumerated().flatMap { RoutingRecord.all(routing.deliveries(of: $1), message: $0 + 1) })
        }
        return 0
    }

    private func messages() throws -> [OutgoingMessage] {
        if words.count > 1 {
            return try words.dropFirst().flatMap { file throws(OperatorError) in try MessageInput.lines(InputFile.read(file), file: file) }
        }
        var message = OutgoingMessage()
        message.subject = subject
        message.messageID = messageID
        message.correlationID = correlationID
        message.sessionID = session
        message.to = to
        message.contentType = contentType
        message.applicationProperties = try property.map { try PropertyOption.parse($0) }
        return [message]
    }
}

/// An application property on the command line.
enum PropertyOption {
    /// Reads `name=text`, or `name:=value` for a number, a truth value or null.
    static func parse(_ option: String) throws -> OutgoingMessage.Property {
        do throws(PropertyText.Problem) { return try PropertyText.parse(option) } catch {
            throw ValidationError("--property '\(option)' \(error).")
        }
    }
}
