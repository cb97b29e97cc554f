import AMQP
import NIOCore
import Testing

@Suite("The end of a connection")
struct CloseTests {
    @Test("a close is answered, and both sides are told", arguments: slicings)
    func close(slice: Int) {
        let pair = EnginePair(slice: slice)
        pair.run()
        pair.client.engine.close(AMQPError(.connectionForced, "enough"))
        pair.run()
        #expect(pair.clientEvents.last?.summary == "closed")
        #expect(pair.serverEvents.last?.summary == "closed closedByPeer amqp:connection:forced")
        #expect(pair.client.engine.isClosed && pair.server.engine.isClosed)
    }

    @Test("closes that cross end both sides cleanly")
    func crossing() {
        let pair = EnginePair(slice: .max)
        pair.run()
        pair.client.engine.close()
        pair.server.engine.close()
        pair.run()
        #expect(pair.clientEvents.last?.summary == "closed")
        #expect(pair.serverEvents.last?.summary == "closed")
    }

    @Test("after our close only the peer's matters, even where its other frames cannot be read")
    func afterClose() throws {
        let client = try Subject.openClient()
        client.engine.close()
        client.receive(.begin(.usual))
        client.receive(.transfer(.first(0, 0)))
        client.receive(ByteBuffer(bytes: [0, 0, 0, 12, 2, 0, 0, 0, 0, 0x53, 0x77, 0x45]))
        #expect(client.told() == [])
        client.receive(.close(Close()))
        #expect(client.told() == ["closed"])
        #expect(try client.said() == ["close"])
    }

    @Test("a peer that leaves after our close has closed")
    func lostAfterClose() throws {
        let client = try Subject.openClient()
        client.engine.close()
        client.engine.disconnected()
        #expect(client.told() == ["closed"])
    }

    @Test("a peer that leaves without a close is lost, once")
    func lost() throws {
        let client = try Subject.openClient()
        client.engine.disconnected()
        client.engine.disconnected()
        #expect(client.told() == ["closed disconnected"])
        client.receive(.begin(.usual))
        #expect(client.told() == [])
    }

    @Test("a close before the handshake is over needs no answer")
    func early() {
        let client = Subject(EngineConfiguration(side: .client, containerID: "c", security: .client([.anonymous])))
        client.engine.close()
        #expect(client.told() == ["closed"])
    }

    @Test("a server that closes before the client's open opens first")
    func beforeOpen() throws {
        let server = Subject.server()
        server.receive(Wire.amqp)
        server.engine.close(AMQPError(.connectionForced))
        #expect(try server.said() == ["open", "close amqp:connection:forced"])
    }

    @Test("commands to a connection that is over do nothing")
    func commandsAfterwards() throws {
        let client = try Subject.openClient()
        let session = try #require(client.begin())
        let link = try #require(client.attach(session, "l", .sender))
        client.engine.close()
        _ = try client.sent()
        #expect(client.begin() == nil)
        #expect(client.attach(session, "m", .sender) == nil)
        #expect(client.send(link) == nil)
        client.engine.setCredit(link, 10)
        client.engine.detach(link)
        client.engine.end(session)
        client.engine.close()
        #expect(client.dispose(session, .accepted) == false)
        #expect(try client.said() == [])
    }

    @Test("an error longer than the peer's frames is shortened, not withheld")
    func longError() throws {
        let client = try Subject.openClient(Open(containerID: "peer", maxFrameSize: 512))
        client.engine.close(AMQPError(.internalError, String(repeating: "long ", count: 500)))
        let sent = try client.sent()
        #expect(sent.frames.map(\.summary) == ["close amqp:internal-error"])
        #expect(sent.largestFrame <= 512)
    }
}
