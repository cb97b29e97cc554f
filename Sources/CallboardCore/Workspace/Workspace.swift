package import Backstage
public import ServiceBus

/// One open context: its catalogue and its namespace. The console and the commands both stand on it.
///
/// Opening one connects to nothing; the first question that needs the namespace does. Every call may be cancelled by cancelling its task.
public actor Workspace {
    /// Where we are, and as whom.
    public nonisolated let title: ContextTitle
    let context: OperatorContext
    /// Who acts here.
    nonisolated let acting: ActingIdentity
    /// Whether the configuration says that nothing may be changed.
    nonisolated let isFixedReadOnly: Bool
    let gateway: MaskingGateway
    /// Who can be asked who has access; nil where nobody signs in.
    nonisolated let accessSource: (any AccessSource)?
    private let now: @Sendable () -> Timestamp
    private let catalogue: CatalogueKeeper
    /// What the counts were, since this was opened.
    private var history = CountHistory()
    private var oldest = OldestMessages()
    /// The last listing that came, for the board to be made again from.
    private var listing: EntityListing?
    private var loadedSchema: ProtobufSchema?

    /// Opens a context on a namespace.
    /// - Parameters:
    ///   - guardrails: what says whether bodies may be looked at; nil: they may.
    ///   - acting: who acts here.
    ///   - backend: the Backstage that the catalogue is asked of, besides the context's files.
    ///   - access: who is asked who has access; nil where nobody signs in.
    ///   - now: the clock, injected for tests.
    package init(
        context: OperatorContext, gateway: any NamespaceGateway, guardrails: Guardrails? = nil, acting: ActingIdentity = .local,
        backend: CatalogueSource.Backend? = nil, access: (any AccessSource)? = nil,
        now: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        let endpoint = gateway.endpoint
        let masker = context.masker
        title = ContextTitle(
            name: context.name, endpoint: endpoint.host, environment: context.environment, isProduction: context.isProduction,
            mode: context.effectiveMode(isEmulator: endpoint.isEmulator), identity: endpoint.identity, isEmulator: endpoint.isEmulator,
            isMasking: masker != nil, signsIn: access != nil)
        self.context = context
        self.acting = acting
        isFixedReadOnly = context.mode == .readOnly
        self.gateway = MaskingGateway(gateway, masker, guardrails: guardrails)
        self.now = now
        accessSource = access
        // Ids of Azure name the host at Azure, whichever way it is reached.
        let (rules, environment, host) = (context.bindingRules, context.environment, context.serviceHost ?? endpoint.host)
        // The demo brings its catalogue in memory.
        let text = context.catalogueText.map { (Array($0.utf8), context.name) }
        catalogue = CatalogueKeeper(CatalogueSource(paths: text == nil ? context.cataloguePaths : [], backend: backend), now: now) {
            let catalogue = text.map { CatalogueLoader.load(bytes: $0.0, file: $0.1) } ?? $0
            return LoadedEstate(catalogue: catalogue, rules: rules, host: host, environment: environment)
        }
    }

    /// What decodes the bodies of messages here, with the Protobuf messages that the context names.
    ///
    /// - Throws: ``OperatorError`` when the descriptor set cannot be read.
    public var bodyDecoder: BodyDecoder {
        get throws(OperatorError) {
            guard let path = context.descriptorSet else { return BodyDecoder() }
            if loadedSchema == nil { loadedSchema = try ProtobufSchema(file: path) }
            return BodyDecoder(schema: loadedSchema)
        }
    }

    /// What the organisation runs, by its catalogue: the files, read once until ``reloadEstate()``, and the Backstage of the context, of which
    /// what was kept is shown while it is asked anew. Only a Backstage that was never heard is waited for.
    public func estate() async -> Estate { await catalogue.current().estate }

    /// Waits until the Backstage of the context was asked, where what was kept of it is not current.
    public func catalogueAsked() async { await catalogue.asked() }

    /// Reads the catalogue's files again, and asks Backstage.
    public func reloadEstate() async -> Estate { await catalogue.reloaded().estate }

    /// Asks Azure who has access to the namespace, and the catalogue who should. Nothing is changed, and no key is asked for.
    /// - Parameter progress: called with each part that has been read, or cannot be.
    /// - Throws: ``OperatorError`` of kind usage where the context signs in to nothing; when nobody is signed in, Azure cannot be reached, or the
    ///   task was cancelled. What is not permitted is part of the picture.
    public nonisolated func accessSurvey(progress: @escaping @Sendable (AccessPart) -> Void) async throws(OperatorError) -> AccessSurvey {
        guard let accessSource else {
            throw OperatorError(
                .usage, "'\(title.name)' does not sign in to Azure, which alone knows who has access.",
                hint: "Give the context its 'namespace' and 'sign-in' in place of a connection string: docs/identity.md.")
        }
        return try await accessSource.accessSurvey(progress: progress)
    }

    /// Every queue, topic and subscription with its counts, in order of path.
    /// - Parameter first: called once with the first of them, as soon as they are there: a large namespace takes many calls.
    public func entities(first: (@Sendable (EntityListing) -> Void)? = nil) async throws(OperatorError) -> EntityListing {
        let now = now
        var told: (@Sendable ([EntityDescription]) -> Void)?
        if let first {
            told = { page in
                first(EntityListing(entities: page.sorted { $0.path < $1.path }, asOf: page.first?.asOf(now()) ?? now()))
            }
        }
        let entities = try await gateway.entities(first: told)
        let asOf = entities.first?.asOf(now()) ?? now()
        return EntityListing(entities: entities.sorted { $0.path < $1.path }, asOf: asOf)
    }

    /// The board: every service, worst first. Where the entities cannot be listed, its figures say why.
    public func board() async -> Board { await overview().board }

    /// The board and the entities it was made from, of one answer of the service. Each is a sample of how counts go.
    /// - Parameters:
    ///   - first: called once with the first entities, as soon as they are there.
    ///   - outline: called with the services alone, before anybody else is asked, where the catalogue is there at once.
    public func overview(
        first: (@Sendable (EntityListing) -> Void)? = nil, outline: (@Sendable (Board) -> Void)? = nil
    ) async -> (board: Board, entities: Result<EntityListing, OperatorError>) {
        if let outline, let kept = await catalogue.kept(), !kept.isEmpty { outline(kept.outline) }
        // What came of asking the catalogue anew while the entities were listed is part of the board.
        _ = await loaded()
        let listing: Result<EntityListing, OperatorError>
        do throws(OperatorError) { listing = .success(try await entities(first: first)) } catch { listing = .failure(error) }
        let loaded = await loaded()
        if case .success(let entities) = listing {
            history.record(entities)
            self.listing = entities
        }
        return (loaded.board(listing, history: history, oldest: oldest), listing)
    }

    /// The namespace's allowance of credits a second, where the configuration names one.
    var creditsPerSecond: Int? { context.creditsPerSecond }

    /// What the injected clock shows.
    var currentTime: Timestamp { now() }

    /// What the counts were in the overviews so far.
    public var countHistory: CountHistory { history }

    /// Looks for the oldest messages of queues that have some, a few at a time, without locking them, and makes the board again of the last
    /// listing. What was looked at lately is not looked at again. nil when there was nothing to look at.
    public func overviewWithAges() async -> (board: Board, entities: EntityListing)? {
        guard let listing else { return nil }
        let due = oldest.due(in: listing, now: now())
        guard !due.isEmpty else { return nil }
        let gateway = gateway
        await withTaskGroup(of: (OldestMessages.Candidate, Result<[PeekedMessage], OperatorError>).self) { group in
            var waiting = due.makeIterator()
            func startNext() {
                guard let candidate = waiting.next() else { return }
                group.addTask {
                    do throws(OperatorError) {
                        // A peek costs a credit a message.
                        try await gateway.waitForBudget(credits: OldestMessages.messagesLookedAt)
                        return (
                            candidate,
                            .success(
                                try await gateway.peekPage(
                                    candidate.path, from: SequenceNumber(0), count: OldestMessages.messagesLookedAt,
                                    options: PeekOptions(headersOnly: true)))
                        )
                    } catch { return (candidate, .failure(error)) }
                }
            }
            for _ in 0..<Self.peeksAtOnce { startNext() }
            while let (candidate, found) = await group.next() {
                if case .failure(let error) = found, error.code == .cancelled { continue }
                oldest.note(found, of: candidate, now: now())
                if !Task.isCancelled { startNext() }
            }
        }
        let latest = self.listing ?? listing
        return (await loaded().board(.success(latest), history: history, oldest: oldest), latest)
    }

    /// How many queues are looked at side by side.
    private static let peeksAtOnce = 4

    /// One entity's settings and counts.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/notFound`` when there is none.
    public func entity(_ path: EntityPath) async throws(OperatorError) -> EntityDescription {
        try await gateway.entity(path.entity)
    }

    /// A topic's subscriptions with settings and counts, in the order of their names.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/notFound`` when there is no such topic.
    public func subscriptions(of topic: EntityPath) async throws(OperatorError) -> [EntityDescription] {
        try await gateway.subscriptions(of: topic.entity).sorted { $0.path < $1.path }
    }

    /// Up to `count` messages from a sequence number on (nil: from the first), without locking them.
    ///
    /// Fewer come only when there are no more.
    public func peek(
        _ path: EntityPath, from: SequenceNumber? = nil, count: Int = 100, options: PeekOptions = PeekOptions()
    ) async throws(OperatorError) -> [PeekedMessage] {
        var messages: [PeekedMessage] = []
        var next = from ?? SequenceNumber(0)
        while messages.count < count {
            let page = try await gateway.peekPage(path, from: next, count: min(count - messages.count, Self.pageSize), options: options)
            guard let last = page.last else { break }
            messages.append(contentsOf: page.prefix(count - messages.count))
            // A page that does not go on would be asked for again for ever.
            guard let following = last.sequenceNumber.next, following > next else { break }
            next = following
        }
        return messages
    }

    /// The largest page one peek asks for; the service gives 250 at most.
    static let pageSize = 250

    /// All messages from a sequence number on (nil: from the first), page by page at the speed of the link.
    /// - Parameter limit: end after this many messages; nil for no limit.
    public nonisolated func scan(
        _ path: EntityPath, from: SequenceNumber? = nil, options: PeekOptions = PeekOptions(headersOnly: true), limit: Int? = nil
    ) -> MessageScan {
        MessageScan(source: gateway.scan(path, from: from ?? SequenceNumber(0), options: options), limit: limit)
    }

    /// Where the messages that there are now lie: from the first to the newest, in each partition; none when there is no message. A scan of
    /// these ranges ends, however many messages come meanwhile.
    public func extent(of path: EntityPath) async throws(OperatorError) -> [ClosedRange<SequenceNumber>] {
        try await gateway.extent(of: path)
    }

    /// Sends messages in order; returns when the service has accepted them all.
    /// - Throws: ``OperatorError``; ``OperatorError/Code/partlyDone`` when some were sent or may have been. ``OperatorError/shortfall`` says which
    ///   were not.
    public func send(_ messages: [OutgoingMessage], to path: EntityPath, with permission: ChangePermission) async throws(OperatorError) {
        try check(permission, .sendMessage, on: path)
        guard path.subQueue == .active, path.kind == .queueOrTopic else {
            throw OperatorError(
                .usage, "\(path.displayName) takes no messages: only queues and topics do.",
                hint: "Send to \(path.topic?.displayName ?? path.entity.displayName) instead.", entity: path)
        }
        try await gateway.send(messages, to: path)
    }

    /// Has the next look into an entity show a new token. Called when a role of whoever is signed in has come or gone: what an open link may do was
    /// settled when it was opened.
    public nonisolated func renewRights(of path: EntityPath) async { await gateway.renewRights(of: path) }

    /// Closes every connection.
    public func close() async { await gateway.close() }

    private func loaded() async -> LoadedEstate { await catalogue.current() }
}
