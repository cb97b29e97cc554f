/// How often, and after which pauses, a request is repeated that can do no harm twice: looking, listing, renewing; and one that the service
/// refused because it was busy. What may have been carried out is never repeated.
public struct RetryPolicy: Hashable, Sendable {
    /// How often a request is made at most, the first time included.
    public var attempts = 4
    /// The pause before the second attempt; it doubles from attempt to attempt.
    public var firstPause = Duration.milliseconds(400)
    /// The pause before the second attempt when the service said that it is busy.
    public var firstPauseWhenBusy = Duration.seconds(2)
    /// The longest pause.
    public var longestPause = Duration.seconds(30)

    /// The policy with the defaults above.
    public init() {}

    /// No request is repeated.
    public static let never: RetryPolicy = {
        var policy = RetryPolicy()
        policy.attempts = 1
        return policy
    }()

    /// The pause after a failed attempt; nil when there is to be no other.
    /// - Parameters:
    ///   - attempt: which attempt failed, counted from 1.
    ///   - random: from 0 to 1; pauses vary from 0.8 to 1.3 of their length, so that many clients do not come back together.
    func pause(after error: ServiceBusError, attempt: Int, random: Double) -> Duration? {
        guard attempt < attempts, error.recovery != .fatal else { return nil }
        // A peer that gave no sign has had a full request's time already: once more is enough.
        if error.code == .timeout, error.condition == nil, attempt > 1 { return nil }
        var pause = error.code == .busy ? firstPauseWhenBusy : firstPause
        for _ in 1..<max(attempt, 1) where pause < longestPause { pause *= 2 }
        return min(pause, longestPause) * (0.8 + 0.5 * min(max(random, 0), 1))
    }
}

/// Waiting and chance, as the data plane needs them. Tests bring their own.
public struct Pacing: Sendable {
    /// Suspends for a duration.
    let sleep: @Sendable (Duration) async throws -> Void
    /// A number from 0 to 1.
    let random: @Sendable () -> Double

    /// Waits with `sleep`, which throws `CancellationError` when its task is cancelled, and varies with `random`, from 0 to 1.
    public init(
        sleep: @escaping @Sendable (Duration) async throws -> Void, random: @escaping @Sendable () -> Double
    ) {
        self.sleep = sleep
        self.random = random
    }

    /// The system's.
    public static let system = Pacing(
        sleep: { try await Task.sleep(for: $0) }, random: { Double.random(in: 0...1) })
}
