/// What comes in: from senders, and from one entity to another.
extension Broker {
    /// Whether a sender may be opened at an address.
    ///
    /// - Throws: ``BrokerError``: no such entity, not one that can be sent to, or disabled.
    public func checkSender(to address: EntityAddress) throws(BrokerError) {
        enter()
        defer { leave() }
        _ = try destinationEntity(address)
    }

    /// Takes messages in: all of them or none.
    ///
    /// - Returns: the sequence numbers they got, in order; nil in the place of one that duplicate detection dropped.
    /// - Throws: ``BrokerError``: the entity is missing, disabled or full, or a message is too large, has an identifier that is too long or lacks
    ///   the session id that the entity requires.
    @discardableResult
    public func send(_ messages: [IncomingMessage], to address: EntityAddress) throws(BrokerError) -> [Int64?] {
        enter()
        defer { leave() }
        let entity = try destinationEntity(address)
        var size = 0
        for message in messages {
            try check(message, for: entity)
            size += message.envelope.size
        }
        if let refusal = quotaRefusal(adding: size, to: entity) { throw refusal }
        entity.accessedAt = now
        return messages.map { entity.accept($0, hops: 0, at: now) }
    }

    /// Takes one message in; see ``send(_:to:)-([IncomingMessage],_)``.
    @discardableResult
    public func send(_ message: IncomingMessage, to address: EntityAddress) throws(BrokerError) -> Int64? {
        enter()
        defer { leave() }
        let entity = try destinationEntity(address)
        try check(message, for: entity)
        if let refusal = quotaRefusal(adding: message.envelope.size, to: entity) { throw refusal }
        entity.accessedAt = now
        return entity.accept(message, hops: 0, at: now)
    }

    /// Takes messages in only to pass them on: all of them or none. One that does not arrive is kept with the transfers that failed.
    ///
    /// - Parameter destination: where the entity passes them on to.
    /// - Throws: ``BrokerError``, as above.
    public func send(
        _ messages: [IncomingMessage], to address: EntityAddress, transferringTo destination: EntityAddress
    ) throws(BrokerError) {
        enter()
        defer { leave() }
        let entity = try destinationEntity(address)
        for message in messages { try check(message, for: entity) }
        if let refusal = quotaRefusal(adding: messages.reduce(0) { $0 + $1.envelope.size }, to: entity) { throw refusal }
        entity.accessedAt = now
        for message in messages { entity.transfer(message, to: destination.path, at: now) }
    }

    func destinationEntity(_ address: EntityAddress) throws(BrokerError) -> QueueEntity {
        guard let entity = entities[address.key] else { throw notFound(address.path) }
        guard address.subQueue == .active else { throw error(.notAllowed, BrokerText.sendToSubQueue, entity.systemName) }
        if case .subscription = entity.kind { throw error(.notAllowed, BrokerText.sendToSubscription, entity.systemName) }
        if !entity.settings.availability.acceptsSends { throw disabled(entity.path) }
        return entity
    }

    func check(_ message: IncomingMessage, for entity: QueueEntity) throws(BrokerError) {
        let limit = entity.maximumMessageBytes
        if message.encodedSize > limit {
            throw error(.messageTooLarge, BrokerText.messageTooLarge(message.encodedSize, limit), entity.systemName)
        }
        try check(message.messageID, "MessageId", entity)
        try check(message.sessionID, "SessionId", entity)
        try check(message.partitionKey, "PartitionKey", entity)
        if entity.settings.requiresSession, message.sessionID == nil {
            throw error(.notAllowed, BrokerText.sessionIDRequired, entity.systemName)
        }
    }

    private func check(_ identifier: String?, _ name: String, _ entity: QueueEntity) throws(BrokerError) {
        guard let identifier, identifier.utf8.count > limits.maximumIdentifierLength,
            identifier.utf16.count > limits.maximumIdentifierLength
        else { return }
        throw error(.invalidArgument, BrokerText.identifierTooLong(name), entity.systemName)
    }

    /// Passes a message on to another entity.
    ///
    /// - Returns: why it could not be; nil when it arrived.
    func forward(
        _ message: IncomingMessage, to path: String, hops: Int, _ enqueuedSequenceNumber: Int64, at now: Int64
    ) -> DeadLetterCause? {
        if hops > limits.maximumHops { return .tooManyHops }
        guard let entity = entity(path) else {
            return DeadLetterCause(reason: "MessagingEntityNotFoundException", description: notFound(path).description)
        }
        if case .subscription = entity.kind {
            return DeadLetterCause(reason: "InvalidOperationException", description: BrokerText.sendToSubscription)
        }
        if let refusal = entity.refusal(of: message) {
            let reason =
                switch refusal.reason {
                case .entityDisabled: "MessagingEntityDisabledException"
                case .quotaExceeded: "QuotaExceededException"
                default: "InvalidOperationException"
                }
            return DeadLetterCause(reason: reason, description: refusal.description)
        }
        entity.accept(message, hops: hops, enqueuedSequenceNumber: enqueuedSequenceNumber, at: now)
        return nil
    }
}
