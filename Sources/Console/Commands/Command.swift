/// Where the keyboard is: which screen has it, or the line at the bottom.
public enum KeyContext: String, CaseIterable, Sendable {
    case board, service, tree, entity, groups, messages, explanation, trace, sessions, session, tester, form, change
    /// Two messages, and what is different between them.
    case difference
    /// The pane that shows one message, when it has the keyboard.
    case message
    /// What can be done with what was picked, and the plan of it.
    case actions, plan
    /// All jobs, and one of them.
    case jobs, job
    /// What was done, and one record of it.
    case history
    /// Who has access: on all entities, on one, of one identity.
    case access, bindings, holdings
    /// What is wrong with access, and one finding.
    case drift, finding
    /// Requests for roles and roles with an end, one of them, a decision about one, and asking for one.
    case requests, request, decision, ask
    /// Shared access rules by the age of their keys, and one of them.
    case keys, key
    case historyRecord = "history-record"
    case log, help
    /// The line in which a filter or a command is typed.
    case prompt

    /// A heading for help.
    public var title: String {
        switch self {
        case .board: "Board"
        case .service: "Service"
        case .tree: "Entities"
        case .entity: "Entity"
        case .groups: "Groups"
        case .messages: "Messages"
        case .sessions: "Sessions"
        case .session: "One session"
        case .explanation: "Explanation"
        case .trace: "Trace"
        case .tester: "Rule tester"
        case .form: "Form"
        case .change: "Change"
        case .message: "One message"
        case .difference: "Difference of two messages"
        case .actions: "Actions"
        case .plan: "Plan"
        case .jobs: "Jobs"
        case .job: "One job"
        case .history: "History"
        case .historyRecord: "One record of the history"
        case .access: "Bindings"
        case .bindings: "Bindings of one entity"
        case .holdings: "What one identity can do"
        case .drift: "Drift"
        case .finding: "One finding"
        case .requests: "Access inbox"
        case .request: "One request, or one role in force"
        case .decision: "Decision about a request"
        case .ask: "Asking for a role"
        case .keys: "Shared keys"
        case .key: "One shared access rule"
        case .log: "Log"
        case .help: "Help"
        case .prompt: "Filter and command line"
        }
    }

    /// Everything but the prompt.
    static let screens: Set<KeyContext> = Set(allCases).subtracting([.prompt])
    /// The screens that load something.
    static let loading: Set<KeyContext> = [
        .board, .service, .tree, .entity, .groups, .messages, .message, .explanation, .trace, .sessions, .session, .tester, .form,
        .change, .difference, .plan, .jobs, .job, .history, .access, .bindings, .holdings, .drift,
        .requests, .request, .decision, .ask, .keys,
    ]
}

/// The name of everything a person can do. It is what the `:` line, scripts and key overrides use, so a name is kept once it is out.
public enum CommandID: String, CaseIterable, Sendable {
    // Moving
    case down, up
    case pageDown = "page-down"
    case pageUp = "page-up"
    case halfPageDown = "half-page-down"
    case halfPageUp = "half-page-up"
    case first, last
    // Going
    case open, back, stop, board, service, tree, entity, messages, sessions, owner
    case deadLetters = "dead-letters"
    case transferDeadLetters = "transfer-dead-letters"
    case groups, explain
    case testRules = "test-rules"
    case trace
    case traceEverywhere = "trace-everywhere"
    case bindings, drift
    /// Named so that `:re` stays the refresh.
    case requests = "inbox"
    case keys
    case log, help
    // Changing
    case create = "new"
    case edit, remove, review
    case addProperty = "add-property"
    case clear
    // Doing something with messages
    case actions
    case toggleMark = "toggle-mark"
    case markRange = "mark-range"
    case markAll = "mark-all"
    case invertMarks = "invert-marks"
    case clearMarks = "clear-marks"
    case redrive, resubmit, move, delete, purge
    case deferMessages = "defer"
    case deadLetterMessages = "dead-letter"
    case receiveDeferred = "receive-deferred"
    case cancelScheduled = "cancel-scheduled"
    case exportMessages = "export"
    case importMessages = "import"
    case options = "plan-options"
    // Asking for roles and deciding
    case ask, approve, narrow, deny
    case takeBack = "take-back"
    case endAccess = "end-access"
    case nextTab = "next-tab"
    // Jobs and history
    case jobs, history
    case pauseJob = "pause"
    case cancelJob = "cancel-job"
    case resumeJob = "resume"
    // Reading
    case nextMessage = "next-message"
    case previousMessage = "previous-message"
    case switchPane = "switch-pane"
    case maximise
    case bodyForm = "body-form"
    case more
    case find = "find-text"
    case nextMatch = "next-match"
    case previousMatch = "previous-match"
    case goToPath = "go-to-path"
    case copyPath = "copy-path"
    case copyValue = "copy-value"
    case copyBody = "copy-body"
    case saveValue = "save-value"
    case saveBody = "save-body"
    case pager
    case mark, compare
    // Looking
    case filter
    case condition = "where"
    case commandLine = "command-line"
    case refresh
    case refreshOne = "refresh-one"
    case count
    case readStates = "read-states"
    case watch, sort, fold
    case groupBy = "group-by"
    case whoCan = "who-can"
    case severity
    case foldAll = "fold-all"
    // Program
    case theme, mouse, redraw, suspend
    case saveScreen = "save-screen"
    case quit
    // Prompt
    case accept = "prompt-accept"
    case cancel = "prompt-cancel"
    case complete = "prompt-complete"
    case nextSuggestion = "prompt-next"
    case previousSuggestion = "prompt-previous"
    case cursorLeft = "prompt-left"
    case cursorRight = "prompt-right"
    case cursorStart = "prompt-start"
    case cursorEnd = "prompt-end"
    case deleteBackward = "prompt-delete-backward"
    case deleteForward = "prompt-delete-forward"
    case deleteWord = "prompt-delete-word"
    case deleteLine = "prompt-delete-line"
}

