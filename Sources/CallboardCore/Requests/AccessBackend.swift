package import ServiceBus

/// Where requests are kept and decided: Entra PIM or a Service Bus queue. What changes anything takes the ``Authorization`` that ``AccessDesk`` had from
/// the policy, and hands back the correlation ids of Azure for the ledger.
package protocol AccessBackend: Sendable {
    /// Which one it is.
    var kind: AccessRequest.Backend { get }

    /// What a request would have to keep to. Nothing is changed.
    func limits(for draft: AccessRequestDraft) async throws(OperatorError) -> AccessLimits

    /// Asks whether a request would be taken, without making it.
    /// - Throws: ``OperatorError`` that says what is in the way.
    func check(_ draft: AccessRequestDraft, within limits: AccessLimits) async throws(OperatorError)

    /// Asks.
    /// - Parameters:
    ///   - draft: what is asked for; it keeps to `limits`.
    ///   - limits: what ``limits(for:)`` said.
    ///   - id: a new GUID; the same one again does no harm.
    func submit(
        _ draft: AccessRequestDraft, within limits: AccessLimits, as id: AccessRequest.ID, with leave: Authorization
    ) async throws(OperatorError) -> AccessChange<AccessRequest>

    /// What waits for the decision of whoever is signed in.
    func inbox() async throws(OperatorError) -> AccessListing<AccessRequest>

    /// What whoever is signed in asked for, or would have, decided or not.
    func own() async throws(OperatorError) -> AccessListing<AccessRequest>

    /// One request as it is now.
    func request(_ id: AccessRequest.ID) async throws(OperatorError) -> AccessRequest

    /// A request that was seen before, as it is now; as it was seen where whoever asked may not look, and nobody has decided as far as is known.
    func latest(of known: AccessRequest) async throws(OperatorError) -> AccessRequest

    /// Decides.
    /// - Parameters:
    ///   - request: as the approver saw it; when it is another one by now, nothing is decided.
    ///   - leave: for approving. Where narrowing gives a role, leave to give one was had as well.
    /// - Throws: ``OperatorError`` of kind conflict, with who decided, when somebody else was faster.
    func decide(
        _ decision: AccessDecision, on request: AccessRequest, with leave: Authorization
    ) async throws(OperatorError) -> AccessChange<AccessRequest>

    /// Takes a request back.
    func cancel(_ request: AccessRequest, with leave: Authorization) async throws(OperatorError) -> AccessChange<AccessRequest>

    /// The roles in force that have an end, the first to end first; those past their end among them.
    func active() async throws(OperatorError) -> AccessListing<ActiveGrant>

    /// Of those the ones of whoever is signed in, with as little reading as that takes; others may be among them.
    func ownActive() async throws(OperatorError) -> AccessListing<ActiveGrant>

    /// Ends a grant now: by its holder (a deactivation) or by somebody who may take roles away.
    /// - Returns: false when it was gone already.
    func end(_ grant: ActiveGrant, reason: String, with leave: Authorization) async throws(OperatorError) -> AccessChange<Bool>

    /// The time by the service's clock, as far as that was seen; nil where only this machine's is known.
    var serviceTime: Timestamp? { get }

    /// Ends what is over and what nobody but a sweeper ends.
    /// - Parameters:
    ///   - moment: what has ended by then is over; one who knows the service's time better goes by that.
    ///   - remove: asks the policy about one and writes it down; what it is given takes the role away, and is called where it may be.
    /// - Returns: what came of each.
    /// - Throws: ``OperatorError`` when nothing could be looked for.
    func sweep(at moment: Timestamp, _ remove: GrantRemoval) async throws(OperatorError) -> AccessListing<SweptGrant>
}

/// Has a role taken away with leave and with its records.
package typealias GrantRemoval = (
    _ grant: ActiveGrant, _ change: (_ leave: Authorization) async throws(OperatorError) -> AccessChange<Bool>
) async -> SweptGrant.Outcome

extension AccessBackend {
    package var serviceTime: Timestamp? { nil }

    package func ownActive() async throws(OperatorError) -> AccessListing<ActiveGrant> { try await active() }

    package func latest(of known: AccessRequest) async throws(OperatorError) -> AccessRequest { try await request(known.id) }

    /// Whatever a note says is over.
    package func sweep(at moment: Timestamp, _ remove: GrantRemoval) async throws(OperatorError) -> AccessListing<SweptGrant> {
        let active = try await active()
        var swept = AccessListing<SweptGrant>(gaps: active.gaps)
        for grant in active.elements where grant.keeper == .note && grant.isPastEnd(at: moment) {
            let outcome = await remove(grant) { leave throws(OperatorError) in
                try await end(grant, reason: SweptGrant.reason(for: grant), with: leave)
            }
            swept.elements.append(SweptGrant(grant: grant, outcome: outcome))
        }
        return swept
    }

    /// Nobody can be asked: what the limits say is all that is known before.
    package func check(_ draft: AccessRequestDraft, within limits: AccessLimits) async throws(OperatorError) {}
}

/// What a change brought, and what joins it to Azure's Activity Log.
package struct AccessChange<Value: Sendable>: Sendable {
    /// What it brought.
    package var value: Value
    /// `x-ms-correlation-request-id` of every request to Azure Resource Manager that it took.
    package var correlationIDs: [String]

    package init(_ value: Value, correlationIDs: [String] = []) {
        self.value = value
        self.correlationIDs = correlationIDs
    }
}
