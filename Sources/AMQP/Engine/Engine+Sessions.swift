import DequeModule
import NIOCore

/// Sessions (part 2, 2.5).
extension Engine {
    /// Begins a session.
    /// - Returns: the session, or nil when the connection is closing or has no channel left.
    public mutating func begin() -> SessionID? {
        guard state != .closed, state != .closeSent, let index = freeChannel else { return nil }
        let id = SessionID(channel: UInt16(truncatingIfNeeded: index), serial: nextSerial())
        place(Session(id: id, state: .beginSent, incomingWindow: configuration.incomingWindow), at: index)
        write(.begin(beginFrame(remoteChannel: nil)), channel: id.channel)
        return id
    }

    /// The lowest channel we may use and do not.
    private var freeChannel: Int? {
        let limit = Int(min(configuration.channelMax, remoteOpen?.channelMax ?? configuration.channelMax))
        let index = sessions.firstIndex { $0 == nil } ?? sessions.count
        return index <= limit ? index : nil
    }

    private func beginFrame(remoteChannel: UInt16?) -> Begin {
        Begin(
            remoteChannel: remoteChannel, nextOutgoingID: 0, incomingWindow: max(configuration.incomingWindow, 1),
            outgoingWindow: max(configuration.incomingWindow, 1), handleMax: configuration.handleMax)
    }

    private mutating func place(_ session: Session, at index: Int) {
        if index < sessions.count { sessions[index] = session } else { sessions.append(session) }
    }

    /// Ends a session and all its links; ``Event/sessionEnded(_:_:)`` follows when the peer has answered. What waits to be sent in it is
    /// dropped.
    public mutating func end(_ id: SessionID, _ error: AMQPError? = nil) {
        guard let index = index(of: id) else { return }
        end(index, error, isReported: false)
    }

    private mutating func end(_ index: Int, _ error: AMQPError?, isReported: Bool) {
        guard let id = sessions[index]?.id, sessions[index]?.isEnding == false else { return }
        write(.end(End(error: error)), channel: id.channel)
        sessions[index]?.state = .endSent(isReported: isReported)
        sessions[index]?.clear(unfinished: &unfinishedBytes)
    }

    /// Ends a session because of the peer's misbehaviour in it; the owner is told at once.
    mutating func fail(session index: Int, _ error: AMQPError) {
        guard let id = sessions[index]?.id, sessions[index]?.isEnding == false else { return }
        end(index, error, isReported: true)
        events.append(.sessionEnded(id, error))
    }

    /// The place of a session that has not ended.
    func index(of id: SessionID) -> Int? {
        let index = Int(id.channel)
        return sessions.indices.contains(index) && sessions[index]?.id == id ? index : nil
    }

    /// The place of the session the peer uses a channel for; nil for a channel that is not, or no longer, in use.
    func index(ofRemoteChannel channel: UInt16) -> Int? {
        guard let index = channelOfRemote[channel], sessions.indices.contains(index), sessions[index] != nil else { return nil }
        return index
    }

    mutating func received(_ begin: Begin, channel: UInt16) throws(EngineError) {
        guard channelOfRemote[channel] == nil else {
            throw .violation(AMQPError(.notAllowed, "channel \(channel) has a session already"))
        }
        guard channel <= configuration.channelMax else {
            throw .violation(AMQPError(.framingError, "channel \(channel) is above channel-max \(configuration.channelMax)"))
        }
        if let ours = begin.remoteChannel {
            let index = Int(ours)
            guard sessions.indices.contains(index), sessions[index] != nil, sessions[index]?.remoteChannel == nil else {
                throw .violation(AMQPError(.notAllowed, "a begin answers channel \(ours), which has none outstanding"))
            }
            channelOfRemote[channel] = index
            sessions[index]?.learn(begin, channel: channel)
            // A session we ended meanwhile waits for the peer's end only.
            guard sessions[index]?.state == .beginSent, let id = sessions[index]?.id else { return }
            sessions[index]?.state = .begun
            events.append(.sessionBegun(id, begin))
        } else {
            guard let index = freeChannel else {
                throw .violation(AMQPError(.resourceLimitExceeded, "no channel is left to answer channel \(channel) on"))
            }
            let id = SessionID(channel: UInt16(truncatingIfNeeded: index), serial: nextSerial())
            var session = Session(id: id, state: .begun, incomingWindow: configuration.incomingWindow)
            session.learn(begin, channel: channel)
            place(session, at: index)
            channelOfRemote[channel] = index
            write(.begin(beginFrame(remoteChannel: channel)), channel: id.channel)
            events.append(.sessionBegun(id, begin))
        }
    }

    mutating func received(_ end: End, channel: UInt16) {
        guard let index = channelOfRemote.removeValue(forKey: channel), sessions.indices.contains(index),
            let id = sessions[index]?.id, let sessionState = sessions[index]?.state
        else { return }
        sessions[index]?.clear(unfinished: &unfinishedBytes)
        sessions[index] = nil
        if case .endSent(let isReported) = sessionState {
            if !isReported { events.append(.sessionEnded(id, end.error)) }
        } else {
            write(.end(End()), channel: id.channel)
            events.append(.sessionEnded(id, end.error))
        }
    }

    // MARK: Flow state of the session (part 2, 2.5.6)

    mutating func received(_ flow: Flow, channel: UInt16) {
        guard let index = index(ofRemoteChannel: channel), sessions[index]?.state == .begun, let id = sessions[index]?.id else { return }
        sessions[index]?.receive(flow)
        if let handle = flow.handle {
            received(flow, remoteHandle: handle, session: index)
        } else if flow.echo == true {
            write(.flow(sessionFlow(index)), channel: id.channel)
        }
    }

    func sessionFlow(_ index: Int) -> Flow {
        Flow(
            nextIncomingID: sessions[index]?.remoteChannel == nil ? nil : sessions[index]?.nextIncomingID,
            incomingWindow: sessions[index]?.incomingWindow ?? 0, nextOutgoingID: sessions[index]?.nextOutgoingID ?? 0,
            outgoingWindow: max(configuration.incomingWindow, 1))
    }
}
