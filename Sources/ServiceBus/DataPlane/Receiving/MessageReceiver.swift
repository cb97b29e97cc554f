internal import AMQP
internal import AMQPTransport
internal import Logging
internal import NIOCore

/// How messages are received.
public enum ReceiveMode: Hashable, Sendable {
    /// They stay in the entity, locked for us, until they are settled or the lock ends.
    case peekLock
    /// They are removed before they leave: one that is lost on its way is lost.
    case receiveAndDelete
}

/// Receives from one entity, within the scope of ``Namespace/withReceiver(for:mode:prefetch:atEnd:_:)`` or of a session.
///
/// Credit is exact: the service may send as many messages as a call asks for, and when the call returns it may send none. So nothing is
/// locked that nobody sees. A link that was lost is attached anew by the next call; what was received on it can still be settled, by
/// its lock token, for as long as the lock lives. One that does not take its credit back is followed by another, and stays for what came
/// on it until that is settled or the scope ends.
public actor MessageReceiver {
    /// The entity and sub-queue.
    public nonisolated let path: EntityPath
    /// How messages are received.
    public nonisolated let mode: ReceiveMode
    nonisolated let connection: NamespaceConnection
    nonisolated let session: String?
    private let prefetch: UInt32
    private let logger: Logger
    private var link: AMQPReceiver?
    /// Whether the link has not taken its credit back: nothing more is received on it.
    private var isSpent = false
    /// Links that were spent, by their numbers, for as long as there is something on them to settle.
    private var retired: [Int: AMQPReceiver] = [:]
    /// Counts links: a delivery can only be settled on the one it came on.
    private var serial = 0
    /// What arrived on a link that was lost, before it was lost.
    private var leftover: [ReceivedMessage] = []
    /// What was handed out and not settled, without its bytes, and the number of the link it came on.
    private var held: [SequenceNumber: (link: Int, delivery: AMQP.Delivery)] = [:]
    /// What was answered in a transaction: no delivery of the link any more, but locked for us should the transaction be rolled back.
    private var transacted: [SequenceNumber: (message: MessageHandle, transaction: Transaction)] = [:]
    private static let transactedAtFirst = 500
    /// When what was committed among them is forgotten.
    private var mostTransacted = transactedAtFirst
    /// Why messages may have been lost that were deleted before they left; nil when none can have been. The next call that receives
    /// throws it; whoever makes no other looks here.
    public private(set) var loss: ServiceBusError?
    private var isReceiving = false
    private var isClosed = false

    init(_ connection: NamespaceConnection, path: EntityPath, mode: ReceiveMode, prefetch: Int, logger: Logger) {
        self.connection = connection
        self.path = path
        self.mode = mode
        self.prefetch = UInt32(clamping: max(prefetch, 0))
        self.logger = logger
        session = nil
    }

    /// A receiver of a session that `link` holds.
    init(_ connection: NamespaceConnection, path: EntityPath, mode: ReceiveMode, session: String, link: AMQPReceiver, logger: Logger) {
        self.connection = connection
        self.path = path
        self.mode = mode
        self.session = session
        self.link = link
        self.logger = logger
        prefetch = 0
        serial = 1
    }

    // MARK: Receiving

    /// Receives messages that are there, or waits for the first.
    ///
    /// Cancelled, it gives everything back that had arrived; what was received and deleted, which cannot be given back, is returned.
    /// - Parameters:
    ///   - maximum: the most to receive.
    ///   - wait: how long to wait for the first. Zero takes what is there.
    /// - Returns: at most `maximum` messages, none when none came in time.
    /// - Throws: ``ServiceBusError``. For a session whose lock or link is gone, with ``ServiceBusError/Code/sessionLost``.
    public func receive(max maximum: Int, wait: Duration) async throws(ServiceBusError) -> [ReceivedMessage] {
        guard maximum > 0 else { return [] }
        guard !isReceiving, !isClosed else {
            throw ServiceBusError(
                .invalidRequest, isClosed ? "The receiver is closed." : "A receiver has one consumer at a time.", entity: path)
        }
        isReceiving = true
        defer { isReceiving = false }
        let deadline = ContinuousClock.now + min(wait, .seconds(86_400))
        // Asking again for what was lost with a link is harmless only where it is still in the entity.
        return try await connection.attempting(path, isRepeatable: mode == .peekLock && session == nil) {
            try await self.take(maximum, until: deadline)
        }
    }

    private func take(_ maximum: Int, until deadline: ContinuousClock.Instant) async throws -> [ReceivedMessage] {
        if let loss {
            self.loss = nil
            throw loss
        }
        let link = try await openLink()
        if !leftover.isEmpty {
            let batch = Array(leftover.prefix(maximum))
            leftover.removeFirst(batch.count)
            return handOut(batch)
        }
        if prefetch == 0 { await link.setCredit(UInt32(clamping: maximum)) }
        var deliveries: [AMQP.Delivery] = []
        var failure: (any Error)?
        do {
            let wait = deadline - .now
            if wait > .zero { deliveries = try await link.next(maximum: maximum, timeout: wait) }
            // Cancelled while the first messages were being handed over.
            try Task.checkCancellation()
        } catch {
            failure = error
        }
        if prefetch == 0, deliveries.count < maximum {
            // Brings what else is there at once, and takes the rest of the credit back.
            let drained = await link.drain(timeout: min(connection.configuration.requestTimeout, .seconds(5)))
            deliveries += drained.deliveries
            // What came on it is settled on it: the next call that receives, or the end of the scope, lets go of it.
            isSpent = !drained.isAnswered
        }
        if failure is CancellationError, mode == .peekLock {
            await link.settle(deliveries, .released)
            throw CancellationError()
        }
        if let failure, deliveries.isEmpty { throw lost(failure) }
        if mode == .receiveAndDelete, prefetch > 0 || deliveries.count < maximum, isSpent || !link.isOpen {
            loss = ServiceBusError(afterDispatch: failure ?? TransportError.link(nil), entity: path)
        }
        return handOut(try await read(deliveries, link))
    }

    /// What the end of a link means.
    private func lost(_ error: any Error) -> ServiceBusError {
        var failure =
            mode == .receiveAndDelete
            ? ServiceBusError(afterDispatch: error, entity: path) : ServiceBusError(error, entity: path)
        if session != nil, failure.recovery == .link || failure.recovery == .connection { failure.code = .sessionLost }
        return failure
    }

    private func read(_ deliveries: [AMQP.Delivery], _ link: AMQPReceiver) async throws -> [ReceivedMessage] {
        var messages: [ReceivedMessage] = []
        messages.reserveCapacity(deliveries.count)
        var unreadable: [AMQP.Delivery] = []
        for delivery in deliveries {
            if let message = ReceivedMessage(delivery, linkSerial: serial) {
                messages.append(message)
            } else {
                unreadable.append(delivery)
            }
        }
        if !unreadable.isEmpty {
            logger.error("messages that cannot be read", metadata: ["entity": "\(path)", "count": "\(unreadable.count)"])
            await link.settle(unreadable, .released)
            if messages.isEmpty {
                throw ServiceBusError(.protocolMismatch, "What was received is not a message of Service Bus.", entity: path)
            }
        }
        return messages
    }

    private func handOut(_ messages: [ReceivedMessage]) -> [ReceivedMessage] {
        for message in messages {
            guard case .link(let number, let delivery) = message.handle.origin, !delivery.settled, openLink(number) != nil else { continue }
            held[message.handle.sequenceNumber] = (number, delivery)
        }
        return messages
    }

    // MARK: Link

    /// Attaches the link now, so that a refusal comes before anything is received.
    func open() async throws(ServiceBusError) {
        _ = try await connection.attempting(path, isRepeatable: true) { try await self.openLink() }
    }

    private func openLink() async throws -> AMQPReceiver {
        if let link {
            if link.isOpen, !isSpent { return link }
            await keepLeftover(of: link)
            guard session == nil else {
                if !leftover.isEmpty { return link }
                throw lost(isSpent ? TransportError.timeout("giving back credit") : TransportError.link(nil))
            }
            await putAway(link)
        }
        var options = ReceiverOptions(
            name: NamespaceConnection.linkName(), address: path.address, settlement: mode == .peekLock ? .confirmed : .atSender,
            window: prefetch == 0 ? nil : prefetch)
        options.properties = AMQPMap([.init(key: .symbol("com.microsoft:receiver-name"), value: .string(options.name))])
        let link = try await connection.openReceiver(path, options)
        self.link = link
        serial += 1
        return link
    }

    private func keepLeftover(of link: AMQPReceiver) async {
        let deliveries = await link.drain(timeout: .zero).deliveries
        leftover += deliveries.compactMap { ReceivedMessage($0, linkSerial: serial) }
    }

    /// Lets go of a link on which nothing more is received: at once, or when all that came on it is settled.
    private func putAway(_ link: AMQPReceiver) async {
        self.link = nil
        isSpent = false
        if link.isOpen {
            retired[serial] = link
            await closeEmptied()
        } else {
            forgetHeld(of: serial)
            transacted = [:]
            await connection.receiverClosed(link, path)
        }
    }

    /// Closes the links that were retired and on which nothing is left to settle.
    private func closeEmptied() async {
        for (number, link) in retired {
            let isWanted = held.values.contains { $0.link == number } || leftover.contains { $0.handle.delivery(of: number) != nil }
            guard !isWanted, retired.removeValue(forKey: number) != nil else { continue }
            await close(link)
        }
    }

    private func close(_ link: AMQPReceiver) async {
        if await link.close(), mode == .receiveAndDelete, loss == nil {
            loss = ServiceBusError(afterDispatch: TransportError.link(nil), entity: path)
        }
        await connection.receiverClosed(link, path)
    }

    /// The name of the link that is received on.
    var linkName: String? { link?.name }

    /// The link of a number, if it is open.
    private func openLink(_ number: Int) -> AMQPReceiver? {
        let link = number == serial ? link ?? retired[number] : retired[number]
        return link?.isOpen == true ? link : nil
    }

    /// Ends the links at the end of the scope.
    /// - Parameter releasing: whether what was handed out and not settled is given back.
    func close(releasing: Bool) async {
        isClosed = true
        var links = retired
        retired = [:]
        if let link { links[serial] = link }
        link = nil
        guard !links.isEmpty else { return }
        for (number, link) in links { await link.settle(leftover.compactMap { $0.handle.delivery(of: number) }, .released) }
        if releasing {
            let rolledBack = transacted.values.filter(\.transaction.isRolledBack).map(\.message)
            for (number, link) in links {
                let deliveries =
                    held.values.filter { $0.link == number }.map(\.delivery) + rolledBack.compactMap { $0.delivery(of: number) }
                await link.settle(deliveries.sorted { $0.id < $1.id }, .released)
            }
            await abandon(rolledBack)
            held = [:]
            transacted = [:]
        }
        for link in links.values { await close(link) }
    }

    /// Gives back by lock token, whether or not our task was cancelled. What was released before has no such lock any more.
    private func abandon(_ messages: [MessageHandle]) async {
        let tokens = messages.compactMap { $0.lock?.token }
        if tokens.isEmpty || session != nil { return }
        await Task { [connection, path] in
            _ = await connection.settle(tokens, .abandon(), on: path, sessionID: nil, link: nil)
        }.value
    }

    private func forgetHeld(of number: Int) { held = held.filter { $0.value.link != number } }

    // MARK: Settling

    /// Settles messages and waits for the service's answer to each; messages that were received in a row share a frame.
    ///
    /// Where the link they came on is gone, they are settled by lock token through `$management`, which knows no release.
    /// - Parameter transaction: the transaction it belongs to; see ``TransactionScope``.
    /// - Returns: in the order of the messages, whether it held. After ``ServiceBusError/Code/lockLost`` somebody else may get the message;
    ///   after an outcome that is unknown it may be settled or not.
    public func settle(
        _ messages: [ReceivedMessage], _ disposition: MessageDisposition, in transaction: Transaction? = nil
    ) async -> [Result<Void, ServiceBusError>] {
        await settle(messages.map(\.handle), disposition, in: transaction)
    }

    func settle(
        _ messages: [MessageHandle], _ disposition: MessageDisposition, in transaction: Transaction? = nil
    ) async -> [Result<Void, ServiceBusError>] {
        var results = [Result<Void, ServiceBusError>?](repeating: nil, count: messages.count)
        let name = link.flatMap { $0.isOpen ? $0.name : nil }
        var onLink: [Int: (link: AMQPReceiver, entries: [(position: Int, delivery: AMQP.Delivery)])] = [:]
        var byToken: [(position: Int, token: UUIDBytes)] = []
        for (position, message) in messages.enumerated() {
            // What was answered in a transaction that was rolled back is locked for us, and no delivery of the link any more.
            if let number = held[message.sequenceNumber]?.link, let delivery = message.delivery(of: number), let link = openLink(number) {
                onLink[number, default: (link, [])].entries.append((position, delivery))
            } else if let lock = message.lock {
                byToken.append((position, lock.token))
            } else {
                results[position] = .failure(
                    ServiceBusError(.invalidRequest, "The message was deleted when it was received.", entity: path))
            }
        }
        for (link, entries) in onLink.sorted(by: { $0.key < $1.key }).map(\.value) {
            let entries = entries.sorted { $0.delivery.id < $1.delivery.id }
            let answers = await link.settleConfirmed(
                entries.map(\.delivery), transaction.map { $0.state(disposition.state) } ?? disposition.state,
                timeout: connection.configuration.requestTimeout)
            for (entry, answer) in zip(entries, answers) {
                switch answer {
                case .success(let state):
                    results[entry.position] = disposition.judge(state, path, in: transaction)
                    // Whatever the answer is, it ends the delivery.
                    end(messages[entry.position], in: transaction)
                case .failure(let error):
                    results[entry.position] = .failure(lostWhileSettling(error))
                    // The answer may still come, and would be taken for that of another transaction: it is not settled by its number again.
                    if transaction != nil { end(messages[entry.position], in: transaction) }
                }
            }
        }
        if !byToken.isEmpty {
            let answers = await connection.settle(
                byToken.map(\.token), disposition, on: path, sessionID: session, link: name, in: transaction)
            for (entry, answer) in zip(byToken, answers) {
                results[entry.position] = answer
                if case .success = answer { end(messages[entry.position], in: transaction) }
            }
        }
        let final = results.map { $0 ?? .failure(ServiceBusError(.service, "The settlement has no answer.", entity: path)) }
        transaction?.note(final)
        if !retired.isEmpty { await closeEmptied() }
        return final
    }

    /// A message is no delivery of the link any more; in a transaction it may be ours again.
    private func end(_ message: MessageHandle, in transaction: Transaction?) {
        let number = message.sequenceNumber
        let wasOurs = held[number] != nil || transacted[number] != nil
        held[number] = nil
        transacted[number] = transaction.flatMap { wasOurs ? (message, $0) : nil }
        if transacted.count > mostTransacted {
            transacted = transacted.filter { !$0.value.transaction.isCommitted }
            mostTransacted = max(Self.transactedAtFirst, transacted.count * 2)
        }
    }

    private func lostWhileSettling(_ error: any Error) -> ServiceBusError {
        var failure = ServiceBusError(afterDispatch: error, entity: path)
        if session != nil, failure.recovery == .link { failure.code = .sessionLost }
        return failure
    }
}
