internal import AMQP
internal import AMQPTransport
internal import Identity
internal import Logging

/// The tokens of one connection: put where a link is to be attached, and again by timer for as long as links are held.
///
/// Claims-based security takes one token for each entity (Microsoft's AMQP protocol guide, "put-token").
actor TokenKeeper {
    private var cbs: RequestLink
    private let attach: @Sendable () async throws -> RequestLink
    /// A new pair of links that is being attached in place of ``cbs``.
    private var attaching: Task<RequestLink, any Error>?
    private let endpoint: MessagingEndpoint
    private let tokens: any TokenProvider
    private let clock: WallClock
    private let pacing: Pacing
    private let timeout: Duration
    private let logger: Logger
    /// Puts that were made or are under way; each gives the moment from which its token is to be renewed.
    private var puts: [EntityPath: Task<WallTime, any Error>] = [:]
    private var renewals: [EntityPath: Task<Void, Never>] = [:]
    private var links: [EntityPath: Int] = [:]
    private var isStopped = false

    /// - Parameter attach: attaches a pair of links to the connection's `$cbs` node: at once, and again after the service detached it, as it
    ///   does with one that is idle.
    init(
        attach: @escaping @Sendable () async throws -> RequestLink, endpoint: MessagingEndpoint, tokens: any TokenProvider,
        clock: WallClock, pacing: Pacing, timeout: Duration, logger: Logger
    ) async throws {
        self.attach = attach
        cbs = try await attach()
        self.endpoint = endpoint
        self.tokens = tokens
        self.clock = clock
        self.pacing = pacing
        self.timeout = timeout
        self.logger = logger
    }

    /// Makes sure that the service has a token for an entity which lives on for a while.
    func authorise(_ path: EntityPath) async throws {
        let entity = path.entity
        if let put = puts[entity], let renewal = try? await put.value, clock.now < renewal { return }
        try await put(entity)
    }

    /// A link to the entity was attached: its token is renewed from now on.
    func hold(_ path: EntityPath) async {
        let entity = path.entity
        links[entity, default: 0] += 1
        // The renewal ended with the last link before this one, and its token was good enough to put no other.
        guard renewals[entity] == nil, let put = puts[entity], let time = try? await put.value, puts[entity] == put,
            renewals[entity] == nil, links[entity] != nil
        else { return }
        renewLater(entity, at: time)
    }

    /// A link to the entity is gone.
    func release(_ path: EntityPath) {
        let entity = path.entity
        guard let count = links[entity] else { return }
        links[entity] = count > 1 ? count - 1 : nil
        if count <= 1 { renewals.removeValue(forKey: entity)?.cancel() }
    }

    /// The service no longer takes the entity's token: the next link needs a new one.
    func forget(_ path: EntityPath) { puts[path.entity] = nil }

    /// The connection is over.
    func stop() {
        isStopped = true
        for renewal in renewals.values { renewal.cancel() }
        renewals = [:]
    }

    private func put(_ entity: EntityPath) async throws {
        let audience = Self.audience(entity, at: endpoint)
        let task = Task<WallTime, any Error> {
            let token = try await tokens.token(for: audience)
            let taken = clock.now
            let link = try await openLink()
            do { try await put(token, audience: audience, on: link, entity: entity) } catch TransportError.link {
                // The links were lost under it. Putting a token twice does no harm.
                try await put(token, audience: audience, on: openLink(insteadOf: link), entity: entity)
            }
            return Self.renewal(of: token, takenAt: taken)
        }
        puts[entity] = task
        do {
            renewLater(entity, at: try await task.value)
        } catch {
            if puts[entity] == task { puts[entity] = nil }
            throw error
        }
    }

    /// The links to put tokens on.
    /// - Parameter lost: links that were found to be dead.
    private func openLink(insteadOf lost: RequestLink? = nil) async throws -> RequestLink {
        if let attaching { return try await attaching.value }
        if cbs.isOpen, cbs !== lost { return cbs }
        let task = Task { [attach, cbs] in
            // One of the two may live on, and would get the answers.
            await cbs.close()
            return try await attach()
        }
        attaching = task
        defer { attaching = nil }
        cbs = try await task.value
        return cbs
    }

    /// When a token is to be replaced: when a tenth of its life, but at least two minutes, is left; a short-lived one after half its life.
    static func renewal(of token: AccessToken, takenAt now: WallTime) -> WallTime {
        let (life, overflow) = token.expiresAt.secondsSince1970.subtractingReportingOverflow(now.secondsSince1970)
        guard !overflow, life > 0 else { return now }
        return token.expiresAt.advanced(by: .seconds(-min(max(life / 10, 120), life / 2)))
    }

    private func renewLater(_ entity: EntityPath, at time: WallTime) {
        renewals.removeValue(forKey: entity)?.cancel()
        let (seconds, overflow) = time.secondsSince1970.subtractingReportingOverflow(clock.now.secondsSince1970)
        // A token that lives for ever, as good as.
        guard !isStopped, !overflow, seconds < 365 * 86_400 else { return }
        renewals[entity] = Task { [weak self, pacing] in
            guard (try? await pacing.sleep(.seconds(max(1, seconds)))) != nil else { return }
            await self?.renew(entity)
        }
    }

    private func renew(_ entity: EntityPath) async {
        renewals[entity] = nil
        // Nobody uses it: whoever attaches a link next asks for a new one.
        guard links[entity] != nil else { return }
        do {
            try await put(entity)
            logger.debug("token renewed", metadata: ["entity": "\(entity)"])
        } catch {
            logger.warning("token not renewed", metadata: ["entity": "\(entity)", "error": "\(error)"])
            renewLater(entity, at: clock.now.advanced(by: .seconds(15)))
        }
    }

    private static func audience(_ path: EntityPath, at endpoint: MessagingEndpoint) -> String {
        // The emulator's audiences carry its port; the service's do not.
        "sb://\(endpoint.isSecure ? endpoint.host : endpoint.description)/\(path.address)"
    }

    private func put(_ token: AccessToken, audience: String, on link: RequestLink, entity: EntityPath) async throws {
        var content = token.secret.withRevealedText { MessageContent(body: .value(.string($0))) }
        content.applicationProperties = AMQPMap([
            .init(key: .string("operation"), value: .string("put-token")),
            .init(key: .string("type"), value: .string(token.cbsTokenType)),
            .init(key: .string("name"), value: .string(audience)),
            .init(
                key: .string("expiration"),
                value: .timestamp(token.expiresAt.secondsSince1970.multipliedReportingOverflow(by: 1000).partialValue)),
        ])
        let answer = ManagementAnswer(try await link.request(content, timeout: timeout), from: entity, isRepeatable: true)
        if let failure = answer.failure { throw failure }
    }
}
