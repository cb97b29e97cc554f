import Testing

@testable import CallboardCore

@Suite("Policies explained")
struct PolicyHelpTests {
    private func load(_ text: String) throws -> Policy {
        let (policy, problems) = PolicyFile.parse(Array(text.utf8), file: "policy.yaml")
        return try #require(policy, "\(problems)")
    }

    @Test("lint warns of what is wide, long, lonely or without effect")
    func warnings() throws {
        let policy = try load(
            """
            version: 1
            environments:
              golden: {golden: true}
              prod: {requires_golden: 7d}
            teams:
              a: {claims: {groups: [x]}}
              idle: {claims: {groups: [y]}}
            allow:
              - {id: wide, who: [anyone], action: [message.purge, message.peek], scope: "namespaces/n/**"}
              - {id: granted, who: [team:a], action: access.grant, scope: "namespaces/n/queues/q"}
              - {id: dead, who: [team:a], env: prod, action: entity.delete, scope: "namespaces/n/queues/q"}
            request:
              - {id: lonely, who: [team:a], role: owner, scope: "namespaces/n/queues/q", max_ttl: 9h, approve: [{any_of: [team:a]}]}
            deny:
              - {id: never, env: prod, action: [entity.delete, message.purge]}
            break_glass:
              - {id: bg, who: [team:a], role: receiver, max_ttl: 2h, reason: required}
            """)
        let warnings = policy.warnings().map { "\($0.rule): \($0.message)" }
        for expected in [
            "tenant: no 'tenant'", "wide: 'namespaces/n/**' covers whole namespaces, and message.purge changes them",
            "wide: anyone may change",
            "wide: purges without a limit", "granted: the owner's role", "dead: never decides: 'never' denies all of it",
            "lonely: the owner's role",
            "lonely: 'max_ttl' is 9h", "lonely: one person's agreement is enough in production", "bg: an emergency is over after an hour",
            "bg: nobody is told", "team:idle: no rule names this team",
        ] { #expect(warnings.contains { $0.hasPrefix(expected) }, "'\(expected)' is not in \(warnings)") }
        #expect(warnings.count == 12, "\(warnings)")
    }

    @Test("a careful policy gives no warnings")
    func careful() throws {
        let policy = try load(
            """
            version: 1
            tenant: aaaabbbb-0000-cccc-1111-dddd2222eeee
            environments: {prod: }
            teams: {a: {claims: {groups: [x]}}, b: {claims: {groups: [y]}}}
            allow:
              - {id: look, who: [anyone], action: [entity.read, catalog.read], scope: "**"}
              - {id: redrive, who: [team:a], action: message.redrive, scope: "namespaces/n/queues/*", max_messages: 100}
            request:
              - id: ask
                who: [team:a]
                role: receiver
                scope: "namespaces/n/queues/*"
                max_ttl: 4h
                approve: [{any_of: [team:a]}, {any_of: [team:b]}]
            """)
        #expect(policy.warnings() == [])
    }

    @Test("an explanation lists what matches, then what nearly does, with the reason, and nothing else")
    func explanation() throws {
        let policy = try load(PolicyDecisionTable.policy)
        var question = PolicyQuestion(
            .purgeMessage, on: try PolicyScope(parsing: "namespaces/sb-orders-prod/queues/orders"), by: PolicyCaller([.team("orders")]),
            environment: "prod")
        var explanation = policy.explanation(of: question)
        #expect(explanation.verdict.description == "deny:no-purge-prod")
        #expect(explanation.lines.map(\.rule.id) == ["no-purge-prod", "purge-test"])
        #expect(explanation.lines.map(\.isMatching) == [true, false])
        #expect(explanation.lines.last?.reasons == ["is about test, not prod"])
        question.action = .rotateSecret
        explanation = policy.explanation(of: question)
        #expect(explanation.lines.map(\.rule.id) == ["rotate"])
        #expect(explanation.lines.first?.reasons == ["is about team:leads"])
        question.caller = PolicyCaller([.user("dana")], groups: .notSignedIn)
        #expect(
            policy.explanation(of: question).lines.first?.reasons
                == ["is about team:leads, and who you are is not known without a sign-in"])
    }

    @Test("an explanation as JSON")
    func explanationJSON() throws {
        let policy = try load(PolicyDecisionTable.policy)
        let question = PolicyQuestion(
            .rotateSecret, on: try PolicyScope(parsing: "namespaces/sb-x/queues/q"), by: PolicyCaller([.team("leads")]), environment: "prod"
        )
        var json = JSONWriter()
        policy.explanation(of: question).write(to: &json)
        #expect(
            String(decoding: json.bytes, as: UTF8.self) == #"""
                {"action":"secret.rotate","scope":"namespaces/sb-x/queues/q","who":["team:leads"],"environment":"prod",\#
                "verdict":"allow:rotate","rule":"rotate","limits":["keys no older than 12h"],"rules":[{"rule":"rotate","section":"allow","line":31,\#
                "matches":true,"reasons":[],"isAbout":"secret.rotate on namespaces/*/queues/*, namespaces/*/topics/* for team:leads",\#
                "limits":["keys no older than 12h"]}]}
                """#)
    }

    @Test("a table of decisions may be YAML, and its mistakes have lines")
    func decisions() throws {
        let table = try PolicyDecisions(
            parsing: Array(
                """
                cases:
                  - {who: [agent], action: message.reveal, scope: namespaces/n, groups: unknown, expect: "deny:unknown groups"}
                  - {who: anyone, action: access.request, role: owner, ttl: 90m, count: 5, rate: 7/s, break_glass: true, scope: namespaces/n, expect: x}
                """.utf8), file: "t.yaml")
        #expect(table.cases.map(\.line) == [2, 3])
        #expect(table.cases.first?.question.caller == PolicyCaller([.agent], groups: .unknown))
        let second = try #require(table.cases.last?.question)
        #expect(second.role == .owner && second.ttl == .seconds(5400) && second.messages == 5 && second.rate == 7 && second.isBreakGlass)
        for (text, message) in [
            ("cases: []", "t.yaml:1: there are no 'cases'"),
            ("cases:\n  - {action: message.peek, scope: namespaces/n}", "t.yaml:2: a case needs 'expect'"),
            (
                "cases:\n  - {action: message.peak, scope: namespaces/n, expect: x}",
                "t.yaml:2: 'message.peak' is not an action; did you mean 'message.peek'?"
            ),
            ("cases:\n  - {action: message.peek, scope: 'namespaces/*', expect: x}", "t.yaml:2: 'namespaces/*' is no scope"),
            (
                "cases:\n  - {actions: message.peek, scope: namespaces/n, expect: x}",
                "t.yaml:2: 'actions' is not known here; did you mean 'action'?"
            ),
        ] {
            let error = #expect(throws: OperatorError.self) { try PolicyDecisions(parsing: Array(text.utf8), file: "t.yaml") }
            #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
        }
    }
}
