internal import CallboardCore
internal import Synchronization

/// Lets a job tell how far it is as often as it likes, and hands on no more than a person can see: the first at once, then one every tenth of
/// a second, the newest. While nothing is told, nothing wakes up.
///
/// It hands on inside its lock: what was held a moment before the end never comes after it.
final class ProgressThrottle: Sendable {
    private struct State {
        var due: ContinuousClock.Instant?
        var held: JobProgress?
        var isWaiting = false
        var isOver = false
    }

    static let interval = Duration.milliseconds(100)

    private let state = Mutex(State())
    private let now: @Sendable () -> ContinuousClock.Instant
    private let wait: @Sendable (Duration) async -> Void
    private let hand: @Sendable (JobProgress) -> Void

    /// - Parameters:
    ///   - now: the clock, injected for tests.
    ///   - wait: sleeps on that clock.
    ///   - hand: takes what is handed on. It must not tell anything itself.
    init(
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        wait: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) },
        hand: @escaping @Sendable (JobProgress) -> Void
    ) {
        self.now = now
        self.wait = wait
        self.hand = hand
    }

    /// Takes a progress; from any thread.
    func tell(_ progress: JobProgress) {
        let moment = now()
        let delay: Duration? = state.withLock { state in
            if state.isOver { return nil }
            guard let due = state.due, moment < due else {
                state.due = moment + Self.interval
                state.held = nil
                hand(progress)
                return nil
            }
            state.held = progress
            if state.isWaiting { return nil }
            state.isWaiting = true
            return due - moment
        }
        guard let delay else { return }
        Task {
            await wait(delay)
            flush()
        }
    }

    /// The wait is over: what was told meanwhile is handed on.
    func flush() {
        let moment = now()
        state.withLock { state in
            state.isWaiting = false
            guard !state.isOver, let held = state.held else { return }
            state.held = nil
            state.due = moment + Self.interval
            hand(held)
        }
    }

    /// Hands on how it ended, and nothing after that.
    func end(_ progress: JobProgress) {
        state.withLock { state in
            if !state.isOver { hand(progress) }
            state.isOver = true
        }
    }
}
