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

    /// Puts a token of a rule for a queue; answers the status.
    @discardableResult
    private func put(_ rule: String, _ client: WireClient, _ node: WireClient.Node, lifetime: Int64) throws -> Int64? {
        let audience = "sb://sandbox/q"
        let expiry = WallTime(secondsSince1970: client.fixture.clock.milliseconds / 1000 + lifetime)
        let token = SharedAccessSignature.generate(
            resource: audience, keyName: rule, key: Secret("SAS_KEY_VALUE"), expiresAt: expiry)
        let text = token.withRevealedText { String($0) }
        let answer = try client.ask(
            node, "put-token", .value(.string(text)),
            [.init(key: "type", value: "servicebus.windows.net:sastoken"), .init(key: "name", value: .string(audience))])
        return answer?.applicationProperties["status-code"]?.integer
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
