internal import AMQP
internal import AMQPTransport
internal import Logging
internal import NIOCore

/// A connection of its own for transactions, whose coordinator was attached before every other link.
///
/// Messages that are to be settled in a transaction must be received within the same scope. When the connection is lost, every
/// transaction that was not committed is rolled back by the service, and the scope cannot be used any more.
public struct TransactionScope: Sendable {
    let connection: NamespaceConnection
    let logger: Logger

    /// Runs `body` with a receiver on the scope's connection; see ``Namespace/withReceiver(for:mode:prefetch:atEnd:_:)``.
    public func withReceiver<R: Sendable>(
        for path: EntityPath, atEnd: UnsettledMessages = .areReleased, _ body: (MessageReceiver) async throws -> R
    ) async throws -> R {
        let receiver = MessageReceiver(connection, path: path, mode: .peekLock, prefetch: 0, logger: logger)
        do {
            let result = try await body(receiver)
            await receiver.close(releasing: atEnd == .areReleased)
            return result
        } catch {
            await receiver.close(releasing: atEnd == .areReleased)
            throw error
        }
    }

    /// Runs `body` with a session on the scope's connection; see ``Namespace/withSession(_:of:mode:wait:atEnd:_:)``.
    public func withSession<R: Sendable>(
        _ choice: SessionChoice, of path: EntityPath, wait: Duration = .seconds(30), atEnd: UnsettledMessages = .areReleased,
        _ body: (MessageSession) async throws -> R
    ) async throws -> R {
        let session = try await connection.accept(choice, of: path, mode: .peekLock, wait: wait, logger: logger)
        do {
            let result = try await body(session)
            await session.receiver.close(releasing: atEnd == .areReleased)
            return result
        } catch {
            await session.receiver.close(releasing: atEnd == .areReleased)
            throw error
        }
    }

    // MARK: Inside a transaction

    /// Sends messages inside a transaction: they are there for others when it is committed.
    /// - Parameter via: the entity they are sent by way of, for a service that has the messages of a transaction pass through one entity
    ///   ("send via"); tokens for both are needed.
    /// - Returns: in the order of the messages, whether each was accepted.
    public func send(
        each messages: [OutgoingMessage], to path: EntityPath, via: EntityPath? = nil, in transaction: Transaction
    ) async -> [Result<Void, ServiceBusError>] {
        await send(messages.map { $0.encoded() }, to: path, via: via, in: transaction)
    }

    /// Sends exact copies of received messages inside a transaction.
    /// - Returns: in the order of the messages, whether each was accepted.
    public func send(
        each copies: [ForwardedMessage], to path: EntityPath, via: EntityPath? = nil, in transaction: Transaction
    ) async -> [Result<Void, ServiceBusError>] {
        await send(copies.map(\.encoded), to: path, via: via, in: transaction)
    }

    private func send(
        _ messages: [ByteBuffer], to path: EntityPath, via: EntityPath?, in transaction: Transaction
    ) async -> [Result<Void, ServiceBusError>] {
        let state = transaction.state(nil)
        let results = await connection.send(
            messages.map { OutboundMessage($0, state: state) }, to: via ?? path, destination: via == nil ? nil : path)
        transaction.note(results)
        return results
    }

    /// Schedules messages inside a transaction: they are there, to become active later, when it is committed.
    /// - Parameter time: when they become active.
    /// - Returns: the numbers they have once the transaction is committed, in the order of the messages, as far as it came.
    public func schedule(
        _ messages: [OutgoingMessage], at time: Timestamp, on path: EntityPath, in transaction: Transaction
    ) async -> Partly<[SequenceNumber]> {
        let result = await connection.schedule(messages, at: time, on: path, in: transaction)
        if let failure = result.failure { transaction.note(failure) }
        return result
    }

    /// Settles messages by their lock tokens inside a transaction, on whichever link or connection they came and while their locks live.
    /// - Returns: in the order of the messages, whether it held. A release is not possible.
    public func settle(
        _ messages: [ReceivedMessage], _ disposition: MessageDisposition, on path: EntityPath, sessionID: String? = nil,
        in transaction: Transaction
    ) async -> [Result<Void, ServiceBusError>] {
        let results = await connection.settle(messages, disposition, on: path, sessionID: sessionID, in: transaction)
        transaction.note(results)
        return results
    }

    // MARK: Declaring and discharging

    /// Runs `body` inside a transaction, and commits it when `body` returns and nothing inside it failed; otherwise rolls it back.
    /// - Throws: what `body` throws, or the first failure inside the transaction: nothing in it has happened then, and the failure's
    ///   outcome says so. When no answer to the commit came, the outcome is unknown: everything in it has happened, or nothing.
    public func withTransaction<R: Sendable>(_ body: (Transaction) async throws -> R) async throws -> R {
        let transaction = try await declare()
        let result: R
        do {
            result = try await body(transaction)
            if let failure = transaction.failure { throw failure }
            try Task.checkCancellation()
        } catch {
            await rollBack(transaction)
            guard var failure = error as? ServiceBusError else { throw error }
            failure.outcome = .notCarriedOut
            failure.message += (failure.message.hasSuffix(".") ? "" : ".") + " The transaction was rolled back."
            throw failure
        }
        try await commit(transaction)
        return result
    }

    private func declare() async throws(ServiceBusError) -> Transaction {
        let answer: DeliveryState
        do {
            answer = try await ask(.declare(Declare()))
        } catch {
            throw ServiceBusError(error, entity: nil)
        }
        guard case .declared(let id) = answer else { throw ServiceBusError(TransportError.outcome(answer), entity: nil) }
        return Transaction(id: id)
    }

    private func commit(_ transaction: Transaction) async throws(ServiceBusError) {
        let answer: DeliveryState
        do {
            answer = try await ask(.discharge(Discharge(transactionID: transaction.id, fail: false)))
        } catch {
            var failure = ServiceBusError(afterDispatch: error, entity: nil)
            if failure.outcome == .notCarriedOut { failure.code = .rolledBack }
            throw failure
        }
        switch answer {
        case .accepted: transaction.noteCommit()
        default:
            var failure = ServiceBusError(afterDispatch: TransportError.outcome(answer), entity: nil)
            if failure.outcome == .notCarriedOut {
                failure.code = .rolledBack
                transaction.noteRollback()
            } else {
                await rollBack(transaction)
            }
            throw failure
        }
    }

    /// Rolls back, whether or not our task was cancelled. Where it cannot be said, the service does it when the link is gone or time is up.
    private func rollBack(_ transaction: Transaction) async {
        await Task {
            let answer = try? await ask(.discharge(Discharge(transactionID: transaction.id, fail: true)))
            if answer == .accepted { transaction.noteRollback() }
        }.value
    }

    private func ask(_ request: TransactionRequest) async throws -> DeliveryState {
        let coordinator = try await connection.coordinator()
        return try await coordinator.send(
            OutboundMessage(MessageContent(body: request.body).encoded), timeout: connection.configuration.requestTimeout)
    }
}

extension Namespace {
    /// Runs `body` with a connection of its own for transactions, and closes it.
    /// - Throws: what `body` throws. The connection is opened when first needed.
    public nonisolated func withTransactionScope<R: Sendable>(_ body: (TransactionScope) async throws -> R) async throws -> R {
        let connection = NamespaceConnection(configuration, purpose: .transactions, tokens: tokens, clock: clock, logger: logger)
        do {
            let result = try await body(TransactionScope(connection: connection, logger: logger))
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }
}
