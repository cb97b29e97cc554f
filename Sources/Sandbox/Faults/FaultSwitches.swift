/// The faults in force, counted down as they strike.
///
/// Belongs to the event loop of the sandbox.
final class FaultSwitches {
    /// What remains.
    private(set) var remaining: SandboxFaults
    /// Changes with every setting, so that counters know when to begin at zero.
    private var generation: UInt64 = 0

    init(_ faults: SandboxFaults = SandboxFaults()) { remaining = faults }

    /// Sets all faults; every count begins anew.
    func set(_ faults: SandboxFaults) {
        remaining = faults
        generation &+= 1
    }

    /// How far a connection or a link has come towards a fault that strikes it once.
    struct Progress {
        private var generation: UInt64 = 0
        private var count = 0

        /// Counts one step. Answers whether it is the one at which the fault strikes.
        mutating func step(towards limit: Int, _ current: UInt64) -> Bool {
            if generation != current {
                generation = current
                count = 0
            }
            // Past the limit the count stands still: the fault has struck.
            if count > limit { return false }
            count += 1
            return count == limit
        }
    }

    /// Counts a frame; answers whether its connection is to be cut now.
    func cutsConnection(_ progress: inout Progress) -> Bool {
        let limit = remaining.dropConnectionAfterFrames
        return limit > 0 && progress.step(towards: limit, generation)
    }

    /// Counts a delivery; answers whether its link is to be detached now.
    func detachesLink(_ progress: inout Progress) -> Bool {
        let limit = remaining.detachAfterDeliveries
        return limit > 0 && progress.step(towards: limit, generation)
    }

    /// How a send or request is refused.
    enum Refusal {
        case busy
        case throttled
    }

    /// Whether the next send or request is refused.
    func takeRefusal() -> Refusal? {
        if take(\.serverBusy) { return .busy }
        return take(\.throttle) ? .throttled : nil
    }

    /// Whether the next outcome is lost.
    func takeLostDisposition() -> Bool { take(\.loseDispositions) }

    /// Whether the next response is lost.
    func takeLostResponse() -> Bool { take(\.loseResponses) }

    private func take(_ fault: WritableKeyPath<SandboxFaults, Int>) -> Bool {
        guard remaining[keyPath: fault] > 0 else { return false }
        remaining[keyPath: fault] -= 1
        return true
    }
}
