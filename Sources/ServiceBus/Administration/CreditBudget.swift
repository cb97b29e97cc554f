/// A namespace's allowance of calls, shared by everything in this process that asks it: on the Standard tier 1,000 credits a second, of which
/// a management call costs ten. Who would overdraw it waits, in the order of asking (service-bus-throttling of Microsoft's documentation).
public actor CreditBudget {
    /// What one management call costs.
    public static let managementCall = 10

    private let secondsPerCredit: Double
    private let burst: Duration
    private let now: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void
    /// When everything promised so far has been earned.
    private var spentUntil = Duration.zero
    /// How many credits were spent.
    public private(set) var spent = 0

    /// A budget.
    /// - Parameters:
    ///   - creditsPerSecond: the allowance. Half of the service's by default: others use the namespace too.
    ///   - burst: how much of it may be spent at once.
    ///   - clock: the clock to wait by.
    public init(creditsPerSecond: Int = 500, burst: Duration = .seconds(1), clock: some Clock<Duration> = ContinuousClock()) {
        secondsPerCredit = 1 / Double(max(1, creditsPerSecond))
        self.burst = burst
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
    }

    /// Waits until so many credits may be spent.
    /// - Throws: `CancellationError` when the task is cancelled while it waits; the credits are then spent all the same.
    public func spend(_ credits: Int = managementCall) async throws {
        let time = now()
        spentUntil = max(spentUntil, time) + .seconds(Double(max(0, credits)) * secondsPerCredit)
        spent += max(0, credits)
        let wait = spentUntil - burst - time
        if wait > .zero { try await sleep(wait) }
    }
}
