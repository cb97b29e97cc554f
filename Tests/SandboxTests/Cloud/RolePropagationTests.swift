import AMQP
import Testing

@testable import Sandbox

/// When roles count on the data plane, and when they stop.
@Suite struct RolePropagationTests {
    private let somebody = CloudSeed.newcomerPrincipal

    @Test func aRoleOpensExactlyItsQueue() throws {
        let fixture = try CloudFixture()
        try fixture.assign(.dataSender, to: somebody, on: "/queues/orders")
        let (client, node) = try fixture.client(of: somebody, for: "orders")
        #expect(!client.isDetached(try client.sender(to: "orders")))
        #expect(client.reason(try client.receiver(from: "orders"))?.condition == .unauthorizedAccess)
        #expect(try fixture.put(fixture.token(of: somebody), for: "emails", over: client, node: node) == 202)
        #expect(client.reason(try client.sender(to: "emails"))?.condition == .unauthorizedAccess)
    }

    @Test(arguments: [("/topics/news", true), ("/topics/news/subscriptions/all", true), ("", true), ("/queues/orders", false)])
    func aSubscriptionIsOpenedFromAbove(_ path: String, _ opens: Bool) throws {
        let fixture = try CloudFixture()
        try fixture.assign(.dataReceiver, to: somebody, on: path)
        let (client, _) = try fixture.client(of: somebody, for: "news/Subscriptions/all")
        #expect(client.isDetached(try client.receiver(from: "news/Subscriptions/all")) == !opens)
    }

    @Test func theTypeOfATokenMayBeWrongItsTextMayNot() throws {
        let fixture = try CloudFixture()
        try fixture.assign(.dataSender, to: somebody)
        let client = try fixture.wire.connectAnonymously()
        let node = try client.node("$cbs")
        let token = try fixture.token(of: somebody)
        #expect(try fixture.put(token, for: "orders", type: "servicebus.windows.net:sastoken", over: client, node: node) == 202)
        #expect(try fixture.put(String(token.dropLast(6)) + "AAAAAA", for: "orders", over: client, node: node) == 401)
        #expect(try fixture.put("SharedAccessSignature sr=x", for: "orders", over: client, node: node) == 401)
        let other = try fixture.token(of: somebody, for: "https://management.azure.com")
        #expect(try fixture.put(other, for: "orders", over: client, node: node) == 401)
        let ended = try fixture.token(of: somebody, seconds: 0)
        #expect(try fixture.put(ended, for: "orders", over: client, node: node) == 401)
    }

    @Test func aRemovedRoleRefusesNewLinksAndEndsOpenOnesAtTheTokensRenewal() throws {
        let fixture = try CloudFixture()
        let name = try fixture.assign(.dataSender, to: somebody, on: "/queues/orders")
        let (client, node) = try fixture.client(of: somebody, for: "orders")
        let open = try client.sender(to: "orders")
        try fixture.unassign(name, on: "/queues/orders")
        try client.send("still", on: open)
        #expect(!client.isDetached(open))
        #expect(client.reason(try client.sender(to: "orders"))?.condition == .unauthorizedAccess)
        #expect(try fixture.put(fixture.token(of: somebody), for: "orders", over: client, node: node) == 202)
        client.run()
        #expect(client.reason(open)?.condition == .detachForced)
        #expect(client.reason(open)?.text?.contains("'Send' claim(s) are required") == true)
    }

    @Test func aLinkEndsWithItsToken() throws {
        let fixture = try CloudFixture()
        try fixture.assign(.dataSender, to: somebody)
        let (client, _) = try fixture.client(of: somebody, for: "orders", seconds: 100)
        let sender = try client.sender(to: "orders")
        fixture.pass(seconds: 99)
        client.run()
        #expect(!client.isDetached(sender))
        fixture.pass(seconds: 1)
        client.run()
        #expect(client.reason(sender)?.condition == .detachForced)
    }

    @Test func aChangeCountsWhenItHasGotAbout() throws {
        let fixture = try CloudFixture()
        fixture.cloud.switches.propagationMilliseconds = 60_000
        let (client, _) = try fixture.client(of: somebody, for: "orders")
        let name = try fixture.assign(.dataSender, to: somebody, on: "/queues/orders")
        fixture.pass(seconds: 59)
        #expect(client.isDetached(try client.sender(to: "orders")))
        fixture.pass(seconds: 1)
        #expect(!client.isDetached(try client.sender(to: "orders")))
        try fixture.unassign(name, on: "/queues/orders")
        // It is gone for whoever lists, and counts still.
        let listed = try fixture.manage(
            "GET", "\(fixture.namespace)/queues/orders/providers/Microsoft.Authorization/roleAssignments/\(name)", as: CloudSeed.admin.id)
        #expect(listed.status == 404)
        #expect(!client.isDetached(try client.sender(to: "orders")))
        fixture.pass(seconds: 60)
        #expect(client.isDetached(try client.sender(to: "orders")))
    }

    @Test func aDeletedPrincipalOpensNothing() throws {
        let fixture = try CloudFixture()
        try fixture.assign(.dataSender, to: somebody)
        let (client, _) = try fixture.client(of: somebody, for: "orders")
        fixture.cloud.directory.principals[somebody] = nil
        #expect(client.isDetached(try client.sender(to: "orders")))
    }

    @Test func withoutLocalAuthenticationOnlyRolesCount() throws {
        let fixture = try CloudFixture()
        let answer = try fixture.manage(
            "PATCH", fixture.namespace, as: CloudSeed.admin.id, version: "2021-11-01", ["properties": ["disableLocalAuth": true]])
        #expect(answer.json["properties"]?["disableLocalAuth"] == true)
        let byKey = try fixture.wire.connect()
        #expect(byKey.closed != nil || byKey.attached.isEmpty)
        try fixture.assign(.dataSender, to: somebody)
        let (client, node) = try fixture.client(of: somebody, for: "orders")
        #expect(!client.isDetached(try client.sender(to: "orders")))
        #expect(try fixture.put("SharedAccessSignature sr=x&sig=eA==&se=99999999999&skn=a", for: "orders", over: client, node: node) == 401)
    }
}
