internal import AMQP
internal import NIOCore
internal import Synchronization

/// A transaction that was declared: what it is given to do happens together, or not at all.
///
/// Any failure inside it is remembered, and then it is not committed, whether its user looked at the failure or not.
public final class Transaction: Sendable {
    private struct State {
        var firstFailure: ServiceBusError?
        var isRolledBack = false
        var isCommitted = false
    }

    let id: ByteBuffer
    private let state = Mutex(State())

    init(id: ByteBuffer) { self.id = id }

    /// The first failure inside it.
    var failure: ServiceBusError? { state.withLock { $0.firstFailure } }

    /// Whether the service has said that nothing in it happened.
    var isRolledBack: Bool { state.withLock { $0.isRolledBack } }

    /// The service has said that nothing in it happened.
    func noteRollback() { state.withLock { $0.isRolledBack = true } }

    /// Whether the service has said that all in it happened.
    var isCommitted: Bool { state.withLock { $0.isCommitted } }

    /// The service has said that all in it happened.
    func noteCommit() { state.withLock { $0.isCommitted = true } }

    /// Remembers failures among results.
    func note(_ results: [Result<Void, ServiceBusError>]) {
        for case .failure(let error) in results { note(error) }
    }

    /// Remembers a failure.
    func note(_ failure: ServiceBusError) {
        state.withLock { if $0.firstFailure == nil { $0.firstFailure = failure } }
    }

    /// A delivery's state inside it (part 4, 4.5.7).
    func state(_ outcome: DeliveryState?) -> DeliveryState { .transactional(transactionID: id, outcome: outcome) }
}
