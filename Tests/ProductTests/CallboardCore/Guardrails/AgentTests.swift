import ServiceBus
import Testing

@testable import CallboardCore

/// What programs that act by themselves may do, action by action.
@Suite("Agents")
struct AgentTests {
    private static let place = "namespaces/sb-retail/queues/orders"
    /// What no policy can let them do.
    private static let never: Set<PolicyAction> = [.revealMessage, .approveAccess, .reviewAccess]
    private static let agents: [PolicyCaller] = [
        .local(["CALLBOARD_AGENT": "1"]), .local([:], isAgent: true),
        ActingIdentity.program("deploy").caller(nil, environment: [:], isAgent: false),
        ActingIdentity.undetermined.caller(nil, environment: [:], isAgent: false),
    ]

    private func policy(who: String, _ actions: [PolicyAction]) throws -> Policy {
        let text = """
            version: 1
            allow:
              - {id: all, who: ["\(who)"], action: [\(actions.map(\.rawValue).joined(separator: ", "))], scope: "**"}
            """
        let (policy, problems) = PolicyFile.parse(Array(text.utf8), file: "policy.yaml")
        guard let policy else { throw Mistake(problems: problems.map(\.message)) }
        return policy
    }

    private struct Mistake: Error { var problems: [String] }

    private func verdict(
        _ action: PolicyAction, _ rules: Guardrails.Rules, _ caller: PolicyCaller, mode: AccessMode? = .readWrite, isEmulator: Bool = false
    ) throws -> Verdict {
        let guardrails = Guardrails(
            rules: rules, place: Guardrails.Place(context: "retail", host: "sb-retail", mode: mode, isEmulator: isEmulator), caller: caller)
        var question = guardrails.question(action, on: try PolicyScope(parsing: Self.place))
        if action.hasRole { question.role = .receiver }
        return guardrails.verdict(on: question)
    }

    private func isAllowed(_ verdict: Verdict) -> Bool { if case .allowed = verdict { true } else { false } }

