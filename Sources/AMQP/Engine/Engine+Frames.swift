import NIOCore

/// Frames out and in (part 2, 2.3 and 2.7).
extension Engine {
    // MARK: Out

    /// Whether AMQP frames may go out already. Before, a client's are kept; a server has none.
    private var isStaging: Bool {
        switch state {
        case .awaitingHeader, .saslStarted, .saslInitiated: configuration.side == .client
        default: false
        }
    }

    /// Writes a frame.
    /// - Returns: false when the peer takes no frame that large; then nothing was written.
    @discardableResult
    mutating func write(_ performative: Performative, channel: UInt16) -> Bool {
        if isStaging { swap(&staged, &outbound) }
        defer { if isStaging { swap(&staged, &outbound) } }
        let start = beginFrame(channel)
        performative.encode(into: &outbound)
        if remoteOpen != nil, outbound.writerIndex &- start > remoteMaxFrameSize {
            outbound.moveWriterIndex(to: start)
            guard let shorter = performative.withoutDetails else { return false }
            return write(shorter, channel: channel)
        }
        endFrame(start)
        return true
    }

    private mutating func beginFrame(_ channel: UInt16) -> Int {
        if outbound.capacity == 0 { outbound.reserveCapacity(512) }
        let start = outbound.writerIndex
        outbound.writeMultipleIntegers(UInt32(0), UInt8(2), Frame.amqp, channel)
        return start
    }

    private mutating func endFrame(_ start: Int) {
        outbound.setInteger(UInt32(clamping: outbound.writerIndex &- start), at: start)
    }

    /// Writes a transfer frame with as much of the payload as fits, and takes that off the payload.
    /// - Returns: whether the whole payload was written.
    mutating func write(_ transfer: Transfer, _ head: inout ByteBuffer, _ body: inout ByteBuffer, channel: UInt16) -> Bool {
        let total = head.readableBytes &+ body.readableBytes
        var transfer = transfer
        transfer.more = total >= remoteMaxFrameSize
        let start = beginFrame(channel)
        let performativeStart = outbound.writerIndex
        outbound.writeAMQP { transfer.encode(to: &$0) }
        if transfer.more == false, total > remoteMaxFrameSize &- (outbound.writerIndex &- start) {
            outbound.moveWriterIndex(to: performativeStart)
            transfer.more = true
            outbound.writeAMQP { transfer.encode(to: &$0) }
        }
        let isLast = transfer.more == false
        // A peer's maximum frame size is at least 512, and a transfer's own fields take less: there is always room.
        let room = isLast ? total : max(remoteMaxFrameSize &- (outbound.writerIndex &- start), 1)
        let fromHead = min(room, head.readableBytes)
        let fromBody = min(room &- fromHead, body.readableBytes)
        let size = (outbound.writerIndex &- start) &+ fromHead &+ fromBody
        outbound.setInteger(UInt32(clamping: size), at: start)
        if let part = head.readSlice(length: fromHead), fromHead > 0 { send(part) }
        if let part = body.readSlice(length: fromBody), fromBody > 0 { send(part) }
        return isLast
    }

    // MARK: In

    mutating func received(_ frame: Frame.Head) throws(EngineError) {
        // Transfers, which are nearly all frames there are, take the short way: no enum of everything is moved.
        if frame.isTransfer {
            switch state {
            case .open:
                let transfer: Transfer
                var payload = frame.body
                do throws(CodecError) { transfer = try Frame.takeTransfer(from: &payload) } catch { throw .malformed(error) }
                return try received(transfer, payload: payload, channel: frame.channel)
            case .closeSent: return
            default: break
            }
        }
        let performative: Performative
        let length: Int
        do throws(CodecError) { (performative, length) = try Performative.decode(frame.body) } catch {
            // After our close only the peer's matters.
            if state == .closeSent { return }
            throw .malformed(error)
        }
        switch (state, performative) {
        case (.awaitingOpen, .open(let open)): try received(open)
        case (.closeSent, .close(let close)), (.open, .close(let close)), (.awaitingOpen, .close(let close)): received(close)
        case (.closeSent, _): return
        case (.open, .transfer(let transfer)):
            var payload = frame.body
            payload.moveReaderIndex(forwardBy: length)
            try received(transfer, payload: payload, channel: frame.channel)
        case (.open, .disposition(let disposition)): received(disposition, channel: frame.channel)
        case (.open, .flow(let flow)): received(flow, channel: frame.channel)
        case (.open, .begin(let begin)): try received(begin, channel: frame.channel)
        case (.open, .attach(let attach)): try received(attach, channel: frame.channel)
        case (.open, .detach(let detach)): received(detach, channel: frame.channel)
        case (.open, .end(let end)): received(end, channel: frame.channel)
        default: throw .violation(AMQPError(.notAllowed, "a frame is out of place here"))
        }
    }
}

extension Performative {
    /// The same with its error cut to what a peer with the smallest frames can take; nil where nothing may be left out.
    fileprivate var withoutDetails: Performative? {
        switch self {
        case .close(let close): return close.error?.brief.map { .close(Close(error: $0)) }
        case .end(let end): return end.error?.brief.map { .end(End(error: $0)) }
        case .detach(let detach):
            return detach.error?.brief.map { .detach(Detach(handle: detach.handle, closed: detach.closed, error: $0)) }
        case .disposition(var disposition):
            // What a dead-lettered message is to carry is in the error's info: that is not left out.
            guard case .rejected(let error?) = disposition.state, error.info == nil || disposition.role == .sender, let brief = error.brief
            else { return nil }
            disposition.state = .rejected(brief)
            return .disposition(disposition)
        default: return nil
        }
    }
}

extension AMQPError {
    /// The condition and the beginning of the text; nil when it is that brief already.
    fileprivate var brief: AMQPError? {
        let shorter = AMQPError(condition, text.map { String($0.unicodeScalars.prefix(48)) })
        return shorter == self ? nil : shorter
    }
}
