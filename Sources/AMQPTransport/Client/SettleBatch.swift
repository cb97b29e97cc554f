import AMQP

/// Outcomes proposed in one call, and who waits for the sender's answers. Lives on the event loop.
final class SettleBatch {
    /// The deliveries' numbers in their session.
    let numbers: [UInt32]
    private var answers: [Result<DeliveryState?, any Error>?]
    private var missing: Int
    private var waiter: CheckedContinuation<[Result<DeliveryState?, any Error>], Never>?

    init(_ numbers: [UInt32]) {
        self.numbers = numbers
        answers = Array(repeating: nil, count: numbers.count)
        missing = numbers.count
    }

    func wait(_ waiter: CheckedContinuation<[Result<DeliveryState?, any Error>], Never>) {
        self.waiter = waiter
        if missing == 0 { complete() }
    }

    func finish(_ position: Int, _ answer: Result<DeliveryState?, any Error>) {
        guard answers.indices.contains(position), answers[position] == nil else { return }
        answers[position] = answer
        missing -= 1
        if missing == 0 { complete() }
    }

    /// Ends what has no answer yet.
    func finishAll(_ error: any Error) {
        for position in answers.indices { finish(position, .failure(error)) }
    }

    private func complete() {
        waiter?.resume(returning: answers.map { $0 ?? .failure(TransportError.closed) })
        waiter = nil
    }
}
