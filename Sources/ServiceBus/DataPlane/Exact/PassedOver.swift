internal import Identity

/// Messages that were received on the way to others: held locked, so that they are not met again, and given back in the end, in order and
/// untouched. Their bytes are not kept. Beside them the locks of those that are meant are kept, until they are acted on.
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
    /// Those that are meant and were not acted on yet, in order.
    private var waiting: [Entry] = []
    private var sessionRenewal: WallTime?
    /// How long a lock lasts by what is known of the entity.
    private let usual: Duration?
    /// How long a lock lasts, as far as it is known: as is usual, or less, as the last one said.
    private(set) var lockDuration: Duration?

    /// - Parameter lockDuration: how long a lock of the entity lasts; nil where that is not known.
    init(_ receiver: MessageReceiver, session: MessageSession?, clock: WallClock, lockDuration: Duration? = nil) {
        self.receiver = receiver
        self.session = session
        self.clock = clock
        usual = lockDuration
        self.lockDuration = lockDuration
        if let until = session?.lockedUntil { sessionRenewal = renewal(until) }
    }

    /// How many are passed over.
    var count: Int { entries.count }

    /// Holds a message that is passed over.
    mutating func hold(_ message: ReceivedMessage) { entries.append(entry(message)) }

    /// Keeps the locks of messages that are meant, until they are handed on.
    mutating func keep(_ messages: [ReceivedMessage]) { waiting = messages.map { entry($0) } }

    /// The first so many of those that are meant are acted on now: what settles them ends their locks.
    mutating func handOn(_ count: Int) { waiting.removeFirst(min(count, waiting.count)) }

    private mutating func entry(_ message: ReceivedMessage) -> Entry {
        Entry(message: message.handle, renewAt: message.lock?.until.map { renewal($0) } ?? WallTime(secondsSince1970: .max))
    }

    /// Locks are renewed when half of what they have left now is over, and where our clock is behind the service's, when half of what they
    /// last is.
    private mutating func renewal(_ until: Timestamp) -> WallTime {
        let now = clock.now
        let left = max(0, until.milliseconds / 1000 - now.secondsSince1970)
        let lasting = min(usual ?? .seconds(left), .seconds(left))
        // By a clock that is ahead of the service's they are over already: it says nothing of how long they last.
        if lasting > .zero { lockDuration = lasting }
        return now.advanced(by: .seconds(lasting.components.seconds / 2))
    }

    /// When locks are due, from now; nil when there are none to renew.
    var untilRenewal: Duration? {
        let never = WallTime(secondsSince1970: .max)
        var first = sessionRenewal ?? never
        if session == nil { for list in [waiting, entries] { for entry in list { first = min(first, entry.renewAt) } } }
        guard first < never else { return nil }
        // Whole seconds are all the clock knows. Locks that are always due are not asked for without a pause.
        return .seconds(max(1, first.secondsSince1970 - clock.now.secondsSince1970))
    }

    /// Renews the locks that are due; in a session, the session's.
    mutating func renewLocks() async throws {
        let now = clock.now
        if let session {
            guard let due = sessionRenewal, due <= now else { return }
            sessionRenewal = renewal(try await session.renewLock())
            return
        }
        for list in [\Self.waiting, \Self.entries] { try await renewLocks(of: list, at: now) }
    }

    private static func due(_ entries: [Entry], at now: WallTime) -> [Int] { entries.indices.filter { entries[$0].renewAt <= now } }

    private mutating func renewLocks(of list: WritableKeyPath<Self, [Entry]>, at now: WallTime) async throws {
        let due = Self.due(self[keyPath: list], at: now)
        guard !due.isEmpty else { return }
        let receiver = receiver
        // Side by side: of tens of thousands the first would run out before the last is asked for.
        try await withThrowingTaskGroup(of: (ArraySlice<Int>, [Timestamp]).self) { group in
            var starts = stride(from: 0, to: due.count, by: Self.renewedAtOnce).makeIterator()
            var underWay = 0
            while true {
                while underWay < Self.sideBySide, let start = starts.next() {
                    let indices = due[start..<min(start + Self.renewedAtOnce, due.count)]
                    let messages = indices.map { self[keyPath: list][$0].message }
                    group.addTask { (indices, try await receiver.renewLocks(of: messages)) }
                    underWay += 1
                }
                guard let (indices, times) = try await group.next() else { return }
                underWay -= 1
                for (index, time) in zip(indices, times) { self[keyPath: list][index].renewAt = renewal(time) }
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
