internal import CallboardCore

/// What is filled in.
extension AskScreen {
    /// A line to be filled in.
    enum Field: Hashable, CaseIterable {
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
    }
}
