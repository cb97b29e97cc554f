import DequeModule

/// Elements in the order of a 64-bit key, in chunks: both ends are O(1), everything else O(log n).
///
/// A queue is read at its head and written at its tail, but locks come back into the middle and dead letters arrive out of order, so a
/// plain deque is not enough and a balanced tree costs an allocation an element. Chunks of sorted arrays give the deque's speed at both
/// ends and binary search between.
struct SequenceIndex<Element>: ~Copyable {
    private final class Chunk {
        var keys: ContiguousArray<Int64> = []
        var elements: ContiguousArray<Element> = []

        func append(_ key: Int64, _ element: Element) {
            keys.append(key)
            elements.append(element)
        }

        /// The first position whose key is not below `key`.
        func lowerBound(_ key: Int64) -> Int {
            var low = 0
            var high = keys.count
            while low < high {
                let middle = (low + high) / 2
                if keys[middle] < key { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    /// Large enough to make the list of chunks short, small enough that moving a chunk's tail is one cache-friendly copy.
    private static var chunkCapacity: Int { 256 }

    /// Never holds an empty chunk.
    private var chunks: Deque<Chunk> = []
    /// The number of elements.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// The lowest key and its element.
    var first: (key: Int64, element: Element)? {
        guard let chunk = chunks.first else { return nil }
        return (chunk.keys[0], chunk.elements[0])
    }

    /// The lowest key.
    var firstKey: Int64? { chunks.first?.keys[0] }

    /// The highest key.
    var lastKey: Int64? { chunks.last?.keys.last }

    /// The lowest key that is not below another.
    func firstKey(from key: Int64) -> Int64? {
        guard let index = chunkIndex(for: key) else { return firstKey }
        let chunk = chunks[index]
        let position = chunk.lowerBound(key)
        if position < chunk.keys.count { return chunk.keys[position] }
        return index + 1 < chunks.count ? chunks[index + 1].keys[0] : nil
    }

    /// The element under a key.
    subscript(key: Int64) -> Element? {
        guard let index = chunkIndex(for: key) else { return nil }
        let chunk = chunks[index]
        let position = chunk.lowerBound(key)
        return position < chunk.keys.count && chunk.keys[position] == key ? chunk.elements[position] : nil
    }

    /// Adds an element; one already under the same key is replaced.
    mutating func insert(_ element: Element, at key: Int64) {
        guard let last = chunks.last, let lastKey = last.keys.last else {
            let chunk = Chunk()
            chunk.append(key, element)
            chunks.append(chunk)
            count = 1
            return
        }
        if key > lastKey {
            if last.keys.count < Self.chunkCapacity {
                last.append(key, element)
            } else {
                let chunk = Chunk()
                chunk.keys.reserveCapacity(Self.chunkCapacity)
                chunk.elements.reserveCapacity(Self.chunkCapacity)
                chunk.append(key, element)
                chunks.append(chunk)
            }
            count += 1
            return
        }
        let index = chunkIndex(for: key) ?? 0
        let chunk = chunks[index]
        let position = chunk.lowerBound(key)
        if position < chunk.keys.count, chunk.keys[position] == key {
            chunk.elements[position] = element
            return
        }
        chunk.keys.insert(key, at: position)
        chunk.elements.insert(element, at: position)
        count += 1
        if chunk.keys.count > Self.chunkCapacity { split(index) }
    }

    /// Removes and returns the element under a key.
    @discardableResult
    mutating func remove(_ key: Int64) -> Element? {
        guard let index = chunkIndex(for: key) else { return nil }
        let chunk = chunks[index]
        let position = chunk.lowerBound(key)
        guard position < chunk.keys.count, chunk.keys[position] == key else { return nil }
        return remove(at: position, in: index)
    }

    /// Removes and returns the element with the lowest key.
    mutating func popFirst() -> Element? { chunks.isEmpty ? nil : remove(at: 0, in: 0) }

    /// Removes everything.
    mutating func removeAll() {
        chunks.removeAll()
        count = 0
    }

    /// Visits elements in order, from the first whose key is not below `key`, until `visit` answers false.
    func forEach(from key: Int64, _ visit: (Element) -> Bool) {
        guard !chunks.isEmpty else { return }
        var index = chunkIndex(for: key) ?? 0
        var position = chunks[index].lowerBound(key)
        while index < chunks.count {
            let chunk = chunks[index]
            while position < chunk.elements.count {
                if !visit(chunk.elements[position]) { return }
                position += 1
            }
            index += 1
            position = 0
        }
    }

    /// The element at a rank (0 is the lowest key): O(number of chunks).
    func element(atRank rank: Int) -> Element? {
        guard rank >= 0, rank < count else { return nil }
        var remaining = rank
        for chunk in chunks {
            if remaining < chunk.elements.count { return chunk.elements[remaining] }
            remaining -= chunk.elements.count
        }
        return nil
    }

    /// The last chunk whose first key is not above `key`; nil if there is none.
    private func chunkIndex(for key: Int64) -> Int? {
        guard let first = chunks.first, first.keys[0] <= key else { return nil }
        // Queues are read at the head and written at the tail: look there before searching.
        if chunks.count == 1 || chunks[1].keys[0] > key { return 0 }
        let lastIndex = chunks.count - 1
        if chunks[lastIndex].keys[0] <= key { return lastIndex }
        var low = 1
        var high = lastIndex
        while low + 1 < high {
            let middle = (low + high) / 2
            if chunks[middle].keys[0] <= key { low = middle } else { high = middle }
        }
        return low
    }

    private mutating func remove(at position: Int, in index: Int) -> Element {
        let chunk = chunks[index]
        chunk.keys.remove(at: position)
        let element = chunk.elements.remove(at: position)
        count -= 1
        if chunk.keys.isEmpty {
            if index == 0 { chunks.removeFirst() } else { chunks.remove(at: index) }
        }
        return element
    }

    private mutating func split(_ index: Int) {
        let chunk = chunks[index]
        let half = chunk.keys.count / 2
        let upper = Chunk()
        upper.keys.append(contentsOf: chunk.keys[half...])
        upper.elements.append(contentsOf: chunk.elements[half...])
        chunk.keys.removeSubrange(half...)
        chunk.elements.removeSubrange(half...)
        chunks.insert(upper, at: index + 1)
    }
}
