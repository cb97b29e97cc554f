import AMQP
import ServiceBus

/// Why a message is dead-lettered: by the broker, in the service's words, or by an application in its own.
struct DeadLetterCause {
    /// The application properties that say so.
    var properties: [(name: String, value: AMQPValue)]

    init(reason: String?, description: String?, properties: [(name: String, value: AMQPValue)] = []) {
        self.properties = properties
        if let reason { self.properties.append(("DeadLetterReason", .string(reason))) }
        if let description { self.properties.append(("DeadLetterErrorDescription", .string(description))) }
    }

    static func maxDeliveryCountExceeded(_ count: Int) -> DeadLetterCause {
        DeadLetterCause(
            reason: "MaxDeliveryCountExceeded", description: "Message could not be consumed after \(count) delivery attempts.")
    }

    static let expired = DeadLetterCause(
        reason: "TTLExpiredException", description: "The message expired and was dead lettered.")

    static let headerTooLarge = DeadLetterCause(
        reason: "HeaderSizeExceeded", description: "The size quota for this stream exceeded the limit.")

    static let sessionIDMissing = DeadLetterCause(
        reason: "Session id is null.", description: "Session enabled entity doesn't allow a message whose session identifier is null.")

    static let tooManyHops = DeadLetterCause(
        reason: "MaxTransferHopCountExceeded", description: "Maximum transfer hop count is exceeded.")

    /// No recording of the service's own words was found; these name the rule, which is what an operator looks for.
    static func ruleFailed(_ rule: String, _ error: FilterEvaluationError) -> DeadLetterCause {
        DeadLetterCause(
            reason: "FilterEvaluationException", description: "Rule '\(rule)' could not be evaluated: \(error.description).")
    }
}
