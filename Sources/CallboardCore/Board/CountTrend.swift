public import ServiceBus

/// How fast a count changes: what it changed by, and in which time.
public struct CountRate: Hashable, Sendable {
    /// More a minute; less than zero: fewer.
    public var perMinute: Double
    /// The time it was seen to change over.
    public var over: Duration

    /// A rate; nil where no time passed.
    init?(change: Int64, over: Duration) {
        let minutes = Double(over.wholeMilliseconds) / 60_000
        guard minutes > 0 else { return nil }
        perMinute = Double(change) / minutes
        self.over = over
    }

    /// Creates a rate.
    public init(perMinute: Double, over: Duration) {
        self.perMinute = perMinute
        self.over = over
    }

    /// Whether it rests on less than a minute, and the next minute may well look different.
    public var isRough: Bool { over < .seconds(60) }

    /// The rates of several counts together, over the shortest of their times; nil when there are none.
    static func sum(_ rates: some Sequence<CountRate>) -> CountRate? {
        var total: CountRate?
        for rate in rates {
            total = CountRate(
                perMinute: (total?.perMinute ?? 0) + rate.perMinute, over: min(total?.over ?? rate.over, rate.over))
        }
        return total
    }
}

/// How long a backlog lasts at the rate at which it gets smaller now. Always an estimate.
public enum DrainTime: Hashable, Sendable {
    /// Not known: there is no count, or only one.
    case unknown
    /// Nothing waits.
    case empty
    /// It does not get smaller.
    case never(isGrowing: Bool)
    /// About so long.
    case about(Duration)

    /// Longer estimates than this say no more than "never".
    static let longest = Duration.seconds(365 * 86_400)

    /// What follows from a backlog and its rate.
    public init(backlog: Int64?, rate: CountRate?) {
        guard let backlog else {
            self = .unknown
            return
        }
        guard backlog > 0 else {
            self = .empty
            return
        }
        guard let rate else {
            self = .unknown
            return
        }
        guard rate.perMinute < 0 else {
            self = .never(isGrowing: rate.perMinute > 0)
            return
        }
        let seconds = Double(backlog) / -rate.perMinute * 60
        let longest = Double(Self.longest.components.seconds)
        self = seconds < longest ? .about(.seconds(Int64(seconds.rounded(.up)))) : .never(isGrowing: false)
    }

    /// Orders from good to bad: nothing waits or nothing is known, soon, late, never, growing.
    var badness: Int64 {
        switch self {
        case .empty, .unknown: 0
        case .about(let duration): max(duration.components.seconds, 0) + 1
        case .never(let isGrowing): isGrowing ? .max : .max - 1
        }
    }
}

/// What counts were, sample by sample.
public struct CountCourse: Hashable, Sendable {
    /// When the samples were taken, oldest first.
    public var times: [Timestamp]
    /// Dead letters and transfer dead letters in each; nil where they were not counted.
    public var deadLetters: [Int64?]
    /// Waiting messages in each.
    public var active: [Int64?]

    /// Creates a course.
    public init(times: [Timestamp] = [], deadLetters: [Int64?] = [], active: [Int64?] = []) {
        self.times = times
        self.deadLetters = deadLetters
        self.active = active
    }
}

/// How the counts of an entity or service go.
public struct CountTrend: Hashable, Sendable {
    /// Dead letters, transfer dead letters included; nil until they were counted twice.
    public var deadLetters: CountRate?
    /// What waits; nil until it was counted twice.
    public var backlog: CountRate?
    /// How long the backlog lasts at that rate.
    public var drain: DrainTime
    /// What the counts were.
    public var course: CountCourse

    /// Creates a trend.
    public init(
        deadLetters: CountRate? = nil, backlog: CountRate? = nil, drain: DrainTime = .unknown, course: CountCourse = CountCourse()
    ) {
        self.deadLetters = deadLetters
        self.backlog = backlog
        self.drain = drain
        self.course = course
    }
}
