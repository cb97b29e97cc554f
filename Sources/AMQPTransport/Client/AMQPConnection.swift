public import AMQP
public import NIOCore
public import NIOPosix
import NIOSSL

/// How a client connection behaves.
public struct ConnectionConfiguration: Sendable {
    /// The name of our container; peers show it in their logs.
    public var containerID: String
    /// The host announced in `open` and for SASL; nil for the endpoint's.
    public var hostname: String?
    /// SASL mechanisms to use, best first; empty for none.
    public var mechanisms: [EngineConfiguration.SASLMechanism] = [.anonymous]
    /// The largest frame we accept, in bytes.
    public var maxFrameSize: UInt32 = 65536
    /// The largest message we put together, in bytes: 100 MB, and a megabyte for what a service writes around what it was sent.
    public var maxMessageSize = 105_906_176
    /// Transfers we can hold in the session.
    public var incomingWindow: UInt32 = 5000
    /// After how much silence the connection counts as lost.
    public var idleTimeout: Duration = .seconds(60)
    /// How long connecting may take: address, socket, TLS, SASL and open together.
    public var connectTimeout: Duration = .seconds(4)
    /// How long attaching a link may take.
    public var attachTimeout: Duration = .seconds(30)
    /// Properties announced in `open`.
    public var properties: AMQPMap?

    /// A configuration with the defaults above.
    public init(containerID: String) { self.containerID = containerID }
}

