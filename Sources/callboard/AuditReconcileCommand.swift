import ArgumentParser
import CallboardCore
import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard audit reconcile`
struct AuditReconcileCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile", abstract: "Join ledgers with Azure's Activity Log: what is only here, and what is only there.",
        discussion: """
            Roles and keys of the context's namespace, joined by correlation id. A role that was given past the workflow is in the Activity Log and in no ledger: give
            the ledgers of everybody who works here. Azure writes its log minutes late and keeps 90 days. With --fail-if-any the exit status is 1 when
            something is on one side only, or was left open in a ledger.
            Examples: callboard audit reconcile --since 24h --only-problems --fail-if-any
                      callboard audit reconcile --ledger mine.jsonl --ledger theirs.jsonl --output json
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("A ledger; may be repeated. Your own unless said.", valueName: "file"))
    var ledger: [String] = []

    @Option(help: ArgumentHelp("From a time on, 2026-11-26T03:00:00Z, or of the last while, 24h.", valueName: "time"))
    var since = "24h"

    @Flag(help: "Only what somebody has to look at.")
    var onlyProblems = false

    @Flag(help: "Exit with status 1 when there is something to look at.")
    var failIfAny = false

    func execute() async throws -> Int32 {
        let moment = try moment()
        let ledgers = ledger.isEmpty ? [try AuditLedger.path(environment: ProcessInfo.processInfo.environment)] : ledger
        return try await connection.withWorkspace { workspace in
            let joined = try await workspace.reconcile(ledgers: ledgers, since: moment, now: .now)
            output.write((onlyProblems ? joined.problems : joined.entries).map { ReconciliationRecord($0) })
            let problems = joined.problems.count
            if problems > 0 { Standard.error("\(problems) of \(joined.entries.count) are to be looked at.") }
            return failIfAny && problems > 0 ? 1 : 0
        }
    }

    private func moment() throws(OperatorError) -> Timestamp {
        if let time = Timestamp(rfc3339: since) { return time }
        if case .lasting(let duration)? = DurationText.parse(since), duration >= .zero, duration <= .seconds(90 * 86_400) {
            return Timestamp.now.advanced(by: .zero - duration)
        }
        throw OperatorError(.usage, "--since \(since) is no time within 90 days.", hint: "Write 2026-11-26T03:00:00Z, or 24h.")
    }
}
