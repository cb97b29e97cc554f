public import ServiceBus

/// What became of one place of a trace.
public enum TraceOutcome: Hashable, Sendable {
    /// Nobody has looked yet.
    case waiting
    /// It is being looked through.
    case looking
    /// It was looked through, up to the newest message there was at the start.
    case lookedThrough
    /// It was left before its end.
    case left
    /// The signed-in identity may not look; the text names the right it would take.
    case notPermitted(needs: String)
    /// What is sent to it goes on to another entity, and the service shows nobody what it holds on the way.
    case forwards(to: String)
    /// There is no such place, or no longer.
    case gone
    /// It could not be looked through, and why.
    case failed(String)

    /// Whether nothing is left to be seen there.
    public var isSettled: Bool {
        switch self {
        case .lookedThrough, .forwards, .gone: true
        case .waiting, .looking, .left, .notPermitted, .failed: false
        }
    }
}

/// One place of a trace.
public struct TracePlace: Hashable, Sendable {
    /// The entity and sub-queue.
    public let path: EntityPath
    /// What became of it.
    public internal(set) var outcome = TraceOutcome.waiting
    /// Messages looked at.
    public internal(set) var looked = 0
    /// Messages that bear the id.
    public internal(set) var found = 0
    /// Where to go on when it was left.
    public internal(set) var next: SequenceNumber?

    /// A place nobody has looked into.
    public init(_ path: EntityPath) { self.path = path }
}

/// Why a trace ended before its end.
public enum TraceStop: Hashable, Sendable {
    /// As many messages were looked at as were allowed.
    case budget(Int)
    /// The service asked to be left alone.
    case busy(String)

    /// One sentence for an operator.
    public var explanation: String {
        switch self {
        case .budget(let messages):
            "The budget of \(messages) messages is used up: each one looked at costs a credit of those that applications share."
        case .busy(let words): "The service is too busy to be asked for more now: \(words)"
        }
    }
}

/// How far a trace has come, for one that goes on.
public struct TraceStanding: Hashable, Sendable {
    /// Where it looks.
    public let plan: TracePlan
    /// The places in the order of the plan.
    public let places: [TracePlace]
}

/// What is news during a trace.
public enum TraceUpdate: Sendable {
    /// Where it looks, and what looking costs.
    case planned(TracePlan, LookingCost)
    /// A place, by its number in the plan, is being looked through.
    case looking(Int)
    /// Messages of a place were looked at: how many, where it goes on, and which of them bear the id.
    case looked(Int, count: Int, next: SequenceNumber?, copies: [TraceCopy])
    /// A place is done with.
    case ended(Int, TraceOutcome)
    /// No more is looked at.
    case stopped(TraceStop)
}

/// All that a trace has found so far: updates are put together here, for commands and screens alike.
public struct TraceReport: Sendable {
    /// More copies than this are only counted: an id that everything bears would fill the memory.
    public static let mostCopies = 10_000

    /// What is looked for.
    public let id: TraceID
    /// The plan; nil before it is known.
    public private(set) var plan: TracePlan?
    /// What looking costs.
    public private(set) var cost = LookingCost.free
    /// The places in the order of the plan.
    public private(set) var places: [TracePlace] = []
    /// The copies in order of time.
    public private(set) var copies: [TraceCopy] = []
    /// Copies that were only counted.
    public private(set) var uncollected = 0
    /// Messages looked at.
    public private(set) var looked = 0
    /// Places that are done with, readable or not.
    public private(set) var ended = 0
    /// Why it ended before its end.
    public private(set) var stop: TraceStop?

    /// An empty report.
    public init(_ id: TraceID) { self.id = id }

    /// Takes up what is news.
    public mutating func apply(_ update: TraceUpdate) {
        switch update {
        case .planned(let plan, let cost):
            self.cost = cost
            stop = nil
            // Going on keeps what was found.
            guard self.plan == nil else { return }
            self.plan = plan
            places = plan.places.map { TracePlace($0) }
        case .looking(let index):
            change(index) { $0.outcome = .looking }
        case .looked(let index, let count, let next, let copies):
            looked += count
            change(index) { place in
                place.looked += count
                place.found += copies.count
                place.next = next
            }
            for copy in copies { insert(copy) }
        case .ended(let index, let outcome):
            change(index) { $0.outcome = outcome }
        case .stopped(let stop): self.stop = stop
        }
    }

