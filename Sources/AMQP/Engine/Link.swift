import NIOCore

/// One link of a session (part 2, 2.6).
struct Link {
    /// Where a link stands. Absent from the session's table: detached.
    enum State: Equatable {
        /// We attached; the peer has not answered.
        case attachSent
        /// The peer attached; the owner has not answered.
        case attachReceived
        /// Both attached.
        case attached
        /// We detached; the peer has not answered.
        case detachSent
    }

    /// A delivery of which more frames will come.
    struct Partial {
        var id: UInt32
        var tag: ByteBuffer
        var format: UInt32
        var settled: Bool
        var state: DeliveryState?
        var payload: ByteBuffer
    }

    let id: LinkID
    let name: String
    /// What we are on the link.
    let role: Role
    var state: State
    var remoteHandle: UInt32?
    /// Deliveries sent by the sender, as we know it (part 2, 2.6.7).
    var deliveryCount: UInt32 = 0
    /// Deliveries the receiver will still take.
    var credit: UInt32 = 0
    var drain = false
    /// Receiver: the highest delivery count ever granted. A lower credit takes effect only when the sender has seen it.
    var grantedLimit: UInt32 = 0
    var partial: Partial?
    /// Receiver: the largest message accepted, in bytes.
    var maxMessageSize: Int
    /// The role and name both ends know the link by.
    var key: Key { Key(name: name, role: role) }

    /// Edits in place through an optional chain; nothing is copied.
    mutating func edit(_ body: (inout Link) -> Void) { body(&self) }

    struct Key: Hashable {
        let name: String
        let role: Role
    }
}

/// Serial number arithmetic (RFC 1982) on 32 bits: the one place where numbers wrap on purpose.
enum Serial {
    /// Whether `a` comes after `b`.
    static func isAfter(_ a: UInt32, _ b: UInt32) -> Bool { Int32(bitPattern: a &- b) > 0 }
}
