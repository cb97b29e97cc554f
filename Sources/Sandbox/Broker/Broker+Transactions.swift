public import AMQP

/// Transactions (reference 1.14): sends and settlements that become effective together.
extension Broker {
    /// Begins a transaction; it is rolled back by itself after ``BrokerLimits/transactionTimeout``.
    ///
    /// - Throws: ``BrokerError`` with reason `quotaExceeded` when there are too many.
    public func beginTransaction() throws(BrokerError) -> TransactionID {
        enter()
        defer { leave() }
        guard transactions.count < limits.maximumTransactions else { throw tooMany("transactions", limits.maximumTransactions) }
        transactionCount += 1
        let id = TransactionID("txn:\(random.uuid().description.filter { $0 != "-" }):\(transactionCount)_G7")
        let transaction = BrokerTransaction(id, self)
        transactions[id] = transaction
        deadlines.set(transaction, to: now + limits.transactionTimeout)
        return id
    }

    /// Sends messages when the transaction is committed: all of them or none. What would be refused then is refused now, as far as that is known.
    ///
    /// - Parameters:
    ///   - address: the queue or topic.
    ///   - destination: where that entity passes them on to; nil to keep them there.
    ///   - reservesNumbers: whether sequence numbers are wanted at once.
    /// - Returns: the numbers they will have, or none.
    /// - Throws: ``BrokerError``: `transactionUnknown`, and what ``send(_:to:)-(_,EntityAddress)`` throws.
    @discardableResult
    public func send(
        _ messages: [IncomingMessage], to address: EntityAddress, transferringTo destination: EntityAddress? = nil,
        in id: TransactionID, reservesNumbers: Bool = false
    ) throws(BrokerError) -> [Int64] {
        enter()
        defer { leave() }
        return try spoiling(id) { () throws(BrokerError) in
            try add(messages, address, destination, to: id, reservesNumbers: reservesNumbers)
        }
    }

    /// Does a part of a transaction. When it fails the transaction can only be rolled back: "if any part of the transaction fails, the
    /// service will rollback the parts that succeeded" (Azure SDK for .NET, Sample06_Transactions).
    func spoiling<R>(_ id: TransactionID, _ part: () throws(BrokerError) -> R) throws(BrokerError) -> R {
        do throws(BrokerError) { return try part() } catch {
            transactions[id]?.spoil(error.description)
            throw error
        }
    }

    private func add(
        _ messages: [IncomingMessage], _ address: EntityAddress, _ destination: EntityAddress?, to id: TransactionID,
        reservesNumbers: Bool
    ) throws(BrokerError) -> [Int64] {
        let entity = try destinationEntity(address)
        let transaction = try activeTransaction(id, entity.systemName)
        var size = 0
        for message in messages {
            try check(message, for: entity)
            size += message.envelope.size
        }
        guard transaction.sent + messages.count <= limits.maximumTransactionMessages else {
            throw error(.notAllowed, BrokerText.tooManyInTransaction(limits.maximumTransactionMessages), entity.systemName)
        }
        if let refusal = quotaRefusal(adding: size, to: entity) { throw refusal }
        var numbers: [Int64] = []
        for message in messages {
            let number = reservesNumbers ? entity.nextSequenceNumber(for: message) : nil
            if let number { numbers.append(number) }
            transaction.operations.append(.send(message, entity, number: number, destination: destination?.path))
        }
        transaction.sent += messages.count
        transaction.bytes += size
        transactionBytes += size
        return numbers
    }

