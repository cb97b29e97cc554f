import AMQP
import CallboardCore
import NIOCore
import ServiceBus

@testable import Console

/// A trace through the estate of ``Fixture``.
enum TraceFixture {
    static let id = "order-88213"

    static let plan = TracePlan(
        places: ["orders/$deadletterqueue", "order-events/Subscriptions/billing", "invoices", "refunds", "audit-old"].map {
            Fixture.path($0)
        })

    static func copy(
        _ place: Int, _ number: Int64, ago minutes: Int64, subject: String, reason: String? = nil, correlated: Bool = true
    ) -> TraceCopy {
        var content = MessageContent(body: .none)
        content.messageAnnotations = AMQPMap([
            .init(key: .symbol("x-opt-sequence-number"), value: .long(number)),
            .init(key: .symbol("x-opt-enqueued-time"), value: .timestamp(Fixture.now.milliseconds - minutes * 60_000)),
        ])
        var properties = Properties()
        properties.messageID = .string(correlated ? "event-\(number)" : id)
        properties.correlationID = correlated ? .string(id) : nil
        properties.subject = subject
        content.properties = properties
        if let reason { content.applicationProperties = AMQPMap([.init(key: .string("DeadLetterReason"), value: .string(reason))]) }
        guard let message = try? PeekedMessage(Message(content.encoded)) else { preconditionFailure("not a message") }
        return TraceCopy(message, in: plan.places[place], match: correlated ? .correlationID : .messageID)
    }

    static func answers(_ id: TraceID) -> [Answer] {
        guard id.text == self.id else {
            return [.trace(.planned(plan, .free))] + plan.places.indices.map { .trace(.ended($0, .lookedThrough)) }
        }
        let dead = copy(0, 4_770_112, ago: 41, subject: "OrderPlaced", reason: "FraudSuspected", correlated: false)
        let updates: [TraceUpdate] = [
            .planned(plan, .free), .looking(0), .looking(1),
            .looked(1, count: 2, next: nil, copies: [copy(1, 12, ago: 3, subject: "OrderPlaced")]), .ended(1, .lookedThrough),
            .looked(0, count: 50_012, next: nil, copies: [dead]), .ended(0, .lookedThrough), .ended(2, .lookedThrough),
            .ended(3, .notPermitted(needs: "Listen")), .ended(4, .lookedThrough),
        ]
        return updates.map { .trace($0) }
    }
}
