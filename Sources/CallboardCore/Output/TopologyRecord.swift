/// One step of a plan, as `topology import` lists it.
public struct TopologyStepRecord: OutputRecord {
    /// The step.
    public let step: TopologyPlan.Step

    /// Wraps a step.
    public init(_ step: TopologyPlan.Step) { self.step = step }

    /// State, kind, name, difference.
    public static let columns = [OutputColumn("state"), OutputColumn("kind"), OutputColumn("name"), OutputColumn("difference")]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(step.state.title)
        row.cell(step.target.kind.rawValue)
        row.cell(step.target.name)
        switch step.state {
        case .differs(let change):
            row.cell(change.difference.map { "\($0.setting.name) \($0.before ?? "–") → \($0.after ?? "–")" }.joined(separator: ", "))
        case .blocked(let reason): row.cell(reason)
        case .create, .createWithSubscription, .same: row.cell("–")
        }
    }

    /// Writes the step as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("state", step.state.title)
            json.member("kind", step.target.kind.rawValue)
            json.member("name", step.target.name)
            json.key("difference")
            json.array { json in
                if case .differs(let change) = step.state {
                    for difference in change.difference { DifferenceRecord(difference).write(to: &json) }
                }
            }
            if case .blocked(let reason) = step.state { json.member("reason", reason) }
        }
    }
}
