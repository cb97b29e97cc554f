internal import ServiceBus

/// Somebody, or a key, that can do something on an entity, as `bindings` lists them.
public struct AccessHolderRecord: OutputRecord {
    private let holder: AccessHolder

    /// Wraps a holder.
    public init(_ holder: AccessHolder) { self.holder = holder }

    /// Where, who, what they can do, by which role or rule, where that was assigned, through which group, until when, what else there is to say.
    public static let columns = [
        OutputColumn("entity"), OutputColumn("who"), OutputColumn("kind"), OutputColumn("can"), OutputColumn("by"),
        OutputColumn("assigned at"),
        OutputColumn("through"), OutputColumn("until"), OutputColumn("remark"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        let remark = holder.remarks.joined(separator: "; ")
        let cells = [
            holder.entity?.displayName ?? "(all)", holder.principal, holder.kind, holder.can, source,
            holder.scope + (holder.isInherited ? " ↓" : ""),
            holder.group ?? "–", Self.words(holder.term, holder.source), remark.isEmpty ? "–" : remark,
        ]
        for cell in cells { row.cell(cell) }
    }

    private var source: String {
        switch holder.source {
        case .role(let name, _): name
        case .key(let rule): "shared access rule \(rule)"
        case .unknown(let what, _): what
        }
    }

    private static func words(_ term: AccessHolder.Term, _ source: AccessHolder.Source) -> String {
        if case .unknown = source { return "–" }
        switch term {
        case .standing: return "standing"
        case .standingAsFarAsKnown: return "standing (ends not known)"
        case .until(let time): return time.rfc3339
        case .noted(let time): return "\(time.rfc3339) by its note"
        }
    }

    /// Writes the holder as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("entity", holder.entity?.displayName)
            json.member("principal", holder.principal)
            json.member("principalId", holder.principalID)
            json.member("kind", holder.kind)
            json.key("can")
            json.object { json in
                for ability in AccessHolder.Ability.allCases {
                    if let certainty = holder.abilities[ability] { json.member(ability.rawValue, certainty.rawValue) }
                }
            }
            switch holder.source {
            case .role(let name, let assignment):
                json.member("role", name)
                json.member("assignment", assignment)
            case .key(let rule): json.member("rule", rule)
            case .unknown(let what, let reason):
                json.member("unknown", what)
                json.member("reason", reason)
            }
            json.member("scope", holder.scopeID)
            json.member("inherited", holder.isInherited)
            json.member("group", holder.group)
            json.member("components", holder.components)
            switch holder.term {
            case .standing: json.member("term", "standing")
            case .standingAsFarAsKnown: json.member("term", "standingAsFarAsKnown")
            case .until(let time):
                json.member("term", "until")
                json.member("until", time.rfc3339)
            case .noted(let time):
                json.member("term", "noted")
                json.member("until", time.rfc3339)
            }
            json.member("condition", holder.condition)
            json.member("membersUnknown", holder.standsForMembers)
        }
    }
}
