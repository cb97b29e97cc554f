internal import ServiceBus

/// A finding, or a kind of finding that could not be looked for, as `drift` lists them.
public struct DriftRecord: OutputRecord {
    private enum Content: Sendable {
        case finding(DriftFinding)
        case gap(DriftGap)
    }

    private let content: Content

    /// Wraps a finding.
    public init(_ finding: DriftFinding) { content = .finding(finding) }
    /// Wraps what was not looked for.
    public init(_ gap: DriftGap) { content = .gap(gap) }

    /// All of a report: findings, then what was not looked for.
    public static func all(_ report: DriftReport) -> [DriftRecord] {
        report.findings.map { DriftRecord($0) } + report.gaps.map { DriftRecord($0) }
    }

    /// Kind, severity, where, what, and the id to ask for more with.
    public static let columns = [
        OutputColumn("finding"), OutputColumn("severity"), OutputColumn("where"), OutputColumn("id"), OutputColumn("what"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        let cells =
            switch content {
            case .finding(let finding): [finding.kind.rawValue, finding.severity.word, finding.place, finding.id, finding.summary]
            case .gap(let gap): [gap.kind.rawValue, "not checked", "–", "–", "not checked: \(gap.reason)"]
            }
        for cell in cells { row.cell(cell) }
    }

    /// The most entities that are named in JSON.
    private static let mostEntities = 1_000

    /// Writes the finding with its evidence and its fix as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            switch content {
            case .gap(let gap):
                json.member("finding", gap.kind.rawValue)
                json.member("checked", false)
                json.member("reason", gap.reason)
                json.member("notPermitted", gap.isBlind)
            case .finding(let finding):
                json.member("finding", finding.kind.rawValue)
                json.member("checked", true)
                json.member("id", finding.id)
                json.member("severity", finding.severity.word)
                json.member("where", finding.place)
                json.member("summary", finding.summary)
                // A role on the namespace may concern ten thousand, and there may be hundreds of such roles.
                json.member("entities", finding.entities.prefix(Self.mostEntities).map(\.displayName))
                json.member("entityCount", Int64(finding.entities.count))
                json.member("namespaceWide", finding.isNamespaceWide)
                json.member("references", finding.references)
                json.key("evidence")
                json.array { json in
                    for evidence in finding.evidence {
                        json.object { json in
                            json.member("name", evidence.name)
                            json.member("value", evidence.value)
                        }
                    }
                }
                json.key("fix")
                json.array { json in for step in finding.fix.steps { Self.write(step, to: &json) } }
            }
        }
    }

    private static func write(_ step: FixPlan.Step, to json: inout JSONWriter) {
        json.object { json in
            json.member("step", step.text)
            guard let request = step.request else { return }
            json.key("request")
            json.object { json in
                json.member("method", request.method)
                json.member("path", request.path)
                json.key("body")
                if let content = request.content { json.write(content) } else { json.null() }
            }
        }
    }

    /// The finding in lines for people: what it is, what shows it, and how it would be mended. Not sanitised.
    public var lines: [String] {
        guard case .finding(let finding) = content else { return [] }
        var lines = ["\(finding.kind.rawValue)  \(finding.severity.word)  \(finding.id)", "", finding.summary + ".", ""]
        let facts = [("where", finding.place)] + finding.evidence.map { ($0.name, $0.value) }
        let width = (facts.map(\.0.count).max() ?? 0) + 2
        lines += facts.map { name, value in "  " + name + String(repeating: " ", count: width - name.count) + value }
        lines += ["", "Fix (nothing of it is done here):"]
        for (number, step) in finding.fix.steps.enumerated() {
            lines.append("  \(number + 1). \(step.text)")
            guard let request = step.request else { continue }
            lines.append("       \(request.method) \(request.path)")
            if let body = request.body { lines.append("       \(body)") }
        }
        return lines
    }
}
