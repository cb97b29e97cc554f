public import ServiceBus

/// How a service is.
public enum Health: Int, Hashable, Sendable, Comparable {
    /// Nothing is wrong.
    case well
    /// Its figures are not known.
    case unknown
    /// Something needs attention soon: a disabled or missing entity.
    case warning
    /// Messages die.
    case ill

    /// Orders from well to ill.
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// A service on the board, with the sums over its entities.
public struct BoardRow: Sendable, Identifiable {
    /// The service.
    public var service: ServiceSummary
    /// Dead letters of its entities; a topic counts the subscriptions that no other service claims.
    public var deadLetters: Reading<Int64>
    /// Messages that could not be forwarded.
    public var transferDeadLetters: Reading<Int64>
    /// Messages waiting.
    public var active: Reading<Int64>
    /// Messages scheduled for later.
    public var scheduled: Reading<Int64>
    /// How its counts go.
    public var trend: CountTrend
    /// When the oldest of its dead letters that were looked at was enqueued, transfer dead letters included.
    public var oldestDeadLetter: Reading<Timestamp>
    /// When the oldest of its waiting messages that were looked at was enqueued.
    public var oldestActive: Reading<Timestamp>
    /// Entities of it that are disabled, wholly or in part.
    public var haltedEntities: Int
    /// How it is.
    public var health: Health
    /// The entity whose dead letters grow fastest, or else has most of them, when there are any.
    public var worstEntity: EntityPath?
    /// What is wrong, worst first, one line each.
    public var findings: [String]

    /// The service's catalogue reference.
    public var id: String { service.ref }

    /// Creates a row.
    public init(
        service: ServiceSummary, deadLetters: Reading<Int64> = .pending, transferDeadLetters: Reading<Int64> = .pending,
        active: Reading<Int64> = .pending, scheduled: Reading<Int64> = .pending, trend: CountTrend = CountTrend(),
        oldestDeadLetter: Reading<Timestamp> = .pending, oldestActive: Reading<Timestamp> = .pending, haltedEntities: Int = 0,
        health: Health = .unknown, worstEntity: EntityPath? = nil, findings: [String] = []
    ) {
        self.service = service
        self.deadLetters = deadLetters
        self.transferDeadLetters = transferDeadLetters
        self.active = active
        self.scheduled = scheduled
        self.trend = trend
        self.oldestDeadLetter = oldestDeadLetter
        self.oldestActive = oldestActive
        self.haltedEntities = haltedEntities
        self.health = health
        self.worstEntity = worstEntity
        self.findings = findings
    }
}

/// The board: every service, worst first, and what belongs to nobody.
public struct Board: Sendable {
    /// Sums over the whole namespace; an entity shared by two services counts once.
    public struct Totals: Hashable, Sendable {
        /// Dead letters.
        public var deadLetters: Int64
        /// Transfer dead letters.
        public var transferDeadLetters: Int64
        /// Messages waiting.
        public var active: Int64
        /// Queues, topics and subscriptions.
        public var entities: Int

        /// Creates totals.
        public init(deadLetters: Int64 = 0, transferDeadLetters: Int64 = 0, active: Int64 = 0, entities: Int = 0) {
            self.deadLetters = deadLetters
            self.transferDeadLetters = transferDeadLetters
            self.active = active
            self.entities = entities
        }
    }

    /// Services, worst first.
    public var rows: [BoardRow]
    /// Entities of the namespace that the catalogue does not know, most dead letters first.
    public var unownedEntities: [EntityDescription]
    /// Entities the catalogue names and the namespace lacks.
    public var missingEntities: [EntityPath]
    /// How the counts of those go that the catalogue does not know.
    public var unownedTrend: CountTrend
    /// When the oldest dead letter of those was enqueued, as far as that was looked at.
    public var unownedOldestDeadLetter: Reading<Timestamp>
    /// Sums over the namespace.
    public var totals: Reading<Totals>
    /// How the counts of the whole namespace go.
    public var trend: CountTrend
    /// What could not be used of the catalogue.
    public var problems: [CatalogueProblem]
    /// Entities whose names fit several services, and which are bound to none of them.
    public var unclearNames: [UnclearName]
    /// Whether the figures are Azure Resource Manager's, which lag.
    public var isByResourceManager: Bool
    /// Whether there is a catalogue: without one nobody can be said to own nothing.
    public var isCatalogueKnown: Bool

    /// An entity whose name fits several services.
    public struct UnclearName: Hashable, Sendable {
        /// The entity.
        public var path: EntityPath
        /// The references of the services.
        public var services: [String]
    }

    /// Creates a board.
    public init(
        rows: [BoardRow] = [], unownedEntities: [EntityDescription] = [], missingEntities: [EntityPath] = [],
        unownedTrend: CountTrend = CountTrend(), unownedOldestDeadLetter: Reading<Timestamp> = .pending,
        totals: Reading<Totals> = .pending, trend: CountTrend = CountTrend(), problems: [CatalogueProblem] = [],
        unclearNames: [UnclearName] = [], isByResourceManager: Bool = false, isCatalogueKnown: Bool = true
    ) {
        self.unclearNames = unclearNames
        self.isByResourceManager = isByResourceManager
        self.isCatalogueKnown = isCatalogueKnown
        self.rows = rows
        self.unownedEntities = unownedEntities
        self.missingEntities = missingEntities
        self.unownedTrend = unownedTrend
        self.unownedOldestDeadLetter = unownedOldestDeadLetter
        self.totals = totals
        self.trend = trend
        self.problems = problems
    }
}
