import AzureResources
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Drift: what the catalogue and keys show")
struct DriftCatalogueTests {
    private typealias Scene = AccessScene

    @Test("MISSING: whom the catalogue names cannot do it")
    func missing() throws {
        var scene = Scene()
        scene.remove(1)
        let finding = try #require(scene.findings(.missing).first)
        #expect(finding.severity == .high)
        #expect(finding.summary == "component:default/checkout is to send on orders, and cannot")
        #expect(finding.evidence.contains(.init("expected by", "resource:default/orders")))
        let request = try #require(finding.fix.steps.first?.request)
        #expect(request.method == "PUT")
        #expect(request.path.hasPrefix("\(Scene.orders)/providers/Microsoft.Authorization/roleAssignments/"))
        #expect(request.body?.contains(#""principalId":"c0000000-0000-0000-0000-000000000001","principalType":"ServicePrincipal""#) == true)
        #expect(scene.findings(.missing).first?.fix == finding.fix, "the same plan each time, its GUID included")
        scene.setKeys(.on)
        #expect(scene.findings(.missing).map(\.severity) == [.medium], "perhaps it sends by a key")
    }

    @Test("MISSING: a role above, and for a topic's receivers a role on its subscription, will do")
    func notMissing() {
        var scene = Scene()
        scene.remove(1)
        scene.assign(10, Scene.dataOwner, Scene.checkout, .servicePrincipal, at: Scene.group)
        #expect(scene.findings(.missing) == [])
    }

