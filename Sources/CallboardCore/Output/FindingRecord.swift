/// A check of `doctor` and what came of it.
public struct FindingRecord: OutputRecord {
    private let finding: Doctor.Finding

    /// Wraps a finding.
    public init(_ finding: Doctor.Finding) { self.finding = finding }

    /// Check, result, what was found, what to try.
    public static let columns = [OutputColumn("check"), OutputColumn("result"), OutputColumn("found"), OutputColumn("try")]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        for cell in [finding.check, finding.outcome.rawValue, finding.detail, finding.hint.isEmpty ? "–" : finding.hint] { row.cell(cell) }
    }

    /// Writes the finding as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("check", finding.check)
            json.member("result", finding.outcome.rawValue)
            json.member("found", finding.detail)
            json.member("hint", finding.hint.isEmpty ? nil : finding.hint)
        }
    }

    /// The finding on a line, and what to try on another, as a terminal shows it while the walk goes on. Not sanitised.
    public var lines: [String] {
        let mark =
            switch finding.outcome {
            case .passed: "ok    "
            case .noted: "note  "
            case .failed: "FAILED"
            }
        let check = finding.check + String(repeating: " ", count: max(0, 11 - finding.check.count))
        let found = "\(mark)  \(check)\(finding.detail)"
        return finding.hint.isEmpty ? [found] : [found, String(repeating: " ", count: 19) + finding.hint]
    }
}
