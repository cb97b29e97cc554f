import ArgumentParser
import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard contexts`
struct ContextsCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "contexts", abstract: "List the contexts of the configuration file.", discussion: "Example: callboard contexts")

    @OptionGroup var output: OutputOptions

    func execute() async throws -> Int32 {
        let configuration = try ConfigurationFile(environment: ProcessInfo.processInfo.environment)?.load() ?? Configuration()
        if configuration.contexts.isEmpty, output.output == .table {
            Standard.raw("No context is configured. docs/commands.md shows a configuration file; without one: callboard demo")
            return 0
        }
        let opened = configuration.defaultContext ?? (configuration.contexts.count == 1 ? configuration.contexts.first?.name : nil)
        output.write(configuration.contexts.map { ContextRecord($0, isDefault: $0.name == opened) })
        return 0
    }
}

/// `callboard config`
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check the configuration file.", subcommands: [ConfigCheckCommand.self])
}

/// `callboard config check`
struct ConfigCheckCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "List the mistakes of the configuration file, and of the policies it names.",
        discussion: "Exit status 1 when there is one. Example: callboard config check")

    @OptionGroup var output: OutputOptions

    func execute() async throws -> Int32 {
        guard let file = ConfigurationFile(environment: ProcessInfo.processInfo.environment) else {
            throw OperatorError(.usage, "There is no place for a configuration file.", hint: "Set HOME or CALLBOARD_CONFIG.")
        }
        var (configuration, problems) = file.read()
        let policies = ([configuration.policyPath] + configuration.contexts.map(\.policyPath)).compactMap { $0 }
        for policy in Set(policies).sorted() { problems += PolicyFile.read(policy).problems }
        if problems.isEmpty, output.output == .table {
            let name = configuration.file.map { VisibleText.of($0) } ?? "\(VisibleText.of(file.path)) (which does not exist)"
            Standard.raw("\(name): \(configuration.contexts.count) contexts, nothing to complain of.")
            return 0
        }
        output.write(problems.map { ProblemRecord($0) })
        return problems.isEmpty ? 0 : 1
    }
}
