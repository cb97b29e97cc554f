public import ServiceBus

/// All that a workspace asks of a namespace. The live one stands on ``ServiceBus``; tests have one in memory.
///
/// A gateway connects when it is first asked for something, not before, and may be asked several things at once.
/// When the asking task is cancelled it stops, leaves nothing locked, and throws ``OperatorError/Code/cancelled``.
package protocol NamespaceGateway: Sendable {
    /// Who and what we are connected to; known without connecting.
    var endpoint: NamespaceEndpoint { get }

    /// Every queue, topic and subscription, with counts where the service gives them.
    /// - Parameter first: called once with the first entities, as soon as they are there.
    func entities(first: (@Sendable ([EntityDescription]) -> Void)?) async throws(OperatorError) -> [EntityDescription]

    /// Waits until a call that nobody waits for may be made within what the namespace may be asked.
    /// - Parameter credits: what it costs.
    func waitForBudget(credits: Int) async throws(OperatorError)

    /// One entity; ``OperatorError/Code/notFound`` when there is none.
    func entity(_ path: EntityPath) async throws(OperatorError) -> EntityDescription

    /// The subscriptions of a topic with their counts; ``OperatorError/Code/notFound`` when there is no such topic.
    func subscriptions(of topic: EntityPath) async throws(OperatorError) -> [EntityDescription]

    /// The rules of a subscription; ``OperatorError/Code/notFound`` when there is none of that name.
    func rules(of subscription: EntityPath) async throws(OperatorError) -> [RuleDescription]

    /// Every queue, topic and subscription, page by page as the service gives them.
    func entityPages() -> any EntityPageSource

    /// The settings of an entity or rule; ``OperatorError/Code/notFound`` when there is none.
    func settings(of target: EntityTarget) async throws(OperatorError) -> EntitySettings

    /// Creates what the settings are of, or puts them in the place of those it has.
    /// - Returns: the settings as the service has them now.
    func put(_ settings: EntitySettings, isUpdate: Bool) async throws(OperatorError) -> EntitySettings

    /// Removes an entity or rule; ``OperatorError/Code/notFound`` when there is none.
    func remove(_ target: EntityTarget) async throws(OperatorError)

    /// One page of messages from a sequence number on, without locking them; empty only when there are no more.
    /// - Parameter count: how many to ask for; the service may give fewer though more exist.
    func peekPage(
        _ path: EntityPath, from: SequenceNumber, count: Int, options: PeekOptions
    ) async throws(OperatorError) -> [PeekedMessage]

    /// All messages from a sequence number on, page by page, at the speed of the link.
    func scan(_ path: EntityPath, from: SequenceNumber, options: PeekOptions) -> any PageSource

    /// Where the messages that there are now lie: from the first to the newest, in each partition.
    func extent(of path: EntityPath) async throws(OperatorError) -> [ClosedRange<SequenceNumber>]

    /// A look through many entities, one after another.
    func sweep() -> any NamespaceSweep

    /// Sends messages in order; returns when the service has accepted every one of them.
    /// - Throws: ``OperatorError``; ``OperatorError/shortfall`` says which were not sent.
    func send(_ messages: [OutgoingMessage], to path: EntityPath) async throws(OperatorError)

    /// The ids of the sessions of an entity that hold messages or state.
    func sessionIDs(of path: EntityPath) async throws(OperatorError) -> [String]

    /// The state of a session, which is accepted for it and given back.
    func sessionState(of id: String, in path: EntityPath) async throws(OperatorError) -> SessionState

    /// Sets the state of a session, which is accepted for it and given back; nil clears it.
    func setSessionState(_ state: [UInt8]?, of id: String, in path: EntityPath) async throws(OperatorError)

    /// What carries actions out; nil where nothing can be changed by it.
    var changing: (any MessageChanging)? { get }

    /// Has the next look into an entity show a new token: roles have changed.
    func renewRights(of path: EntityPath) async

    /// Closes every connection.
    func close() async
}

extension NamespaceGateway {
    /// Where no token is shown nothing is renewed.
    package func renewRights(of path: EntityPath) async {}
}

/// Pages of a running scan. Asked by one task at a time.
package protocol PageSource: Sendable {
    /// The next page; nil when an empty page came and the scan is at its end.
    func nextPage() async throws(OperatorError) -> [PeekedMessage]?

    /// Stops asking for more; called once, when no further page is wanted.
    func finish() async
}

/// Who and what a gateway is connected to.
package struct NamespaceEndpoint: Hashable, Sendable {
    /// The host, with the port where it is unusual.
    package var host: String
    /// Whether it is an emulator or the sandbox.
    package var isEmulator: Bool
    /// Who we are to the service.
    package var identity: String
    /// Whether rights come from roles, as those of whoever signed in, and not from a key.
    package var usesRoles: Bool

    /// Creates an endpoint.
    package init(host: String, isEmulator: Bool = false, identity: String = "", usesRoles: Bool = false) {
        self.usesRoles = usesRoles
        self.host = host
        self.isEmulator = isEmulator
        self.identity = identity
    }
}

/// What a peek asks for.
public struct PeekOptions: Hashable, Sendable {
    /// Leave the bodies out: many times faster.
    public var headersOnly: Bool
    /// Only this session; nil for all.
    public var sessionID: String?
    /// A scan gives only messages in this state; nil for all.
    public var state: MessageState?
    /// Where a scan ends.
    public var end: BrowseOptions.End

    /// Creates options.
    public init(
        headersOnly: Bool = false, sessionID: String? = nil, state: MessageState? = nil, end: BrowseOptions.End = .whenNoMoreCome
    ) {
        self.headersOnly = headersOnly
        self.sessionID = sessionID
        self.state = state
        self.end = end
    }
}
