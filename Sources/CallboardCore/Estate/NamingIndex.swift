internal import ServiceBus

/// Finds whose an entity is by its name.
///
/// The patterns are filled in for every service, and each is found by the text in it that tells it best from the others: a name is walked once from each
/// of its places through a tree of those texts. Ten thousand names among thousands of services so cost some comparisons each, and not one for
/// every service.
struct NamingIndex: Sendable {
    /// The most filled-in patterns that are kept.
    static let most = 100_000
    /// The most services that are told of an entity that fits several.
    private static let mostServices = 8

    private struct Candidate: Sendable {
        let shape: NameShape
        /// The place of the pattern: an earlier one decides.
        let order: Int
        var services: [Int]
        /// The next candidate that is found by the same text.
        var next: Int?
    }

    private var candidates: [Candidate] = []
    /// Candidates without a gap, by the whole path.
    private var exact: [[UInt8]: Int] = [:]
    /// The tree: the first step by byte, each further one by node and byte.
    private var roots = [Int32](repeating: -1, count: 256)
    private var steps: [UInt64: Int32] = [:]
    /// For each node the first candidate that is found by the text that ends there; -1 for none.
    private var found: [Int32] = []
    /// Whether there was no room for some.
    private(set) var isCut = false

    /// - Parameters:
    ///   - patterns: the earlier ones decide.
    ///   - services: what each placeholder stands for, for each service by its place.
    init(_ patterns: [NamingPattern], services: [(place: Int, value: (NamingPattern.Placeholder) -> String?)]) {
        for (order, pattern) in patterns.enumerated() {
            // What is the same for several services is kept once.
            var known: [NameShape: Int] = [:]
            for service in services {
                guard let shape = pattern.filled(service.value) else { continue }
                if let place = known[shape] {
                    candidates[place].services.append(service.place)
                    continue
                }
                guard candidates.count < Self.most else {
                    isCut = true
                    return
                }
                known[shape] = candidates.count
                add(Candidate(shape: shape, order: order, services: [service.place]))
            }
        }
    }

    /// Whether nothing can be found.
    var isEmpty: Bool { candidates.isEmpty }

    private mutating func add(_ candidate: Candidate) {
        let place = candidates.count
        candidates.append(candidate)
        if let path = candidate.shape.exact {
            candidates[place].next = exact[path]
            exact[path] = place
            return
        }
        let node = node(of: candidate.shape.key)
        guard node >= 0 else { return }
        candidates[place].next = found[node] < 0 ? nil : Int(found[node])
        found[node] = Int32(place)
    }

    private mutating func node(of text: [UInt8]) -> Int {
        var node: Int32 = -1
        for (place, byte) in text.enumerated() {
            var following = place == 0 ? roots[Int(byte)] : steps[Self.step(node, byte)] ?? -1
            if following < 0 {
                following = Int32(found.count)
                found.append(-1)
                if place == 0 { roots[Int(byte)] = following } else { steps[Self.step(node, byte)] = following }
            }
            node = following
        }
        return Int(node)
    }

    private static func step(_ node: Int32, _ byte: UInt8) -> UInt64 { UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte) }

    /// The places of the services that the first pattern gives an entity to that gives it to any; several: it is not clear whose it is.
    func services(of path: EntityPath) -> [Int] {
        guard !candidates.isEmpty else { return [] }
        let name = Array(path.entity.displayName.lowercased().utf8)
        var best = (order: Int.max, services: [Int]())
        func take(_ first: Int?) {
            var next = first
            while let place = next {
                let candidate = candidates[place]
                next = candidate.next
                guard candidate.order <= best.order, best.order > candidate.order || best.services.count < Self.mostServices,
                    candidate.shape.fits(name)
                else { continue }
                if candidate.order < best.order { best = (candidate.order, []) }
                for service in candidate.services.prefix(Self.mostServices) where !best.services.contains(service) {
                    best.services.append(service)
                }
            }
        }
        take(exact[name])
        for start in name.indices {
            var node = roots[Int(name[start])]
            var place = start
            while node >= 0 {
                if found[Int(node)] >= 0 { take(Int(found[Int(node)])) }
                place += 1
                guard place < name.count else { break }
                node = steps[Self.step(node, name[place])] ?? -1
            }
        }
        return best.services.sorted()
    }
}
