import Backstage
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Estate")
struct EstateTests {
    private func load(
        _ text: String, rules: BindingRules = .standard, host: String = "localhost:5672"
    ) -> LoadedEstate {
        LoadedEstate(
            catalogue: CatalogueLoader.load(bytes: Array(text.utf8), file: "catalog.yaml"), rules: rules, host: host, environment: "test")
    }

    private func component(_ name: String, annotations: String = "{}", spec: String = "type: service, owner: team-a") -> String {
        "---\napiVersion: v1\nkind: Component\nmetadata: {name: \(name), annotations: \(annotations)}\nspec: {\(spec)}\n"
    }

    private func resource(_ name: String, annotations: String, spec: String = "type: queue, owner: team-a") -> String {
        "---\napiVersion: v1\nkind: Resource\nmetadata: {name: \(name), annotations: \(annotations)}\nspec: {\(spec)}\n"
    }

    private let armID = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.ServiceBus/namespaces/sb-test"

    private func paths(_ estate: LoadedEstate, _ index: Int = 0) -> [String] {
        estate.estate.services.indices.contains(index) ? estate.estate.services[index].entities.map(\.displayName) : []
    }

    @Test(
        "annotations bind a component to entities",
        arguments: [
            ("{azure-service-bus/queues: 'orders, orders-retry'}", ["orders", "orders-retry"]),
            ("{azure-service-bus/topics: order-events}", ["order-events"]),
            ("{azure-service-bus/queues: 'q', azure-service-bus/topics: 't'}", ["q", "t"]),
            ("{callboard.dev/entities: 'orders, order-events/billing, t/Subscriptions/s'}", ["orders", "order-events/billing", "t/s"]),
            ("{callboard.dev/entities: 'orders/$deadletterqueue'}", ["orders"]),
            ("{callboard.dev/entities: t/s, azure-service-bus/queues: 'q, r'}", ["t/s", "q", "r"]),
            ("{Azure-Service-Bus/Queues: orders}", ["orders"]),
            ("{azure-service-bus/queues: 'a, A, a'}", ["a"]),
            ("{other/annotation: x}", []),
        ])
    func annotations(annotations: String, expected: [String]) {
        #expect(paths(load(component("c", annotations: annotations))) == expected)
    }

    @Test(
        "ARM ids bind in any casing",
        arguments: [
            ("/queues/orders", ["orders"]), ("/Queues/Orders", ["Orders"]), ("/topics/t", ["t"]),
            ("/topics/t/subscriptions/s", ["t/s"]), ("/TOPICS/t/SUBSCRIPTIONS/s", ["t/s"]),
            ("/topics/t/subscriptions/s/rules/r", ["t/s"]), ("/queues/a%2Db", ["a-b"]), ("/queues/a~b", ["a/b"]), ("", []),
            ("/networkRuleSets/default", []),
        ])
    func armIDs(suffix: String, expected: [String]) {
        for id in [
            armID + suffix,
            (armID + suffix).replacing("providers/Microsoft.ServiceBus/namespaces", with: "Providers/microsoft.servicebus/Namespaces"),
        ] {
            let estate = load(component("c", annotations: "{management.azure.com/resourceId: '\(id)'}"))
            #expect(paths(estate) == expected)
            #expect(estate.estate.services.first?.findings == [])
        }
    }

    @Test("an ARM id of something else is neither a binding nor a mistake, and the next annotation counts")
    func otherResource() {
        let other = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/x"
        let rules = BindingRules(
            rules: [
                BindingRules.Rule(annotation: "management.azure.com/resourceId", form: .armID),
                BindingRules.Rule(annotation: "acme.io/queue", form: .queues),
            ], onCallAnnotations: [], serviceTypes: [])
        let estate = load(
            component("c", annotations: "{management.azure.com/resourceId: \(other), acme.io/queue: q}"), rules: rules)
        #expect(paths(estate) == ["q"])
    }

    @Test("of several annotations of one form the first that is there counts")
    func firstHit() {
        var rules = BindingRules.standard
        rules.rules.insert(BindingRules.Rule(annotation: "acme.io/queues", form: .queues), at: 0)
        let both = "{azure-service-bus/queues: common, acme.io/queues: own, azure-service-bus/topics: t}"
        #expect(paths(load(component("c", annotations: both), rules: rules)) == ["own", "t"])
        #expect(paths(load(component("c", annotations: "{azure-service-bus/queues: common}"), rules: rules)) == ["common"])
    }

