import AMQP
import NIOCore
import Testing

@Suite("Sessions (AMQP 1.0, part 2, 2.5)")
struct SessionTests {
    @Test("each side may begin; the other answers on its own channel", arguments: slicings)
    func begins(slice: Int) throws {
        let pair = EnginePair(slice: slice)
        pair.run()
        let ours = try #require(pair.client.begin())
        let theirs = try #require(pair.server.begin())
        pair.run()
        #expect(pair.clientEvents.map(\.summary) == ["opened", "sessionBegun", "sessionBegun"])
        #expect(pair.serverEvents.map(\.summary) == ["saslInitiated ANONYMOUS", "opened", "sessionBegun", "sessionBegun"])
        pair.client.engine.end(ours)
        pair.server.engine.end(theirs)
        pair.run()
        #expect(pair.clientEvents.suffix(2).map(\.summary) == ["sessionEnded", "sessionEnded"])
        #expect(pair.serverEvents.suffix(2).map(\.summary) == ["sessionEnded", "sessionEnded"])
    }

    @Test("an end with an error reaches the other side, and a channel is used again afterwards")
    func ends() throws {
        let pair = EnginePair(slice: .max)
        let first = try #require(pair.client.begin())
        pair.run()
        pair.client.engine.end(first, AMQPError(.internalError, "why"))
        pair.run()
        #expect(pair.serverEvents.last?.summary == "sessionEnded amqp:internal-error")
        let second = try #require(pair.client.begin())
        pair.run()
        #expect(second != first)
        #expect(pair.client.attach(first, "l", .sender) == nil)
        #expect(pair.clientEvents.last?.summary == "sessionBegun")
    }

    @Test("a session ended before it was answered ends when the answer and the end have come")
    func endCrossesBegin() throws {
        let client = try Subject.openClient()
        let session = try #require(client.begin())
        client.engine.end(session)
        client.receive(.begin(Begin(remoteChannel: 0, nextOutgoingID: 0, incomingWindow: 10, outgoingWindow: 10)), channel: 7)
        #expect(client.told() == [])
        client.receive(.end(End()), channel: 7)
        #expect(client.told() == ["sessionEnded"])
        #expect(try client.said() == ["begin", "end"])
    }

    @Test("ends that cross need no answer")
    func endsCross() throws {
        let server = try Subject.openServer()
        let session = try #require(try server.peerBegins())
        server.engine.end(session)
        server.receive(.end(End()))
        #expect(server.told() == ["sessionEnded"])
        #expect(try server.said() == ["end"])
    }

    @Test("between our end and the peer's, what was on its way is ignored")
    func discards() throws {
        let server = try Subject.openServer()
        let session = try #require(try server.peerBegins())
        let link = try #require(try server.peerAttaches(.sender("l", handle: 0), credit: 10))
        server.engine.end(session)
        server.receive(.transfer(.first(0, 0)))
        server.receive(.flow(.credit(1, handle: 0, echo: true)))
        server.receive(.attach(.sender("m", handle: 1)))
        server.receive(.disposition(Disposition(role: .sender, first: 0)))
        server.receive(.detach(Detach(handle: 0)))
        #expect(server.told() == [])
        #expect(try server.said() == ["end"])
        #expect(server.engine.credit(link) == 0)
        server.receive(.end(End()))
        #expect(server.told() == ["sessionEnded"])
    }

    @Test("after the peer's own end a late detach is nothing, a transfer or attach is a violation")
    func afterEnd() throws {
        for violation in [Performative.transfer(.first(0, 0)), .attach(.sender("l", handle: 0))] {
            let server = try Subject.openServer()
            _ = try server.peerBegins()
            server.receive(.end(End()))
            _ = server.told()
            server.receive(.detach(Detach(handle: 0, closed: true)))
            server.receive(.flow(.credit(1, handle: 0)))
            server.receive(.disposition(Disposition(role: .receiver, first: 0)))
            server.receive(.end(End()))
            #expect(server.told() == [])
            server.receive(violation)
            #expect(server.told() == ["closed violation amqp:not-allowed"])
        }
    }

