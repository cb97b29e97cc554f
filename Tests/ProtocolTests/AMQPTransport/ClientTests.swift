import AMQP
import AMQPTransport
import NIOCore
import Synchronization
import Testing

@Suite("A client over loopback sockets", .timeLimit(.minutes(3)))
struct ClientTests {
    private func request(_ number: Int) -> MessageContent { MessageContent(body: .value(.long(Int64(number)))) }

    private func connecting<R: Sendable>(
        _ server: LoopbackServer, edit: (inout ConnectionConfiguration) -> Void = { _ in }, _ body: (AMQPConnection) async throws -> R
    ) async throws -> R {
        var configuration = ConnectionConfiguration(containerID: "tests")
        edit(&configuration)
        return try await AMQPConnection.withConnection(to: server.endpoint, configuration: configuration) { try await body($0) }
    }

    @Test("each request gets its own answer, two hundred at a time")
    func requests() async throws {
        try await LoopbackServer.run { server in
            try await connecting(server) { connection in
                let link = try await connection.openRequestLink(to: "$management", replyTo: "me", name: "m")
                #expect(link.isOpen)
                let answers = try await withThrowingTaskGroup(of: (Int, AMQPValue?).self) { group in
                    for number in 0..<200 {
                        group.addTask {
                            let answer = try await link.request(request(number), timeout: .seconds(20))
                            if case .value(let value) = answer.body { return (number, value) }
                            return (number, nil)
                        }
                    }
                    return try await group.reduce(into: [Int: AMQPValue?]()) { $0[$1.0] = $1.1 }
                }
                #expect(answers.count == 200)
                #expect(answers.allSatisfy { $0.value == .long(Int64($0.key)) })
                await link.close()
                #expect(!link.isOpen)
            }
        }
    }

    @Test("messages of several megabytes go through whole, both ways")
    func largeMessages() async throws {
        try await LoopbackServer.run(.init(messages: 5, size: 3_000_000)) { server in
            try await connecting(server) { connection in
                let sender = try await connection.openSender(SenderOptions(name: "s", address: "q"))
                let content = MessageContent(body: .data([ByteBuffer(repeating: 7, count: 5_000_000)])).encoded
                for outcome in try await sender.send(Array(repeating: OutboundMessage(content), count: 4)) {
                    guard case .success(.accepted) = outcome else { return #expect(Bool(false), "not accepted: \(outcome)") }
                }
                #expect(server.tally.withLock { $0.received } == Array(repeating: content.readableBytes, count: 4))
                let receiver = try await connection.openReceiver(
                    ReceiverOptions(name: "r", address: "q", settlement: .atReceiver, window: 2))
                var sizes: [Int] = []
                while sizes.count < 5 {
                    let deliveries = try await receiver.next()
                    for delivery in deliveries {
                        guard case .data(let sections) = try Message(delivery.payload).body else { return }
                        sizes.append(sections.reduce(0) { $0 + $1.readableBytes })
                    }
                    await receiver.accept(deliveries)
                }
                #expect(sizes == Array(repeating: 3_000_000, count: 5))
                await receiver.close()
            }
        }
    }

    @Test("thousands of messages arrive once each, in order", arguments: [UInt32(1), 10, 500])
    func receives(window: UInt32) async throws {
        let count = window == 1 ? 300 : 5000
        try await LoopbackServer.run(.init(messages: count)) { server in
            try await connecting(server) { connection in
                let receiver = try await connection.openReceiver(
                    ReceiverOptions(name: "r", address: "q", settlement: .atReceiver, window: window))
                var tags: [Int] = []
                while tags.count < count {
                    let deliveries = try await receiver.next()
                    tags += deliveries.compactMap { $0.tag.getInteger(at: $0.tag.readerIndex, as: Int.self) }
                    await receiver.accept(deliveries)
                }
                #expect(tags == Array((1...count).reversed()))
                await receiver.close()
            }
        }
    }

    @Test("what was settled by the sender is handed over even when the link ends right behind it")
    func settledBeforeDetach() async throws {
        try await LoopbackServer.run(.init(messages: 20, settled: true, detachesAfterwards: true)) { server in
            try await connecting(server) { connection in
                let receiver = try await connection.openReceiver(
                    ReceiverOptions(name: "r", address: "q", settlement: .atSender, window: 50))
                var received = 0
                let failure = await #expect(throws: TransportError.self) {
                    while true { received += try await receiver.next(maximum: 3).count }
                }
                #expect(received == 20)
                #expect(failure?.amqpError?.condition == .detachForced)
            }
        }
    }

