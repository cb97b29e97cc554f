import DequeModule
import NIOCore

/// One session of a connection (part 2, 2.5): its links, and the windows of both directions.
struct Session {
    /// Where a session stands. Absent from the connection's table: ended.
    enum State: Equatable {
        /// We began; the peer has not answered.
        case beginSent
        /// Both began.
        case begun
        /// We ended; the peer has not answered, and its frames are ignored. Whether the owner knows already that the session is over.
        case endSent(isReported: Bool)
    }

    /// A message, or the rest of one, that waits for the session's window or for room in what is to be sent.
    struct Pending {
        var link: LinkID
        var transfer: Transfer
        var head: ByteBuffer
        var body: ByteBuffer
        var isContinuation: Bool
    }

    let id: SessionID
    var state: State
    var remoteChannel: UInt16?
    /// Links by our handle.
    var links: [Link?] = []
    /// Our handle by the peer's.
    var handleOfRemote: [UInt32: Int] = [:]
    var nextOutgoingID: UInt32 = 0
    var nextDeliveryID: UInt32 = 0
    var nextIncomingID: UInt32 = 0
    /// Transfers the peer may still send before we tell it more.
    var incomingWindow: UInt32
    let incomingWindowSize: UInt32
    /// Transfers we may still send.
    var remoteIncomingWindow: UInt32 = 0
    var remoteHandleMax: UInt32 = .max
    var pending: Deque<Pending> = []

    init(id: SessionID, state: State, incomingWindow: UInt32) {
        self.id = id
        self.state = state
        self.incomingWindow = max(incomingWindow, 1)
        incomingWindowSize = max(incomingWindow, 1)
    }

    var isEnding: Bool { if case .endSent = state { true } else { false } }

    // MARK: Windows (part 2, 2.5.6)

    /// The peer began.
    mutating func learn(_ begin: Begin, channel: UInt16) {
        remoteChannel = channel
        nextIncomingID = begin.nextOutgoingID
        remoteIncomingWindow = begin.incomingWindow
        remoteHandleMax = begin.handleMax ?? .max
    }

    /// Takes over the flow state the peer sent. Its window counts from the transfer it expects next; before our begin reached it, from
    /// our first, which is 0.
    mutating func receive(_ flow: Flow) {
        remoteIncomingWindow = Serial.left(of: flow.incomingWindow, from: flow.nextIncomingID ?? 0, at: nextOutgoingID)
    }

    /// Opens the window anew when half of it is used; whether it did, and a flow is to say so.
    mutating func reopenWindow() -> Bool {
        guard incomingWindow <= incomingWindowSize / 2 else { return false }
        incomingWindow = incomingWindowSize
        return true
    }

    /// Takes one transfer out of the peer's window for us.
    mutating func countOutgoing() {
        remoteIncomingWindow &-= 1
        nextOutgoingID &+= 1
    }

    // MARK: Links

    /// The link of an id that is not stale.
    func link(_ id: LinkID) -> Link? {
        links.indices.contains(id.slot) && links[id.slot]?.id == id ? links[id.slot] : nil
    }

    /// Edits the link of an id in place; nothing is copied. Nil when the id is stale.
    mutating func edit<T>(_ id: LinkID, _ body: (inout Link) -> T) -> T? {
        guard links.indices.contains(id.slot), links[id.slot]?.id == id else { return nil }
        return links[id.slot]?.edit(body)
    }

    /// Takes a transfer: counts it against the window and hands it to its link.
    mutating func receive(_ transfer: Transfer, _ payload: ByteBuffer, _ rules: Link.Rules, unfinished: inout Int) -> TransferAction {
        guard incomingWindow > 0 else { return .endSession(AMQPError(.windowViolation, "a transfer exceeds the session's window")) }
        nextIncomingID &+= 1
        incomingWindow &-= 1
        guard let slot = handleOfRemote[transfer.handle], links.indices.contains(slot),
            let action = links[slot]?.receive(transfer, payload, rules, unfinished: &unfinished)
        else {
            return .endSession(AMQPError(.unattachedHandle, "a transfer names handle \(transfer.handle), which has no link"))
        }
        return action
    }

    /// Takes a link out of the table, with what waits to be sent on it.
    mutating func remove(_ slot: Int, unfinished: inout Int) {
        guard links.indices.contains(slot), let id = links[slot]?.id else { return }
        links[slot]?.abandonPartial(&unfinished)
        if let handle = links[slot]?.remoteHandle { handleOfRemote[handle] = nil }
        links[slot] = nil
        dropPending(of: id)
    }

    mutating func dropPending(of id: LinkID) {
        if !pending.isEmpty { pending.removeAll { $0.link == id } }
    }

    /// Forgets all links.
    mutating func clear(unfinished: inout Int) {
        for slot in links.indices { links[slot]?.abandonPartial(&unfinished) }
        links = []
        handleOfRemote = [:]
        pending = []
    }
}

extension Link {
    /// Runs a closure on the link where it lies.
    mutating func edit<T>(_ body: (inout Link) -> T) -> T { body(&self) }
}
