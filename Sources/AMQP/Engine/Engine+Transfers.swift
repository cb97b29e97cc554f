import DequeModule
public import NIOCore

/// Deliveries (part 2, 2.6.11 to 2.6.14).
extension Engine {
    // MARK: Sending

    /// Sends a message; its delivery takes one credit.
    ///
    /// What the session's window, the peer's frame size or the bytes that wait to be taken do not allow now is sent when they do.
    /// - Parameters:
    ///   - head: the first part of the message's bytes.
    ///   - body: the rest; two parts save the caller from joining them.
    ///   - tag: the delivery's tag, at most 32 bytes.
    /// - Returns: the delivery's number, or nil when the link is gone or has no credit.
    public mutating func send(
        _ id: LinkID, head: ByteBuffer, body: ByteBuffer = ByteBuffer(), tag: ByteBuffer, format: UInt32 = 0, settled: Bool = false,
        state deliveryState: DeliveryState? = nil
    ) -> UInt32? {
        guard state == .open, tag.readableBytes <= 32, let index = index(of: id.session), sessions[index]?.state == .begun,
            sessions[index]?.edit(id, { $0.spend() }) == true, let number = sessions[index]?.nextDeliveryID
        else { return nil }
        sessions[index]?.nextDeliveryID = number &+ 1
        let transfer = Transfer(
            handle: id.handle, deliveryID: number, deliveryTag: tag, messageFormat: format, settled: settled, more: false,
            state: deliveryState)
        var message = Session.Pending(link: id, transfer: transfer, head: head, body: body, isContinuation: false)
        if sessions[index]?.pending.isEmpty == true, push(&message, index) { return number }
        if !message.isContinuation { edit(id) { $0.waiting &+= 1 } }
        sessions[index]?.pending.append(message)
        mayHavePending = true
        return number
    }

    /// The messages of a session that wait, whole or in part, for the peer's window or for bytes to be taken.
    public func pendingMessages(_ id: SessionID) -> Int {
        guard let index = index(of: id) else { return 0 }
        return sessions[index]?.pending.count ?? 0
    }

    /// Whether a message sent now would leave at once. Where it would not, an owner with much to send had better wait.
    public func hasRoom(_ id: SessionID) -> Bool {
        guard let index = index(of: id), let session = sessions[index] else { return false }
        return outboundBytes < Self.outboundChunk && session.pending.isEmpty && session.remoteIncomingWindow > 0
    }

    /// Writes frames of a message while the window and the outbound bytes allow.
    /// - Returns: whether all of it was written.
    private mutating func push(_ message: inout Session.Pending, _ index: Int) -> Bool {
        let channel = message.link.session.channel
        while outboundBytes < Self.outboundChunk, (sessions[index]?.remoteIncomingWindow ?? 0) > 0 {
            sessions[index]?.countOutgoing()
            let transfer = message.isContinuation ? Transfer(handle: message.link.handle) : message.transfer
            if write(transfer, &message.head, &message.body, channel: channel) { return true }
            message.isContinuation = true
        }
        return false
    }

    /// Writes what waited and may go now.
    mutating func flushPending() {
        var isLeft = false
        for index in sessions.indices {
            while var message = sessions[index]?.pending.popFirst() {
                let hadBegun = message.isContinuation
                let isDone = push(&message, index)
                if !hadBegun, isDone || message.isContinuation { edit(message.link) { $0.waiting &-= 1 } }
                guard isDone else {
                    sessions[index]?.pending.prepend(message)
                    isLeft = true
                    break
                }
                if edit(message.link, { $0.owesDrain && $0.waiting == 0 }) == true { drained(message.link) }
            }
        }
        mayHavePending = isLeft
    }

    // MARK: Receiving

    mutating func received(_ transfer: Transfer, payload: ByteBuffer, channel: UInt16) throws(EngineError) {
        guard let index = index(ofRemoteChannel: channel) else {
            throw .violation(AMQPError(.notAllowed, "transfer on channel \(channel), which has no session"))
        }
        guard sessions[index]?.state == .begun else { return }
        let rules = Link.Rules(creditTolerance: configuration.creditTolerance, maxUnfinishedBytes: configuration.maxUnfinishedBytes)
        let action = sessions[index]?.receive(transfer, payload, rules, unfinished: &unfinishedBytes) ?? .none
        if sessions[index]?.reopenWindow() == true { write(.flow(sessionFlow(index)), channel: UInt16(truncatingIfNeeded: index)) }
        switch action {
        case .none: return
        case .deliver(let id, let delivery): events.append(.delivery(id, delivery))
        case .detach(let id, let error): fail(link: id, error)
        case .endSession(let error): fail(session: index, error)
        case .close(let error): throw .violation(error)
        }
    }

    // MARK: Dispositions

    /// Tells the peer the state of deliveries `first` to `last` of a session.
    /// - Returns: false when the session is gone, or when the state is larger than a frame the peer takes; then nothing was said.
    @discardableResult
    public mutating func dispose(
        _ session: SessionID, role: Role, first: UInt32, last: UInt32? = nil, settled: Bool, state deliveryState: DeliveryState?
    ) -> Bool {
        guard state == .open, let index = index(of: session), sessions[index]?.isEnding == false else { return false }
        return write(
            .disposition(
                Disposition(role: role, first: first, last: last == first ? nil : last, settled: settled, state: deliveryState)),
            channel: session.channel)
    }

    mutating func received(_ disposition: Disposition, channel: UInt16) {
        guard let index = index(ofRemoteChannel: channel), sessions[index]?.state == .begun, let id = sessions[index]?.id else { return }
        events.append(.disposition(id, disposition))
    }
}
