internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// A plan in words: which messages, how, what stays as it is and what does not, what to think of, and what the policy says.
enum PlanText {
    /// Columns that labels take.
    static let label = 12

    /// `Redrive 48,110 dead letters of orders to orders`.
    static func headline(_ plan: ActionPlan) -> String {
        var isCounted = false
        let words = plan.headline.split(separator: " ", omittingEmptySubsequences: false).map { word in
            guard !isCounted, word == String(plan.count) else { return String(word) }
            isCounted = true
            return Figures.count(plan.count)
        }
        let text = words.joined(separator: " ")
        return text.prefix(1).uppercased() + text.dropFirst()
    }

    static func lines(of proposal: Operator.Proposal, reason: String, now: Timestamp) -> [[Span]] {
        let plan = proposal.plan
        var lines = row("snapshot", [Span(snapshot(plan))]) + row("how", [Span(how(plan))])
        if let changes = changes(plan.action) {
            lines += row("keeps", [Span(kept(changes))])
            if !changes.stripped.isEmpty { lines += row("strips", [Span(changes.stripped.joined(separator: ", "))]) }
            let added = changes.added.map(\.name)
            if !added.isEmpty { lines += row("adds", [Span(added.joined(separator: ", "))]) }
        }
        if plan.action.destroys { lines += row("export", export(plan)) }
        lines += remarks(plan)
        lines += row("policy", verdict(proposal))
        if !reason.isEmpty { lines += row("reason", [Span(reason)]) }
        return lines
    }

    private static func row(_ name: String, _ spans: [Span]) -> [[Span]] {
        [[Span(name + String(repeating: " ", count: max(label - name.utf8.count, 1)), .muted)] + spans]
    }

    // MARK: Which and how

    private static func snapshot(_ plan: ActionPlan) -> String {
        var parts: [String] = []
        if plan.action.isImport { parts.append("\(Figures.count(plan.count, "message")) of a file") }
        if let first = plan.snapshot.first, let last = plan.snapshot.last {
            parts.append(first == last ? "#\(first)" : "#\(first) … #\(last)")
        }
        parts.append("taken \(Figures.time(plan.plannedAt))")
        if !plan.action.isImport, parts.first != plan.choice { parts.append(plan.choice) }
        return parts.joined(separator: ", ")
    }

    private static func how(_ plan: ActionPlan) -> String {
        var parts: [String] = []
        switch plan.action {
        case .redrive, .move, .reactivate:
            parts.append(plan.isAtomic ? "atomic, 100 a transaction" : "sent, then removed: not in one transaction")
        case .purge(let before): parts.append("all that was enqueued before \(before.rfc3339)")
        case .importing: parts.append("sent in the order of the file")
        default: parts.append("each by its number")
        }
        if plan.keepsOrder { parts.append("in order") }
        parts.append(plan.rate.map { "\(Figures.count($0))/s at most" } ?? "as fast as it goes")
        parts.append("about \(duration(plan.duration))")
        if plan.credits > 0 { parts.append("~\(Figures.count(plan.credits)) credits") }
        if let bytes = plan.bytes { parts.append("~\(Figures.size(Int(clamping: bytes)))") }
        return parts.joined(separator: " · ")
    }

    private static func duration(_ duration: Duration) -> String {
        duration < .seconds(1) ? "a second" : Figures.duration(.seconds(duration.components.seconds))
    }

    // MARK: Copies

    private static func changes(_ action: MessageAction) -> CopyChanges? {
        switch action {
        case .redrive(_, let changes), .move(_, let changes), .reactivate(_, let changes), .importing(_, let changes): changes
        case .delete, .purge, .defer, .deadLetter, .cancelScheduled: nil
        }
    }

    private static func kept(_ changes: CopyChanges) -> String {
        let body = changes.body == nil ? "bytes, types" : "all but the body, which was edited"
        let ids =
            changes.newIDPrefix == nil
            ? "ids" : "the old ids in \(CopyChanges.originalIDProperty); new ones begin with \(changes.newIDPrefix ?? "")"
        return "\(body), session, \(ids)"
    }

    private static func export(_ plan: ActionPlan) -> [Span] {
        guard let path = plan.export else { return [Span("! none: what is removed cannot be put back", .statusWarning)] }
        return [
            Span(
                path.isEmpty
                    ? "exactly, to the folder of jobs, before anything is removed" : "exactly, to \(path), before anything is removed")
        ]
    }

    // MARK: What to think of

    private static func remarks(_ plan: ActionPlan) -> [[Span]] {
        let order: [PlanRemark.Weight] = [.blocker, .warning, .note]
        var isFirst: Set<PlanRemark.Weight> = []
        return order.flatMap { weight in
            plan.remarks.filter { $0.weight == weight }.flatMap { remark -> [[Span]] in
                let (title, sign, role): (String, String, Role) =
                    switch weight {
                    case .blocker: ("blocked", "✕ ", .statusError)
                    case .warning: ("warnings", "! ", .statusWarning)
                    case .note: ("notes", "· ", .text)
                    }
                let name = isFirst.insert(weight).inserted ? title : ""
                var lines = row(name, [Span(sign + remark.text, role)])
                if !remark.remedy.isEmpty { lines += row("", [Span("  → \(remark.remedy)", .statusInfo)]) }
                return lines
            }
        }
    }

    private static func verdict(_ proposal: Operator.Proposal) -> [Span] {
        switch proposal.verdict {
        case .allowed(let rule, let limits):
            let name = proposal.demand.phrase == nil ? "yes" : "the name, typed"
            let all = ["allowed by \(rule)"] + limits.sentences + ["needs \(name)"]
            return [Span(all.joined(separator: " · "), .statusOK)]
        case .needsApproval(let rule, let approvals, _):
            let refusal = Refusal(approvals: approvals, by: rule)
            return [Span("✕ \(refusal.rule ?? rule): \(refusal.message) \(refusal.remedy)", .statusError)]
        case .denied(let denial):
            return [Span("✕ \(denial.message) [\(denial.rule)]", .statusError), Span(" \(denial.remedy)", .statusInfo)]
        }
    }
}
