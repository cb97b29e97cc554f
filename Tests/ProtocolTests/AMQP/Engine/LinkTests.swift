import AMQP
import NIOCore
import Testing

@Suite("Links (AMQP 1.0, part 2, 2.6)")
struct LinkTests {
    @Test("a link attaches and detaches in either role", arguments: slicings, [Role.sender, .receiver])
    func attaches(slice: Int, role: Role) throws {
        let pair = EnginePair(slice: slice)
        let link = try #require(pair.attach(role))
        #expect(pair.client.engine.name(link.client) == "link")
        pair.client.engine.detach(link.client)
        pair.run()
        #expect(pair.clientEvents.last?.summary == "linkDetached")
        #expect(pair.serverEvents.last?.summary == "linkDetached")
        #expect(pair.client.engine.name(link.client) == nil)
    }

    @Test("a refusal is an attach without ends, then a detach with the reason")
    func refuses() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        server.receive(.attach(.sender("l", handle: 3)))
        guard case .linkRequested(let id, _)? = server.events().first else { return #expect(Bool(false), "not requested") }
        server.engine.refuse(id, AMQPError(.notFound, "no such queue"))
        server.engine.refuse(id, AMQPError(.notFound, "twice"))
        #expect(try server.said() == ["attach(refuses)", "detach amqp:not-found"])
        server.receive(.detach(Detach(handle: 3, closed: true)))
        #expect(server.told() == ["linkDetached"])
        #expect(try server.said() == [])
    }

    @Test("a client learns of a refusal by the detach that follows")
    func refused() throws {
        let pair = EnginePair(slice: 1)
        let session = try #require(pair.client.begin())
        pair.run()
        let link = try #require(pair.client.attach(session, "l", .receiver))
        pair.server.receive(pair.client.bytes())
        guard case .linkRequested(let asked, _)? = pair.server.events().first else { return #expect(Bool(false), "not requested") }
        pair.server.engine.refuse(asked, AMQPError(.unauthorizedAccess))
        pair.run()
        #expect(pair.clientEvents.suffix(2).map(\.summary) == ["linkAttached l", "linkDetached amqp:unauthorized-access"])
        #expect(pair.client.engine.credit(link) == 0)
    }

    @Test("detaches that cross need no answer")
    func detachesCross() throws {
        let pair = EnginePair(slice: .max)
        let link = try #require(pair.attach(.sender))
        pair.client.engine.detach(link.client)
        pair.server.engine.detach(link.server, AMQPError(.detachForced, "idle"))
        pair.run()
        #expect(pair.clientEvents.last?.summary == "linkDetached amqp:link:detach-forced")
        #expect(pair.serverEvents.last?.summary == "linkDetached")
        #expect(pair.attach(.sender, name: "again", in: link.client.session) != nil)
    }

    @Test("a link given up before it was answered ends when the answer and the detach have come")
    func detachCrossesAttach() throws {
        let client = try Subject.openClient()
        let session = try #require(client.begin())
        client.receive(.begin(Begin(remoteChannel: 0, nextOutgoingID: 0, incomingWindow: 9, outgoingWindow: 9)))
        let link = try #require(client.attach(session, "l", .sender))
        client.engine.detach(link)
        _ = client.told()
        client.receive(.attach(.receiver("l", handle: 9)))
        client.receive(.flow(.credit(10, handle: 9)))
        #expect(client.told() == [])
        client.receive(.detach(Detach(handle: 9, closed: true)))
        #expect(client.told() == ["linkDetached"])
        #expect(try client.said() == ["begin", "attach", "detach"])
    }

    @Test("a peer that detaches before it was answered gets its attach and its detach, and a late verdict does nothing")
    func abandonedRequest() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        let attach = Attach.sender("l", handle: 0)
        server.receive(Wire.joined(WireFrame(body: .attach(attach)).encoded, WireFrame(body: .detach(Detach(handle: 0))).encoded))
        let events = server.events()
        #expect(events.map(\.summary) == ["linkRequested l", "linkDetached"])
        guard case .linkRequested(let id, _)? = events.first else { return }
        server.engine.accept(id, attach)
        server.engine.refuse(id, AMQPError(.notFound))
        server.engine.setCredit(id, 5)
        #expect(try server.said() == ["attach(refuses)", "detach"])
    }

    @Test("attaches of one name that cross make one link")
    func attachesCross() throws {
        let client = try Subject.openClient()
        let session = try #require(client.begin())
        client.receive(.begin(Begin(remoteChannel: 0, nextOutgoingID: 0, incomingWindow: 9, outgoingWindow: 9)))
        _ = client.attach(session, "l", .receiver)
        client.receive(.attach(.sender("l", handle: 0)))
        #expect(client.told() == ["sessionBegun", "linkAttached l"])
    }

    @Test("a link of the same name in the other direction is another link")
    func namesByDirection() throws {
        let client = try Subject.openClient()
        let session = try #require(client.begin())
        client.receive(.begin(Begin(remoteChannel: 0, nextOutgoingID: 0, incomingWindow: 9, outgoingWindow: 9)))
        _ = client.attach(session, "l", .receiver)
        client.receive(.attach(.receiver("l", handle: 0)))
        #expect(client.told() == ["sessionBegun", "linkRequested l"])
    }

