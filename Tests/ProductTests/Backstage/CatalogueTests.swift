import Testing

@testable import Backstage

@Suite("Catalogue")
struct CatalogueTests {
    private func load(_ text: String) -> Catalogue { CatalogueLoader.load(bytes: Array(text.utf8), file: "catalog.yaml") }

    @Test("every kind is kept, known or not")
    func kinds() {
        let kinds = ["Component", "API", "Resource", "System", "Domain", "Group", "User", "Location", "Template", "Sprocket"]
        let text = kinds.map { "apiVersion: v1\nkind: \($0)\nmetadata: {name: x}\n---\n" }.joined()
        let catalogue = load(text)
        #expect(
            catalogue.entities.map(\.kind) == [
                .component, .api, .resource, .system, .domain, .group, .user, .location, .template, .other("Sprocket"),
            ])
        #expect(catalogue.entities.map(\.kind.description) == kinds)
        #expect(catalogue.problems == [])
    }

    @Test("metadata and spec are read")
    func fields() throws {
        let catalogue = load(
            """
            apiVersion: backstage.io/v1alpha1
            kind: Component
            metadata:
              name: checkout
              namespace: shop
              title: Checkout
              description: Takes the money
              annotations: {pagerduty.com/service-id: P1, numeric/one: 007}
              labels: {tier: "1"}
              tags: [java, web]
              links:
                - {url: https://runbook, title: Runbook, type: on-call}
                - title: no url
            spec:
              type: service
              lifecycle: production
              replicas: 3
              ratio: 0.5
              flags: {a: true, b: ~, c: [x, 'y']}
            """)
        #expect(catalogue.problems == [])
        let entity = try #require(catalogue.entities.first)
        #expect(entity.ref.description == "component:shop/checkout")
        #expect(entity.title == "Checkout")
        #expect(entity.summary == "Takes the money")
        #expect(entity.annotations == ["pagerduty.com/service-id": "P1", "numeric/one": "007"])
        #expect(entity.labels == ["tier": "1"])
        #expect(entity.tags == ["java", "web"])
        #expect(entity.links == [Entity.Link(url: "https://runbook", title: "Runbook", type: "on-call")])
        #expect(entity.type == "service")
        #expect(entity.lifecycle == "production")
        #expect(entity.spec["replicas"] == .integer(3))
        #expect(entity.spec["ratio"] == .number(0.5))
        #expect(entity.spec["flags"]?["a"] == .bool(true))
        #expect(entity.spec["flags"]?["b"] == .null)
        #expect(entity.spec["flags"]?["c"]?.texts == ["x", "y"])
    }

    @Test("relations go both ways, with each field's own defaults")
    func relations() {
        let catalogue = load(
            """
            apiVersion: v1
            kind: Component
            metadata: {name: checkout, namespace: shop}
            spec:
              owner: team-cart
              system: ordering
              subcomponentOf: storefront
              dependsOn: [resource:orders, component:default/billing]
              dependencyOf: ["component:web"]
              providesApis: [orders-api]
              consumesApis: [default/pay]
            ---
            apiVersion: v1
            kind: System
            metadata: {name: ordering, namespace: shop}
            spec: {owner: user:default/dana, domain: retail}
            ---
            apiVersion: v1
            kind: Domain
            metadata: {name: retail, namespace: shop}
            spec: {owner: group:default/board, subdomainOf: everything}
            ---
            apiVersion: v1
            kind: Group
            metadata: {name: team-cart, namespace: shop}
            spec: {type: team, parent: engineering, children: [team-cart-emea], members: [dana]}
            ---
            apiVersion: v1
            kind: User
            metadata: {name: lin, namespace: shop}
            spec: {memberOf: [team-cart]}
            """)
        #expect(catalogue.problems == [])
        func targets(_ ref: String, _ type: RelationType) -> [String] {
            EntityRef(parsing: ref).map { catalogue.targets(of: $0, type).map(\.description) } ?? []
        }
        let expectations: [(String, RelationType, String)] = [
            ("component:shop/checkout", .ownedBy, "group:shop/team-cart"),
            ("component:shop/checkout", .dependsOn, "resource:shop/orders"),
            ("component:shop/checkout", .dependsOn, "component:default/billing"),
            ("component:shop/checkout", .dependencyOf, "component:shop/web"),
            ("component:shop/checkout", .partOf, "system:shop/ordering"),
            ("component:shop/checkout", .partOf, "component:shop/storefront"),
            ("component:shop/checkout", .providesApi, "api:shop/orders-api"),
            ("component:shop/checkout", .consumesApi, "api:default/pay"),
            ("system:shop/ordering", .ownedBy, "user:default/dana"),
            ("system:shop/ordering", .partOf, "domain:shop/retail"),
            ("domain:shop/retail", .partOf, "domain:shop/everything"),
            ("group:shop/team-cart", .childOf, "group:shop/engineering"),
            ("group:shop/team-cart", .parentOf, "group:shop/team-cart-emea"),
            ("group:shop/team-cart", .hasMember, "user:shop/dana"),
            ("user:shop/lin", .memberOf, "group:shop/team-cart"),
        ]
        for (source, type, target) in expectations {
            #expect(targets(source, type).contains(target), "\(source) \(type) \(target)")
            #expect(targets(target, type.inverse).contains(source), "\(target) \(type.inverse) \(source)")
        }
        #expect(Set(expectations.map(\.1).flatMap { [$0, $0.inverse] }) == Set(RelationType.allCases))
        #expect(catalogue.owner(of: EntityRef(kind: "component", namespace: "SHOP", name: "Checkout"))?.name == "team-cart")
    }

    @Test("a relation stated from both ends counts once")
    func doubleStatement() {
        let catalogue = load(
            """
            apiVersion: v1
            kind: Group
            metadata: {name: a}
            spec: {children: [b], members: [u]}
            ---
            apiVersion: v1
            kind: Group
            metadata: {name: b}
            spec: {parent: A}
            ---
            apiVersion: v1
            kind: User
            metadata: {name: u}
            spec: {memberOf: [a]}
            """)
        #expect(catalogue.relations(of: EntityRef(kind: "group", name: "a")).count == 2)
        #expect(catalogue.relations(of: EntityRef(kind: "group", name: "b")).count == 1)
        #expect(catalogue.relations(of: EntityRef(kind: "user", name: "u")).count == 1)
    }

    @Test("of entities with one reference the first counts, whatever the case, and the others are reported")
    func duplicates() {
        let catalogue = load(
            """
            apiVersion: v1
            kind: Component
            metadata: {name: a, title: first}
            ---
            apiVersion: v1
            kind: component
            metadata: {name: A, title: second}
            """)
        #expect(catalogue.entities.map(\.title) == ["first"])
        #expect(
            catalogue.problems.map(\.description) == [
                "catalog.yaml:5: component:default/a is already defined at catalog.yaml:1; this one is left out"
            ])
    }

    @Test(
        "a document that is no entity is reported at the line that is wrong",
        arguments: [
            ("- a\n- b", 1, "an entity is a mapping, not a list"),
            ("apiVersion: v1\nmetadata: {name: x}", 1, "'kind' is missing"),
            ("kind: Component\nmetadata: {name: x}", 1, "'apiVersion' is missing"),
            ("kind: [a]\napiVersion: v1", 1, "'kind' is not a text"),
            ("kind: C\napiVersion: v1", 1, "the 'C' has no 'metadata'"),
            ("kind: C\napiVersion: v1\nmetadata: x", 3, "the 'C' has no 'metadata'"),
            ("kind: C\napiVersion: v1\nmetadata:\n  title: x", 4, "'metadata.name' is missing"),
            ("kind: C\napiVersion: v1\nmetadata:\n  title: x\n  name: {}", 5, "'metadata.name' is not a text"),
        ])
    func broken(text: String, line: Int, message: String) {
        let catalogue = load("---\n" + text + "\n---\napiVersion: v1\nkind: Component\nmetadata: {name: good}\n")
        #expect(catalogue.problems == [LoadProblem(.error, file: "catalog.yaml", line: line + 1, message: message)])
        #expect(catalogue.entities.map(\.ref.name) == ["good"])
    }

    @Test("what is wrong inside an entity is a warning, and the entity is kept")
    func warnings() {
        let catalogue = load(
            """
            apiVersion: v1
            kind: Component
            metadata:
              name: -bad name-
              annotations:
                good: x
                bad: [1]
              tags: web
              labels: []
            spec:
              owner: [team-a, {x: y}]
              dependsOn: [orders, "a:"]
            """)
        #expect(catalogue.entities.count == 1)
        #expect(catalogue.entities.first?.annotations == ["good": "x"])
        #expect(catalogue.problems.map(\.line) == [4, 7, 9, 8, 11, 12, 12])
        #expect(catalogue.problems.allSatisfy { $0.severity == .warning })
        #expect(catalogue.problems[5].message.contains("must name a kind, as in 'resource:orders'"))
    }
}
