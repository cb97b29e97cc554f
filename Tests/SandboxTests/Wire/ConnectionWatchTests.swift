import AMQP
import Identity
import NIOCore
import Testing

@testable import Sandbox

/// What the service ends by itself: idle links and connections, and links whose token is no good any more.
@Suite struct ConnectionWatchTests {
    @Test func aConnectionWithoutLinksIsClosedAfterAMinute() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        fixture.pass(milliseconds: 59_999)
        client.run()
        #expect(client.closed == nil)
        fixture.pass(milliseconds: 1)
        client.run()
        guard case .closedByPeer(let error?)?? = client.closed else {
            Issue.record("\(client.closed as Any)")
            return
        }
        #expect(error.condition == .connectionForced)
        #expect(error.text?.contains("60000 milliseconds and is closed by container 'LinkTracker'. TrackingId:") == true)
    }

    @Test func aConnectionWhoseLinksAreGoneIsClosedAfterFiveMinutes() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let sender = try client.sender()
        fixture.pass(milliseconds: 100_000)
        client.detach(sender)
        fixture.pass(milliseconds: 299_999)
        client.run()
        #expect(client.closed == nil)
        fixture.pass(milliseconds: 1)
        client.run()
        guard case .closedByPeer(let error?)?? = client.closed else {
            Issue.record("\(client.closed as Any)")
            return
        }
        #expect(error.text?.contains("300000 milliseconds") == true)
    }

    @Test func aLinkIsDetachedTenMinutesAfterItWasUsed() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let sender = try client.sender()
        let receiver = try client.receiver()
        fixture.pass(milliseconds: 300_000)
        try client.send("a", on: sender)
        fixture.pass(milliseconds: 300_000)
        client.run()
        #expect(!client.isDetached(sender))
        #expect(client.reason(receiver)?.condition == .detachForced)
        #expect(client.reason(receiver)?.text?.contains("AmqpMessageConsumer.IdleTimerExpired: Idle timeout: 00:10:00.") == true)
        fixture.pass(milliseconds: 300_000)
        client.run()
        #expect(client.reason(sender)?.text?.contains("AmqpMessagePublisher.IdleTimerExpired: Idle timeout: 00:10:00.") == true)
    }

    @Test func aReceiverThatWaitsIsNotIdle() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let receiver = try client.receiver(credit: 1)
        fixture.pass(milliseconds: 1_500_000)
        client.run()
        #expect(!client.isDetached(receiver))
        try fixture.send(["a"])
        client.run()
        #expect(try client.texts(on: receiver) == ["a"])
    }

    @Test func settlingIsUse() throws {
        let fixture = try WireFixture { broker in
            var settings = QueueSettings()
            settings.lockDuration = 1_000_000
            try broker.createQueue("q", settings)
        }
        try fixture.send(["a"])
        let client = try fixture.connect()
        let receiver = try client.receiver(credit: 1)
        fixture.pass(milliseconds: 400_000)
        client.settle(try #require(client.received(on: receiver).first), .accepted)
        fixture.pass(milliseconds: 400_000)
        client.run()
        #expect(!client.isDetached(receiver))
    }

    // MARK: Tokens

    @Test func aConnectionThatBringsNoValidTokenIsClosedAfterTwentySeconds() throws {
        let fixture = try WireFixture()
        let silent = try fixture.connectAnonymously()
        let wrong = try fixture.connectAnonymously()
        #expect(try put("RootManageSharedAccessKey", wrong, wrong.node("$cbs"), lifetime: 100, key: "wrong") == 401)
        let good = try fixture.connectAnonymously()
        #expect(try put("RootManageSharedAccessKey", good, good.node("$cbs"), lifetime: 100) == 202)
        fixture.pass(milliseconds: 19_999)
        for client in [silent, wrong, good] {
            client.run()
            #expect(client.closed == nil)
        }
        fixture.pass(milliseconds: 1)
        for client in [silent, wrong] {
            client.run()
            guard case .closedByPeer(let error?)?? = client.closed else {
                Issue.record("\(client.closed as Any)")
                continue
            }
            #expect(error.condition == .connectionForced)
            #expect(error.text?.contains("20000 milliseconds") == true)
        }
        good.run()
        #expect(good.closed == nil)
        // From here on the time without links counts, from the beginning.
        fixture.pass(milliseconds: 40_000)
        good.run()
        #expect(good.closed == nil, "the links to $cbs are links")
    }

    /// Puts a token of a rule, for a queue where nothing else is said; answers the status.
    /// - Parameter resource: what the token is for; nil for the audience.
    @discardableResult
    private func put(
        _ rule: String, _ client: WireClient, _ node: WireClient.Node, lifetime: Int64, key: String = "SAS_KEY_VALUE",
        audience: String = "sb://sandbox/q", resource: String? = nil
    ) throws -> Int64? {
        let expiry = WallTime(secondsSince1970: client.fixture.clock.milliseconds / 1000 + lifetime)
        let token = SharedAccessSignature.generate(
            resource: resource ?? audience, keyName: rule, key: Secret(key), expiresAt: expiry)
        let text = token.withRevealedText { String($0) }
        let answer = try client.ask(
            node, "put-token", .value(.string(text)),
            [.init(key: "type", value: "servicebus.windows.net:sastoken"), .init(key: "name", value: .string(audience))])
        return answer?.applicationProperties["status-code"]?.integer
    }

    @Test func aTokenOpensNoMoreThanItIsFor() throws {
        let fixture = try WireFixture { for name in ["q", "other"] { try $0.createQueue(name) } }
        let client = try fixture.connectAnonymously()
        let tokens = try client.node("$cbs")
        for audience in ["sb://sandbox", "sb://sandbox/", "sb://sandbox/other"] {
            #expect(
                try put("RootManageSharedAccessKey", client, tokens, lifetime: 100, audience: audience, resource: "sb://sandbox/q") == 401)
        }
        let refused = try client.sender(to: "other")
        #expect(client.reason(refused)?.condition == .unauthorizedAccess)
        // One for the whole namespace opens a part of it, and all of it.
        for (audience, address) in [("sb://sandbox/q", "q"), ("sb://sandbox/", "other")] {
            #expect(
                try put("RootManageSharedAccessKey", client, tokens, lifetime: 100, audience: audience, resource: "sb://sandbox/") == 202)
            let sender = try client.sender(to: address)
            #expect(!client.isDetached(sender))
        }
    }

    @Test func aTokenThatExpiresDetachesItsLinks() throws {
        let fixture = try WireFixture()
        let client = try fixture.connectAnonymously()
        let tokens = try client.node("$cbs")
        #expect(try put("RootManageSharedAccessKey", client, tokens, lifetime: 100) == 202)
        let (sender, receiver) = (try client.sender(), try client.receiver(credit: 1))
        fixture.pass(milliseconds: 50_000)
        // Renewed in time: the links stay.
        #expect(try put("RootManageSharedAccessKey", client, tokens, lifetime: 100) == 202)
        fixture.pass(milliseconds: 99_000)
        client.run()
        #expect(!client.isDetached(sender))
        fixture.pass(milliseconds: 1000)
        client.run()
        for (link, claim) in [(sender, "Send"), (receiver, "Listen")] {
            #expect(client.reason(link)?.condition == .detachForced)
            let text =
                "Code: RenewToken. Details: Unauthorized access. '\(claim)' claim(s) are required to perform this operation. "
                + "Resource: 'sb://sandbox/q'."
            #expect(client.reason(link)?.text?.contains(text) == true)
        }
    }

    @Test func aNewTokenThatAllowsLessDetachesWhatItDoesNotAllow() throws {
        let fixture = try WireFixture()
        let client = try fixture.connectAnonymously()
        let tokens = try client.node("$cbs")
        try put("RootManageSharedAccessKey", client, tokens, lifetime: 100)
        let (sender, receiver) = (try client.sender(), try client.receiver())
        #expect(try put("ListenOnly", client, tokens, lifetime: 100) == 202)
        #expect(client.isDetached(sender))
        #expect(!client.isDetached(receiver))
    }

    // MARK: Keys of one entity

    /// A queue with a key of its own.
    private func keyed(_ edit: (inout EntityAuthorizationRule) -> Void = { _ in }) -> QueueSettings {
        var rule = EntityAuthorizationRule(
            name: "app", rights: [.send, .listen], primaryKey: "first", secondaryKey: "second", createdAt: 0, modifiedAt: 0)
        edit(&rule)
        var settings = QueueSettings()
        settings.administrative.authorizationRules = [rule]
        return settings
    }

    /// A client that sends by a token of the queue's own rule.
    private func sender(_ fixture: WireFixture, key: String) throws -> (client: WireClient, link: LinkID) {
        let client = try fixture.connectAnonymously()
        #expect(try put("app", client, client.node("$cbs"), lifetime: 1000, key: key) == 202)
        return (client, try client.sender())
    }

    @Test func aTokenEndsWithTheRuleThatSignedIt() throws {
        let fixture = try WireFixture { try $0.createQueue("q", keyed()) }
        let (client, link) = try sender(fixture, key: "first")
        let other = try fixture.connect()
        let untouched = try other.sender()
        try fixture.broker.update("q", to: QueueSettings())
        client.run()
        other.run()
        #expect(client.reason(link)?.condition == .detachForced)
        #expect(client.reason(link)?.text?.contains("Unauthorized access. 'Send' claim(s) are required") == true)
        let again = try client.sender()
        #expect(client.reason(again)?.condition == .unauthorizedAccess)
        #expect(!other.isDetached(untouched))
    }

    @Test func aTokenEndsWhenTheKeyThatSignedItIsReplaced() throws {
        let fixture = try WireFixture { try $0.createQueue("q", keyed()) }
        let (first, firstLink) = try sender(fixture, key: "first")
        let (second, secondLink) = try sender(fixture, key: "second")
        try fixture.broker.update("q", to: keyed { $0.primaryKey = "new" })
        first.run()
        second.run()
        #expect(first.reason(firstLink)?.condition == .detachForced)
        #expect(!second.isDetached(secondLink))
    }

    @Test func aTokenEndsWhenItsRuleAllowsSomethingElse() throws {
        let fixture = try WireFixture { try $0.createQueue("q", keyed()) }
        let (client, link) = try sender(fixture, key: "first")
        try fixture.broker.update("q", to: keyed { $0.rights = .listen })
        client.run()
        #expect(client.reason(link)?.condition == .detachForced)
    }

    @Test func aTokenDoesNotOutliveItsEntity() throws {
        let fixture = try WireFixture { try $0.createQueue("q", keyed()) }
        let (client, _) = try sender(fixture, key: "first")
        try fixture.broker.remove("q")
        try fixture.broker.createQueue("q")
        client.run()
        let again = try client.sender()
        #expect(client.reason(again)?.condition == .unauthorizedAccess)
    }

    @Test func withoutATokenALinkIsRefused() throws {
        let fixture = try WireFixture()
        let client = try fixture.connectAnonymously()
        let sender = try client.sender()
        #expect(client.reason(sender)?.condition == .unauthorizedAccess)
        #expect(client.reason(sender)?.text?.contains("TrackingId:") == true)
        // The attach that refuses names neither source nor target.
        #expect(client.attached[sender]?.source == nil)
        #expect(client.attached[sender]?.target == nil)
    }
}