    private mutating func change(_ index: Int, _ body: (inout TracePlace) -> Void) {
        guard places.indices.contains(index) else { return }
        let wasOver = places[index].outcome.isOver
        body(&places[index])
        ended += (places[index].outcome.isOver ? 1 : 0) - (wasOver ? 1 : 0)
    }

    private mutating func insert(_ copy: TraceCopy) {
        guard copies.count < Self.mostCopies else {
            uncollected += 1
            return
        }
        var (low, high) = (0, copies.count)
        while low < high {
            let middle = (low + high) / 2
            if TraceCopy.precedes(copies[middle], copy) { low = middle + 1 } else { high = middle }
        }
        copies.insert(copy, at: low)
    }

    /// Whether every place is settled: what was not found is then nowhere that was looked into.
    public var isComplete: Bool { plan?.gaps.isEmpty == true && stop == nil && places.allSatisfy { $0.outcome.isSettled } }

    /// How many places bear the id.
    public var placesWithCopies: Int { places.count { $0.found > 0 } }

    /// Where it stands, to go on from there; nil before the plan is known.
    public var standing: TraceStanding? { plan.map { TraceStanding(plan: $0, places: places) } }

    /// Whether there are places that going on would look into.
    public var canGoOn: Bool { places.contains { $0.outcome.isOpen } }

    /// What is not known, a sentence each, worst first: nothing of it may be taken for "empty".
    public var doubts: [String] {
        var doubts: [String] = []
        if let stop { doubts.append(stop.explanation) }
        var refused: [String: [EntityPath]] = [:]
        var failed: [String: [EntityPath]] = [:]
        var left: [EntityPath] = []
        for place in places {
            switch place.outcome {
            case .notPermitted(let needs): refused[needs, default: []].append(place.path)
            case .failed(let reason): failed[reason, default: []].append(place.path)
            case .left: left.append(place.path)
            case .waiting, .looking, .lookedThrough, .forwards, .gone: break
            }
        }
        let unseen = places.count { $0.outcome == .waiting }
        if stop != nil, unseen > 0 { doubts.append("Not looked into: \(unseen == 1 ? "1 place" : "\(unseen) places").") }
        if stop != nil, !left.isEmpty { doubts.append("Not looked through to the end: \(Self.list(left)).") }
        for (needs, paths) in refused.sorted(by: { $0.key < $1.key }) {
            doubts.append("Not permitted (needs \(needs)): \(Self.list(paths)).")
        }
        for (reason, paths) in failed.sorted(by: { $0.key < $1.key }) { doubts.append("Not readable: \(Self.list(paths)): \(reason)") }
        for gap in plan?.gaps ?? [] { doubts.append("Not known: \(gap).") }
        return doubts
    }

    /// What is worth knowing and leaves no doubt.
    public var remarks: [String] {
        let forwarding = places.compactMap { place -> String? in
            guard case .forwards(let target) = place.outcome else { return nil }
            return "\(place.path.displayName) → \(target)"
        }
        return forwarding.isEmpty
            ? [] : ["Forwards what it is sent, and shows nobody what it holds: \(forwarding.joined(separator: ", "))."]
    }

    private static func list(_ paths: [EntityPath]) -> String {
        let names = paths.prefix(8).map(\.displayName).joined(separator: ", ")
        return paths.count > 8 ? "\(names) and \(paths.count - 8) more" : names
    }
}

extension TraceOutcome {
    /// Whether nobody will look there unless asked again.
    fileprivate var isOver: Bool {
        switch self {
        case .waiting, .looking: false
        default: true
        }
    }

    /// Whether there is something left to look at that may be looked at.
    public var isOpen: Bool {
        switch self {
        case .waiting, .looking, .left, .failed: true
        case .lookedThrough, .notPermitted, .forwards, .gone: false
        }
    }
}
