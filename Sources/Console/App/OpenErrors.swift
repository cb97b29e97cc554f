internal import CallboardCore
internal import ServiceBus

/// What an error is about. What works later and is about the same mends it: a role that was given, a network that is back.
enum ErrorSubject: Hashable, Sendable {
    case connection, overview, access, inbox, grants, keys
    /// Looking at the messages or sessions of an entity.
    case looking(EntityPath)
    /// The settings of an entity and what lies below it.
    case settings(EntityPath)
    /// What a request for a role on an entity would have to keep to.
    case proposal(EntityPath)
    /// What the policy says of a request.
    case review(AccessRequest.ID)
    /// Asking for a role somewhere, deciding about a request, ending a role: it went well the second time.
    case asking(String)
    case deciding(AccessRequest.ID)
    case ending(String)
}

extension Request {
    /// What an error of it would be about; nil where nothing that works later says that it is mended.
    var subject: ErrorSubject? {
        switch self {
        case .connect: .connection
        case .overview: .overview
        case .access: .access
        case .inbox: .inbox
        case .grants: .grants
        case .keys: .keys
        case .scan(let path, _, _), .scanSelected(let path, _, _, _), .count(let path), .sessions(let path), .session(_, let path),
            .sessionStates(_, let path), .members(let path, _, _, _), .evidence(let path, _), .search(let path, _, _, _),
            .message(let path, _, _):
            .looking(path.entity)
        case .groups(let scan): .looking(scan.path.entity)
        case .entity(let path), .subscriptions(let path), .rules(let path), .routing(let path): .settings(path.entity)
        case .accessProposal(let wish): .proposal(wish.entity.entity)
        case .accessReview(let request): .review(request.id)
        case .ask(let proposal): .asking(proposal.draft.scope.id)
        case .decide(_, let request), .takeBack(let request, _): .deciding(request.id)
        case .endAccess(let grant, _): .ending(grant.id)
        default: nil
        }
    }
}

/// Errors that the top line tells of.
struct OpenErrors: Hashable, Sendable {
    private var bySubject: [ErrorSubject: Int] = [:]
    private var others = 0

    /// So many subjects are told apart.
    private static let most = 1000

    var count: Int { bySubject.values.reduce(others, +) }

    mutating func add(_ subject: ErrorSubject?) {
        if let subject, bySubject[subject] != nil || bySubject.count < OpenErrors.most {
            bySubject[subject, default: 0] += 1
        } else {
            others += 1
        }
    }

    mutating func mend(_ subject: ErrorSubject) { bySubject[subject] = nil }
}
