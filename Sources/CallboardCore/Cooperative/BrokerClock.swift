package import ServiceBus
internal import Synchronization

/// The time by the service's clock, as far as it was seen: windows and ends are counted by it, and by no clock of this machine.
package final class BrokerClock: Sendable {
    /// From how great a difference on this machine's clock should be set first.
    package static let tolerance = Duration.seconds(120)

    private struct State {
        /// How far the service's clock is ahead of ours, in milliseconds: at least, and at most.
        var least = Int64.min
        var most = Int64.max
    }

    private let local: @Sendable () -> Timestamp
    private let state = Mutex(State())

    /// - Parameter local: this machine's clock.
    package init(_ local: @escaping @Sendable () -> Timestamp) { self.local = local }

    /// This machine's clock.
    package var localNow: Timestamp { local() }

    /// Notes what is known of the service's clock at some moment between two of ours.
    /// - Parameters:
    ///   - earliest: it was not before this; nil: that is not known.
    ///   - latest: it was not after this; nil: that is not known.
    package func saw(notBefore earliest: Timestamp?, notAfter latest: Timestamp?, between start: Timestamp, and end: Timestamp) {
        let least = earliest.map { Self.difference($0, end) } ?? .min
        let most = latest.map { Self.difference($0, start) } ?? .max
        guard least <= most else { return }
        state.withLock { state in
            let (low, high) = (max(state.least, least), min(state.most, most))
            // A clock that was set meanwhile makes what was seen before worthless.
            (state.least, state.most) = low <= high ? (low, high) : (least, most)
        }
    }

    private static func difference(_ a: Timestamp, _ b: Timestamp) -> Int64 {
        let (difference, overflow) = a.milliseconds.subtractingReportingOverflow(b.milliseconds)
        // Beyond a century nothing is known, and sums stay far from their limits.
        let limit: Int64 = 3_200_000_000_000
        return overflow ? (a < b ? -limit : limit) : min(max(difference, -limit), limit)
    }

    /// How far the service's clock certainly is ahead of ours, or behind where it is negative.
    package var skew: Duration { .milliseconds(state.withLock { min(max(0, $0.least), max($0.most, $0.least)) }) }

    /// Whether anything of the service's clock was seen.
    package var isSeen: Bool { state.withLock { $0.least != .min || $0.most != .max } }

    /// The time by the service's clock.
    package var now: Timestamp { local().advanced(by: skew) }

    /// What is wrong when the clocks certainly differ by more than ``tolerance``.
    package var flaw: CooperativeFlaw? {
        let skew = skew
        return skew > Self.tolerance || skew < .zero - Self.tolerance ? .clock(skew) : nil
    }
}