    @Test("what the catalogue binds to another namespace is left out, where the host tells which one this is")
    func otherNamespace() {
        let text = component("c", annotations: "{management.azure.com/resourceId: '\(armID)/queues/orders'}")
        #expect(paths(load(text, host: "SB-Test.servicebus.windows.net")) == ["orders"])
        #expect(paths(load(text, host: "sb-other.servicebus.windows.net")) == [])
        #expect(paths(load(text, host: "sb-test.servicebus.chinacloudapi.cn")) == ["orders"])
        #expect(paths(load(text, host: "bus.internal.example")) == ["orders"])
    }

    @Test("a service has the entities of the Resources it depends on, whichever side says so")
    func throughResources() {
        let estate = load(
            component(
                "checkout", annotations: "{azure-service-bus/queues: own}",
                spec: "type: service, owner: a, dependsOn: ['resource:sb-orders']")
                + resource("sb-orders", annotations: "{azure-service-bus/queues: orders}")
                + resource("sb-returns", annotations: "{azure-service-bus/queues: returns}", spec: "dependencyOf: ['component:checkout']"))
        #expect(estate.estate.services.map(\.name) == ["checkout"])
        #expect(paths(estate) == ["own", "orders", "returns"])
    }

    @Test("a bound Resource that no component uses stands for itself")
    func lonelyResource() {
        let estate = load(resource("sb-audit", annotations: "{azure-service-bus/queues: audit}"))
        #expect(estate.estate.services.map(\.ref) == ["resource:default/sb-audit"])
        #expect(paths(estate) == ["audit"])
    }

    @Test("components of other types without entities are no services")
    func otherTypes() {
        let estate = load(
            component("site", spec: "type: website, owner: a") + component("lib", spec: "type: library, owner: a")
                + component("worker", annotations: "{azure-service-bus/queues: q}", spec: "type: job, owner: a") + component("idle"))
        #expect(estate.estate.services.map(\.name) == ["idle", "worker"])
    }

    @Test("services carry owner, system, on-call and links")
    func facts() throws {
        let estate = load(
            """
            apiVersion: v1
            kind: Component
            metadata:
              name: checkout
              namespace: shop
              title: Checkout
              description: Takes the money
              annotations: {pagerduty.com/service-id: PABC123}
              links: [{url: https://run, title: Runbook}]
            spec: {type: service, lifecycle: production, owner: team-cart, system: ordering}
            ---
            apiVersion: v1
            kind: Component
            metadata: {name: billing, links: [{url: https://rota, type: on-call}]}
            spec: {type: service, owner: user:dana}
            ---
            apiVersion: v1
            kind: Component
            metadata: {name: shipping}
            spec: {type: service, owner: team-ship}
            ---
            apiVersion: v1
            kind: User
            metadata: {name: dana}
            spec: {profile: {displayName: Dana Osei}}
            ---
            apiVersion: v1
            kind: Group
            metadata: {name: team-ship, annotations: {callboard.dev/on-call: J. Lindqvist}}
            spec: {profile: {displayName: Team Shipping}}
            """
        ).estate
        let (billing, shipping, checkout) = (estate.services[0], estate.services[1], estate.services[2])
        #expect([checkout.ref, checkout.name, checkout.title ?? ""] == ["component:shop/checkout", "shop/checkout", "Checkout"])
        #expect([checkout.owner, checkout.ownerRef, checkout.system] == ["shop/team-cart", "group:shop/team-cart", "shop/ordering"])
        #expect([checkout.onCall, checkout.lifecycle, checkout.summary] == ["PagerDuty PABC123", "production", "Takes the money"])
        #expect(checkout.links == [ServiceSummary.Link(title: "Runbook", url: "https://run")])
        #expect(checkout.findings == ["its owner group:shop/team-cart is not in the catalogue"])
        #expect([billing.owner, billing.onCall] == ["Dana Osei", "https://rota"])
        #expect([shipping.owner, shipping.onCall] == ["team-ship", "J. Lindqvist"])
    }