    @Test("a channel that has a session cannot begin another")
    func twice() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        server.receive(.begin(.usual))
        #expect(server.told() == ["closed violation amqp:not-allowed"])
    }

    @Test("an answer to a begin nobody sent is a violation", arguments: [UInt16(0), 3, .max])
    func unasked(channel: UInt16) throws {
        let client = try Subject.openClient()
        client.receive(.begin(Begin(remoteChannel: channel, nextOutgoingID: 0, incomingWindow: 1, outgoingWindow: 1)))
        #expect(client.told() == ["closed violation amqp:not-allowed"])
    }

    @Test("a second answer to one begin is a violation")
    func answeredTwice() throws {
        let client = try Subject.openClient()
        _ = client.begin()
        client.receive(.begin(Begin(remoteChannel: 0, nextOutgoingID: 0, incomingWindow: 1, outgoingWindow: 1)), channel: 1)
        client.receive(.begin(Begin(remoteChannel: 0, nextOutgoingID: 0, incomingWindow: 1, outgoingWindow: 1)), channel: 2)
        #expect(client.told() == ["sessionBegun", "closed violation amqp:not-allowed"])
    }

    @Test("channels stay within what either side allows")
    func channelMax() throws {
        let client = try Subject.openClient(Open(containerID: "peer", channelMax: 1))
        #expect(client.begin() != nil)
        #expect(client.begin() != nil)
        #expect(client.begin() == nil)
        let server = try Subject.openServer { $0.channelMax = 2 }
        server.receive(.begin(.usual), channel: 3)
        #expect(server.told() == ["closed violation amqp:connection:framing-error"])
        let narrow = try Subject.openServer(Open(containerID: "peer", channelMax: 0))
        narrow.receive(.begin(.usual), channel: 5)
        narrow.receive(.begin(.usual), channel: 6)
        #expect(narrow.told() == ["sessionBegun", "closed violation amqp:resource-limit-exceeded"])
    }

    @Test("the same channel numbers may mean different sessions in the two directions")
    func channelsOfTheirOwn() throws {
        let client = try Subject.openClient()
        let first = try #require(client.begin())
        let second = try #require(client.begin())
        client.receive(.begin(Begin(remoteChannel: 1, nextOutgoingID: 0, incomingWindow: 1, outgoingWindow: 1)), channel: 0)
        client.receive(.begin(Begin(remoteChannel: 0, nextOutgoingID: 0, incomingWindow: 1, outgoingWindow: 1)), channel: 1)
        let begun = client.events().compactMap { if case .sessionBegun(let id, _) = $0 { id } else { nil } }
        #expect(begun == [second, first])
    }

    // MARK: Windows

    @Test("transfers beyond the peer's window wait, and leave in order when it opens")
    func window() throws {
        let server = try Subject.openServer()
        let session = try #require(try server.peerBegins(Begin(nextOutgoingID: 0, incomingWindow: 2, outgoingWindow: 2)))
        let link = try #require(try server.peerAttaches(.receiver("l", handle: 0)))
        server.receive(.flow(.credit(10, handle: 0, window: 2)))
        for number in 0..<5 { #expect(server.send(link, ByteBuffer(integer: UInt8(number))) != nil) }
        #expect(try server.sent().frames.map(\.payload) == [ByteBuffer(integer: UInt8(0)), ByteBuffer(integer: UInt8(1))])
        #expect(server.engine.pendingMessages(session) == 3)
        #expect(server.engine.hasRoom(session) == false)
        server.receive(.flow(Flow(nextIncomingID: 2, incomingWindow: 1, nextOutgoingID: 0, outgoingWindow: 0)))
        #expect(try server.sent().frames.map(\.payload) == [ByteBuffer(integer: UInt8(2))])
        // A window that counts from before what we sent since is that much smaller.
        server.receive(.flow(Flow(nextIncomingID: 2, incomingWindow: 2, nextOutgoingID: 0, outgoingWindow: 0)))
        #expect(try server.sent().frames.map(\.payload) == [ByteBuffer(integer: UInt8(3))])
        server.receive(.flow(Flow(nextIncomingID: 4, incomingWindow: 100, nextOutgoingID: 0, outgoingWindow: 0)))
        #expect(try server.sent().frames.map(\.payload) == [ByteBuffer(integer: UInt8(4))])
        #expect(server.engine.hasRoom(session) == true)
    }

    @Test("a window without limit is one", arguments: [UInt32.max, UInt32.max - 1, UInt32(1) << 31])
    func unlimitedWindow(size: UInt32) throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins(Begin(nextOutgoingID: 0, incomingWindow: size, outgoingWindow: size))
        let link = try #require(try server.peerAttaches(.receiver("l", handle: 0)))
        for round in 0..<UInt32(3) {
            server.receive(.flow(.credit(10, handle: 0, deliveryCount: round, nextIncomingID: round, window: size)))
            #expect(server.send(link) == round)
            #expect(try server.said() == ["transfer"])
        }
    }

    @Test("a flow that expects transfers we have not sent closes the window rather than opening it")
    func impossibleWindow() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        let link = try #require(try server.peerAttaches(.receiver("l", handle: 0)))
        server.receive(.flow(.credit(10, handle: 0, nextIncomingID: 1000, window: 50)))
        _ = server.send(link)
        #expect(try server.said() == [])
    }

    @Test("our window is opened anew when half of it is used, without waiting for a link's flow")
    func reopens() throws {
        let server = try Subject.openServer { $0.incomingWindow = 10 }
        _ = try server.peerBegins()
        _ = try server.peerAttaches(.sender("l", handle: 0), credit: 1000)
        for number in 0..<UInt32(4) { server.receive(.transfer(.first(0, number))) }
        #expect(try server.said() == [])
        server.receive(.transfer(.first(0, 4)))
        let flow = try server.sent().frames.first?.body
        guard case .flow(let flow)? = flow else { return #expect(Bool(false), "no flow") }
        #expect(flow.incomingWindow == 10)
        #expect(flow.nextIncomingID == 5)
        #expect(flow.handle == nil)
    }

    @Test("transfer ids wrap around", arguments: [UInt32.max - 1, UInt32(0x7fff_fffe)])
    func wraps(first: UInt32) throws {
        let server = try Subject.openServer { $0.incomingWindow = 4 }
        _ = try server.peerBegins(Begin(nextOutgoingID: first, incomingWindow: 100, outgoingWindow: 100))
        _ = try server.peerAttaches(.sender("l", handle: 0), credit: 1000)
        for number in 0..<UInt32(6) { server.receive(.transfer(.first(0, first &+ number))) }
        let flows = try server.sent().frames.compactMap { if case .flow(let flow) = $0.body { flow.nextIncomingID } else { nil } }
        #expect(flows == [first &+ 2, first &+ 4, first &+ 6])
        #expect(server.told() == (0..<UInt32(6)).map { "delivery \(first &+ $0)" })
    }

    @Test("a flow that asks for an echo is answered, for the session or for the link")
    func echo() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        let link = try #require(try server.peerAttaches(.receiver("l", handle: 0)))
        server.receive(.flow(Flow(nextIncomingID: 0, incomingWindow: 9, nextOutgoingID: 0, outgoingWindow: 9, echo: true)))
        #expect(try server.said() == ["flow(session)"])
        server.receive(.flow(.credit(5, handle: 0, echo: true)))
        #expect(try server.said() == ["flow(link)"])
        #expect(server.engine.credit(link) == 5)
    }
}
