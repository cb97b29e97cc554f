internal import ServiceBus

/// A service, one of its entities, and how many have access there, as `bindings` lists them.
public struct AccessMatrixRecord: OutputRecord {
    private let row: AccessMatrixRow

    /// Wraps a row.
    public init(_ row: AccessMatrixRow) { self.row = row }

    /// Service, entity, how many can send, receive and manage, keys, the worst finding and how many there are.
    public static let columns = [
        OutputColumn("service"), OutputColumn("entity"), OutputColumn("senders", isNumeric: true),
        OutputColumn("receivers", isNumeric: true),
        OutputColumn("managers", isNumeric: true), OutputColumn("keys", isNumeric: true), OutputColumn("findings", isNumeric: true),
        OutputColumn("worst"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        let worst = self.row.worst.map { "\($0.kind.rawValue) (\($0.severity.word))" } ?? "–"
        let cells = [
            self.row.service ?? "–", self.row.entity.displayName, Self.cell(self.row.senders), Self.cell(self.row.receivers),
            Self.cell(self.row.managers), Self.cell(self.row.keys.map { AccessMatrixRow.Count(known: $0, isAtLeast: false) }),
            String(self.row.findings), worst,
        ]
        for cell in cells { row.cell(cell) }
    }

    private static func cell(_ count: Reading<AccessMatrixRow.Count>) -> String {
        switch count {
        case .known(let count, _): String(count.known) + (count.isAtLeast ? "+" : "")
        case .notPermitted: "✕"
        case .pending, .unavailable: "–"
        }
    }

    /// Writes the row as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("service", row.service)
            json.member("ref", row.ref)
            json.member("entity", row.entity.displayName)
            Self.write("senders", row.senders, to: &json)
            Self.write("receivers", row.receivers, to: &json)
            Self.write("managers", row.managers, to: &json)
            json.member("keys", row.keys.value.map(Int64.init))
            json.member("countsUnknown", row.senders.whyUnknown)
            json.member("keysUnknown", row.keys.whyUnknown)
            json.member("asOf", row.senders.asOf?.rfc3339)
            json.member("findings", Int64(row.findings))
            json.member("worst", row.worst?.kind.rawValue)
            json.member("worstSeverity", row.worst?.severity.word)
            json.member("worstId", row.worst?.id)
        }
    }

    /// A count, or null where nobody counted.
    private static func write(_ name: String, _ count: Reading<AccessMatrixRow.Count>, to json: inout JSONWriter) {
        json.key(name)
        guard let count = count.value else { return json.null() }
        json.object { json in
            json.member("count", Int64(count.known))
            json.member("isAtLeast", count.isAtLeast)
        }
    }
}
