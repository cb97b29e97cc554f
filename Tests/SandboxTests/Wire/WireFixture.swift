import AMQP
import AMQPTransport
import NIOCore
import NIOEmbedded

@testable import Sandbox

/// A sandbox's wire without sockets: clients are bare engines, time is in the test's hand.
final class WireFixture {
    let loop = EmbeddedEventLoop()
    let clock = ManualClock()
    let broker: Broker
    let hub: WireHub

    init(
        limits: BrokerLimits = .standard, keeper: (any NamespaceKeeper)? = nil,
        _ populate: (Broker) throws -> Void = { try $0.createQueue("q") }
    ) throws {
        let clock = clock
        broker = Broker(namespace: "sandbox", limits: limits, seed: 7) {
            clock.onRead?()
            return clock.milliseconds
        }
        try populate(broker)
        if keeper != nil { broker.journal = BrokerJournal() }
        hub = WireHub(broker: broker, access: .standard, faults: FaultSwitches(), loop: loop, keeper: keeper) { clock.milliseconds }
    }

    /// A client that has everything its key allows, by SASL PLAIN.
    func connect(as user: String = "RootManageSharedAccessKey") throws -> WireClient {
        try WireClient(self, .plain(user: user, password: "SAS_KEY_VALUE"))
    }

    /// A client that brings tokens.
    func connectAnonymously() throws -> WireClient { try WireClient(self, .anonymous) }

    func pass(milliseconds: Int64) {
        clock.milliseconds += milliseconds
        loop.advanceTime(by: .milliseconds(milliseconds))
    }

    func setFaults(_ edit: (inout SandboxFaults) -> Void) {
        var faults = SandboxFaults()
        edit(&faults)
        hub.setFaults(faults)
    }

    func queue(_ address: String = "q") throws -> MessageQueue { try broker.queue(at: BrokerFixture.address(address)) }
    func counts(_ path: String = "q") throws -> EntitySnapshot.Counts { try broker.snapshot(of: path).counts }

    func send(_ bodies: [String], to address: String = "q") throws {
        for body in bodies { try broker.send(BrokerFixture.message(body), to: BrokerFixture.address(address)) }
    }
}

/// A client of the fixture: an engine, and a channel to the server's.
final class WireClient {
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    let fixture: WireFixture
    private let channel: EmbeddedChannel
    private let tap = Tap()
    var engine: Engine
    /// The sessions begun, the one for links that name none first.
    private var sessions: [SessionID] = []
    var session: SessionID { sessions[0] }
    private(set) var deliveries: [(link: LinkID, delivery: AMQP.Delivery)] = []
    private(set) var dispositions: [Disposition] = []
    private(set) var attached: [LinkID: Attach] = [:]
    private(set) var detached: [LinkID: AMQPError?] = [:]
    private(set) var closed: EngineError??
    private var names = 0

    fileprivate init(_ fixture: WireFixture, _ mechanism: EngineConfiguration.SASLMechanism) throws {
        self.fixture = fixture
        channel = EmbeddedChannel(loop: fixture.loop)
        let owner = WireConnection(hub: fixture.hub)
        let server = EngineConfiguration(
            side: .server, containerID: "sandbox", security: .server(offers: ["PLAIN", "ANONYMOUS"], required: false))
        let handler = EngineHandler(server, owner: owner, now: .now())
        owner.bind(handler)
        try channel.pipeline.syncOperations.addHandler(tap)
        try channel.pipeline.syncOperations.addHandler(FrameCutHandler(fixture.hub.faults, after: nil))
        try channel.pipeline.syncOperations.addHandler(handler)
        engine = Engine(EngineConfiguration(side: .client, containerID: "client", security: .client([mechanism])), now: .now())
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        _ = try begin()
    }

    /// Begins a session.
    func begin() throws -> SessionID {
        guard let session = engine.begin() else { throw Missing(description: "no session") }
        sessions.append(session)
        run()
        return session
    }

    /// Whether what the server sends is taken from its socket.
    var reads: Bool {
        get { channel.isWritable }
        set {
            channel.isWritable = newValue
            channel.pipeline.fireChannelWritabilityChanged()
        }
    }

    /// The bytes the server has handed to its socket so far, read or not.
    var sentBytes: Int { tap.sent }