/// A client's connection to an AMQP 1.0 peer, with one session.
///
/// The actor runs on the connection's event loop; its tables need no locks, and a call costs one hop.
public actor AMQPConnection {
    private let core: NIOLoopBound<ClientCore>
    private let signs: LifeSigns
    private let eventLoop: any EventLoop
    private let configuration: ConnectionConfiguration
    private var isClosed = false

    /// The connection's event loop.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private init(
        _ core: NIOLoopBound<ClientCore>, _ signs: LifeSigns, _ eventLoop: any EventLoop, _ configuration: ConnectionConfiguration
    ) {
        self.core = core
        self.signs = signs
        self.eventLoop = eventLoop
        self.configuration = configuration
    }

    // MARK: Connecting

    /// Connects, runs `body`, and closes the connection whatever happens.
    /// - Throws: ``TransportError`` when connecting fails; what `body` throws.
    public static func withConnection<R: Sendable>(
        to endpoint: Endpoint, configuration: ConnectionConfiguration, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        _ body: (AMQPConnection) async throws -> R
    ) async throws -> R {
        let connection = try await connect(to: endpoint, configuration: configuration, group: group)
        do {
            let result = try await body(connection)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Connects and opens; the caller closes.
    /// - Throws: ``TransportError``.
    public static func connect(
        to endpoint: Endpoint, configuration: ConnectionConfiguration, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> AMQPConnection {
        let eventLoop = group.next()
        var engine = EngineConfiguration(
            side: .client, containerID: configuration.containerID, hostname: configuration.hostname ?? endpoint.host,
            security: configuration.mechanisms.isEmpty ? .none : .client(configuration.mechanisms))
        engine.maxFrameSize = configuration.maxFrameSize
        engine.maxMessageSize = configuration.maxMessageSize
        engine.incomingWindow = configuration.incomingWindow
        engine.creditTolerance = configuration.incomingWindow
        engine.idleTimeout = TimeAmount(configuration.idleTimeout)
        engine.properties = configuration.properties
        let settings = engine
        let tls = try TLS.clientContext(endpoint.security)
        let deadline = NIODeadline.now() + TimeAmount(configuration.connectTimeout)
        let signs = LifeSigns()
        let bound: NIOLoopBound<ClientCore>
        do {
            bound = try await ClientBootstrap(group: eventLoop)
                .connectTimeout(TimeAmount(configuration.connectTimeout))
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .channelOption(.writeBufferWaterMark, value: .init(low: 131_072, high: 524_288))
                // As much as a server that floods us sends at a time: one wake-up for many messages.
                .channelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 32_768, maximum: 262_144))
                .connect(host: endpoint.proxy?.host ?? endpoint.host, port: endpoint.proxy?.port ?? endpoint.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let core = ClientCore(eventLoop: channel.eventLoop, signs: signs)
                        let handler = EngineHandler(settings, owner: core, waits: true, now: .now())
                        try channel.pipeline.syncOperations.addHandler(handler)
                        core.bind(handler)
                        try ClientRoute(endpoint, tls, channel, handler, core).begin()
                        return NIOLoopBound(core, eventLoop: channel.eventLoop)
                    }
                }
        } catch {
            throw TransportError(socket: error, endpoint)
        }
        let connection = AMQPConnection(bound, signs, eventLoop, configuration)
        try await connection.waitUntilOpen(deadline)
        return connection
    }

    private func waitUntilOpen(_ deadline: NIODeadline) async throws {
        let core = core
        let timer = eventLoop.scheduleTask(deadline: deadline) {
            core.value.end(.timeout(core.value.step))
        }
        defer { timer.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation(isolation: self) { core.value.waitUntilOpen($0) }
            } onCancel: {
                eventLoop.execute { core.value.end(.closed) }
            }
        } catch {
            try Task.checkCancellation()
            throw error
        }
    }

    /// Closes the connection; everything that waits on it ends with ``TransportError/closed``.
    public func close() async {
        let core = core
        isClosed = true
        _ = try? await withCheckedThrowingContinuation(isolation: self) { core.value.close($0) }
    }

    deinit {
        // Nobody holds the connection any more: it is not left open for the peer to wonder about.
        guard !isClosed else { return }
        eventLoop.execute { [core] in core.value.end(.closed) }
    }

    /// Why the connection ended, or nil while it lives.
    public nonisolated var failure: TransportError? { signs.failure }

    // MARK: Links

    private func attach<Record: LinkRecord>(
        _ options: LinkOptions, _ record: NIOLoopBound<Record>, timeout: Duration? = nil
    ) async throws -> LinkID {
        let core = core
        let timeout = TimeAmount(timeout ?? configuration.attachTimeout)
        let name = options.name
        let timer = eventLoop.scheduleTask(in: timeout) {
            core.value.cancelAttach(record.value, TransportError.timeout("attaching \(name)"))
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation(isolation: self) { core.value.attach(options, record.value, $0) }
        } onCancel: {
            eventLoop.execute { core.value.cancelAttach(record.value, CancellationError()) }
        }
    }

    /// Opens a link to send on.
    /// - Throws: ``TransportError/link(_:)`` with the peer's reason when it refuses.
    public func openSender(_ options: SenderOptions) async throws -> AMQPSender {
        var link = LinkOptions(
            name: options.name, role: .sender, source: Source(address: options.source), target: options.target)
        link.senderSettleMode = options.settled ? 1 : 0
        link.receiverSettleMode = 0
        link.properties = options.properties
        link.desiredCapabilities = options.desiredCapabilities
        let record = SenderRecord(settled: options.settled)
        let bound = NIOLoopBound(record, eventLoop: eventLoop)
        let id = try await attach(link, bound)
        return AMQPSender(connection: self, id: id, maxMessageSize: bound.value.attach?.maxMessageSize)
    }

    /// Opens a link to receive on.
    /// - Throws: ``TransportError/link(_:)`` with the peer's reason when it refuses.
    public func openReceiver(_ options: ReceiverOptions) async throws -> AMQPReceiver {
        var link = LinkOptions(
            name: options.name, role: .receiver, source: options.source, target: .address(options.target))
        link.senderSettleMode = options.settlement == .atSender ? 1 : 0
        link.receiverSettleMode = options.settlement == .confirmed ? 1 : 0
        link.properties = options.properties
        let record = NIOLoopBound(ReceiverRecord(window: options.window), eventLoop: eventLoop)
        let id = try await attach(link, record, timeout: options.attachTimeout)
        let answer = record.value.attach
        return AMQPReceiver(
            connection: self, id: id, record: record, name: options.name, settlement: options.settlement, source: answer?.source,
            properties: answer?.properties)
    }

    /// Opens the pair of links of a request/response node (`$cbs`, `$management`).
    /// - Parameters:
    ///   - address: the node's address.
    ///   - replyTo: the address answers are sent to; it names our receiving link.
    public func openRequestLink(to address: String, replyTo: String, name: String) async throws -> RequestLink {
        var outgoing = LinkOptions(name: name + "-request", role: .sender, source: Source(address: replyTo), target: .address(address))
        outgoing.senderSettleMode = 0
        outgoing.receiverSettleMode = 0
        var incoming = LinkOptions(name: name + "-response", role: .receiver, source: Source(address: address), target: .address(replyTo))
        incoming.senderSettleMode = 0
        incoming.receiverSettleMode = 0
        // The records belong to the event loop, which this actor runs on and an `async let` does not.
        let requests = NIOLoopBound(SenderRecord(settled: false), eventLoop: eventLoop)
        let answers = NIOLoopBound(ResponseRecord(), eventLoop: eventLoop)
        // Both attaches leave before either is answered.
        async let sender = attaching(outgoing, requests)
        async let receiver = attaching(incoming, answers)
        switch await (sender, receiver) {
        case (.success(let sender), .success(let receiver)):
            return RequestLink(connection: self, sender: sender, receiver: receiver, replyTo: replyTo)
        case (.success(let half), .failure(let error)), (.failure(let error), .success(let half)):
            // Half a pair is of no use to anybody.
            await detach(half)
            throw error
        case (.failure(let error), .failure): throw error
        }
    }

    private func attaching<Record: LinkRecord>(_ options: LinkOptions, _ record: NIOLoopBound<Record>) async -> Result<LinkID, any Error> {
        do { return .success(try await attach(options, record)) } catch { return .failure(error) }
    }

    /// Whether a link still lives.
    nonisolated func isAttached(_ id: LinkID) -> Bool { signs.isAttached(id) }

    /// Whether both links of a pair still live.
    nonisolated func areAttached(_ a: LinkID, _ b: LinkID) -> Bool { isAttached(a) && isAttached(b) }

    func detach(_ id: LinkID) async {
        let core = core
        let timer = eventLoop.scheduleTask(in: .seconds(2)) { core.value.finishDetach(id) }
        defer { timer.cancel() }
        _ = try? await withCheckedThrowingContinuation(isolation: self) { core.value.detach(id, $0) }
    }

    // MARK: Sending

    func send(_ messages: [OutboundMessage], on id: LinkID, timeout: Duration?) async throws -> [Result<DeliveryState, TransportError>] {
        let core = core
        let eventLoop = eventLoop
        let holder = NIOLoopBoundBox<SendBatch?>.makeEmptyBox(valueType: SendBatch.self, eventLoop: eventLoop)
        let timer = timeout.map {
            eventLoop.scheduleTask(in: TimeAmount($0)) {
                guard let batch = holder.value else { return }
                (core.value.record(id) as? SenderRecord)?.giveUp(batch, .timeout("sending"), core.value)
            }
        }
        defer { timer?.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation(isolation: self) { waiter in
                let batch = SendBatch(count: messages.count, waiter)
                guard let record = core.value.record(id) as? SenderRecord else {
                    return batch.finishAll(.unsent(core.value.failure ?? .link(nil)))
                }
                holder.value = batch
                record.enqueue(messages, batch, core.value)
            }
        } onCancel: {
            eventLoop.execute {
                guard let batch = holder.value else { return }
                (core.value.record(id) as? SenderRecord)?.remove(batch)
                batch.giveUp(CancellationError())
            }
        }
    }

    // MARK: Receiving

    func nextDeliveries(_ record: NIOLoopBound<ReceiverRecord>, maximum: Int, timeout: Duration?) async throws -> [Delivery] {
        let core = core
        let timer = timeout.map { eventLoop.scheduleTask(in: TimeAmount($0)) { record.value.stopWaiting() } }
        defer { timer?.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation(isolation: self) { record.value.next(maximum, $0, core.value) }
        } onCancel: {
            eventLoop.execute { record.value.cancelNext(CancellationError()) }
        }
    }

    func setCredit(_ record: NIOLoopBound<ReceiverRecord>, _ credit: UInt32) { record.value.grant(credit, core.value) }

    /// Takes unused credit back, and hands over what had arrived.
    /// - Parameter isLast: whether the link is to be closed next: no credit is granted any more.
    func drain(
        _ record: NIOLoopBound<ReceiverRecord>, timeout: Duration, isLast: Bool
    ) async -> (deliveries: [Delivery], isAnswered: Bool) {
        let core = core
        let timer = eventLoop.scheduleTask(in: TimeAmount(timeout)) { record.value.giveUpDrain(core.value) }
        defer { timer.cancel() }
        let isAnswered = await withCheckedContinuation(isolation: self) { record.value.drain($0, isLast: isLast, core.value) }
        return (record.value.takeAll(), isAnswered)
    }

    /// Settles the delivery that is not whole, if there is one.
    /// - Parameter state: its outcome; nil where its sender has settled it.
    /// - Returns: whether there was one.
    func settleUnfinished(_ record: NIOLoopBound<ReceiverRecord>, on id: LinkID, _ state: DeliveryState?) -> Bool {
        guard let handler = core.value.handler, let number = record.value.unfinished(core.value) else { return false }
        guard let state else { return true }
        handler.engine.dispose(id.session, role: .receiver, first: number, last: number, settled: true, state: state)
        handler.setNeedsFlush()
        return true
    }

    /// Settles deliveries without waiting for an answer; neighbours share a frame.
    func settle(_ deliveries: [Delivery], on id: LinkID, _ state: DeliveryState) {
        // On a link that is gone there is nothing left to settle.
        guard let handler = core.value.handler, core.value.record(id) != nil else { return }
        var run: (first: UInt32, last: UInt32)?
        for delivery in deliveries where !delivery.settled {
            if let current = run, current.last &+ 1 == delivery.id {
                run = (current.first, delivery.id)
            } else {
                if let run { dispose(run) }
                run = (delivery.id, delivery.id)
            }
        }
        if let run { dispose(run) }
        handler.setNeedsFlush()

        func dispose(_ run: (first: UInt32, last: UInt32)) {
            handler.engine.dispose(id.session, role: .receiver, first: run.first, last: run.last, settled: true, state: state)
        }
    }

    /// Proposes an outcome and waits for the sender's answers (receiver-settle-mode second); neighbours share a frame.
    func settleConfirmed(
        _ deliveries: [Delivery], on id: LinkID, _ state: DeliveryState, timeout: Duration
    ) async -> [Result<DeliveryState?, any Error>] {
        if deliveries.isEmpty { return [] }
        let core = core
        let batch = NIOLoopBound(SettleBatch(deliveries.map(\.id)), eventLoop: eventLoop)
        let timer = eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            core.value.giveUp(batch.value, TransportError.timeout("settlement"))
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: self) {
                batch.value.wait($0)
                core.value.settle(batch.value, on: id, state)
            }
        } onCancel: {
            eventLoop.execute { core.value.giveUp(batch.value, CancellationError()) }
        }
    }

    // MARK: Requests

    func request(
        _ message: MessageContent, key: String, state: DeliveryState?, sender: LinkID, receiver: LinkID, timeout: Duration
    ) async throws -> Message {
        let core = core
        let message = OutboundMessage(message.encoded, state: state)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation(isolation: self) { waiter in
                guard let answers = core.value.record(receiver) as? ResponseRecord,
                    let requests = core.value.record(sender) as? SenderRecord
                else { return waiter.resume(throwing: core.value.failure ?? .link(nil)) }
                let request = PendingRequest(key, requests, answers, waiter)
                answers.expect(request)
                request.start(message, timeout: TimeAmount(timeout), core.value)
            }
        } onCancel: {
            eventLoop.execute { (core.value.record(receiver) as? ResponseRecord)?.request(key)?.fail(CancellationError()) }
        }
    }
}