    @Test("what is wrong with an entry is a finding")
    func findings() {
        let estate = load(
            component("a", annotations: "{azure-service-bus/queues: 'ok, not ok'}", spec: "type: service")
                + component(
                    "b", annotations: "{azure-service-bus/topics: ' , '}", spec: "type: service, owner: x, dependsOn: ['resource:none']"))
        #expect(
            estate.estate.services[0].findings == [
                "nobody owns it",
                "annotation azure-service-bus/queues: 'not ok' is not an entity name: letters, digits, '.', '-', '_', '~' and '/' are allowed",
            ])
        #expect(
            estate.estate.services[1].findings == [
                "annotation azure-service-bus/topics names no entity", "depends on resource:default/none, which is not in the catalogue",
            ])
        #expect(paths(estate) == ["ok"])
    }

    @Test("who answers for an entity is known by path; a subscription falls back to its topic")
    func ownership() throws {
        let estate = load(
            component("pub", annotations: "{azure-service-bus/topics: events}", spec: "type: service, owner: team-pub")
                + component("sub", annotations: "{callboard.dev/entities: events/billing}", spec: "type: service, owner: team-sub")
                + component("user", spec: "type: service, owner: team-user, dependsOn: ['resource:sb']")
                + resource("sb", annotations: "{azure-service-bus/queues: orders}", spec: "owner: team-platform")
        ).estate
        #expect(estate.ownership(of: try EntityPath.subscription(topic: "Events", name: "Billing"))?.owner == "team-sub")
        #expect(estate.ownership(of: try EntityPath.subscription(topic: "events", name: "audit").deadLetter)?.owner == "team-pub")
        let orders = try #require(estate.ownership(of: EntityPath.queue("orders").deadLetter))
        #expect(orders.owner == "team-platform")
        #expect(orders.services == ["component:default/user"])
        #expect(estate.ownership(of: try EntityPath.queue("none")) == nil)
    }

    @Test("problems of the catalogue come with file and line; notes do not")
    func problems() {
        let estate = load(
            "kind: x\n---\napiVersion: v1\nkind: Location\nmetadata: {name: l}\nspec: {targets: ['https://x/y.yaml']}\n"
        ).estate
        #expect(estate.problems.map(\.description) == ["catalog.yaml:1: 'apiVersion' is missing"])
        #expect(estate.environment == "test")
    }

    @Test("who sends and receives, and as whom a Component acts, is said by annotations")
    func access() throws {
        let estate = load(
            component("shop", annotations: "{callboard.dev/principal-id: 'id-1, id-2'}", spec: "type: service, dependsOn: ['resource:sb']")
                + component("idle", annotations: "{backstage.io/orphan: 'true'}")
                + resource(
                    "sb",
                    annotations: "{azure-service-bus/queues: orders, callboard.dev/senders: 'shop, x/pay', Callboard.dev/Receivers: ''}")
        ).estate
        #expect(
            estate.access == [
                CatalogueAccess(ref: "component:default/shop", dependencies: ["resource:default/sb"], principals: ["id-1", "id-2"]),
                CatalogueAccess(ref: "component:default/idle", isOrphan: true),
                CatalogueAccess(
                    ref: "resource:default/sb", isComponent: false, entities: [[try EntityPath.queue("orders")]],
                    senders: ["component:default/shop", "component:x/pay"], receivers: []),
            ])
        var rules = BindingRules.standard
        rules.senderAnnotations = ["acme.io/from", "acme.io/senders"]
        let own = load(resource("sb", annotations: "{azure-service-bus/queues: q, acme.io/senders: a}"), rules: rules).estate
        #expect(own.access.first?.senders == ["component:default/a"])
    }

    @Test("the vectors' small estate joins", .enabled(if: CatalogueVectors.exist, CatalogueVectors.areMissing))
    func vectors() {
        let catalogue = CatalogueLoader.load(paths: [CatalogueVectors.folder + "/api/servicebus-catalog.yaml"])
        let estate = LoadedEstate(catalogue: catalogue, rules: .standard, host: "sb-orders-test.servicebus.windows.net", environment: "")
        #expect(estate.estate.services.map(\.name) == ["orders-api"])
        #expect(paths(estate) == ["orders"])
        #expect(estate.estate.services.first?.onCall == "PagerDuty PABC123")
    }
}
