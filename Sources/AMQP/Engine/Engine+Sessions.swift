import DequeModule
import NIOCore

extension Engine {
    /// Begins a session.
    /// - Returns: the session, or nil when the connection is closing or has no channel left.
    public mutating func begin() -> SessionID? {
        guard state != .closed, state != .closeSent else { return nil }
        let limit = Int(min(configuration.channelMax, remoteOpen?.channelMax ?? configuration.channelMax))
        let index = sessions.firstIndex { $0 == nil } ?? sessions.count
        guard index <= limit else { return nil }
        let id = SessionID(channel: UInt16(truncatingIfNeeded: index), serial: nextSerial())
        place(Session(id: id, state: .beginSent, incomingWindow: configuration.incomingWindow), at: index)
        write(.begin(beginFrame(remoteChannel: nil)), channel: id.channel)
        return id
    }

    private func beginFrame(remoteChannel: UInt16?) -> Begin {
        Begin(
            remoteChannel: remoteChannel, nextOutgoingID: 0, incomingWindow: configuration.incomingWindow,
            outgoingWindow: configuration.incomingWindow, handleMax: configuration.handleMax)
    }

    private mutating func place(_ session: Session, at index: Int) {
        if index < sessions.count { sessions[index] = session } else { sessions.append(session) }
    }

    /// Ends a session and all its links.
    public mutating func end(_ id: SessionID, _ error: AMQPError? = nil) {
        guard let index = index(of: id), let session = sessions[index], session.state != .endSent, state != .closed else { return }
        write(.end(End(error: error)), channel: id.channel)
        if session.state == .beginSent || session.remoteChannel != nil {
            sessions[index]?.state = .endSent
            sessions[index]?.links = []
            sessions[index]?.handleOfRemote = [:]
            sessions[index]?.pending = []
        }
    }

    /// The place of a session that has not ended.
    func index(of id: SessionID) -> Int? {
        let index = Int(id.channel)
        guard sessions.indices.contains(index), sessions[index]?.id == id else { return nil }
        return index
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
        if let ours = begin.remoteChannel {
            let index = Int(ours)
            guard sessions.indices.contains(index), sessions[index]?.remoteChannel == nil, sessions[index] != nil else {
                throw .violation(AMQPError(.notAllowed, "a begin answers channel \(ours), which has none outstanding"))
            }
            channelOfRemote[channel] = index
            apply(begin, to: index, channel: channel)
            if sessions[index]?.state == .beginSent {
                sessions[index]?.state = .begun
                if let id = sessions[index]?.id { events.append(.sessionBegun(id, begin)) }
            }
        } else {
            let index = sessions.firstIndex { $0 == nil } ?? sessions.count
            guard channel <= configuration.channelMax, index <= Int(configuration.channelMax) else {
                throw .violation(AMQPError(.framingError, "channel \(channel) is above channel-max \(configuration.channelMax)"))
            }
            let id = SessionID(channel: UInt16(truncatingIfNeeded: index), serial: nextSerial())
            place(Session(id: id, state: .begun, incomingWindow: configuration.incomingWindow), at: index)
            channelOfRemote[channel] = index
            apply(begin, to: index, channel: channel)
            write(.begin(beginFrame(remoteChannel: channel)), channel: id.channel)
            events.append(.sessionBegun(id, begin))
        }
    }

    private mutating func apply(_ begin: Begin, to index: Int, channel: UInt16) {
        sessions[index]?.remoteChannel = channel
        sessions[index]?.nextIncomingID = begin.nextOutgoingID
        sessions[index]?.remoteIncomingWindow = begin.incomingWindow
        sessions[index]?.remoteHandleMax = begin.handleMax ?? .max
    }

    mutating func received(_ end: End, channel: UInt16) {
        guard let index = channelOfRemote.removeValue(forKey: channel), let session = sessions[index] else { return }
        sessions[index] = nil
        if session.state != .endSent {
            write(.end(End()), channel: session.id.channel)
            events.append(.sessionEnded(session.id, end.error))
        } else {
            events.append(.sessionEnded(session.id, end.error))
        }
    }

    /// Ends a session because of the peer's misbehaviour in it.
    mutating func fail(session index: Int, _ error: AMQPError) {
        guard let id = sessions[index]?.id else { return }
        end(id, error)
    }

    // MARK: Flow state of the session (part 2, 2.5.6)

    mutating func received(_ flow: Flow, channel: UInt16) throws(EngineError) {
        guard let index = index(ofRemoteChannel: channel), let session = sessions[index], session.state == .begun else { return }
        // The peer's window counts from the transfer it expects next; before our begin reached it, from our first.
        let base = flow.nextIncomingID ?? 0
        let inFlight = session.nextOutgoingID &- base
        sessions[index]?.remoteIncomingWindow = flow.incomingWindow > inFlight ? flow.incomingWindow &- inFlight : 0
        if let handle = flow.handle {
            received(flow, remoteHandle: handle, session: index)
        } else if flow.echo == true {
            write(.flow(sessionFlow(index)), channel: session.id.channel)
        }
        flushPending(index)
    }

    func sessionFlow(_ index: Int) -> Flow {
        let session = sessions[index]
        return Flow(
            nextIncomingID: session?.remoteChannel == nil ? nil : session?.nextIncomingID,
            incomingWindow: session?.incomingWindow ?? 0, nextOutgoingID: session?.nextOutgoingID ?? 0,
            outgoingWindow: configuration.incomingWindow)
    }
}
