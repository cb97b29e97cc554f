import DequeModule

/// The message ids an entity has seen within its duplicate detection window.
struct DuplicateHistory {
    private var seenAt: [OrdinalText: Int64] = [:]
    /// The oldest first.
    private(set) var order: Deque<(id: String, time: Int64)> = []

    /// The number of ids remembered.
    var count: Int { seenAt.count }

    /// When the oldest id remembered was seen.
    var oldest: Int64? { order.first?.time }

    /// Remembers an id again that was kept; the oldest come first.
    mutating func restore(_ id: String, seenAt time: Int64) {
        seenAt[OrdinalText(id)] = time
        order.append((id, time))
    }

    /// Notes an id; answers whether it was seen before within the window.
    ///
    /// A duplicate does not lengthen the time the first one is remembered: the window counts from the message that was accepted.
    mutating func isDuplicate(_ id: String, at now: Int64, window: Int64, capacity: Int) -> Bool {
        while let oldest = order.first, now - oldest.time >= window || order.count >= max(1, capacity) {
            order.removeFirst()
            // One that was kept may be older than what was seen of the id since.
            let oldestID = OrdinalText(oldest.id)
            if seenAt[oldestID] == oldest.time { seenAt[oldestID] = nil }
        }
        let key = OrdinalText(id)
        if seenAt[key] != nil { return true }
        seenAt[key] = now
        order.append((id, now))
        return false
    }
}
