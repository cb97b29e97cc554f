/// What is to become of exactly one message.
public enum ExactAction: Hashable, Sendable {
    /// It is removed.
    case delete
    /// It goes to the dead-letter queue.
    case deadLetter(reason: String?, description: String?)
    /// An exact copy of it is sent to another entity, and it is removed: both in one transaction.
    case move(to: EntityPath)
}

/// How an operation on exactly one message went.
public struct ExactReport: Hashable, Sendable {
    /// How many messages were passed over: received on the way to it, those that came behind it in the same batch included, and given
    /// back untouched.
    public internal(set) var passedOver = 0
    /// How many of those could not be given back, because the link was lost: their locks run out by themselves, which the service counts
    /// as a failed delivery.
    public internal(set) var stillLocked = 0
}

/// How far an operation on exactly one message may go.
public struct ExactLimits: Hashable, Sendable {
    /// The most messages that may be held at once while the message is looked for. They are locked meanwhile: nobody else gets them.
    public var heldAtOnce = 5000
    /// How long to wait for the service to give the next messages.
    public var wait = Duration.seconds(5)
    /// Whether the messages passed over may stay held until the end even where the service counts releases: the count of each goes up by
    /// one. Off unless told.
    public var acceptsRaisedCounts = false

    /// The limits with the defaults above.
    public init() {}
}

extension Namespace {
    /// Deletes, dead-letters or moves exactly one message of an entity, by its sequence number.
    ///
    /// A deferred message is received by its number, a scheduled one cancelled. An active or dead-lettered one stands in a line: what
    /// stands before it is received in peek-lock, held, and released in the end, in order, so that no other message's delivery count
    /// changes. Whether the service keeps to that is tried on the first message, before any other is touched.
    /// - Parameters:
    ///   - action: what is to become of it.
    ///   - number: its sequence number.
    ///   - path: the entity and sub-queue it is in.
    /// - Throws: ``ServiceBusError``, with ``ServiceBusError/Code/messageNotFound`` when it is not there to be had,
    ///   ``ServiceBusError/Code/releaseRaisesCount`` when the service counts releases. In every case what was passed over is given back.
    ///   Only with an unknown outcome may the action have happened.
    public nonisolated func perform(
        _ action: ExactAction, onExactly number: SequenceNumber, in path: EntityPath, limits: ExactLimits = ExactLimits()
    ) async throws -> ExactReport {
        guard let target = try await peek(path, from: number, count: 1).first, target.sequenceNumber == number else {
            throw ServiceBusError(.messageNotFound, "There is no message \(number).", entity: path)
        }
        switch (target.state, action) {
        case (.scheduled, .delete):
            _ = try await cancelScheduled([number], on: path).get()
            return ExactReport()
        case (.scheduled, _):
            throw ServiceBusError(.invalidRequest, "Message \(number) is scheduled: it can only be cancelled.", entity: path)
        case (_, .move(let destination)):
            return try await withTransactionScope { scope in
                let connection = scope.connection
                return try await seek(target, path, limits, connection) { receiver, message in
                    try await scope.withTransaction { transaction in
                        for result in await scope.send(each: [ForwardedMessage(message)], to: destination, in: transaction) {
                            try result.get()
                        }
                        for result in await receiver.settle([message], .complete, in: transaction) { try result.get() }
                    }
                }
            }
        case (_, .delete):
            return try await seek(target, path, limits, connection) { receiver, message in try await receiver.complete(message) }
        case (_, .deadLetter(let reason, let description)):
            return try await seek(target, path, limits, connection) { receiver, message in
                try await receiver.deadLetter(message, reason: reason, description: description)
            }
        }
    }

    /// Gets hold of a message, acts on it, and gives back what stood before it.
    private nonisolated func seek(
        _ target: PeekedMessage, _ path: EntityPath, _ limits: ExactLimits, _ connection: NamespaceConnection,
        _ act: (MessageReceiver, ReceivedMessage) async throws -> Void
    ) async throws -> ExactReport {
        let receiver = MessageReceiver(connection, path: path, mode: .peekLock, prefetch: 0, logger: logger)
        do throws(ServiceBusError) {
            try await receiver.open()
        } catch {
            // An entity that requires sessions refuses a plain receiver; its sub-queues do not.
            guard error.code == .invalidRequest, path.subQueue == .active, let id = target.sessionID else { throw error }
            let session = try await connection.accept(.named(id), of: path, mode: .peekLock, wait: limits.wait, logger: logger)
            return try await search(target, session.receiver, limits, session, act)
        }
        return try await search(target, receiver, limits, nil, act)
    }

    private nonisolated func search(
        _ target: PeekedMessage, _ receiver: MessageReceiver, _ limits: ExactLimits, _ session: MessageSession?,
        _ act: (MessageReceiver, ReceivedMessage) async throws -> Void
    ) async throws -> ExactReport {
        var search = ExactSearch(target, receiver, self, limits, session: session)
        do {
            let report = try await search.run(act)
            await receiver.close(releasing: true)
            return report
        } catch {
            await receiver.close(releasing: true)
            throw error
        }
    }
}
