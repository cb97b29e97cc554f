/// What the administration endpoint serves: the state of a namespace, as whoever holds it tells it and changes it.
///
/// The endpoint asks anew for every request and keeps nothing, so an answer is as fresh as the source's.
protocol AdministrationSource: Sendable {
    /// The namespace itself.
    func administeredNamespace() async -> AdministeredNamespace

    /// A part of a list, in the ordinal order of the names.
    /// - Parameters:
    ///   - list: which list.
    ///   - skip: how many entities to leave out.
    ///   - top: how many to return at most.
    /// - Returns: `nil` for the subscriptions of a topic that does not exist.
    func administeredEntities(in list: Broker.List, skip: Int, top: Int) async -> [AdministeredEntity]?

    /// The queue or topic of that name, or with a topic given that subscription of it, whatever the case of the names.
    func administeredEntity(named name: String, topic: String?) async -> AdministeredEntity?

    /// The rules of a subscription in the ordinal order of their names, `nil` if there is no such subscription.
    func administeredRules(topic: String, subscription: String) async -> [AdministeredRule]?

    /// Makes, changes or removes something: all of it or, when it throws, nothing.
    func perform(_ change: AdministrationChange) async throws(AdministrationFault) -> AdministrationOutcome

    /// What an `Authorization` header allows.
    /// - Parameters:
    ///   - authorization: the header's value.
    ///   - resource: the URL asked for.
    ///   - now: the time, in milliseconds since 1970.
    func mayAdminister(authorization: String, resource: String, now: Int64) async -> AccessPolicy.Verdict
}