    private final class Tap: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var written = 0
        private(set) var sent = 0

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            written += unwrapOutboundIn(data).readableBytes
            context.write(data, promise: promise)
        }

        func flush(context: ChannelHandlerContext) {
            sent = written
            context.flush()
        }
    }

    /// Ends the connection without a word.
    func cut() { channel.close(promise: nil) }

    /// Carries bytes both ways until neither has more to say.
    func run() {
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            hasMoved = write()
            fixture.loop.run()
            hasMoved = read() || hasMoved
        }
        if !channel.isActive { engine.disconnected() }
        while let event = engine.nextEvent() { note(event) }
    }

    /// Carries what the client has to say to the server, and no further.
    @discardableResult
    func write() -> Bool {
        var hasWritten = false
        while channel.isActive, let bytes = engine.takeOutbound(now: .now()) {
            _ = try? channel.writeInbound(bytes)
            hasWritten = true
        }
        return hasWritten
    }

    private func read() -> Bool {
        var hasRead = false
        while let bytes = try? channel.readOutbound(as: ByteBuffer.self) {
            engine.receive(bytes, now: .now())
            hasRead = true
        }
        while let event = engine.nextEvent() { note(event) }
        return hasRead
    }

    private func note(_ event: Event) {
        switch event {
        case .linkAttached(let id, let attach): attached[id] = attach
        case .linkDetached(let id, let error, _): detached[id] = error
        case .delivery(let id, let delivery): deliveries.append((id, delivery))
        case .disposition(_, let disposition): dispositions.append(disposition)
        case .closed(let error): closed = error
        default: break
        }
    }

    // MARK: Links

    private func attach(
        _ role: Role, source: Source?, target: Target?, in session: SessionID?, _ edit: (inout LinkOptions) -> Void
    ) throws -> LinkID {
        names += 1
        var options = LinkOptions(name: "link-\(names)", role: role, source: source, target: target)
        edit(&options)
        guard let id = engine.attach(session ?? self.session, options) else { throw Missing(description: "no link") }
        run()
        return id
    }

    func sender(
        to address: String = "q", via destination: String? = nil, in session: SessionID? = nil
    ) throws -> LinkID {
        try attach(.sender, source: Source(address: "client"), target: .address(address), in: session) {
            if let destination { $0.properties = ["com.microsoft:transfer-destination-address": .string(destination)] }
        }
    }

    func coordinator(in session: SessionID? = nil) throws -> LinkID {
        try attach(.sender, source: Source(address: "client"), target: .coordinator(capabilities: nil), in: session) { _ in }
    }

    /// A receiver with credit.
    func receiver(
        from address: String = "q", credit: UInt32 = 0, settled: Bool = false, in session: SessionID? = nil,
        _ edit: (inout LinkOptions) -> Void = { _ in }
    ) throws -> LinkID {
        let id = try attach(.receiver, source: Source(address: address), target: .address("client"), in: session) {
            $0.senderSettleMode = settled ? 1 : 0
            edit(&$0)
        }
        if credit > 0 { grant(credit, on: id) }
        return id
    }

    func grant(_ credit: UInt32, on id: LinkID, drain: Bool = false) {
        engine.setCredit(id, credit, drain: drain)
        run()
    }

    func detach(_ id: LinkID) {
        engine.detach(id)
        run()
    }

    /// Why the server ended a link; nil when it did not, or gave no reason.
    func reason(_ id: LinkID) -> AMQPError? { detached[id] ?? nil }

    func isDetached(_ id: LinkID) -> Bool { detached[id] != nil }

    // MARK: Messages

    func content(_ body: String, _ edit: (inout MessageContent) -> Void = { _ in }) -> MessageContent {
        var content = MessageContent(body: .data([ByteBuffer(string: body)]))
        edit(&content)
        return content
    }

    /// Sends, and gives the delivery's number.
    @discardableResult
    func send(_ content: MessageContent, on id: LinkID, in transaction: ByteBuffer? = nil) throws -> UInt32 {
        let state = transaction.map { DeliveryState.transactional(transactionID: $0, outcome: nil) }
        names += 1
        guard let number = engine.send(id, head: content.encoded, tag: ByteBuffer(integer: names), state: state) else {
            throw Missing(description: "no credit to send with")
        }
        run()
        return number
    }

    @discardableResult
    func send(_ body: String, on id: LinkID, in transaction: ByteBuffer? = nil) throws -> UInt32 {
        try send(content(body), on: id, in: transaction)
    }

    /// What the server said of a delivery of ours (`role` receiver), or of our settlement of one of its (`role` sender).
    func outcome(_ number: UInt32, from role: Role = .receiver) -> DeliveryState? {
        dispositions.last { $0.role == role && $0.first <= number && ($0.last ?? $0.first) >= number }?.state
    }

    /// The bodies that arrived on a link.
    func texts(on id: LinkID) throws -> [String] { try received(on: id).map { try $0.text } }

    func received(on id: LinkID) -> [AMQP.Delivery] { deliveries.filter { $0.link == id }.map(\.delivery) }

    /// Settles a delivery of the server's.
    func settle(_ delivery: AMQP.Delivery, _ state: DeliveryState, last: UInt32? = nil, in session: SessionID? = nil) {
        engine.dispose(session ?? self.session, role: .receiver, first: delivery.id, last: last, settled: false, state: state)
        run()
    }

    // MARK: Transactions

    func declare(on coordinator: LinkID) throws -> ByteBuffer {
        let number = try send(MessageContent(body: TransactionRequest.declare(Declare()).body), on: coordinator)
        guard case .declared(let id)? = outcome(number) else { throw Missing(description: "not declared: \(outcome(number) as Any)") }
        return id
    }

    func discharge(_ id: ByteBuffer, fail: Bool = false, on coordinator: LinkID) throws -> DeliveryState? {
        let request = TransactionRequest.discharge(Discharge(transactionID: id, fail: fail))
        return outcome(try send(MessageContent(body: request.body), on: coordinator))
    }

    // MARK: Requests

    /// A pair of links to a node, and the requests sent over it.
    struct Node {
        let requests: LinkID
        let replies: LinkID
        let replyTo: String
    }

    func node(_ address: String) throws -> Node {
        names += 1
        let replyTo = "reply-\(names)"
        let replies = try attach(.receiver, source: Source(address: address), target: .address(replyTo), in: nil) { _ in }
        grant(100, on: replies)
        let requests = try attach(.sender, source: Source(address: "client"), target: .address(address), in: nil) { _ in }
        return Node(requests: requests, replies: replies, replyTo: replyTo)
    }

    func request(_ node: Node, _ operation: String, _ body: Body, _ more: [AMQPMap.Pair] = []) -> MessageContent {
        var request = MessageContent(body: body)
        var properties = Properties()
        properties.messageID = .string("request")
        properties.replyTo = node.replyTo
        request.properties = properties
        request.applicationProperties = AMQPMap([.init(key: "operation", value: .string(operation))] + more)
        return request
    }

    /// The answer to a request; nil when none came.
    func ask(_ node: Node, _ operation: String, _ body: Body, _ more: [AMQPMap.Pair] = [], in transaction: ByteBuffer? = nil) throws
        -> MessageContent?
    {
        let before = received(on: node.replies).count
        try send(request(node, operation, body, more), on: node.requests, in: transaction)
        let answers = received(on: node.replies)
        guard answers.count > before, let answer = answers.last else { return nil }
        return try MessageContent(Message(answer.payload))
    }

    func ask(_ node: Node, _ operation: String, _ arguments: AMQPMap, in transaction: ByteBuffer? = nil) throws -> MessageContent? {
        try ask(node, "com.microsoft:\(operation)", .value(.map(arguments)), in: transaction)
    }
}

extension MessageContent {
    /// The status of a `$management` answer.
    var status: Int64? { applicationProperties["statusCode"]?.integer }
    var condition: String? { applicationProperties["errorCondition"]?.text }
    var statusText: String { applicationProperties["statusDescription"]?.text ?? "" }
    var map: AMQPMap { if case .value(.map(let map)) = body { map } else { AMQPMap() } }
}

extension AMQP.Delivery {
    var content: MessageContent { get throws { try MessageContent(Message(payload)) } }
    var text: String {
        get throws {
            guard case .data(let sections) = try content.body else { return "" }
            return sections.map { String(buffer: $0) }.joined()
        }
    }
    /// The lock token, as `$management` takes it.
    var lockToken: UUIDBytes? {
        get throws { if case .uuid(let token)? = try content.deliveryAnnotations["x-opt-lock-token"] { token } else { nil } }
    }
}

extension DeliveryState? {
    /// The error of a rejection, in a transaction or not.
    var error: AMQPError? {
        switch self {
        case .rejected(let error)?: error
        case .transactional(_, let outcome)?: outcome.error
        default: nil
        }
    }
}
