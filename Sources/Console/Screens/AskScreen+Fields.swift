internal import CallboardCore
internal import ServiceBus

/// What is filled in.
extension AskScreen {
    /// A line to be filled in.
    enum Field: AccessField, CaseIterable {
        case role, entity, principal, duration, reason, ticket

        var name: String {
            switch self {
            case .role: "role"
            case .entity: "on"
            case .principal: "for whom"
            case .duration: "for"
            case .reason: "reason"
            case .ticket: "ticket"
            }
        }

        var help: String {
            switch self {
            case .role: "What is needed and no more: Data Receiver reads, Data Sender sends, Data Owner does both and changes entities."
            case .entity: "The queue or subscription to read, the queue or topic to send to."
            case .principal: "me, or the object id of a service's identity."
            case .duration: "How long, counted from the grant: 30m, 1h."
            case .reason: "Why; whoever decides reads it, and it is written into the audit ledger."
            case .ticket: "The number of a ticket, where one is asked for."
            }
        }

        /// Roles to choose from, with what they allow.
        static let roles: [Question.Choice] = [
            .init(text: PolicyRole.receiver.title, note: "read and settle messages"),
            .init(text: PolicyRole.sender.title, note: "send messages"),
            .init(text: PolicyRole.owner.title, note: "both, and change entities: rarely what is needed"),
        ]
    }

    var fields: [Field] { Field.allCases }

    /// Times to choose from.
    static func durations(within longest: Duration?) -> [Question.Choice] {
        AccessInput.durations.filter { text in
            guard let longest, case .lasting(let time)? = DurationText.parse(text) else { return true }
            return time <= longest
        }.map { .init(text: $0, note: $0 == "30m" ? "the usual" : "") }
    }

    /// The entity of a name: as it is listed, where it is.
    static func entity(_ text: String, _ model: Model) throws(Question.Problem) -> EntityPath {
        do throws(EntityPathError) {
            let path = try EntityPath(parsing: text)
            let known = model.entities?.first { $0.path.displayName.lowercased() == path.entity.displayName.lowercased() }
            return known?.path ?? path.entity
        } catch { throw Question.Problem(text: error.description) }
    }

    /// Identities of services that are known to have something on an entity.
    static func services(on entity: EntityPath?, _ model: Model) -> [AccessParty] {
        guard let entity, let index = model.access.value?.index else { return [] }
        var seen: Set<String> = []
        return index.holders(of: entity).compactMap { holder in
            guard let id = holder.principalID, holder.kind == "application" || holder.kind == "managed identity",
                seen.insert(id).inserted
            else { return nil }
            return AccessParty(id: id, name: holder.principal, kind: .service)
        }
    }

    /// For whom: a service by its object id; nil for oneself.
    static func principal(_ text: String, on entity: EntityPath?, _ model: Model) throws(Question.Problem) -> AccessParty? {
        guard !["", "me"].contains(text.lowercased()) else { return nil }
        guard let party = services(on: entity, model).first(where: { $0.id == text.lowercased() }) ?? identity(text) else {
            throw Question.Problem(text: "me, or the object id of a service's identity: 8-4-4-4-12 hexadecimal digits")
        }
        return party
    }

    /// Whoever has an object id; nil where the text is none. What kind of identity that is, the directory says and not who types it.
    private static func identity(_ text: String) -> AccessParty? { try? AccessParty(objectID: text) }
}
