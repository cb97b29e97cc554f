internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// Names one load, so that answers to one that was stopped are not taken for another's.
struct LoadID: Hashable, Sendable {
    var number: Int
}

/// Something the console asks for. Everything that is slow, may fail, or touches the world outside the terminal is a request.
enum Request: Sendable, Hashable {
    /// Open the context.
    case connect
    /// Services and entities with counts.
    case overview
    /// Who has access to the namespace, and what is wrong with that.
    case access
    /// What waits for a decision, what was asked for, and the roles of one's own that end by themselves.
    case inbox
    /// The roles of everybody that end by themselves. In a large namespace that takes dozens of readings.
    case grants
    /// The uses of break-glass that everybody has to know of, by the ledger.
    case emergencies
    /// The shared access rules, and how old their keys are. No key is fetched.
    case keys
    /// What the policy says of a request, what its principal has, and who was asked.
    case accessReview(AccessRequest)
    /// What a request for a role would have to keep to; nothing is asked for.
    case accessProposal(AccessWish)
    /// Ask for a role, as it was looked at.
    case ask(AccessProposal)
    /// A decision about a request, as it was looked at.
    case decide(AccessDecision, AccessRequest)
    /// Take a request back, and why.
    case takeBack(AccessRequest, reason: String)
    /// End a role now, and why.
    case endAccess(ActiveGrant, reason: String)
    /// Ask the namespace whether a role of one's own counts there.
    case probe(EntityPath, AccessRole)
    /// One entity's settings and counts.
    case entity(EntityPath)
    /// A topic's subscriptions with settings and counts.
    case subscriptions(EntityPath)
    /// A subscription's rules.
    case rules(EntityPath)
    /// A topic's subscriptions with their rules, to be asked about messages.
    case routing(EntityPath)
    /// The headers of one message, as one that could be sent.
    case draft(EntityPath, SequenceNumber)
    /// The settings of an entity or rule, to be changed or removed.
    case settings(EntityTarget)
    /// A change that a person has agreed to.
    case carryOut(EntityChange)
    /// What an action would do with messages; nothing is changed.
    case propose(ActionRequest)
    /// A plan that a person has agreed to: the job runs until it is over, whatever screen is shown.
    case begin(Confirmation, reason: String?, ticket: String?)
    /// A job that ended before its end; it runs until it is over.
    case resume(Int, Justification)
    /// The body of a message as text to be edited.
    case editable(MessagePlace)
    /// The body made of an edited text, of the kind that the message has.
    case edited(MessagePlace, String)
    /// Tell a job of this console something.
    case order(JobOrder, Int)
    /// All jobs, those of other processes too.
    case jobs
    /// What one job was to do, and how far it is.
    case job(Int)
    /// What was done, by the audit ledger.
    case history
    /// Write messages to a file exactly as they are; nil: all there are.
    case export(EntityPath, SequenceNumberSet?, to: String, Justification)
    /// Headers of messages, page by page.
    case scan(EntityPath, from: SequenceNumber?, limit: Int)
    /// The same, of one session or in one state only.
    case scanSelected(EntityPath, MessageSelection, from: SequenceNumber?, limit: Int)
    /// The messages of an entity, counted by looking at all of them.
    case count(EntityPath)
    /// The sessions of an entity, and then their messages counted.
    case sessions(EntityPath)
    /// One session with its state; it is accepted for a moment.
    case session(String, EntityPath)
    /// The states of sessions; each is accepted for a moment.
    case sessionStates([String], EntityPath)
    /// Headers of the messages that were seen in a group, page by page.
    case members(EntityPath, SequenceNumberSet, from: SequenceNumber?, limit: Int)
    /// Messages sorted into groups while they are read; a scan that was stopped goes on.
    case groups(GroupScan)
    /// What a message says of why it lies where it lies.
    case evidence(EntityPath, SequenceNumber)
    /// Headers of the messages for which a condition is true, up to the newest there is at the start.
    case search(EntityPath, SQLFilter, from: SequenceNumber?, limit: Int)
    /// The messages that bear an id, as they are found; from where an earlier trace was left, if it is given.
    case trace(TraceID, TraceScope, TraceStanding?)
    /// One whole message, its body laid out within limits.
    case message(EntityPath, SequenceNumber, BodyLimits)
    /// What is different between two messages.
    case difference(MessagePlace, MessagePlace)
    /// Write what a person chose to a file.
    case save(path: String, content: [UInt8])
    /// A theme by name.
    case theme(String)
    /// The names of all themes.
    case themeNames
    /// Write the screen's text to a file.
    case saveScreen(path: String, text: String)
}

