import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard rules`
struct RulesCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "List, add or remove a subscription's rules, or test who would get a message.",
        discussion: """
            'rules TOPIC test' says for every subscription what its rules make of a message, and why. It sends nothing. Messages are files with one \
            JSON object a line, in the form that 'peek' prints (- for standard input), or one is described by options.
            Examples: callboard rules order-events/billing
                      callboard rules order-events test --subject OrderPlaced --property region=eu --property quantity:=3
                      callboard peek orders --dead-letter -o jsonl | callboard rules order-events test -
                      callboard rules order-events/billing add eu --sql "region = 'eu'" --dry-run
                      callboard rules order-events/billing remove eu --yes
            'add' takes the message options as conditions that a message must meet. What else a rule can have: callboard create rule --help
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: DifferenceOptions

    @Argument(help: "topic/subscription, or a topic to test all its subscriptions")
    var entity: EntityArgument

    @Argument(help: ArgumentHelp("test [FILE...], add NAME or remove NAME", valueName: "what"))
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

    @Option(help: ArgumentHelp("The condition of an added rule, in the language of SQL filters.", valueName: "condition"))
    var sql: String?

    @Option(help: ArgumentHelp("What an added rule changes in its copy, in the language of SQL actions.", valueName: "statements"))
    var action: String?

    @Flag(help: "Yes, remove the rule for good.")
    var yes = false

    func validate() throws {
        if let first = words.first, !["test", "add", "remove"].contains(first) {
            throw ValidationError("'\(first)' is none of test, add and remove. Without a word the rules are listed.")
        }
        if words.first == "add" || words.first == "remove" {
            guard words.count == 2 else { throw ValidationError("'\(words[0])' takes one name, that of the rule.") }
            if words[0] == "remove", describesMessage || sql != nil || action != nil {
                throw ValidationError("'remove' takes no conditions.")
            }
            return
        }
        if sql != nil || action != nil { throw ValidationError("--sql and --action are for 'add'.") }
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
        if words.count == 2, words[0] != "test" {
            try await changeRule(words[1], isNew: words[0] == "add")
        } else if words.isEmpty {
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

    private func changeRule(_ name: String, isNew: Bool) async throws {
        let inputs = isNew ? try conditions() : []
        try await connection.withWorkspace { workspace in
            // What was typed is a subscription; only those have rules.
            guard let path = entity.candidates.first(where: { $0.subscription != nil }) else {
                throw OperatorError(.usage, "Only subscriptions have rules.", hint: "Name one as topic/subscription.")
            }
            let target = try EntityTarget(.rule, named: "\(path.displayName)/\(name)")
            let run = ChangeRun(workspace: workspace, options: change, output: output.output)
            if isNew {
                try await run.run(try EntityChange.creating(target, inputs))
            } else {
                try await run.run(EntityChange.removing(try await workspace.settings(of: target)), isConfirmed: yes)
            }
        }
    }

    /// The options as settings of a rule.
    private func conditions() throws -> [SettingInput] {
        let texts: [(String, String?)] = [
            ("sql", sql), ("action", action), ("subject", subject), ("message-id", messageID), ("correlation-id", correlationID),
            ("session", session), ("to", to), ("content-type", contentType),
        ]
        var inputs = texts.compactMap { name, text in text.map { SettingInput(name, $0) } }
        if !property.isEmpty { inputs.append(SettingInput("properties", property.joined(separator: "\n"))) }
        return inputs
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
