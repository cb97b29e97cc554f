package import AzureResources
package import ServiceBus

/// What a sweep found and did.
package struct CooperativeSweep: Hashable, Sendable {
    /// A role assignment that was granted here, and its request.
    package struct Grant: Hashable, Sendable {
        /// The assignment.
        package var assignment: ResourceID
        /// The request.
        package var request: GUID
        /// When it was to end.
        package var end: Timestamp
        /// Where it is.
        package var scope: ResourceID
    }

    /// What was taken away.
    package var removed: [Grant] = []
    /// What was gone already.
    package var gone = 0
    /// What has ended and is still there, with why it could not be taken away.
    package var remaining: [(grant: Grant, error: OperatorError)] = []
    /// Messages that were put aside, with what is wrong with them.
    package var refused: [(number: SequenceNumber, reason: String)] = []
    /// What could not be looked for: the messages, or what is there all the same.
    package var failures: [OperatorError] = []
    /// What joins it to Azure's Activity Log.
    package var correlationIDs: [String] = []

    package static func == (a: Self, b: Self) -> Bool {
        a.removed == b.removed && a.gone == b.gone && a.remaining.map(\.grant) == b.remaining.map(\.grant)
            && a.refused.map(\.number) == b.refused.map(\.number) && a.failures == b.failures && a.correlationIDs == b.correlationIDs
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(removed)
        hasher.combine(gone)
    }
}

