import AMQP
import Foundation
import NIOCore
import Testing

@Suite(
    "Connections of the real service, played back to a client",
    .enabled(if: RecordedBytes.areAvailable, "no recordings at CALLBOARD_VECTORS"))
struct RecordedConnectionTests {
    /// A client that opens the links a recording answers, in the recording's order.
    private func client(for recording: ByteBuffer) throws -> Subject {
        let client = Subject(EngineConfiguration(side: .client, containerID: "c", hostname: "h", security: .client([.anonymous])))
        let session = try #require(client.begin())
        for frame in try SentBytes(recording).frames {
            guard case .attach(let attach) = frame.body else { continue }
            let id = try #require(client.attach(session, attach.name, attach.role.opposite))
            if attach.role == .sender { client.engine.setCredit(id, 10) }
        }
        return client
    }

    private func play(_ name: String, slice: Int) throws -> (events: [Event], sent: SentBytes) {
        var recording = try RecordedBytes.frames(name)
        let client = try client(for: recording)
        while let part = recording.readSlice(length: min(slice, recording.readableBytes)), part.readableBytes > 0 { client.receive(part) }
        return (client.events(), try client.sent())
    }

    @Test("a sender and a receiver, three messages, and the service's detaches", arguments: slicings)
    func roundTrip(slice: Int) throws {
        let (events, sent) = try play("3-roundtrip.bin", slice: slice)
        #expect(
            events.map { $0.summary.prefix(12) } == [
                "opened", "sessionBegun", "linkAttached", "flow 1000", "linkAttached", "linkDetached", "delivery 0", "delivery 1",
                "delivery 2", "linkDetached",
            ])
        for case .delivery(_, let delivery) in events {
            // A lock token in .NET's byte order.
            #expect(delivery.tag.readableBytes == 16)
            #expect(!delivery.settled)
            let message = try Message(delivery.payload)
            #expect(message.messageAnnotations?["x-opt-sequence-number"]?.integer != nil)
            #expect(message.has(.body))
        }
        #expect(sent.headers == [3, 0])
        #expect(sent.sasl.count == 1)
        #expect(sent.frames.filter { $0.summary == "detach" }.count == 2, "each detach is answered")
    }

    @Test("messages of a queue", arguments: ["s2.bin", "session1.bin"], slicings)
    func receives(name: String, slice: Int) throws {
        let (events, _) = try play(name, slice: slice)
        let deliveries = events.compactMap { if case .delivery(_, let delivery) = $0 { delivery } else { nil } }
        #expect(deliveries.map(\.id) == (0..<UInt32(name == "s2.bin" ? 4 : 1)).map { $0 })
        for delivery in deliveries { #expect(try Message(delivery.payload).properties != nil) }
        #expect(!events.contains { $0.summary.hasPrefix("closed") })
    }

    @Test("what the service says of itself")
    func open() throws {
        let (events, _) = try play("s2.bin", slice: .max)
        guard case .opened(let open)? = events.first else { return #expect(Bool(false), "not opened") }
        #expect(open.containerID.hasSuffix("_G0"))
        #expect(open.maxFrameSize == 512)
        #expect(open.channelMax == 1)
        #expect(open.idleTimeout == 240_000)
    }

    @Test("a receiver that was idle for ten minutes is detached, with the reason", arguments: slicings)
    func idleDetach(slice: Int) throws {
        let client = try Subject.openClient()
        let session = try #require(client.begin())
        client.receive(.begin(Begin(remoteChannel: 0, nextOutgoingID: 1, incomingWindow: 5000, outgoingWindow: 5000)), channel: 1)
        _ = client.attach(session, "consumer", .receiver)
        client.receive(.attach(.sender("consumer", handle: 0)), channel: 1)
        _ = client.events()
        var recording = try RecordedBytes.frames("detach-idle-2019-js2540.bin")
        while let part = recording.readSlice(length: min(slice, recording.readableBytes)), part.readableBytes > 0 { client.receive(part) }
        guard case .linkDetached(_, let error?, closed: true)? = client.events().first else {
            return #expect(Bool(false), "not detached")
        }
        #expect(error.condition == .detachForced)
        #expect(error.text?.contains("is force detached") == true)
    }
}
