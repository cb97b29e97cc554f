import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Who acts")
struct ActingIdentityTests {
    private let policy = """
        version: 1
        tenant: aaaabbbb-0000-cccc-1111-dddd2222eeee
        environments:
          test: {}
        teams:
          orders: {claims: {groups: [g-orders]}}
        allow:
          - {id: orders-redrive, who: ["team:orders"], env: test, action: [message.redrive], scope: "namespaces/*/**"}
        """

    private func person(groups: Set<String>, knowsGroups: Bool = true) -> ActingIdentity {
        .person(
            Person(
                tenantID: "aaaabbbb-0000-cccc-1111-dddd2222eeee", objectID: "oid-1", name: "Olga", claims: ["groups": groups],
                knowsGroups: knowsGroups))
    }

    private func load() throws -> Policy {
        let (policy, problems) = PolicyFile.parse(Array(policy.utf8), file: "p.yaml")
        #expect(problems == [])
        return try #require(policy)
    }

    @Test("a person is known by object id, and is in the teams whose claims they have")
    func teams() throws {
        let caller = person(groups: ["g-orders", "g-else"]).caller(try load(), environment: [:], isAgent: false)
        #expect(caller.subjects == [.user("oid-1"), .team("orders")])
        #expect(caller.groups == .known)
        #expect(person(groups: ["g-else"]).caller(try load(), environment: [:], isAgent: false).subjects == [.user("oid-1")])
    }

    @Test("groups that are not known are unknown, and everything is denied")
    func overage() throws {
        let caller = person(groups: [], knowsGroups: false).caller(try load(), environment: [:], isAgent: false)
        #expect(caller.groups == .unknown)
        let place = Guardrails.Place(context: "a", host: "sb-a.servicebus.windows.net", environment: "test")
        let guardrails = Guardrails(rules: .policy(try load()), place: place, caller: caller)
        #expect(!guardrails.verdict(on: guardrails.question(.redriveMessage)).isAllowed)
        let known = Guardrails(
            rules: .policy(try load()), place: place,
            caller: person(groups: ["g-orders"]).caller(try load(), environment: [:], isAgent: false))
        #expect(known.verdict(on: known.question(.redriveMessage, on: try .queue("q"), kind: .queue)).isAllowed)
    }

    @Test("a program is an agent; a person in a context of agents is one too")
    func programs() throws {
        #expect(ActingIdentity.program("app-1").caller(nil, environment: [:], isAgent: false).subjects == [.agent, .user("app-1")])
        #expect(person(groups: []).caller(nil, environment: [:], isAgent: true).isAgent)
        #expect(person(groups: []).caller(nil, environment: ["CALLBOARD_AGENT": "1"], isAgent: false).isAgent)
    }

    @Test("a program is named by its client id; whoever starts an agent of no identity of its own is not")
    func namedProgram() throws {
        let text = policy.replacing("\"team:orders\"", with: "\"user:app-1\", \"user:\(LocalUser.name)\"")
        let (policy, problems) = PolicyFile.parse(Array(text.utf8), file: "p.yaml")
        #expect(problems == [])
        func isAllowed(_ identity: ActingIdentity, isAgent: Bool = false) throws -> Bool {
            let place = Guardrails.Place(context: "a", host: "sb-a.servicebus.windows.net", environment: "test")
            let guardrails = Guardrails(
                rules: .policy(try #require(policy)), place: place,
                caller: identity.caller(policy, environment: [:], isAgent: isAgent))
            return guardrails.verdict(on: guardrails.question(.redriveMessage, on: try .queue("q"), kind: .queue)).isAllowed
        }
        #expect(try isAllowed(.program("app-1")))
        #expect(try !isAllowed(.program("app-2")))
        #expect(try isAllowed(.local))
        #expect(try !isAllowed(.local, isAgent: true), "what its user may do is not the agent's")
    }

    @Test("whoever a chain will find may do no more than an agent, and what denies the user of this machine denies them")
    func undetermined() {
        let caller = ActingIdentity.undetermined.caller(nil, environment: [:], isAgent: false)
        #expect(caller.isAgent)
        #expect(caller.groups == .notSignedIn)
        #expect(caller.subjects == PolicyCaller.local([:]).subjects.union([.agent]))
    }

    @Test("the ledger says what vouches for the name")
    func actors() {
        let actor = person(groups: []).actor(isAgent: false)
        #expect((actor.oid, actor.name, actor.kind) == ("oid-1", "Olga", .person))
        #expect(ActingIdentity.local.actor(isAgent: false).kind == .local)
        #expect(ActingIdentity.local.actor(isAgent: false).oid == nil)
        #expect(ActingIdentity.program("app-1").actor(isAgent: true).kind == .agent)
    }
}
