import AMQP

@testable import Sandbox

/// What a queue should do, written as plainly as possible: arrays, searches, no indexes. Slow and obviously right.
struct QueueModel {
    enum State: Equatable {
        case ready
        case locked(UUIDBytes, until: Int64, wasDeferred: Bool)
        case deferred
        case scheduled(Int64)
    }

    struct Entry {
        var number: Int64
        let body: String
        let session: String?
        let ttl: Int64?
        var expiresAt = Int64.max
        var state = State.ready
        var failures = 0
        var reason: String?
        /// Settled in a transaction that has not ended.
        var isEnlisted = false

        var token: UUIDBytes? { if case .locked(let token, _, _) = state { token } else { nil } }
    }

    struct Lease: Equatable {
        var token: UUIDBytes
        var until: Int64
    }

    /// What was asked for in a transaction.
    struct Transaction {
        enum Operation {
            case send(String, session: String?, ttl: Int64?, scheduledAt: Int64?)
            case settle(UUIDBytes, Settlement)
        }
        var until: Int64
        var operations: [Operation] = []
        /// Whether something in it failed.
        var isSpoiled = false
    }

    static let transactionTimeout: Int64 = 120_000

    let lockDuration: Int64
    let maxDeliveryCount: Int
    let requiresSession: Bool
    var now: Int64
    var active: [Entry] = []
    var dead: [Entry] = []
    var leases: [String: Lease] = [:]
    var transactions: [TransactionID: Transaction] = [:]
    private var lastNumber: Int64 = 0

    init(lockDuration: Int64, maxDeliveryCount: Int, requiresSession: Bool, now: Int64) {
        self.lockDuration = lockDuration
        self.maxDeliveryCount = maxDeliveryCount
        self.requiresSession = requiresSession
        self.now = now
    }

    // MARK: What is seen

    /// Everything by number, as peeking shows it.
    static func view(_ entries: [Entry]) -> [String] {
        entries.sorted { $0.number < $1.number }.map { entry in
            let state =
                switch entry.state {
                case .ready, .locked(_, _, false): 0
                case .deferred, .locked(_, _, true): 1
                case .scheduled: 2
                }
            return "\(entry.number) \(entry.body) \(state) \(entry.failures)"
        }
    }

    var counts: EntitySnapshot.Counts {
        let scheduled = active.filter { if case .scheduled = $0.state { true } else { false } }.count
        return .init(active: active.count - scheduled, deadLetter: dead.count, scheduled: scheduled)
    }

    func ready(in session: String? = nil) -> [Entry] {
        active.filter { $0.state == .ready && $0.session == session }.sorted { $0.number < $1.number }
    }

    /// The session that is next: not held, with the oldest message that is ready.
    var nextSession: String? {
        active.filter { $0.state == .ready && leases[$0.session ?? ""] == nil }.min { $0.number < $1.number }?.session
    }

    // MARK: What is done

    mutating func send(_ body: String, session: String?, ttl: Int64?, scheduledAt: Int64?) -> Int64 {
        lastNumber += 1
        var entry = Entry(number: lastNumber, body: body, session: session, ttl: ttl)
        if let scheduledAt, scheduledAt > now {
            entry.state = .scheduled(scheduledAt)
            active.append(entry)
        } else {
            arrive(&entry)
        }
        return lastNumber
    }

    private mutating func arrive(_ entry: inout Entry) {
        entry.state = .ready
        entry.expiresAt = entry.ttl.map { now + $0 } ?? .max
        if entry.expiresAt <= now { return bury(entry, "TTLExpiredException") }
        active.append(entry)
    }

    private mutating func bury(_ entry: Entry, _ reason: String) {
        var entry = entry
        entry.state = .ready
        entry.reason = reason
        dead.append(entry)
    }

    mutating func lock(_ number: Int64, _ token: UUIDBytes, deferred: Bool) {
        guard let index = active.firstIndex(where: { $0.number == number }) else { return }
        let until = active[index].session.flatMap { leases[$0]?.until } ?? now + lockDuration
        active[index].state = .locked(token, until: until, wasDeferred: deferred)
    }

    /// Whether a token names a lock that may be settled now.
    func holds(_ token: UUIDBytes) -> Bool { active.contains { $0.token == token && !$0.isEnlisted } }

    mutating func settle(_ token: UUIDBytes, _ settlement: Settlement) {
        guard let index = active.firstIndex(where: { $0.token == token && !$0.isEnlisted }) else { return }
        switch settlement {
        case .complete: active.remove(at: index)
        case .release: giveBack(active[index].number, hasFailed: false)
        case .abandon:
            active[index].failures += 1
            giveBack(active[index].number, hasFailed: true)
        case .defer:
            active[index].failures += 1
            active[index].state = .deferred
        case .deadLetter(let reason, _, _): bury(active.remove(at: index), reason ?? "")
        }
    }

    // MARK: Transactions