    @Test("without a policy they look, and nothing else, also where the context is read-write", arguments: PolicyAction.allCases)
    func builtIn(_ action: PolicyAction) throws {
        let looks: Set<PolicyAction> = [.readCatalogue, .readEntity, .peekMessage, .exportMessage, .verifyAudit]
        for agent in Self.agents {
            let verdict = try verdict(action, .builtIn, agent)
            #expect(isAllowed(verdict) == looks.contains(action), "\(action.rawValue): \(verdict)")
            if !looks.contains(action) { #expect(verdict.rule == "built-in:agent") }
        }
    }

    @Test("on a sandbox they do everything but see what is hidden, approve and review", arguments: PolicyAction.allCases)
    func sandbox(_ action: PolicyAction) throws {
        for agent in Self.agents {
            #expect(isAllowed(try verdict(action, .builtIn, agent, isEmulator: true)) == !Self.never.contains(action), "\(action.rawValue)")
        }
    }

    @Test("a rule for anyone, or for whoever started them, is none for them", arguments: PolicyAction.allCases)
    func anyone(_ action: PolicyAction) throws {
        for who in ["anyone", "user:\(LocalUser.name)"] {
            let rules = Guardrails.Rules.policy(try policy(who: who, [action]))
            for agent in Self.agents {
                let verdict = try verdict(action, rules, agent)
                #expect(!isAllowed(verdict), "\(action.rawValue) for \(who): \(verdict)")
            }
            // The same rule is one for a person.
            #expect(isAllowed(try verdict(action, rules, PolicyCaller([.user(LocalUser.name)]))))
        }
    }

    @Test("a rule that names agents lets them do what it says, and nothing besides", arguments: PolicyAction.allCases)
    func named(_ action: PolicyAction) throws {
        guard !Self.never.contains(action) else {
            // Such a rule cannot be written; one that stood there all the same would not count.
            #expect(throws: (any Error).self) { try policy(who: "agent", [action]) }
            var forged = try policy(who: "agent", [.readEntity])
            forged.rules[0].actions = [action]
            for agent in Self.agents { #expect(try verdict(action, .policy(forged), agent).rule == "built-in:agent") }
            return
        }
        let rules = Guardrails.Rules.policy(try policy(who: "agent", [action]))
        for agent in Self.agents {
            #expect(isAllowed(try verdict(action, rules, agent)), "\(action.rawValue)")
            for other in PolicyAction.allCases where other != action { #expect(!isAllowed(try verdict(other, rules, agent))) }
        }
    }

    @Test(
        "what gives access away takes a rule that names them",
        arguments: [PolicyAction.issueToken, .rotateSecret, .grantAccess, .revokeAccess])
    func access(_ action: PolicyAction) throws {
        let people = Guardrails.Rules.policy(try policy(who: "anyone", PolicyAction.allCases))
        for agent in Self.agents {
            #expect(try verdict(action, people, agent).rule == "default")
            #expect(try verdict(action, .builtIn, agent).rule == "built-in:agent")
        }
    }

    @Test("nobody's agreement lets an agent decide about a request: approving, denying and narrowing are one action")
    func deciding() throws {
        let text = """
            version: 1
            teams: {leads: {claims: {groups: [g]}}}
            request:
              - {id: ask, who: [anyone], role: receiver, scope: "**", max_ttl: 1h, approve: [{any_of: [team:leads]}]}
            """
        let (policy, problems) = PolicyFile.parse(Array(text.utf8), file: "policy.yaml")
        var lead = PolicyCaller([.user("l"), .team("leads")])
        let guardrails = { (caller: PolicyCaller) throws in
            Guardrails(
                rules: .policy(try #require(policy, "\(problems)")), place: Guardrails.Place(context: "retail", host: "sb-retail"),
                caller: caller)
        }
        for isAgreeing in [true, false] {
            for isAgent in [false, true] {
                if isAgent { lead.subjects.insert(.agent) } else { lead.subjects.remove(.agent) }
                let rails = try guardrails(lead)
                var question = rails.question(.approveAccess, on: try PolicyScope(parsing: Self.place))
                question.role = .receiver
                question.ttl = .seconds(60)
                let asked = question
                do throws(Denial) {
                    _ = try rails.authorize(deciding: asked, of: "r", parties: ["r"], isAgreeing: isAgreeing, reason: "why")
                    #expect(!isAgent)
                } catch { #expect(isAgent && error.rule == "built-in:agent") }
            }
        }
    }

    @Test("they never break the glass, and no rule can say so")
    func breakGlass() throws {
        let text = """
            version: 1
            break_glass:
              - {id: bg, who: [WHO], role: receiver, max_ttl: 1h, reason: required}
            """
        #expect(
            PolicyFile.parse(Array(text.replacing("WHO", with: "agent").utf8), file: "p").problems.map(\.message) == [
                "the rule 'bg' is about agents, which never break the glass"
            ])
        let (policy, problems) = PolicyFile.parse(Array(text.replacing("WHO", with: "user:deploy").utf8), file: "p")
        let agent = ActingIdentity.program("deploy").caller(nil, environment: [:], isAgent: false)
        var question = PolicyQuestion(.requestAccess, on: try PolicyScope(parsing: Self.place), by: agent)
        question.role = .receiver
        question.isBreakGlass = true
        #expect(try #require(policy, "\(problems)").verdict(on: question).rule == "built-in:agent")
    }

    @Test("bodies are masked for them, whatever the configuration says, but on an emulator")
    func masking() {
        var context = OperatorContext(name: "retail")
        context.masking.isEnabled = false
        let masked = { (context: OperatorContext, acting: ActingIdentity, environment: [String: String], isEmulator: Bool) in
            context.masked(for: acting, environment: environment, isEmulator: isEmulator).masking.isEnabled == true
        }
        #expect(masked(context, .local, ["CALLBOARD_AGENT": "1"], false))
        #expect(masked(context, .program("deploy"), [:], false))
        #expect(!masked(context, .program("deploy"), [:], true))
        #expect(!masked(context, .local, [:], false))
        #expect(!masked(context, .undetermined, [:], false))
        context.isAgent = true
        #expect(masked(context, .local, [:], false))
        #expect(context.masked(for: .local, environment: [:], isEmulator: false).masker != nil)
    }
}
