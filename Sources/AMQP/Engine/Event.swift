public import NIOCore

/// A session of one engine. Stale after the session ended: commands with it are then refused.
public struct SessionID: Hashable, Sendable {
    let channel: UInt16
    let serial: UInt32

    init(channel: UInt16, serial: UInt32) {
        self.channel = channel
        self.serial = serial
    }
}

/// A link of one engine. Stale after the link was detached: commands with it are then refused.
public struct LinkID: Hashable, Sendable {
    /// The session the link belongs to.
    public let session: SessionID
    let handle: UInt32
    let serial: UInt32

    /// A small number no other living link of the session has: a place in the owner's table.
    package var slot: Int { Int(handle) }
}

/// A message that arrived whole.
public struct Delivery: Sendable {
    /// The delivery's number in its session.
    public var id: UInt32
    /// The sender's tag.
    public var tag: ByteBuffer
    /// The message format; 0 is standard.
    public var format: UInt32
    /// Whether the sender has settled it.
    public var settled: Bool
    /// Its state at the sender, for instance transactional.
    public var state: DeliveryState?
    /// The message's bytes.
    public var payload: ByteBuffer
}

/// The flow state of a link as the peer sees it.
public struct LinkFlow: Hashable, Sendable {
    /// Deliveries we may still send (we are the sender), or may still get (we are the receiver).
    public var credit: UInt32
    /// Whether the receiver wants the credit used up or given back.
    public var drain: Bool
    /// Deliveries the sender says it could send.
    public var available: UInt32?
}

/// Something the peer did. The rare and large cases are boxed, so that a delivery moves cheaply.
public enum Event: Sendable {
    /// Server: a client chose a mechanism; answer with ``Engine/completeSASL(_:)``.
    indirect case saslInitiated(SASLInit)
    /// The peer opened the connection.
    indirect case opened(Open)
    /// A session is ready for links: ours was answered, or the peer began one.
    indirect case sessionBegun(SessionID, Begin)
    /// A session ended: with the peer's error if it gave one, or with ours if the peer broke the session's rules.
    case sessionEnded(SessionID, AMQPError?)
    /// The peer wants a link; answer with ``Engine/accept(_:source:target:options:)`` or ``Engine/refuse(_:_:)``.
    indirect case linkRequested(LinkID, Attach)
    /// The peer answered our attach. A null source or target means that a detach with the reason follows.
    indirect case linkAttached(LinkID, Attach)
    /// A link is gone: with the peer's error if it gave one, or with ours if the peer broke the link's rules.
    case linkDetached(LinkID, AMQPError?, closed: Bool)
    /// Credit or drain changed.
    case flow(LinkID, LinkFlow)
    /// A message arrived.
    case delivery(LinkID, Delivery)
    /// The peer changed the state of deliveries in a session; `role` is the peer's.
    case disposition(SessionID, Disposition)
    /// The connection is over; nothing follows. Nil after a close that we asked for.
    case closed(EngineError?)
}
