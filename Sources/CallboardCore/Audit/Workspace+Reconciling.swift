internal import AzureResources
internal import Identity
public import ServiceBus

extension Workspace {
    /// Joins ledgers with Azure's Activity Log, for this namespace.
    /// - Parameters:
    ///   - ledgers: the ledgers of everybody who works here: what is in none of them counts as done past the workflow.
    ///   - since: from when on; Azure keeps 90 days.
    ///   - now: the time by which the Activity Log is late.
    /// - Throws: ``OperatorError``: a ledger is not whole, nobody is signed in, or the Activity Log may not be read
    ///   (`Microsoft.Insights/eventtypes/management/values/read` at the Azure subscription).
    public nonisolated func reconcile(
        ledgers: [String], since: Timestamp, now: Timestamp
    ) async throws(OperatorError) -> Reconciliation {
        guard let signIn = accessSource as? ContextSignIn else {
            throw OperatorError(
                .usage, "'\(title.name)' does not sign in to Azure, which keeps the Activity Log.",
                hint: "Give the context its 'namespace' and 'sign-in' in place of a connection string: docs/identity.md.")
        }
        let beginning = Reconciliation.beginning(of: since, now: now)
        var records: [AuditRecord] = []
        for path in ledgers {
            let (found, verification) = try AuditQuery(count: AuditQuery.most, since: beginning).records(in: path)
            guard !verification.isTampering else {
                throw OperatorError(
                    .conflict, "The ledger \(path) is not whole: \(verification).", hint: "'callboard audit verify' says where.")
            }
            records += found.filter { $0.text("namespace") == title.endpoint }
        }
        let (finder, place) = try await signIn.place()
        guard let subscription = place.id?.subscription else {
            throw OperatorError(
                .notPermitted, "Azure shows you nothing of the namespace \(place.name), so its Activity Log cannot be found.",
                hint: "It takes Microsoft.ServiceBus/namespaces/read there, and the right to read the Activity Log.")
        }
        let events: [ActivityEvent]
        do throws(AzureError) {
            events = try await finder.manager.activity(of: subscription, ActivityQuery(from: WallTime(beginning))).all()
        } catch { throw OperatorError(error) }
        return Reconciliation(records: records, events: events, place: place, now: now, since: since)
    }
}
