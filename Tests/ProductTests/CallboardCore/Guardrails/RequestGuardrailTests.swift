import ServiceBus
import Testing

@testable import CallboardCore

/// What a policy says about asking for a role and about deciding.
@Suite("Guardrails of requests")
struct RequestGuardrailTests {
    private static let policy = """
        version: 1
        teams:
          orders: {claims: {groups: [g1]}}
          leads: {claims: {groups: [g2]}}
          billing: {claims: {groups: [g3]}}
        request:
          - {id: ask, who: [team:orders], role: receiver, scope: "namespaces/sb-retail/queues/*", max_ttl: 2h, reason: required, approve: [{any_of: [team:leads], count: 1}]}
          - {id: ask-two, who: [team:billing], role: sender, scope: "namespaces/sb-retail/queues/invoices", max_ttl: 1h, approve: [{any_of: [team:leads], count: 2}]}
        deny:
          - {id: no-owner, action: [access.grant], role: owner}
        """

    private let requester = "a11ce000-0000-4000-8000-000000000001"

    private func guardrails(_ subjects: Set<PolicySubject>, policy: String? = RequestGuardrailTests.policy, mode: AccessMode? = nil) throws
        -> Guardrails
    {
        let rules: Guardrails.Rules =
            if let policy { .policy(try #require(PolicyFile.parse(Array(policy.utf8), file: "policy.yaml").policy)) } else { .builtIn }
        return Guardrails(
            rules: rules, place: Guardrails.Place(context: "retail", host: "sb-retail.servicebus.windows.net", mode: mode),
            caller: PolicyCaller(subjects))
    }

    private func question(
        _ guardrails: Guardrails, _ action: PolicyAction, _ role: PolicyRole = .receiver, ttl: Duration? = .seconds(1800),
        queue: String = "orders"
    ) throws -> PolicyQuestion {
        var question = guardrails.question(action, on: try .queue(queue), kind: .queue)
        question.role = role
        question.ttl = ttl
        return question
    }

    private func decide(
        _ guardrails: Guardrails, _ role: PolicyRole = .receiver, ttl: Duration? = .seconds(1800), queue: String = "orders",
        yes: Bool = true,
        parties: [String]? = nil
    ) throws -> Result<Authorization, Denial> {
        let asked = try question(guardrails, .approveAccess, role, ttl: ttl, queue: queue)
        do throws(Denial) {
            return .success(
                try guardrails.authorize(
                    deciding: asked, of: requester, parties: parties ?? [requester], isAgreeing: yes, reason: "because"))
        } catch { return .failure(error) }
    }

    private func rule(_ result: Result<Authorization, Denial>) -> String {
        switch result {
        case .success(let leave): "allow:\(leave.rule)"
        case .failure(let denial): "deny:\(denial.rule)"
        }
    }

    @Test("that others have to agree is no obstacle to asking, and is told")
    func asking() throws {
        let guardrails = try guardrails([.team("orders"), .user(requester)])
        let leave = try guardrails.authorize(asking: question(guardrails, .requestAccess), reason: "INC-1", ticket: nil)
        #expect(leave.rule == "ask" && leave.approvals.map(\.description) == ["1 of team:leads"])
        #expect(throws: Denial.self) { try guardrails.authorize(asking: question(guardrails, .requestAccess), reason: " ", ticket: nil) }
        #expect(throws: Denial.self) {
            try guardrails.authorize(asking: question(guardrails, .requestAccess, ttl: .seconds(7201)), reason: "r", ticket: nil)
        }
        // An ordinary change it still is not.
        #expect(throws: Denial.self) { try guardrails.authorize(question(guardrails, .requestAccess), reason: "r") }
    }

    @Test("whom a rule of requests names may decide")
    func deciding() throws {
        #expect(rule(try decide(guardrails([.team("leads"), .user("bob")]))) == "allow:ask")
        #expect(rule(try decide(guardrails([.team("billing"), .user("bob")]))) == "deny:default")
        #expect(rule(try decide(guardrails([.team("leads"), .user("bob")]), ttl: .seconds(7201))) == "deny:ttl>2h")
        #expect(rule(try decide(guardrails([.team("leads"), .user("bob")]), ttl: .seconds(7201), yes: false)) == "allow:ask")
        #expect(rule(try decide(guardrails([.team("leads"), .user("bob")]), .owner)) == "deny:no-owner")
    }

    @Test("what has no end passes every limit of time; a no to it is always possible")
    func endless() throws {
        #expect(rule(try decide(guardrails([.team("leads"), .user("bob")]), ttl: nil)) == "deny:ttl>2h")
        #expect(rule(try decide(guardrails([.team("leads"), .user("bob")]), ttl: nil, yes: false)) == "allow:ask")
        let agreeing = "version: 1\nallow:\n  - {id: agree, who: [anyone], action: access.approve, max_ttl: 4h, scope: \"**\"}\n"
        #expect(rule(try decide(guardrails([.user("bob")], policy: agreeing), ttl: nil)) == "deny:ttl>4h")
        #expect(rule(try decide(guardrails([.user("bob")], policy: agreeing))) == "allow:agree")
        #expect(
            rule(try decide(guardrails([.user("bob")], policy: nil, mode: .readWrite), ttl: nil)) == "allow:built-in:read-write context")
    }

    @Test("nobody decides about their own request, and no agent about anybody's")
    func nobody() throws {
        #expect(rule(try decide(guardrails([.team("leads"), .user(requester.uppercased())]))) == "deny:built-in:own request")
        #expect(rule(try decide(guardrails([.team("leads"), .user("bob")]), parties: [requester, "BOB"])) == "deny:built-in:own request")
        #expect(rule(try decide(guardrails([.team("leads"), .user("bob"), .agent]))) == "deny:built-in:agent")
        #expect(rule(try decide(guardrails([.user(requester)], policy: nil, mode: .readWrite))) == "deny:built-in:own request")
        #expect(rule(try decide(guardrails([.user("bob")], policy: nil, mode: .readWrite))) == "allow:built-in:read-write context")
        #expect(rule(try decide(guardrails([.user("bob")], policy: nil))) == "deny:built-in:read-only")
    }

    @Test("how many have to agree goes with the leave, for whoever counts")
    func counting() throws {
        let leave = try decide(guardrails([.team("leads"), .user("bob")]), .sender, queue: "invoices").get()
        #expect(leave.approvals.map(\.description) == ["2 of team:leads"])
    }
}
