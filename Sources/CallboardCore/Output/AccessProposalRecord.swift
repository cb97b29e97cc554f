internal import ServiceBus

/// What would be asked for, as `access request --dry-run` prints it.
public struct AccessProposalRecord: OutputRecord {
    private let proposal: AccessProposal

    /// Wraps a proposal.
    public init(_ proposal: AccessProposal) { self.proposal = proposal }

    /// Role, scope, time, where, what it takes, what is in the way.
    public static let columns = [
        OutputColumn("role"), OutputColumn("where"), OutputColumn("for"), OutputColumn("backend"), OutputColumn("limits"),
        OutputColumn("policy"), OutputColumn("in the way"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(proposal.draft.role.title)
        row.cell(proposal.draft.scope.title)
        row.cell(DurationText.text(proposal.draft.duration))
        row.cell(proposal.backend.label)
        row.cell(proposal.limits.sentences.joined(separator: ", "))
        row.cell(proposal.verdict.description)
        row.cell(proposal.obstacles.isEmpty ? "–" : proposal.obstacles.joined(separator: " "))
    }

    /// Writes the proposal as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            AccessRequestRecord.write(proposal.draft.principal, "principal", to: &json)
            json.member("role", proposal.draft.role.rawValue)
            json.member("roleName", proposal.draft.role.title)
            json.member("scope", proposal.draft.scope.id)
            json.member("entity", proposal.draft.scope.entity?.displayName)
            json.member("durationSeconds", proposal.draft.duration.components.seconds)
            json.member("backend", proposal.backend.rawValue)
            json.member("longestSeconds", proposal.longest.map { $0.components.seconds })
            json.member("needsApproval", proposal.limits.needsApproval)
            json.member("needsTicket", proposal.limits.needsTicket)
            json.member("approvers", proposal.limits.approvers.map(\.title))
            json.member("limits", proposal.limits.sentences)
            json.member("policy", proposal.verdict.description)
            json.member("obstacles", proposal.obstacles)
        }
    }
}
