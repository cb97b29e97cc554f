import Foundation
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore
@testable import Console

/// How often a job is heard.
@Suite struct ProgressThrottleTests {
    /// A clock that is set by hand, and what waits on it.
    private final class Bench: Sendable {
        let moment = Mutex(ContinuousClock.now)
        let handed = Mutex<[Int]>([])
        let waits = Mutex<[Duration]>([])
        let (stream, continuation) = AsyncStream<Void>.makeStream()

        func throttle() -> ProgressThrottle {
            ProgressThrottle(
                now: { self.moment.withLock { $0 } },
                wait: { duration in
                    self.waits.withLock { $0.append(duration) }
                    for await _ in self.stream { break }
                }, hand: { progress in self.handed.withLock { $0.append(progress.done) } })
        }

        func advance(_ duration: Duration) { moment.withLock { $0 += duration } }
        var seen: [Int] { handed.withLock { $0 } }

        /// Polls until something is so.
        func until(_ condition: () -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(10)
            while !condition() {
                try #require(ContinuousClock.now < deadline)
                await Task.yield()
            }
        }
    }

    private func progress(_ done: Int) -> JobProgress { Fixture.job(1, .running, done: done, of: 1000) }

    @Test("the first is handed on at once; of a thousand in a tenth of a second one more, the newest")
    func coalesces() async throws {
        let bench = Bench()
        let throttle = bench.throttle()
        for done in 1...1000 { throttle.tell(progress(done)) }
        #expect(bench.seen == [1])
        try await bench.until { bench.waits.withLock { !$0.isEmpty } }
        #expect(bench.waits.withLock { $0 } == [ProgressThrottle.interval])
        bench.advance(ProgressThrottle.interval)
        bench.continuation.yield()
        try await bench.until { bench.seen.count == 2 }
        #expect(bench.seen == [1, 1000])
    }

    @Test("what comes seldom is handed on at once, and nothing waits")
    func seldom() {
        let bench = Bench()
        let throttle = bench.throttle()
        for done in 1...3 {
            throttle.tell(progress(done))
            bench.advance(.milliseconds(150))
        }
        #expect(bench.seen == [1, 2, 3])
        #expect(bench.waits.withLock { $0.isEmpty })
    }

    @Test("the end is always handed on, once, and nothing after it")
    func end() async throws {
        let bench = Bench()
        let throttle = bench.throttle()
        throttle.tell(progress(1))
        throttle.tell(progress(2))
        throttle.end(progress(3))
        throttle.end(progress(4))
        throttle.tell(progress(5))
        // What waited comes too late, however late.
        bench.advance(ProgressThrottle.interval)
        throttle.flush()
        #expect(bench.seen == [1, 3])
    }

    @Test("what is being handed on while the job ends comes before its end")
    func order() async throws {
        let bench = Bench()
        let ending = Mutex<ProgressThrottle?>(nil)
        let throttle = ProgressThrottle(
            now: { bench.moment.withLock { $0 } }, wait: { _ in for await _ in bench.stream { break } },
            hand: { [progress = progress(3)] told in
                if told.done == 2 {
                    let throttle = ending.withLock { $0 }
                    // On a thread of its own, which need not wait for one of the pool's, it has the time to come first.
                    Thread.detachNewThread { throttle?.end(progress) }
                    let deadline = ContinuousClock.now + .milliseconds(200)
                    while !bench.seen.contains(3), ContinuousClock.now < deadline {}
                }
                bench.handed.withLock { $0.append(told.done) }
            })
        ending.withLock { $0 = throttle }
        throttle.tell(progress(1))
        throttle.tell(progress(2))
        bench.advance(ProgressThrottle.interval)
        throttle.flush()
        try await bench.until { bench.seen.count == 3 }
        #expect(bench.seen == [1, 2, 3])
        ending.withLock { $0 = nil }
        bench.continuation.finish()
    }
}
