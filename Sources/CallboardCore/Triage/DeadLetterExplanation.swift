public import ServiceBus

/// What a dead-letter reason means, which setting brought it about here, and what people do about it.
///
/// Reasons of the service are those of its document "Service Bus dead-letter queues"; any other is the application's own.
public struct DeadLetterExplanation: Hashable, Sendable {
    /// What the reason means.
    public let meaning: String
    /// What it came from here: the entity's setting beside what the message met; nil where the settings are not known.
    public let here: String?
    /// What to do about it.
    public let advice: String

    /// Explains a reason.
    /// - Parameters:
    ///   - reason: as the message bears it.
    ///   - entity: the settings of the entity whose dead letter it is; nil when they are not permitted.
    ///   - message: a message that died of it; nil for the reason alone.
    /// - Returns: nil for a reason that is the application's own: only its owner can say what it means.
    public init?(reason: String, entity: EntityDescription?, message: PeekedMessage? = nil) {
        let fields = message.map { (deliveries: $0.deliveryCount, enqueued: $0.enqueuedTime, lifetime: $0.timeToLive) }
        switch reason {
        case "MaxDeliveryCountExceeded":
            meaning =
                "Receivers took the message again and again and never completed it: each time it was abandoned, its lock ran out, or its receiver ended."
            here = entity?.maxDeliveryCount.map { most in
                fields.map { "At most \(most) deliveries here; delivered \($0.deliveries) times." } ?? "At most \(most) deliveries here."
            }
            advice =
                "Look for the exception at the receiver. Where it was passing (a time-out, a lock), redrive once that is over; where locks run out, renew them or raise LockDuration; a higher MaxDeliveryCount only buys time."
        case "TTLExpiredException":
            meaning = "The message was not taken within its time to live."
            here = Self.lifetime(entity, fields?.lifetime)
            advice =
                "See whether the receiver was down or too slow: the backlog's oldest age tells. Redrive only what still matters; raise DefaultMessageTimeToLive, or switch DeadLetteringOnMessageExpiration off where old messages may go."
        case "HeaderSizeExceeded":
            meaning = "The message's properties are larger than the service takes: 64 KB."
            here = nil
            advice = "Move what grows, often a trace or an error text that every hop adds to, from the properties into the body."
        case "MaxTransferHopCountExceeded":
            meaning = "The message was forwarded from entity to entity more than four times."
            here = entity?.forwardTo.map { "This entity forwards to \($0)." }
            advice = "Look for a circle in ForwardTo; send to the last entity directly."
        case "Session id is null", "Session ID is null", "SessionIdIsNull":
            meaning = "The entity takes only messages that belong to a session, and this one bears no session id."
            here = entity.map {
                $0.requiresSession
                    ? "RequiresSession is on here."
                    : "RequiresSession is off here now: it was changed since, or the message came from elsewhere."
            }
            advice = "Have its sender set SessionId. A redrive needs one too."
        case "FilterEvaluationException", "RuleFilterEvaluationException":
            meaning =
                "A rule of the subscription could not be evaluated for this message, and the subscription keeps such messages as dead letters."
            here = nil
            advice = "Try the message with `rules TOPIC test`: it says which rule fails and where."
        default: return nil
        }
    }

    private static func lifetime(_ entity: EntityDescription?, _ own: Duration?) -> String? {
        var parts: [String] = []
        if let own { parts.append("It was to live \(RoundedDuration.text(own))") }
        if let limit = entity?.defaultTimeToLive {
            parts.append("\(parts.isEmpty ? "M" : "m")essages live at most \(RoundedDuration.text(limit)) here")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ") + "."
    }
}
