public import ArgumentParser
public import CallboardCore
import Logging

/// `callboard drift`
struct DriftCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift", abstract: "Compare access as it is with access as it should be.",
        subcommands: [DriftListCommand.self, DriftShowCommand.self], defaultSubcommand: DriftListCommand.self)
}

/// `callboard drift list`
struct DriftListCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the findings, the worst first, and what could not be checked.",
        discussion: """
            Only reads. With --fail-if-any the exit status is 1 when there is a finding, or when one could not be looked for because it is not permitted.
            Examples: callboard drift
                      callboard drift orders --severity high --fail-if-any
            """)

    @OptionGroup var options: AccessOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "Only what concerns a service, or an entity: queue, topic, or topic/subscription.")
    var subject: String?

    @Option(help: ArgumentHelp("Only findings at least so bad: low, medium or high.", valueName: "severity"))
    var severity = DriftFinding.Severity.low

    @Flag(help: "Exit with status 1 when there is a finding.")
    var failIfAny = false

    func execute() async throws -> Int32 {
        let index = try await options.index()
        let begun = ContinuousClock.now
        let whole = DriftReport(index)
        Diagnostics.logger.debug(
            "compared access with the catalogue", metadata: ["seconds": "\((ContinuousClock.now - begun) / .seconds(1))"])
        let report = whole.concerning(try index.subject(subject), from: severity)
        output.write(DriftRecord.all(report))
        guard failIfAny else { return 0 }
        if !report.findings.isEmpty {
            let grave = report.findings.count { $0.severity == .high }
            Standard.error("\(report.findings.count) findings, \(grave) of them high")
            return 1
        }
        // What was not looked at is no all-clear.
        if let blindness = report.blindness {
            Standard.error(blindness)
            return 1
        }
        return 0
    }
}

/// `callboard drift show`
struct DriftShowCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a finding with what shows it and how it would be mended.",
        discussion: """
            The plan says every step in words and, where there is one, the exact request to Azure Resource Manager. Nothing of it is done.
            Example: callboard drift show human-standing-3f2a91
            """)

    @OptionGroup var options: AccessOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The id of a finding, or its beginning.")
    var id: String

    func execute() async throws -> Int32 {
        let record = DriftRecord(try DriftReport(try await options.index()).finding(id))
        if output.output == .table {
            for line in record.lines { Standard.output.write(VisibleText.of(line) + "\n") }
        } else {
            output.write([record])
        }
        return 0
    }
}

extension DriftFinding.Severity: ExpressibleByArgument {
    /// The words there are.
    public static var allValueStrings: [String] { allCases.map(\.word) }

    /// As help shows the default.
    public var defaultValueDescription: String { word }

    /// Reads a word.
    public init?(argument: String) { self.init(word: argument.lowercased()) }
}
