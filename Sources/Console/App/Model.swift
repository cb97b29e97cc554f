internal import CallboardCore
internal import ServiceBus

/// The services, and the entities they were joined with.
struct Overview: Sendable {
    var board: Board
    /// Nil where the entities could not be listed; the board's figures then say why.
    let entities: EntityListing?
    /// The same entities as a tree, with those that only the catalogue names.
    let tree: EntityTree
    /// What the counts were so far, this time included.
    let history: CountHistory

    init(board: Board, entities: EntityListing?, history: CountHistory = CountHistory()) {
        self.board = board
        self.entities = entities
        self.history = history
        tree = EntityTree(board, entities, history)
    }
}

/// How the figures load again by themselves while a screen that shows them is on top.
struct Watch: Hashable, Sendable {
    var isOn = true
    /// The shortest time between two loads.
    var interval = Duration.seconds(10)

    static let intervals = Duration.seconds(5)...Duration.seconds(3600)
    /// A large namespace takes long to list, and every page costs credits that applications share: listing takes no more than a
    /// twentieth of the time.
    static let restPerWork = 20
    /// Azure Resource Manager's figures lag, and what it may be asked in an hour is for others too.
    static let resourceManagerInterval = Duration.seconds(60)
}

/// One entity that was looked at by itself, later than it was listed.
struct FreshEntity: Sendable {
    var description: EntityDescription
    var asOf: Timestamp
}

/// What all screens share: where we are, and what was loaded about it.
struct Model: Sendable {
    /// The context, as far as it is known.
    var title: ContextTitle?
    /// Whether the context is open.
    var connection = Loadable<ContextTitle>()
    /// Services and entities with counts.
    private(set) var overview = Loadable<Overview>()
    /// Whether the overview is loading again by itself: nobody waits for that, and nothing spins.
    private(set) var isOverviewQuiet = false
    /// When the overview was last asked for, and how long the answer took.
    private(set) var overviewBegan: Timestamp?
    private(set) var overviewTook: Duration?
    /// Whether what is loading has given its figures, and only looks for the ages of messages now.
    private(set) var isLookingForAges = false
    /// Who has access, and what is wrong with that.
    var access = Loadable<AccessSnapshot>()
    /// What has been read of it since it was asked for last.
    var accessParts: Set<AccessPart> = []
    /// Requests for roles, and the roles that end by themselves.
    var inbox = InboxState()
    /// Uses of break-glass that everybody has to know of.
    var emergencies = EmergencyState()
    /// The shared access rules, and how old their keys are.
    var keys = Loadable<KeySurvey>()
    /// How figures load again by themselves.
    var watch = Watch()
    /// The services without their counts, while those are loaded for the first time.
    private(set) var outline: Board?
    /// The first entities, while they are listed for the first time.
    private(set) var glimpse: EntityTree?
    /// Entities that were looked at since they were listed.
    private(set) var fresh: [EntityPath: FreshEntity] = [:]
    /// Goes up with everything new that is known about entities.
    private(set) var entitiesVersion = 0
    /// Why nothing may be changed here; nil: it may.
    var changeRefusal: String? = "there is no connection yet"
    /// What decides about single changes; nil while there is no connection, or nothing that could decide.
    var guardrails: Guardrails?
    /// The jobs of this console.
    var jobs = RunningJobs()
    /// Goes up with every change that was carried out, and what the last one made or changed.
    private(set) var changeVersion = 0
    private(set) var lastChanged: EntityPath?
    /// Diagnostics, oldest first.
    private(set) var log: [LogEntry] = []
    /// Entries that were dropped from the start of the log.
    private(set) var droppedLogEntries = 0
    /// The message that another one is to be compared with.
    var marked: MessagePlace?
    /// Errors that nobody has looked at yet, and that nothing has mended.
    private(set) var openErrors = OpenErrors()
    /// What is under way is about, for what comes of it.
    var subjects: [LoadID: ErrorSubject] = [:]

    private static let longestLog = 2000

    var isProduction: Bool { title?.isProduction ?? false }

