import ServiceBus
import Testing

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Guardrails")
struct GuardrailsTests {
    private let person = PolicyCaller([.user("dana")], groups: .notSignedIn)
    private let agent = PolicyCaller([.user("dana"), .agent], groups: .notSignedIn)

    private func guardrails(
        _ policy: String? = nil, mode: AccessMode? = nil, isEmulator: Bool = false, isProduction: Bool = false, environment: String = "",
        by caller: PolicyCaller? = nil
    ) throws -> Guardrails {
        let rules: Guardrails.Rules =
            if let policy { .policy(try #require(PolicyFile.parse(Array(policy.utf8), file: "policy.yaml").policy)) } else { .builtIn }
        return Guardrails(
            rules: rules,
            place: Guardrails.Place(
                context: "retail", host: "sb-retail.servicebus.windows.net", environment: environment, mode: mode, isEmulator: isEmulator,
                isProduction: isProduction),
            caller: caller ?? person)
    }

    private func verdict(_ guardrails: Guardrails, _ action: PolicyAction) throws -> String {
        guardrails.verdict(on: guardrails.question(action, on: try .queue("orders"), kind: .queue)).description
    }

    @Test(
        "without a policy looking is allowed, sandboxes are, and a context that says so",
        arguments: [
            (nil, false, .peekMessage, "allow:built-in:looking"), (.readOnly, false, .exportMessage, "allow:built-in:looking"),
            (nil, true, .purgeMessage, "allow:built-in:emulator"), (nil, true, .revealMessage, "allow:built-in:emulator"),
            (.readWrite, false, .purgeMessage, "allow:built-in:read-write context"),
            (.readWrite, false, .revealMessage, "allow:built-in:read-write context"),
            (nil, false, .sendMessage, "deny:built-in:read-only"), (nil, false, .revealMessage, "deny:built-in:read-only"),
            (.readOnly, false, .sendMessage, "deny:built-in:read-only"), (.readOnly, true, .sendMessage, "deny:built-in:read-only"),
        ] as [(AccessMode?, Bool, PolicyAction, String)])
    func builtIn(mode: AccessMode?, isEmulator: Bool, action: PolicyAction, expected: String) throws {
        #expect(try verdict(guardrails(mode: mode, isEmulator: isEmulator), action) == expected)
    }

    @Test(
        "agents look, change only sandboxes, and never reveal or approve",
        arguments: [
            (nil, false, .peekMessage, "allow:built-in:looking"), (nil, true, .sendMessage, "allow:built-in:emulator"),
            (.readWrite, false, .sendMessage, "deny:built-in:agent"), (nil, true, .revealMessage, "deny:built-in:agent"),
            (nil, true, .approveAccess, "deny:built-in:agent"), (.readWrite, false, .revealMessage, "deny:built-in:agent"),
        ] as [(AccessMode?, Bool, PolicyAction, String)])
    func agents(mode: AccessMode?, isEmulator: Bool, action: PolicyAction, expected: String) throws {
        #expect(try verdict(guardrails(mode: mode, isEmulator: isEmulator, by: agent), action) == expected)
    }

    private let permissive = """
        version: 1
        allow:
          - {id: all, who: [anyone, agent], action: [message.send, message.peek, message.purge], scope: "**", max_messages: 10, reason: required}
        """

    @Test("once there is a policy, what it does not allow is denied, on a sandbox and for looking too")
    func policyDecides() throws {
        let guarded = try guardrails(permissive, isEmulator: true)
        #expect(try verdict(guarded, .sendMessage) == "allow:all")
        #expect(try verdict(guarded, .readEntity) == "deny:default")
        #expect(try verdict(guarded, .redriveMessage) == "deny:default")
        #expect(try verdict(guardrails(permissive, mode: .readWrite), .redriveMessage) == "deny:default")
    }

    @Test("a context that is read-only refuses changes whatever the policy says")
    func readOnly() throws {
        let guarded = try guardrails(permissive, mode: .readOnly)
        #expect(try verdict(guarded, .sendMessage) == "deny:built-in:read-only")
        #expect(try verdict(guarded, .peekMessage) == "allow:all")
    }

    @Test("who asks and where is what the guardrails know, not what the question says")
    func forgedQuestion() throws {
        let guarded = try guardrails(
            """
            version: 1
            environments: {test: , prod: }
            allow:
              - {id: boss, who: ["user:boss"], action: message.send, scope: "**"}
              - {id: test, who: [anyone], env: test, action: message.purge, scope: "**"}
            """, environment: "prod")
        var question = guarded.question(.sendMessage)
        question.caller = PolicyCaller([.user("boss")])
        #expect(guarded.verdict(on: question).description == "deny:default")
        question = guarded.question(.purgeMessage)
        question.environment = "test"
        #expect(guarded.verdict(on: question).description == "deny:default")
    }

    @Test("an authorization has the rule, and holds what is done against its limits")
    func authorization() throws {
        let guarded = try guardrails(permissive)
        var question = guarded.question(.purgeMessage, on: try .queue("orders").deadLetter, kind: .queue)
        question.messages = 10
        #expect(throws: Denial.self) { try guarded.authorize(question) }
        #expect(throws: Denial.self) { try guarded.authorize(question, reason: "  ") }
        let authorization = try guarded.authorize(question, reason: "INC-1")
        #expect(authorization.rule == "all")
        #expect(authorization.reason == "INC-1")
        try authorization.check(messages: 10)
        let tooMany = #expect(throws: Denial.self) { try authorization.check(messages: 11) }
        #expect(tooMany?.rule == "messages>10")
        let orders = try EntityPath.queue("orders")
        let host = guarded.place.host
        try authorization.check(.purgeMessage, on: orders.deadLetter, of: host, in: "retail")
        for (action, entity, context) in [
            (PolicyAction.purgeMessage, orders, "retail"), (.deleteMessage, orders.deadLetter, "retail"),
            (.purgeMessage, orders.deadLetter, "other"), (.purgeMessage, try .queue("others").deadLetter, "retail"),
        ] {
            let other = #expect(throws: Denial.self) { try authorization.check(action, on: entity, of: host, in: context) }
            #expect(other?.rule == "authorization")
        }
        question.messages = 11
        let denial = #expect(throws: Denial.self) { try guarded.authorize(question, reason: "INC-1") }
        #expect(denial?.operatorError.exitCode == 3)
        #expect(denial?.operatorError.message.hasSuffix("[messages>10]") == true)
    }

    @Test("what needs an approval gives no authorization, and says whose it takes")
    func approval() throws {
        let guarded = try guardrails(
            """
            version: 1
            request:
              - {id: ask, who: [anyone], action: message.purge, scope: "**", max_ttl: 1h, approve: [{any_of: ["user:lee", "user:kim"], count: 2}]}
            """)
        let denial = #expect(throws: Denial.self) { try guarded.authorize(guarded.question(.purgeMessage)) }
        #expect(denial?.rule == "needs approval:ask")
        #expect(denial?.remedy == "It takes 2 of user:kim, user:lee, for at most 1h.")
    }

    @Test("a ticket has to be like the rule says")
    func ticket() throws {
        let guarded = try guardrails(
            """
            version: 1
            allow: [{id: t, who: [anyone], action: message.send, scope: "**", ticket: "INC-[0-9]+"}]
            """)
        let question = guarded.question(.sendMessage)
        let missing = #expect(throws: Denial.self) { try guarded.authorize(question) }
        #expect(missing?.rule == "ticket")
        let wrong = #expect(throws: Denial.self) { try guarded.authorize(question, ticket: "CHG-1") }
        #expect(wrong?.message.contains("'CHG-1' is not a ticket like INC-[0-9]+") == true)
        #expect(try guarded.authorize(question, ticket: "INC-7").ticket == "INC-7")
    }

    @Test("what cannot be had back takes the name, and in production every change does")
    func confirmation() throws {
        let test = try guardrails(isEmulator: true)
        let production = try guardrails(mode: .readWrite, isProduction: true)
        var all = test.question(.redriveMessage)
        all.coversAll = true
        #expect(test.confirmation(for: test.question(.peekMessage)) == .none)
        #expect(test.confirmation(for: test.question(.redriveMessage)) == .asked)
        #expect(test.confirmation(for: test.question(.revealMessage)) == .asked)
        #expect(test.confirmation(for: all) == .typed)
        #expect(test.confirmation(for: test.question(.purgeMessage)) == .typed)
        #expect(production.confirmation(for: production.question(.sendMessage)) == .typed)
        #expect(production.confirmation(for: production.question(.peekMessage)) == .none)
    }

    @Test(
        "an environment variable or the context makes an agent",
        arguments: [
            ([:], false, false), (["CALLBOARD_AGENT": "1"], false, true), (["CALLBOARD_AGENT": "0"], false, false),
            (["CALLBOARD_AGENT": ""], false, false), (["CALLBOARD_AGENT": "yes"], false, true), ([:], true, true),
            (["CALLBOARD_AGENT": "0"], true, true),
        ] as [([String: String], Bool, Bool)])
    func agentClass(environment: [String: String], isAgent: Bool, expected: Bool) {
        let caller = PolicyCaller.local(environment, isAgent: isAgent)
        #expect(caller.isAgent == expected)
        #expect(caller.groups == .notSignedIn)
        // The name is the system's, whatever USER says.
        #expect(PolicyCaller.local(["USER": "root-of-all"]).subjects == PolicyCaller.local([:]).subjects)
    }

    @Test("a context's policy that cannot be used leaves no guardrails at all")
    func unusable() throws {
        let folder = try TemporaryFolder()
        var context = OperatorContext(name: "retail")
        let file = try folder.write("policy.yaml", "version: 1\nalow: []")
        // Whatever the umask of whoever runs this is.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        context.policyPath = file
        let title = ContextTitle(name: "retail", endpoint: "sb-retail.servicebus.windows.net")
        let error = #expect(throws: OperatorError.self) { try Guardrails(context, title: title, environment: [:]) }
        #expect(error?.message.contains("policy.yaml:2: 'alow' is not known here; did you mean 'allow'?") == true)
        context.policyPath = nil
        #expect(try Guardrails(context, title: title, environment: [:]).rules == .builtIn)
    }
}
