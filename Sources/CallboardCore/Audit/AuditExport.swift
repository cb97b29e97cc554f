/// The forms in which a ledger leaves this machine.
public enum AuditExport: String, Hashable, Sendable, CaseIterable {
    /// The ledger's own lines, byte for byte: whoever has them can verify them.
    case jsonl
    /// A table for a spreadsheet.
    case csv
    /// Events of the Open Cybersecurity Schema Framework, one a line, for a SIEM.
    case ocsf

    /// What comes before the first record.
    public var heading: [UInt8] { self == .csv ? AuditCSV.heading : [] }

    /// A record, with the end of its line.
    public func line(_ record: AuditRecord) -> [UInt8] {
        switch self {
        case .jsonl: record.line + [UInt8(ascii: "\n")]
        case .csv: AuditCSV.line(record)
        case .ocsf: AuditOCSF.line(record)
        }
    }
}

/// Records as a table (RFC 4180). Every text is in quotes; one that a spreadsheet would take for a formula gets an apostrophe in front, and what a terminal would
/// obey is shown by name.
enum AuditCSV {
    private static let texts = [
        "context", "environment", "namespace", "target", "rule", "reason", "ticket", "job", "messagesSHA256",
    ]
    private static let counts = ["planned", "done", "failed", "unknown", "skipped"]

    static var heading: [UInt8] {
        let names =
            ["seq", "time", "type", "actor", "actorId", "actorKind", "host", "entity"] + texts + counts
            + ["trackingIds", "correlationRequestIds", "hash"]
        return Array((names.map(cell).joined(separator: ",") + "\r\n").utf8)
    }

    static func line(_ record: AuditRecord) -> [UInt8] {
        var cells = [String(record.sequence)]
        cells += [
            record.text("time"), record.type, record.actorName, record.actorID, record.actorKind, record.actorHost, record.entity,
        ].map { cell($0 ?? "") }
        cells += texts.map { cell(record.text($0) ?? "") }
        cells += counts.map { record.count($0).map { String($0) } ?? "" }
        cells += ["trackingIds", "correlationRequestIds"].map { cell(record.ids($0).joined(separator: " ")) }
        cells.append(cell(record.hash))
        return Array((cells.joined(separator: ",") + "\r\n").utf8)
    }

    /// Characters at the beginning of a cell that make spreadsheets calculate, the full-width ones among them; blanks before them do not help.
    private static let formulas: Set<Unicode.Scalar> = ["=", "+", "-", "@", "|", "%", "\u{ff1d}", "\u{ff0b}", "\u{ff0d}", "\u{ff20}"]

    static func cell(_ text: String) -> String {
        var visible = VisibleText.of(text)
        let first = visible.unicodeScalars.first { !$0.properties.isWhitespace }
        // What was a tab or a line end in front is shown as '^I' by now, and begins no formula.
        if let first, formulas.contains(first) { visible = "'" + visible }
        return "\"" + visible.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
