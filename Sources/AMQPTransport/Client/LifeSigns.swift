import AMQP
import Synchronization

/// What of a connection may be asked from anywhere: whether it, and each of its links, still lives.
///
/// Asked before every request; a hop to the connection's event loop and back for it would cost more than the request itself. Written on the
/// event loop only, before anybody who waits there learns of it.
final class LifeSigns: Sendable {
    private struct State {
        var failure: TransportError?
        var links: Set<LinkID> = []
    }

    private let state = Mutex(State())

    /// Why the connection ended, or nil while it lives.
    var failure: TransportError? { state.withLock { $0.failure } }

    /// Whether a link's attach was sent and neither side has ended it since.
    func isAttached(_ id: LinkID) -> Bool { state.withLock { $0.links.contains(id) } }

    func attached(_ id: LinkID) { state.withLock { _ = $0.links.insert(id) } }

    func detached(_ id: LinkID) { state.withLock { _ = $0.links.remove(id) } }

    /// The connection is over, and all of its links with it.
    func ended(_ failure: TransportError) { state.withLock { $0 = State(failure: failure) } }
}
