internal import ServiceBus

/// A plan with its verdict, set out for people and for scripts. The names of its JSON are stable.
public struct PlanRecord: Sendable {
    /// What is set out.
    public let proposal: Operator.Proposal

    /// Sets out a proposal.
    public init(_ proposal: Operator.Proposal) { self.proposal = proposal }

    private var plan: ActionPlan { proposal.plan }

    /// A line of a plan: what it is about, and what it says.
    public struct Line: Hashable, Sendable {
        /// What it is about; empty where it goes on.
        public var word: String
        /// What it says. Sanitise before showing.
        public var text: String
        /// How much it matters, of remarks.
        public var weight: PlanRemark.Weight?
    }

    /// The plan as lines.
    public var lines: [Line] {
        var lines: [Line] = []
        func add(_ word: String, _ text: String, _ weight: PlanRemark.Weight? = nil) {
            lines.append(Line(word: word, text: text, weight: weight))
        }
        if let first = plan.snapshot.first, let last = plan.snapshot.last {
            let ends = first == last ? "#\(first)" : "#\(first) … #\(last)"
            add("snapshot", "\(ends), taken \(plan.plannedAt.rfc3339), \(plan.choice)")
        }
        add("how", how)
        if let changes = plan.action.changes {
            let ids = changes.newIDPrefix == nil ? ", ids" : ""
            add("keeps", changes.body == nil ? "bytes, types, session\(ids)" : "types, session\(ids); the body is edited")
            let traces = changes.stripped.isEmpty ? "" : ", \(changes.stripped.joined(separator: ", "))"
            add("strips", "what the service wrote (number, times, delivery count, dead-letter source)\(traces)")
            if let prefix = changes.newIDPrefix {
                add("new ids", "\(prefix)-…; the old ones are kept in \(CopyChanges.originalIDProperty)")
            }
            for property in changes.added { add("adds", "\(property.name) = \(property.value.content.shortText)") }
        }
        if plan.action.destroys {
            let place = plan.export.map { $0.isEmpty ? "beside the journal of the job" : $0 }
            add("export first", place ?? "no: what is removed cannot be put back")
        }
        for remark in plan.remarks {
            let sign = remark.weight == .note ? "" : remark.weight == .warning ? "! " : "✕ "
            add(remark.weight.rawValue, sign + remark.text + (remark.remedy.isEmpty ? "" : " " + remark.remedy), remark.weight)
        }
        switch proposal.verdict {
        case .allowed(let rule, _): add("policy", "allowed by \(rule)")
        case .needsApproval(let rule, _, _): add("policy", "others have to agree first (\(rule))", .blocker)
        case .denied(let denial): add("policy", "refused by \(denial.rule): \(denial.message) \(denial.remedy)", .blocker)
        }
        return lines
    }

    private var how: String {
        var parts: [String] = []
        if plan.action.copies != nil {
            parts.append(plan.isAtomic ? "atomic, 100 a transaction" : "send, outcome, remove")
        } else if plan.action.isImport {
            parts.append("sent in the order of the file")
        }
        if plan.keepsOrder { parts.append("in order") }
        parts.append(plan.rate.map { "\($0)/s" } ?? "as fast as it goes")
        if let bytes = plan.bytes { parts.append("about \(bytes) bytes") }
        parts.append("about \(plan.credits) credits")
        let seconds = max(1, plan.duration.components.seconds)
        parts.append("about \(DurationText.text(.lasting(.seconds(seconds))))")
        return parts.joined(separator: " · ")
    }

    /// Writes the plan as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("action", plan.action.verb)
            json.member("entity", plan.source.displayName)
            json.member("target", plan.action.target?.displayName)
            json.member("chosen", plan.choice)
            json.member("count", Int64(plan.count))
            json.member("firstSequenceNumber", plan.snapshot.first?.rawValue)
            json.member("lastSequenceNumber", plan.snapshot.last?.rawValue)
            json.member("sequenceNumbers", NumberText.text(plan.snapshot.numbers))
            json.member("plannedAt", plan.plannedAt.rfc3339)
            json.member("isAtomic", plan.isAtomic)
            json.member("ratePerSecond", plan.rate.map { Int64($0) })
            json.member("estimatedBytes", plan.bytes)
            json.member("estimatedCredits", Int64(plan.credits))
            json.member("estimatedMilliseconds", Int64(plan.duration / .milliseconds(1)))
            json.member("export", plan.export)
            json.member("confirmation", proposal.demand.phrase)
            json.member("verdict", "\(proposal.verdict)")
            json.key("remarks")
            json.array { json in
                for remark in plan.remarks {
                    json.object { json in
                        json.member("kind", remark.kind.rawValue)
                        json.member("weight", remark.weight.rawValue)
                        json.member("text", remark.text)
                        json.member("remedy", remark.remedy)
                        json.member("count", remark.count.map { Int64($0) })
                    }
                }
            }
        }
    }
}

extension PropertyValue.Content {
    fileprivate var shortText: String { if case .text(let text) = self { text } else { "…" } }
}
