import AMQP
import AMQPTransport
import NIOCore

/// Moves messages from one node to another in a transaction, begins a second one that is rolled back, and ends one that nobody began:
/// with any server that is a coordinator (AMQP 1.0, part 4).
///
/// Prints {"moved": N, "rolledBack": 1, "refused": CONDITION}.
enum Transactions {
    static func run(_ options: Options, on connection: AMQPConnection) async throws {
        var control = SenderOptions(name: "coordinator", address: "")
        control.target = .coordinator(capabilities: ["amqp:local-transactions"])
        let coordinator = try await connection.openSender(control)
        let sender = try await connection.openSender(SenderOptions(name: "to", address: "to"))
        let receiver = try await connection.openReceiver(
            ReceiverOptions(name: "from", address: options.address, settlement: .confirmed, window: UInt32(clamping: options.count)))

        let first = try await declare(coordinator)
        var moved = 0
        while moved < options.count {
            for delivery in try await receiver.next() {
                let inside = DeliveryState.transactional(transactionID: first, outcome: .accepted)
                try await send(delivery.payload, sender, in: first)
                guard try await receiver.settleConfirmed(delivery, inside) == inside else {
                    throw Failure("a settlement left its transaction")
                }
                moved += 1
            }
        }
        guard try await discharge(first, fail: false, coordinator) == .accepted else { throw Failure("not committed") }

        let second = try await declare(coordinator)
        try await send(MessageContent(body: .value(.string("rolled back"))).encoded, sender, in: second)
        guard try await discharge(second, fail: true, coordinator) == .accepted else { throw Failure("not rolled back") }

        let outcome = try await discharge(ByteBuffer(string: "nobody's"), fail: false, coordinator)
        guard case .rejected(let error?) = outcome else { throw Failure("an unknown transaction ended with \(outcome)") }
        write(to: 1, "{\"moved\": \(moved), \"rolledBack\": 1, \"refused\": \"\(error.condition.name)\"}\n")
        await receiver.close()
        await sender.close()
        await coordinator.close()
    }

    private static func declare(_ coordinator: AMQPSender) async throws -> ByteBuffer {
        let request = MessageContent(body: TransactionRequest.declare(Declare()).body)
        let outcome = try await coordinator.send(OutboundMessage(request.encoded))
        guard case .declared(let transaction) = outcome else { throw Failure("declare was answered with \(outcome)") }
        return transaction
    }

    private static func discharge(_ transaction: ByteBuffer, fail: Bool, _ coordinator: AMQPSender) async throws -> DeliveryState {
        let request = TransactionRequest.discharge(Discharge(transactionID: transaction, fail: fail))
        return try await coordinator.send(OutboundMessage(MessageContent(body: request.body).encoded))
    }

    private static func send(_ bytes: ByteBuffer, _ sender: AMQPSender, in transaction: ByteBuffer) async throws {
        let outcome = try await sender.send(OutboundMessage(bytes, state: .transactional(transactionID: transaction, outcome: nil)))
        guard outcome == .transactional(transactionID: transaction, outcome: .accepted) else {
            throw Failure("a message in a transaction ended with \(outcome)")
        }
    }
}
