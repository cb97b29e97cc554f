/// Looks for one message among those that stand before it, and gives these back.
struct ExactSearch {
    private static let firstChunk = 50
    private static let largestChunk = 500

    private let target: PeekedMessage
    private let receiver: MessageReceiver
    private let namespace: Namespace
    private let limits: ExactLimits
    private var passed: PassedOver

    init(
        _ target: PeekedMessage, _ receiver: MessageReceiver, _ namespace: Namespace, _ limits: ExactLimits, session: MessageSession? = nil
    ) {
        self.target = target
        self.receiver = receiver
        self.namespace = namespace
        self.limits = limits
        passed = PassedOver(receiver, session: session, clock: namespace.clock)
    }

    private var path: EntityPath { receiver.path }
    private var number: SequenceNumber { target.sequenceNumber }

    /// Finds the message and acts on it; whatever happens, gives back what was passed over.
    mutating func run(_ act: (MessageReceiver, ReceivedMessage) async throws -> Void) async throws -> ExactReport {
        var failure: (any Error)?
        do {
            let message = try await find()
            try await act(receiver, message)
        } catch {
            failure = error
        }
        let report = await passed.giveBack()
        guard let failure else { return report }
        guard var explained = failure as? ServiceBusError, report.stillLocked > 0 else { throw failure }
        explained.message +=
            " \(report.stillLocked) messages that stand before it stay locked until their locks run out; the service counts that as a failed delivery."
        throw explained
    }

    /// Finds the message, gives back what was passed over, and lends the message.
    mutating func lend<R>(_ body: (MessageReceiver, ReceivedMessage) async throws -> R) async throws -> R {
        let message: ReceivedMessage
        do { message = try await find() } catch {
            _ = await passed.giveBack()
            throw error
        }
        _ = await passed.giveBack()
        return try await body(receiver, message)
    }

    // MARK: Finding

    private mutating func find() async throws -> ReceivedMessage {
        if target.state == .deferred {
            guard let message = try await receiver.receiveDeferred([number]).first else { throw notFound("it is no longer deferred") }
            return message
        }
        if let message = try await tryRelease() { return message }
        var chunk = Self.firstChunk
        while true {
            try await passed.renewLocks()
            let room = limits.heldAtOnce - passed.count
            guard room > 0 else {
                throw ServiceBusError(
                    .invalidRequest, "More than \(limits.heldAtOnce) messages stand before message \(number).", entity: path)
            }
            let messages = try await receiver.receive(max: min(chunk, room), wait: limits.wait)
            if messages.isEmpty { throw notFound("somebody else holds it, or it is gone") }
            var found: ReceivedMessage?
            for message in messages {
                if message.sequenceNumber == number { found = message } else { passed.hold(message) }
            }
            if let found { return found }
            guard !messages.contains(where: { isBehind($0) }) else { throw notFound("somebody else holds it, or it is gone") }
            chunk = min(chunk * 2, Self.largestChunk)
        }
    }

    /// Whether a message stands behind the one that is looked for, so that going on is of no use. Partitions, which the top 16 bits name,
    /// come in no order.
    private func isBehind(_ message: ReceivedMessage) -> Bool {
        message.sequenceNumber > number && message.sequenceNumber.rawValue >> 48 == number.rawValue >> 48
    }

    /// Receives the first message, releases it, and looks whether the service has counted that.
    /// - Returns: the message, if it is the one that is looked for.
    private mutating func tryRelease() async throws -> ReceivedMessage? {
        guard let first = try await receiver.receive(max: 1, wait: limits.wait).first else {
            throw notFound("somebody else holds it, or it is gone")
        }
        if first.sequenceNumber == number { return first }
        if limits.acceptsRaisedCounts || isBehind(first) {
            passed.hold(first)
            guard !isBehind(first) else { throw notFound("somebody else holds it, or it is gone") }
            return nil
        }
        try await namespace.tryRelease(
            first, by: receiver, consequence: "Reaching message \(number) would raise the count of every message before it.")
        return nil
    }

    private func notFound(_ reason: String) -> ServiceBusError {
        ServiceBusError(.messageNotFound, "Message \(number) cannot be had: \(reason).", entity: path)
    }
}
