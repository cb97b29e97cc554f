import Testing

@testable import Backstage

@Suite("Entity references")
struct EntityRefTests {
    @Test(
        "are read with the defaults of the field they stand in",
        arguments: [
            ("component:default/checkout", "component:default/checkout"),
            ("Component:Default/Checkout", "component:default/checkout"),
            ("resource:orders", "resource:shop/orders"),
            ("emea/orders", "group:emea/orders"),
            ("team-a", "group:shop/team-a"),
            ("  team-a \n", "group:shop/team-a"),
            ("api:emea/a/b", "api:emea/a/b"),
            ("emea/a:b", "group:emea/a:b"),
            ("tools@example.com", "group:shop/tools@example.com"),
        ])
    func parsing(text: String, expected: String) throws {
        let ref = try #require(EntityRef(parsing: text, defaultKind: "Group", defaultNamespace: "shop"))
        #expect(ref.description == expected)
    }

    @Test(
        "what is no reference is refused", arguments: ["", "   ", ":", "/", "component:", "component:default/", ":name", "/name", "a:/b"])
    func refused(text: String) {
        #expect(EntityRef(parsing: text, defaultKind: "Group") == nil)
    }

    @Test("without a default kind a reference must name one")
    func kindNeeded() {
        #expect(EntityRef(parsing: "orders") == nil)
        #expect(EntityRef(parsing: "resource:orders")?.description == "resource:default/orders")
    }

    @Test("compare without case and keep their spelling")
    func comparison() {
        let first = EntityRef(kind: "Component", namespace: "Shop", name: "CheckOut")
        let second = EntityRef(kind: "component", namespace: "shop", name: "checkout")
        #expect(first == second)
        #expect(Set([first, second]).count == 1)
        #expect(first.name == "CheckOut")
        #expect(first.shortName == "Shop/CheckOut")
        #expect(EntityRef(kind: "group", name: "team-a").shortName == "team-a")
    }
}
