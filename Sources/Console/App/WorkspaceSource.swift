internal import CallboardCore
internal import ServiceBus
internal import Synchronization

/// Answers the console's requests from a workspace.
final class WorkspaceSource: ConsoleSource {
    private let connect: @Sendable () async throws -> Workspace
    private let themes: ThemeLibrary
    let now: @Sendable () -> Timestamp
    /// Whether a person said that changes are allowed.
    let allowsChanges: Bool
    /// The environment of the process: where ledger and journals are, and who acts.
    let environment: [String: String]
    /// Opens an address in a browser of this machine, where requests and decisions are signed; nil where none can be opened.
    let browser: (@Sendable (String) async -> Void)?
    private let workspace = Mutex<Workspace?>(nil)
    private let door = Mutex<Operator?>(nil)
    private let desk = Mutex<AccessDesk?>(nil)
    /// What the ledger says of break-glass, as far as it was read.
    let emergencyWatch = Mutex<BreakGlassWatch?>(nil)
    private let bench = JobBench()
    /// The entities on which somebody has roles of their own that end, as they were read last; nil before.
    let ownGrants = Mutex<Set<EntityPath>?>(nil)
    /// Whether all entities were listed once.
    private let hasListed = Mutex(false)

    init(
        themes: ThemeLibrary, allowsChanges: Bool = false, environment: [String: String] = [:],
        now: @escaping @Sendable () -> Timestamp, browser: (@Sendable (String) async -> Void)? = nil,
        connect: @escaping @Sendable () async throws -> Workspace
    ) {
        self.themes = themes
        self.allowsChanges = allowsChanges
        self.environment = environment
        self.now = now
        self.browser = browser
        self.connect = connect
    }

