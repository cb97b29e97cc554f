import Testing

@testable import CallboardCore

@Suite("Patterns of names")
struct NamingPatternTests {
    private func fits(_ pattern: String, _ path: String, service: String = "orders", system: String? = "retail") throws -> Bool {
        let shape = try NamingPattern(parsing: pattern).filled { placeholder in
            switch placeholder {
            case .service: service
            case .system: system
            case .owner: "Team-Cart"
            case .environment: "prod"
            }
        }
        return shape?.fits(Array(path.lowercased().utf8)) ?? false
    }

    @Test(
        "a pattern is compared with the whole path, without case; a star stays within one name",
        arguments: [
            ("{service}", "orders", true), ("{service}", "Orders", true), ("{service}", "orders-in", false),
            ("{service}", "orders/x", false),
            ("{service}-*", "orders-in", true), ("{service}-*", "orders-", true), ("{service}-*", "orders", false),
            ("{service}-*", "orders-in/billing", false), ("*.{service}.*", "acme.orders.v1", true), ("*.{service}.*", ".orders.", true),
            ("*.{service}.*", "acme.order.v1", false), ("*.{service}.*", "acme.orders", false),
            ("{system}-{service}-events/{service}", "retail-orders-events/orders", true),
            ("{system}-{service}-events/{service}", "retail-orders-events/other", false),
            ("*/{service}", "payments/orders", true), ("*/{service}", "a/b/orders", false),
            ("{owner}_{service}_{environment}", "team-cart_orders_prod", true), ("{service}*{service}", "orders", false),
            ("{service}*{service}", "ordersorders", true), ("a*b*{service}", "a-b-b-orders", true), ("ACME.{service}", "acme.orders", true),
        ])
    func fitting(pattern: String, path: String, expected: Bool) throws { #expect(try fits(pattern, path) == expected) }

    @Test(
        "a pattern that needs what the catalogue does not say fits nothing; nor does one for a service that no entity could be called after"
    )
    func unknown() throws {
        #expect(try !fits("{system}-{service}", "-orders", system: nil))
        #expect(try !fits("{service}", "a b", service: "a b"))
        #expect(try !fits("{service}", "anything", service: "*"))
    }

    @Test(
        "a mistake is told with its column",
        arguments: [
            ("", 1, "it is empty"), ("{servcie}-*", 1, "'{servcie}' is not known; did you mean {service}?"),
            ("a-{thing}", 3, "'{thing}' is not known; there is {service}, {system}, {owner}, {environment}"),
            ("a{service", 2, "'{' is not closed"), ("{service}}", 10, "'}' closes nothing"),
            ("{service}-**", 12, "two stars stand side by side; one is anything within a name"),
            ("{service} x", 10, "no entity has ' ' in its name"), ("{service}é", 10, "no entity has 'é' in its name"),
            ("orders-*", 1, "it has none of {service}, {system} and {owner}: it would fit every service"),
            ("{service}//x", 11, "a name is empty"), ("/{service}", 1, "a name is empty"), ("{service}/", 11, "a name is empty"),
            ("{service}a*a*a*a*a*a*a*a*a*", 27, "it has more than 8 stars"),
        ])
    func mistakes(pattern: String, column: Int, message: String) {
        #expect(throws: NamingPattern.Problem(column: column, message: message)) { try NamingPattern(parsing: pattern) }
    }

    @Test("no pattern is too long to be read, and none so long is used")
    func length() {
        #expect(throws: NamingPattern.Problem.self) { try NamingPattern(parsing: "{service}" + String(repeating: "x", count: 300)) }
        #expect(throws: Never.self) { try NamingPattern(parsing: "{service}" + String(repeating: "x", count: 291)) }
    }
}
