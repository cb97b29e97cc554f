public import ServiceBus

/// What a dead-letter reason means, which setting brought it about here, and what people do about it.
///
/// Reasons of the service are those of its document "Service Bus dead-letter queues"; for a rule that failed it is the name of an exception.
/// Any other is the application's own.
public struct DeadLetterExplanation: Hashable, Sendable {
    /// Whose word the reason is.
    public enum Origin: String, Hashable, Sendable {
        /// The service put the message aside.
        case service
        /// A messaging framework did.
        case framework
        /// The receiving application did.
        case application
    }

    /// Whose word the reason is.
    public let origin: Origin
    /// What the reason means.
    public let meaning: String
    /// What it came from here: the entity's setting beside what the message met; nil where nothing is known.
    public let here: String?
    /// What to do about it.
    public let advice: String

    /// Explains a reason of the service.
    /// - Parameters:
    ///   - reason: as the message bears it.
    ///   - subQueue: where the message lies.
    ///   - entity: the settings of the entity whose dead letter it is; nil when they are not permitted.
    ///   - evidence: a message that died of it; nil for the reason alone.
    ///   - deliveries: how often messages that died of it were delivered; nil where that is not known.
    /// - Returns: nil for a reason that is not the service's.
    public init?(
        reason: String, in subQueue: EntityPath.SubQueue = .deadLetter, entity: EntityDescription?, evidence: DeadLetterEvidence? = nil,
        deliveries: ClosedRange<Int>? = nil
    ) {
        guard let cause = SystemReason(reason, in: subQueue) else { return nil }
        let deliveries = deliveries ?? evidence.map { $0.deliveryCount...$0.deliveryCount }
        self.init(.service, cause.meaning, here: cause.here(entity, evidence, deliveries), cause.advice)
    }

    /// Explains why a message lies in a queue for what went wrong.
    ///
    /// What the service says comes first, then what a framework says, then that it is the application's own word.
    public init(of evidence: DeadLetterEvidence, in path: EntityPath, entity: EntityDescription?, deliveries: ClosedRange<Int>? = nil) {
        if let reason = evidence.reason,
            let known = DeadLetterExplanation(
                reason: reason, in: path.subQueue, entity: entity, evidence: evidence, deliveries: deliveries)
        {
            self = known
        } else if let fault = evidence.fault {
            self.init(.framework, fault.meaning, here: fault.here, fault.advice)
        } else if path.subQueue == .transferDeadLetter {
            let cause = SystemReason.notForwarded
            self.init(.service, cause.meaning, here: cause.here(entity, evidence, nil), cause.advice)
        } else if evidence.reason == nil, path.subQueue == .active {
            self.init(
                .application, "This is no dead letter: nothing says that it failed.", here: nil,
                "Where it should have been taken by now, look whether its receiver runs, and whether the entity is enabled for receiving.")
        } else {
            self.init(
                .application,
                evidence.reason == nil
                    ? "The receiving application put the message aside without saying why."
                    : "The receiving application put the message aside and gave this reason; it is not one of the service's.",
                here: Self.tries(entity, deliveries ?? evidence.deliveryCount...evidence.deliveryCount),
                "Read the description and the body, and ask whom the entity belongs to. Redriven as it is, it will come back: mend the receiver or the message first."
            )
        }
    }

    private init(_ origin: Origin, _ meaning: String, here: String?, _ advice: String) {
        self.origin = origin
        self.meaning = meaning
        self.here = here
        self.advice = advice
    }

    /// That an application gave up before the service would have.
    private static func tries(_ entity: EntityDescription?, _ deliveries: ClosedRange<Int>) -> String? {
        let times = SystemReason.times(deliveries)
        guard let most = entity?.maxDeliveryCount else { return "Delivered \(times)." }
        return "Delivered \(times) of at most \(most)" + (deliveries.upperBound < most ? ": it was not tried to the end." : ".")
    }
}

extension FrameworkFault {
    fileprivate var meaning: String {
        switch framework {
        case .massTransit where reason == "dead-letter":
            "MassTransit found no consumer for messages of this type on the endpoint, and skipped it."
        case .massTransit: "A consumer of MassTransit failed with an exception, again after its retries, and the message was moved away."
        case .nServiceBus: "A handler of NServiceBus failed with an exception, again after its retries, and the message was moved away."
        case .rebus: "A handler of Rebus failed with an exception at every try, and the message was moved away."
        }
    }

    fileprivate var here: String? {
        var parts: [String] = []
        if let source { parts.append("taken from \(source)") }
        if let consumer { parts.append("by \(consumer)") }
        if let machine { parts.append("on \(machine)") }
        if let time { parts.append("at \(time)") }
        if let retries { parts.append("after \(retries) \(retries == "1" ? "retry" : "retries")") }
        guard let first = parts.first else { return nil }
        return first.prefix(1).uppercased() + first.dropFirst() + parts.dropFirst().map { " " + $0 }.joined() + "."
    }

    fileprivate var advice: String {
        switch framework {
        case .massTransit where reason == "dead-letter":
            "See which endpoint should consume this type: its subscription or its consumer is missing, or the message was sent to the wrong queue."
        case .massTransit: "Mend the consumer, then move the message back to the queue it was taken from; its MT-Fault headers may stay."
        case .nServiceBus:
            "Mend the handler, then return the message to the queue in NServiceBus.FailedQ: with ServicePulse where ServiceControl runs, else by a redrive there."
        case .rebus: "Mend the handler, then move the message back to the queue in rbs2-source-queue."
        }
    }
}
