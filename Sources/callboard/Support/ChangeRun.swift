import ArgumentParser
import CallboardCore

/// What commands that change entities have in common.
struct DifferenceOptions: ParsableArguments {
    @Flag(help: "Show what would change, and change nothing.")
    var dryRun = false

    @OptionGroup var leave: ChangeOptions

}

/// A change on its way: shown first, then carried out.
struct ChangeRun {
    let workspace: Workspace
    let options: DifferenceOptions
    let output: OutputFormat

    /// Shows a change and carries it out.
    /// - Parameter isConfirmed: whether the operator said yes to what cannot be undone.
    /// - Throws: ``OperatorError`` after the difference was shown: refused without leave or confirmation, or what the service said.
    func run(_ change: EntityChange, isConfirmed: Bool = true) async throws(OperatorError) {
        if output == .table { show(change) }
        do throws(OperatorError) {
            let isDone = try await carryOut(change, isConfirmed)
            if output != .table { write(change, isDone: isDone) }
        } catch {
            if output != .table { write(change, isDone: false) }
            throw error
        }
    }

    private func carryOut(_ change: EntityChange, _ isConfirmed: Bool) async throws(OperatorError) -> Bool {
        guard !change.isEmpty else {
            Standard.raw("\(VisibleText.of(change.target.description)) is so already: nothing to change.")
            return false
        }
        guard !options.dryRun else {
            Standard.raw("Nothing was changed (--dry-run).")
            return false
        }
        let door = try options.leave.door(to: workspace)
        guard isConfirmed else {
            throw OperatorError(
                .refused, "\(change.target) is removed for good, so nothing was done yet.",
                hint: "Read what is lost; then repeat it with --yes.", entity: change.target.path)
        }
        try await door.carryOut(change, reason: options.leave.why.reason, ticket: options.leave.why.ticket)
        let done =
            switch change.operation {
            case .create: "created"
            case .update: "changed"
            case .remove: "removed"
            }
        Standard.raw("\(VisibleText.of(change.target.description)) \(done)")
        return true
    }

    private func show(_ change: EntityChange) {
        if !change.difference.isEmpty {
            Standard.output.write(
                ListOutput.all(change.difference.map { DifferenceRecord($0) }, .table, columns: Standard.columns))
        }
        for sentence in change.consequences { Standard.raw(VisibleText.of(sentence)) }
    }

    private func write(_ change: EntityChange, isDone: Bool) {
        var json = JSONWriter()
        ChangeRecord(change, isDone: isDone).write(to: &json)
        Standard.output.write(json.bytes + [UInt8(ascii: "\n")])
    }
}
