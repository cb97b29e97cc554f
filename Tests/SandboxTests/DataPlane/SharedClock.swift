import Identity
import Synchronization

@testable import Sandbox

/// A clock of a sandbox and its client that goes on whenever the client looks at it, and not by itself: so work takes time, the same in
/// every run.
final class SharedClock: Sendable {
    private let now: Atomic<Int64>
    private let start: Int64
    private let step: Int64

    /// - Parameter step: how many milliseconds pass when the client looks.
    init(step: Int64) {
        start = WallClockTime.milliseconds()
        now = Atomic(start)
        self.step = step
    }

    var milliseconds: Int64 { now.load(ordering: .sequentiallyConsistent) }

    /// What has passed.
    var passed: Duration { .milliseconds(milliseconds - start) }

    var client: WallClock {
        WallClock { [self] in
            WallTime(secondsSince1970: now.wrappingAdd(step, ordering: .sequentiallyConsistent).newValue / 1000)
        }
    }
}
