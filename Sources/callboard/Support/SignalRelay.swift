#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

/// Every signal that asks this process to end, for a command that has a program of its own running: the program is to have it, and this process ends
/// with the program.
///
/// The signals are blocked before there are other threads, which inherit that, and the main thread waits for them. Without a program they cancel. Those that
/// whoever started this process has it ignore (`nohup`) stay ignored, here and in the program.
final class SignalRelay: Sendable {
    static let shared = SignalRelay()

    private enum State {
        case waiting
        /// What hands signals on to the program, and says whether it is there still.
        case relaying(@Sendable (Int32) -> Bool)
        /// What was to be cancelled is, by this signal.
        case cancelled(Int32)
    }

    private let state = Mutex(State.waiting)
    private let cancels: AsyncStream<Void>
    private let cancel: AsyncStream<Void>.Continuation
    private let numbers: [Int32]

    private init() {
        (cancels, cancel) = AsyncStream.makeStream(of: Void.self)
        numbers = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2].filter { !Self.isIgnored($0) }
    }

    /// Whether a signal does nothing to this process.
    static func isIgnored(_ number: Int32) -> Bool {
        var now = sigaction()
        guard sigaction(number, nil, &now) == 0 else { return false }
        #if canImport(Glibc)
            let handler = now.__sigaction_handler.sa_handler
        #elseif canImport(Musl)
            let handler = now.__sa_handler.sa_handler
        #else
            let handler = now.__sigaction_u.__sa_handler
        #endif
        // SIG_IGN.
        return unsafeBitCast(handler, to: Int.self) == 1
    }

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

    /// Waits on the main thread for signals, for good.
    func watch() -> Never {
        var set = set()
        while true {
            guard let (number, isTyped) = Self.next(&set) else { continue }
            // Outside of the lock: sending is not ours. What is typed at a terminal goes to the program as well as to us; 0 is no signal.
            if case .relaying(let send) = state.withLock({ $0 }), send(isTyped ? 0 : number) { continue }
            let isSecond = state.withLock { state in
                if case .cancelled = state { return true }
                state = .cancelled(number)
                return false
            }
            cancel.finish()
            // A second signal means now.
            if isSecond {
                signal(number, SIG_DFL)
                pthread_sigmask(SIG_UNBLOCK, &set, nil)
                raise(number)
            }
        }
    }

    /// Waits for a signal.
    /// - Returns: its number, and whether it was typed at the terminal, which gives it to all programs there; nil: to be asked again.
    private static func next(_ set: inout sigset_t) -> (number: Int32, isTyped: Bool)? {
        #if os(Linux)
            var origin = siginfo_t()
            let number = sigwaitinfo(&set, &origin)
            // SI_KERNEL: no process sent it.
            return number > 0 ? (number, origin.si_code == 0x80) : nil
        #else
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { return nil }
            // The system does not say; what can be typed is taken for typed where this process is in the foreground.
            return (number, [SIGINT, SIGQUIT].contains(number) && tcgetpgrp(2) == getpgrp())
        #endif
    }

    /// Hands signals on to a program from now on, and one that came while it was being started.
    /// - Parameter send: sends the program a signal, 0 for none, and says whether it is there still.
    func relay(_ send: @escaping @Sendable (Int32) -> Bool) {
        let earlier: Int32? = state.withLock { state in
            defer { state = .relaying(send) }
            if case .cancelled(let number) = state { return number }
            return nil
        }
        if let earlier { _ = send(earlier) }
    }

    /// Does something, and cancels it at the first signal that no program is there for.
    func cancels<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let task = Task { try await work() }
        let watch = Task {
            for await _ in cancels {}
            if !Task.isCancelled { task.cancel() }
        }
        defer { watch.cancel() }
        return try await task.value
    }
}

/// A command with a program of its own, which has the signals. It asks ``SignalRelay``, since nothing else ends it then.
protocol RelayingCommand: OperatorCommand {}
