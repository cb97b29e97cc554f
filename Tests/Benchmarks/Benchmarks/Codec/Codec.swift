import AMQP
import Benchmark
import Foundation
import NIOCore

/// Nanoseconds of processor time of this thread for one operation: what the yardstick in C reports too. Wall-clock time says more
/// about what else the machine is doing.
let threadTime = BenchmarkMetric.custom("thread CPU (ns)", polarity: .prefersSmaller, useScalingFactor: false)

/// Operations in one measurement.
let batch = 2_000

/// Measures one operation on a message of 1567 bytes. It may write into a buffer that is there already, as the yardstick does.
func measure(_ name: String, _ operation: @escaping @Sendable (inout ByteBuffer) throws -> Int) {
    // Without throughput nothing is exported.
    let metrics = [threadTime, .throughput]
    Benchmark(name, configuration: .init(metrics: metrics, warmupIterations: 5, maxDuration: .seconds(3), maxIterations: 500)) {
        benchmark in
        var buffer = ByteBufferAllocator().buffer(capacity: 8192)
        let start = threadNanoseconds()
        for _ in 0..<batch {
            buffer.clear()
            blackHole(try operation(&buffer))
        }
        benchmark.measurement(threadTime, Int((threadNanoseconds() - start) / UInt64(batch)))
    }
}

let benchmarks: @Sendable () -> Void = {
    let typical = Typical.received
    guard let content = try? MessageContent(Message(typical)) else { fatalError("typical.amqp is refused") }

    measure("accept: validate, sections ready to read") { _ in try Message(typical).bodyKind == .data ? 1 : 0 }
    measure("decode and read every field") { _ in Int(truncatingIfNeeded: try Typical.readAll(typical)) }
    measure("decode into values that can be kept") { _ in try MessageContent(Message(typical)).applicationProperties.pairs.count }
    measure("encode (prebuilt)") {
        content.encode(into: &$0)
        return $0.readableBytes
    }
    measure("build and encode") {
        Typical.built().encode(into: &$0)
        return $0.readableBytes
    }
    measure("write section by section") {
        Typical.stream(into: &$0)
        return $0.readableBytes
    }
}

/// The processor time this thread has used.
func threadNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
