import AMQP
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Explaining dead-letter reasons")
struct DeadLetterExplanationTests {
    private let queue: EntityPath
    private let entity: EntityDescription

    init() throws {
        queue = try EntityPath(parsing: "orders").deadLetter
        var entity = EntityDescription(path: queue.entity, kind: .queue)
        entity.maxDeliveryCount = 10
        entity.defaultTimeToLive = .seconds(3600)
        self.entity = entity
    }

    private func evidence(
        _ reason: String?, deliveries: UInt32 = 0, lifetime: UInt32? = nil, _ headers: [(String, String)] = []
    ) throws -> DeadLetterEvidence {
        DeadLetterEvidence(
            try Messages.make(1) { content in
                content.header = Header(ttl: lifetime, deliveryCount: deliveries)
                var properties: [AMQPMap.Pair] = headers.map { .init(key: .string($0.0), value: .string($0.1)) }
                if let reason { properties.append(.init(key: .string("DeadLetterReason"), value: .string(reason))) }
                content.applicationProperties = AMQPMap(properties)
            })
    }

    private func here(_ evidence: DeadLetterEvidence, _ entity: EntityDescription?) -> String? {
        DeadLetterExplanation(of: evidence, in: queue, entity: entity).here
    }

    @Test("the number of deliveries stands beside what the entity allows")
    func deliveries() throws {
        let ten = try evidence("MaxDeliveryCountExceeded", deliveries: 10)
        #expect(here(ten, entity) == "MaxDeliveryCount is 10 here; delivered 10 times.")
        #expect(here(ten, nil) == "Delivered 10 times.")
        #expect(
            here(try evidence("MaxDeliveryCountExceeded", deliveries: 3), entity)
                == "MaxDeliveryCount is 10 here; delivered 3 times: the setting was another then, or it died elsewhere.")
        #expect(
            DeadLetterExplanation(reason: "MaxDeliveryCountExceeded", entity: entity, deliveries: 10...11)?.here
                == "MaxDeliveryCount is 10 here; delivered 10 to 11 times.")
        #expect(DeadLetterExplanation(reason: "MaxDeliveryCountExceeded", entity: entity)?.here == "MaxDeliveryCount is 10 here.")
    }

    @Test("the time to live stands beside when it began and ended, and whose it was")
    func lifetime() throws {
        let own = try evidence("TTLExpiredException", lifetime: 1_800_000)
        #expect(
            here(own, entity)
                == "Time to live 30 min, its sender's; DefaultMessageTimeToLive is 1 h here. Enqueued 2026-11-18T11:06:40.001Z, expired 2026-11-18T11:36:40.001Z: nobody took it in 30 min."
        )
        #expect(
            here(try evidence("TTLExpiredException", deliveries: 2, lifetime: 3_600_000), entity)?.hasSuffix(
                "taken 2 times, never completed in 1 h.") == true)
        #expect(
            here(try evidence("TTLExpiredException", lifetime: 3_600_000), entity)?.hasPrefix("Time to live 1 h: DefaultMessage") == true)
        #expect(here(try evidence("TTLExpiredException"), nil) == nil)
    }

    @Test(
        "every reason of the service has a meaning and an advice, however it is written",
        arguments: [
            "MaxDeliveryCountExceeded", "TTLExpiredException", "HeaderSizeExceeded", "MaxTransferHopCountExceeded", "Session id is null",
            "Session ID is null", "Session id is null.", "FilterException", "RuleActionException", "FilterEvaluationException",
        ])
    func all(reason: String) throws {
        let explanation = try #require(DeadLetterExplanation(reason: reason, entity: nil))
        #expect(explanation.origin == .service && !explanation.meaning.isEmpty && !explanation.advice.isEmpty)
    }

    @Test(
        "what could not be forwarded is explained where such messages lie, and is an application's own word elsewhere",
        arguments: ["MessagingEntityDisabledException", "MessagingEntityNotFoundException", "QuotaExceededException", nil] as [String?])
    func transfer(reason: String?) throws {
        var entity = entity
        entity.forwardTo = "carrier-outbox"
        let evidence = try evidence(reason)
        let found = DeadLetterExplanation(of: evidence, in: queue.entity.subQueue(.transferDeadLetter), entity: entity)
        #expect(found.origin == .service && found.meaning.hasPrefix("It could not be forwarded"))
        #expect(found.here == "This entity forwards to carrier-outbox.")
        #expect(DeadLetterExplanation(of: evidence, in: queue, entity: entity).origin == .application)
    }

    @Test("an application's own reason is its own, and whether it was tried to the end is said")
    func own() throws {
        #expect(DeadLetterExplanation(reason: "ValidationFailed", entity: nil) == nil)
        let found = DeadLetterExplanation(of: try evidence("ValidationFailed", deliveries: 1), in: queue, entity: entity)
        #expect(found.origin == .application)
        #expect(found.here == "Delivered 1 time of at most 10: it was not tried to the end.")
    }

    @Test("where a framework put it aside, it says from where and by whom; what the service says goes before")
    func framework() throws {
        let headers = [
            ("NServiceBus.FailedQ", "invoices"), ("NServiceBus.ExceptionInfo.ExceptionType", "TaxException"),
            ("NServiceBus.ProcessingMachine", "fin-worker-1"),
        ]
        let found = DeadLetterExplanation(of: try evidence(nil, headers), in: try EntityPath(parsing: "error"), entity: nil)
        #expect(found.origin == .framework && found.here == "Taken from invoices on fin-worker-1.")
        let skipped = DeadLetterExplanation(
            of: try evidence(nil, [("MT-Reason", "dead-letter")]), in: try EntityPath(parsing: "orders_skipped"), entity: nil)
        #expect(skipped.meaning.contains("no consumer"))
        #expect(DeadLetterExplanation(of: try evidence("TTLExpiredException", headers), in: queue, entity: nil).origin == .service)
    }

    @Test("a message that has not died is none that is explained")
    func alive() throws {
        #expect(DeadLetterExplanation(of: try evidence(nil), in: queue.entity, entity: entity).meaning.hasPrefix("This is no dead letter"))
    }
}
