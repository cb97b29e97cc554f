internal import AMQP
internal import FuzzSupport
internal import NIOCore

/// An engine and its owner, fed with what may or may not be AMQP.
struct Peer: ~Copyable {
    /// What came of it.
    struct Outcome {
        /// Every byte the engine wanted sent.
        var sent = ByteBuffer()
        /// The number of events.
        var events = 0
    }

    private var engine: Engine
    private let answers: Bool
    private var now = NIODeadline.uptimeNanoseconds(1)
    private var outcome = Outcome()

    /// - Parameter answers: whether the owner accepts what the peer asks for, grants credit, sends and settles.
    init(_ side: EngineConfiguration.Side, answers: Bool = false) {
        let security: EngineConfiguration.Security =
            switch side {
            case .client: .client([.anonymous])
            case .server: .server(offers: ["MSSBCBS", "PLAIN", "ANONYMOUS", "EXTERNAL"], required: false)
            }
        var configuration = EngineConfiguration(side: side, containerID: "fuzz", hostname: "localhost", security: security)
        configuration.idleTimeout = .seconds(60)
        configuration.maxMessageSize = 1 << 20
        self.answers = answers
        engine = Engine(configuration, now: now)
        if answers, side == .client { open() }
    }

    /// What a client does at once, without waiting for the server: two sessions, a link each way.
    private mutating func open() {
        for _ in 0..<2 {
            guard let session = engine.begin() else { return }
            _ = engine.attach(session, LinkOptions(name: "out", role: .sender, source: Source(), target: .address("q")))
            if let link = engine.attach(
                session, LinkOptions(name: "in", role: .receiver, source: Source(address: "q"), target: .address(nil)))
            {
                engine.setCredit(link, 100)
            }
        }
    }

    /// Opens the connection with a well-behaved partner, with links both ways, so that what is fed next meets an engine at work. Its own
    /// word for the links: handles 0 and 1 of the partner's first session.
    mutating func meet() {
        var configuration = EngineConfiguration(
            side: .server, containerID: "partner", security: .server(offers: ["ANONYMOUS"], required: true))
        if engine.configuration.side == .server {
            configuration = EngineConfiguration(side: .client, containerID: "partner", security: .client([.anonymous]))
        }
        var partner = Engine(configuration, now: now)
        if configuration.side == .client, let session = partner.begin() {
            _ = partner.attach(session, LinkOptions(name: "out", role: .sender, source: Source(), target: .address("q")))
            if let link = partner.attach(
                session, LinkOptions(name: "in", role: .receiver, source: Source(address: "q"), target: .address(nil)))
            {
                partner.setCredit(link, 100)
            }
        }
        for _ in 0..<8 {
            while let bytes = engine.takeOutbound(now: now) { partner.receive(bytes, now: now) }
            while let event = partner.nextEvent() {
                switch event {
                case .saslInitiated: partner.completeSASL(true)
                case .linkRequested(let link, let attach):
                    partner.accept(link, attach)
                    if attach.role == .sender { partner.setCredit(link, 50) }
                default: break
                }
            }
            while let bytes = partner.takeOutbound(now: now) { engine.receive(bytes, now: now) }
            take()
        }
        hold(!engine.isClosed, "two engines do not understand each other")
    }

    /// Feeds the bytes in slices and drives the engine as its owner would; a million events of one input would be a finding.
    consuming func feed(_ input: ByteBuffer, slices: Int) -> Outcome {
        var rest = input
        while rest.readableBytes > 0 {
            guard let slice = rest.readSlice(length: min(slices, rest.readableBytes)) else { break }
            engine.receive(slice, now: now)
            take()
        }
        if answers, let deadline = engine.nextDeadline {
            now = deadline
            engine.timerFired(now: now)
        }
        engine.disconnected()
        take()
        return outcome
    }

    private mutating func take() {
        while let event = engine.nextEvent() {
            outcome.events += 1
            if outcome.events > 1_000_000 { fatalError("finding: one input made a million events") }
            if answers { answer(event) }
        }
        if var bytes = engine.takeOutbound(now: now) { outcome.sent.writeBuffer(&bytes) }
    }

    private mutating func answer(_ event: Event) {
        switch event {
        case .saslInitiated(let initial): engine.completeSASL(initial.mechanism != "PLAIN")
        case .linkRequested(let link, let attach):
            if attach.name.utf8.count % 5 == 4 {
                engine.refuse(link, AMQPError(.notFound, "no such entity"))
            } else {
                engine.accept(link, attach)
                if attach.role == .sender { engine.setCredit(link, 50) }
            }
        case .linkAttached(let link, let attach):
            if attach.role == .sender { engine.setCredit(link, 20) }
        case .flow(let link, let flow):
            for number in 0..<min(flow.credit, 4) {
                _ = engine.send(
                    link, head: ByteBuffer(repeating: 0x40, count: 700), tag: ByteBuffer(integer: number), settled: number == 0)
            }
            if flow.drain { engine.drained(link) }
        case .delivery(let link, let delivery):
            if let message = try? Message(delivery.payload) { _ = message.properties }
            if !delivery.settled {
                engine.dispose(link.session, role: .receiver, first: delivery.id, settled: true, state: .accepted)
            }
            if delivery.id % 7 == 6 { engine.detach(link) }
        case .disposition(let session, let disposition):
            if disposition.first % 11 == 10 { engine.end(session) }
        case .opened, .sessionBegun, .sessionEnded, .linkDetached, .closed: break
        }
    }
}
