internal import ServiceBus

/// What `policy audit-azure` lists: a finding, or what was not checked.
package struct AzureGuardrailRecord: OutputRecord {
    private enum Content: Sendable {
        case finding(AzureGuardrailAudit.Finding)
        case gap(AzureGuardrailAudit.Gap)
    }

    private let content: Content

    /// All of an audit: findings, then what was not checked.
    package static func all(_ audit: AzureGuardrailAudit) -> [AzureGuardrailRecord] {
        audit.findings.map { AzureGuardrailRecord(content: .finding($0)) } + audit.gaps.map { AzureGuardrailRecord(content: .gap($0)) }
    }

    /// What is wrong, how bad, where, in a sentence, and what to do.
    package static let columns = [
        OutputColumn("finding"), OutputColumn("severity"), OutputColumn("where"), OutputColumn("what"), OutputColumn("what to do"),
    ]

    /// Writes the texts of the columns.
    package func write(to row: inout TableRow) {
        let cells =
            switch content {
            case .finding(let finding): [finding.kind.rawValue, finding.severity.word, finding.place, finding.summary, finding.advice]
            case .gap(let gap): ["–", "not checked", "–", "not checked: \(gap.subject): \(gap.reason)", "–"]
            }
        for cell in cells { row.cell(cell) }
    }

    /// Writes it as one object, with the request that mends it.
    package func write(to json: inout JSONWriter) {
        json.object { json in
            switch content {
            case .gap(let gap):
                json.member("checked", false)
                json.member("subject", gap.subject)
                json.member("reason", gap.reason)
            case .finding(let finding):
                json.member("checked", true)
                json.member("finding", finding.kind.rawValue)
                json.member("severity", finding.severity.word)
                json.member("where", finding.place)
                json.member("summary", finding.summary)
                json.member("advice", finding.advice)
                json.key("fix")
                guard let fix = finding.fix else { return json.null() }
                json.object { json in
                    json.member("method", fix.method)
                    json.member("path", fix.path)
                    json.key("body")
                    if let content = fix.content { json.write(content) } else { json.null() }
                }
            }
        }
    }
}
