/// One line of a difference, as `create`, `update` and `remove` show it.
public struct DifferenceRecord: OutputRecord {
    /// The line.
    public let difference: SettingDifference

    /// Wraps a line.
    public init(_ difference: SettingDifference) { self.difference = difference }

    /// Setting, before, after.
    public static let columns = [OutputColumn("setting"), OutputColumn("before"), OutputColumn("after")]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(difference.setting.name)
        row.cell(difference.before ?? "–")
        row.cell(difference.after ?? "–")
    }

    /// Writes the line as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("setting", difference.setting.name)
            json.member("before", difference.before)
            json.member("after", difference.after)
        }
    }
}

/// A change and whether it was carried out, as one JSON object.
public struct ChangeRecord: Sendable {
    /// The change.
    public let change: EntityChange
    /// Whether it was carried out.
    public let isDone: Bool

    /// Wraps a change.
    public init(_ change: EntityChange, isDone: Bool) {
        self.change = change
        self.isDone = isDone
    }

    /// Writes the change as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("operation", change.operation.rawValue)
            json.member("kind", change.target.kind.rawValue)
            json.member("name", change.target.name)
            json.member("done", isDone)
            json.key("difference")
            json.array { json in
                for difference in change.difference { DifferenceRecord(difference).write(to: &json) }
            }
            json.member("consequences", change.consequences)
        }
    }
}
