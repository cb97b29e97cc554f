import AMQP
import AMQPTransport
import Foundation
import NIOCore
import NIOPosix

/// Our client's side of the exchange tests: sends to, or receives from, any AMQP 1.0 server. Tests/Interop/exchange.py says what the
/// messages are and what is printed.
///
///     amqp-exchange send|receive HOST PORT ADDRESS COUNT [--user U --password P]
///     amqp-exchange listen PORT COUNT        a server that accepts whatever one sender sends, for the throughput benchmark
///     amqp-exchange transact HOST PORT ADDRESS COUNT         moves messages from ADDRESS to the node "to" in a transaction
///     amqp-exchange pour HOST PORT ADDRESS COUNT --file MESSAGE      sends copies of one message as fast as it goes
///     amqp-exchange take HOST PORT ADDRESS COUNT [--confirmed]       receives and accepts as fast as it goes
///     amqp-exchange play NAME CONNECTION-STRING ENTITY        what ServiceBusPlay says, against a Service Bus
@main
enum AMQPExchange {
    static func main() async throws {
        do {
            if CommandLine.arguments.dropFirst().first == "play" {
                return try await ServiceBusPlay.run(Array(CommandLine.arguments.dropFirst(2)))
            }
            let options = try Options(CommandLine.arguments.dropFirst())
            switch options.mode {
            case .send: try await send(options)
            case .receive: try await receive(options)
            case .transact: try await withConnection(options) { try await Transactions.run(options, on: $0) }
            case .pour: try await withConnection(options) { try await Throughput.send(options, on: $0) }
            case .take: try await withConnection(options) { try await Throughput.receive(options, on: $0) }
            case .listen: try await Flood.run(port: options.port, count: options.count)
            }
        } catch {
            write(to: 2, "amqp-exchange: \(error)\n")
            exit(1)
        }
    }

    private static func withConnection(_ options: Options, _ body: (AMQPConnection) async throws -> Void) async throws {
        var configuration = ConnectionConfiguration(containerID: "amqp-exchange")
        if let user = options.user { configuration.mechanisms = [.plain(user: user, password: options.password)] }
        let endpoint = Endpoint(host: options.host, port: options.port, security: .plain)
        try await AMQPConnection.withConnection(to: endpoint, configuration: configuration) { try await body($0) }
    }

    private static func send(_ options: Options) async throws {
        try await withConnection(options) { connection in
            let sender = try await connection.openSender(SenderOptions(name: "exchange-sender", address: options.address))
            var next = 0
            while next < options.count {
                let end = min(next + 500, options.count)
                let outcomes = try await sender.send((next..<end).map { OutboundMessage(ExchangeMessage.content($0).encoded) })
                for (number, outcome) in zip(next..<end, outcomes) {
                    guard case .accepted = try outcome.get() else {
                        throw Failure("message \(number) was not accepted: \(outcome)")
                    }
                }
                next = end
            }
            await sender.close()
        }
        write(to: 1, "{\"accepted\": \(options.count)}\n")
    }

    private static func receive(_ options: Options) async throws {
        try await withConnection(options) { connection in
            let receiver = try await connection.openReceiver(
                ReceiverOptions(name: "exchange-receiver", address: options.address, settlement: .atReceiver, window: 500))
            var received = 0
            while received < options.count {
                let deliveries = try await withDeadline(.seconds(30), "after \(received) messages") { try await receiver.next() }
                if deliveries.isEmpty { throw Failure("the link ended after \(received) messages") }
                write(to: 1, deliveries.map { ExchangeMessage.line($0.payload) + "\n" }.joined())
                await receiver.accept(deliveries)
                received += deliveries.count
            }
            await receiver.close()
        }
    }

    /// Runs a wait that must not last longer than it may.
    private static func withDeadline<T: Sendable>(
        _ duration: Duration, _ what: String, _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        try await withThrowingTaskGroup(of: T.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: duration)
                throw Failure("nothing came for \(duration) \(what)")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw Failure("nothing ran") }
            return first
        }
    }
}
