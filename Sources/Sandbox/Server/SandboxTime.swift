import Synchronization

/// The clock of everything in a sandbox: the machine's, which can be moved ahead, and never back.
final class SandboxTime: Sendable {
    private let base: @Sendable () -> Int64
    private let ahead = Atomic<Int64>(0)

    /// - Parameter base: milliseconds since 1970.
    init(_ base: @escaping @Sendable () -> Int64) { self.base = base }

    /// Milliseconds since 1970.
    var milliseconds: Int64 { base() + ahead.load(ordering: .sequentiallyConsistent) }

    /// Lets time pass.
    /// - Parameter milliseconds: how much; whoever asks has checked that it is no age.
    func pass(milliseconds: Int64) { ahead.wrappingAdd(max(0, milliseconds), ordering: .sequentiallyConsistent) }
}

extension SandboxConfiguration {
    /// The same by another clock.
    func clocked(by time: SandboxTime) -> SandboxConfiguration {
        var configuration = self
        configuration.clock = { time.milliseconds }
        return configuration
    }
}
