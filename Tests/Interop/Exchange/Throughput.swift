import AMQP
import AMQPTransport
import Foundation
import NIOCore

/// Sends and takes copies of one message as fast as a server lets us: our side of the throughput benchmark against any AMQP 1.0 server.
/// Time runs from the open link, or the first message, to the last outcome.
enum Throughput {
    /// Calls under way at once, and messages in each: more than a server gives credit for, so that what it gives is used at once.
    private static let calls = 8
    private static let batch = 250

    /// Prints {"sent": N, "seconds": S}.
    static func send(_ options: Options, on connection: AMQPConnection) async throws {
        let message = OutboundMessage(ByteBuffer(bytes: try Data(contentsOf: URL(fileURLWithPath: options.file))))
        let sender = try await connection.openSender(SenderOptions(name: "throughput", address: options.address))
        let started = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            var left = options.count
            func addCall() {
                let count = min(batch, left)
                left -= count
                guard count > 0 else { return }
                group.addTask {
                    for outcome in try await sender.send(Array(repeating: message, count: count)) {
                        guard case .accepted = try outcome.get() else { throw Failure("a message was not accepted: \(outcome)") }
                    }
                }
            }
            for _ in 0..<calls { addCall() }
            while try await group.next() != nil { addCall() }
        }
        report("sent", options.count, started.duration(to: .now))
        await sender.close()
    }

    /// Prints {"received": N, "seconds": S}.
    static func receive(_ options: Options, on connection: AMQPConnection) async throws {
        let receiver = try await connection.openReceiver(
            ReceiverOptions(
                name: "throughput", address: options.address, settlement: options.isConfirmed ? .confirmed : .atReceiver, window: 1000))
        var received = 0
        var started: ContinuousClock.Instant?
        while received < options.count {
            let deliveries = try await receiver.next()
            if started == nil { started = .now }
            if deliveries.isEmpty { throw Failure("the link ended after \(received) messages") }
            if options.isConfirmed {
                for outcome in await receiver.settleConfirmed(deliveries, .accepted) { _ = try outcome.get() }
            } else {
                await receiver.accept(deliveries)
            }
            received += deliveries.count
        }
        // What the server has to say to the last settlement counts too.
        await receiver.close()
        report("received", received, (started ?? .now).duration(to: .now))
    }

    private static func report(_ what: String, _ count: Int, _ duration: Duration) {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        write(to: 1, "{\"\(what)\": \(count), \"seconds\": \(seconds)}\n")
    }
}