/// One row of the command table: everything that keys, palette, help, hint bar, scripts and documentation say about a command.
public struct Command: Sendable {
    /// What a command is about; the sections of the help screen.
    public enum Group: String, CaseIterable, Sendable {
        case going = "Going"
        case reading = "Reading"
        case moving = "Moving"
        case looking = "Looking"
        case program = "Program"
        case changing = "Changing"
        case acting = "Doing something with messages"
        case deciding = "Asking for roles and deciding"
        case filling = "Filling in"
        case prompt = "In the filter and command line"
    }

    /// What running it may do to the world.
    public enum Danger: String, Sendable {
        /// It only looks.
        case none
        /// It shows what a message holds.
        case reveals
        /// It changes something that can be changed back.
        case changes
        /// What it removes does not come back.
        case destroys
    }

    /// What its argument on the `:` line names, for completion.
    public enum Argument: String, Sendable {
        case service = "SERVICE"
        case entity = "ENTITY"
        case subject = "SERVICE|ENTITY"
        case theme = "THEME"
        case file = "FILE"
        case interval = "INTERVAL"
        case id = "ID"
        case condition = "CONDITION"
    }

    /// Its name.
    public let id: CommandID
    /// A word or two for the hint bar.
    public let title: String
    /// One sentence for help and documentation.
    public let help: String
    /// Its section in help.
    public let group: Group
    /// Where it can be used.
    public let contexts: Set<KeyContext>
    /// The keys it has unless a person chose others.
    public let keys: [KeySequence]
    /// Keys that it has on some screens besides.
    public let moreKeys: [KeyContext: [KeySequence]]
    /// Its place in the hint bar, small first; nil: not there.
    public let hint: Int?
    /// On which screens it is in the hint bar; nil: wherever it can be used.
    public let hintedIn: Set<KeyContext>?
    /// Other words for the title on some screens.
    public let titles: [KeyContext: String]
    /// What it may do to the world.
    public let danger: Danger
    /// What it takes on the `:` line.
    public let argument: Argument?
    /// Whether it does nothing without its argument.
    public let needsArgument: Bool
    /// Short names on the `:` line.
    public let aliases: [String]

    init(
        _ id: CommandID, _ title: String, _ keys: String, moreKeys: [KeyContext: String] = [:], in contexts: Set<KeyContext>,
        _ group: Group, hint: Int? = nil, hintedIn: Set<KeyContext>? = nil,
        titles: [KeyContext: String] = [:], danger: Danger = .none, argument: Argument? = nil, needsArgument: Bool = false,
        aliases: [String] = [], _ help: String
    ) {
        self.id = id
        self.title = title
        self.help = help
        self.group = group
        self.contexts = contexts
        self.keys = keys.split(separator: " ").compactMap { KeySequence(String($0)) }
        assert(self.keys.count == keys.split(separator: " ").count, "a key of \(id.rawValue) is not in the notation")
        self.moreKeys = moreKeys.mapValues { $0.split(separator: " ").compactMap { KeySequence(String($0)) } }
        self.hint = hint
        self.hintedIn = hintedIn
        self.titles = titles
        self.danger = danger
        self.argument = argument
        self.needsArgument = needsArgument
        self.aliases = aliases
    }

    /// Its place in the hint bar of a screen; nil: not there.
    func hint(in context: KeyContext) -> Int? { contexts.contains(context) && hintedIn?.contains(context) != false ? hint : nil }

    /// The words for the hint bar of a screen.
    public func title(in context: KeyContext) -> String { titles[context] ?? title }
}

/// Whether a command can be run now.
public enum Availability: Hashable, Sendable {
    /// It can.
    case enabled
    /// It cannot, and why: a clause that follows the command's title.
    case disabled(String)

    var isEnabled: Bool { self == .enabled }
}