    /// - Parameter subject: what an error is about; nil: nothing that could be mended later.
    mutating func append(_ entry: LogEntry, about subject: ErrorSubject? = nil) {
        // Dropped by the hundred, so that a flood does not move two thousand entries for each one.
        if log.count >= Model.longestLog {
            log.removeFirst(100)
            droppedLogEntries += 100
        }
        log.append(entry)
        if entry.level == .error { openErrors.add(subject) }
    }

    /// How many errors the top line tells of.
    var unreadErrors: Int { openErrors.count }

    /// Something works that did not: its errors stay in the log, and are told of no more.
    mutating func mend(_ subject: ErrorSubject?) { if let subject { openErrors.mend(subject) } }

    /// Somebody looks at the log.
    mutating func noteLogRead() { openErrors = OpenErrors() }

    /// Services with counts, worst first; without counts as long as there never were any.
    var board: Board? { overview.value?.board ?? outline }
    /// All entities with counts, where they could be listed.
    var entities: [EntityDescription]? { overview.value?.entities?.entities }

    /// An entity as it was last seen.
    func entity(_ path: EntityPath) -> EntityDescription? {
        fresh[path.entity]?.description ?? overview.value?.tree.description(of: path)
    }

    /// How many messages a queue or sub-queue holds, by the service's last count, which lags behind.
    func count(of path: EntityPath) -> Int? {
        guard let counts = entity(path)?.counts else { return nil }
        return switch path.subQueue {
        case .active: Int(clamping: counts.active.addingReportingOverflow(counts.scheduled).partialValue)
        case .deadLetter: Int(clamping: counts.deadLetter)
        case .transferDeadLetter: Int(clamping: counts.transferDeadLetter)
        }
    }

    /// When an entity was last seen.
    func asOf(_ path: EntityPath) -> Timestamp? {
        fresh[path.entity]?.asOf ?? (overview.value?.tree.description(of: path) == nil ? nil : overview.value?.entities?.asOf)
    }

    /// A service of the board.
    func service(_ ref: String) -> BoardRow? { board?.rows.first { $0.id == ref } }

    /// What is loading that several screens show: the connection and the overview.
    var loads: [LoadID] { [connection.load, overview.load].compactMap(\.self) }
    /// The part of that which a person waits for.
    var awaited: [LoadID] { [connection.load, isOverviewQuiet ? nil : overview.load].compactMap(\.self) }

    /// Why there is no newer overview.
    var overviewError: OperatorError? { connection.error ?? overview.error }

    // MARK: - Loading the overview

    mutating func beginOverview(_ id: LoadID, now: Timestamp, quietly: Bool) {
        overview.begin(id)
        overviewBegan = now
        isOverviewQuiet = quietly
        isLookingForAges = false
    }

    /// How long figures are left alone before they load again by themselves.
    var refreshInterval: Duration {
        var resting = max(watch.interval, (overviewTook ?? .zero) * Watch.restPerWork)
        if overview.value?.entities?.isByResourceManager == true { resting = max(resting, Watch.resourceManagerInterval) }
        // What failed is left alone for a while.
        return overview.error == nil ? resting : resting * 4
    }

    /// When the figures are to be loaded again by themselves; nil: only when a person asks.
    var overviewDue: Timestamp? {
        // Who may not list entities is not asked again and again.
        guard watch.isOn, connection.value != nil, overview.load == nil, !overview.isStopped, overview.error?.code != .notPermitted,
            let began = overviewBegan
        else { return nil }
        return began.advanced(by: refreshInterval)
    }

    /// A person asked for what was loading by itself.
    mutating func awaitOverview() { isOverviewQuiet = false }

    mutating func take(outline board: Board) {
        guard overview.value == nil else { return }
        outline = board
    }

    mutating func take(glimpse listing: EntityListing) {
        guard overview.value == nil else { return }
        glimpse = EntityTree(Board(), listing)
        entitiesVersion += 1
    }

