internal import CallboardCore
internal import ServiceBus

/// What the policy says of requests, what their principals have and who was asked: read for what is looked at, and kept while the screen is.
struct AccessReviews: Sendable {
    /// By the requests' lines.
    private var known: [String: Loadable<AccessReview>] = [:]
    private var asking: (load: LoadID, request: String)?

    /// As many are kept.
    private static let most = 200

    /// What is being asked.
    var load: LoadID? { asking?.load }

    /// What is known of a request.
    func of(_ request: AccessRequest) -> Loadable<AccessReview> { known[request.lineID] ?? Loadable() }

    /// The same for another screen, which asks for itself what is under way here.
    var handedOver: AccessReviews {
        var copy = self
        if let asking { copy.known[asking.request] = nil }
        copy.asking = nil
        return copy
    }

    /// Asks about a request, unless that is known of it as it is now; what was asked about another one is stopped.
    mutating func ask(about request: AccessRequest, _ turn: inout Turn) {
        guard asking?.request != request.lineID else { return }
        let now = of(request)
        guard now.value?.request != request, now.error == nil else { return }
        stop(&turn)
        if known.count >= Self.most { known = [:] }
        let load = turn.start(.accessReview(request))
        asking = (load, request.lineID)
        known[request.lineID, default: Loadable()].begin(load)
    }

    mutating func receive(_ id: LoadID, _ answer: Answer, now: Timestamp) -> Bool {
        guard let asking, asking.load == id, case .accessReview(let review) = answer else { return false }
        known[asking.request, default: Loadable()].set(review, asOf: now)
        return true
    }

    mutating func finish(_ id: LoadID, _ error: OperatorError?) -> Bool {
        guard let asking, asking.load == id else { return false }
        known[asking.request]?.finish(error)
        self.asking = nil
        return true
    }

    /// Nobody waits for what is being asked any more.
    mutating func stop(_ turn: inout Turn) {
        guard let asking else { return }
        turn.stop(asking.load)
        known[asking.request]?.leave()
        self.asking = nil
    }

    /// All is to be asked anew.
    mutating func forget(_ turn: inout Turn) {
        stop(&turn)
        known = [:]
    }
}
