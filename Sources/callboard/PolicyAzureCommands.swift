import ArgumentParser
import CallboardCore

/// `callboard policy export-azure`
struct PolicyExportAzureCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-azure", abstract: "Write what Azure itself can enforce of a policy in a namespace, and what it cannot.",
        discussion: """
            The condition under which approvers give roles, the rules for activating them (Privileged Identity Management), disableLocalAuth and two \
            built-in rules of Azure Policy. Nothing is changed: apply the output yourself, and check it with 'callboard policy audit-azure'.
            What Azure cannot keep to is in 'notExpressed', in comments of the other formats.
            Example: callboard policy export-azure policy.yaml --namespace /subscriptions/…/Microsoft.ServiceBus/namespaces/sb-orders --format az
            """)

    @Argument(help: "the policy file")
    var file: String

    @Option(help: ArgumentHelp("The id of the Service Bus namespace in Azure Resource Manager.", valueName: "id"))
    var namespace: String

    @Option(help: "How to write it: json, bicep or az.")
    var format = Format.json

    /// The forms there are.
    enum Format: String, ExpressibleByArgument, CaseIterable { case json, bicep, az }

    @OptionGroup var options: AzureGuardrailOptions

    func execute() async throws -> Int32 {
        let guardrails = try AzureGuardrails(
            try PolicyFile.load(file), namespace: namespace, environment: options.environment, members: options.approver)
        Standard.output.write(guardrails.text(AzureGuardrails.Format(rawValue: format.rawValue) ?? .json))
        return 0
    }
}

/// What both commands are told besides the policy.
struct AzureGuardrailOptions: ParsableArguments {
    @Option(
        name: .customLong("env"),
        help: ArgumentHelp("The environment the namespace is in; by its Azure subscription or the context unless said.", valueName: "name"))
    var environment: String?

    @Option(help: ArgumentHelp("The object id of somebody who approves as a member of a group; may be repeated.", valueName: "id"))
    var approver: [String] = []
}

/// `callboard policy audit-azure`
struct PolicyAuditAzureCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit-azure", abstract: "List where Azure does not enforce what it could of the policy.",
        discussion: """
            Only reads. With --fail-if-any the exit status is 1 when there is a finding, or when something could not be checked.
            Examples: callboard policy audit-azure
                      callboard policy audit-azure --policy policy.yaml --fail-if-any --output json
            """)

    @OptionGroup var signIn: SignInOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("The policy file; that of the context unless said.", valueName: "file"))
    var policy: String?

    @OptionGroup var options: AzureGuardrailOptions

    @Flag(help: "Exit with status 1 when there is a finding, or something was not checked.")
    var failIfAny = false

    func execute() async throws -> Int32 {
        let context = try await signIn.signIn()
        guard let path = policy ?? context.context.policyPath else {
            throw OperatorError(
                .usage, "No policy is named, so that there is nothing to compare Azure with.",
                hint: "Give --policy FILE, or set 'policy' in the configuration file.")
        }
        let audit = try await context.auditGuardrails(
            of: try PolicyFile.load(path), environment: options.environment, members: options.approver)
        if audit.findings.isEmpty, audit.gaps.isEmpty, output.output == .table {
            Standard.raw("Azure enforces what it can of \(VisibleText.of(path)).")
        } else {
            output.write(AzureGuardrailRecord.all(audit))
        }
        for note in audit.notes { Standard.error(note) }
        guard failIfAny else { return 0 }
        if !audit.findings.isEmpty {
            Standard.error("\(audit.findings.count) findings, \(audit.findings.count { $0.severity == .high }) of them high")
            return 1
        }
        // What was not looked at is no all-clear.
        if let gap = audit.gaps.first {
            Standard.error("not checked: \(gap.subject): \(gap.reason)")
            return 1
        }
        return 0
    }
}
