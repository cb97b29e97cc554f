/// When an attempt is repeated, and how long to wait before.
///
/// 429 and 503 are how the services say "not now"; they often say for how long. A connection that breaks before the answer is repeated at once, and
/// once only: it usually was a kept-alive connection that the server had given up.
public struct RetryPolicy: Sendable, Hashable {
    /// The most attempts, the first included.
    public var maximumAttempts: Int = 4
    /// The wait before the second attempt; each further wait is twice as long.
    public var firstDelay: Duration = .milliseconds(800)
    /// The longest wait. If the service asks for more, its answer is handed to the caller instead.
    public var longestDelay: Duration = .seconds(30)

    /// The defaults.
    public init() {}

    /// A policy that never repeats.
    public static var never: RetryPolicy {
        var policy = RetryPolicy()
        policy.maximumAttempts = 1
        return policy
    }

    /// Whether an answer with `status` means "later".
    public func isTransient(status: Int) -> Bool {
        status == 429 || status == 503
    }

    /// How long to wait after attempt `attempt`.
    /// - Parameters:
    ///   - attempt: the attempt that was refused, from 1.
    ///   - retryAfter: what the service asked for, if it did.
    ///   - jitter: 0 ..< 1; spreads clients that were refused at the same moment over the second half of the wait.
    /// - Returns: the wait, or `nil` if there shall be no further attempt.
    public func delay(after attempt: Int, retryAfter: Duration?, jitter: Double) -> Duration? {
        guard attempt < self.maximumAttempts else { return nil }
        if let retryAfter {
            return retryAfter <= self.longestDelay ? retryAfter : nil
        }
        // 2^30 first delays are beyond any longest delay; a larger exponent would only overflow.
        let exponent = min(max(attempt - 1, 0), 30)
        let full = min(self.firstDelay * (1 << exponent), self.longestDelay)
        return full * (0.5 + min(max(jitter, 0), 1) / 2)
    }
}
