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
        /// We ended; the peer has not answered. Its frames are ignored.
        case endSent
    }

    /// A transfer that waits for the session's window.
    struct Pending {
        var handle: UInt32
        var serial: UInt32
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
    var incomingWindow: UInt32
    var remoteIncomingWindow: UInt32 = 0
    var remoteHandleMax: UInt32 = .max
    var pending: Deque<Pending> = []
}
