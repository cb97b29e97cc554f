internal import AMQP
internal import NIOCore
internal import Synchronization

/// A transaction that was declared: what it is given to do happens together, or not at all.
///
/// Any failure inside it is remembered, and then it is not committed, whether its user looked at the failure or not.
public final class Transaction: Sendable {
    let id: ByteBuffer
    private let firstFailure = Mutex<ServiceBusError?>(nil)

    init(id: ByteBuffer) { self.id = id }

    /// The first failure inside it.
    var failure: ServiceBusError? { firstFailure.withLock { $0 } }

    /// Remembers failures among results.
    func note(_ results: [Result<Void, ServiceBusError>]) {
        for case .failure(let error) in results {
            firstFailure.withLock { if $0 == nil { $0 = error } }
        }
    }

    /// A delivery's state inside it (part 4, 4.5.7).
    func state(_ outcome: DeliveryState?) -> DeliveryState { .transactional(transactionID: id, outcome: outcome) }
}
