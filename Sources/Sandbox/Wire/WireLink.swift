import AMQP
import DequeModule
import NIOCore

/// A link of a client, by what it is for.
enum WireLink {
    /// The client sends on it.
    case incoming(IncomingLink)
    /// The client receives from a queue.
    case outgoing(OutgoingLink)
    /// The client receives answers.
    case replies(ReplyLink)

    var id: LinkID {
        switch self {
        case .incoming(let link): link.id
        case .outgoing(let link): link.id
        case .replies(let link): link.id
        }
    }
}

/// A link a client sends on.
final class IncomingLink {
    /// What it leads to.
    enum Node {
        /// A queue or topic, and where it is to pass on what it gets, if not keep it.
        case entity(EntityAddress, transferringTo: EntityAddress?)
        /// Where tokens are put.
        case cbs
        /// The requests to an entity.
        case management(EntityAddress)
        /// Where transactions are begun and ended.
        case coordinator
    }

    let id: LinkID
    let node: Node
    /// When something last arrived on it, in milliseconds since 1970.
    var lastActivity: Int64
    var progress = FaultSwitches.Progress()

    init(_ id: LinkID, _ node: Node, at now: Int64) {
        self.id = id
        self.node = node
        lastActivity = now
    }
}

/// The answer to a request, encoded. In two parts: a page of messages is not copied behind what stands before it.
struct EncodedAnswer {
    var head: ByteBuffer
    var body = ByteBuffer()

    var size: Int { head.readableBytes + body.readableBytes }
}

/// A link that answers leave on.
final class ReplyLink {
    let id: LinkID
    /// The node the client asked for.
    let address: EntityAddress?
    /// The reply address the client gave it.
    let replyTo: String
    /// Answers that wait for credit, or for room in what is to be sent.
    var queue: Deque<EncodedAnswer> = []
    /// Their bytes.
    var queuedBytes = 0
    var isStalled = false
    var progress = FaultSwitches.Progress()
    private var tagCounter: UInt64 = 0

    init(_ id: LinkID, address: EntityAddress?, replyTo: String) {
        self.id = id
        self.address = address
        self.replyTo = replyTo
    }

    func nextTag() -> ByteBuffer {
        tagCounter &+= 1
        return ByteBuffer(integer: tagCounter)
    }
}

/// A client's session: its links, by their small handles, and what it has not settled.
final class WireSession {
    let id: SessionID
    var unsettled = UnsettledDeliveries()
    private var table: [WireLink?] = []

    init(_ id: SessionID) { self.id = id }

    /// The link of an id that is not stale.
    func link(_ id: LinkID) -> WireLink? {
        guard table.indices.contains(id.slot), let link = table[id.slot], link.id == id else { return nil }
        return link
    }

    func insert(_ link: WireLink) {
        let slot = link.id.slot
        while table.count <= slot { table.append(nil) }
        table[slot] = link
    }

    func remove(_ id: LinkID) -> WireLink? {
        guard let link = link(id) else { return nil }
        table[id.slot] = nil
        return link
    }

    var links: [WireLink] { table.compactMap(\.self) }
}
