import ServiceBus
import Testing

@testable import Sandbox

@Suite("Rules over AMQP", .timeLimit(.minutes(2)))
struct RuleManagementTests {
    @Test("are added, listed and removed, and choose messages from then on")
    func rules() async throws {
        try await DataPlaneFixture.run { fixture in
            let namespace = fixture.namespace
            let before = try await namespace.rules(of: fixture.all)
            #expect(before.map(\.name) == ["$Default"])
            #expect(before.map(\.filter) == [.all])
            var correlation = ServiceBus.SubscriptionRule.Correlation()
            correlation.subject = "wanted"
            correlation.properties = [
                .init(name: "n", value: PropertyValue(typeName: "int", content: .integer(5)))
            ]
            try await namespace.addRule(
                ServiceBus.SubscriptionRule(name: "wanted", filter: .correlation(correlation)),
                to: fixture.all)
            try await namespace.removeRule(named: "$Default", from: fixture.all)
            let after = try await namespace.rules(of: fixture.all)
            #expect(after.map(\.name) == ["wanted"])
            #expect(after.map(\.filter) == [.correlation(correlation)])
            try await fixture.send(2, to: fixture.t) { message, number in
                message.subject = number == 0 ? "other" : "wanted"
                message.applicationProperties = correlation.properties
            }
            let taken = try await fixture.bodies(fixture.all)
            #expect(taken == ["1"])
        }
    }

    @Test("a name that is taken, or one that nobody has, is refused as such")
    func refusals() async throws {
        try await DataPlaneFixture.run { fixture in
            let taken = await failure {
                try await fixture.namespace.addRule(
                    ServiceBus.SubscriptionRule(name: "$Default", filter: .none), to: fixture.all)
            }
            #expect(taken?.condition == "com.microsoft:entity-already-exists")
            #expect(taken?.outcome == .notCarriedOut)
            let missing = await failure {
                try await fixture.namespace.removeRule(named: "nobody", from: fixture.all)
            }
            #expect(missing?.code == .entityNotFound)
        }
    }
}
