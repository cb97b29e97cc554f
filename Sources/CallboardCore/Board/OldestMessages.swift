internal import ServiceBus

/// How long the oldest message of a queue or sub-queue has been there, found by a peek of its first messages and remembered for a while.
///
/// Only queues that have something are looked at, a bounded number at a time. An entity that ends when nobody uses it is left alone: a peek
/// would keep it alive (AutoDeleteOnIdle of Microsoft's documentation). So is one in partitions: its first messages are those of one of them.
struct OldestMessages: Sendable {
    /// What was found.
    private struct Look: Sendable {
        /// When the oldest message was enqueued; nil within where there was none.
        var enqueued: Reading<Timestamp?>
        /// When it was looked for.
        var at: Timestamp
        /// How many there were then. With fewer, the oldest may be gone.
        var count: Int64
    }

    /// A queue that is to be looked at.
    struct Candidate: Hashable, Sendable {
        var path: EntityPath
        var count: Int64
    }

    /// The most queues that are looked at after one listing.
    static let mostAtOnce = 24
    /// How long a dead letter's age is good for: dead letters stay until somebody does something.
    static let deadLetterLifetime = Duration.seconds(300)
    /// The same of messages that consumers take.
    static let activeLifetime = Duration.seconds(60)
    /// Messages looked at in one queue: the first ones may be scheduled or deferred.
    static let messagesLookedAt = 8

    private var looks: [EntityPath: Look] = [:]

    /// When the oldest message of a queue or sub-queue was enqueued, as far as that was looked for.
    func reading(of path: EntityPath) -> Reading<Timestamp?> { looks[path]?.enqueued ?? .pending }

    /// The oldest of several; as old as the look that is longest ago. Pending while none was looked at.
    func oldest(of paths: some Sequence<EntityPath>) -> Reading<Timestamp> {
        var oldest: (moment: Timestamp, at: Timestamp)?
        var other: Reading<Timestamp>?
        for path in paths {
            switch reading(of: path) {
            case .known(let moment?, let at):
                oldest = (min(oldest?.moment ?? moment, moment), min(oldest?.at ?? at, at))
            case .notPermitted(let needs): other = .notPermitted(needs: needs)
            case .unavailable(let reason): other = other ?? .unavailable(reason)
            case .known(nil, _), .pending: break
            }
        }
        return oldest.map { .known($0.moment, at: $0.at) } ?? other ?? .pending
    }

    /// The queues to look at now: those that were never looked at first, then those whose look is longest ago; dead letters before what
    /// waits, many before few. Forgets queues that have nothing any more.
    mutating func due(in listing: EntityListing, now: Timestamp) -> [Candidate] {
        var candidates: [(candidate: Candidate, lifetime: Duration)] = []
        for entity in listing.entities where entity.kind != .topic {
            guard let counts = entity.counts, !entity.endsWhenIdle, !entity.isPartitioned else { continue }
            for (subQueue, count) in [
                (EntityPath.SubQueue.deadLetter, counts.deadLetter), (.transferDeadLetter, counts.transferDeadLetter),
            ] where count > 0 {
                candidates.append((Candidate(path: entity.path.subQueue(subQueue), count: count), Self.deadLetterLifetime))
            }
            if counts.active > 0 {
                candidates.append((Candidate(path: entity.path, count: counts.active), Self.activeLifetime))
            }
        }
        let filled = Set(candidates.map(\.candidate.path))
        looks = looks.filter { filled.contains($0.key) }
        let due = candidates.filter { candidate, lifetime in
            guard let look = looks[candidate.path] else { return true }
            return candidate.count < look.count || now.since(look.at) >= lifetime
        }.map(\.candidate)
        let sorted = due.sorted { a, b in
            let (first, second) = (rank(a), rank(b))
            return first == second ? a.path < b.path : first < second
        }
        return Array(sorted.prefix(Self.mostAtOnce))
    }

    private func rank(_ candidate: Candidate) -> (Int64, Int, Int64) {
        (looks[candidate.path]?.at.milliseconds ?? .min, candidate.path.subQueue == .active ? 1 : 0, -candidate.count)
    }

    /// Keeps what was found.
    mutating func note(_ found: Result<[PeekedMessage], OperatorError>, of candidate: Candidate, now: Timestamp) {
        let reading: Reading<Timestamp?>
        switch found {
        case .success(let messages):
            // What is scheduled or deferred says nothing about how long consumers take.
            let ready = candidate.path.subQueue == .active ? messages.filter { $0.state == .active } : messages
            if ready.isEmpty, messages.count >= Self.messagesLookedAt {
                reading = .unavailable("the first \(messages.count) messages are scheduled or deferred")
            } else {
                reading = .known(ready.compactMap(\.enqueuedTime).min(), at: now)
            }
        case .failure(let error): reading = .failed(error)
        }
        looks[candidate.path] = Look(enqueued: reading, at: now, count: candidate.count)
    }
}

extension EntityDescription {
    /// Whether its messages lie in partitions, each with an order of its own.
    var isPartitioned: Bool { self.settings.contains { $0.name == "EnablePartitioning" && $0.value == "true" } }

    /// Whether the service removes it when nobody uses it for a while.
    var endsWhenIdle: Bool {
        guard let setting = self.settings.first(where: { $0.name == "AutoDeleteOnIdle" }) else { return false }
        if case .lasting? = XMLDuration.parse(setting.value) { return true }
        return false
    }
}
