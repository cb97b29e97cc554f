import Identity
import Synchronization

@testable import Sandbox

/// A clock of a sandbox and its client that goes on whenever the client looks at it, and not by itself: so work takes time, the same in
/// every run.
final class SharedClock: Sendable {
    private let now: Atomic<Int64>
    private let start: Int64
    private let step: Int64
    /// When those who wait will have waited long enough.
    private let ends = Mutex<[Int64]>([])

    /// - Parameters:
    ///   - step: how many milliseconds pass when the client looks.
    ///   - behind: how many milliseconds it is behind the clock of the machine.
    init(step: Int64, behind: Int64 = 0) {
        start = WallClockTime.milliseconds() - behind
        now = Atomic(start)
        self.step = step
    }

    var milliseconds: Int64 { now.load(ordering: .sequentiallyConsistent) }

    /// Lets it go on, or back.
    func goOn(_ milliseconds: Int64) { now.wrappingAdd(milliseconds, ordering: .sequentiallyConsistent) }

    /// What has passed.
    var passed: Duration { .milliseconds(milliseconds - start) }

    /// Lets time pass.
    func pass(_ time: Duration) { now.add(Int64(time / .milliseconds(1)), ordering: .sequentiallyConsistent) }

    /// Waits until so much time has passed here, however long that is.
    func wait(_ time: Duration) async throws {
        let end = milliseconds + Int64(time / .milliseconds(1))
        ends.withLock { $0.append(end) }
        defer { ends.withLock { all in if let place = all.firstIndex(of: end) { all.remove(at: place) } } }
        while milliseconds < end { try await Task.sleep(for: .milliseconds(1)) }
    }

    /// Whether somebody waits who will have waited long enough when so much time has passed.
    func isWaitedFor(within time: Duration) -> Bool {
        let now = milliseconds
        return ends.withLock { $0.contains { $0 > now && $0 <= now + Int64(time / .milliseconds(1)) } }
    }

    var client: WallClock {
        WallClock { [self] in
            WallTime(secondsSince1970: now.wrappingAdd(step, ordering: .sequentiallyConsistent).newValue / 1000)
        }
    }
}
