import AMQP
import NIOCore
import Testing

@testable import Sandbox

/// Each fault does what it says, as often as it says.
@Suite struct WireFaultTests {
    @Test func aConnectionIsCutAfterTheFrameAndTheAnswerIsLost() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let sender = try client.sender()
        fixture.setFaults { $0.dropConnectionAfterFrames = 2 }
        let first = try client.send("a", on: sender)
        #expect(client.outcome(first) == .accepted)
        let second = try client.send("b", on: sender)
        #expect(client.outcome(second) == nil)
        #expect(client.closed == .some(.disconnected))
        // What the frame asked for is done all the same.
        #expect(try fixture.queue().texts() == ["a", "b"])
    }

    @Test func framesOfOneReadAreCutInTheMiddle() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let sender = try client.sender()
        fixture.setFaults { $0.dropConnectionAfterFrames = 3 }
        for body in ["a", "b", "c", "d", "e"] {
            _ = client.engine.send(sender, head: client.content(body).encoded, tag: ByteBuffer(string: body))
        }
        client.run()
        #expect(try fixture.queue().texts() == ["a", "b", "c"])
    }

    @Test func theNextConnectionCountsFromItsOwnBeginning() throws {
        let fixture = try WireFixture()
        fixture.setFaults { $0.dropConnectionAfterFrames = 4 }
        for _ in 0..<2 {
            // Open, begin, attach and a transfer; SASL frames and the protocol header do not count.
            let client = try fixture.connect()
            let sender = try client.sender()
            #expect(client.closed == nil)
            try client.send("x", on: sender)
            #expect(client.closed == .some(.disconnected))
        }
        #expect(try fixture.counts().active == 2)
    }

    @Test func aLinkIsDetachedAfterItsDeliveries() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        fixture.setFaults { $0.detachAfterDeliveries = 2 }
        let sender = try client.sender()
        for body in ["a", "b"] { #expect(client.outcome(try client.send(body, on: sender)) == .accepted) }
        #expect(client.reason(sender)?.condition == .detachForced)
        #expect(client.reason(sender)?.text?.contains("AmqpMessagePublisher.IdleTimerExpired") == true)
        try fixture.send(["c"])
        let receiver = try client.receiver(credit: 10)
        #expect(try client.texts(on: receiver) == ["a", "b"])
        #expect(client.reason(receiver)?.text?.contains("AmqpMessageConsumer.IdleTimerExpired") == true)
    }

    @Test(arguments: [true, false]) func whatIsNotSentOnADetachedLinkStaysFree(isDeleting: Bool) throws {
        let fixture = try WireFixture()
        try fixture.send((0..<50).map { "\($0)" })
        let client = try fixture.connect()
        fixture.setFaults { $0.detachAfterDeliveries = 5 }
        let receiver = try client.receiver(credit: 50, settled: isDeleting)
        #expect(client.isDetached(receiver))
        #expect(try client.texts(on: receiver) == (0..<5).map { "\($0)" })
        let rest = try fixture.queue().receive(maxCount: 100, mode: .peekLock)
        #expect(try rest.map { try $0.text } == (5..<50).map { "\($0)" })
        #expect(rest.allSatisfy { $0.deliveryCount == 0 })
    }

    @Test(arguments: [("serverBusy", "the entity is being throttled"), ("throttle", "Error code : 50009")])
    func sendsAndRequestsAreRefused(fault: String, text: String) throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let sender = try client.sender()
        let management = try client.node("q/$management")
        fixture.hub.setFaults(try SandboxFaults(json: Array(#"{"\#(fault)":2}"#.utf8)))
        let error = client.outcome(try client.send("a", on: sender)).error
        #expect(error?.condition == "com.microsoft:server-busy")
        #expect(error?.text?.contains(text) == true)
        let answer = try client.ask(management, "peek-message", ["from-sequence-number": .long(0), "message-count": .int(1)])
        #expect(answer?.status == 503)
        #expect(answer?.condition == "com.microsoft:server-busy")
        #expect(fixture.hub.faults.remaining == SandboxFaults())
        #expect(try fixture.counts().active == 0)
        #expect(client.outcome(try client.send("b", on: sender)) == .accepted)
    }

    @Test func outcomesAreLostAndTheWorkIsDone() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let sender = try client.sender()
        fixture.setFaults { $0.loseDispositions = 2 }
        #expect(client.outcome(try client.send("a", on: sender)) == nil)
        let receiver = try client.receiver(credit: 1)
        let delivery = try #require(client.received(on: receiver).first)
        client.settle(delivery, .accepted)
        #expect(client.outcome(delivery.id, from: .sender) == nil)
        #expect(try fixture.counts().active == 0)
        #expect(client.outcome(try client.send("b", on: sender)) == .accepted)
    }

    @Test func responsesAreLostAndTheWorkIsDone() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        try fixture.send(["a"])
        let management = try client.node("q/$management")
        let arguments: AMQPMap = ["message-count": .int(10), "enqueued-time-utc": .timestamp(fixture.clock.milliseconds + 1)]
        fixture.setFaults { $0.loseResponses = 1 }
        #expect(try client.ask(management, "batch-delete-messages", arguments) == nil)
        #expect(try fixture.counts().active == 0)
        #expect(try client.ask(management, "batch-delete-messages", arguments)?.status == 204)
    }

    @Test func answersComeLater() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let sender = try client.sender()
        let management = try client.node("q/$management")
        fixture.setFaults { $0.delayResponsesMilliseconds = 500 }
        let number = try client.send("a", on: sender)
        #expect(try client.ask(management, "peek-message", ["from-sequence-number": .long(0), "message-count": .int(1)]) == nil)
        fixture.pass(milliseconds: 499)
        client.run()
        #expect(client.outcome(number) == nil)
        fixture.pass(milliseconds: 1)
        client.run()
        #expect(client.outcome(number) == .accepted)
        #expect(client.received(on: management.replies).count == 1)
    }

    @Test func releasesCountWhenAskedTo() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        try fixture.send(["a"])
        let receiver = try client.receiver(credit: 1)
        for (counts, expected) in [(false, 0), (true, 1), (true, 2)] {
            fixture.setFaults { $0.countReleases = counts }
            client.settle(try #require(client.received(on: receiver).last), .released)
            #expect(try fixture.queue().peekAll().first?.deliveryCount == UInt32(expected))
            client.grant(1, on: receiver)
        }
    }

    // MARK: As text

    @Test func faultsAreReadAndWritten() throws {
        var faults = SandboxFaults()
        faults.serverBusy = 3
        faults.countReleases = true
        #expect(try SandboxFaults(json: Array(#"{"serverBusy": 3, "countReleases": true}"#.utf8)) == faults)
        #expect(try SandboxFaults(json: Array(faults.json.utf8)) == faults)
        #expect(try SandboxFaults(json: Array("{}".utf8)) == SandboxFaults())
    }

    @Test(arguments: [
        "", "[]", "{", #"{"serverbusy":1}"#, #"{"serverBusy":-1}"#, #"{"serverBusy":1.5}"#, #"{"serverBusy":"1"}"#,
        #"{"serverBusy":99999999999999999999}"#, #"{"countReleases":1}"#, #"{"delayResponsesMilliseconds":600001}"#,
    ])
    func otherTextIsRefused(text: String) {
        #expect(throws: SandboxFaults.ParseError.self) { try SandboxFaults(json: Array(text.utf8)) }
    }
}
