internal import CallboardCore

/// Why something is done, as far as that was said: a policy may want to know, and the ledger has it.
struct Justification: Hashable, Sendable {
    /// What a policy may want.
    enum Part: String, Hashable, Sendable {
        case reason, ticket

        /// What a refusal would be content with; nil: it has other causes.
        init?(wantedBy error: OperatorError) {
            switch error.denial {
            case .reasonMissing: self = .reason
            case .ticketMissing: self = .ticket
            default: return nil
            }
        }
    }

    var reason: String?
    var ticket: String?

    subscript(_ part: Part) -> String? {
        get {
            switch part {
            case .reason: reason
            case .ticket: ticket
            }
        }
        set {
            switch part {
            case .reason: reason = newValue
            case .ticket: ticket = newValue
            }
        }
    }
}

extension Request {
    /// Why it is done; nil: it has no form in which that was asked, and none of its own.
    var justification: Justification? {
        switch self {
        case .resume(_, let justification), .export(_, _, _, let justification): justification
        default: nil
        }
    }

    /// The same, for that reason.
    func justified(by justification: Justification) -> Request {
        switch self {
        case .resume(let id, _): .resume(id, justification)
        case .export(let path, let numbers, let file, _): .export(path, numbers, to: file, justification)
        default: self
        }
    }
}