    mutating func take(_ new: Overview, now: Timestamp) {
        // Old figures with their age are worth more than none.
        guard new.entities != nil || overview.value?.entities == nil else { return }
        overview.set(new, asOf: now)
        outline = nil
        glimpse = nil
        if !isLookingForAges { overviewTook = overviewBegan.map { now.since($0) } }
        // The figures are there: what still comes are the ages of messages, and nobody waits for those.
        isLookingForAges = overview.load != nil
        isOverviewQuiet = isOverviewQuiet || isLookingForAges
        let listed = new.entities?.asOf
        fresh = fresh.filter { _, entity in listed.map { entity.asOf > $0 } ?? true }
        entitiesVersion += 1
    }

    mutating func finishOverview(_ error: OperatorError?, now: Timestamp) {
        overview.finish(error)
        if !isLookingForAges { overviewTook = overviewBegan.map { now.since($0) } }
        isLookingForAges = false
    }

    mutating func stopOverview() { overview.stop() }

    /// Something was created, changed or removed.
    ///
    /// - Parameter settings: as they are now; nil for what was removed.
    mutating func noteChange(_ target: EntityTarget, _ settings: EntitySettings?, asOf: Timestamp) {
        changeVersion += 1
        lastChanged = target.path
        if let description = settings?.entity {
            note([description], asOf: asOf)
        } else if settings == nil, target.kind != .rule {
            fresh[target.path] = nil
            entitiesVersion += 1
        }
    }

    /// Keeps what was seen of single entities.
    mutating func note(_ descriptions: [EntityDescription], asOf: Timestamp) {
        for description in descriptions {
            fresh[description.path.entity] = FreshEntity(description: description, asOf: description.asOf(asOf))
        }
        entitiesVersion += 1
    }
}

/// A word from Callboard to the person, shown until the next key.
struct Notice: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case info, warning, error }
    var kind: Kind
    var text: String
}

/// What a screen may see besides its own state.
struct Surroundings {
    var model: Model
    var now: Timestamp
    var keymap: Keymap
    var rows: Int
    var columns: Int
}

/// One step of the application, in which a screen collects what it wants done.
struct Turn {
    var model: Model
    var now: Timestamp
    private(set) var effects: [Effect] = []
    var notice: Notice?
    var navigation: Navigation?
    /// What is to be asked in the line at the bottom.
    var question: Question?
    private(set) var nextLoad: Int

    /// Where to go after the step.
    enum Navigation {
        case push(any Screen)
        /// So many screens back.
        case pop(Int)
        /// So many screens back, and from there to another one.
        case replace(Int, any Screen)
        case home
    }

    init(model: Model, now: Timestamp, nextLoad: Int) {
        self.model = model
        self.now = now
        self.nextLoad = nextLoad
    }

    mutating func start(_ request: Request) -> LoadID {
        let id = LoadID(number: nextLoad)
        nextLoad += 1
        if let subject = request.subject { model.subjects[id] = subject }
        effects.append(.start(id, request))
        return id
    }

    mutating func stop(_ id: LoadID?) {
        if let id { effects.append(.stop(id)) }
    }

    mutating func add(_ effect: Effect) { effects.append(effect) }

    mutating func say(_ kind: Notice.Kind, _ text: String) { notice = Notice(kind: kind, text: text) }

    /// Asks for services and entities; first for the connection, if there is none.
    ///
    /// - Parameter quietly: nobody asked for it: it has no spinner, and is not what esc stops.
    mutating func loadOverview(quietly: Bool = false) {
        if model.connection.value == nil {
            if model.connection.load == nil { model.connection.begin(start(.connect)) }
        } else if model.overview.load == nil {
            model.beginOverview(start(.overview), now: now, quietly: quietly)
        } else if !quietly, model.isLookingForAges {
            // These figures are here; who asks again wants newer ones.
            stop(model.overview.load)
            model.beginOverview(start(.overview), now: now, quietly: false)
        } else if !quietly {
            model.awaitOverview()
        }
    }

    /// As ``loadOverview()``, unless it is there, under way, or was tried in vain.
    mutating func loadOverviewIfMissing() {
        guard model.overview.value == nil, model.overviewError == nil, !model.overview.isStopped, !model.connection.isStopped else {
            return
        }
        loadOverview()
    }

    mutating func stopOverview() {
        for id in model.loads { stop(id) }
        if model.connection.load != nil { model.connection.stop() }
        if model.overview.load != nil { model.stopOverview() }
    }
}
