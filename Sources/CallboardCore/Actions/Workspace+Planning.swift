internal import ServiceBus

/// Working out what an action would do. Nothing is changed, locked or counted by it.
extension Workspace {
    /// What an action would do, exactly: to which messages, where to, how long it takes, and what to think of first.
    /// - Parameters:
    ///   - cameBack: hashes of message ids that were sent on by jobs before, each with how often.
    ///   - progress: told how many messages were looked at.
    /// - Throws: ``OperatorError``: not found, not permitted, usage when it makes no sense. What only this data makes impossible is a
    ///   blocker of the plan.
    public func plan(
        _ request: ActionRequest, cameBack: [UInt32: Int] = [:], progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(OperatorError) -> ActionPlan {
        guard let changing = gateway.changing else {
            throw OperatorError(.refused, "Messages cannot be changed here: nothing was planned.", entity: request.path)
        }
        let source = try await description(of: request.path)
        let tier = title.isEmulator ? nil : await changing.tier()
        var planner = Planner(
            request: request, source: source, title: title, gateway: gateway, changing: changing, tier: tier, now: currentTime,
            credits: creditsPerSecond)
        return try await planner.plan(cameBack: cameBack, progress: progress) { topic throws(OperatorError) in
            try await self.routing(of: topic)
        }
    }

    /// An entity's settings; nil where they may not be read, which forbids nothing by itself.
    private func description(of path: EntityPath) async throws(OperatorError) -> EntityDescription? {
        do throws(OperatorError) { return try await entity(path) } catch {
            guard error.code == .notPermitted else { throw error }
            return nil
        }
    }
}
