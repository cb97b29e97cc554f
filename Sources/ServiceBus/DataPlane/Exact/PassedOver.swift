internal import Identity

/// Messages that were received on the way to others: held locked, so that they are not met again, and given back in the end, in order and
/// untouched. Their bytes are not kept.
struct PassedOver {
    private struct Entry {
        var message: MessageHandle
        var renewAt: WallTime
    }

    private static let renewedAtOnce = 100
    private static let sideBySide = 8

    private let receiver: MessageReceiver
    private let session: MessageSession?
    private let clock: WallClock
    private var entries: [Entry] = []
    private var sessionRenewal: WallTime?

    init(_ receiver: MessageReceiver, session: MessageSession?, clock: WallClock) {
        self.receiver = receiver
        self.session = session
        self.clock = clock
        if let until = session?.lockedUntil { sessionRenewal = renewal(until) }
    }

    /// How many are held.
    var count: Int { entries.count }

    /// Holds a message.
    mutating func hold(_ message: ReceivedMessage) {
        entries.append(
            Entry(
                message: message.handle,
                renewAt: message.lock?.until.map { renewal($0) } ?? WallTime(secondsSince1970: .max)))
    }

    /// Locks are renewed when half of what they have left now is over.
    private func renewal(_ until: Timestamp) -> WallTime {
        let now = clock.now
        return now.advanced(by: .seconds((until.milliseconds / 1000 - now.secondsSince1970) / 2))
    }

    /// Renews the locks that are due; in a session, the session's.
    mutating func renewLocks() async throws {
        let now = clock.now
        if let session {
            guard let due = sessionRenewal, due <= now else { return }
            sessionRenewal = renewal(try await session.renewLock())
            return
        }
        let due = entries.indices.filter { entries[$0].renewAt <= now }
        guard !due.isEmpty else { return }
        let receiver = receiver
        // Side by side: of tens of thousands the first would run out before the last is asked for.
        try await withThrowingTaskGroup(of: (ArraySlice<Int>, [Timestamp]).self) { group in
            var starts = stride(from: 0, to: due.count, by: Self.renewedAtOnce).makeIterator()
            var underWay = 0
            while true {
                while underWay < Self.sideBySide, let start = starts.next() {
                    let indices = due[start..<min(start + Self.renewedAtOnce, due.count)]
                    let messages = indices.map { entries[$0].message }
                    group.addTask { (indices, try await receiver.renewLocks(of: messages)) }
                    underWay += 1
                }
                guard let (indices, times) = try await group.next() else { return }
                underWay -= 1
                for (index, time) in zip(indices, times) { entries[index].renewAt = renewal(time) }
            }
        }
    }

    /// Releases all, in order, whether or not our task was cancelled.
    func giveBack() async -> ExactReport {
        let messages = entries.map(\.message).sorted { $0.sequenceNumber < $1.sequenceNumber }
        guard !messages.isEmpty else { return ExactReport() }
        let receiver = receiver
        let results = await Task { await receiver.settle(messages, .release) }.value
        let lost = results.count(where: { if case .failure = $0 { true } else { false } })
        return ExactReport(passedOver: messages.count, stillLocked: lost)
    }
}

extension Namespace {
    /// Gives a message back and looks whether the service has counted that.
    /// - Throws: ``ServiceBusError`` with ``ServiceBusError/Code/releaseRaisesCount`` when it has.
    nonisolated func tryRelease(
        _ message: ReceivedMessage, by receiver: MessageReceiver, consequence: String
    ) async throws {
        let (path, number, before) = (receiver.path, message.sequenceNumber, message.deliveryCount)
        try await receiver.release(message)
        let seen = try await peek(path, from: number, count: 1, headersOnly: true).first
        guard let seen, seen.sequenceNumber == number, seen.deliveryCount > before else { return }
        throw ServiceBusError(
            .releaseRaisesCount,
            "This service counts a released message as a failed delivery: the delivery count of message \(number) went from \(before) to \(seen.deliveryCount) when it was given back. Nothing else was touched. \(consequence)",
            entity: path)
    }
}
