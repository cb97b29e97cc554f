import AMQP
import Benchmark
import Foundation
import NIOCore

/// Nanoseconds of processor time of this thread for one operation: what the yardstick in C reports too. Wall-clock time says more
/// about what else the machine is doing.
let threadTime = BenchmarkMetric.custom("thread CPU (ns)", polarity: .prefersSmaller, useScalingFactor: false)

/// Operations in one measurement.
let batch = 2_000

/// Measures one operation on a message of 1567 bytes.
func measure(_ name: String, _ operation: @escaping @Sendable () -> Int) {
    Benchmark(
        name, configuration: .init(metrics: [.throughput, threadTime], warmupIterations: 5, maxDuration: .seconds(3), maxIterations: 500)
    ) {
        benchmark in
        let start = threadNanoseconds()
        for _ in 0..<batch { blackHole(operation()) }
        benchmark.measurement(threadTime, Int((threadNanoseconds() - start) / UInt64(batch)))
    }
}

let benchmarks: @Sendable () -> Void = {
    let typical = Typical.received

    measure("accept: validate, sections ready to read") {
        guard let message = try? Message(typical) else { fatalError("typical.amqp is refused") }
        return message.bareBytes.readableBytes
    }

    measure("decode and read every field") {
        guard let message = try? Message(typical) else { fatalError("typical.amqp is refused") }
        return Typical.readAll(message)
    }

    guard let message = try? Message(typical), let content = try? MessageContent(message) else { fatalError("typical.amqp is refused") }

    measure("encode (prebuilt)") {
        var buffer = ByteBufferAllocator().buffer(capacity: 2048)
        content.encode(into: &buffer)
        return buffer.readableBytes
    }

    let body = ByteBuffer(bytes: (0..<1024).map { UInt8(97 + $0 % 26) })
    measure("build and encode") {
        var buffer = ByteBufferAllocator().buffer(capacity: 2048)
        Typical.built(body).encode(into: &buffer)
        return buffer.readableBytes
    }
}

/// The processor time this thread has used.
func threadNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
