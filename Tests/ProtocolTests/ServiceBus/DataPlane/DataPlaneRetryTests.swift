import Testing

@testable import ServiceBus

@Suite("What is repeated, and after which pauses")
struct DataPlaneRetryTests {
    private func error(_ condition: String?, status: Int64? = nil) -> ServiceBusError {
        ServiceBusError(condition: condition, text: "text", status: status, nil)
    }

    @Test(
        "each condition has its recovery",
        arguments: [
            ("com.microsoft:server-busy", ErrorRecovery.none), ("com.microsoft:timeout", .none),
            ("com.microsoft:operation-cancelled", .none),
            ("amqp:link:detach-forced", .link), ("amqp:connection:forced", .connection), ("amqp:internal-error", .connection),
            ("amqp:not-found", .fatal), ("amqp:unauthorized-access", .fatal), ("amqp:not-allowed", .fatal),
            ("amqp:link:message-size-exceeded", .fatal), ("amqp:resource-limit-exceeded", .fatal),
            ("com.microsoft:message-lock-lost", .fatal), ("com.microsoft:session-lock-lost", .fatal),
            ("com.microsoft:session-cannot-be-locked", .fatal), ("com.microsoft:entity-disabled", .fatal), ("amqp:link:redirect", .fatal),
        ])
    func conditions(condition: String, recovery: ErrorRecovery) {
        #expect(error(condition).recovery == recovery)
    }

    @Test("statuses count where there is no condition")
    func statuses() {
        #expect(error(nil, status: 503).recovery == .none)
        #expect(error(nil, status: 408).recovery == .none)
        #expect(error(nil, status: 404).recovery == .fatal)
        #expect(error(nil, status: 500).recovery == .connection)
    }

    @Test("pauses double up to the longest, and vary by chance")
    func pauses() {
        var policy = RetryPolicy()
        policy.attempts = 10
        policy.longestPause = .seconds(10)
        let busy = error("com.microsoft:server-busy")
        #expect((1...5).map { policy.pause(after: busy, attempt: $0, random: 0.4) } == [2, 4, 8, 10, 10].map { .seconds($0) })
        #expect(policy.pause(after: busy, attempt: 1, random: 0) == .milliseconds(1600))
        #expect(policy.pause(after: busy, attempt: 1, random: 1) == .milliseconds(2600))
        #expect(policy.pause(after: error("amqp:link:detach-forced"), attempt: 1, random: 0.4) == .milliseconds(400))
        #expect(policy.pause(after: busy, attempt: 10, random: 0.4) == nil)
        #expect(policy.pause(after: error("amqp:not-found"), attempt: 1, random: 0.4) == nil)
        #expect(RetryPolicy.never.pause(after: busy, attempt: 1, random: 0.4) == nil)
    }
}
