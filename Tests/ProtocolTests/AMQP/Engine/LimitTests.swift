import NIOCore
import Testing

@testable import AMQP

@Suite("What a hostile peer can make an engine hold")
struct LimitTests {
    @Test("a message beyond the link's limit detaches the link, whole or in parts")
    func messageSize() throws {
        for parts in [1, 3] {
            let server = try Subject.openServer { $0.maxMessageSize = 1000 }
            _ = try server.peerBegins()
            _ = try server.peerAttaches(.sender("l", handle: 0), credit: 3)
            for part in 0..<parts {
                let transfer = part == 0 ? Transfer.first(0, 0, more: parts > 1) : Transfer(handle: 0, more: part < parts - 1)
                server.receive(.transfer(transfer), payload: ByteBuffer(repeating: 0, count: parts == 1 ? 1001 : 400))
            }
            #expect(server.told() == ["linkDetached amqp:link:message-size-exceeded"])
            #expect(server.engine.unfinishedBytes == 0)
        }
    }

    @Test("a link may take a larger message than it announces, for its owner to reject")
    func largerMessages() throws {
        let server = try Subject.openServer { $0.maxMessageSize = 2000 }
        _ = try server.peerBegins()
        server.receive(.attach(.sender("l", handle: 0)))
        guard case .linkRequested(let id, let asked)? = server.events().first else { return #expect(Bool(false), "not requested") }
        var answer = LinkAnswer()
        answer.maxMessageSize = 1000
        answer.takesLargerMessages = true
        server.engine.accept(id, asked, answer: answer)
        server.engine.setCredit(id, 3)
        guard case .attach(let reply)? = try server.sent().frames.first?.body else { return #expect(Bool(false), "no attach") }
        #expect(reply.maxMessageSize == 1000)
        server.receive(.transfer(.first(0, 0)), payload: ByteBuffer(repeating: 0, count: 1001))
        guard case .delivery(_, let delivery)? = server.events().first else { return #expect(Bool(false), "not delivered") }
        #expect(delivery.payload.readableBytes == 1001)
        server.receive(.transfer(.first(0, 1)), payload: ByteBuffer(repeating: 0, count: 2001))
        #expect(server.told() == ["linkDetached amqp:link:message-size-exceeded"])
    }

    @Test("unfinished messages of all links together are bounded")
    func unfinished() throws {
        let server = try Subject.openServer {
            $0.maxUnfinishedBytes = 10_000
            $0.maxMessageSize = 8000
        }
        _ = try server.peerBegins()
        for handle in 0..<UInt32(3) { _ = try server.peerAttaches(.sender("l\(handle)", handle: handle), credit: 3) }
        server.receive(.transfer(.first(0, 0, more: true)), payload: ByteBuffer(repeating: 0, count: 6000))
        server.receive(.transfer(.first(1, 1, more: true)), payload: ByteBuffer(repeating: 0, count: 3000))
        #expect(server.engine.unfinishedBytes == 9000)
        server.receive(.transfer(.first(2, 2, more: true)), payload: ByteBuffer(repeating: 0, count: 2000))
        #expect(server.told() == ["linkDetached amqp:resource-limit-exceeded"])
        server.receive(.transfer(Transfer(handle: 0)))
        #expect(server.engine.unfinishedBytes == 3000)
        server.receive(.end(End()))
        #expect(server.engine.unfinishedBytes == 0)
    }

    @Test("a large message makes no room for the small one after it")
    func usualSize() throws {
        let server = try Subject.openServer {
            $0.maxUnfinishedBytes = 4_000_000
            $0.maxMessageSize = 4_000_000
        }
        _ = try server.peerBegins()
        _ = try server.peerAttaches(.sender("l", handle: 0), credit: 3)
        for part in 0..<40 {
            let transfer = part == 0 ? Transfer.first(0, 0, more: true) : Transfer(handle: 0, more: part < 39)
            server.receive(.transfer(transfer), payload: ByteBuffer(repeating: 0, count: 50_000))
        }
        #expect(server.told() == ["delivery 0"])
        server.receive(.transfer(.first(0, 1, more: true)), payload: ByteBuffer(repeating: 0, count: 1000))
        server.receive(.transfer(Transfer(handle: 0, more: true)), payload: ByteBuffer(repeating: 0, count: 1000))
        let room = server.engine.sessions.compactMap { $0?.links.first??.partial?.payload.capacity }
        #expect(room.count == 1 && room.allSatisfy { $0 <= 16_384 }, "\(room)")
    }

    @Test("a peer that asks and never reads is cut off", arguments: ["echo", "attach", "begin"])
    func unreadAnswers(kind: String) throws {
        let server = try Subject.openServer { $0.maxOutboundBytes = 100_000 }
        _ = try server.peerBegins()
        var rounds = 0
        while !server.engine.isClosed, rounds < 100_000 {
            rounds += 1
            switch kind {
            case "echo":
                server.receive(.flow(Flow(nextIncomingID: 0, incomingWindow: 1, nextOutgoingID: 0, outgoingWindow: 1, echo: true)))
            case "attach":
                server.receive(.attach(.sender("l", handle: 0)))
                for case .linkRequested(let id, _) in server.events() { server.engine.refuse(id, AMQPError(.notFound, "no")) }
                server.receive(.detach(Detach(handle: 0)))
            default:
                server.receive(.begin(.usual), channel: 1)
                server.receive(.end(End()), channel: 1)
            }
        }
        #expect(server.told().last == "closed violation amqp:resource-limit-exceeded")
        #expect(server.engine.outboundBytes < 101_000)
    }

    @Test("messages that wait are slices of what the owner gave, not bytes to be sent")
    func pendingIsNotOutbound() throws {
        let server = try Subject.openServer { $0.maxOutboundBytes = 1_000_000 }
        let session = try #require(try server.peerBegins(Begin(nextOutgoingID: 0, incomingWindow: .max, outgoingWindow: 0)))
        let link = try #require(try server.peerAttaches(.receiver("l", handle: 0)))
        server.receive(.flow(.credit(1000, handle: 0, window: .max)))
        let message = ByteBuffer(repeating: 0, count: 100_000)
        for _ in 0..<1000 { _ = server.send(link, message) }
        #expect(server.engine.outboundBytes < 500_000)
        #expect(server.engine.pendingMessages(session) > 900)
        server.receive(.flow(.credit(1000, handle: 0, echo: true, window: .max)))
        #expect(server.engine.isClosed == false)
    }

    @Test("a connection that is over holds nothing")
    func releases() throws {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        _ = try server.peerAttaches(.sender("l", handle: 0), credit: 3)
        server.receive(.transfer(.first(0, 0, more: true)), payload: ByteBuffer(repeating: 0, count: 6000))
        server.receive(ByteBuffer(bytes: [0, 0, 0x10, 0, 2, 0, 0, 0, 1, 2, 3]))
        server.engine.disconnected()
        #expect(server.engine.unfinishedBytes == 0)
        #expect(server.engine.sessions.isEmpty == true)
        #expect(server.engine.inbound.readableBytes == 0)
    }

    @Test("bytes of an incomplete frame are kept once, however they drip in")
    func incompleteFrame() throws {
        let server = try Subject.openServer { $0.maxFrameSize = 65_536 }
        server.receive(ByteBuffer(bytes: [0, 1, 0, 0, 2, 0, 0, 0]))
        for _ in 0..<60_000 { server.receive(ByteBuffer(integer: UInt8(0))) }
        #expect(server.engine.inbound.readableBytes == 60_008)
        #expect(server.engine.inbound.capacity <= 131_072)
    }

    @Test("sessions and links that come and go leave nothing behind")
    func churn() throws {
        let server = try Subject.openServer()
        for round in 0..<2000 {
            server.receive(.begin(.usual), channel: UInt16(round % 3))
            server.receive(.attach(.sender("l\(round)", handle: 0)), channel: UInt16(round % 3))
            for case .linkRequested(let id, let attach) in server.events() {
                server.engine.accept(id, attach)
                server.engine.setCredit(id, 10)
            }
            server.receive(.transfer(.first(0, 0, more: true)), channel: UInt16(round % 3), payload: ByteBuffer(string: "half"))
            if round % 2 == 0 { server.receive(.detach(Detach(handle: 0)), channel: UInt16(round % 3)) }
            server.receive(.end(End()), channel: UInt16(round % 3))
            _ = server.bytes()
        }
        #expect(server.engine.sessions.count == 1)
        #expect(server.engine.channelOfRemote.isEmpty == true)
        #expect(server.engine.unfinishedBytes == 0)
    }
}
