import AMQP
import AMQPTransport
import DequeModule
import NIOCore

/// What all AMQP connections of the sandbox share: the broker, its timer, and who waits for messages where.
///
/// Belongs to one event loop, like the broker.
final class WireHub {
    let broker: Broker
    let access: AccessPolicy
    let faults: FaultSwitches
    let loop: any EventLoop
    private let clock: () -> Int64
    /// Links with credit and nothing to send, by queue, in the order they will be served.
    private var waiting: [EntityAddress: Deque<OutgoingLink>] = [:]
    /// Links that asked for any session and have none yet, by queue.
    private var waitingForSession: [EntityAddress: Deque<OutgoingLink>] = [:]
    private var connections: [ObjectIdentifier: WireConnection] = [:]
    private var timer: Scheduled<Void>?

    init(
        broker: Broker, access: AccessPolicy, faults: FaultSwitches, loop: any EventLoop, clock: @escaping () -> Int64
    ) {
        self.broker = broker
        self.faults = faults
        self.access = access
        self.loop = loop
        self.clock = clock
        broker.onEvent = { [unowned self] in handle($0) }
        broker.isAwaited = { [unowned self] in waiting[EntityAddress(path: $0)] != nil || waitingForSession[EntityAddress(path: $0)] != nil
        }
        broker.onDeadline = { [unowned self] in arm($0) }
        if let deadline = broker.nextDeadline { arm(deadline) }
    }

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
