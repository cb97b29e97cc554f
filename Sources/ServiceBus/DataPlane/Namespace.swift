internal import AMQP
public import Identity
public import Logging

/// The data plane of one namespace: one AMQP connection, opened when first needed and again after it was lost, and the links on it.
///
/// Three rules hold for every operation. Looking never locks and never raises a delivery count: it goes through `$management` only. What
/// does no harm twice is repeated after a failure that passes, within the limits of ``Configuration/retry``; what changes something is
/// asked once, and when no answer came, ``ServiceBusError/outcome`` says that it is unknown. And links that lock messages live in a scope,
/// at whose end nothing stays locked.
public actor Namespace {
    /// How to connect, and how patient to be.
    public struct Configuration: Sendable {
        /// Where the namespace is.
        public var endpoint: MessagingEndpoint
        /// PEM file of certificate authorities to trust instead of the system's.
        public var caFile: String?
        /// The proxy to go through; nil to connect directly.
        public var proxy: NamespaceProxy?
        /// How long connecting may take.
        public var connectTimeout: Duration = .seconds(4)
        /// How long the service may take to answer: a request, an attach, a settlement, the outcome of a message sent.
        public var requestTimeout: Duration = .seconds(30)
        /// After how much silence the connection counts as lost.
        public var idleTimeout: Duration = .seconds(60)
        /// How often, and after which pauses, a request is repeated that does no harm twice.
        public var retry = RetryPolicy()
        /// Waiting and chance.
        public var pacing = Pacing.system

        /// Creates a configuration.
        public init(endpoint: MessagingEndpoint, caFile: String? = nil, proxy: NamespaceProxy? = nil) {
            self.endpoint = endpoint
            self.caFile = caFile
            self.proxy = proxy
        }
    }

    nonisolated let configuration: Configuration
    nonisolated let connection: NamespaceConnection
    nonisolated let tokens: (any TokenProvider)?
    nonisolated let clock: WallClock
    nonisolated let logger: Logger

    /// A namespace; nothing is connected yet.
    /// - Parameter tokens: who signs tokens; nil for an endpoint that asks for none.
    public init(_ configuration: Configuration, tokens: (any TokenProvider)?, clock: WallClock = .system, logger: Logger) {
        self.configuration = configuration
        self.tokens = tokens
        self.clock = clock
        self.logger = logger
        connection = NamespaceConnection(configuration, purpose: .general, tokens: tokens, clock: clock, logger: logger)
    }

    /// The same namespace by a connection of its own, which is opened when it is first needed.
    package nonisolated func apart() -> Namespace { Namespace(configuration, tokens: tokens, clock: clock, logger: logger) }

    /// Closes the links that were opened to look at messages, but for those to some entities: for who goes through many. What others are
    /// asking by them fails.
    package func closeManagementLinks(except kept: Set<EntityPath>) async { await connection.closeManagementLinks(except: kept) }

    /// Has the next look into an entity show a new token, after roles have changed. Receivers and senders that are open keep what they have.
    package func renewRights(of path: EntityPath) async { await connection.renewRights(of: path) }

    /// Closes the connection for good: what is asked afterwards fails.
    public func close() async { await connection.close() }

    // MARK: Looking

    /// One page of messages from a sequence number on. Nothing is locked and nobody is disturbed.
    /// - Parameters:
    ///   - path: the entity and sub-queue.
    ///   - from: the lowest sequence number wanted.
    ///   - count: how many to ask for; the service may give fewer though more exist. Only an empty page means that there are no more.
    ///   - headersOnly: leave the bodies out (`omit-message-body`, undocumented; .NET and JavaScript send it too).
    ///   - sessionID: only messages of this session.
    /// - Throws: ``ServiceBusError``.
    public func peek(
        _ path: EntityPath, from: SequenceNumber, count: Int, headersOnly: Bool = false, sessionID: String? = nil
    ) async throws(ServiceBusError) -> [PeekedMessage] {
        let request = ManagementRequest(
            "peek-message", isRepeatable: true,
            [
                "from-sequence-number": .long(from.rawValue), "message-count": .int(Int32(clamping: count)),
                "omit-message-body": headersOnly ? .boolean(true) : nil, "session-id": sessionID.map { .string($0) },
            ])
        guard let answer = try await connection.performIfAny(request, on: path) else { return [] }
        return try PeekPage.messages(of: answer.message, entity: path)
    }
}
