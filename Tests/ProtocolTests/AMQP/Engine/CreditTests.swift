import AMQP
import NIOCore
import Testing

@Suite("Link credit (AMQP 1.0, part 2, 2.6.7)")
struct CreditTests {
    /// A server with one session and one link the peer sends on.
    private func receiving(_ credit: UInt32, from count: UInt32 = 0, tolerance: UInt32 = 0) throws -> (Subject, LinkID) {
        let server = try Subject.openServer { $0.creditTolerance = tolerance }
        _ = try server.peerBegins()
        let link = try #require(
            try server.peerAttaches(.sender("l", handle: 0, initialDeliveryCount: count), credit: credit))
        return (server, link)
    }

    /// A server with one session and one link the peer receives on.
    private func sending() throws -> (Subject, LinkID) {
        let server = try Subject.openServer()
        _ = try server.peerBegins()
        let link = try #require(try server.peerAttaches(.receiver("l", handle: 0)))
        return (server, link)
    }

    private func lastFlow(_ subject: Subject) throws -> Flow? {
        let flows = try subject.sent().frames.compactMap { if case .flow(let flow) = $0.body { flow } else { nil } }
        return flows.last
    }

    // MARK: Receiving

    @Test("each delivery takes one credit; one too many detaches the link, and the owner learns why")
    func overdrawn() throws {
        let (server, link) = try receiving(2)
        for number in 0..<UInt32(2) { server.receive(.transfer(.first(0, number))) }
        #expect(server.engine.credit(link) == 0)
        server.receive(.transfer(.first(0, 2)))
        #expect(server.told() == ["delivery 0", "delivery 1", "linkDetached amqp:link:transfer-limit-exceeded"])
        #expect(try server.said() == ["detach amqp:link:transfer-limit-exceeded"])
        server.receive(.transfer(.first(0, 3)))
        server.receive(.detach(Detach(handle: 0, closed: true)))
        #expect(server.told() == [])
    }

    @Test("a sender may overdraw as far as the tolerance goes")
    func tolerance() throws {
        let (server, _) = try receiving(1, tolerance: 2)
        for number in 0..<UInt32(4) { server.receive(.transfer(.first(0, number))) }
        #expect(server.told() == ["delivery 0", "delivery 1", "delivery 2", "linkDetached amqp:link:transfer-limit-exceeded"])
    }

    @Test("credit lowered while transfers are on their way does not punish the sender for them")
    func lowered() throws {
        let (server, link) = try receiving(10)
        server.engine.setCredit(link, 0)
        for number in 0..<UInt32(10) { server.receive(.transfer(.first(0, number))) }
        #expect(server.told() == (0..<10).map { "delivery \($0)" })
        server.receive(.transfer(.first(0, 10)))
        #expect(server.told() == ["linkDetached amqp:link:transfer-limit-exceeded"])
    }

    @Test("credit is a total: granting it again does not add to it")
    func total() throws {
        let (server, link) = try receiving(5)
        server.engine.setCredit(link, 5)
        server.receive(.transfer(.first(0, 0)))
        server.engine.setCredit(link, 5)
        let flow = try lastFlow(server)
        #expect(flow?.linkCredit == 5)
        #expect(flow?.deliveryCount == 1)
        for number in 1..<UInt32(6) { server.receive(.transfer(.first(0, number))) }
        server.receive(.transfer(.first(0, 6)))
        #expect(server.told().last == "linkDetached amqp:link:transfer-limit-exceeded")
    }

    @Test("a flow before the sender's first count is known names none, and the credit counts from that count")
    func beforeAttach() throws {
        let client = try Subject.openClient()
        let session = try #require(client.begin())
        client.receive(.begin(Begin(remoteChannel: 0, nextOutgoingID: 0, incomingWindow: 9, outgoingWindow: 9)))
        let link = try #require(client.attach(session, "l", .receiver))
        client.engine.setCredit(link, 2)
        #expect(try lastFlow(client)?.deliveryCount == nil)
        client.receive(.attach(.sender("l", handle: 0, initialDeliveryCount: 4_000_000_000)))
        _ = client.told()
        for number in 0..<UInt32(3) { client.receive(.transfer(.first(0, number))) }
        #expect(client.told() == ["delivery 0", "delivery 1", "linkDetached amqp:link:transfer-limit-exceeded"])
    }

    @Test("a sender begins to count where it says it does", arguments: [UInt32(7), .max])
    func initialCount(count: UInt32) throws {
        let client = try Subject.openClient()
        let session = try #require(client.begin())
        client.receive(.begin(Begin(remoteChannel: 0, nextOutgoingID: 0, incomingWindow: 9, outgoingWindow: 9)))
        var options = LinkOptions(name: "l", role: .sender, source: Source(), target: .address("q"))
        options.initialDeliveryCount = count
        let attached = client.engine.attach(session, options)
        let link = try #require(attached)
        let attaches = try client.sent().frames.compactMap { if case .attach(let attach) = $0.body { attach } else { nil } }
        #expect(attaches.map(\.initialDeliveryCount) == [count])
        client.receive(.attach(.receiver("l", handle: 0)))
        client.receive(.flow(.credit(2, handle: 0, deliveryCount: count)))
        #expect(client.engine.credit(link) == 2)
        _ = client.send(link)
        client.receive(.flow(.credit(2, handle: 0, deliveryCount: count)))
        #expect(client.engine.credit(link) == 1)
    }

    @Test("delivery counts wrap around", arguments: [UInt32.max - 1, UInt32(0x7fff_fffe), UInt32.max])
    func wraps(count: UInt32) throws {
        let (server, link) = try receiving(4, from: count)
        for number in 0..<UInt32(4) { server.receive(.transfer(.first(0, number))) }
        server.engine.setCredit(link, 4)
        #expect(try lastFlow(server)?.deliveryCount == count &+ 4)
        for number in 4..<UInt32(8) { server.receive(.transfer(.first(0, number))) }
        #expect(server.told() == (0..<8).map { "delivery \($0)" })
    }

    @Test("credit given back by a drain can no longer be used")
    func drainedBySender() throws {
        let (server, link) = try receiving(10)
        server.receive(.transfer(.first(0, 0)))
        server.engine.setCredit(link, server.engine.credit(link), drain: true)
        let asked = try lastFlow(server)
        #expect(asked?.drain == true && asked?.linkCredit == 9)
        server.receive(.flow(.credit(0, handle: 0, deliveryCount: 10, drain: true)))
        #expect(server.told() == ["delivery 0", "flow 0 drain"])
        #expect(server.engine.credit(link) == 0)
        server.receive(.transfer(.first(0, 1)))
        #expect(server.told() == ["linkDetached amqp:link:transfer-limit-exceeded"])
    }

    @Test("a sender that answers a drain without saying so has given the credit back all the same")
    func drainWithoutFlag() throws {
        let (server, link) = try receiving(10)
        server.engine.setCredit(link, 10, drain: true)
        server.receive(.flow(.credit(0, handle: 0, deliveryCount: 10)))
        #expect(server.told() == ["flow 0"])
        #expect(server.engine.credit(link) == 0)
    }

    @Test("a sender's count can go neither back nor absurdly forward to make credit")
    func forgedCounts() throws {
        let (server, link) = try receiving(3)
        server.receive(.transfer(.first(0, 0)))
        server.receive(.flow(.credit(100, handle: 0, deliveryCount: 0)))
        #expect(server.engine.credit(link) == 2)
        server.receive(.flow(.credit(100, handle: 0, deliveryCount: 0x7000_0000)))
        #expect(server.engine.credit(link) == 0)
        server.receive(.transfer(.first(0, 1)))
        #expect(server.told().last == "linkDetached amqp:link:transfer-limit-exceeded")
    }

    @Test("more credit than serial numbers can tell apart is cut")
    func excessive() throws {
        let (server, link) = try receiving(.max)
        let granted = server.engine.credit(link)
        #expect(granted >= 1_000_000_000)
        server.receive(.transfer(.first(0, 0)))
        #expect(server.told() == ["delivery 0"])
    }

    // MARK: Sending

    @Test("without credit nothing is sent; with credit as many as granted")
    func sends() throws {
        let (server, link) = try sending()
        #expect(server.send(link) == nil)
        server.receive(.flow(.credit(2, handle: 0)))
        #expect(server.told() == ["flow 2"])
        #expect(server.send(link) == 0)
        #expect(server.send(link) == 1)
        #expect(server.send(link) == nil)
    }

    @Test("credit that crossed our transfers counts from where the receiver stood")
    func crossing() throws {
        let (server, link) = try sending()
        server.receive(.flow(.credit(10, handle: 0)))
        for _ in 0..<4 { _ = server.send(link) }
        // The receiver had seen one delivery when it granted ten.
        server.receive(.flow(.credit(10, handle: 0, deliveryCount: 1, nextIncomingID: 1)))
        #expect(server.engine.credit(link) == 7)
        // And two when it took its credit back.
        server.receive(.flow(.credit(1, handle: 0, deliveryCount: 2, nextIncomingID: 2)))
        #expect(server.engine.credit(link) == 0)
        #expect(server.send(link) == nil)
    }

    @Test("credit without limit is credit", arguments: [UInt32.max, UInt32(1) << 31, UInt32.max - 7])
    func unlimited(credit: UInt32) throws {
        let (server, link) = try sending()
        for round in 0..<UInt32(3) {
            server.receive(.flow(.credit(credit, handle: 0, deliveryCount: round, nextIncomingID: round)))
            #expect(server.engine.credit(link) == credit)
            #expect(server.send(link) != nil)
        }
    }

    @Test("a flow without a count, from a receiver that has not seen our attach, counts from our first delivery")
    func withoutCount() throws {
        let (server, link) = try sending()
        server.receive(
            .flow(Flow(incomingWindow: 100, nextOutgoingID: 0, outgoingWindow: 100, handle: 0, linkCredit: 3)))
        #expect(server.engine.credit(link) == 3)
    }

    @Test("a drain is answered with the credit used up")
    func drains() throws {
        let (server, link) = try sending()
        server.receive(.flow(.credit(10, handle: 0, drain: true)))
        #expect(server.told() == ["flow 10 drain"])
        _ = server.send(link)
        server.engine.drained(link)
        let answer = try lastFlow(server)
        #expect(answer?.linkCredit == 0)
        #expect(answer?.deliveryCount == 10)
        #expect(answer?.drain == true)
        server.engine.drained(link)
        #expect(try server.said() == [], "once is enough")
        // What the receiver grants next counts from there.
        server.receive(.flow(.credit(5, handle: 0, deliveryCount: 10, nextIncomingID: 1)))
        #expect(server.engine.credit(link) == 5)
    }

    @Test("a flow never tells of deliveries that wait for the window, and a drain is answered behind them")
    func drainBehindPending() throws {
        let (server, link) = try sending()
        server.receive(.flow(.credit(10, handle: 0, window: 1)))
        for _ in 0..<3 { _ = server.send(link) }
        #expect(try server.said() == ["transfer"])
        server.receive(.flow(.credit(9, handle: 0, deliveryCount: 1, drain: true, echo: true, nextIncomingID: 1, window: 0)))
        let echo = try lastFlow(server)
        #expect(echo?.deliveryCount == 1)
        #expect(echo?.linkCredit == 9)
        server.engine.drained(link)
        #expect(try server.said() == [])
        server.receive(.flow(Flow(nextIncomingID: 1, incomingWindow: 1, nextOutgoingID: 0, outgoingWindow: 0)))
        #expect(try server.said() == ["transfer"])
        server.receive(.flow(Flow(nextIncomingID: 2, incomingWindow: 1, nextOutgoingID: 0, outgoingWindow: 0)))
        let sent = try server.sent()
        #expect(sent.frames.map(\.summary) == ["transfer", "flow(link)"])
        guard case .flow(let answer)? = sent.frames.last?.body else { return }
        #expect(answer.deliveryCount == 10 && answer.linkCredit == 0 && answer.drain == true)
    }

    @Test("a drain of no credit is answered too")
    func drainsNothing() throws {
        let (server, link) = try sending()
        server.receive(.flow(.credit(0, handle: 0, drain: true)))
        server.engine.drained(link)
        #expect(try lastFlow(server)?.drain == true)
    }

    @Test("credit for a link the peer sends on means nothing")
    func wrongRole() throws {
        let (server, link) = try receiving(3)
        server.receive(.flow(.credit(10_000, handle: 0)))
        #expect(server.engine.credit(link) == 3)
        #expect(server.send(link) == nil)
        server.engine.drained(link)
        #expect(try server.said() == [])
    }
}
