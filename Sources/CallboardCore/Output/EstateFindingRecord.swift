/// Something in which the catalogue and the namespace do not fit, as `services --findings` lists it.
public struct EstateFindingRecord: OutputRecord {
    private let finding: EstateFinding

    /// Wraps a finding.
    public init(_ finding: EstateFinding) { self.finding = finding }

    /// Kind, what it is about, what was found, services.
    public static let columns = [
        OutputColumn("finding"), OutputColumn("about"), OutputColumn("what"), OutputColumn("services"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        let services = finding.services.isEmpty ? "–" : finding.services.joined(separator: ", ")
        for cell in [finding.kind.rawValue, finding.subject, finding.summary, services] { row.cell(cell) }
    }

    /// Writes the finding as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("kind", finding.kind.rawValue)
            json.member("about", finding.subject)
            json.member("summary", finding.summary)
            json.member("services", finding.services)
        }
    }
}
