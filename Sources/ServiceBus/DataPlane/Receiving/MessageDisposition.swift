internal import AMQP
internal import AMQPTransport

/// What is to become of a message that was received in peek-lock.
///
/// The states are those that the service gives the standard's outcomes (Microsoft's AMQP protocol guide).
public enum MessageDisposition: Hashable, Sendable {
    /// It was processed: it is removed.
    case complete
    /// It was not: it is given back, its delivery count goes up, and properties are set.
    case abandon(properties: [OutgoingMessage.Property] = [])
    /// It is set aside, to be had by its sequence number only.
    case `defer`(properties: [OutgoingMessage.Property] = [])
    /// It goes to the dead-letter queue.
    case deadLetter(reason: String?, description: String?, properties: [OutgoingMessage.Property] = [])
    /// It was not looked at: it is given back as if it had not been delivered.
    case release

    /// The outcome on a link.
    var state: DeliveryState {
        switch self {
        case .complete: return .accepted
        case .release: return .released
        case .abandon(let properties):
            return .modified(.init(deliveryFailed: true, undeliverableHere: false, messageAnnotations: Self.annotations(properties)))
        case .defer(let properties):
            return .modified(.init(deliveryFailed: true, undeliverableHere: true, messageAnnotations: Self.annotations(properties)))
        case .deadLetter(let reason, let description, let properties):
            var info: [AMQPMap.Pair] = []
            if let reason { info.append(.init(key: .symbol("DeadLetterReason"), value: .string(reason))) }
            if let description { info.append(.init(key: .symbol("DeadLetterErrorDescription"), value: .string(description))) }
            info += Self.annotations(properties)?.pairs ?? []
            return .rejected(AMQPError("com.microsoft:dead-letter", description, info: AMQPMap(info)))
        }
    }

    private static func annotations(_ properties: [OutgoingMessage.Property]) -> AMQPMap? {
        if properties.isEmpty { return nil }
        return AMQPMap(properties.map { .init(key: .symbol(Symbol($0.name)), value: $0.value.amqpValue) })
    }

    /// Whether a sender's answer says that the outcome held; else why not.
    ///
    /// In a transaction the answer has to name it: one of another, or one without a word, does not say that the settlement is part of this
    /// one, and committing it could leave an original beside its copy.
    func judge(_ answer: DeliveryState?, _ path: EntityPath, in transaction: Transaction?) -> Result<Void, ServiceBusError> {
        var answer = answer
        switch (answer, transaction) {
        case (.transactional(let id, _)?, let transaction?) where id != transaction.id:
            return .failure(
                ServiceBusError(.protocolMismatch, "A settlement was answered as part of another transaction.", entity: path))
        case (nil, .some):
            return .failure(
                ServiceBusError(
                    .protocolMismatch, "A settlement was answered without saying whether it is part of the transaction.", entity: path))
        case (.transactional(_, let outcome)?, _): answer = outcome
        default: break
        }
        switch (self, answer) {
        case (.deadLetter, .rejected(nil)?): return .success(())
        // Some servers echo the outcome as it was proposed.
        case (.deadLetter, .rejected(let error?)?) where error.condition == "com.microsoft:dead-letter": return .success(())
        case (_, .rejected?): break
        // Settled without a word: it held.
        case (_, nil): return .success(())
        case (.complete, .accepted?), (.release, .released?), (.abandon, .modified?), (.defer, .modified?): return .success(())
        // A server that knows fewer outcomes confirms them all alike.
        case (_, .accepted?): return .success(())
        default: break
        }
        guard let answer else { return .success(()) }
        return .failure(ServiceBusError(afterDispatch: TransportError.outcome(answer), entity: path))
    }

    /// The request that settles by lock token when there is no link (`update-disposition`); nil for a release, which it does not know.
    func request(_ tokens: [UUIDBytes], sessionID: String?, link: String?, in transaction: Transaction?) -> ManagementRequest? {
        // "suspended" and "defered" are the service's words.
        let (status, properties): (String, [OutgoingMessage.Property]) =
            switch self {
            case .complete: ("completed", [])
            case .abandon(let properties): ("abandoned", properties)
            case .defer(let properties): ("defered", properties)
            case .deadLetter(_, _, let properties): ("suspended", properties)
            case .release: ("", [])
            }
        if case .release = self { return nil }
        // Left out when there is nothing to change: `nil` alone would be AMQP's null here.
        var changes: AMQPValue?
        if !properties.isEmpty {
            changes = AMQPValue.map(AMQPMap(properties.map { .init(key: .string($0.name), value: $0.value.amqpValue) }))
        }
        var (reason, description): (String?, String?) = (nil, nil)
        if case .deadLetter(let why, let more, _) = self { (reason, description) = (why, more) }
        var request = ManagementRequest(
            "update-disposition", isRepeatable: false,
            [
                "disposition-status": .string(status), "lock-tokens": .array(.uuids(tokens)),
                "deadletter-reason": reason.map { .string($0) }, "deadletter-description": description.map { .string($0) },
                "properties-to-modify": changes, "session-id": sessionID.map { .string($0) },
            ])
        request.associatedLink = link
        request.state = transaction?.state(nil)
        return request
    }
}
