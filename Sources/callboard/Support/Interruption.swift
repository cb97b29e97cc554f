import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// SIGINT, SIGTERM and SIGHUP as an event, for a command that wants to stop in order.
///
/// The signals are blocked before there are other threads, which inherit that, and the main thread waits for them. Those that whoever started this process
/// has it ignore (`nohup`, a script's `&`) stay ignored.
final class Interruption: Sendable {
    static let shared = Interruption()

    private struct State {
        var isOver = false
        var areInterruptsLent = false
        var calls: [Int: @Sendable () -> Void] = [:]
        var nextCall = 0
    }

    private let state = Mutex(State())
    private let numbers = [SIGINT, SIGTERM, SIGHUP].filter { !SignalRelay.isIgnored($0) }

    /// Whether there was a signal.
    var isOver: Bool { state.withLock(\.isOver) }

    private func set() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }

    /// Blocks the signals. Call it on the main thread, first of all.
    func block() {
        var set = set()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits on the main thread for the first signal and tells whoever asked to be told.
    func watch() {
        var set = set()
        var number: Int32 = 0
        repeat { sigwait(&set, &number) } while number == SIGINT && state.withLock { $0.areInterruptsLent }
        let calls = state.withLock { state in
            state.isOver = true
            defer { state.calls = [:] }
            return state.calls.values
        }
        for call in calls { call() }
        // A second signal means now.
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// Does something during which interrupts are not this program's: they go to everything in the foreground of the terminal, and an editor has uses of its
    /// own for them. (To Emacs one is ^G.)
    func lendInterrupts<Result, Failure>(_ work: () throws(Failure) -> Result) throws(Failure) -> Result {
        state.withLock { $0.areInterruptsLent = true }
        defer { state.withLock { $0.areInterruptsLent = false } }
        return try work()
    }

    /// Does something, and makes a call at the first signal meanwhile; at once if it was before.
    func calls<Result, Failure>(
        _ call: @escaping @Sendable () -> Void, during work: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let number = state.withLock { state -> Int? in
            guard !state.isOver else { return nil }
            state.nextCall += 1
            state.calls[state.nextCall] = call
            return state.nextCall
        }
        if number == nil { call() }
        defer { state.withLock { state in if let number { state.calls[number] = nil } } }
        return try await work()
    }

    /// Waits for the first signal, or for the end of the task.
    func wait() async {
        let (signals, source) = AsyncStream.makeStream(of: Void.self)
        await calls({ source.finish() }) { for await _ in signals {} }
    }

    /// Does something, and cancels it at the first signal.
    func cancels<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let task = Task { try await work() }
        return try await calls({ task.cancel() }) { try await task.value }
    }

    /// Does something of which nothing is left where it does not come to its end, and cancels it at the first signal.
    /// - Throws: what `work` does; `CancellationError` for whatever it ends with after a signal.
    func cancelsWhole<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        do { return try await cancels(work) } catch { throw isOver ? CancellationError() : error }
    }
}
