internal import DequeModule
internal import RESTClient

/// A namespace's allowance of calls, shared by everything in this process that asks it: on the Standard tier 1,000 credits a second, of which
/// a management call costs ten (service-bus-throttling of Microsoft's documentation).
///
/// Who would overdraw it waits. What an operator asks for goes before what fetches lists and refreshes screens, and finds a few credits kept
/// for it; the background still gets every fifth turn. When the service refuses a call as too busy, everybody pauses.
public actor CreditBudget {
    /// What one management call costs.
    public static let managementCall = 10

    /// Who goes first.
    public enum Priority: Hashable, Sendable {
        /// Somebody waits for this answer.
        case `operator`
        /// Lists, refreshes, polling.
        case background
    }

    private struct Waiter {
        let id: Int
        let credits: Double
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// How many may go ahead of a waiting background in a row.
    private static let mostPassed = 4

    private let rate: Double
    private let burst: Double
    private let reserve: Double
    private let now: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void
    private let retry = RESTConfiguration().retry

    /// Credits that may be spent, as of ``countedAt``.
    private var level: Double
    private var countedAt = Duration.zero
    /// Until when nobody may spend anything.
    private var pausedUntil = Duration.zero
    private var urgent: Deque<Waiter> = []
    private var patient: Deque<Waiter> = []
    /// How many went ahead of a waiting background since that last had a turn.
    private var passed = 0
    private var lastID = 0
    private var pump: Task<Void, Never>?

    /// How many credits were spent.
    public private(set) var spent = 0
    /// How many calls the service refused as too busy.
    public private(set) var refusals = 0

    /// How many callers wait.
    var waiting: Int { urgent.count + patient.count }

    /// A budget.
    /// - Parameters:
    ///   - creditsPerSecond: the allowance. Half of the service's by default: others use the namespace too.
    ///   - burst: for how long it may be saved up. In no second more is spent than the allowance of that second and what was saved; the
    ///     default stays below the Standard tier's limit also when calls are held up on the way and arrive together.
    ///   - clock: the clock to wait by.
    public init(creditsPerSecond: Int = 500, burst: Duration = .milliseconds(800), clock: some Clock<Duration> = ContinuousClock()) {
        rate = Double(max(1, creditsPerSecond))
        self.burst = max(Double(Self.managementCall), rate * burst.inSeconds)
        reserve = min(Double(5 * Self.managementCall), self.burst / 4)
        level = self.burst
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
    }

    /// Waits until so many credits may be spent, in the order of asking among those of one priority.
    /// - Throws: `CancellationError` when the task is cancelled while it waits; nothing is spent then.
    public func spend(_ credits: Int = managementCall, priority: Priority = .operator) async throws {
        try Task.checkCancellation()
        let credits = Double(max(0, credits))
        let isFirst = urgent.isEmpty && (patient.isEmpty || (priority == .operator && passed < Self.mostPassed))
        if isFirst, wait(for: credits, priority) <= .zero {
            if !patient.isEmpty { passed += 1 }
            return take(credits)
        }
        lastID += 1
        let id = lastID
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let waiter = Waiter(id: id, credits: credits, continuation: continuation)
                if priority == .operator { urgent.append(waiter) } else { patient.append(waiter) }
                startPump()
            }
        } onCancel: {
            Task { await self.cancel(id) }
        }
    }

    /// Makes everybody wait after the service refused a call.
    /// - Parameters:
    ///   - attempt: the attempt that was refused, from 1.
    ///   - retryAfter: for how long the service asked to wait.
    /// - Returns: whether the call should be tried again.
    func backOff(after attempt: Int, retryAfter: Duration?) -> Bool {
        refusals += 1
        guard let delay = retry.delay(after: attempt, retryAfter: retryAfter, jitter: Double.random(in: 0..<1)) else { return false }
        pausedUntil = max(pausedUntil, now() + delay)
        level = 0
        countedAt = max(countedAt, pausedUntil)
        if pump != nil { startPump() }
        return true
    }

    // MARK: The queue

    private func startPump() {
        pump?.cancel()
        pump = Task { await self.serve() }
    }

    private func serve() async {
        while let (waiter, priority) = next() {
            let delay = wait(for: waiter.credits, priority)
            if delay > .zero {
                do { try await sleep(delay) } catch { return }
            }
            // Whoever replaced this task while it slept goes on.
            if Task.isCancelled { return }
            guard let (waiter, priority) = next(), wait(for: waiter.credits, priority) <= .zero else { continue }
            if priority == .operator {
                urgent.removeFirst()
                passed = patient.isEmpty ? 0 : passed + 1
            } else {
                patient.removeFirst()
                passed = 0
            }
            take(waiter.credits)
            waiter.continuation.resume()
        }
        pump = nil
    }

    private func next() -> (Waiter, Priority)? {
        if let first = urgent.first, passed < Self.mostPassed || patient.isEmpty { return (first, .operator) }
        return patient.first.map { ($0, .background) }
    }

    private func cancel(_ id: Int) {
        let waiter: Waiter
        if let index = urgent.firstIndex(where: { $0.id == id }) {
            waiter = urgent.remove(at: index)
        } else if let index = patient.firstIndex(where: { $0.id == id }) {
            waiter = patient.remove(at: index)
        } else {
            return
        }
        waiter.continuation.resume(throwing: CancellationError())
    }

    // MARK: The account

    /// How long until so many credits are there. The background leaves a reserve, unless it has waited long enough.
    private func wait(for credits: Double, _ priority: Priority) -> Duration {
        let time = now()
        if time > countedAt {
            level = min(burst, level + (time - countedAt).inSeconds * rate)
            countedAt = time
        }
        let kept = priority == .background && passed < Self.mostPassed ? reserve : 0
        // What is more than can be saved is owed instead.
        let missing = min(credits + kept, burst) - level
        // A rounding error must not cost another round.
        return max(missing > 0.000_001 ? .seconds(missing / rate) : .zero, .zero) + max(.zero, pausedUntil - time)
    }

    private func take(_ credits: Double) {
        level -= credits
        spent += Int(credits)
    }
}

extension Duration {
    fileprivate var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
