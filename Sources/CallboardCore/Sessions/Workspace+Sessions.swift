public import ServiceBus

/// Sessions and their state.
extension Workspace {
    /// The sessions of an entity that hold messages or state, in order of id.
    /// - Parameter isCounting: whether the headers of all messages are read to count each session's. A session that the service does not
    ///   list, for it may hold nothing but scheduled messages, is then found as well.
    /// - Throws: ``OperatorError``: not found, not permitted, the service's words for an entity without sessions.
    public func sessions(of path: EntityPath, isCounting: Bool = false) async throws(OperatorError) -> [SessionSummary] {
        let listed = try await gateway.sessionIDs(of: path.entity)
        guard isCounting else { return listed.sorted().map { SessionSummary(id: $0) } }
        var counts = Dictionary(listed.map { ($0, SessionSummary.Counts()) }, uniquingKeysWith: { first, _ in first })
        // While messages arrive faster than they are read, a list without an end would never come.
        var pages = scan(path.entity, options: PeekOptions(headersOnly: true, end: .atNewestNow)).makeAsyncIterator()
        while let page = try await pages.next() {
            for message in page {
                if let id = message.sessionID { counts[id, default: SessionSummary.Counts()].note(message) }
            }
        }
        return counts.map { SessionSummary(id: $0, counts: $1) }.sorted { $0.id < $1.id }
    }

    /// The state of a session, which is accepted for a moment to read it: nobody else gets it meanwhile, no message is locked and no delivery
    /// counted.
    public func sessionState(_ id: String, of path: EntityPath) async throws(OperatorError) -> SessionState {
        try await gateway.sessionState(of: id, in: path.entity)
    }

    /// One session: its messages counted, and its state.
    /// - Parameter withState: whether its state is read, for which the session is accepted for a moment: nobody else gets it meanwhile, no
    ///   message is locked and no delivery counted. Without it nothing is held at all.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/notFound`` when it has neither messages nor, if that was asked for, a state.
    public func session(_ id: String, of path: EntityPath, withState: Bool = true) async throws(OperatorError) -> SessionDetail {
        var counts = SessionSummary.Counts()
        var pages = scan(path.entity, options: PeekOptions(headersOnly: true, sessionID: id)).makeAsyncIterator()
        while let page = try await pages.next() {
            for message in page { counts.note(message) }
        }
        let state = withState ? try await gateway.sessionState(of: id, in: path.entity) : .notAsked
        guard counts.total > 0 || (state != .none && state != .notAsked) else {
            throw OperatorError(
                .notFound,
                "\(path.displayName) has no message\(withState ? " and no state" : "") of a session '\(gateway.masked(sessionID: id))'.",
                hint: "'callboard sessions \(path.displayName)' lists those there are.", entity: path)
        }
        return SessionDetail(summary: SessionSummary(id: gateway.masked(sessionID: id), counts: counts), state: state)
    }

    /// Sets the state of a session, or clears it.
    ///
    /// The session is accepted for it: when another receiver holds it, nothing changes.
    /// - Parameter state: nil to clear it.
    /// - Throws: ``OperatorError``.
    public func setSessionState(
        _ state: [UInt8]?, of id: String, in path: EntityPath, with permission: ChangePermission
    ) async throws(OperatorError) {
        try check(permission, .setSessionState, on: path)
        try await gateway.setSessionState(state, of: id, in: path.entity)
    }
}