    func perform(_ request: Request, answer: @escaping @Sendable (Answer) -> Void) async throws(OperatorError) {
        switch request {
        case .connect:
            let workspace = try await opened()
            answer(.connected(workspace.title))
            answer(await changes(of: workspace))
        case .overview:
            let workspace = try await opened()
            // A large namespace takes many calls: with its first entities nobody looks at an empty screen.
            let isFirst = !hasListed.withLock { $0 }
            let glimpse: @Sendable (EntityListing) -> Void = { listing in if isFirst { answer(.glimpse(listing)) } }
            let outline: @Sendable (Board) -> Void = { board in if isFirst { answer(.outline(board)) } }
            let (board, listing) = await workspace.overview(first: glimpse, outline: outline)
            if case .success = listing { hasListed.withLock { $0 = true } }
            answer(.overview(Overview(board: board, entities: try? listing.get(), history: await workspace.countHistory)))
            if case .failure(let error) = listing { throw error }
            // What follows takes longer, and is worth less.
            if let (board, listing) = await workspace.overviewWithAges() {
                answer(.overview(Overview(board: board, entities: listing, history: await workspace.countHistory)))
            }
        case .access:
            let survey = try await opened().accessSurvey { answer(.accessPart($0)) }
            answer(.access(AccessSnapshot(survey)))
        case .inbox: answer(.inbox(try await inbox()))
        case .grants: answer(.grants(try await openDesk().active(), asOf: now()))
        case .emergencies: answer(.emergencies(try emergencies()))
        case .keys: answer(.keys(try await opened().keyDesk().survey()))
        case .accessReview(let request): answer(.accessReview(try await openDesk().review(request)))
        case .accessProposal(let wish): answer(.accessProposal(try await openDesk().propose(wish)))
        case .ask(let proposal): answer(.accessRequest(try await ask(proposal)))
        case .decide(let decision, let request): answer(.accessRequest(try await decide(decision, on: request)))
        case .takeBack(let request, let reason): answer(.accessRequest(try await openDesk().cancel(request, reason: reason)))
        case .endAccess(let grant, let reason): answer(.accessEnded(try await openDesk().end(grant, reason: reason)))
        case .probe(let path, let role): answer(.probed(try await openDesk().probe(path, role)))
        case .entity(let path):
            answer(.entity(try await opened().entity(path)))
        case .subscriptions(let topic):
            answer(.subscriptions(try await opened().subscriptions(of: topic)))
        case .rules(let subscription):
            answer(.rules(try await opened().rules(of: subscription)))
        case .scan(let path, let from, let limit):
            var pages = try await opened().scan(path, from: from, limit: limit).makeAsyncIterator()
            var words = FilterVocabulary()
            while let page = try await pages.next() {
                answer(.page(page.map { MessageTable.Row($0) }))
                if words.add(sampling: page) { answer(.vocabulary(words)) }
            }
        case .search(let path, let filter, let from, let limit):
            try await search(path, filter, from, limit, answer)
        case .scanSelected(let path, let selection, let from, let limit):
            let options = PeekOptions(headersOnly: true, sessionID: selection.session, state: selection.state)
            var pages = try await opened().scan(path, from: from, options: options, limit: limit).makeAsyncIterator()
            while let page = try await pages.next() { answer(.page(page.map { MessageTable.Row($0) })) }
        case .count(let path):
            answer(.counted(try await opened().count(path) { answer(.counted($0)) }))
        case .sessions(let path):
            let workspace = try await opened()
            answer(.sessions(try await workspace.sessions(of: path), isCounted: false))
            answer(.sessions(try await workspace.sessions(of: path, isCounting: true), isCounted: true))
        case .session(let id, let path):
            answer(.session(try await opened().session(id, of: path)))
        case .sessionStates(let ids, let path):
            let workspace = try await opened()
            for id in ids { answer(.sessionState(id, try await workspace.sessionState(id, of: path))) }
        case .members(let path, let numbers, let from, let limit):
            try await opened().scan(numbers, of: path, from: from, limit: limit) { answer(.page($0.map { MessageTable.Row($0) })) }
        case .groups(let scan):
            try await scan.run(in: opened()) { answer(.groups($0)) }
        case .evidence(let path, let number):
            answer(.evidence(DeadLetterEvidence(try await message(number, in: path, headersOnly: true))))
        case .trace(let id, let scope, let earlier):
            try await opened().trace(id, in: scope, goingOn: earlier) { answer(.trace($0)) }
        case .settings(let target):
            answer(.settings(try await opened().settings(of: target)))
        case .carryOut(let change):
            answer(.changed(try await carryOut(change)))
        case .propose(let request):
            answer(.proposal(try await propose(request) { answer(.planning(looked: $0)) }))
        case .begin(let confirmation, let reason, let ticket):
            let door = try await leave()
            let throttle = ProgressThrottle { answer(.jobProgress($0)) }
            let job = try await door.begin(confirmation, reason: reason, ticket: ticket) { throttle.tell($0) }
            await bench.run(job, by: door, throttle)
        case .resume(let id, let why):
            let door = try await leave()
            let throttle = ProgressThrottle { answer(.jobProgress($0)) }
            let job = try await door.goOn(with: id, reason: why.reason, ticket: why.ticket) { throttle.tell($0) }
            await bench.run(job, by: door, throttle)
        case .editable(let place): answer(.editable(try BodyEditing.text(of: try await message(place.number, in: place.path))))
        case .edited(let place, let text):
            answer(.edited(try BodyEditing.body(text, like: try await message(place.number, in: place.path))))
        case .order(let order, let id): try bench.tell(id, order)
        case .jobs:
            answer(.jobs(try await openDoor().store.jobs().map { JobEntry(id: $0.id, progress: $0.progress) }))
        case .job(let id):
            let store = try await openDoor().store
            answer(.job(try store.plan(of: id), try store.job(id)))
        case .history: answer(.history(try await history()))
        case .export(let path, let numbers, let file, let why):
            answer(.exported(try await export(path, numbers, to: file, why)))
        case .routing(let topic):
            answer(.routing(try await opened().routing(of: topic)))
        case .message(let path, let number, let limits):
            let message = try await message(number, in: path)
            let body = try await decoder(limits).decode(message)
            answer(.message(MessageDocument(message, body: body, peekedAt: now())))
            var words = FilterVocabulary()
            if words.add(message, body: true) { answer(.vocabulary(words)) }
        case .difference(let left, let right):
            answer(.difference(MessageDifference(try await compared(left), try await compared(right))))
        case .draft(let path, let number):
            answer(.draft(OutgoingMessage(headersOf: try await message(number, in: path))))
        case .theme(let name):
            answer(.palette(try themes.palette(named: name), name: name))
        case .themeNames: answer(.themeNames(themes.names))
        case .saveScreen(let path, let text):
            try TextFile.write(text, to: path)
            answer(.saved(path: path))
        case .save(let path, let content):
            try TextFile.write(content, to: path)
            answer(.saved(path: path))
        }
    }

