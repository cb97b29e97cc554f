internal import CallboardCore
internal import ServiceBus
internal import Synchronization

/// Requests for roles: all go through the one door that asks the policy and writes the ledger.
extension WorkspaceSource {
    /// The three lists, asked for at once. Of the roles in force only one's own: they are read again and again, and all of them are many.
    func inbox() async throws(OperatorError) -> AccessInbox {
        let desk = try await openDesk()
        async let waiting = Self.list { () throws(OperatorError) in try await desk.inbox() }
        async let own = Self.list { () throws(OperatorError) in try await desk.own() }
        async let active = Self.list { () throws(OperatorError) in try await desk.ownActive() }
        let read = (waiting: await waiting, own: await own, active: await active)
        var lists = AccessInbox(
            me: desk.me, waiting: read.waiting.map(\.elements), own: read.own.map(\.elements), active: read.active.map(\.elements),
            asOf: now())
        for gap in read.waiting.gaps() + read.own.gaps() where !lists.gaps.contains(where: { $0.sentence == gap.sentence }) {
            lists.gaps.append(gap)
        }
        lists.activeGaps = read.active.gaps()
        if case .success = lists.active { await follow(lists.ownGrants) }
        // Nothing at all is no list of nothing.
        if let first = lists.waiting.problem, lists.own.problem != nil, lists.active.problem != nil { throw first }
        return lists
    }

    /// The uses of break-glass that are in force or whose review is owed. Only what was appended to the ledger since is read.
    func emergencies() throws(OperatorError) -> [BreakGlassUse] {
        let watch: BreakGlassWatch
        if let kept = emergencyWatch.withLock({ $0 }) {
            watch = kept
        } else {
            let fresh = try BreakGlassWatch(environment: environment)
            watch = fresh
            emergencyWatch.withLock { $0 = fresh }
        }
        return try watch.pressing(at: now())
    }

    private static func list<Element: Sendable>(
        _ ask: () async throws(OperatorError) -> AccessListing<Element>
    ) async -> Result<AccessListing<Element>, OperatorError> {
        do throws(OperatorError) { return .success(try await ask()) } catch { return .failure(error) }
    }

    /// Asks. Where nobody is to agree and the role is assigned at once, that gives something as saying yes does.
    func ask(_ proposal: AccessProposal) async throws(OperatorError) -> AccessRequest {
        if proposal.limits.way == .assignment { try checkLeave(try await opened().title) }
        return try await openDesk().ask(proposal)
    }

    /// Where a role of one's own has come or gone, the next look is taken with what one has now.
    private func follow(_ grants: [ActiveGrant]) async {
        let now = Set(grants.compactMap { $0.scope.entity?.entity })
        let before = ownGrants.withLock { known in
            defer { known = now }
            return known
        }
        guard let before, let workspace = try? await opened() else { return }
        for path in now.symmetricDifference(before).sorted() { await workspace.renewRights(of: path) }
    }

    /// Decides. Saying yes gives something, and in production that takes the leave the console was started with.
    func decide(_ decision: AccessDecision, on request: AccessRequest) async throws(OperatorError) -> AccessRequest {
        if decision.answer != .deny { try checkLeave(try await opened().title) }
        return try await openDesk().decide(decision, on: request)
    }

    /// The door to requests, opened when it is first needed.
    func openDesk() async throws(OperatorError) -> AccessDesk {
        if let open = keptDesk { return open }
        return keep(try await opened().accessDesk(environment: environment, browser: browser))
    }
}

extension Result where Failure == OperatorError {
    /// What a list could not say.
    fileprivate func gaps<Element>() -> [RequestGap] where Success == AccessListing<Element> { (try? get())?.gaps ?? [] }
}
