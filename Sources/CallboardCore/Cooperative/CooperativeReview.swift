package import ServiceBus
internal import Synchronization

/// A request that is open in front of somebody: its message is theirs, and nobody else can open it meanwhile.
package final class CooperativeReview: Sendable {
    /// How many times the lock's length it may be open.
    package static let mostLocks = 5

    /// What it is.
    package let checked: CheckedRequest
    let held: any HeldMessage
    private let lock: Mutex<(until: Timestamp?, isOver: Bool)>

    init(_ checked: CheckedRequest, _ held: any HeldMessage) {
        self.checked = checked
        self.held = held
        lock = Mutex((held.lockedUntil, false))
    }

    /// Whether its message is certainly still ours.
    /// - Parameter now: by the service's clock.
    package func isHeld(at now: Timestamp) -> Bool { lock.withLock { !$0.isOver && $0.until.map { now < $0 } ?? true } }

    /// Keeps the lock while it is open, and lets it run out when that was long enough.
    func keep(_ clock: BrokerClock, pause: @Sendable (Duration) async -> Bool) async {
        guard let first = held.lockedUntil else { return }
        let length = max(.seconds(10), first.since(clock.now))
        var end = first
        for _ in 1..<Self.mostLocks {
            // Half of it is left then.
            guard await pause(length / 2), !Task.isCancelled else { return }
            do throws(OperatorError) { end = try await held.renew() } catch {
                if error.code == .cancelled { return }
                lock.withLock { $0.isOver = true }
                return
            }
            lock.withLock { $0.until = end }
        }
    }
}