    @Test("a handle in use ends the session")
    func handleInUse() throws {
        let server = try Subject.openServer()
        let session = try #require(try server.peerBegins())
        _ = try server.peerAttaches(.sender("a", handle: 0))
        server.receive(.attach(.sender("b", handle: 0)))
        #expect(server.told() == ["sessionEnded amqp:session:handle-in-use"])
        #expect(try server.said() == ["end amqp:session:handle-in-use"])
        server.receive(.end(End()))
        #expect(server.told() == [], "the owner knows already")
        #expect(server.attach(session, "x", .sender) == nil)
    }

    @Test("handles stay within what either side allows")
    func handleMax() throws {
        let client = try Subject.openClient()
        let session = try #require(client.begin())
        client.receive(.begin(Begin(remoteChannel: 0, nextOutgoingID: 0, incomingWindow: 9, outgoingWindow: 9, handleMax: 1)))
        for name in ["a", "b"] {
            #expect(client.attach(session, name, .sender) != nil)
        }
        #expect(client.attach(session, "c", .sender) == nil)

        let server = try Subject.openServer { $0.handleMax = 7 }
        _ = try server.peerBegins()
        server.receive(.attach(.sender("far", handle: 8)))
        #expect(server.told() == ["closed violation amqp:connection:framing-error"])
    }

    @Test("a peer's handles may be anything up to the maximum, in any order", arguments: [[254, 0, 128], [1, 2, 3]])
    func sparseHandles(handles: [UInt32]) throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        for handle in handles {
            let id = try #require(try server.peerAttaches(.sender("link-\(handle)", handle: handle), credit: 1))
            server.receive(.transfer(.first(handle, handle)))
            #expect(server.told() == ["delivery \(handle)"])
            #expect(server.engine.credit(id) == 0)
        }
    }

    @Test("a transfer on a handle without a link ends the session", arguments: [UInt32(0), 5, .max])
    func unattached(handle: UInt32) throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        server.receive(.transfer(.first(handle, 0)))
        #expect(server.told() == ["sessionEnded amqp:session:unattached-handle"])
    }

    @Test("a detach or flow on a handle without a link is nothing")
    func strayFrames() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        server.receive(.detach(Detach(handle: 4)))
        server.receive(.flow(.credit(4, handle: 4, echo: true)))
        #expect(server.told() == [])
        #expect(try server.said() == [])
    }

    @Test("a command with a stale link does nothing to the link that took its place")
    func staleIDs() throws {
        let pair = EnginePair(slice: .max)
        let old = try #require(pair.attach(.sender))
        pair.client.engine.detach(old.client)
        pair.run()
        let new = try #require(pair.attach(.sender, name: "new", in: old.client.session))
        #expect(pair.client.send(old.client) == nil)
        pair.client.engine.detach(old.client)
        #expect(pair.client.engine.credit(old.client) == 0)
        #expect(pair.client.engine.credit(new.client) == 100)
    }

    @Test("what waited to be sent on a link goes with it, the other links' does not")
    func detachDropsPending() throws {
        let server = try Subject.openServer()
        let session = try #require(try server.peerBegins(Begin(nextOutgoingID: 0, incomingWindow: 0, outgoingWindow: 9)))
        let doomed = try #require(try server.peerAttaches(.receiver("doomed", handle: 0)))
        let kept = try #require(try server.peerAttaches(.receiver("kept", handle: 1)))
        server.receive(.flow(.credit(9, handle: 0, window: 0)))
        server.receive(.flow(.credit(9, handle: 1, window: 0)))
        _ = server.send(doomed, ByteBuffer(string: "no"))
        _ = server.send(kept, ByteBuffer(string: "yes"))
        server.engine.detach(doomed)
        #expect(server.engine.pendingMessages(session) == 1)
        #expect(try server.said() == ["detach"])
        server.receive(.flow(Flow(nextIncomingID: 0, incomingWindow: 9, nextOutgoingID: 0, outgoingWindow: 9)))
        #expect(try server.sent().frames.map(\.payload) == [ByteBuffer(string: "yes")])
    }

    @Test("an attach larger than the peer's frames is not sent, and takes no handle")
    func largeAttach() throws {
        let client = try Subject.openClient(Open(containerID: "peer", maxFrameSize: 512))
        let session = try #require(client.begin())
        _ = try client.sent()
        let properties: AMQPMap = ["large": .string(String(repeating: "x", count: 600))]
        #expect(client.attach(session, "l", properties: properties) == nil)
        #expect(try client.said() == [])
        #expect(client.attach(session, "l")?.slot == 0)
    }

    @Test("accepting echoes what was asked, and says what the owner adds")
    func answer() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        var attach = Attach.receiver("l", handle: 0)
        attach.receiverSettleMode = 1
        server.receive(.attach(attach))
        guard case .linkRequested(let id, let asked)? = server.events().first else { return #expect(Bool(false), "not requested") }
        var answer = LinkAnswer()
        answer.maxMessageSize = 266_240
        answer.properties = ["a": .int(1)]
        server.engine.accept(id, asked, answer: answer)
        guard case .attach(let reply)? = try server.sent().frames.first?.body else { return #expect(Bool(false), "no attach") }
        #expect(reply.role == .sender)
        #expect(reply.source == asked.source && reply.target == asked.target)
        #expect(reply.receiverSettleMode == 1)
        #expect(reply.initialDeliveryCount == 0)
        #expect(reply.maxMessageSize == 266_240)
        #expect(reply.properties?["a"] == .int(1))
    }
}
