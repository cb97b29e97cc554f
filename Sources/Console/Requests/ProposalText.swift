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

    /// All of it, a label and its text each.
    /// - Parameters:
    ///   - role: what is asked for.
    ///   - hasReason: whether a reason was given: that it lacks is said in its own line.
    static func lines(_ proposal: AccessProposal, role: PolicyRole, hasReason: Bool) -> [[Span]] {
        var lines = RequestText.row("where", [Span(proposal.draft.scope.id)])
        lines += RequestText.row("limits", [Span(proposal.limits.sentences.joined(separator: ", "))])
        if let longest = proposal.longest { lines += RequestText.row("at most", [Span(Figures.duration(longest))]) }
        lines += RequestText.row("asked", approvers(proposal))
        lines += RequestText.row("policy", verdict(proposal.verdict))
        lines += RequestText.row("kept in", [Span(proposal.backend.label, .statusInfo), Span(way(proposal.limits.way), .muted)])
        if role == .receiver || role == .owner {
            lines += RequestText.row("risk", [Span("! can also complete (delete) messages: no peek-only role exists", .statusWarning)])
        }
        let obstacles = hasReason ? proposal.obstacles : proposal.obstacles.filter { !$0.hasSuffix("ask for a reason: give one.") }
        for obstacle in obstacles { lines += RequestText.row("in the way", [Span("✕ \(obstacle)", .statusError)]) }
        return lines
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