    @Test("EXTRA: whom the catalogue does not name can do it")
    func extra() throws {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.checkout, .servicePrincipal, at: Scene.orders)
        let finding = try #require(scene.findings(.extra).first)
        #expect(finding.summary == "app-checkout can receive on orders, and the catalogue does not say so")
        #expect(finding.evidence.contains(.init("expected to receive on orders", "component:default/billing")))
        #expect(finding.fix.steps.compactMap(\.request).map(\.method) == ["DELETE"], "it can send by an assignment of its own")
        scene.remove(10)
        scene.assign(11, Scene.receiver, Scene.stranger, .servicePrincipal, at: Scene.namespace)
        #expect(scene.findings(.extra).map { $0.entities.map(\.displayName) } == [["events", "events/billing", "orders"]])
    }

    @Test("EXTRA: not for a group of those whom it names, nor what ends by itself, nor what gives nothing on messages")
    func notExtra() {
        var scene = Scene()
        scene.picture.membership.setMembers([.init(id: Scene.billing, kind: .servicePrincipal)], of: Scene.team)
        scene.assign(10, Scene.receiver, Scene.team, .group, at: Scene.orders)
        scene.assign(11, Scene.receiver, Scene.olga, .user, at: Scene.orders, note: "jit req=R1 exp=2026-08-10T01:00:00Z by=admin")
        scene.assign(12, Scene.contributor, Scene.stranger, .servicePrincipal, at: Scene.namespace)
        #expect(scene.findings(.extra) == [])
    }

    @Test("MISSING and EXTRA are not looked for where nobody says who sends and receives")
    func silent() {
        var scene = Scene()
        scene.addEntity("legacy", metadata: "group:default/team-old")
        scene.assign(10, Scene.receiver, Scene.stranger, .servicePrincipal, at: Scene.namespace.appending("queues", "legacy"))
        #expect(scene.findings(.missing) == [])
        #expect(scene.findings(.extra) == [])
        let reason = "of 1 entities the catalogue does not say who sends and receives (callboard.dev/senders, callboard.dev/receivers)"
        #expect(scene.gaps(.missing) == [reason])
        #expect(scene.gaps(.extra) == [reason])
        #expect(scene.report.blindness == nil, "nobody said it, which is not the same as not being allowed to know")
    }

    @Test("UNMAPPED_COMPONENT: nothing says as which identity a Component acts, or there is no such Component")
    func unmapped() throws {
        var scene = Scene()
        scene.catalogue.replace("c0000000-0000-0000-0000-000000000002", with: "nonsense")
        #expect(scene.findings(.unmappedComponent).map(\.place) == ["component:default/billing"])
        scene = Scene()
        scene.catalogue.replace(
            "name: billing, annotations: {callboard.dev/principal-id: c0000000-0000-0000-0000-000000000002}", with: "name: billing")
        let finding = try #require(scene.findings(.unmappedComponent).first)
        #expect(finding.severity == .medium)
        #expect(finding.place == "component:default/billing")
        #expect(scene.findings(.extra) == [], "whoever receives could be it")
        #expect(scene.gaps(.extra).count == 1)
        scene = Scene()
        scene.catalogue.replace(
            "callboard.dev/senders: checkout, callboard.dev/receivers: billing", with: "callboard.dev/senders: 'checkout, gone'")
        #expect(
            scene.findings(.unmappedComponent).map(\.summary) == ["component:default/gone is to use events, and is not in the catalogue"])
        #expect(Scene().findings(.unmappedComponent) == [])
    }

    @Test("CATALOG_ORPHAN: Backstage says that nothing stands behind an entry")
    func orphan() {
        var scene = Scene()
        scene.catalogue.replace("azure-service-bus/queues: orders,", with: "azure-service-bus/queues: orders, backstage.io/orphan: 'true',")
        #expect(scene.findings(.catalogueOrphan).map(\.place) == ["resource:default/orders"])
        scene.catalogue.replace("backstage.io/orphan: 'true'", with: "backstage.io/orphan: 'false'")
        #expect(scene.findings(.catalogueOrphan) == [])
    }

    @Test("DEAD_RESOURCE: the catalogue names what does not exist; not looked for where entities are not known")
    func dead() {
        var scene = Scene()
        scene.catalogue.replace("azure-service-bus/queues: orders", with: "azure-service-bus/queues: 'orders,gone'")
        #expect(scene.findings(.deadResource).map(\.summary) == ["resource:default/orders names gone, which does not exist"])
        scene.picture.entities = .notPermitted(needs: "E")
        #expect(scene.findings(.deadResource) == [])
        #expect(scene.gaps(.deadResource) == ["entities: not permitted: needs E"])
        #expect(Scene().findings(.deadResource) == [])
    }

    @Test("NO_OWNER: neither the catalogue nor the entity names an owner")
    func owner() {
        var scene = Scene()
        scene.addEntity("stray", metadata: "made by hand")
        #expect(scene.findings(.noOwner).map(\.place) == ["stray"])
        scene = Scene()
        scene.addEntity("stray", metadata: "group:default/team-old")
        #expect(scene.findings(.noOwner) == [])
        scene.catalogue = ""
        #expect(scene.findings(.noOwner) == [])
        #expect(scene.gaps(.noOwner) == ["the context has no catalogue, or there is nothing in it"])
    }

    @Test("SHARED_KEY: a rule opens messages while the namespace takes keys")
    func sharedKey() throws {
        var scene = Scene()
        scene.setKeys(.on)
        scene.addRule("RootManageSharedAccessKey", [.listen, .send, .manage], at: Scene.namespace)
        scene.addRule("app", [.send], at: Scene.orders)
        let findings = scene.findings(.sharedKey)
        #expect(findings.map(\.severity) == [.high, .medium])
        #expect(findings.map(\.isNamespaceWide) == [true, false])
        #expect(findings[1].entities == [Scene.path("orders")])
        #expect(
            findings[1].fix.steps.compactMap(\.request).map { "\($0.method) \($0.path)" } == [
                "DELETE \(Scene.orders)/authorizationRules/app?api-version=2021-11-01", "PATCH \(Scene.namespace)?api-version=2021-11-01",
            ])
        scene.setKeys(.off)
        #expect(scene.findings(.sharedKey) == [])
        scene.setKeys(.on)
        scene.picture.rules = .notPermitted(needs: "R")
        #expect(scene.gaps(.sharedKey) == ["shared access rules: not permitted: needs R"])
    }

    @Test("KEY_TOO_OLD: the namespace's tag says when keys were made anew; without one it is not known")
    func oldKey() throws {
        var scene = Scene()
        scene.setKeys(.on, tags: ["callboard-rotated": "2026-05-11", "team": "cart"])
        scene.addRule("app", [.send], at: Scene.namespace)
        let finding = try #require(scene.findings(.oldKey).first)
        #expect(finding.summary == "the keys of 'app' on namespace sb-retail are 91 days old")
        let requests = finding.fix.steps.compactMap(\.request)
        let rule = "\(Scene.namespace)/authorizationRules/app/regenerateKeys?api-version=2021-11-01"
        #expect(requests.map(\.method) == ["POST", "POST", "PATCH"])
        #expect(requests.map(\.path) == [rule, rule, "\(Scene.namespace)?api-version=2021-11-01"])
        #expect(
            requests.map(\.body) == [
                #"{"keyType":"PrimaryKey"}"#, #"{"keyType":"SecondaryKey"}"#, #"{"tags":{"callboard-rotated":"2026-08-10","team":"cart"}}"#,
            ])
        scene.setKeys(.on, tags: ["callboard-rotated": "2026-05-12"])
        #expect(scene.findings(.oldKey) == [])
        scene.setKeys(.on)
        #expect(scene.findings(.oldKey) == [])
        #expect(scene.gaps(.oldKey).first?.hasPrefix("of 1 shared access rules nothing says") == true)
    }

    @Test("a report is narrowed to an entity or a service, and by severity; findings keep their ids")
    func narrowed() throws {
        var scene = Scene()
        scene.remove(1)
        scene.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.eventsBilling)
        let report = scene.report
        #expect(report.concerning(.entity(Scene.path("orders"))).findings.map(\.kind) == [.missing])
        #expect(report.concerning(.entity(Scene.path("events"))).findings == [])
        let billing = try scene.index.subject("component:default/billing", candidates: [])
        #expect(report.concerning(billing, from: .high).findings.map(\.kind) == [.humanStanding, .missing])
        let id = try #require(report.findings.first?.id)
        #expect(try scene.report.finding(String(id.dropLast(2))).id == id)
        #expect(throws: OperatorError.self) { try report.finding("human-standing-nothing") }
    }
}

extension String {
    /// Puts another text in the place of one that must be there.
    fileprivate mutating func replace(_ text: String, with other: String) {
        precondition(contains(text))
        self = replacing(text, with: other)
    }
}
