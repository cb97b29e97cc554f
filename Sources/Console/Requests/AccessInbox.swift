internal import CallboardCore
internal import ServiceBus

/// Requests for roles and roles with an end, as they stood at one moment. A list that could not be read says why; the others stand.
struct AccessInbox: Sendable {
    /// One of its lists.
    typealias List<Element: Sendable> = Result<[Element], OperatorError>

    /// Who is signed in.
    let me: AccessParty
    /// What waits for whoever is signed in, the oldest first.
    let waiting: List<AccessRequest>
    /// What whoever is signed in asked for, or would have, the newest first.
    let own: List<AccessRequest>
    /// The roles of whoever is signed in that have an end, the first to end first.
    let active: List<ActiveGrant>
    let asOf: Timestamp
    /// What the lists of requests could not say, where they say the rest.
    var gaps: [RequestGap] = []
    /// The same of the roles in force.
    var activeGaps: [RequestGap] = []

    /// What waits for a decision that is not the own one's.
    var toDecide: [AccessRequest] { waiting.elements.filter { $0.standing.isOpen && ($0.isForgery || !isParty(to: $0)) } }

    /// The own roles that have an end.
    var ownGrants: [ActiveGrant] { active.elements.filter { $0.principal.isSame(as: me) } }

    /// Whether something of one's own is on its way: it is looked at more often then.
    var isAwaited: Bool { own.elements.contains { $0.standing.isOpen } }

    /// Whether whoever is signed in asked, or would have the role: nobody decides about that themselves.
    func isParty(to request: AccessRequest) -> Bool { request.requester.isSame(as: me) || request.principal.isSame(as: me) }

    /// A request that was seen before, as it is now. A forged copy has the id of the request that it was made from, and is the message that it came in.
    func latest(of seen: AccessRequest) -> AccessRequest? {
        let same = (waiting.elements + own.elements).filter { $0.id == seen.id && $0.isForgery == seen.isForgery }
        return same.first { $0.reference == seen.reference } ?? (seen.isForgery ? nil : same.first)
    }

    /// What is new since it was read before, a sentence each, the most urgent first.
    func news(since old: AccessInbox) -> [String] {
        let known = Set(old.waiting.elements.map(\.lineID))
        var texts = toDecide.filter { !known.contains($0.lineID) }.map { request in
            request.isForgery
                ? "A request that is not what it claims lies in the queue: \(request.sentence)"
                : "\(request.requester.title) asks for \(RequestText.wish(request, me: me))"
        }
        let before = Dictionary(old.own.elements.map { ($0.id, $0.standing) }, uniquingKeysWith: { first, _ in first })
        for request in own.elements {
            guard let standing = before[request.id], standing.isOpen, !request.standing.isOpen else { continue }
            texts.append("\(request.role.title) on \(request.scope.title): \(RequestText.outcome(request, now: asOf))")
        }
        // Where the list could not be read, nothing is known to be gone.
        if case .success = active, Set(activeGaps.map(\.backend)) == Set(old.activeGaps.map(\.backend)) {
            let still = Set(ownGrants.map(\.id))
            texts += old.ownGrants.filter { !still.contains($0.id) }.map { "Your \($0.role.title) on \($0.scope.title) has ended" }
        }
        return texts
    }
}

extension AccessRequest {
    /// What tells its line from others.
    var lineID: String { isForgery ? "\(id.text) \(reference)" : id.text }
}

extension Result where Failure == OperatorError {
    /// Why it could not be read.
    var problem: OperatorError? { if case .failure(let error) = self { error } else { nil } }
}

extension Result where Failure == OperatorError, Success: Collection {
    /// What there is; nothing where it could not be read.
    var elements: [Success.Element] { (try? get()).map { Array($0) } ?? [] }
}

/// Whether a role of one's own counts where messages are. Azure takes minutes to make one known.
enum GrantProof: Hashable, Sendable {
    /// It was not asked yet, or the namespace does not know it yet.
    case pending
    /// The namespace lets us.
    case proved
    /// It cannot be told without changing something, and why.
    case untold(String)

    init(_ probe: AccessDesk.Probe) {
        switch probe {
        case .allowed: self = .proved
        case .refused: self = .pending
        case .notProbed(let why): self = .untold(why)
        }
    }
}

/// When the namespace was asked about a role that it does not know yet.
struct GrantAttempts: Hashable, Sendable {
    /// When it was asked first.
    let first: Timestamp
    /// When it was asked last.
    var last: Timestamp

    /// For so long it is asked: Azure says that a role is known everywhere within ten minutes.
    static let patience = Duration.seconds(15 * 60)
}
