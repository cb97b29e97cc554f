internal import CallboardCore
internal import ServiceBus

/// What is decided, and what is filled in for it.
extension DecisionScreen {
    /// What is to be decided.
    enum Purpose: Hashable, Sendable {
        case approve(AccessRequest)
        case narrow(AccessRequest)
        case deny(AccessRequest)
        case takeBack(AccessRequest)
        case end(ActiveGrant)

        /// What sending it does, as the rest of "enter …".
        var word: String {
            switch self {
            case .approve: "approve"
            case .narrow: "narrow"
            case .deny: "deny"
            case .takeBack: "take back"
            case .end: "end now"
            }
        }

        /// Whether it gives somebody something.
        var gives: Bool {
            switch self {
            case .approve, .narrow: true
            case .deny, .takeBack, .end: false
            }
        }

        var request: AccessRequest? {
            switch self {
            case .approve(let request), .narrow(let request), .deny(let request), .takeBack(let request): request
            case .end: nil
            }
        }

        /// The request that is answered with yes or no; nil where nothing is answered.
        var decided: AccessRequest? {
            switch self {
            case .approve(let request), .narrow(let request), .deny(let request): request
            case .takeBack, .end: nil
            }
        }

        /// Where it is kept.
        var backend: AccessRequest.Backend {
            switch self {
            case .approve(let request), .narrow(let request), .deny(let request), .takeBack(let request): request.backend
            case .end(let grant): grant.backend
            }
        }

        var scope: AccessScope {
            switch self {
            case .approve(let request), .narrow(let request), .deny(let request), .takeBack(let request): request.scope
            case .end(let grant): grant.scope
            }
        }
    }

    /// A line to be filled in.
    enum Field: AccessField {
        case role, scope, duration, reason

        var name: String {
            switch self {
            case .role: "role"
            case .scope: "on"
            case .duration: "for"
            case .reason: "reason"
            }
        }

        var help: String {
            switch self {
            case .role: "A role that allows no more than what was asked."
            case .scope: "An entity within what was asked."
            case .duration: "No longer than was asked: 30m, 1h."
            case .reason: "Why; it is told to whoever asked, and written into the audit ledger."
            }
        }
    }
}
