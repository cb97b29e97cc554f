internal import Identity

/// Looks for one message among those that stand before it, and gives these back.
struct ExactSearch {
    /// A message that was passed over. Its bytes are not kept.
    private struct PassedOver {
        var message: MessageHandle
        var renewAt: WallTime
    }

    private static let firstChunk = 50
    private static let largestChunk = 500

    private let target: PeekedMessage
    private let receiver: MessageReceiver
    private let namespace: Namespace
    private let limits: ExactLimits
    private let session: MessageSession?
    private var passed: [PassedOver] = []
    private var sessionRenewal: WallTime?

    init(
        _ target: PeekedMessage, _ receiver: MessageReceiver, _ namespace: Namespace, _ limits: ExactLimits, session: MessageSession? = nil
    ) {
        self.target = target
        self.receiver = receiver
        self.namespace = namespace
        self.limits = limits
        self.session = session
        if let until = session?.lockedUntil { sessionRenewal = renewal(until) }
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
        let report = await giveBack()
        guard let failure else { return report }
        guard var explained = failure as? ServiceBusError, report.stillLocked > 0 else { throw failure }
        explained.message +=
            " \(report.stillLocked) messages that stand before it stay locked until their locks run out; the service counts that as a failed delivery."
        throw explained
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
            try await renewLocks()
            let room = limits.heldAtOnce - passed.count
            guard room > 0 else {
                throw ServiceBusError(
                    .invalidRequest, "More than \(limits.heldAtOnce) messages stand before message \(number).", entity: path)
            }
            let messages = try await receiver.receive(max: min(chunk, room), wait: limits.wait)
            if messages.isEmpty { throw notFound("somebody else holds it, or it is gone") }
            var found: ReceivedMessage?
            for message in messages {
                if message.sequenceNumber == number { found = message } else { pass(message) }
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
            pass(first)
            guard !isBehind(first) else { throw notFound("somebody else holds it, or it is gone") }
            return nil
        }
        let before = first.deliveryCount
        try await receiver.release(first)
        let seen = try await namespace.peek(path, from: first.sequenceNumber, count: 1, headersOnly: true).first
        guard let seen, seen.sequenceNumber == first.sequenceNumber, seen.deliveryCount > before else { return nil }
        throw ServiceBusError(
            .releaseRaisesCount,
            "This service counts a released message as a failed delivery: the delivery count of message \(first.sequenceNumber) went from \(before) to \(seen.deliveryCount) when it was given back. Nothing else was touched. Reaching message \(number) would raise the count of every message before it.",
            entity: path)
    }

    private func notFound(_ reason: String) -> ServiceBusError {
        ServiceBusError(.messageNotFound, "Message \(number) cannot be had: \(reason).", entity: path)
    }

    // MARK: Holding

    private mutating func pass(_ message: ReceivedMessage) {
        passed.append(
            PassedOver(
                message: message.handle,
                renewAt: message.lock?.until.map { renewal($0) } ?? WallTime(secondsSince1970: .max)))
    }

    /// Locks are renewed when half of what they have left now is over.
    private func renewal(_ until: Timestamp) -> WallTime {
        let now = namespace.clock.now
        return now.advanced(by: .seconds((until.milliseconds / 1000 - now.secondsSince1970) / 2))
    }

    private mutating func renewLocks() async throws {
        let now = namespace.clock.now
        if let session {
            guard let due = sessionRenewal, due <= now else { return }
            sessionRenewal = renewal(try await session.renewLock())
            return
        }
        let due = passed.indices.filter { passed[$0].renewAt <= now }
        for start in stride(from: 0, to: due.count, by: 100) {
            let indices = due[start..<min(start + 100, due.count)]
            let times = try await receiver.renewLocks(of: indices.map { passed[$0].message })
            for (index, time) in zip(indices, times) { passed[index].renewAt = renewal(time) }
        }
    }

    /// Releases what was passed over, in order, whether or not our task was cancelled.
    private func giveBack() async -> ExactReport {
        let messages = passed.map(\.message).sorted { $0.sequenceNumber < $1.sequenceNumber }
        let receiver = receiver
        let results = await Task { await receiver.settle(messages, .release) }.value
        let lost = results.count(where: { if case .failure = $0 { true } else { false } })
        return ExactReport(passedOver: messages.count, stillLocked: lost)
    }
}