    @Test("closing a receiver releases what arrived and was not taken")
    func closeReleases() async throws {
        try await LoopbackServer.run(.init(messages: 10)) { server in
            try await connecting(server) { connection in
                let receiver = try await connection.openReceiver(
                    ReceiverOptions(name: "r", address: "q", settlement: .atReceiver, window: 10))
                let first = try await receiver.next(maximum: 1)
                await receiver.accept(first)
                await receiver.close(drainTimeout: .milliseconds(200))
                #expect(try await receiver.next().isEmpty)
            }
            #expect(server.tally.withLock { $0.outcomes }.contains("released"))
        }
    }

    @Test("a confirmed settlement waits for the server's word")
    func confirmed() async throws {
        try await LoopbackServer.run(.init(messages: 2)) { server in
            try await connecting(server) { connection in
                let receiver = try await connection.openReceiver(
                    ReceiverOptions(name: "r", address: "q", settlement: .confirmed, window: 2))
                let delivery = try #require(try await receiver.next(maximum: 1).first)
                #expect(try await receiver.settleConfirmed(delivery, .accepted) == .accepted)
            }
        }
    }

    // MARK: Giving up

    @Test("cancelling a receive, a request or an attach returns at once, and the connection goes on")
    func cancellation() async throws {
        try await LoopbackServer.run(.init(answers: false)) { server in
            try await connecting(server) { connection in
                let receiver = try await connection.openReceiver(
                    ReceiverOptions(name: "r", address: "q", settlement: .atReceiver, window: 5))
                let receiving = Task { try await receiver.next() }
                receiving.cancel()
                await #expect(throws: CancellationError.self) { try await receiving.value }

                let link = try await connection.openRequestLink(to: "$management", replyTo: "me", name: "m")
                let asking = Task { try await link.request(request(1), timeout: .seconds(30)) }
                asking.cancel()
                await #expect(throws: CancellationError.self) { try await asking.value }

                #expect(connection.failure == nil)
                _ = try await connection.openSender(SenderOptions(name: "s", address: "q"))
            }
        }
        try await LoopbackServer.run(.init(accepts: nil)) { server in
            try await connecting(server) { connection in
                let attaching = Task { try await connection.openSender(SenderOptions(name: "s", address: "q")) }
                attaching.cancel()
                await #expect(throws: CancellationError.self) { _ = try await attaching.value }
                #expect(connection.failure == nil)
            }
        }
    }

    @Test("an unanswered request ends when its time is up")
    func requestTimeout() async throws {
        try await LoopbackServer.run(.init(answers: false)) { server in
            try await connecting(server) { connection in
                let link = try await connection.openRequestLink(to: "$management", replyTo: "me", name: "m")
                let failure = await #expect(throws: TransportError.self) {
                    _ = try await link.request(request(1), timeout: .milliseconds(50))
                }
                guard case .timeout? = failure else { return #expect(Bool(false), "\(String(describing: failure))") }
            }
        }
    }

    @Test("a refused link fails with the server's reason, and a pair fails as one")
    func refused() async throws {
        try await LoopbackServer.run(.init(accepts: false)) { server in
            try await connecting(server) { connection in
                let sender = await #expect(throws: TransportError.self) {
                    _ = try await connection.openSender(SenderOptions(name: "s", address: "q"))
                }
                #expect(sender?.amqpError?.condition == .notFound)
                let pair = await #expect(throws: TransportError.self) {
                    _ = try await connection.openRequestLink(to: "$management", replyTo: "me", name: "m")
                }
                #expect(pair?.amqpError?.condition == .notFound)
                #expect(connection.failure == nil)
            }
        }
    }
}