    /// Makes everything done in a transaction effective, or nothing.
    ///
    /// - Throws: ``BrokerError``: `transactionUnknown`, `transactionTimedOut`; `transactionRolledBack` when a lock was lost meanwhile, or an entity
    ///   is gone, closed or full.
    public func commit(_ id: TransactionID) throws(BrokerError) {
        enter()
        defer { leave() }
        let transaction = try take(id)
        if let obstacle = transaction.fault ?? obstacle(to: transaction) {
            transaction.undo()
            throw error(.transactionRolledBack, "The transaction was rolled back: \(obstacle)", "gtm")
        }
        for operation in transaction.operations {
            switch operation {
            case .send(let message, let entity, let number, let destination):
                entity.accessedAt = now
                if let destination {
                    entity.transfer(message, to: destination, at: now)
                } else {
                    entity.accept(message, hops: 0, reservedNumber: number, at: now)
                }
            case .settle(let message, let token, let settlement):
                message.isEnlisted = false
                message.queue.apply(settlement, to: message, under: token)
            }
        }
    }

    /// Undoes a transaction: what was sent in it never was, and what was settled in it is locked as before.
    ///
    /// - Throws: ``BrokerError``: `transactionUnknown`, `transactionTimedOut`.
    public func rollBack(_ id: TransactionID) throws(BrokerError) {
        enter()
        defer { leave() }
        try take(id).undo()
    }

    /// A transaction that work may be added to.
    func activeTransaction(_ id: TransactionID, _ systemName: String) throws(BrokerError) -> BrokerTransaction {
        guard let transaction = transactions[id] else {
            throw error(.transactionUnknown, BrokerText.noActiveTransaction(id.description, limits.transactionTimeout), systemName)
        }
        return transaction
    }

    func transactionTimedOut(_ transaction: BrokerTransaction) {
        transactions[transaction.id] = nil
        transactionBytes -= transaction.bytes
        transaction.undo()
        // Remembered for a while, so that who asks too late is told why.
        if timedOutTransactions.count >= Self.rememberedTransactions { timedOutTransactions.removeFirst() }
        timedOutTransactions.append(transaction.id)
    }

    private static var rememberedTransactions: Int { 1000 }

    /// Takes a transaction out, to end it.
    private func take(_ id: TransactionID) throws(BrokerError) -> BrokerTransaction {
        guard let transaction = transactions.removeValue(forKey: id) else {
            if timedOutTransactions.contains(id) {
                throw error(.transactionTimedOut, BrokerText.transactionTimedOut(limits.transactionTimeout), "gtm")
            }
            throw error(.transactionUnknown, BrokerText.transactionNotDeclared, "gtm")
        }
        deadlines.cancel(transaction)
        transactionBytes -= transaction.bytes
        return transaction
    }

    /// Why a transaction cannot be committed; nil when it can.
    private func obstacle(to transaction: BrokerTransaction) -> String? {
        var sizes: [ObjectIdentifier: (entity: QueueEntity, bytes: Int)] = [:]
        for operation in transaction.operations {
            switch operation {
            case .send(let message, let entity, _, _):
                if entity.isRemoved { return notFound(entity.path).description }
                if !entity.settings.availability.acceptsSends { return disabled(entity.path).description }
                sizes[ObjectIdentifier(entity), default: (entity, 0)].bytes += message.envelope.size
            case .settle(let message, let token, _):
                if !message.isLocked(under: token) { return BrokerText.lockLost }
            }
        }
        for (entity, bytes) in sizes.values { if let refusal = quotaRefusal(adding: bytes, to: entity) { return refusal.description } }
        return nil
    }
}

extension MessageQueue {
    /// Settles a message when the transaction is committed. Until then it stays locked, and nobody else can settle it.
    ///
    /// - Throws: ``BrokerError``: `transactionUnknown`, and what ``settle(_:_:)`` throws.
    public func settle(_ lockToken: UUIDBytes, _ settlement: Settlement, in id: TransactionID) throws(BrokerError) {
        try broker.spoiling(id) { () throws(BrokerError) in
            try enter(.settle)
            defer { broker.leave() }
            let transaction = try broker.activeTransaction(id, entity.systemName)
            let message = try lockedMessage(lockToken, settlement)
            message.isEnlisted = true
            transaction.operations.append(.settle(message, lockToken, settlement))
        }
    }
}
