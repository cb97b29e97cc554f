import AMQP
import NIOCore

/// A frame as it lies on the wire, decoded: what the tests write and read by hand.
struct WireFrame: Equatable {
    var channel: UInt16 = 0
    var body: Performative
    var payload = ByteBuffer()

    static func == (a: WireFrame, b: WireFrame) -> Bool {
        a.channel == b.channel && a.body == b.body && a.payload == b.payload
    }

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(UInt32(0), UInt8(2), UInt8(0), channel)
        body.encode(into: &buffer)
        buffer.writeImmutableBuffer(payload)
        buffer.setInteger(UInt32(buffer.readableBytes), at: 0)
        return buffer
    }

    /// The performative's name, with what tells it from others of its kind.
    var summary: String {
        switch body {
        case .open: "open"
        case .begin(let begin): begin.remoteChannel == nil ? "begin" : "begin(answers)"
        case .attach(let attach): attach.source == nil && attach.target == nil ? "attach(refuses)" : "attach"
        case .flow(let flow): flow.handle == nil ? "flow(session)" : "flow(link)"
        case .transfer(let transfer): transfer.more == true ? "transfer(more)" : "transfer"
        case .disposition: "disposition"
        case .detach(let detach): "detach" + (detach.error.map { " \($0.condition.name)" } ?? "")
        case .end(let end): "end" + (end.error.map { " \($0.condition.name)" } ?? "")
        case .close(let close): "close" + (close.error.map { " \($0.condition.name)" } ?? "")
        }
    }
}

/// The bytes of protocol headers and SASL frames.
enum Wire {
    static let amqp = ByteBuffer(bytes: [0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0])
    static let sasl = ByteBuffer(bytes: [0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0])

    static func sasl(_ performative: SASLPerformative) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(UInt32(0), UInt8(2), UInt8(1), UInt16(0))
        performative.encode(into: &buffer)
        buffer.setInteger(UInt32(buffer.readableBytes), at: 0)
        return buffer
    }

    static func joined(_ parts: ByteBuffer...) -> ByteBuffer {
        var buffer = ByteBuffer()
        for part in parts { buffer.writeImmutableBuffer(part) }
        return buffer
    }
}

/// What an engine sent: headers, SASL frames, AMQP frames and heartbeats, in order.
struct SentBytes {
    var headers: [UInt8] = []
    var sasl: [SASLPerformative] = []
    var frames: [WireFrame] = []
    var heartbeats = 0
    var largestFrame = 0

    init(_ bytes: ByteBuffer) throws {
        var rest = bytes
        while rest.readableBytes > 0 {
            if rest.getString(at: rest.readerIndex, length: 4) == "AMQP" {
                rest.moveReaderIndex(forwardBy: 4)
                headers.append(rest.readInteger() ?? 0)
                rest.moveReaderIndex(forwardBy: 3)
                continue
            }
            let size = Int(rest.getInteger(at: rest.readerIndex, as: UInt32.self) ?? 0)
            guard size >= 8, var frame = rest.readSlice(length: size) else { throw Torn() }
            largestFrame = max(largestFrame, size)
            frame.moveReaderIndex(forwardBy: 5)
            let (type, channel) = frame.readMultipleIntegers(as: (UInt8, UInt16).self) ?? (0, 0)
            if type == 1 {
                sasl.append(try SASLPerformative.decode(frame))
            } else if frame.readableBytes == 0 {
                heartbeats += 1
            } else {
                let (body, length) = try Performative.decode(frame)
                frame.moveReaderIndex(forwardBy: length)
                frames.append(WireFrame(channel: channel, body: body, payload: frame))
            }
        }
    }

    struct Torn: Error {}
}

