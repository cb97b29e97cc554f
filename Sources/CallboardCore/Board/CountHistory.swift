public import ServiceBus

/// What the counts of every entity were, sample by sample, since somebody began to look.
///
/// One sample a listing. The newest is always the last listing; those before it are half a minute apart or more, so that sixty of them
/// reach back half an hour however often the figures are loaded. An entity costs eight bytes a sample, less than half a kilobyte in all. A
/// copy shares its samples with the original.
public struct CountHistory: Sendable {
    /// One listing.
    private struct Sample: Sendable {
        var time: Timestamp
        /// Dead letters and transfer dead letters, by place.
        var dead: [UInt32]
        /// Waiting messages, by place.
        var active: [UInt32]
    }

    /// The most samples that are kept.
    public static let capacity = 60
    /// Samples before the newest are no closer than this.
    static let spacing = Duration.seconds(30)
    /// Rates are those of so long, or of the last two samples where these are further apart.
    static let window = Duration.seconds(300)
    /// Stands for a count that nobody gave. Larger counts than can be kept become one less.
    private static let unknown = UInt32.max

    private var samples: [Sample] = []
    private var places: [EntityPath: Int] = [:]

    /// A history without samples.
    public init() {}

    /// How many samples there are.
    public var count: Int { samples.count }
    /// When the first of those that are kept was taken.
    public var start: Timestamp? { samples.first?.time }
    /// How many entities are kept.
    var entityCount: Int { places.count }

    /// Adds what a listing says. Topics hold no messages of their own and are left out, as are entities that are gone.
    public mutating func record(_ listing: EntityListing) {
        // A clock that was set back makes every rate wrong: what came before is of no use then.
        if let newest = samples.last?.time, listing.asOf <= newest {
            guard listing.asOf < newest else { return }
            self = CountHistory()
        }
        let counted = listing.entities.filter { $0.kind != .topic }
        forget(keeping: counted)
        for entity in counted where places[entity.path] == nil { places[entity.path] = places.count }
        var sample = Sample(
            time: listing.asOf, dead: Array(repeating: Self.unknown, count: places.count),
            active: Array(repeating: Self.unknown, count: places.count))
        for entity in counted {
            guard let counts = entity.counts, let place = places[entity.path] else { continue }
            sample.dead[place] = Self.kept(EntityCounts.sum(counts.deadLetter, counts.transferDeadLetter))
            sample.active[place] = Self.kept(counts.active)
        }
        if samples.count >= 2, samples[samples.count - 1].time.since(samples[samples.count - 2].time) < Self.spacing {
            samples.removeLast()
        }
        samples.append(sample)
        if samples.count > Self.capacity { samples.removeFirst(samples.count - Self.capacity) }
    }

    /// Gives up the places of entities that are gone, once they are many enough to be worth moving the others.
    private mutating func forget(keeping entities: [EntityDescription]) {
        let gone = places.count - entities.count { places[$0.path] != nil }
        guard gone > 0 else { return }
        var kept: [EntityPath: Int] = [:]
        var order: [Int] = []
        for entity in entities {
            guard let place = places[entity.path], kept[entity.path] == nil else { continue }
            kept[entity.path] = order.count
            order.append(place)
        }
        for index in samples.indices {
            let (dead, active) = (samples[index].dead, samples[index].active)
            samples[index].dead = order.map { dead.indices.contains($0) ? dead[$0] : Self.unknown }
            samples[index].active = order.map { active.indices.contains($0) ? active[$0] : Self.unknown }
        }
        places = kept
    }

    private static func kept(_ count: Int64) -> UInt32 { UInt32(clamping: min(max(count, 0), Int64(unknown) - 1)) }

    // MARK: - Reading it

    /// How the dead letters of an entity change, transfer dead letters included; nil until they were counted twice.
    public func deadLetters(of path: EntityPath) -> CountRate? { rate(of: path, \.dead) }

    /// How the dead letters of several entities change together, as far as that is known of them.
    public func deadLetters(of paths: some Sequence<EntityPath>) -> CountRate? {
        CountRate.sum(paths.lazy.compactMap { self.deadLetters(of: $0) })
    }

    /// How the backlog of an entity changes; nil until it was counted twice.
    public func backlog(of path: EntityPath) -> CountRate? { rate(of: path, \.active) }

    private func rate(of path: EntityPath, _ counts: KeyPath<Sample, [UInt32]>) -> CountRate? {
        guard let place = places[path.entity], let newest = samples.last, let now = Self.value(newest[keyPath: counts], place) else {
            return nil
        }
        var earlier: (time: Timestamp, value: Int64)?
        for sample in samples.dropLast().reversed() {
            let isInWindow = newest.time.since(sample.time) <= Self.window
            guard isInWindow || earlier == nil else { break }
            guard let value = Self.value(sample[keyPath: counts], place) else { break }
            earlier = (sample.time, value)
        }
        guard let earlier else { return nil }
        return CountRate(change: now - earlier.value, over: newest.time.since(earlier.time))
    }

    private static func value(_ counts: [UInt32], _ place: Int) -> Int64? {
        guard counts.indices.contains(place), counts[place] != unknown else { return nil }
        return Int64(counts[place])
    }

    /// What several entities together had in each sample, oldest first: dead letters of both kinds, and what waited. nil where none of them
    /// was counted.
    public func course(of paths: some Sequence<EntityPath>) -> CountCourse {
        let places = Set(paths.compactMap { self.places[$0.entity] })
        func sums(_ counts: KeyPath<Sample, [UInt32]>) -> [Int64?] {
            samples.map { sample in
                let known = places.compactMap { Self.value(sample[keyPath: counts], $0) }
                return known.isEmpty ? nil : known.reduce(0, +)
            }
        }
        guard !places.isEmpty else { return CountCourse() }
        return CountCourse(times: samples.map(\.time), deadLetters: sums(\.dead), active: sums(\.active))
    }

    /// How the counts of several entities together go: the rates of those whose rate is known, and what that means for the backlog.
    public func trend(of paths: some Collection<EntityPath>, active: Int64?) -> CountTrend {
        let backlog = CountRate.sum(paths.lazy.compactMap { self.backlog(of: $0) })
        return CountTrend(
            deadLetters: deadLetters(of: paths), backlog: backlog,
            drain: DrainTime(backlog: active, rate: backlog), course: course(of: paths))
    }
}

extension EntityCounts {
    /// Counts come off a wire: they saturate instead of trapping.
    static func sum(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? (b > 0 ? .max : .min) : sum
    }
}
