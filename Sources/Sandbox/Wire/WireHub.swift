import AMQP
import AMQPTransport
import DequeModule
import NIOCore

/// What all AMQP connections of the sandbox share: the broker, its timer, who waits for messages where, and what is to be kept before
/// anybody hears of it.
///
/// Belongs to one event loop, like the broker.
final class WireHub {
    let broker: Broker
    /// The keys that open the whole namespace, as they stand now.
    var access: AccessPolicy
    /// The stand-ins for Azure around the namespace, if there are any: they know the tokens of Entra and who has which role.
    var cloud: SandboxCloud?
    let faults: FaultSwitches
    let loop: any EventLoop
    private let clock: () -> Int64
    /// Links with credit and nothing to send, by queue, in the order they will be served.
    private var waiting: [EntityAddress: Deque<OutgoingLink>] = [:]
    /// Links that asked for any session and have none yet, by queue.
    private var waitingForSession: [EntityAddress: Deque<OutgoingLink>] = [:]
    private var connections: [ObjectIdentifier: WireConnection] = [:]
    private var timer: Scheduled<Void>?
    /// What keeps the namespace; nil when it is in memory only.
    private let keeper: (any NamespaceKeeper)?
    /// Connections with something to say that must not leave before changes are kept.
    private var held: [WireConnection] = []
    /// Why changes can be kept no longer: nothing is said to anybody any more.
    private(set) var failure: StoreError?
    /// Called once when that happens.
    var onFailure: ((StoreError) -> Void)?
    private var isClosed = false

    init(
        broker: Broker, access: AccessPolicy, faults: FaultSwitches, loop: any EventLoop, keeper: (any NamespaceKeeper)? = nil,
        clock: @escaping () -> Int64
    ) {
        self.broker = broker
        self.keeper = keeper
        self.faults = faults
        self.access = access
        self.loop = loop
        self.clock = clock
        broker.onEvent = { [unowned self] in handle($0) }
        broker.isAwaited = { [unowned self] in waiting[EntityAddress(path: $0)] != nil || waitingForSession[EntityAddress(path: $0)] != nil
        }
        broker.onDeadline = { [unowned self] in arm($0) }
        if keeper != nil { broker.onChange = { [unowned self] in keepSoon() } }
        if let deadline = broker.nextDeadline { arm(deadline) }
    }

    /// Whether shared access signatures are refused.
    var isLocalAuthDisabled: Bool { cloud?.resource.isLocalAuthDisabled ?? false }

    /// The time, in milliseconds since 1970.
    var now: Int64 { clock() }

    private func arm(_ deadline: Int64) {
        timer?.cancel()
        let delay = max(0, min(deadline.subtractingReportingOverflow(now).partialValue, 86_400_000))
        timer = loop.assumeIsolated().scheduleTask(in: .milliseconds(delay)) { [weak self] in
            guard let self else { return }
            timer = nil
            broker.advance()
            // `advance` announces the next deadline unless there is none.
        }
    }

    // MARK: Keeping

    /// Whether everything that has changed is kept, so that it may be told. If not, the connection is flushed as soon as it is.
    func mayTell(_ connection: WireConnection) -> Bool {
        guard let journal = broker.journal else { return true }
        if failure != nil { return false }
        guard journal.hasChanges else { return true }
        if !connection.isHeld {
            connection.isHeld = true
            held.append(connection)
        }
        if !journal.isAnnounced {
            journal.isAnnounced = true
            keepSoon()
        }
        return false
    }

    /// Keeps, at the end of this turn of the loop, what all connections have changed in it, and lets out what they have to say.
    private func keepSoon() {
        loop.assumeIsolated().execute { [weak self] in
            guard let self, keep() else { return }
            let connections = held
            held = []
            for connection in connections { connection.isHeld = false }
            for connection in connections { connection.flush() }
        }
    }

    /// Keeps what has changed.
    /// - Returns: whether it is kept, and may be told.
    func keep() -> Bool {
        guard let keeper, let journal = broker.journal else { return true }
        guard failure == nil, !isClosed else { return false }
        do throws(StoreError) {
            try keeper.keep(journal)
            return true
        } catch {
            fail(error)
            return false
        }
    }

    /// Keeps what has changed and closes what it is kept in. Nobody is told anything afterwards.
    func closeKeeper() {
        guard let keeper else { return }
        _ = keep()
        isClosed = true
        keeper.close()
    }

    /// What the broker holds is not what is kept: whoever is told of it might rely on it. So nobody is told anything.
    private func fail(_ error: StoreError) {
        failure = error
        timer?.cancel()
        for connection in connections.values { connection.abort() }
        connections = [:]
        held = []
        onFailure?(error)
    }

    // MARK: Faults

    /// Sets what is to go wrong from now on.
    func setFaults(_ faults: SandboxFaults) {
        self.faults.set(faults)
        broker.countsReleases = faults.countReleases
    }

    /// Runs something after the delay that faults ask for, else at once. What is delayed keeps its order.
    func afterDelay(_ later: @escaping () -> Void, orNow now: () -> Void) {
        let delay = faults.remaining.delayResponsesMilliseconds
        guard delay > 0 else { return now() }
        loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(delay)), later)
    }

    // MARK: Connections

    func add(_ connection: WireConnection) { connections[ObjectIdentifier(connection)] = connection }
    func remove(_ connection: WireConnection) { connections[ObjectIdentifier(connection)] = nil }

    /// Ends everything.
    func stop() {
        timer?.cancel()
        for connection in connections.values { connection.stop() }
        connections = [:]
    }

    // MARK: Waiting

    func wait(_ link: OutgoingLink) {
        guard !link.isWaiting else { return }
        link.isWaiting = true
        waiting[link.address, default: []].append(link)
    }

    func waitForSession(_ link: OutgoingLink) { waitingForSession[link.address, default: []].append(link) }

    func forget(_ link: OutgoingLink) {
        link.isWaiting = false
        waiting[link.address]?.removeAll { $0 === link }
        if waiting[link.address]?.isEmpty == true { waiting[link.address] = nil }
        waitingForSession[link.address]?.removeAll { $0 === link }
        if waitingForSession[link.address]?.isEmpty == true { waitingForSession[link.address] = nil }
    }

    private func handle(_ event: BrokerEvent) {
        switch event {
        case .messagesAvailable(let queue): serve(queue.address)
        case .sessionLockLost(let queue, let lease):
            for connection in connections.values { connection.sessionLost(queue.address, lease) }
        case .entityRemoved(let address):
            for connection in connections.values {
                connection.detachAll(from: address, broker.deleted(address.path).amqpError)
                connection.watch.accessRulesChanged(connection)
            }
        case .accessRulesChanged:
            for connection in connections.values { connection.watch.accessRulesChanged(connection) }
        case .availabilityChanged(let address, let availability):
            guard availability != .active else { return }
            for connection in connections.values {
                connection.detachAll(from: address, broker.disabled(address.path).amqpError)
            }
        }
    }

    private func serve(_ address: EntityAddress) {
        if waiting.isEmpty, waitingForSession.isEmpty { return }
        for link in waitingForSession[address] ?? [] where link.tryAcceptNextSession() {
            waitingForSession[address]?.removeAll { $0 === link }
        }
        // Each waiting link once around; those still hungry go to the end of the line.
        for _ in 0..<(waiting[address]?.count ?? 0) {
            guard let link = waiting[address]?.popFirst() else { break }
            link.isWaiting = false
            link.pump()
            link.connection?.setNeedsFlush()
        }
        if waiting[address]?.isEmpty == true { waiting[address] = nil }
    }
}
