public import AMQP

/// What becomes of a delivered message.
public enum Settlement: Sendable, Hashable {
    /// It was processed: remove it.
    case complete
    /// It was not: give it back, count the delivery as failed, and set the given application properties.
    case abandon(properties: AMQPMap = [:])
    /// Set it aside, to be received by sequence number.
    case `defer`(properties: AMQPMap = [:])
    /// Move it to the dead-letter queue.
    case deadLetter(reason: String?, description: String?, properties: AMQPMap = [:])
    /// It was not looked at: give it back as if it had never been delivered.
    case release

    /// Reads the outcome a receiver put on a disposition (reference 1.9); nil for a state that is no outcome.
    ///
    /// `modified` abandons whether or not it says that the delivery failed, since .NET leaves that out.
    public init?(_ state: DeliveryState) {
        switch state {
        case .accepted: self = .complete
        case .released: self = .release
        case .modified(let modified):
            let properties = modified.messageAnnotations ?? [:]
            self = modified.undeliverableHere == true ? .defer(properties: properties) : .abandon(properties: properties)
        case .rejected(let error): self = Self.rejection(error)
        case .transactional(_, let outcome):
            guard let outcome, let settlement = Settlement(outcome) else { return nil }
            self = settlement
        case .received, .declared: return nil
        }
    }

    /// Reads the disposition of an `update-disposition` request (reference 1.12); nil for an unknown status.
    public init?(status: String, reason: String?, description: String?, properties: AMQPMap?) {
        switch status {
        case "completed": self = .complete
        case "abandoned": self = .abandon(properties: properties ?? [:])
        case "defered", "deferred": self = .defer(properties: properties ?? [:])
        case "suspended": self = .deadLetter(reason: reason, description: description, properties: properties ?? [:])
        default: return nil
        }
    }

    private static func rejection(_ error: AMQPError?) -> Settlement {
        guard let error else { return .deadLetter(reason: nil, description: nil) }
        var properties = error.info ?? [:]
        // Clients that know Service Bus say why in the info map; others have only the condition and its text.
        let isServiceBus = error.condition.name == "com.microsoft:dead-letter"
        let reason = properties["DeadLetterReason"]?.text ?? (isServiceBus ? nil : error.condition.name)
        let description = properties["DeadLetterErrorDescription"]?.text ?? (isServiceBus ? nil : error.text)
        properties["DeadLetterReason"] = nil
        properties["DeadLetterErrorDescription"] = nil
        return .deadLetter(reason: reason, description: description, properties: properties)
    }
}

extension AMQPMap {
    /// The pairs whose keys are text, as application properties.
    var namedValues: [(name: String, value: AMQPValue)] {
        pairs.compactMap { pair in pair.key.text.map { ($0, pair.value) } }
    }
}
