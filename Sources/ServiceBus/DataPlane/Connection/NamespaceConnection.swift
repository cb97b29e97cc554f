internal import AMQP
internal import AMQPTransport
internal import Identity
internal import Logging
internal import NIOCore

/// One AMQP connection to a namespace and the links on it that are shared: opened when first needed, and again after they were lost.
///
/// Opening is all it does by itself. What was under way on a link or connection that is lost fails, and whether it is asked again is its
/// caller's decision.
actor NamespaceConnection {
    /// What a connection is for.
    enum Purpose: Hashable, Sendable {
        /// Everything but transactions. Opened again after it was lost.
        case general
        /// Transactions: the coordinator's link is attached before any other, and once lost it is not opened again, since what was held
        /// on it is gone (reference: .NET's `AmqpConnectionScope`).
        case transactions
    }

    private struct Open: Sendable {
        var generation: Int
        var connection: AMQPConnection
        var tokens: TokenKeeper?
        var coordinator: AMQPSender?
    }

    private struct SenderKey: Hashable {
        var path: EntityPath
        var destination: EntityPath?
    }

    let configuration: Namespace.Configuration
    private let purpose: Purpose
    private let tokens: (any TokenProvider)?
    private let clock: WallClock
    private let logger: Logger
    private var opening: Task<Open, any Error>?
    private var isClosed = false
    /// Counts connections, so that the loss of an old one does not end a new one.
    private var generation = 0
    private var managementLinks: [EntityPath: Task<RequestLink, any Error>] = [:]
    private var senders: [SenderKey: Task<AMQPSender, any Error>] = [:]

    init(
        _ configuration: Namespace.Configuration, purpose: Purpose, tokens: (any TokenProvider)?, clock: WallClock, logger: Logger
    ) {
        self.configuration = configuration
        self.purpose = purpose
        self.tokens = tokens
        self.clock = clock
        self.logger = logger
    }

    // MARK: Links

    /// The link to send on.
    /// - Parameter destination: the entity that what is sent by way of `path` is for in the end ("send via").
    func sender(for path: EntityPath, destination: EntityPath? = nil) async throws -> AMQPSender {
        let open = try await authorised(path)
        if let destination { try await open.tokens?.authorise(destination) }
        let key = SenderKey(path: path, destination: destination)
        if let existing = senders[key] {
            let sender = try await existing.value
            if sender.isOpen { return sender }
            if senders[key] == existing { await forgetSender(key, open) }
            return try await self.sender(for: path, destination: destination)
        }
        let task = Task {
            var options = SenderOptions(name: Self.linkName(), address: path.address)
            if let destination {
                options.properties = AMQPMap([
                    .init(key: .symbol("com.microsoft:transfer-destination-address"), value: .string(destination.address))
                ])
            }
            return try await open.connection.openSender(options)
        }
        senders[key] = task
        do {
            let sender = try await task.value
            await open.tokens?.hold(path)
            return sender
        } catch {
            if senders[key] == task { senders[key] = nil }
            throw error
        }
    }

    /// The pair of links to an entity's `$management` node.
    func managementLink(for path: EntityPath) async throws -> RequestLink {
        let open = try await authorised(path)
        if let existing = managementLinks[path] {
            let link = try await existing.value
            if link.isOpen { return link }
            if managementLinks[path] == existing { await forgetManagementLink(path, open) }
            return try await managementLink(for: path)
        }
        let name = Self.linkName()
        let task = Task {
            try await open.connection.openRequestLink(to: path.address + "/$management", replyTo: name, name: name)
        }
        managementLinks[path] = task
        do {
            let link = try await task.value
            await open.tokens?.hold(path)
            return link
        } catch {
            if managementLinks[path] == task { managementLinks[path] = nil }
            throw error
        }
    }

    /// Opens a link to receive on, which is its caller's alone. Followed by ``receiverClosed(_:_:)``.
    func openReceiver(_ path: EntityPath, _ options: ReceiverOptions) async throws -> AMQPReceiver {
        let open = try await authorised(path)
        let receiver = try await open.connection.openReceiver(options)
        await open.tokens?.hold(path)
        return receiver
    }

    /// A receiver's link is gone. What an earlier connection held is gone with that: it is not this one's to let go of.
    func receiverClosed(_ receiver: AMQPReceiver, _ path: EntityPath) async {
        guard let open = try? await opening?.value, receiver.isOn(open.connection) else { return }
        await open.tokens?.release(path)
    }

    /// The link to the transaction coordinator.
    func coordinator() async throws -> AMQPSender {
        guard let coordinator = try await connected().coordinator else {
            throw TransportError.system("this connection has no transaction coordinator")
        }
        return coordinator
    }

    static func linkName() -> String { "callboard-\(UUIDBytes.random())" }

    // MARK: Recovery

    /// Lets go of what a failure has made useless, so that the next use opens it anew.
    ///
    /// A link or connection that is gone is noticed when it is used next, and only then: others may have opened a new one meanwhile, with
    /// requests of theirs under way on it.
    func recover(from failure: ServiceBusError, _ path: EntityPath) async {
        if failure.code == .notPermitted, let open = try? await opening?.value {
            // What a token allows was settled when it was put: rights that come later take a new one, and a link that knows it.
            await open.tokens?.forget(path)
            retireManagementLink(path, open)
            return
        }
        guard failure.recovery == .link, let open = try? await opening?.value else { return }
        guard failure.code == .timeout, failure.condition == nil else {
            // Detached because a token ran out, perhaps: the next link brings a new one.
            await open.tokens?.forget(path)
            return
        }
        // Nobody can tell whether the link is dead or the service slow. It is not used any more, and closed when what is still under way
        // on it has had its time.
        for key in senders.keys where key.path == path { retireSender(key, open) }
        retireManagementLink(path, open)
    }

    private func forgetSender(_ key: SenderKey, _ open: Open) async {
        guard senders.removeValue(forKey: key) != nil else { return }
        await open.tokens?.release(key.path)
    }

    private func retireSender(_ key: SenderKey, _ open: Open) {
        guard let task = senders.removeValue(forKey: key) else { return }
        Task { [configuration] in
            guard let sender = try? await task.value else { return }
            await open.tokens?.release(key.path)
            try? await configuration.pacing.sleep(configuration.requestTimeout)
            await sender.close()
        }
    }

    private func forgetManagementLink(_ path: EntityPath, _ open: Open) async {
        guard managementLinks.removeValue(forKey: path) != nil else { return }
        await open.tokens?.release(path)
    }

    private func retireManagementLink(_ path: EntityPath, _ open: Open) {
        guard let task = managementLinks.removeValue(forKey: path) else { return }
        Task { [configuration] in
            guard let link = try? await task.value else { return }
            await open.tokens?.release(path)
            try? await configuration.pacing.sleep(configuration.requestTimeout)
            await link.close()
        }
    }

    /// Closes the links to `$management` nodes, but for those of some entities.
    func closeManagementLinks(except kept: Set<EntityPath>) async {
        let closing = managementLinks.filter { !kept.contains($0.key) }
        for path in closing.keys { managementLinks[path] = nil }
        guard !closing.isEmpty, let open = try? await opening?.value else { return }
        for (path, task) in closing {
            guard let link = try? await task.value else { continue }
            await open.tokens?.release(path)
            await link.close()
        }
    }

    /// Has the next question about an entity show a new token, on a link of its own: what an open one may do was settled when its token was put.
    func renewRights(of path: EntityPath) async {
        await closeManagementLinks(except: Set(managementLinks.keys.filter { $0.entity != path.entity }))
        guard let open = try? await opening?.value else { return }
        await open.tokens?.forget(path)
    }

    private func disconnect() {
        let old = opening
        if purpose == .general { opening = nil }
        managementLinks = [:]
        senders = [:]
        Task {
            guard let open = try? await old?.value else { return }
            await open.tokens?.stop()
            await open.connection.close()
        }
    }

    /// Closes the connection for good. What is still asked of it fails: a question that was under way ahead of a reader who has left
    /// would open it again.
    func close() async {
        isClosed = true
        let old = opening
        opening = nil
        managementLinks = [:]
        senders = [:]
        guard let open = try? await old?.value else { return }
        await open.tokens?.stop()
        await open.connection.close()
    }

    // MARK: Connecting

    private func authorised(_ path: EntityPath) async throws -> Open {
        let open = try await connected()
        try await open.tokens?.authorise(path)
        return open
    }

    private func connected() async throws -> Open {
        guard !isClosed else { throw ServiceBusError(.unreachable, "the namespace was closed", entity: nil) }
        if let opening {
            let open = try await opening.value
            guard let failure = open.connection.failure else { return open }
            // It was lost while nobody used it.
            guard purpose == .general else { throw failure }
            if open.generation == generation, self.opening == opening { disconnect() }
            return try await connected()
        }
        generation += 1
        let number = generation
        logger.debug("connecting", metadata: ["endpoint": "\(configuration.endpoint)"])
        let task = Task<Open, any Error> { [configuration, purpose, tokens, clock, logger] in
            do {
                return try await Self.connect(configuration, purpose, tokens, clock, logger, generation: number)
            } catch {
                // Whoever cannot connect at all gets no further by trying at once again.
                var failure = ServiceBusError(error, entity: nil)
                failure.recovery = .fatal
                throw failure
            }
        }
        opening = task
        do { return try await task.value } catch {
            if generation == number { opening = nil }
            throw error
        }
    }

    private static func connect(
        _ configuration: Namespace.Configuration, _ purpose: Purpose, _ tokens: (any TokenProvider)?, _ clock: WallClock,
        _ logger: Logger, generation: Int
    ) async throws -> Open {
        var settings = ConnectionConfiguration(containerID: linkName())
        settings.connectTimeout = configuration.connectTimeout
        settings.attachTimeout = configuration.requestTimeout
        settings.idleTimeout = configuration.idleTimeout
        settings.properties = AMQPMap([
            .init(key: .symbol("product"), value: .string("callboard")), .init(key: .symbol("platform"), value: .string("Swift")),
        ])
        let connection = try await AMQPConnection.connect(to: configuration.transportEndpoint, configuration: settings)
        var open = Open(generation: generation, connection: connection)
        do {
            if let tokens {
                open.tokens = try await TokenKeeper(
                    attach: { try await connection.openRequestLink(to: "$cbs", replyTo: "$cbs", name: linkName()) },
                    endpoint: configuration.endpoint, tokens: tokens, clock: clock, pacing: configuration.pacing,
                    timeout: configuration.requestTimeout, logger: logger)
            }
            if purpose == .transactions {
                var options = SenderOptions(name: linkName(), address: "")
                options.target = .coordinator(capabilities: ["amqp:local-transactions", "amqp:multi-txns-per-ssn"])
                open.coordinator = try await connection.openSender(options)
            }
            return open
        } catch {
            await connection.close()
            throw error
        }
    }
}
