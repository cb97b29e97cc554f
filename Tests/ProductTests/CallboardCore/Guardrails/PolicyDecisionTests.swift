import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Policy decisions")
struct PolicyDecisionTests {
    private func load(_ text: String) throws -> Policy {
        let (policy, problems) = PolicyFile.parse(Array(text.utf8), file: "policy.yaml")
        return try #require(policy, "\(problems)")
    }

    @Test("every line of the table", arguments: PolicyDecisionTable.rows)
    func table(row: PolicyDecisionTable.Row) throws {
        let policy = try #require(PolicyDecisionTable.loaded)
        #expect(policy.verdict(on: row.question).description == row.expected)
    }

    @Test("the table has more than two hundred decisions, of every kind and about every action")
    func coverage() {
        let rows = PolicyDecisionTable.rows
        #expect(rows.count > 200)
        #expect(Set(rows.map(\.question.action)) == Set(PolicyAction.allCases))
        let kinds = Set(rows.map { $0.expected.prefix { $0 != ":" } })
        #expect(kinds == ["allow", "deny", "needs-approval"])
    }

    @Test("the order of rules means nothing, in the sections and across them")
    func order() throws {
        let policy = try load(PolicyDecisionTable.policy)
        let expected = PolicyDecisionTable.rows.map { policy.verdict(on: $0.question) }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var shuffled = policy
            shuffled.rules.shuffle(using: &random)
            for (row, verdict) in zip(PolicyDecisionTable.rows, expected) {
                #expect(shuffled.verdict(on: row.question) == verdict, "\(row) in the order \(shuffled.rules.map(\.id))")
            }
        }
    }

    @Test("a rule that denies can only take away, and a rule that allows never overrides one that denies")
    func monotony() throws {
        let policy = try load(PolicyDecisionTable.policy)
        for row in PolicyDecisionTable.rows {
            let verdict = policy.verdict(on: row.question)
            for rule in policy.rules {
                var without = policy
                without.rules.removeAll { $0.id == rule.id }
                let other = without.verdict(on: row.question)
                if rule.section == .deny {
                    if case .denied = verdict { continue }
                    #expect(other == verdict, "\(row) without \(rule.id)")
                } else if case .denied(let denial) = verdict, case .rule = denial.cause {
                    #expect(other == verdict, "\(row) without \(rule.id)")
                }
            }
        }
    }

    @Test("a denial says what would allow it: the rule with who, where, in which environment, or the limit")
    func remedies() throws {
        let policy = try load(PolicyDecisionTable.policy)
        func remedy(_ line: String) throws -> String {
            let row = try #require(
                PolicyDecisionTable.rows.first { $0.description.split(separator: " ").joined(separator: " ").hasPrefix(line) })
            guard case .denied(let denial) = policy.verdict(on: row.question) else { return "" }
            return denial.remedy
        }
        #expect(
            try remedy("team:orders message.redrive prod sb-orders-prod/queues/orders/$deadletterqueue count=501")
                == "Do it for at most 500 messages.")
        #expect(try remedy("team:orders message.purge prod").contains("it stands in policy.yaml, line "))
        #expect(try remedy("team:orders secret.rotate test") == "The rule 'rotate' allows it to team:leads.")
        #expect(
            try remedy("user:dana message.peek test sb-orders-test/queues/orders groups=not-signed-in")
                == "The rule 'peek-own' allows it to team:orders; with a connection string nobody signs in, so that your teams are not known."
        )
        #expect(try remedy("team:orders session.clear prod") == "The rule 'purge-test' allows it in test.")
        #expect(try remedy("team:orders message.import test") == "A rule that allows it would have to be added to policy.yaml.")
        #expect(try remedy("team:orders message.peek staging").contains("add 'staging' to 'environments' of policy.yaml"))
        #expect(try remedy("team:platform entity.create prod") == "Carry out the same plan in golden first.")
    }

    @Test("what may be a queue or a topic is allowed when both are, and denied when one is")
    func unknownKind() throws {
        let policy = try load(
            """
            version: 1
            allow:
              - {id: queues, who: [anyone], action: message.peek, scope: "namespaces/n/queues/*"}
              - {id: all, who: [anyone], action: message.export, scope: "namespaces/n/**"}
            deny:
              - {id: topics, action: message.export, scope: "namespaces/n/topics/secret"}
            """)
        func verdict(_ action: PolicyAction, _ name: String, _ kind: PolicyScope.Kind) throws -> String {
            let scope = PolicyScope(namespace: "n.servicebus.windows.net", entity: try .queue(name), kind: kind)
            return policy.verdict(on: PolicyQuestion(action, on: scope, by: PolicyCaller([]))).description
        }
        #expect(try verdict(.peekMessage, "a", .queue) == "allow:queues")
        #expect(try verdict(.peekMessage, "a", .topic) == "deny:default")
        #expect(try verdict(.peekMessage, "a", .unknown) == "deny:default")
        #expect(try verdict(.exportMessage, "secret", .queue) == "allow:all")
        #expect(try verdict(.exportMessage, "secret", .unknown) == "deny:topics")
        #expect(try verdict(.exportMessage, "other", .unknown) == "allow:all")
    }

    @Test("approvals of all rules that ask for one are asked for, each once")
    func approvals() throws {
        let policy = try load(
            """
            version: 1
            teams:
              a: {claims: {groups: [x]}}
              b: {claims: {groups: [y]}}
            request:
              - {id: r2, who: [anyone], action: message.purge, scope: "**", max_ttl: 2h, approve: [{any_of: [team:a]}, {any_of: [team:b]}]}
              - {id: r1, who: [anyone], action: message.purge, scope: "**", max_ttl: 1h, reason: required, approve: [{any_of: [team:a]}]}
            """)
        let scope = try PolicyScope(parsing: "namespaces/n/queues/q")
        guard
            case .needsApproval(let rule, let approvals, let limits) = policy.verdict(
                on: PolicyQuestion(.purgeMessage, on: scope, by: PolicyCaller([])))
        else {
            Issue.record("no approval is asked for")
            return
        }
        #expect(rule == "r1")
        #expect(approvals.map(\.description) == ["1 of team:a", "1 of team:b"])
        #expect(limits.maxTTL == .seconds(3600))
        #expect(limits.needsReason)
    }
}
