import ArgumentParser
import CallboardCore
import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard policy`
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Check, explain and test the policy: who may do what, where.",
        subcommands: [
            PolicyLintCommand.self, PolicyExplainCommand.self, PolicyTestCommand.self, PolicyExportAzureCommand.self,
            PolicyAuditAzureCommand.self,
        ])
}

/// `callboard policy lint`
struct PolicyLintCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "List the mistakes of a policy file, and what is worth a second thought.",
        discussion: """
            A policy with a mistake is not used, and then nothing is allowed: the exit status is 1. Warnings leave it at 0.
            Example: callboard policy lint policy.yaml
            """)

    @OptionGroup var output: OutputOptions

    @Argument(help: "the policy file")
    var file: String

    func execute() async throws -> Int32 {
        // A path that leads nowhere is a slip of the command line, and not of the policy.
        _ = try InputFile.read(file)
        let (policy, problems) = PolicyFile.read(file)
        let warnings = policy?.warnings() ?? []
        if problems.isEmpty, warnings.isEmpty, output.output == .table {
            Standard.raw("\(VisibleText.of(file)): nothing to complain of.")
            return 0
        }
        output.write(problems.map { PolicyFindingRecord($0) } + warnings.map { PolicyFindingRecord($0) })
        return problems.isEmpty ? 0 : 1
    }
}

/// Which policy a command is about.
struct PolicyOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The policy file; that of the context unless said.", valueName: "file"))
    var policy: String?

    @Option(help: ArgumentHelp("A context of the configuration file.", valueName: "name"))
    var context: String?

    /// The policy, and the context where one is configured.
    func load() throws(OperatorError) -> (policy: Policy, context: OperatorContext?) {
        if let policy, context == nil { return (try PolicyFile.load(policy), nil) }
        let configuration = try ConfigurationFile(environment: ProcessInfo.processInfo.environment)?.load() ?? Configuration()
        let context = try configuration.context(named: context)
        guard let path = policy ?? context?.policyPath ?? configuration.policyPath else {
            throw OperatorError(
                .usage, "No policy is named, so that the built-in rules hold: looking, and changes on sandboxes and in 'mode: read-write'.",
                hint: "Give --policy FILE, or set 'policy' in the configuration file.")
        }
        return (try PolicyFile.load(path), context)
    }
}

/// `callboard policy explain`
struct PolicyExplainCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say what the policy says to an action, and because of which rules.",
        discussion: """
            Without --as it is asked as whoever runs this, who is in no team until they sign in; with it the teams are taken for known.
            The actions: \(PolicyAction.allCases.map(\.rawValue).joined(separator: ", ")).
            Example: callboard policy explain message.redrive 'namespaces/sb-orders-prod/queues/orders' --as team:orders --env prod --count 600
            """)

    @OptionGroup var options: PolicyOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "what is to be done, as message.purge")
    var action: String

    @Argument(help: "where, as namespaces/NAME/queues/NAME; a sub-queue with /$deadletterqueue behind it")
    var scope: String

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Who asks: team:NAME, user:ID or agent; may be repeated.", valueName: "subject"))
    var subjects: [String] = []

    @Option(name: .customLong("env"), help: ArgumentHelp("The environment; that of the context unless said.", valueName: "name"))
    var environment: String?

    @Option(help: ArgumentHelp("The role: sender, receiver or owner.", valueName: "role"))
    var role: String?

    @Option(help: ArgumentHelp("For how long, as 2h.", valueName: "duration"))
    var ttl: String?

    @Option(help: ArgumentHelp("How many messages.", valueName: "n"))
    var count: Int?

    @Option(help: ArgumentHelp("How many messages a second.", valueName: "n"))
    var rate: Int?

    @Flag(help: "As an emergency.")
    var breakGlass = false

    func execute() async throws -> Int32 {
        let (policy, context) = try options.load()
        let question = try question(context)
        let explanation = policy.explanation(of: question)
        if let context, context.mode == .readOnly, question.action.changesWorld {
            Standard.raw(
                "'\(context.name)' is read-only by its configuration: there every change is denied (built-in:read-only), whatever follows.")
        }
        guard output.output == .table else {
            var json = JSONWriter()
            explanation.write(to: &json)
            Standard.output.write(json.bytes + [UInt8(ascii: "\n")])
            return 0
        }
        for sentence in explanation.sentences where !sentence.isEmpty { Standard.output.write(VisibleText.of(sentence) + "\n") }
        if !explanation.lines.isEmpty { output.write(explanation.lines.map { PolicyExplanationRecord($0) }) }
        return 0
    }

    private func question(_ context: OperatorContext?) throws(OperatorError) -> PolicyQuestion {
        guard let action = PolicyAction(rawValue: action) else {
            let meant = Spelling.nearest(to: self.action, among: PolicyAction.allCases.map(\.rawValue)).map { "Did you mean '\($0)'?" }
            throw OperatorError(
                .usage, "'\(self.action)' is not an action.", hint: meant ?? "'callboard policy explain --help' lists them.")
        }
        var caller = PolicyCaller.local(ProcessInfo.processInfo.environment, isAgent: context?.isAgent ?? false)
        if !subjects.isEmpty {
            caller = PolicyCaller([])
            for word in subjects {
                guard let subject = PolicySubject(word) else {
                    throw OperatorError(.usage, "--as \(word) is nobody.", hint: "Write team:NAME, user:ID, agent or anyone.")
                }
                caller.subjects.insert(subject)
            }
        }
        var question = PolicyQuestion(action, on: try PolicyScope(parsing: scope), by: caller)
        question.environment = environment ?? context.flatMap { $0.environment.isEmpty ? nil : $0.environment }
        if let role {
            guard let known = PolicyRole(rawValue: role) else {
                throw OperatorError(.usage, "'\(role)' is not a role.", hint: "There is sender, receiver and owner.")
            }
            question.role = known
        }
        if let ttl {
            guard case .lasting(let duration)? = DurationText.parse(ttl) else {
                throw OperatorError(.usage, "--ttl \(ttl) is not a time.", hint: "Write for instance 30m, 4h or 7d.")
            }
            question.ttl = duration
        }
        question.messages = count
        question.rate = rate
        question.isBreakGlass = breakGlass
        return question
    }
}

/// `callboard policy test`
struct PolicyTestCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Ask a policy a table of questions and compare its verdicts with those that are expected.",
        discussion: """
            The table is JSON or YAML: {"policy": "policy.yaml", "cases": [{"who": ["team:orders"], "action": "message.peek", "env": "prod",
            "scope": "namespaces/sb-orders-prod/queues/orders", "expect": "allow:peek-own"}]}. Besides there are role, ttl, count, rate, groups, break_glass.
            The exit status is 1 when a verdict is another one.
            Example: callboard policy test decisions.json --policy policy.yaml
            """)

    @OptionGroup var output: OutputOptions

    @Argument(help: "the table")
    var decisions: String

    @Option(help: ArgumentHelp("The policy file; the one the table names unless said.", valueName: "file"))
    var policy: String?

    func execute() async throws -> Int32 {
        let table = try PolicyDecisions(file: decisions)
        guard let path = policy ?? table.policy.map({ beside($0) }) else {
            throw OperatorError(.usage, "\(decisions) names no policy.", hint: "Give --policy FILE.")
        }
        let outcomes = table.outcomes(of: try PolicyFile.load(path))
        output.write(outcomes.map { PolicyOutcomeRecord($0) })
        let passed = outcomes.count { $0.isPassed }
        Standard.raw("\(passed) of \(outcomes.count) verdicts as expected")
        return passed == outcomes.count ? 0 : 1
    }

    /// A path of the table is relative to the table's folder.
    private func beside(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = decisions.lastIndex(of: "/") else { return path }
        return decisions[...slash] + path
    }
}
