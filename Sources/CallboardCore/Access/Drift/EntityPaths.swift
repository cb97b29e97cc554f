public import ServiceBus

/// Some entities of a namespace, in order. Hundreds of findings may concern most of ten thousand entities each: they share one list of all.
public struct EntityPaths: RandomAccessCollection, Hashable, Sendable, ExpressibleByArrayLiteral {
    private let all: [EntityPath]
    /// Places in `all`, rising; nil for all of them.
    private let places: [Int32]?
    /// Whether they rise, so that one is found without looking at all.
    private let isSorted: Bool

    /// All of a list.
    public init(_ paths: [EntityPath]) {
        all = paths
        places = nil
        isSorted = false
    }

    /// A list in brackets.
    public init(arrayLiteral paths: EntityPath...) { self.init(paths) }

    /// Those at places of a list, which have to be in it.
    /// - Parameter isSorted: whether the list is in order of path.
    init(_ all: [EntityPath], at places: [Int32], isSorted: Bool) {
        self.all = all
        self.isSorted = isSorted
        self.places = places.count == all.count ? nil : places.filter { all.indices.contains(Int($0)) }
    }

    /// The first place.
    public var startIndex: Int { 0 }
    /// Behind the last place.
    public var endIndex: Int { places?.count ?? all.count }
    /// The entity at a place.
    public subscript(index: Int) -> EntityPath { places.map { all[Int($0[index])] } ?? all[index] }

    /// Whether an entity is among them.
    public func contains(_ path: EntityPath) -> Bool {
        guard isSorted else { return contains { $0 == path } }
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle] < path { low = middle + 1 } else { high = middle }
        }
        return low < endIndex && self[low] == path
    }

    /// Whether both hold the same entities in the same order, however they hold them.
    public static func == (left: EntityPaths, right: EntityPaths) -> Bool { left.elementsEqual(right) }
    /// Hashes how many there are and the first.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        hasher.combine(first)
    }
}