/// One engine, with the test as its peer and its owner.
final class Subject {
    var engine: Engine
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000)

    init(_ configuration: EngineConfiguration) { engine = Engine(configuration, now: now) }

    /// A server that needs no SASL.
    static func server(_ edit: (inout EngineConfiguration) -> Void = { _ in }) -> Subject {
        var configuration = EngineConfiguration(side: .server, containerID: "server", security: .none)
        edit(&configuration)
        return Subject(configuration)
    }

    /// A client that uses no SASL.
    static func client(_ edit: (inout EngineConfiguration) -> Void = { _ in }) -> Subject {
        var configuration = EngineConfiguration(side: .client, containerID: "client", security: .none)
        edit(&configuration)
        return Subject(configuration)
    }

    /// A server after headers and open, its bytes and events taken.
    static func openServer(
        _ open: Open = Open(containerID: "peer"), _ edit: (inout EngineConfiguration) -> Void = { _ in }
    ) throws -> Subject {
        let subject = server(edit)
        subject.receive(Wire.amqp)
        subject.receive(.open(open))
        _ = try subject.sent()
        _ = subject.events()
        return subject
    }

    /// A client after headers and open, its bytes and events taken.
    static func openClient(
        _ open: Open = Open(containerID: "peer"), _ edit: (inout EngineConfiguration) -> Void = { _ in }
    ) throws -> Subject {
        let subject = client(edit)
        subject.receive(Wire.amqp)
        subject.receive(.open(open))
        _ = try subject.sent()
        _ = subject.events()
        return subject
    }

    // MARK: As its owner

    func begin() -> SessionID? { engine.begin() }

    func attach(_ session: SessionID, _ name: String, _ role: Role = .sender, properties: AMQPMap? = nil) -> LinkID? {
        var options = LinkOptions(name: name, role: role, source: Source(address: "from"), target: .address("to"))
        options.properties = properties
        return engine.attach(session, options)
    }

    func send(
        _ link: LinkID, _ head: ByteBuffer = ByteBuffer(), body: ByteBuffer = ByteBuffer(), tag: ByteBuffer = ByteBuffer(),
        format: UInt32 = 0, state: DeliveryState? = nil
    ) -> UInt32? {
        engine.send(link, head: head, body: body, tag: tag, format: format, state: state)
    }

    func dispose(_ session: SessionID, _ state: DeliveryState, first: UInt32 = 0, last: UInt32? = nil, settled: Bool = true) -> Bool {
        engine.dispose(session, role: .receiver, first: first, last: last, settled: settled, state: state)
    }

    // MARK: As its peer

    func receive(_ bytes: ByteBuffer) { engine.receive(bytes, now: now) }

    func receive(_ body: Performative, channel: UInt16 = 0, payload: ByteBuffer = ByteBuffer()) {
        receive(WireFrame(channel: channel, body: body, payload: payload).encoded)
    }

    /// What the engine gives to be sent at once.
    func portion() -> ByteBuffer? { engine.takeOutbound(now: now) }

    /// What the engine has to send, all of it.
    func bytes() -> ByteBuffer {
        var all = ByteBuffer()
        while let bytes = engine.takeOutbound(now: now) { all.writeImmutableBuffer(bytes) }
        return all
    }

    func sent() throws -> SentBytes { try SentBytes(bytes()) }

    /// The names of the frames sent since the last look.
    func said() throws -> [String] { try sent().frames.map(\.summary) }

    func events() -> [Event] {
        var all: [Event] = []
        while let event = engine.nextEvent() { all.append(event) }
        return all
    }

    /// The names of the events since the last look.
    func told() -> [String] { events().map(\.summary) }

    /// Begins a session as the peer, on a channel of the peer's.
    func peerBegins(_ begin: Begin = .usual, channel: UInt16 = 0) throws -> SessionID? {
        receive(.begin(begin), channel: channel)
        _ = try sent()
        for case .sessionBegun(let id, _) in events() { return id }
        return nil
    }

    /// Attaches a link as the peer and has it accepted.
    func peerAttaches(_ attach: Attach, channel: UInt16 = 0, credit: UInt32? = nil) throws -> LinkID? {
        receive(.attach(attach), channel: channel)
        for case .linkRequested(let id, let attach) in events() {
            engine.accept(id, attach)
            if let credit { engine.setCredit(id, credit) }
            _ = try sent()
            return id
        }
        return nil
    }
}

extension Begin {
    /// A session as most peers begin it.
    static let usual = Begin(nextOutgoingID: 0, incomingWindow: 2048, outgoingWindow: 2048)
}

extension Attach {
    /// The peer sends on it.
    static func sender(_ name: String, handle: UInt32, initialDeliveryCount: UInt32? = 0) -> Attach {
        Attach(
            name: name, handle: handle, role: .sender, source: Source(address: "peer"), target: .address("q"),
            initialDeliveryCount: initialDeliveryCount)
    }

    /// The peer receives on it.
    static func receiver(_ name: String, handle: UInt32) -> Attach {
        Attach(name: name, handle: handle, role: .receiver, source: Source(address: "q"), target: .address("peer"))
    }
}

extension Transfer {
    /// A whole message, or its first part.
    static func first(_ handle: UInt32, _ id: UInt32, settled: Bool? = nil, more: Bool? = nil) -> Transfer {
        Transfer(
            handle: handle, deliveryID: id, deliveryTag: ByteBuffer(integer: id), messageFormat: 0, settled: settled, more: more)
    }
}

extension Flow {
    /// Credit for a link the peer receives on.
    static func credit(
        _ credit: UInt32, handle: UInt32, deliveryCount: UInt32 = 0, drain: Bool? = nil, echo: Bool? = nil, nextIncomingID: UInt32? = 0,
        window: UInt32 = 2048
    ) -> Flow {
        Flow(
            nextIncomingID: nextIncomingID, incomingWindow: window, nextOutgoingID: 0, outgoingWindow: 2048, handle: handle,
            deliveryCount: deliveryCount, linkCredit: credit, drain: drain, echo: echo)
    }
}

extension Event {
    /// The event's name, with the condition of its error.
    var summary: String {
        switch self {
        case .saslInitiated(let initial): "saslInitiated \(initial.mechanism.name)"
        case .opened: "opened"
        case .sessionBegun: "sessionBegun"
        case .sessionEnded(_, let error): "sessionEnded" + (error.map { " \($0.condition.name)" } ?? "")
        case .linkRequested(_, let attach): "linkRequested \(attach.name)"
        case .linkAttached(_, let attach): "linkAttached \(attach.name)"
        case .linkDetached(_, let error, _): "linkDetached" + (error.map { " \($0.condition.name)" } ?? "")
        case .flow(_, let flow): "flow \(flow.credit)" + (flow.drain ? " drain" : "")
        case .delivery(_, let delivery): "delivery \(delivery.id)"
        case .disposition(_, let disposition): "disposition \(disposition.first)"
        case .closed(let error): "closed" + (error.map { " \($0.name)" } ?? "")
        }
    }
}

extension EngineError {
    /// The case's name, with the condition of its error.
    var name: String {
        switch self {
        case .notAMQP: "notAMQP"
        case .unsupportedProtocol(let id, let major, let minor, let revision): "unsupportedProtocol \(id) \(major).\(minor).\(revision)"
        case .noCommonMechanism: "noCommonMechanism"
        case .authenticationFailed(let code): "authenticationFailed \(code)"
        case .malformed: "malformed"
        case .violation(let error): "violation \(error.condition.name)"
        case .closedByPeer(let error): "closedByPeer" + (error.map { " \($0.condition.name)" } ?? "")
        case .idleTimeout: "idleTimeout"
        case .disconnected: "disconnected"
        }
    }
}
