import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// SIGINT and SIGTERM as an event, for a command that wants to stop in order.
///
/// The signals are blocked before there are other threads, which inherit that, and the main thread waits for them.
final class Interruption: Sendable {
    static let shared = Interruption()
    private let signals: AsyncStream<Void>
    private let source: AsyncStream<Void>.Continuation
    private let areLent = Mutex(false)

    private init() { (signals, source) = AsyncStream.makeStream(of: Void.self) }

    private func set() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        return set
    }

    /// Blocks the signals. Call it on the main thread, first of all.
    func block() {
        var set = set()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits on the main thread for the first signal and tells whoever waits.
    func watch() {
        var set = set()
        var number: Int32 = 0
        repeat { sigwait(&set, &number) } while number == SIGINT && areLent.withLock { $0 }
        source.finish()
        // A second signal means now.
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// Does something during which interrupts are not this program's: they go to everything in the foreground of the terminal, and an editor has uses of its
    /// own for them. (To Emacs one is ^G.)
    func lendInterrupts<Result, Failure>(_ work: () throws(Failure) -> Result) throws(Failure) -> Result {
        areLent.withLock { $0 = true }
        defer { areLent.withLock { $0 = false } }
        return try work()
    }

    /// Waits for the first signal.
    func wait() async { for await _ in signals {} }

    /// Does something, and cancels it at the first signal.
    func cancels<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let task = Task { try await work() }
        let watch = Task {
            await wait()
            task.cancel()
        }
        defer { watch.cancel() }
        return try await task.value
    }
}
