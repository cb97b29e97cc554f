import AMQP
import CallboardCore
import Testing

@testable import Sandbox
@testable import ServiceBus

/// What the broker gives as a reason is what an operator is told the meaning of.
@Suite struct DeadLetterCauseTests {
    private func word(of cause: DeadLetterCause) -> String? {
        for property in cause.properties where property.name == "DeadLetterReason" {
            if case .string(let text) = property.value { return text }
        }
        return nil
    }

    @Test func everyReasonOfTheBrokerIsExplained() throws {
        let rule = FilterEvaluationError(.typeMismatch, "'a' and 1 cannot be compared", at: SourceRange(0, 1))
        for cause in [
            DeadLetterCause.maxDeliveryCountExceeded(10), .expired, .headerTooLarge, .sessionIDMissing, .tooManyHops,
            .ruleFailed("large", rule),
        ] {
            let reason = try #require(word(of: cause))
            #expect(DeadLetterExplanation(reason: reason, entity: nil)?.origin == .service, "\(reason)")
        }
    }
}