/// Takes away what has ended: by the messages that come due, and by looking for what has ended and is there all the same, since somebody may have crashed
/// between giving a role and scheduling its end.
///
/// Nothing is taken away that does not say of itself, in the description that Azure keeps, that it is that request's and over. So a message that somebody else
/// wrote takes nothing away, and neither does a mistake here.
package struct RevocationSweeper: Sendable {
    /// How many messages are taken at a time.
    private static let atOnce = 20

    /// Takes a role away.
    /// - Returns: false when it was gone.
    package typealias Removal = (
        _ assignment: RoleAssignment, _ grant: CooperativeSweep.Grant
    ) async throws(OperatorError) -> Correlated<Bool>

    private let transport: any CooperativeTransport
    private let path: EntityPath
    private let grants: any GrantAuthority
    private let clock: BrokerClock
    private let namespace: String?

    /// - Parameter namespace: the one whose roles are taken away; nil for all that the queue names. Messages for others are left to those who sweep there.
    package init(
        _ transport: any CooperativeTransport, path: EntityPath, grants: any GrantAuthority, clock: BrokerClock, namespace: String? = nil
    ) {
        self.transport = transport
        self.path = path
        self.grants = grants
        self.clock = clock
        self.namespace = namespace
    }

    /// Sweeps once.
    /// - Parameter isTrial: only tells what has ended and is there; no message is touched and nothing taken away.
    /// - Throws: ``OperatorError`` when neither the queue nor Azure answers. What could not be taken away is part of the result.
    package func sweep(isTrial: Bool = false) async throws(OperatorError) -> CooperativeSweep {
        try await sweep(isTrial: isTrial) { _, grant throws(OperatorError) in try await grants.remove(grant.assignment) }
    }

    /// Sweeps once, and has each role taken away by somebody else, who asks for leave.
    /// - Throws: ``OperatorError`` when neither the queue nor Azure answers. What could not be taken away is part of the result.
    package func sweep(isTrial: Bool = false, _ remove: Removal) async throws(OperatorError) -> CooperativeSweep {
        var sweep = CooperativeSweep()
        if !isTrial {
            // Whoever may not take the messages can still find what is over by its note.
            do throws(OperatorError) { try await takeDue(&sweep, remove) } catch {
                guard error.code != .cancelled else { throw error }
                sweep.failures.append(error)
            }
        }
        do throws(OperatorError) { try await takeOverdue(&sweep, isTrial: isTrial, remove) } catch {
            guard error.code != .cancelled, !isTrial, sweep.failures.isEmpty else { throw error }
            sweep.failures.append(error)
        }
        return sweep
    }

    // MARK: Messages

    private func takeDue(_ sweep: inout CooperativeSweep, _ remove: Removal) async throws(OperatorError) {
        // Each is settled or given back; one that is given back must not be taken again in this sweep.
        var seen: Set<SequenceNumber> = []
        while true {
            var fresh = 0
            let start = clock.localNow
            let found = try await transport.withMessages(of: path, max: Self.atOnce) { held throws(OperatorError) in
                if let until = held.lockedUntil {
                    // No lock of Service Bus lasts longer than five minutes.
                    clock.saw(notBefore: until.advanced(by: .seconds(-300)), notAfter: until, between: start, and: clock.localNow)
                }
                guard seen.insert(held.message.number).inserted else { return }
                fresh += 1
                try await take(held, &sweep, remove)
            }
            guard found > 0, fresh > 0 else { return }
        }
    }

    private func take(
        _ held: any HeldMessage, _ sweep: inout CooperativeSweep, _ remove: Removal
    ) async throws(OperatorError) {
        let revocation: CooperativeRevocation
        do throws(CooperativeFlaw) { revocation = try CooperativeRevocation(reading: held.message.body) } catch {
            return try await refuse(held, error.sentence, &sweep)
        }
        guard namespace.map({ $0 == revocation.scope.namespace }) ?? true else { return }
        // One that cannot be looked at, or not be taken away, keeps no other from its turn; its message is given back.
        do throws(OperatorError) {
            guard let assignment = try await grants.assignment(revocation.assignment) else {
                sweep.gone += 1
                return await finish(held)
            }
            guard let grant = Self.grant(assignment), grant.request == revocation.request else {
                return try await refuse(held, "the role assignment does not say that it is of the request \(revocation.request)", &sweep)
            }
            // A scheduled message arrives at its time: its arrival is what the service's clock says.
            guard grant.end <= max(held.message.enqueuedAt, clock.now) else {
                return try await refuse(held, "the role assignment says that it ends at \(grant.end.rfc3339), which is later", &sweep)
            }
            let removal = try await remove(assignment, grant)
            if removal.value { sweep.removed.append(grant) } else { sweep.gone += 1 }
            sweep.correlationIDs += removal.correlationID.map { [$0] } ?? []
            await finish(held)
        } catch {
            guard error.code != .cancelled else { throw error }
            let grant = CooperativeSweep.Grant(
                assignment: revocation.assignment, request: revocation.request, end: revocation.end, scope: revocation.scope.id)
            sweep.remaining.append((grant, error))
        }
    }

    /// Removes a message. One that stays comes again, and finds its role gone.
    private func finish(_ held: any HeldMessage) async {
        do throws(OperatorError) { try await held.complete() } catch { return }
    }

    private func refuse(_ held: any HeldMessage, _ reason: String, _ sweep: inout CooperativeSweep) async throws(OperatorError) {
        sweep.refused.append((held.message.number, reason))
        try await held.deadLetter(reason: "callboard:not-a-revocation", description: reason)
    }

    // MARK: What is there all the same

    private func takeOverdue(_ sweep: inout CooperativeSweep, isTrial: Bool, _ remove: Removal) async throws(OperatorError) {
        let now = clock.now
        let tried = Set(sweep.removed.map(\.assignment))
        for assignment in try await grants.assignments() {
            guard let grant = Self.grant(assignment), grant.end <= now, !tried.contains(grant.assignment) else { continue }
            // What its message could not take away is tried once more, and told once.
            sweep.remaining.removeAll { $0.grant.assignment == grant.assignment }
            if isTrial {
                sweep.remaining.append((grant, OperatorError(.conflict, "Its time is over.")))
                continue
            }
            do throws(OperatorError) {
                let removal = try await remove(assignment, grant)
                if removal.value { sweep.removed.append(grant) } else { sweep.gone += 1 }
                sweep.correlationIDs += removal.correlationID.map { [$0] } ?? []
            } catch {
                guard error.code != .cancelled else { throw error }
                sweep.remaining.append((grant, error))
            }
        }
    }

    /// The grant that a role assignment says it is, where its name says so as well.
    static func grant(_ assignment: RoleAssignment) -> CooperativeSweep.Grant? {
        guard let note = assignment.note.flatMap(GrantNote.init) else { return nil }
        let request = GUID(note.request)
        guard request.isWellFormed, assignment.name == NameBasedID.assignment(for: request) else { return nil }
        return .init(assignment: assignment.id, request: request, end: Timestamp(note.expires), scope: assignment.scope)
    }
}
