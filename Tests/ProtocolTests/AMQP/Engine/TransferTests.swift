import AMQP
import NIOCore
import Testing

@Suite("Transfers (AMQP 1.0, part 2, 2.6.11 to 2.6.14)")
struct TransferTests {
    @Test("messages of all sizes arrive whole and in order, both ways, in frames of 512 bytes", arguments: slicings)
    func smallFrames(slice: Int) throws {
        let pair = EnginePair(slice: slice, client: { $0.maxFrameSize = 512 }, server: { $0.maxFrameSize = 512 })
        let out = try #require(pair.attach(.sender))
        let back = try #require(pair.attach(.receiver, name: "back", in: out.client.session))
        pair.client.engine.setCredit(back.client, 100)
        pair.run()
        let sizes = [0, 1, 400, 450, 460, 470, 480, 490, 500, 512, 513, 5000, 20_000]
        let messages = sizes.map { size in ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ size) }) }
        for message in messages {
            #expect(pair.client.send(out.client, message, tag: ByteBuffer(integer: UInt32(message.readableBytes))) != nil)
            #expect(pair.server.send(back.server, message, tag: ByteBuffer(integer: UInt32(message.readableBytes))) != nil)
        }
        pair.run()
        #expect(pair.serverDeliveries.map(\.payload) == messages)
        #expect(pair.clientDeliveries.map(\.payload) == messages)
        #expect(pair.serverDeliveries.map(\.id) == (0..<UInt32(sizes.count)).map { $0 })
        #expect(pair.serverDeliveries.last?.tag == ByteBuffer(integer: UInt32(20_000)))
    }

    @Test("no frame is larger than the peer allows", arguments: [UInt32(512), 513, 1000, 65_536])
    func frameSizes(maximum: UInt32) throws {
        let server = try Subject.openServer(Open(containerID: "peer", maxFrameSize: maximum))
        _ = try server.peerBegins(Begin(nextOutgoingID: 0, incomingWindow: 10_000, outgoingWindow: 0))
        let link = try #require(try server.peerAttaches(.receiver("l", handle: 0)))
        server.receive(.flow(.credit(10_000, handle: 0, window: 10_000)))
        for size in [0, 100, Int(maximum) - 60, Int(maximum) - 40, Int(maximum) - 30, Int(maximum), 3 * Int(maximum) + 1] {
            let (head, body) = (ByteBuffer(repeating: 1, count: size / 3), ByteBuffer(repeating: 2, count: size - size / 3))
            _ = server.send(
                link, head, body: body, tag: ByteBuffer(repeating: 7, count: 32), format: .max,
                state: .transactional(transactionID: ByteBuffer(repeating: 9, count: 32), outcome: nil))
            let sent = try server.sent()
            #expect(sent.largestFrame <= Int(maximum))
            #expect(sent.frames.map(\.payload).reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) } == Wire.joined(head, body))
            #expect(sent.frames.dropLast().allSatisfy { $0.summary == "transfer(more)" && $0.payload.readableBytes > 0 })
            #expect(sent.frames.last?.summary == "transfer")
        }
    }

    @Test("parts around the size that is sent from where it lies arrive whole and in order, in frames of 65,536 bytes", arguments: slicings)
    func sharedParts(slice: Int) throws {
        let pair = EnginePair(slice: slice)
        let out = try #require(pair.attach(.sender))
        let sizes = [(0, 16_383), (16_384, 0), (16_384, 16_384), (100, 65_000), (65_536, 1), (1, 200_000), (3, 4)]
        let messages = sizes.map { (ByteBuffer(repeating: 3, count: $0), ByteBuffer(repeating: 4, count: $1)) }
        for (head, body) in messages {
            #expect(pair.client.send(out.client, head, body: body, tag: ByteBuffer(integer: UInt32(body.readableBytes))) != nil)
        }
        pair.run()
        #expect(pair.serverDeliveries.map(\.payload) == messages.map { Wire.joined($0, $1) })
    }

    @Test("large parts are handed over as they are, small ones together")
    func sharedStorage() throws {
        let server = try Subject.openServer(Open(containerID: "peer", maxFrameSize: 1_000_000))
        _ = try server.peerBegins(Begin(nextOutgoingID: 0, incomingWindow: .max, outgoingWindow: 0))
        let link = try #require(try server.peerAttaches(.receiver("l", handle: 0)))
        server.receive(.flow(.credit(10, handle: 0, window: .max)))
        let (small, large) = (ByteBuffer(repeating: 1, count: 16_383), ByteBuffer(repeating: 2, count: 16_384))
        for part in [small, small, large, small] { #expect(server.send(link, part) != nil) }
        var pieces: [ByteBuffer] = []
        #expect(server.engine.takeOutbound(now: server.now) { pieces.append($0) })
        #expect(server.engine.outboundBytes == 0)
        #expect(!server.engine.takeOutbound(now: server.now) { _ in Issue.record("nothing is left") })
        try #require(pieces.count == 3)
        #expect(pieces[1] == large)
        let places = [pieces[1], large].map { $0.withUnsafeReadableBytes { $0.baseAddress } }
        #expect(places[0] == places[1])
        let sent = try SentBytes(pieces.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) })
        #expect(sent.frames.map(\.payload) == [small, small, large, small])
    }

    @Test("a large message leaves in portions, so that it never lies there twice")
    func portions() throws {
        let server = try Subject.openServer(Open(containerID: "peer", maxFrameSize: 65_536))
        let session = try #require(try server.peerBegins(Begin(nextOutgoingID: 0, incomingWindow: .max, outgoingWindow: 0)))
        let link = try #require(try server.peerAttaches(.receiver("l", handle: 0)))
        server.receive(.flow(.credit(10, handle: 0, window: .max)))
        let message = ByteBuffer(repeating: 5, count: 5_000_000)
        _ = server.send(link, message)
        #expect(server.engine.outboundBytes < 400_000)
        #expect(server.engine.hasRoom(session) == false)
        // A heartbeat or a flow finds its place between the portions.
        let first = try #require(server.portion())
        server.receive(.flow(Flow(nextIncomingID: 0, incomingWindow: .max, nextOutgoingID: 0, outgoingWindow: 0, echo: true)))
        let second = try #require(server.portion())
        #expect(try SentBytes(second).frames.first?.summary == "flow(session)")
        let rest = server.bytes()
        let frames = try SentBytes(Wire.joined(first, second, rest)).frames.filter { $0.summary != "flow(session)" }
        #expect(frames.map(\.payload.readableBytes).reduce(0, +) == 5_000_000)
        #expect(server.engine.hasRoom(session) == true)
    }

    @Test("deliveries of different links may be interleaved, frame by frame")
    func interleaved() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        _ = try server.peerAttaches(.sender("a", handle: 0), credit: 5)
        _ = try server.peerAttaches(.sender("b", handle: 1), credit: 5)
        server.receive(.transfer(.first(0, 0, more: true)), payload: ByteBuffer(string: "a1"))
        server.receive(.transfer(.first(1, 1, more: true)), payload: ByteBuffer(string: "b1"))
        server.receive(.transfer(Transfer(handle: 0, more: true)), payload: ByteBuffer(string: "a2"))
        server.receive(.transfer(Transfer(handle: 1, settled: true)), payload: ByteBuffer(string: "b2"))
        server.receive(.transfer(Transfer(handle: 0, deliveryID: 0)), payload: ByteBuffer(string: "a3"))
        let deliveries = server.events().compactMap { if case .delivery(_, let delivery) = $0 { delivery } else { nil } }
        #expect(deliveries.map { String(buffer: $0.payload) } == ["b1b2", "a1a2a3"])
        #expect(deliveries.map(\.settled) == [true, false])
        #expect(deliveries.map(\.id) == [1, 0])
    }

    @Test("an aborted delivery is dropped, whatever of it had come, and counts against the credit")
    func aborted() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        let link = try #require(try server.peerAttaches(.sender("l", handle: 0), credit: 3))
        server.receive(.transfer(.first(0, 0, more: true)), payload: ByteBuffer(string: "part"))
        server.receive(.transfer(Transfer(handle: 0, aborted: true)))
        server.receive(.transfer(Transfer(handle: 0, deliveryID: 1, deliveryTag: ByteBuffer(), aborted: true)))
        server.receive(.transfer(.first(0, 2)), payload: ByteBuffer(string: "whole"))
        #expect(server.told() == ["delivery 2"])
        #expect(server.engine.credit(link) == 0)
    }

    @Test("a delivery that begins before the last of its link has ended is a violation")
    func overlapping() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        _ = try server.peerAttaches(.sender("l", handle: 0), credit: 3)
        server.receive(.transfer(.first(0, 0, more: true)))
        server.receive(.transfer(.first(0, 1)))
        #expect(server.told() == ["closed violation amqp:invalid-field"])
    }

    @Test("a first transfer without a delivery id is a violation", arguments: [true, false])
    func withoutID(more: Bool) throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        _ = try server.peerAttaches(.sender("l", handle: 0), credit: 3)
        server.receive(.transfer(Transfer(handle: 0, deliveryTag: ByteBuffer(), more: more)))
        #expect(server.told() == ["closed violation amqp:invalid-field"])
    }

    @Test("a transfer on a link we send on ends the session")
    func wrongDirection() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        _ = try server.peerAttaches(.receiver("l", handle: 0))
        server.receive(.transfer(.first(0, 0)))
        #expect(server.told() == ["sessionEnded amqp:not-allowed"])
    }

    @Test("a transfer before its link was accepted ends the session")
    func beforeAccept() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        server.receive(.attach(.sender("l", handle: 0)))
        server.receive(.transfer(.first(0, 0)))
        #expect(server.told() == ["linkRequested l", "sessionEnded amqp:not-allowed"])
    }

    @Test("a half delivery is forgotten when its link detaches, and a new link of that handle starts afresh")
    func halfDelivery() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        _ = try server.peerAttaches(.sender("l", handle: 0), credit: 3)
        server.receive(.transfer(.first(0, 0, more: true)), payload: ByteBuffer(string: "old"))
        server.receive(.detach(Detach(handle: 0, closed: true)))
        _ = try server.peerAttaches(.sender("l", handle: 0), credit: 3)
        server.receive(.transfer(.first(0, 1)), payload: ByteBuffer(string: "new"))
        guard case .delivery(_, let delivery)? = server.events().last else { return #expect(Bool(false), "no delivery") }
        #expect(String(buffer: delivery.payload) == "new")
    }

    @Test("a tag longer than 32 bytes is not sent")
    func longTag() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        let link = try #require(try server.peerAttaches(.receiver("l", handle: 0)))
        server.receive(.flow(.credit(1, handle: 0)))
        #expect(server.send(link, ByteBuffer(), tag: ByteBuffer(repeating: 0, count: 33)) == nil)
        #expect(server.engine.credit(link) == 1)
    }

    // MARK: Dispositions

    @Test("a disposition reaches the other side as it was sent", arguments: slicings)
    func dispositions(slice: Int) throws {
        let pair = EnginePair(slice: slice)
        let link = try #require(pair.attach(.sender))
        let error = AMQPError("com.microsoft:dead-letter", "why", info: ["DeadLetterReason": .string("r")])
        _ = pair.server.dispose(link.server.session, .rejected(error), first: 3, last: 9, settled: true)
        _ = pair.server.dispose(link.server.session, .accepted, first: 4, last: 4, settled: false)
        pair.run()
        let seen = pair.clientEvents.compactMap { if case .disposition(_, let disposition) = $0 { disposition } else { nil } }
        #expect(seen.map(\.first) == [3, 4])
        #expect(seen.map(\.last) == [9, nil])
        #expect(seen.first?.state == .rejected(error))
    }

    @Test("an outcome larger than the peer's frames is refused, an error's text is shortened")
    func largeOutcome() throws {
        let server = try Subject.openServer(Open(containerID: "peer", maxFrameSize: 512))
        let session = try #require(try server.peerBegins())
        let long = String(repeating: "x", count: 600)
        let modified = DeliveryState.Modified(messageAnnotations: ["long": .string(long)])
        #expect(!server.dispose(session, .modified(modified)))
        let reasons = AMQPError("com.microsoft:dead-letter", nil, info: ["DeadLetterReason": .string(long)])
        #expect(!server.dispose(session, .rejected(reasons)))
        #expect(try server.said() == [])
        #expect(server.dispose(session, .rejected(AMQPError(.notFound, long))))
        let sent = try server.sent()
        #expect(sent.largestFrame <= 512)
        guard case .disposition(let disposition)? = sent.frames.first?.body, case .rejected(let error?) = disposition.state else {
            return #expect(Bool(false), "no disposition")
        }
        #expect(error.condition == .notFound)
        #expect(error.text == String(long.prefix(48)))
    }
}
