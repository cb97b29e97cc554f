internal import ServiceBus

/// A service of the catalogue with how it is, as `services` lists it.
public struct ServiceRecord: OutputRecord {
    /// The service's row on the board.
    public let row: BoardRow

    /// Whether its counts are Azure Resource Manager's.
    public let isByResourceManager: Bool

    /// Wraps a row.
    public init(_ row: BoardRow, isByResourceManager: Bool = false) {
        self.row = row
        self.isByResourceManager = isByResourceManager
    }

    /// Name, owner, on call, health (the worst of its entities), counts, the entity with most dead letters, the environments it is for, entities.
    public static let columns = [
        OutputColumn("service"), OutputColumn("owner"), OutputColumn("on call"), OutputColumn("health"),
        OutputColumn("dead letters", isNumeric: true), OutputColumn("transfer dead", isNumeric: true),
        OutputColumn("active", isNumeric: true), OutputColumn("worst entity"), OutputColumn("environment"), OutputColumn("entities"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        for cell in cells { row.cell(cell) }
    }

    private var cells: [String] {
        [
            row.service.name, row.service.owner ?? "nobody", row.service.onCall ?? "–", row.health.word, Self.cell(row.deadLetters),
            Self.cell(row.transferDeadLetters), Self.cell(row.active), row.worstEntity?.displayName ?? "–",
            row.service.environments.isEmpty ? "–" : row.service.environments.joined(separator: ", "),
            row.service.entities.isEmpty ? "–" : row.service.entityTexts.joined(separator: ", "),
        ]
    }

    private static func cell(_ reading: Reading<Int64>) -> String {
        switch reading {
        case .known(let value, _): String(value)
        case .notPermitted: "✕"
        case .pending, .unavailable: "–"
        }
    }

    /// Writes the service as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("ref", row.service.ref)
            json.member("name", row.service.name)
            json.member("title", row.service.title)
            json.member("owner", row.service.owner)
            json.member("ownerRef", row.service.ownerRef)
            json.member("onCall", row.service.onCall)
            json.member("system", row.service.system)
            json.member("lifecycle", row.service.lifecycle)
            json.member("environments", row.service.environments)
            json.member("health", row.health.word)
            writeCounts(to: &json)
            json.member("worstEntity", row.worstEntity?.displayName)
            json.member("entities", row.service.entities.map(\.displayName))
            json.member("entitiesByName", row.service.entitiesByName.map(\.displayName))
            json.key("links")
            json.array { json in for link in row.service.links { link.write(to: &json) } }
            json.member("findings", row.findings)
        }
    }

    /// What a table has no room for, in lines: where to go, what is wrong. Not sanitised.
    public var details: [String] {
        let width = row.service.links.map { VisibleText.width($0.title) }.max() ?? 0
        return row.service.links.map { link in
            link.title + String(repeating: " ", count: max(0, width - VisibleText.width(link.title))) + "  " + link.url
        } + row.findings.map { "! \($0)" }
    }

    /// The counts, or null and the reason why they are not known: never a zero that nobody counted.
    private func writeCounts(to json: inout JSONWriter) {
        json.key("counts")
        if case .known(let dead, let moment) = row.deadLetters {
            json.object { json in
                json.member("active", row.active.value)
                json.member("deadLetter", dead)
                json.member("scheduled", row.scheduled.value)
                json.member("transferDeadLetter", row.transferDeadLetters.value)
            }
            json.member("asOf", moment.rfc3339)
            json.member("countsBy", isByResourceManager ? "resourceManager" : "namespace")
            return
        }
        json.null()
        json.key("asOf")
        json.null()
        switch row.deadLetters {
        case .notPermitted(let needs): json.member("countsUnknown", "not permitted (needs \(needs))")
        case .unavailable(let reason): json.member("countsUnknown", reason)
        case .pending, .known: json.member("countsUnknown", "not counted yet")
        }
    }
}

extension ServiceSummary.Link {
    /// Writes the link as one object.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("title", title)
            json.member("url", url)
        }
    }
}

extension Health {
    /// The word used in output.
    public var word: String {
        switch self {
        case .well: "well"
        case .unknown: "unknown"
        case .warning: "warning"
        case .ill: "ill"
        }
    }
}
