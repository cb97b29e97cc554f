/// Something that happens to an object at a time: a lock that ends, a message that expires or becomes active.
///
/// An object has at most one deadline at any moment, so it carries its own place in the heap and moving or cancelling is O(log n).
class DeadlineBearer {
    fileprivate final var heapPosition = -1

    /// Whether a deadline is set.
    final var hasDeadline: Bool { heapPosition >= 0 }

    /// Called once when the deadline is reached; it is no longer set then.
    func deadlineReached(at now: Int64) {}
}

/// The deadlines of a whole namespace: a four-way heap in which every object knows its place.
///
/// Equal times fire in the order in which they were set, so that messages scheduled for one instant arrive in the order they were sent.
struct DeadlineHeap: ~Copyable {
    private struct Node {
        var time: Int64
        var order: UInt64
        var bearer: DeadlineBearer

        func precedes(_ other: Node) -> Bool {
            time != other.time ? time < other.time : order < other.order
        }
    }

    private var nodes: ContiguousArray<Node> = []
    private var nextOrder: UInt64 = 0

    /// The number of deadlines set.
    var count: Int { nodes.count }

    /// The earliest deadline, in milliseconds since 1970.
    var earliest: Int64? { nodes.first?.time }

    /// Sets or moves an object's deadline.
    mutating func set(_ bearer: DeadlineBearer, to time: Int64) {
        let node = Node(time: time, order: nextOrder, bearer: bearer)
        nextOrder &+= 1
        let position = bearer.heapPosition
        if position < 0 {
            nodes.append(node)
            siftUp(nodes.count - 1)
        } else {
            let earlier = node.precedes(nodes[position])
            nodes[position] = node
            if earlier { siftUp(position) } else { siftDown(position) }
        }
    }

    /// Removes an object's deadline, if it has one.
    mutating func cancel(_ bearer: DeadlineBearer) {
        let position = bearer.heapPosition
        guard position >= 0 else { return }
        bearer.heapPosition = -1
        let last = nodes.removeLast()
        guard position < nodes.count else { return }
        let earlier = last.precedes(nodes[position])
        nodes[position] = last
        if earlier { siftUp(position) } else { siftDown(position) }
    }

    /// Takes the earliest object whose deadline is not after `now`.
    mutating func popDue(at now: Int64) -> DeadlineBearer? {
        guard let first = nodes.first, first.time <= now else { return nil }
        cancel(first.bearer)
        return first.bearer
    }

    private mutating func siftUp(_ start: Int) {
        var position = start
        let node = nodes[position]
        while position > 0 {
            let parent = (position - 1) / 4
            guard node.precedes(nodes[parent]) else { break }
            nodes[position] = nodes[parent]
            nodes[position].bearer.heapPosition = position
            position = parent
        }
        nodes[position] = node
        node.bearer.heapPosition = position
    }

    private mutating func siftDown(_ start: Int) {
        var position = start
        let node = nodes[position]
        let count = nodes.count
        while true {
            let firstChild = position * 4 + 1
            guard firstChild < count else { break }
            var smallest = firstChild
            var child = firstChild + 1
            let end = min(firstChild + 4, count)
            while child < end {
                if nodes[child].precedes(nodes[smallest]) { smallest = child }
                child += 1
            }
            guard nodes[smallest].precedes(node) else { break }
            nodes[position] = nodes[smallest]
            nodes[position].bearer.heapPosition = position
            position = smallest
        }
        nodes[position] = node
        node.bearer.heapPosition = position
    }
}
