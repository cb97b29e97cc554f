import DequeModule
public import NIOCore

extension Engine {
    // MARK: Sending

    /// Sends a message; its delivery takes one credit.
    ///
    /// What the session's window or the peer's frame size does not allow now is sent when it does.
    /// - Parameters:
    ///   - head: the first part of the message's bytes.
    ///   - body: the rest; two parts save the caller from joining them.
    ///   - tag: the delivery's tag, at most 32 bytes.
    /// - Returns: the delivery's number, or nil when the link is gone or has no credit.
    public mutating func send(
        _ id: LinkID, head: ByteBuffer, body: ByteBuffer = ByteBuffer(), tag: ByteBuffer, format: UInt32 = 0, settled: Bool = false,
        state deliveryState: DeliveryState? = nil
    ) -> UInt32? {
        guard state == .open, let index = index(of: id.session), let link = link(id), link.role == .sender, link.state == .attached,
            link.credit > 0, let deliveryID = sessions[index]?.nextDeliveryID
        else { return nil }
        sessions[index]?.nextDeliveryID = deliveryID &+ 1
        update(id) {
            $0.credit &-= 1
            $0.deliveryCount &+= 1
        }
        let transfer = Transfer(
            handle: id.handle, deliveryID: deliveryID, deliveryTag: tag, messageFormat: format, settled: settled, more: false,
            state: deliveryState)
        let pending = Session.Pending(
            handle: id.handle, serial: id.serial, transfer: transfer, head: head, body: body, isContinuation: false)
        if sessions[index]?.pending.isEmpty == true {
            if let rest = push(pending, index) { sessions[index]?.pending.append(rest) }
        } else {
            sessions[index]?.pending.append(pending)
        }
        return deliveryID
    }

    /// Sends frames of a message while the window allows.
    /// - Returns: what is left of it.
    private mutating func push(_ pending: Session.Pending, _ index: Int) -> Session.Pending? {
        var pending = pending
        while let session = sessions[index] {
            guard session.remoteIncomingWindow > 0 else { return pending }
            sessions[index]?.remoteIncomingWindow &-= 1
            sessions[index]?.nextOutgoingID &+= 1
            let transfer = pending.isContinuation ? Transfer(handle: pending.handle) : pending.transfer
            if write(transfer, head: &pending.head, body: &pending.body, channel: session.id.channel) { return nil }
            pending.isContinuation = true
        }
        return nil
    }

    mutating func flushPending(_ index: Int) {
        while let next = sessions[index]?.pending.first, (sessions[index]?.remoteIncomingWindow ?? 0) > 0 {
            sessions[index]?.pending.removeFirst()
            if let rest = push(next, index) {
                sessions[index]?.pending.prepend(rest)
                return
            }
        }
    }

    // MARK: Receiving

    mutating func received(_ transfer: Transfer, payload: ByteBuffer, channel: UInt16) throws(EngineError) {
        guard let index = index(ofRemoteChannel: channel), let sessionState = sessions[index]?.state else {
            throw .violation(AMQPError(.notAllowed, "transfer on channel \(channel), which has no session"))
        }
        guard sessionState == .begun else { return }
        guard (sessions[index]?.incomingWindow ?? 0) > 0 else {
            return fail(session: index, AMQPError(.windowViolation, "a transfer exceeds the session's window"))
        }
        sessions[index]?.nextIncomingID &+= 1
        sessions[index]?.incomingWindow &-= 1
        if (sessions[index]?.incomingWindow ?? 0) <= configuration.incomingWindow / 2 {
            sessions[index]?.incomingWindow = configuration.incomingWindow
            if let id = sessions[index]?.id { write(.flow(sessionFlow(index)), channel: id.channel) }
        }
        guard let position = sessions[index]?.handleOfRemote[transfer.handle], var link = sessions[index]?.links[position] else {
            return fail(session: index, AMQPError(.unattachedHandle, "a transfer names handle \(transfer.handle), which has no link"))
        }
        guard link.state == .attached else { return }
        guard link.role == .receiver else {
            return fail(session: index, AMQPError(.notAllowed, "a transfer came on a link we send on"))
        }
        if link.partial == nil, transfer.more != true, transfer.aborted != true {
            try receivedWhole(transfer, payload, link)
        } else {
            // Taken out of the table and of the copy while it grows, so that appending does not copy what is there.
            var partial = link.partial
            link.partial = nil
            update(link.id) { $0.partial = nil }
            try receivedPart(transfer, payload, link, &partial)
        }
    }

