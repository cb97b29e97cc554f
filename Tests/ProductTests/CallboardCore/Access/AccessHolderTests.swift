import AzureResources
import NIOCore
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Bindings: who can do what, and why")
struct AccessHolderTests {
    private typealias Scene = AccessScene

    private func table(_ records: [AccessHolderRecord]) -> [String] {
        String(decoding: ListOutput.all(records, .table), as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: "  ", omittingEmptySubsequences: true).map { $0.drop { $0 == " " } }.joined(separator: " | ")
        }
    }

    private func table(_ scene: Scene, _ path: String) -> [String] {
        Array(table(scene.index.holders(of: Scene.path(path)).map { AccessHolderRecord($0) }).dropFirst())
    }

    @Test("direct and inherited, through a group, until when, by a note")
    func roles() {
        var scene = Scene()
        scene.picture.membership.setMembers([.init(id: Scene.olga, kind: .user)], of: Scene.team)
        scene.assign(10, Scene.receiver, Scene.team, .group, at: Scene.namespace)
        scene.assign(11, Scene.dataOwner, Scene.stranger, .servicePrincipal, at: Scene.group)
        scene.schedule(Scene.dataOwner, Scene.stranger, at: Scene.group, activated: true, until: Scene.hours(2))
        scene.assign(12, Scene.receiver, Scene.olga, .user, at: Scene.orders, note: "jit req=R1 exp=2026-08-10T01:00:00Z by=admin")
        #expect(
            table(scene, "orders") == [
                "orders | app-checkout | application | send | Azure Service Bus Data Sender | queue orders | – | standing | acts for component:default/checkout",
                "orders | c0000000-0000-0000-0000-000000000002 | application | receive | Azure Service Bus Data Receiver | queue orders | – | standing | acts for component:default/billing",
                "orders | Olga Brandt | person | receive | Azure Service Bus Data Receiver | queue orders | – | 2026-08-10T01:00:00.000Z by its note | –",
                "orders | Olga Brandt | person | receive | Azure Service Bus Data Receiver | namespace sb-retail ↓ | sg-support | standing | –",
                "orders | c0000000-0000-0000-0000-000000000009 | application | send, receive, manage, get keys | Azure Service Bus Data Owner | resource group rg-retail ↓ | – | 2026-08-10T02:00:00.000Z | –",
            ])
    }

    @Test("whoever can get at keys can do everything on messages while the namespace takes them; a rule is a holder of its own")
    func keys() {
        var scene = Scene()
        scene.assign(10, Scene.contributor, Scene.olga, .user, at: Scene.group)
        scene.addRule("app", [.send], at: Scene.orders)
        scene.addRule("root", [.manage, .listen, .send], at: Scene.namespace)
        let without = table(scene, "orders")
        #expect(without.count == 3)
        #expect(
            without.last == "orders | Olga Brandt | person | manage, get keys | Contributor | resource group rg-retail ↓ | – | standing | –"
        )
        scene.setKeys(.on)
        #expect(
            table(scene, "orders").suffix(3) == [
                "orders | Olga Brandt | person | send (by keys), receive (by keys), manage, get keys | Contributor | resource group rg-retail ↓ | – | standing | –",
                "orders | app | key | send | shared access rule app | queue orders | – | standing | –",
                "orders | root | key | send, receive, manage | shared access rule root | namespace sb-retail ↓ | – | standing | –",
            ])
        #expect(
            table(scene, "events/Subscriptions/billing").last
                == "events/billing | root | key | receive, manage | shared access rule root | namespace sb-retail ↓ | – | standing | –")
    }

    @Test("a denial, a group whose members are not known, ends that are not known")
    func uncertain() {
        var scene = Scene()
        scene.picture.schedules = .notPermitted(needs: "S")
        scene.assign(10, Scene.receiver, Scene.team, .group, at: Scene.orders)
        scene.picture.denials = .known(
            [
                DenyAssignment(
                    id: Scene.group.appending("deny"), permissions: [RolePermissions(dataActions: ["Microsoft.ServiceBus/*/send/action"])],
                    scope: Scene.group, principals: [.init(id: .everyone, kind: .systemDefined)])
            ], at: Scene.now)
        let rows = table(scene, "orders")
        #expect(rows[0].contains("| send (denied) |"))
        #expect(rows[2].contains("sg-support | group | receive |"))
        #expect(rows[2].hasSuffix("| standing (ends not known) | its members are not known"))
    }

    @Test("what is not permitted is a row with its reason, and never an empty list")
    func notPermitted() {
        var scene = Scene()
        scene.setKeys(.on)
        scene.picture.assignments = .notPermitted(needs: "Microsoft.Authorization/roleAssignments/read at /subscriptions/1")
        scene.picture.rules = .unavailable("no answer")
        #expect(
            table(scene, "orders") == [
                "orders | ✕ | not known | – | role assignments | – | – | – | not permitted: needs Microsoft.Authorization/roleAssignments/read at /subscriptions/1",
                "orders | ✕ | not known | – | shared access rules | – | – | – | no answer",
            ])
        let rows = scene.index.matrix(with: scene.report)
        #expect(rows.map(\.senders).allSatisfy { $0.value == nil })
        let text = String(decoding: ListOutput.all(rows.map { AccessMatrixRecord($0) }, .jsonl), as: UTF8.self)
        #expect(
            text.contains(#""senders":null,"receivers":null,"managers":null,"keys":null,"countsUnknown":"not permitted: needs Microsoft"#))
    }

    @Test("what an identity can, by its id, its name, its account, or its Component")
    func who() throws {
        var scene = Scene()
        scene.picture.membership.setMembers([.init(id: Scene.olga, kind: .user)], of: Scene.team)
        scene.assign(10, Scene.receiver, Scene.team, .group, at: Scene.namespace)
        scene.assign(11, Scene.sender, Scene.olga, .user, at: Scene.events)
        let index = scene.index
        for name in [Scene.olga.text.uppercased(), "olga brandt", "OLGA@contoso.example"] {
            #expect(try index.principal(name) == Scene.olga.canonical)
        }
        #expect(try index.principal("checkout") == Scene.checkout.canonical)
        #expect(throws: OperatorError.self) { try index.principal("nobody") }
        let (holders, areAll) = index.holdings(of: Scene.olga.canonical)
        #expect(areAll)
        #expect(holders.map(\.scope) == ["namespace sb-retail", "topic events"])
        #expect(holders.map(\.group) == ["sg-support", nil])
        #expect(holders.map { $0.entity?.displayName } == [nil, "events"])
        scene.picture.membership = AzureResources.GroupMembership()
        #expect(scene.index.holdings(of: Scene.olga.canonical).areAll == false)
    }

    @Test("somebody whom only Privileged Identity Management names is found by name and by address, as they are shown")
    func namedBySchedule() throws {
        var scene = Scene()
        scene.picture.names = .notPermitted(needs: "Directory.Read.All of Microsoft Graph")
        scene.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.orders)
        let schedule = """
            {"id":"\(Scene.orders)/s/1","properties":{"scope":"\(Scene.orders)","roleDefinitionId":"\(Scene.definition(Scene.receiver))",
            "principalId":"\(Scene.olga)","principalType":"User","assignmentType":"Assigned",
            "expandedProperties":{"principal":{"displayName":"Olga Brandt","email":"olga@contoso.example"}}}}
            """
        let instance = try AzureJSON.decode(RoleScheduleInstance.self, from: ByteBuffer(string: schedule))
        scene.picture.schedules = .known([try #require(RoleTerm(instance))], at: Scene.now)
        let index = scene.index
        #expect(index.holders(of: Scene.path("orders")).contains { $0.principal == "Olga Brandt" })
        for name in ["olga brandt", "Olga@Contoso.example"] { #expect(try index.principal(name) == Scene.olga.canonical) }
    }

    @Test("of several with one name each is named with what tells it from the others")
    func ambiguous() {
        var scene = Scene()
        scene.picture.names = .known(
            [
                Scene.olga: AccessPrincipal(name: "Billing", kind: .user, account: "olga@contoso.example"),
                Scene.billing: AccessPrincipal(name: "billing", kind: .servicePrincipal),
            ], at: Scene.now)
        let error = #expect(throws: OperatorError.self) { try scene.index.principal("BILLING") }
        #expect(error?.code == .usage)
        #expect(
            error?.hint
                == "Give the object id: \(Scene.billing.canonical) (application, acts for component:default/billing); \(Scene.olga.canonical) (person, olga@contoso.example)."
        )
    }

    @Test("the matrix counts who can on each entity of each service, and names the worst finding")
    func matrix() throws {
        var scene = Scene()
        scene.picture.membership.setMembers([.init(id: Scene.olga, kind: .user), .init(id: Scene.admin, kind: .user)], of: Scene.team)
        scene.assign(10, Scene.receiver, Scene.team, .group, at: Scene.namespace)
        scene.assign(11, Scene.receiver, Scene.olga, .user, at: Scene.orders)
        scene.addEntity("stray", metadata: "group:default/x")
        let index = scene.index
        let rows = index.matrix(with: scene.report)
        #expect(rows.map(\.service) == ["billing", "billing", "billing", "checkout", "checkout", "checkout", nil])
        #expect(rows.map(\.entity.displayName).prefix(3) == ["orders", "events", "events/billing"])
        #expect(rows.map { $0.senders.value?.known } == [1, 1, 0, 1, 1, 0, 0])
        #expect(rows.map { $0.receivers.value?.known } == [3, 2, 3, 3, 2, 3, 2], "who is in a group and has it directly counts once")
        #expect(rows[0].worst?.kind == .humanStanding)
        let service = try index.subject("checkout", candidates: [Scene.path("checkout")])
        #expect(index.matrix(with: scene.report, of: service).map(\.service) == ["checkout", "checkout", "checkout"])
        #expect(try index.subject("orders", candidates: [Scene.path("orders")]) == .entity(Scene.path("orders")))
        #expect(throws: OperatorError.self) { try index.subject("nothing", candidates: [Scene.path("nothing")]) }
    }

    @Test("entities that are a service's own by their names alone have lines of that service, and so their findings")
    func namedEntities() throws {
        var scene = Scene()
        scene.catalogue += """
            ---
            apiVersion: v1
            kind: Component
            metadata: {name: stray}
            spec: {type: service, owner: team-cart}

            """
        scene.addEntity("stray-in")
        scene.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.namespace.appending("queues", "stray-in"))
        #expect(scene.index.matrix(with: scene.report).last.map(\.service) == .some(nil))
        scene.naming = [try NamingPattern(parsing: "{service}-*")]
        let index = scene.index
        let row = try #require(index.matrix(with: scene.report).first { $0.entity == Scene.path("stray-in") })
        #expect(row.service == "stray")
        let subject = try index.subject("stray", candidates: [Scene.path("stray")])
        #expect(subject == .service(ref: "component:default/stray", entities: [Scene.path("stray-in")]))
        #expect(scene.report.concerning(subject).findings.contains { $0.entities.contains(Scene.path("stray-in")) })
        #expect(index.matrix(with: scene.report).count { $0.entity == Scene.path("stray-in") } == 1)
    }

    @Test("names of others are shown and never obeyed")
    func hostile() {
        var scene = Scene()
        scene.picture.names = .known(
            [Scene.checkout: AccessPrincipal(name: "a\u{1b}[31mb\u{202e}", kind: .servicePrincipal)], at: Scene.now)
        let bytes = ListOutput.all(scene.index.holders(of: Scene.path("orders")).map { AccessHolderRecord($0) }, .table)
        #expect(!bytes.contains(0x1b))
        #expect(String(decoding: bytes, as: UTF8.self).contains("a^[[31mbU+202E"))
    }
}
