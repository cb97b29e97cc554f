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
/// its lock token, for as long as the lock lives.
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
    /// Counts links: a delivery can only be settled on the one it came on.
    private var serial = 0
    /// What arrived on a link that was lost, before it was lost.
    private var leftover: [ReceivedMessage] = []
    /// What was handed out and not settled, without its bytes.
    private var held: [SequenceNumber: AMQP.Delivery] = [:]
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
            if !drained.isAnswered { await loseLink() }
        }
        if failure is CancellationError, mode == .peekLock {
            await link.settle(deliveries, .released)
            throw CancellationError()
        }
        if let failure, deliveries.isEmpty { throw lost(failure) }
        if mode == .receiveAndDelete, prefetch > 0 || deliveries.count < maximum, !link.isOpen {
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
            if let delivery = message.handle.delivery(of: serial) { held[message.handle.sequenceNumber] = delivery }
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
            if link.isOpen { return link }
            await keepLeftover(of: link)
            guard session == nil else {
                if !leftover.isEmpty { return link }
                throw lost(TransportError.link(nil))
            }
            self.link = nil
            forgetHeld()
            await connection.receiverClosed(link, path)
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
        let deliveries = await link.drain().deliveries
        leftover += deliveries.compactMap { ReceivedMessage($0, linkSerial: serial) }
    }

    /// Ends a link that does not take its credit back: it might send what nobody waits for.
    private func loseLink() async {
        guard let link else { return }
        self.link = nil
        forgetHeld()
        await link.close(drainTimeout: .zero)
        await connection.receiverClosed(link, path)
    }

    /// Ends the link at the end of the scope.
    /// - Parameter releasing: whether what was handed out and not settled is given back.
    func close(releasing: Bool) async {
        isClosed = true
        guard let link else { return }
        self.link = nil
        if releasing {
            let rolledBack = transacted.values.filter(\.transaction.isRolledBack).map(\.message)
            let deliveries = Array(held.values) + rolledBack.compactMap { $0.delivery(of: serial) }
            await link.settle(deliveries.sorted { $0.id < $1.id }, .released)
            await abandon(rolledBack)
            forgetHeld()
        }
        await link.close()
        await connection.receiverClosed(link, path)
    }

    /// Gives back by lock token, whether or not our task was cancelled. What was released before has no such lock any more.
    private func abandon(_ messages: [MessageHandle]) async {
        let tokens = messages.compactMap { $0.lock?.token }
        if tokens.isEmpty || session != nil { return }
        await Task { [connection, path] in
            _ = await connection.settle(tokens, .abandon(), on: path, sessionID: nil, link: nil)
        }.value
    }

    private func forgetHeld() {
        held = [:]
        transacted = [:]
    }

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
        let link = link
        let isLinkOpen = link?.isOpen ?? false
        var onLink: [(position: Int, delivery: AMQP.Delivery)] = []
        var byToken: [(position: Int, token: UUIDBytes)] = []
        for (position, message) in messages.enumerated() {
            // What was answered in a transaction that was rolled back is locked for us, and no delivery of the link any more.
            if isLinkOpen, held[message.sequenceNumber] != nil, let delivery = message.delivery(of: serial) {
                onLink.append((position, delivery))
            } else if let lock = message.lock {
                byToken.append((position, lock.token))
            } else {
                results[position] = .failure(
                    ServiceBusError(.invalidRequest, "The message was deleted when it was received.", entity: path))
            }
        }
        if let link, !onLink.isEmpty {
            onLink.sort { $0.delivery.id < $1.delivery.id }
            let answers = await link.settleConfirmed(
                onLink.map(\.delivery), transaction.map { $0.state(disposition.state) } ?? disposition.state,
                timeout: connection.configuration.requestTimeout)
            for (entry, answer) in zip(onLink, answers) {
                switch answer {
                case .success(let state):
                    results[entry.position] = disposition.judge(state, path)
                    // Whatever the answer is, it ends the delivery.
                    end(messages[entry.position], in: transaction)
                case .failure(let error): results[entry.position] = .failure(lostWhileSettling(error))
                }
            }
        }
        if !byToken.isEmpty {
            let answers = await connection.settle(
                byToken.map(\.token), disposition, on: path, sessionID: session, link: isLinkOpen ? link?.name : nil, in: transaction)
            for (entry, answer) in zip(byToken, answers) {
                results[entry.position] = answer
                if case .success = answer { end(messages[entry.position], in: transaction) }
            }
        }
        let final = results.map { $0 ?? .failure(ServiceBusError(.service, "The settlement has no answer.", entity: path)) }
        transaction?.note(final)
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

    // MARK: Locks and deferred messages

    /// Makes the locks of messages last a full lock duration from now.
    /// - Returns: in the order of the messages, when each lock ends now.
    /// - Throws: ``ServiceBusError``, with ``ServiceBusError/Code/lockLost`` when one of them is gone.
    public func renewLocks(of messages: [ReceivedMessage]) async throws(ServiceBusError) -> [Timestamp] {
        try await renewLocks(of: messages.map(\.handle))
    }

    func renewLocks(of messages: [MessageHandle]) async throws(ServiceBusError) -> [Timestamp] {
        let tokens = messages.compactMap { $0.lock?.token }
        if tokens.isEmpty { return [] }
        var request = ManagementRequest("renew-lock", isRepeatable: true, ["lock-tokens": .array(.uuids(tokens))])
        request.associatedLink = link?.name
        let answer = try await connection.perform(request, on: path)
        let times = try answer.body()["expirations"]?.elements?.compactMap(\.integer) ?? []
        guard times.count == tokens.count else { throw answer.malformed("it has \(times.count) 'expirations' for \(tokens.count) locks") }
        return times.map { Timestamp(milliseconds: $0) }
    }

    /// Receives deferred messages by their numbers, in the receiver's mode.
    /// - Returns: those that are there; a number that names no deferred message gives none.
    /// - Throws: ``ServiceBusError``. With an unknown outcome, some may be locked, or received and deleted.
    public func receiveDeferred(_ numbers: [SequenceNumber]) async throws(ServiceBusError) -> [ReceivedMessage] {
        if numbers.isEmpty { return [] }
        var request = ManagementRequest(
            "receive-by-sequence-number", isRepeatable: false,
            [
                "sequence-numbers": .array(.longs(numbers.map(\.rawValue))),
                "receiver-settle-mode": .uint(mode == .peekLock ? 1 : 0), "session-id": session.map { .string($0) },
            ])
        request.associatedLink = link?.name
        guard let answer = try await connection.performIfAny(request, on: path) else { return [] }
        guard let entries = try answer.body()["messages"]?.elements else { throw answer.malformed("it has no 'messages'") }
        var messages: [ReceivedMessage] = []
        for entry in entries {
            var token: UUIDBytes?
            if mode == .peekLock, case .uuid(let uuid)? = entry.mapValue?["lock-token"] { token = uuid }
            guard case .binary(let bytes)? = entry.mapValue?["message"], let content = try? Message(bytes),
                let message = ReceivedMessage(content, lockToken: token)
            else { throw answer.malformed("an entry of 'messages' holds no message") }
            messages.append(message)
        }
        return messages
    }
}