    private mutating func receivedWhole(_ transfer: Transfer, _ payload: ByteBuffer, _ link: Link) throws(EngineError) {
        guard let id = transfer.deliveryID else {
            throw .violation(AMQPError(.invalidField, "the first transfer of a delivery has no delivery-id"))
        }
        guard countDelivery(link) else { return }
        guard payload.readableBytes <= link.maxMessageSize else { return refuseSize(link) }
        events.append(
            .delivery(
                link.id,
                Delivery(
                    id: id, tag: transfer.deliveryTag ?? ByteBuffer(), format: transfer.messageFormat ?? 0,
                    settled: transfer.settled ?? false, state: transfer.state, payload: payload)))
    }

    private mutating func receivedPart(
        _ transfer: Transfer, _ payload: ByteBuffer, _ link: Link, _ partial: inout Link.Partial?
    ) throws(EngineError) {
        if let existing = partial?.id {
            guard transfer.deliveryID == nil || transfer.deliveryID == existing else {
                throw .violation(AMQPError(.invalidField, "a delivery began before the last one of its link ended"))
            }
        } else {
            guard let id = transfer.deliveryID else {
                throw .violation(AMQPError(.invalidField, "the first transfer of a delivery has no delivery-id"))
            }
            guard countDelivery(link) else { return }
            partial = Link.Partial(
                id: id, tag: transfer.deliveryTag ?? ByteBuffer(), format: transfer.messageFormat ?? 0, settled: false, state: nil,
                payload: ByteBuffer())
        }
        if transfer.aborted == true { return }
        guard (partial?.payload.readableBytes ?? 0) &+ payload.readableBytes <= link.maxMessageSize else { return refuseSize(link) }
        partial?.payload.writeImmutableBuffer(payload)
        if transfer.settled == true { partial?.settled = true }
        if let state = transfer.state { partial?.state = state }
        if transfer.more == true {
            update(link.id) { swap(&$0.partial, &partial) }
        } else if let whole = partial {
            events.append(
                .delivery(
                    link.id,
                    Delivery(
                        id: whole.id, tag: whole.tag, format: whole.format, settled: whole.settled, state: whole.state,
                        payload: whole.payload)))
        }
    }

    /// Counts a delivery against the credit granted; detaches the link when the sender had none.
    private mutating func countDelivery(_ link: Link) -> Bool {
        guard Serial.isAfter(link.grantedLimit &+ configuration.creditTolerance, link.deliveryCount) else {
            detach(link.id, AMQPError(.transferLimitExceeded, "a transfer came without credit"))
            return false
        }
        update(link.id) {
            $0.deliveryCount &+= 1
            if $0.credit > 0 { $0.credit &-= 1 }
        }
        return true
    }

    private mutating func refuseSize(_ link: Link) {
        detach(link.id, AMQPError(.messageSizeExceeded, "a message is larger than the \(link.maxMessageSize) bytes allowed here"))
    }

    // MARK: Dispositions

    /// Tells the peer the state of deliveries `first` to `last` of a session.
    public mutating func dispose(
        _ session: SessionID, role: Role, first: UInt32, last: UInt32? = nil, settled: Bool, state deliveryState: DeliveryState?
    ) {
        guard state == .open, index(of: session) != nil else { return }
        write(
            .disposition(
                Disposition(role: role, first: first, last: last == first ? nil : last, settled: settled, state: deliveryState)),
            channel: session.channel)
    }

    mutating func received(_ disposition: Disposition, channel: UInt16) {
        guard let index = index(ofRemoteChannel: channel), let session = sessions[index], session.state == .begun else { return }
        events.append(.disposition(session.id, disposition))
    }
}
