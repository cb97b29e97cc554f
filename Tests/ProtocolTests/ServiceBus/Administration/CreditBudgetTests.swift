import Identity
import Logging
import RESTClient
import Synchronization
import Testing

@testable import ServiceBus

@Suite("The budget of credits")
struct CreditBudgetTests {
    /// A clock that stands until it is moved; who sleeps wakes when its time has come.
    private final class ManualClock: Clock, Sendable {
        struct Instant: InstantProtocol {
            let offset: Duration
            func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
            func duration(to other: Instant) -> Duration { other.offset - offset }
            static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
        }
        private struct State {
            var now = Duration.zero
            var sleepers: [Int: (until: Duration, continuation: CheckedContinuation<Void, any Error>)] = [:]
            var cancelled: Set<Int> = []
            var last = 0
        }
        private let state = Mutex(State())

        var now: Instant { Instant(offset: state.withLock { $0.now }) }
        var minimumResolution: Duration { .zero }

        func sleep(until deadline: Instant, tolerance: Duration?) async throws {
            let id = state.withLock { state in
                state.last += 1
                return state.last
            }
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let isOver = state.withLock { state -> Bool in
                        if state.cancelled.contains(id) || deadline.offset <= state.now { return true }
                        state.sleepers[id] = (deadline.offset, continuation)
                        return false
                    }
                    if isOver { continuation.resume() }
                }
            } onCancel: {
                let sleeper = state.withLock { state in
                    state.cancelled.insert(id)
                    return state.sleepers.removeValue(forKey: id)
                }
                sleeper?.continuation.resume(throwing: CancellationError())
            }
        }

        /// Moves the clock to when the next sleeper wakes. Waits, with a deadline, until somebody sleeps.
        func wakeNext() async throws {
            let deadline = ContinuousClock.now + .seconds(20)
            while ContinuousClock.now < deadline {
                let sleeper = state.withLock { state -> CheckedContinuation<Void, any Error>? in
                    guard let next = state.sleepers.min(by: { $0.value.until < $1.value.until }) else { return nil }
                    state.now = max(state.now, next.value.until)
                    state.sleepers[next.key] = nil
                    return next.value.continuation
                }
                if let sleeper { return sleeper.resume() }
                await Task.yield()
            }
            throw CancellationError()
        }
    }

    /// Who was served, in order.
    private final class Served: Sendable {
        private let list = Mutex<[String]>([])
        var names: [String] { list.withLock { $0 } }
        func append(_ name: String) { list.withLock { $0.append(name) } }
    }

    private func until(_ condition: () async -> Bool) async {
        let deadline = ContinuousClock.now + .seconds(20)
        while await !condition(), ContinuousClock.now < deadline { await Task.yield() }
    }

    @Test("lets the operator's own call go before the background, which still gets every fifth turn")
    func priorities() async throws {
        let clock = ManualClock()
        let budget = CreditBudget(creditsPerSecond: 100, burst: .milliseconds(100), clock: clock)
        try await budget.spend(10)
        let order = Served()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await budget.spend(priority: .background)
                order.append("background")
            }
            await until { await budget.waiting == 1 }
            for number in 1...6 {
                group.addTask {
                    try await budget.spend()
                    order.append("operator \(number)")
                }
                await until { await budget.waiting == number + 1 }
            }
            for served in 1...7 {
                while order.names.count < served {
                    try await clock.wakeNext()
                    await until { await budget.waiting == 7 - served }
                    await until { order.names.count == served }
                }
            }
            try await group.waitForAll()
        }
        #expect(
            order.names == [
                "operator 1", "operator 2", "operator 3", "operator 4", "background", "operator 5", "operator 6",
            ])
        #expect(await budget.spent == 80)
    }

    @Test("keeps some credits for the operator while the background waits")
    func reserve() async throws {
        let clock = ManualClock()
        let budget = CreditBudget(creditsPerSecond: 100, burst: .seconds(2), clock: clock)
        for _ in 0..<15 { try await budget.spend(priority: .background) }
        #expect(await budget.spent == 150, "three quarters of what was saved")
        let background = Task { try await budget.spend(priority: .background) }
        await until { await budget.waiting == 1 }
        for _ in 0..<4 { try await budget.spend() }
        #expect(await budget.spent == 190, "an operator does not wait")
        #expect(clock.now.offset == .zero)
        background.cancel()
        await #expect(throws: CancellationError.self) { try await background.value }
        #expect(await budget.waiting == 0)
        #expect(await budget.spent == 190, "who gave up spends nothing")
    }

    @Test("a refusal makes everybody pause, for as long as the service asks, and is tried again")
    func refusals() async throws {
        let clock = RecordingClock()
        let budget = CreditBudget(creditsPerSecond: 1000, clock: clock)
        let exchange = ScriptedExchange { number, _ in
            number < 2
                ? .text(
                    "<Error><Code>429</Code><Detail>SubCode=50004. Throttled.</Detail></Error>", status: 429, headers: ["Retry-After": "3"])
                : .text("")
        }
        let http = RESTClient(
            configuration: RESTConfiguration(), exchange: exchange, clock: RecordingClock(), jitter: { 0 },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let root = SharedAccessKeyCredential(
            keyName: "Root", key: Secret("k"), clock: WallClock { WallTime(secondsSince1970: 1_700_000_000) })
        let client = AdministrationClient(endpoint: AdministrationEndpoint(host: "ns.example"), tokens: root, http: http, budget: budget)
        try await client.delete(.queue("q"))
        #expect(exchange.requests.count == 3)
        #expect(await budget.spent == 30, "every attempt costs")
        #expect(await budget.refusals == 2)
        #expect(clock.sleeps.count == 2)
        #expect(clock.sleeps.allSatisfy { $0 >= .seconds(3) && $0 < .seconds(3.1) }, "\(clock.sleeps)")
    }

    @Test("gives up when the service keeps refusing")
    func exhausted() async throws {
        let exchange = ScriptedExchange { _, _ in .text("", status: 503) }
        let http = RESTClient(
            configuration: RESTConfiguration(), exchange: exchange, clock: RecordingClock(), jitter: { 0 },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let root = SharedAccessKeyCredential(keyName: "Root", key: Secret("k"), clock: WallClock { WallTime(secondsSince1970: 1) })
        let client = AdministrationClient(
            endpoint: AdministrationEndpoint(host: "ns.example"), tokens: root, http: http, budget: CreditBudget(clock: RecordingClock()))
        let error = await #expect(throws: AdministrationError.self) { try await client.delete(.queue("q")) }
        #expect(error?.code == .busy)
        #expect(exchange.requests.count == 4)
    }

    @Test("spends in no second more than the Standard tier allows, whatever waits")
    func rate() async throws {
        let clock = RecordingClock()
        let budget = CreditBudget(clock: clock)
        var times: [Duration] = []
        for number in 0..<300 {
            try await budget.spend(priority: number % 3 == 0 ? .operator : .background)
            times.append(clock.now.offset)
        }
        for (index, time) in times.enumerated() {
            let spent = times[index...].prefix { $0 < time + .seconds(1) }.count * CreditBudget.managementCall
            #expect(spent <= 910, "from \(time)")
        }
        #expect(clock.now.offset < .seconds(6), "and wastes none of it")
    }
}