    mutating func settle(_ token: UUIDBytes, _ settlement: Settlement, in id: TransactionID) {
        guard let index = active.firstIndex(where: { $0.token == token && !$0.isEnlisted }) else {
            transactions[id]?.isSpoiled = true
            return
        }
        active[index].isEnlisted = true
        transactions[id]?.operations.append(.settle(token, settlement))
    }

    /// Whether everything can still be done; then it is.
    mutating func commit(_ id: TransactionID) -> Bool {
        guard let transaction = transactions[id] else { return false }
        let isPossible = transaction.operations.allSatisfy { operation in
            guard case .settle(let token, _) = operation else { return true }
            return active.contains { $0.token == token }
        }
        rollBack(id)
        guard isPossible, !transaction.isSpoiled else { return false }
        for operation in transaction.operations {
            switch operation {
            case .send(let body, let session, let ttl, let scheduledAt):
                _ = send(body, session: session, ttl: ttl, scheduledAt: scheduledAt)
            case .settle(let token, let settlement): settle(token, settlement)
            }
        }
        return true
    }

    mutating func rollBack(_ id: TransactionID) {
        for case .settle(let token, _) in transactions.removeValue(forKey: id)?.operations ?? [] {
            if let index = active.firstIndex(where: { $0.token == token }) { active[index].isEnlisted = false }
        }
    }

    private mutating func giveBack(_ number: Int64, hasFailed: Bool) {
        guard let index = active.firstIndex(where: { $0.number == number }), case .locked(_, _, let wasDeferred) = active[index].state
        else { return }
        active[index].isEnlisted = false
        if hasFailed, active[index].failures >= maxDeliveryCount { return bury(active.remove(at: index), "MaxDeliveryCountExceeded") }
        if wasDeferred {
            active[index].state = .deferred
        } else if active[index].expiresAt <= now {
            bury(active.remove(at: index), "TTLExpiredException")
        } else {
            active[index].state = .ready
        }
    }

    mutating func expireDeferred(_ number: Int64) {
        guard let index = active.firstIndex(where: { $0.number == number && $0.state == .deferred && $0.expiresAt <= now }) else { return }
        bury(active.remove(at: index), "TTLExpiredException")
    }

    mutating func renew(_ token: UUIDBytes) {
        guard let index = active.firstIndex(where: { $0.token == token }), case .locked(_, _, let wasDeferred) = active[index].state
        else { return }
        active[index].state = .locked(token, until: now + lockDuration, wasDeferred: wasDeferred)
    }

    mutating func renewSession(_ id: String) {
        leases[id]?.until = now + lockDuration
        for index in active.indices where active[index].session == id {
            if case .locked(let token, _, let wasDeferred) = active[index].state {
                active[index].state = .locked(token, until: now + lockDuration, wasDeferred: wasDeferred)
            }
        }
    }

    mutating func endSession(_ id: String, isFailure: Bool) {
        leases[id] = nil
        for entry in active where entry.session == id && entry.token != nil {
            guard let index = active.firstIndex(where: { $0.number == entry.number }) else { continue }
            if isFailure { active[index].failures += 1 }
            giveBack(entry.number, hasFailed: isFailure)
        }
    }

    /// Lets happen, one by one and the earliest first, what is due.
    mutating func pass(to time: Int64) {
        now = time
        while let (due, act) = nextEvent(), due <= now { act(&self) }
    }

    private func nextEvent() -> (Int64, (inout QueueModel) -> Void)? {
        var events: [(time: Int64, order: Int64, act: (inout QueueModel) -> Void)] = []
        for entry in active {
            switch entry.state {
            case .scheduled(let time):
                events.append((time, entry.number, { $0.activate(entry.number) }))
            case .ready where entry.expiresAt != .max:
                events.append((entry.expiresAt, entry.number, { $0.expireReady(entry.number) }))
            case .locked(_, let until, let wasDeferred) where entry.session == nil || (wasDeferred && leases[entry.session ?? ""] == nil):
                events.append((until, entry.number, { $0.expireLock(entry.number) }))
            default: break
            }
        }
        for (id, transaction) in transactions { events.append((transaction.until, 0, { $0.rollBack(id) })) }
        for (id, lease) in leases { events.append((lease.until, 0, { $0.endSession(id, isFailure: true) })) }
        return events.min { ($0.time, $0.order) < ($1.time, $1.order) }.map { ($0.time, $0.act) }
    }

    private mutating func activate(_ number: Int64) {
        guard let index = active.firstIndex(where: { $0.number == number }) else { return }
        var entry = active.remove(at: index)
        lastNumber += 1
        entry.number = lastNumber
        arrive(&entry)
    }

    private mutating func expireReady(_ number: Int64) {
        guard let index = active.firstIndex(where: { $0.number == number }) else { return }
        bury(active.remove(at: index), "TTLExpiredException")
    }

    private mutating func expireLock(_ number: Int64) {
        guard let index = active.firstIndex(where: { $0.number == number }) else { return }
        active[index].failures += 1
        giveBack(number, hasFailed: true)
    }
}
