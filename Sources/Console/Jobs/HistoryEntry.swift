internal import CallboardCore
internal import ServiceBus

/// A record of the audit ledger, as the history shows it.
struct HistoryEntry: Sendable {
    /// One of its fields; the name is a path where it lies in another one.
    struct Field: Hashable, Sendable {
        var name: String
        var value: String
    }

    let sequence: Int
    let type: String
    let time: Timestamp?
    /// All fields, in the order of the ledger.
    let fields: [Field]

    init(_ record: AuditRecord) {
        sequence = record.sequence
        type = record.type
        time = record.time
        var fields: [Field] = []
        if let tree = BodyDecoder().decode(record.line).tree {
            for node in tree.nodes.indices {
                guard let value = tree.leafText(of: node) else { continue }
                let path = tree.path(of: node)
                fields.append(Field(name: path.hasPrefix("body.") ? String(path.dropFirst("body.".count)) : path, value: value))
            }
        }
        self.fields = fields
    }

    /// What a field says; nil where there is none.
    subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// What was done: `redrive`, `entity.delete`. Most is done with messages, which needs no word.
    var action: String {
        let action = type.lastIndex(of: ".").map { type[..<$0] } ?? type[...]
        return String(action.hasPrefix("message.") ? action.dropFirst("message.".count) : action)
    }
    /// How far it had come: `intended`, `done`, `refused`.
    var outcome: String { type.lastIndex(of: ".").map { String(type[type.index(after: $0)...]) } ?? "" }
    /// Where.
    var entity: String { self["entity"] ?? self["subject"] ?? "–" }

    /// How many, in words.
    var counts: String {
        let counts = ["planned", "done", "failed", "unknown", "skipped"].compactMap { name -> String? in
            guard let text = self["counts.\(name)"], text != "0" || name == "planned" else { return nil }
            return "\(Int(text).map { Figures.count($0) } ?? text) \(name)"
        }
        return counts.isEmpty ? "–" : counts.joined(separator: ", ")
    }

    /// Whether a filter admits it.
    func matches(_ filter: TextFilter) -> Bool { filter.matches([type] + fields.map(\.value)) }
}

/// What the ledger holds, the newest first, and whether it is whole.
struct History: Sendable {
    var entries: [HistoryEntry]
    /// What is wrong with the ledger; nil: nothing.
    var problem: String?

    /// The most records that are shown.
    static let most = 1000
}
