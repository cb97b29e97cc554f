import AMQP
import AMQPTransport
import Foundation
import NIOCore
import NIOPosix

/// A server that accepts and settles every message of whoever sends, as fast as they come: the other end of the yardstick's sender.
/// Prints {"port": P} when it listens and {"received": N, "bytes": B, "seconds": S} when the last message was settled.
enum Flood {
    static func run(port: Int, count: Int) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let finished = group.next().makePromise(of: String.self)
        let left = group.next().makePromise(of: Void.self)
        let configuration = EngineConfiguration(
            side: .server, containerID: "amqp-exchange", security: .server(offers: ["ANONYMOUS"], required: false))
        let listener = try await AMQPListener.start(
            host: "127.0.0.1", port: port, on: group.next(), configuration: configuration
        ) { _ in FloodOwner(count: count, finished: finished, left: left) }
        write(to: 1, "{\"port\": \(listener.port)}\n")
        write(to: 1, try await finished.futureResult.get() + "\n")
        // The sender closes: a listener that goes before it does looks like a lost connection to it.
        try await left.futureResult.get()
        await listener.stop()
        try await group.shutdownGracefully()
    }
}

/// Accepts links, keeps them in credit, validates and settles deliveries: one disposition for each run of messages that came together.
private final class FloodOwner: ConnectionOwner {
    private static let credit: UInt32 = 1000
    private let count: Int
    private let finished: EventLoopPromise<String>
    private let left: EventLoopPromise<Void>
    private var handler: EngineHandler?
    private var received = 0
    private var bytes = 0
    private var started: NIODeadline?
    private var unsettled: (link: LinkID, first: UInt32, last: UInt32)?
    private var owed: UInt32 = 0

    init(count: Int, finished: EventLoopPromise<String>, left: EventLoopPromise<Void>) {
        self.count = count
        self.finished = finished
        self.left = left
    }

    func bind(_ handler: EngineHandler) { self.handler = handler }

    func transportFailed(_ error: any Error) {
        finished.fail(error)
        left.succeed()
    }

    func handle(_ event: Event, _ handler: EngineHandler) {
        switch event {
        case .saslInitiated: handler.engine.completeSASL(true)
        case .linkRequested(let link, let attach):
            handler.engine.accept(link, attach)
            handler.engine.setCredit(link, Self.credit)
        case .delivery(let link, let delivery): take(delivery, link)
        case .closed(let error):
            if received < count { finished.fail(Failure("the sender left after \(received) messages: \(String(describing: error))")) }
            left.succeed()
        default: break
        }
    }

    private func take(_ delivery: Delivery, _ link: LinkID) {
        if started == nil { started = .now() }
        guard let message = try? Message(delivery.payload) else {
            return finished.fail(Failure("message \(received) is not valid AMQP"))
        }
        bytes += message.buffer.readableBytes
        received += 1
        owed += 1
        if let run = unsettled, run.link == link, run.last &+ 1 == delivery.id {
            unsettled?.last = delivery.id
        } else {
            settle()
            unsettled = (link, delivery.id, delivery.id)
        }
    }

    /// Settles what came with one read, and tops the credit up, just before the bytes leave.
    func willFlush() {
        guard let link = unsettled?.link else { return }
        settle()
        if owed >= Self.credit / 4 || received >= count {
            handler?.engine.setCredit(link, Self.credit)
            owed = 0
        }
        if received >= count, let started {
            let seconds = Double((NIODeadline.now() - started).nanoseconds) / 1e9
            finished.succeed("{\"received\": \(received), \"bytes\": \(bytes), \"seconds\": \(seconds)}")
        }
    }

    private func settle() {
        guard let run = unsettled else { return }
        handler?.engine.dispose(
            run.link.session, role: .receiver, first: run.first, last: run.last, settled: true, state: .accepted)
        unsettled = nil
    }
}
