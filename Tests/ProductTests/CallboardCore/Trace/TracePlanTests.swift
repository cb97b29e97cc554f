import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Trace: where it looks")
struct TracePlanTests {
    private let gateway = MemoryGateway()

    private func workspace(catalogue: String? = nil) -> Workspace {
        var context = OperatorContext(name: "demo")
        context.catalogueText = catalogue
        return Workspace(context: context, gateway: gateway, now: { Timestamp(milliseconds: 1000) })
    }

    private func entity(
        _ path: String, _ kind: EntityDescription.Kind, active: Int64 = 0, dead: Int64 = 0, scheduled: Int64 = 0
    ) throws -> EntityDescription {
        EntityDescription(
            path: try EntityPath(parsing: path), kind: kind,
            counts: EntityCounts(active: active, deadLetter: dead, scheduled: scheduled))
    }

    private static let catalogue = """
        apiVersion: backstage.io/v1alpha1
        kind: Component
        metadata:
          name: checkout
          annotations:
            azure-service-bus/queues: orders
            azure-service-bus/topics: order-events
        spec: { type: service, owner: team-cart, lifecycle: production }
        """

    private func list() throws {
        let descriptions = [
            try entity("orders", .queue, active: 12, dead: 50_000), try entity("invoices", .queue),
            try entity("order-events", .topic, scheduled: 1), try entity("order-events/Subscriptions/billing", .subscription, active: 3),
        ]
        gateway.with { $0.descriptions = descriptions }
    }

    @Test("every queue with its dead letters, small backlogs first, then what is said to be empty; of topics what is scheduled")
    func namespace() async throws {
        try list()
        let plan = try await workspace().tracePlan(.namespace)
        #expect(
            plan.places.map(\.displayName) == [
                "order-events", "order-events/billing", "orders", "orders/$deadletterqueue", "invoices", "invoices/$deadletterqueue",
                "invoices/$Transfer/$deadletterqueue", "order-events/billing/$deadletterqueue",
                "order-events/billing/$Transfer/$deadletterqueue", "orders/$Transfer/$deadletterqueue",
            ])
        #expect(plan.gaps.isEmpty)
    }

    @Test("of a service what the catalogue binds to it, and of its topics every subscription")
    func service() async throws {
        try list()
        let plan = try await workspace(catalogue: Self.catalogue).tracePlan(.service("CHECKOUT"))
        #expect(Set(plan.places.map(\.entity.displayName)) == ["orders", "order-events", "order-events/billing"])
        #expect(plan.places.count == 7)
        #expect(plan.title == "service checkout")
    }

    @Test("a service that nobody knows is not found")
    func unknownService() async throws {
        try list()
        await #expect { try await workspace(catalogue: Self.catalogue).tracePlan(.service("billing")) } throws: {
            ($0 as? OperatorError)?.code == .notFound
        }
    }

    @Test("where entities may not be listed, those of the catalogue, and the gap is told")
    func unlisted() async throws {
        gateway.with { $0.listingError = OperatorError(.notPermitted, "no", neededRight: "Manage") }
        let plan = try await workspace(catalogue: Self.catalogue).tracePlan(.namespace)
        #expect(Set(plan.places.map(\.entity.displayName)) == ["orders", "order-events"])
        #expect(plan.places.count == 6)
        #expect(plan.gaps == ["entities may not be listed (needs Manage): the namespace may have more entities than the catalogue names"])
    }

    @Test("where nothing is known, it asks for names")
    func nothingKnown() async throws {
        gateway.with { $0.listingError = OperatorError(.notPermitted, "no", neededRight: "Manage") }
        await #expect { try await workspace().tracePlan(.namespace) } throws: {
            ($0 as? OperatorError)?.code == .notPermitted && ($0 as? OperatorError)?.hint.contains("--entity") == true
        }
    }

    @Test("named entities need no listing")
    func named() async throws {
        gateway.with { $0.listingError = OperatorError(.notPermitted, "no") }
        let orders = try EntityPath.queue("orders")
        let plan = try await workspace().tracePlan(.entities([orders, orders.deadLetter]))
        #expect(plan.places == [orders, orders.deadLetter, orders.subQueue(.transferDeadLetter)])
    }
}
