import Testing

@testable import Sandbox

@Suite("The vault's stand-in")
struct KeyVaultTests {
    private let fixture: CloudFixture

    init() throws { fixture = try CloudFixture() }

    private func ask(
        _ method: String, _ path: String, as principal: String = CloudSeed.admin.id, for audience: String = "https://vault.azure.net",
        _ body: CloudJSON? = nil
    ) throws -> CloudResponse {
        fixture.ask(method, "\(path)?api-version=7.4", token: try fixture.token(of: principal, for: audience), body?.serialized ?? "")
    }

    @Test("a secret has versions, and the newest is what is read")
    func versions() throws {
        let first = try ask(
            "PUT", "/secrets/orders", ["value": "one", "attributes": ["exp": 1_900_000_000], "tags": ["a": "b"], "contentType": "t"])
        #expect(first.status == 200 && first.json["value"]?.text == "one" && first.json["attributes"]?["exp"]?.number == 1_900_000_000)
        let second = try ask("PUT", "/secrets/ORDERS", ["value": "two"])
        #expect(second.json["id"]?.text != first.json["id"]?.text)
        #expect(try ask("GET", "/secrets/orders").json["value"]?.text == "two")
        let version = first.json["id"]?.text?.split(separator: "/").last.map(String.init) ?? ""
        #expect(try ask("GET", "/secrets/orders/\(version)").json["value"]?.text == "one")
        #expect(try ask("GET", "/secrets/orders/versions").list.count == 2)
        let listed = try ask("GET", "/secrets")
        #expect(listed.list.count == 1 && !listed.body.contains("two"), "a list shows values")
    }

    @Test("a token for something else, and somebody whom the vault does not know, are turned away")
    func turnedAway() throws {
        let without = fixture.ask("GET", "/secrets/x?api-version=7.4")
        #expect(without.status == 401)
        #expect(without.headers.contains { $0.name == "WWW-Authenticate" && $0.value.contains(#"resource="https://vault.azure.net""#) })
        #expect(try ask("GET", "/secrets/x", for: "https://management.azure.com").status == 401)
        for principal in [CloudSeed.onCall.id, CloudSeed.newcomerPrincipal] {
            #expect(try ask("PUT", "/secrets/x", as: principal, ["value": "v"]).code == "Forbidden")
            #expect(try ask("GET", "/secrets/x", as: principal).status == 403)
        }
    }

    @Test("what is missing or too large is refused, and what is held has an end")
    func bounds() throws {
        #expect(try ask("GET", "/secrets/nothing").code == "SecretNotFound")
        #expect(try ask("PUT", "/secrets/a_b", ["value": "v"]).status == 400)
        #expect(try ask("PUT", "/secrets/x", ["value": 1]).status == 400)
        #expect(try ask("PUT", "/secrets/x", ["value": .string(String(repeating: "v", count: 25_601))]).status == 400)
        #expect(try ask("DELETE", "/secrets/x").status == 405)
        for number in 0..<60 { #expect(try ask("PUT", "/secrets/x", ["value": .string("\(number)")]).status == 200) }
        #expect(try ask("GET", "/secrets/x/versions").list.count == KeyVaultStandIn.maximumVersions)
    }
}
