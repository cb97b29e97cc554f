internal import Synchronization

/// What a running job is told: to wait, to go on, to stop, and how fast to go.
public final class JobControl: Sendable {
    private struct State {
        var isPaused = false
        var isCancelled = false
        /// When the next message may be acted on.
        var due: ContinuousClock.Instant?
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// What to do at once when it is to wait or to stop.
        var onStop: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    /// How long each message takes at least; nil for no limit.
    let perMessage: Duration?
    private let now: @Sendable () -> ContinuousClock.Instant
    /// Sleeps; throws when its task is cancelled.
    let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - rate: the most messages a second; nil for no limit.
    ///   - now: the clock, injected for tests.
    ///   - sleep: sleeps on that clock; throws when its task is cancelled.
    init(
        rate: Int?, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        perMessage = rate.map { .seconds(1) / max($0, 1) }
        self.now = now
        self.sleep = sleep
    }

    /// Asks it to wait. What is under way ends; what was received and not acted on is given back.
    public func pause() { wake { $0.isPaused = true } }

    /// Asks it to go on.
    public func goOn() { wake { $0.isPaused = false } }

    /// Asks it to stop between messages. It can be gone on with.
    public func cancel() { wake { $0.isCancelled = true } }

    var isPaused: Bool { state.withLock { $0.isPaused && !$0.isCancelled } }
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    private func wake(_ change: (inout State) -> Void) {
        let (waiters, onStop): ([CheckedContinuation<Void, Never>], (@Sendable () -> Void)?) = state.withLock { state in
            change(&state)
            if state.isPaused, !state.isCancelled { return ([], state.onStop) }
            defer { state.waiters = [] }
            return (state.waiters, state.isCancelled ? state.onStop : nil)
        }
        onStop?()
        for waiter in waiters { waiter.resume() }
    }

    /// Waits for a task, which is cancelled when the job is asked to stop or to wait.
    func stopping<Value: Sendable>(_ work: Task<Value, Never>) async -> Value {
        let isLate = state.withLock { state in
            state.onStop = { work.cancel() }
            return state.isCancelled || state.isPaused
        }
        if isLate { work.cancel() }
        let value = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
        state.withLock { $0.onStop = nil }
        return value
    }

    /// Waits while it is paused; a cancelled task stops it.
    func whilePaused() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isWaiting = state.withLock { state in
                    guard state.isPaused, !state.isCancelled else { return false }
                    state.waiters.append(continuation)
                    return true
                }
                if !isWaiting { continuation.resume() }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Waits until so many messages may be acted on.
    /// - Returns: false when it is to stop or to wait longer.
    func mayProceed(with count: Int?) async -> Bool {
        let wait: Duration? = state.withLock { state in
            if state.isPaused || state.isCancelled { return nil }
            guard let count, let perMessage else { return .zero }
            let now = now()
            let due = max(state.due ?? now, now)
            state.due = due + perMessage * count
            return due - now
        }
        guard let wait else { return false }
        if wait > .zero, (try? await sleep(wait)) == nil { return false }
        return state.withLock { !$0.isPaused && !$0.isCancelled }
    }

    /// How many messages a batch may have, so that none waits in our hands for longer than a second.
    func batchSize(_ usual: Int, rate: Int?) -> Int { min(usual, max(rate ?? usual, 1)) }
}
