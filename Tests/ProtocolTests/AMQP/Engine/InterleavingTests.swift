import AMQP
import NIOCore
import Testing

/// Numbers that look random and are the same in every run (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Two engines, two byte pipes between them, and the books of what was sent and what arrived.
private final class World {
    /// One direction of one link.
    struct Books {
        var sent: [ByteBuffer] = []
        var received: [ByteBuffer] = []
        var granted = 0
        var isDetached = false
    }

    /// One end of a link.
    struct End {
        var id: LinkID
        var name: String
        var role: Role
    }

    final class Side {
        let subject: Subject
        var ends: [End] = []
        var toPeer = ByteBuffer()
        /// Delivery numbers to be settled, with their session.
        var unsettled: [(session: SessionID, number: UInt32)] = []
        /// Settlements the peer has announced, by link-independent number.
        var settledByPeer: [UInt32: Int] = [:]
        var sentUnsettled = 0
        var trouble: [String] = []

        init(_ subject: Subject) { self.subject = subject }
    }

    let client: Side
    let server: Side
    var books: [String: Books] = [:]
    var numbers: SeededNumbers
    private var names = 0
    private var messages: UInt64 = 0

    init(seed: UInt64) {
        numbers = SeededNumbers(seed: seed)
        let frame = UInt32([512, 700, 4096].randomElement(using: &numbers) ?? 512)
        let window = UInt32([1, 3, 50, 2048].randomElement(using: &numbers) ?? 3)
        client = Side(
            Subject.client {
                $0.maxFrameSize = frame
                $0.incomingWindow = window
            })
        server = Side(
            Subject.server {
                $0.maxFrameSize = frame
                $0.incomingWindow = window
            })
    }

    // MARK: Steps

    func step(_ session: SessionID) {
        let (side, other) = Bool.random(using: &numbers) ? (client, server) : (server, client)
        switch Int.random(in: 0..<100, using: &numbers) {
        case 0..<35: send(side)
        case 35..<50: grant(side)
        case 50..<60: settle(side)
        case 60..<63: if side === client { attach(session) }
        case 63..<64: detach(side)
        case 64..<67: drain(side)
        default: carry(side, other, atMost: Int.random(in: 1...1500, using: &numbers))
        }
    }

    func attach(_ session: SessionID) {
        guard client.ends.count < 8 else { return }
        names += 1
        let end = Role.sender
        let role = Bool.random(using: &numbers) ? end : .receiver
        let name = "link-\(names)"
        guard let id = client.subject.attach(session, name, role) else { return }
        client.ends.append(End(id: id, name: name, role: role))
        books[name] = Books()
    }

    private func send(_ side: Side) {
        guard let end = side.ends.filter({ $0.role == .sender }).randomElement(using: &numbers) else { return }
        messages += 1
        var message = ByteBuffer(integer: messages)
        let size = [0, 10, 480, 2000].randomElement(using: &numbers) ?? 0
        message.writeRepeatingByte(UInt8(truncatingIfNeeded: messages), count: size)
        guard side.subject.send(end.id, message, tag: ByteBuffer(integer: messages)) != nil else { return }
        side.sentUnsettled += 1
        books[end.name]?.sent.append(message)
    }

    private func grant(_ side: Side) {
        guard let end = side.ends.filter({ $0.role == .receiver }).randomElement(using: &numbers) else { return }
        let credit = UInt32.random(in: 0...20, using: &numbers)
        side.subject.engine.setCredit(end.id, credit)
        guard var page = books[end.name] else { return }
        // A delivery of which only a part has come is counted already, and not yet received.
        page.granted = max(page.granted, page.received.count + 1 + Int(credit))
        books[end.name] = page
    }

    private func drain(_ side: Side) {
        guard let end = side.ends.filter({ $0.role == .receiver }).randomElement(using: &numbers) else { return }
        side.subject.engine.setCredit(end.id, side.subject.engine.credit(end.id), drain: true)
    }

    private func settle(_ side: Side) {
        guard !side.unsettled.isEmpty else { return }
        let entry = side.unsettled.remove(at: Int.random(in: 0..<side.unsettled.count, using: &numbers))
        _ = side.subject.dispose(entry.session, .accepted, first: entry.number)
    }

    private func detach(_ side: Side) {
        guard side.ends.count > 2, let index = side.ends.indices.randomElement(using: &numbers) else { return }
        let end = side.ends.remove(at: index)
        books[end.name]?.isDetached = true
        side.subject.engine.detach(end.id)
    }

    // MARK: Bytes

    func carry(_ from: Side, _ to: Side, atMost count: Int) {
        from.toPeer.writeImmutableBuffer(from.subject.bytes())
        guard let part = from.toPeer.readSlice(length: min(count, from.toPeer.readableBytes)), part.readableBytes > 0 else { return }
        to.subject.receive(part)
        take(to)
    }

    private func take(_ side: Side) {
        for event in side.subject.events() {
            switch event {
            case .linkRequested(let id, let attach):
                side.subject.engine.accept(id, attach)
                side.ends.append(End(id: id, name: attach.name, role: attach.role.opposite))
            case .delivery(let id, let delivery):
                guard let name = side.subject.engine.name(id) else { break }
                books[name]?.received.append(delivery.payload)
                side.unsettled.append((id.session, delivery.id))
            case .disposition(_, let disposition): side.settledByPeer[disposition.first, default: 0] += 1
            case .flow(let id, let flow): if flow.drain { side.subject.engine.drained(id) }
            case .linkDetached(let id, let error, _):
                if let error { side.trouble.append(error.description) }
                for end in side.ends where end.id == id { books[end.name]?.isDetached = true }
                side.ends.removeAll { $0.id == id }
            case .sessionEnded, .closed: side.trouble.append(event.summary)
            default: break
            }
        }
    }

    /// Everything that is on its way arrives.
    func settleDown() {
        for _ in 0..<10_000 {
            carry(client, server, atMost: .max)
            carry(server, client, atMost: .max)
            client.toPeer.writeImmutableBuffer(client.subject.bytes())
            server.toPeer.writeImmutableBuffer(server.subject.bytes())
            if client.toPeer.readableBytes == 0, server.toPeer.readableBytes == 0 { return }
        }
    }
}

@Suite("Any interleaving of sends, credit, drains, settlements and detaches")
struct InterleavingTests {
    @Test("nothing is lost, doubled or out of order, and neither side breaks a rule", arguments: 0..<40)
    func interleavings(seed: Int) throws {
        let world = World(seed: UInt64(seed))
        let session = try #require(world.client.subject.begin())
        for _ in 0..<4 { world.attach(session) }
        for _ in 0..<1000 { world.step(session) }
        world.settleDown()

        #expect(world.client.trouble == [])
        #expect(world.server.trouble == [])
        #expect(world.books.count >= 4)
        for (name, books) in world.books {
            if books.isDetached {
                // What a detach cut off is missing at the end, and nowhere else.
                #expect(books.sent.starts(with: books.received), "\(name)")
            } else {
                #expect(books.received == books.sent, "\(name)")
            }
            #expect(books.received.count <= books.granted, "\(name)")
        }
        for (side, peer) in [(world.client, world.server), (world.server, world.client)] {
            #expect(side.settledByPeer.values.allSatisfy { $0 == 1 })
            #expect(side.settledByPeer.count + peer.unsettled.count <= side.sentUnsettled)
        }
    }
}