    /// Bodies are fetched only for a condition that looks into them.
    private func search(
        _ path: EntityPath, _ filter: SQLFilter, _ from: SequenceNumber?, _ limit: Int, _ answer: @escaping @Sendable (Answer) -> Void
    ) async throws(OperatorError) {
        let options = PeekOptions(headersOnly: !filter.readsBody, end: .atNewestNow)
        var pages = try await opened().scan(path, from: from, options: options).makeAsyncIterator()
        var words = FilterVocabulary()
        var left = limit
        while left > 0, let page = try await pages.next() {
            var counts = MessageSearch()
            let picked = counts.pick(page, by: filter)
            left -= picked.count
            answer(.found(picked.map { MessageTable.Row($0) }, counts, next: page.last?.sequenceNumber.next))
            if words.add(sampling: page, body: filter.readsBody) { answer(.vocabulary(words)) }
        }
    }

    /// What decodes bodies in this context.
    private func decoder(_ limits: BodyLimits) async throws(OperatorError) -> BodyDecoder {
        var decoder = try await opened().bodyDecoder
        decoder.limits = limits
        return decoder
    }

    private func compared(_ place: MessagePlace) async throws(OperatorError) -> ComparedMessage {
        let message = try await message(place.number, in: place.path)
        return ComparedMessage(message, body: try await decoder(.standard).decode(message))
    }

    private func message(
        _ number: SequenceNumber, in path: EntityPath, headersOnly: Bool = false
    ) async throws(OperatorError) -> PeekedMessage {
        let found = try await opened().peek(path, from: number, count: 1, options: PeekOptions(headersOnly: headersOnly))
        guard let message = found.first, message.sequenceNumber == number else {
            throw OperatorError(
                .notFound, "Message #\(number) is no longer in \(path.displayName).",
                hint: "Somebody received it, or it expired. Load the list again.", entity: path)
        }
        return message
    }

    func opened() async throws(OperatorError) -> Workspace {
        if let open = workspace.withLock({ $0 }) { return open }
        do {
            let fresh = try await connect()
            workspace.withLock { $0 = fresh }
            return fresh
        } catch let error as OperatorError {
            throw error
        } catch is CancellationError {
            throw OperatorError(.cancelled, "Connecting was stopped.")
        } catch {
            throw OperatorError(.internal, "The context could not be opened: \(error)")
        }
    }

    /// The one door to changes, opened when it is first needed.
    /// - Throws: ``OperatorError``: the policy cannot be used, or there is no place for ledger and journals.
    func openDoor() async throws(OperatorError) -> Operator {
        let workspace = try await opened()
        if let open = door.withLock({ $0 }) { return open }
        let fresh = try Operator(workspace, environment: environment)
        // Two may have come at once: all go through the first.
        return door.withLock { door in
            if let open = door { return open }
            door = fresh
            return fresh
        }
    }

    /// The door to requests, if it is open.
    var keptDesk: AccessDesk? { desk.withLock { $0 } }

    /// Keeps the door to requests; where two came at once, all go through the first.
    func keep(_ fresh: AccessDesk) -> AccessDesk {
        desk.withLock { desk in
            if let open = desk { return open }
            desk = fresh
            return fresh
        }
    }

    /// Whether a job runs.
    var hasJobs: Bool { !bench.isEmpty }

    /// Closes the workspace, if one was opened. Jobs stop between messages first.
    func close() async {
        await bench.close()
        await workspace.withLock({ $0 })?.close()
    }
}
