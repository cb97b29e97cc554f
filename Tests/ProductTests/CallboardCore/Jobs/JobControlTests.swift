import Synchronization
import Testing

@testable import CallboardCore

@Suite("What a job is told")
struct JobControlTests {
    /// A clock that moves when somebody sleeps on it.
    private final class Clock: Sendable {
        private let state: Mutex<(now: ContinuousClock.Instant, slept: [Duration])>
        init() { state = Mutex((.now, [])) }

        func control(rate: Int?) -> JobControl {
            JobControl(
                rate: rate, now: { [self] in state.withLock { $0.now } },
                sleep: { [self] wait in
                    state.withLock {
                        $0.now += wait
                        $0.slept.append(wait)
                    }
                })
        }
        var slept: [Duration] { state.withLock { $0.slept } }
        func pass(_ time: Duration) { state.withLock { $0.now += time } }
    }

    @Test("a rate is kept: each batch waits until those before it had their time")
    func rate() async {
        let clock = Clock()
        let control = clock.control(rate: 100)
        #expect(control.perMessage == .milliseconds(10))
        for _ in 0..<4 { #expect(await control.mayProceed(with: 50)) }
        #expect(clock.slept == [.milliseconds(500), .milliseconds(500), .milliseconds(500)])
        // Time that passed unused is not saved up.
        clock.pass(.seconds(10))
        #expect(await control.mayProceed(with: 50))
        #expect(await control.mayProceed(with: 50))
        #expect(clock.slept.count == 4)
    }

    @Test("without a rate nothing waits")
    func unlimited() async {
        let clock = Clock()
        let control = clock.control(rate: nil)
        #expect(control.perMessage == nil)
        for _ in 0..<10 { #expect(await control.mayProceed(with: 1000)) }
        #expect(clock.slept.isEmpty)
    }

    @Test("paused or cancelled, nothing new begins; going on lifts the one, nothing the other")
    func orders() async {
        let control = Clock().control(rate: nil)
        control.pause()
        #expect(await !control.mayProceed(with: nil))
        let waiting = Task { await control.whilePaused() }
        control.goOn()
        await waiting.value
        #expect(await control.mayProceed(with: nil))
        control.cancel()
        control.goOn()
        #expect(await !control.mayProceed(with: 1))
        #expect(control.isCancelled)
    }

    @Test("what is under way in one request is cancelled by a pause", arguments: [true, false])
    func stopping(isPause: Bool) async {
        let control = Clock().control(rate: nil)
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let work = Task {
            for await _ in stream {}
            return Task.isCancelled
        }
        let stopped = Task { await control.stopping(work) }
        if isPause { control.pause() } else { control.cancel() }
        #expect(await stopped.value)
        continuation.finish()
    }
}