/// Where a message is.
struct MessagePlace: Hashable, Sendable {
    var path: EntityPath
    var number: SequenceNumber
}

/// Which messages of a queue are meant.
struct MessageSelection: Hashable, Sendable {
    /// Only those of this session.
    var session: String?
    /// Only those in this state.
    var state: MessageState?

    /// A word or two that say which.
    var title: String {
        [session.map { "session \($0)" }, state.map { "\($0) messages" }].compactMap(\.self).joined(separator: ", ")
    }
}

/// What comes back. Scans have many answers, an overview a second one with more in it, everything else one.
enum Answer: Sendable {
    case connected(ContextTitle)
    /// Why nothing may be changed here, nil: it may; and what decides about single changes.
    case changes(refusal: String?, Guardrails? = nil)
    /// The first entities of a listing that is under way.
    case glimpse(EntityListing)
    /// The services alone, before their counts.
    case outline(Board)
    case overview(Overview)
    /// A part of what is read of access was read.
    case accessPart(AccessPart)
    case access(AccessSnapshot)
    case inbox(AccessInbox)
    case grants(AccessListing<ActiveGrant>, asOf: Timestamp)
    case emergencies([BreakGlassUse])
    case keys(KeySurvey)
    case accessReview(AccessReview)
    case accessProposal(AccessProposal)
    /// A request as it is now: asked, decided or taken back.
    case accessRequest(AccessRequest)
    /// Whether a role was ended; false: it was gone already.
    case accessEnded(Bool)
    case probed(AccessDesk.Probe)
    case entity(EntityDescription)
    case subscriptions([EntityDescription])
    case rules([RuleDescription])
    case routing(TopicRouting)
    case draft(OutgoingMessage)
    case settings(EntitySettings)
    /// The settings as they are now; nil for what was removed.
    case changed(EntitySettings?)
    /// So many messages were looked at for a plan.
    case planning(looked: Int)
    case proposal(Operator.Proposal)
    /// How far a job is that was begun or gone on with.
    case jobProgress(JobProgress)
    case editable(String)
    case edited(OutgoingMessage.Body)
    case jobs([JobEntry])
    case job(ActionPlan, JobProgress)
    case history(History)
    case exported(ExportSummary)
    case page([MessageTable.Row])
    /// How far a count is; the last one is the whole.
    case counted(CountedMessages)
    case sessions([SessionSummary], isCounted: Bool)
    case session(SessionDetail)
    case sessionState(String, SessionState)
    case groups(GroupScan.Progress)
    case evidence(DeadLetterEvidence)
    /// Those that a condition picked of a page, what it made of the page, and where the next one begins.
    case found([MessageTable.Row], MessageSearch, next: SequenceNumber?)
    /// What messages name, for who types a condition.
    case vocabulary(FilterVocabulary)
    case trace(TraceUpdate)
    case message(MessageDocument)
    case difference(MessageDifference)
    case palette(Palette, name: String)
    case themeNames([String])
    case saved(path: String)
}

/// What the console stands on: the workspace, or a test's stand-in.
protocol ConsoleSource: Sendable {
    /// Does what is asked, handing out answers as they come. Cancelling the task ends it.
    func perform(_ request: Request, answer: @escaping @Sendable (Answer) -> Void) async throws(OperatorError)
}

/// What the application is told.
enum Event: Sendable {
    /// Something came from the terminal.
    case input(InputEvent)
    /// A part of what was asked for.
    case answer(LoadID, Answer)
    /// A load ended; nil: well.
    case finished(LoadID, OperatorError?)
    /// Something for the log.
    case log(LogEntry)
    /// A word for the person, about what was done outside.
    case said(Notice)
    /// What became of a text in the person's editor.
    case edited(EditorOutcome)
    /// A command by name, from a script.
    case command(CommandID, String?)
}

/// What the application wants done outside of its own state.
enum Effect: Sendable {
    case start(LoadID, Request)
    case stop(LoadID)
    case quit(Int32)
    case suspend
    case redraw
    case bell
    case mouse(Bool)
    case palette(Palette)
    /// Put text into the clipboard of the terminal; `name` says what it is.
    case copy(String, name: String)
    /// Show text in the person's pager.
    case page(String)
    /// Let the person change text in their editor; the event ``Event/edited(_:)`` has what became of it.
    case edit(String)
}
