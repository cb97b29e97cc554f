public import ServiceBus

extension Workspace {
    /// What a screen says of break-glass, by the ledger of this user.
    ///
    /// The ledger is read whole: ask when a screen opens and once in a while, and not for every frame. What is said changes with the time: ``BreakGlassBanner/text(at:)``.
    /// - Parameters:
    ///   - environment: of the process; it says where the ledger is.
    ///   - now: the moment.
    /// - Throws: ``OperatorError`` when it cannot be read.
    public nonisolated func breakGlassBanner(
        environment: [String: String], at now: Timestamp
    ) throws(OperatorError) -> BreakGlassBanner {
        let path = try AuditLedger.path(environment: environment)
        return BreakGlassBanner(try BreakGlassUse.all(in: path).uses, at: now)
    }
}
