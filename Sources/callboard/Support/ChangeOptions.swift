import ArgumentParser
import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Why something is done.
struct ReasonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Why, for the policy and the audit ledger.", valueName: "text"))
    var reason: String?

    @Option(help: ArgumentHelp("The ticket it is done for.", valueName: "id"))
    var ticket: String?
}

/// The word that production asks for, and why it is done.
struct ChangeOptions: ParsableArguments {
    @OptionGroup var why: ReasonOptions

    @Flag(
        help: "Yes, change production. Whether that may be is for the policy, or for the context's mode, to say.")
    var allowChanges = false

    /// The door to changes of a namespace.
    /// - Throws: ``OperatorError``: refused in production without the word, or when the policy cannot be used.
    func door(to workspace: Workspace) throws(OperatorError) -> Operator {
        if workspace.title.isProduction, !workspace.title.isEmulator, !allowChanges {
            throw OperatorError(
                .refused, "Context '\(workspace.title.name)' is production: nothing was changed.",
                hint: "Look at the difference; then repeat it with --allow-changes.")
        }
        return try Operator(workspace, environment: ProcessInfo.processInfo.environment)
    }
}
