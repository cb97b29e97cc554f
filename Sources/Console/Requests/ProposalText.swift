internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What a request would have to keep to, in words: who would be asked, what the policy says, how it would be granted.
enum ProposalText {
    /// Who would decide, behind "it waits".
    static func whom(_ proposal: AccessProposal?) -> String {
        let names = proposal?.limits.approvers.map(\.title) ?? []
        return names.isEmpty ? "" : " for \(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? "…" : "")"
    }

    /// Who would be asked.
    static func approvers(_ proposal: AccessProposal) -> [Span] {
        let limits = proposal.limits
        if limits.way == .assignment { return [Span("nobody: whoever may give it gives it at once", .statusWarning)] }
        guard limits.needsApproval else { return [Span("nobody: it is granted at once", .statusOK)] }
        guard !limits.approvers.isEmpty else { return [Span("its approvers; who they are is not said")] }
        return [Span(limits.approvers.map { $0.kind == .group ? "\($0.title) (group)" : $0.title }.joined(separator: ", "))]
    }

    /// What the policy file says of asking.
    static func verdict(_ verdict: Verdict) -> [Span] {
        switch verdict {
        case .allowed(let rule, let limits): [Span((["allowed by \(rule)"] + limits.sentences).joined(separator: " · "), .statusOK)]
        case .needsApproval(let rule, let approvals, let limits):
            [
                Span("once \(approvals.map(\.description).joined(separator: " and ")) agree [\(rule)]", .statusInfo),
                Span(limits.sentences.isEmpty ? "" : " · \(limits.sentences.joined(separator: " · "))", .muted),
            ]
        case .denied(let denial): [Span("✕ \(denial.message) [\(denial.rule)]", .statusError), Span(" \(denial.remedy)", .statusInfo)]
        }
    }

    /// How it would be granted, behind the name of where it is kept.
    static func way(_ way: AccessLimits.Way) -> String {
        switch way {
        case .activation: ": you are eligible, and activate the role; Azure ends it"
        case .assignment: ": given as an assignment with an end, which Azure keeps"
        case .queue: ": a signed request waits in a queue for somebody who may give the role"
        }
    }
}
