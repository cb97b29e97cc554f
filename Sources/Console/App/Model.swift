internal import CallboardCore
internal import ServiceBus

/// What all screens share: where we are, and what was loaded about it.
struct Model: Sendable {
    /// The context, as far as it is known.
    var title: ContextTitle?
    /// Whether the context is open.
    var connection = Loadable<ContextTitle>()
    /// Services with counts, worst first.
    var board = Loadable<Board>()
    /// All entities with counts.
    var entities = Loadable<EntityListing>()
    /// Diagnostics, oldest first.
    private(set) var log: [LogEntry] = []
    /// Entries that were dropped from the start of the log.
    private(set) var droppedLogEntries = 0
    /// Errors that nobody has looked at yet.
    var unreadErrors = 0

    private static let longestLog = 2000

    var isProduction: Bool { title?.isProduction ?? false }

    mutating func append(_ entry: LogEntry) {
        // Dropped by the hundred, so that a flood does not move two thousand entries for each one.
        if log.count >= Model.longestLog {
            log.removeFirst(100)
            droppedLogEntries += 100
        }
        log.append(entry)
        if entry.level == .error { unreadErrors += 1 }
    }

    /// An entity as it was last listed.
    func entity(_ path: EntityPath) -> EntityDescription? { entities.value?.entities.first { $0.path == path.entity } }

    /// A service of the board.
    func service(_ ref: String) -> BoardRow? { board.value?.rows.first { $0.id == ref } }
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
    private(set) var nextLoad: Int

    /// Where to go after the step.
    enum Navigation {
        case push(any Screen)
        case pop
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
        effects.append(.start(id, request))
        return id
    }

    mutating func stop(_ id: LoadID?) {
        if let id { effects.append(.stop(id)) }
    }

    mutating func add(_ effect: Effect) { effects.append(effect) }

    mutating func say(_ kind: Notice.Kind, _ text: String) { notice = Notice(kind: kind, text: text) }

    mutating func loadBoard() {
        guard model.connection.value != nil else {
            if model.connection.load == nil { model.connection.begin(start(.connect)) }
            return
        }
        guard model.board.load == nil else { return }
        model.board.begin(start(.board))
    }

    mutating func loadEntities() {
        guard model.connection.value != nil, model.entities.load == nil else { return }
        model.entities.begin(start(.entities))
    }
}
