import AMQP
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Headers of frameworks that put messages aside themselves")
struct FrameworkFaultTests {
    private func message(_ headers: [(String, String)]) throws -> PeekedMessage {
        try Messages.make(1) { content in
            content.applicationProperties = AMQPMap(headers.map { .init(key: .string($0.0), value: .string($0.1)) })
        }
    }

    @Test("MassTransit: the exception, where it was thrown, by whom and when, in whatever order the headers are")
    func massTransit() throws {
        let headers = [
            ("MT-Host-MachineName", "loyalty-6f7c9"), ("MT-Reason", "fault"), ("MT-Fault-ExceptionType", "Npgsql.PostgresException"),
            ("MT-Fault-Message", "40001: could not serialize access"),
            ("MT-Fault-StackTrace", "   at Loyalty.Consumer.Consume() in /src/Consumer.cs:line 33\n   at Host.Main()"),
            ("MT-Fault-Timestamp", "2026-11-23T02:31:07Z"), ("MT-Fault-InputAddress", "sb://sb-retail/points"),
            ("MT-Fault-ConsumerType", "Loyalty.Consumers.OrderPaidConsumer"), ("MT-Fault-RetryCount", "3"),
        ]
        for headers in [headers, headers.reversed()] {
            let fault = try #require(FrameworkFault(message(headers)))
            #expect(fault.framework == .massTransit)
            #expect(fault.title == "Npgsql.PostgresException: 40001: could not serialize access")
            #expect(fault.frame == "at Loyalty.Consumer.Consume() in /src/Consumer.cs:line 33")
            #expect(fault.source == "sb://sb-retail/points")
            #expect(fault.consumer == "Loyalty.Consumers.OrderPaidConsumer")
            #expect(fault.machine == "loyalty-6f7c9")
            #expect(fault.time == "2026-11-23T02:31:07Z")
            #expect(fault.retries == "3")
        }
    }

    @Test("MassTransit: a message that no consumer wanted has a reason and no exception")
    func skipped() throws {
        let fault = try #require(FrameworkFault(message([("MT-Reason", "dead-letter")])))
        #expect(fault.exceptionType == nil && fault.reason == "dead-letter" && fault.title == "dead-letter")
    }

    @Test("NServiceBus: the exception and the queue that failed")
    func nServiceBus() throws {
        let fault = try #require(
            FrameworkFault(
                message([
                    ("NServiceBus.ProcessingMachine", "fin-worker-1"), ("NServiceBus.ExceptionInfo.ExceptionType", "Billing.TaxException"),
                    ("NServiceBus.ExceptionInfo.Message", "503"),
                    ("NServiceBus.ExceptionInfo.StackTrace", "Billing.TaxException: 503\n   at Billing.TaxClient.Quote()"),
                    ("NServiceBus.FailedQ", "invoices"), ("NServiceBus.TimeOfFailure", "2026-11-23 02:31:07:020000 Z"),
                ])))
        #expect(fault.framework == .nServiceBus)
        #expect(fault.title == "Billing.TaxException: 503")
        #expect(fault.frame == "at Billing.TaxClient.Quote()")
        #expect(fault.source == "invoices" && fault.machine == "fin-worker-1")
    }

    @Test(
        "Rebus: type and text are found in the details",
        arguments: [
            (
                "5 unhandled exceptions\n\n11/23/2026 02:31:07 +00:00: System.TimeoutException: gave up after 30 s\n   at Pay.Send()",
                "System.TimeoutException", "gave up after 30 s"
            ),
            ("System.InvalidOperationException: Sequence: empty", "System.InvalidOperationException", "Sequence: empty"),
            ("could not be deserialized", nil, "could not be deserialized"),
        ] as [(String, String?, String)])
    func rebus(details: String, type: String?, text: String) throws {
        let fault = try #require(FrameworkFault(message([("rbs2-error-details", details), ("rbs2-source-queue", "orders")])))
        #expect(fault.framework == .rebus && fault.exceptionType == type && fault.message == text && fault.source == "orders")
    }

    @Test(
        "headers that every message of a framework has are no fault",
        arguments: [
            [], [("MT-Host-MachineName", "a")], [("NServiceBus.MessageId", "1"), ("NServiceBus.ProcessingMachine", "b")],
            [("rbs2-msg-id", "1")], [("MT-", ""), ("region", "eu")],
        ] as [[(String, String)]])
    func none(headers: [(String, String)]) throws { #expect(FrameworkFault(try message(headers)) == nil) }

    @Test("of a header without end only a part is kept")
    func bounded() throws {
        let fault = FrameworkFault(try message([("MT-Fault-Message", String(repeating: "å", count: 10_000))]))
        #expect(fault?.message?.utf8.count == 4096)
    }

    @Test(
        "queues for failures go by their names",
        arguments: [
            ("error", true), ("orders_error", true), ("Orders_Skipped", true), ("billing.error", true), ("errors", false),
            ("orders", false),
        ])
    func names(name: String, isErrorQueue: Bool) throws { #expect(try EntityPath(parsing: name).isErrorQueue == isErrorQueue) }
}
