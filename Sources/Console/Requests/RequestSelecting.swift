internal import CallboardCore
internal import ServiceBus

/// A screen on which one request, or one role in force, is selected and can be decided about.
protocol RequestSelecting: Screen {
    var selectedRequest: AccessRequest? { get }
    var selectedGrant: ActiveGrant? { get }
    var reviews: AccessReviews { get }
}

extension RequestSelecting {
    /// Whether something can be done with what is selected, as far as that is known before it is asked.
    func decisionAvailability(of command: CommandID, _ model: Model) -> Availability {
        guard let inbox = model.inbox.lists.value else { return .disabled("what waits is not known yet") }
        if command == .endAccess {
            return selectedGrant == nil ? .disabled("select a role that is in force; tab shows them") : .enabled
        }
        guard let request = selectedRequest else { return .disabled("select a request; tab shows them") }
        guard request.standing.isOpen else { return .disabled("it is \(request.standing.word)") }
        if command == .takeBack {
            return request.requester.isSame(as: inbox.me) ? .enabled : .disabled("only who asked takes a request back; X denies it")
        }
        // What only claims to be somebody's request is put aside by anybody, whomever it names.
        let isPutAside = request.isForgery && command == .deny
        if !isPutAside, let own = RequestText.obstacle(request, in: inbox) { return .disabled(own) }
        guard command != .deny else { return .enabled }
        if let refusal = model.changeRefusal { return .disabled(refusal) }
        if command == .narrow {
            return request.role.policyRole == nil ? .disabled("it is for no role of Service Bus's; X denies it") : .enabled
        }
        return reviews.of(request).value?.verdict.map { .disabled(Refusal($0).clause) } ?? .enabled
    }

    /// Opens the form of a decision, in which its reason is asked for.
    /// - Parameter leaving: how many screens are left when it is done, besides the form.
    func decide(_ command: CommandID, leaving: Int, _ turn: inout Turn) {
        let purpose: DecisionScreen.Purpose? =
            switch command {
            case .approve: selectedRequest.map { .approve($0) }
            case .narrow: selectedRequest.map { .narrow($0) }
            case .deny: selectedRequest.map { .deny($0) }
            case .takeBack: selectedRequest.map { .takeBack($0) }
            case .endAccess: selectedGrant.map { .end($0) }
            default: nil
            }
        guard let purpose else { return }
        turn.navigation = .push(DecisionScreen(purpose, reviews: reviews.handedOver, leaving: leaving))
    }
}
