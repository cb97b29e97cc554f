import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Looking at bodies under a policy")
struct LookingTests {
    private let gateway = MemoryGateway()
    private let orders: EntityPath

    init() throws { orders = try .queue("orders") }

    private func workspace(_ allowed: String) async throws -> Workspace {
        let text = """
            version: 1
            environments: { test: {} }
            allow:
              - { id: some, who: ["user:dana"], action: [\(allowed)], scope: "**" }
            """
        let policy = try #require(PolicyFile.parse(Array(text.utf8), file: "policy.yaml").policy)
        let place = Guardrails.Place(context: "c", host: "h", environment: "test")
        let guardrails = Guardrails(rules: .policy(policy), place: place, caller: PolicyCaller([.user("dana")]))
        let messages = try Messages.run(1...3)
        gateway.with { [orders] in $0.messages[orders] = messages }
        return Workspace(context: OperatorContext(name: "c", environment: "test"), gateway: gateway, guardrails: guardrails)
    }

    @Test("bodies are shown where the policy allows it, headers everywhere; a refusal names the rule")
    func bodies() async throws {
        let allowed = try await workspace("message.peek")
        #expect(try await allowed.peek(orders).count == 3)
        let denied = try await workspace("entity.read")
        #expect(try await denied.peek(orders, options: PeekOptions(headersOnly: true)).count == 3)
        let error = await #expect(throws: OperatorError.self) { try await denied.peek(orders) }
        #expect(error?.exitCode == 3)
        #expect(error?.message.contains("message.peek") == true)
        #expect(error?.message.contains("default") == true)
        var pages = denied.scan(orders, options: PeekOptions()).makeAsyncIterator()
        await #expect(throws: OperatorError.self) { try await pages.next() }
    }

    @Test("an export is an action of its own")
    func export() async throws {
        let denied = try await workspace("message.peek")
        let error = await #expect(throws: OperatorError.self) { try await denied.export(orders, to: "/nowhere/x.cbx") }
        #expect(error?.exitCode == 3)
        #expect(error?.message.contains("message.export") == true)
    }
}
