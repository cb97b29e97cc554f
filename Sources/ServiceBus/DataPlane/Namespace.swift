internal import AMQP
internal import AMQPTransport
public import Identity
public import Logging
internal import NIOCore

/// The data plane of one namespace: one AMQP connection, opened when first needed and again after it was lost.
///
/// Looking never locks and never raises a delivery count: it goes through `$management` only.
public actor Namespace {
    /// How to connect.
    public struct Configuration: Sendable {
        /// Where the namespace is.
        public var endpoint: MessagingEndpoint
        /// PEM file of certificate authorities to trust instead of the system's.
        public var caFile: String?
        /// How long connecting may take.
        public var connectTimeout: Duration = .seconds(4)
        /// How long the service may take to answer a request.
        public var requestTimeout: Duration = .seconds(30)

        /// Creates a configuration.
        public init(endpoint: MessagingEndpoint, caFile: String? = nil) {
            self.endpoint = endpoint
            self.caFile = caFile
        }
    }

    private let configuration: Configuration
    private let tokens: (any TokenProvider)?
    private let clock: WallClock
    private let logger: Logger
    private var connection: Task<Connected, any Error>?
    /// Counts connections, so that the loss of an old one does not end a new one.
    private var generation = 0
    private var authorised: [EntityPath: Task<WallTime, any Error>] = [:]
    private var managementLinks: [EntityPath: Task<RequestLink, any Error>] = [:]
    private var senders: [EntityPath: Task<AMQPSender, any Error>] = [:]

    private struct Connected: Sendable {
        var generation: Int
        var connection: AMQPConnection
        var cbs: RequestLink?
    }

    /// A namespace; nothing is connected yet.
    /// - Parameter tokens: who signs tokens; nil for an endpoint that asks for none.
    public init(_ configuration: Configuration, tokens: (any TokenProvider)?, clock: WallClock = .system, logger: Logger) {
        self.configuration = configuration
        self.tokens = tokens
        self.clock = clock
        self.logger = logger
    }

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
        var arguments = AMQPMap([
            .init(key: .string("from-sequence-number"), value: .long(from.rawValue)),
            .init(key: .string("message-count"), value: .int(Int32(clamping: count))),
        ])
        if headersOnly { arguments.pairs.append(.init(key: .string("omit-message-body"), value: .boolean(true))) }
        if let sessionID { arguments.pairs.append(.init(key: .string("session-id"), value: .string(sessionID))) }
        let answer = try await request(path, "com.microsoft:peek-message", arguments)
        guard let answer else { return [] }
        return try PeekPage.messages(of: answer, entity: path)
    }

    /// All messages of an entity from a sequence number on, page by page, several pages under way at once.
    public nonisolated func browser(
        for path: EntityPath, from: SequenceNumber = SequenceNumber(0), headersOnly: Bool = false, sessionID: String? = nil
    ) -> MessageBrowser {
        MessageBrowser(namespace: self, path: path, from: from, headersOnly: headersOnly, sessionID: sessionID)
    }

    // MARK: Sending

    /// Sends messages in order and waits until the service has accepted each.
    /// - Throws: ``ServiceBusError`` for the first that was not accepted; earlier ones were.
    public func send(_ messages: [OutgoingMessage], to path: EntityPath) async throws(ServiceBusError) {
        try await naming(path) { () async throws -> Void in
            let sender = try await self.sender(for: path)
            for outcome in try await sender.send(messages.map { OutboundMessage($0.encoded()) }) {
                switch try outcome.get() {
                case .accepted: continue
                case let state: throw TransportError.outcome(state)
                }
            }
        }
    }

    private func sender(for path: EntityPath) async throws -> AMQPSender {
        let connected = try await authorisedConnection(path)
        if let existing = senders[path] { return try await existing.value }
        let task = Task {
            try await connected.connection.openSender(SenderOptions(name: "callboard-\(UUIDBytes.random())", address: path.address))
        }
        senders[path] = task
        do { return try await task.value } catch {
            senders[path] = nil
            throw error
        }
    }

    // MARK: Requests

    /// Sends a request to an entity's `$management` node.
    /// - Returns: the answer's body; nil for "no content".
    func request(_ path: EntityPath, _ operation: String, _ arguments: AMQPMap) async throws(ServiceBusError) -> Message? {
        var content = MessageContent(body: .value(.map(arguments)))
        let timeout = configuration.requestTimeout
        content.applicationProperties = AMQPMap([
            .init(key: .string("operation"), value: .string(operation)),
            .init(key: .string("com.microsoft:server-timeout"), value: .uint(UInt32(clamping: timeout.components.seconds * 1000))),
        ])
        let request = content
        let answer = try await naming(path) { () async throws -> Message in
            let link = try await self.managementLink(path)
            return try await link.request(request, timeout: timeout)
        }
        let properties = answer.applicationProperties ?? AMQPMap()
        let status = properties["statusCode"]?.integer ?? properties["status-code"]?.integer ?? 0
        switch status {
        case 200..<204, 205..<300: return answer
        case 204: return nil
        default:
            let condition = properties["errorCondition"]?.text ?? properties["error-condition"]?.text
            // An entity that exists and holds no such message is an empty answer, not an error.
            if status == 404, condition == "com.microsoft:message-not-found" { return nil }
            let text = properties["statusDescription"]?.text ?? properties["status-description"]?.text ?? "status \(status)"
            throw ServiceBusError(condition: condition, text: text, status: status, path)
        }
    }

    private func managementLink(_ path: EntityPath) async throws -> RequestLink {
        let connected = try await authorisedConnection(path)
        if let existing = managementLinks[path] { return try await existing.value }
        let node = path.address + "/$management"
        let replyTo = "callboard-\(UUIDBytes.random())"
        let task = Task { try await connected.connection.openRequestLink(to: node, replyTo: replyTo, name: replyTo) }
        managementLinks[path] = task
        do { return try await task.value } catch {
            managementLinks[path] = nil
            throw error
        }
    }

    // MARK: Connection and tokens

    /// Runs an operation, naming its failure. A lost connection is not tried again here: what was under way on it has an unknown outcome,
    /// and only the caller knows whether asking again is harmless. The next operation opens a new one.
    private func naming<T: Sendable>(
        _ path: EntityPath, _ operation: @Sendable () async throws -> T
    ) async throws(ServiceBusError) -> T {
        do {
            return try await operation()
        } catch {
            let failure = ServiceBusError(error, entity: path)
            forget(after: failure, path)
            throw failure
        }
    }

    /// A link that failed is opened anew next time.
    private func forget(after failure: ServiceBusError, _ path: EntityPath) {
        switch failure.code {
        case .cancelled, .invalidRequest, .quotaExceeded: break
        case .unreachable where failure.condition == nil: disconnect()
        case .protocolMismatch: disconnect()
        default:
            managementLinks[path] = nil
            senders[path] = nil
        }
    }

    private func disconnect() {
        if let old = connection {
            Task { if let connected = try? await old.value { await connected.connection.close() } }
        }
        connection = nil
        authorised = [:]
        managementLinks = [:]
        senders = [:]
    }

    private func connected() async throws -> Connected {
        if let connection {
            let existing = try await connection.value
            if await existing.connection.failure == nil { return existing }
            // It was lost while nobody used it.
            if existing.generation == generation { disconnect() }
            return try await connected()
        }
        generation += 1
        let (configuration, number, needsTokens) = (configuration, generation, tokens != nil)
        logger.debug("connecting", metadata: ["endpoint": "\(configuration.endpoint)"])
        let task = Task<Connected, any Error> {
            var settings = ConnectionConfiguration(containerID: "callboard-\(UUIDBytes.random())")
            settings.connectTimeout = configuration.connectTimeout
            settings.attachTimeout = configuration.requestTimeout
            settings.properties = AMQPMap([
                .init(key: .symbol("product"), value: .string("callboard")), .init(key: .symbol("platform"), value: .string("Swift")),
            ])
            let endpoint = Endpoint(
                host: configuration.endpoint.host, port: configuration.endpoint.port,
                security: configuration.endpoint.isSecure ? .tls(caFile: configuration.caFile) : .plain)
            let connection = try await AMQPConnection.connect(to: endpoint, configuration: settings)
            let cbs = needsTokens ? try await connection.openRequestLink(to: "$cbs", replyTo: "$cbs", name: "cbs") : nil
            return Connected(generation: number, connection: connection, cbs: cbs)
        }
        connection = task
        do { return try await task.value } catch {
            if generation == number { connection = nil }
            throw error
        }
    }

    /// The connection, with a token for the entity that lives on for a while: renewed when a tenth of its life, or two minutes, is left.
    private func authorisedConnection(_ path: EntityPath) async throws -> Connected {
        let connected = try await connected()
        guard let tokens, let cbs = connected.cbs else { return connected }
        let entity = path.entity
        if let existing = authorised[entity] {
            let until = try await existing.value
            if clock.now.advanced(by: .seconds(120)) < until { return connected }
        }
        let audience = audience(entity)
        let timeout = configuration.requestTimeout
        let task = Task<WallTime, any Error> {
            let token = try await tokens.token(for: audience)
            try await Self.putToken(token, audience: audience, on: cbs, timeout: timeout, entity: entity)
            return token.expiresAt
        }
        authorised[entity] = task
        do {
            _ = try await task.value
            return connected
        } catch {
            authorised[entity] = nil
            throw error
        }
    }

    private func audience(_ path: EntityPath) -> String {
        let endpoint = configuration.endpoint
        // The emulator's audiences carry its port; the service's do not.
        return "sb://\(endpoint.isSecure ? endpoint.host : endpoint.description)/\(path.address)"
    }

    /// Claims-based security: hands a token to the service (Microsoft's AMQP protocol guide, "put-token").
    private static func putToken(
        _ token: AccessToken, audience: String, on cbs: RequestLink, timeout: Duration, entity: EntityPath
    ) async throws {
        var content = token.secret.withRevealedText { MessageContent(body: .value(.string($0))) }
        content.applicationProperties = AMQPMap([
            .init(key: .string("operation"), value: .string("put-token")),
            .init(key: .string("type"), value: .string(token.cbsTokenType)),
            .init(key: .string("name"), value: .string(audience)),
            .init(
                key: .string("expiration"),
                value: .timestamp(token.expiresAt.secondsSince1970.multipliedReportingOverflow(by: 1000).partialValue)),
        ])
        let answer = try await cbs.request(content, timeout: timeout)
        let properties = answer.applicationProperties ?? AMQPMap()
        let status = properties["status-code"]?.integer ?? properties["statusCode"]?.integer ?? 0
        guard !(200..<300).contains(status) else { return }
        let text = properties["status-description"]?.text ?? properties["statusDescription"]?.text ?? "status \(status)"
        let condition = properties["error-condition"]?.text ?? properties["errorCondition"]?.text
        throw ServiceBusError(condition: condition, text: text, status: status, entity)
    }

    /// Closes the connection.
    public func close() async {
        let old = connection
        connection = nil
        authorised = [:]
        managementLinks = [:]
        senders = [:]
        if let connected = try? await old?.value { await connected.connection.close() }
    }
}
