import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Looking at bodies under a policy")
struct LookingTests {
    private let gateway = MemoryGateway()
    private let orders: EntityPath

    init() throws { orders = try .queue("orders") }

    private func workspace(_ allowed: String, scope: String = "**") async throws -> Workspace {
        let text = """
            version: 1
            environments: { test: {} }
            allow:
              - { id: some, who: ["user:dana"], action: [\(allowed)], scope: "\(scope)" }
            """
        let policy = try #require(PolicyFile.parse(Array(text.utf8), file: "policy.yaml").policy)
        let place = Guardrails.Place(context: "c", host: "h", environment: "test")
        let guardrails = Guardrails(rules: .policy(policy), place: place, caller: PolicyCaller([.user("dana")]))
        let messages = try Messages.run(1...3)
        gateway.with { [orders] in $0.messages[orders] = messages }
        return Workspace(context: OperatorContext(name: "c", environment: "test"), gateway: gateway, guardrails: guardrails)
    }

    @Test("where it is asked whether a name is a queue's, no answer is no denial, and what may not be known is asked for once")
    func kinds() async throws {
        let workspace = try await workspace("message.peek", scope: "namespaces/*/queues/**")
        for code in [OperatorError.Code.timeout, .throttled, .unreachable, .cancelled] {
            gateway.with { $0.entityError = OperatorError(code, "no answer") }
            let error = await #expect(throws: OperatorError.self) { try await workspace.peek(orders) }
            #expect(error?.code == code)
        }
        gateway.with { $0.entityError = OperatorError(.notPermitted, "Manage is needed.") }
        let before = gateway.with { $0.lookups }
        for _ in 0..<3 {
            let error = await #expect(throws: OperatorError.self) { try await workspace.peek(orders) }
            #expect(error?.code == .refused)
        }
        #expect(gateway.with { $0.lookups } == before + 1)
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
}
