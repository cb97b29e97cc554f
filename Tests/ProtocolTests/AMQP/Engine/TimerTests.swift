import AMQP
import NIOCore
import Testing

@Suite("An engine and time: the owner brings the clock")
struct TimerTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test("half of our time-out is announced, so that the peer stays clear of it")
    func announces() throws {
        let client = Subject.client { $0.idleTimeout = .seconds(60) }
        guard case .open(let open)? = try client.sent().frames.first?.body else { return #expect(Bool(false), "no open") }
        #expect(open.idleTimeout == 30_000)
    }

    @Test("a heartbeat leaves at half of the peer's time-out, counted from the last bytes sent")
    func heartbeats() throws {
        let client = try Subject.openClient(Open(containerID: "peer", idleTimeout: 240_000))
        #expect(client.engine.nextDeadline == start + .seconds(120))
        client.now = start + .seconds(119)
        client.engine.timerFired(now: client.now)
        #expect(try client.sent().heartbeats == 0)
        client.now = start + .seconds(120)
        client.engine.timerFired(now: client.now)
        #expect(try client.sent().heartbeats == 1)
        #expect(client.engine.nextDeadline == start + .seconds(240))
        client.now = start + .seconds(200)
        _ = client.begin()
        _ = try client.sent()
        #expect(client.engine.nextDeadline == start + .seconds(320))
    }

    @Test("an absurdly short time-out of the peer does not make us spin")
    func shortTimeout() throws {
        let client = try Subject.openClient(Open(containerID: "peer", idleTimeout: 1))
        #expect(client.engine.nextDeadline == start + .milliseconds(50))
    }

    @Test("a time-out of zero means none")
    func zeroTimeout() throws {
        let client = try Subject.openClient(Open(containerID: "peer", idleTimeout: 0))
        #expect(client.engine.nextDeadline == nil)
    }

    @Test("while bytes wait to be taken, a due heartbeat adds nothing and is not asked for again at once")
    func heartbeatWhileBlocked() throws {
        let client = try Subject.openClient(Open(containerID: "peer", idleTimeout: 1000))
        _ = client.begin()
        client.now = start + .milliseconds(500)
        client.engine.timerFired(now: client.now)
        #expect(client.engine.nextDeadline == start + .seconds(1))
        #expect(try client.sent().heartbeats == 0)
    }

    @Test("the peer's heartbeats keep the connection; its silence ends it")
    func silence() throws {
        let client = try Subject.openClient { $0.idleTimeout = .seconds(60) }
        #expect(client.engine.nextDeadline == start + .seconds(60))
        client.now = start + .seconds(59)
        client.receive(ByteBuffer(bytes: [0, 0, 0, 8, 2, 0, 0, 0]))
        client.now = start + .seconds(60)
        client.engine.timerFired(now: client.now)
        #expect(client.told() == [])
        client.now = start + .seconds(119)
        client.engine.timerFired(now: client.now)
        #expect(client.told() == ["closed idleTimeout"])
        #expect(try client.said() == ["close amqp:resource-limit-exceeded"])
        #expect(client.engine.nextDeadline == nil)
    }

    @Test("a peer that does not open in time is left")
    func openTimeout() {
        let server = Subject.server { $0.openTimeout = .seconds(10) }
        server.receive(Wire.amqp)
        #expect(server.engine.nextDeadline == start + .seconds(10))
        server.engine.timerFired(now: start + .seconds(10))
        #expect(server.told() == ["closed violation amqp:connection:forced"])
    }

    @Test("once open, the time-out for opening is over")
    func opened() throws {
        let server = try Subject.openServer { $0.openTimeout = .seconds(10) }
        #expect(server.engine.nextDeadline == nil)
    }

    @Test("a close that is not answered ends by itself, and heartbeats end with it")
    func closeTimeout() throws {
        let client = try Subject.openClient(Open(containerID: "peer", idleTimeout: 100)) { $0.closeTimeout = .seconds(2) }
        client.engine.close()
        client.now = start + .seconds(1)
        #expect(try client.said() == ["close"])
        #expect(client.engine.nextDeadline == start + .seconds(3))
        client.engine.timerFired(now: start + .seconds(2))
        #expect(client.told() == [])
        client.engine.timerFired(now: start + .seconds(3))
        #expect(client.told() == ["closed"])
    }
}
