internal import CallboardCore
internal import ServiceBus
internal import Synchronization

/// Answers the console's requests from a workspace.
final class WorkspaceSource: ConsoleSource {
    private let connect: @Sendable () async throws -> Workspace
    private let themes: ThemeLibrary
    private let now: @Sendable () -> Timestamp
    /// Whether a person said that changes are allowed.
    private let allowsChanges: Bool
    private let workspace = Mutex<Workspace?>(nil)
    /// Whether all entities were listed once.
    private let hasListed = Mutex(false)

    init(
        themes: ThemeLibrary, allowsChanges: Bool = false, now: @escaping @Sendable () -> Timestamp,
        connect: @escaping @Sendable () async throws -> Workspace
    ) {
        self.themes = themes
        self.allowsChanges = allowsChanges
        self.now = now
        self.connect = connect
    }

    func perform(_ request: Request, answer: @escaping @Sendable (Answer) -> Void) async throws(OperatorError) {
        switch request {
        case .connect:
            let workspace = try await opened()
            answer(.connected(workspace.title))
            answer(.changes(refusal: refusal(of: workspace)))
        case .overview:
            let workspace = try await opened()
            // A large namespace takes many calls: with its first entities nobody looks at an empty screen.
            let isFirst = !hasListed.withLock { $0 }
            let glimpse: @Sendable (EntityListing) -> Void = { listing in if isFirst { answer(.glimpse(listing)) } }
            let (board, listing) = await workspace.overview(first: glimpse)
            if case .success = listing { hasListed.withLock { $0 = true } }
            answer(.overview(Overview(board: board, entities: try? listing.get(), history: await workspace.countHistory)))
            if case .failure(let error) = listing { throw error }
            // What follows takes longer, and is worth less.
            if let (board, listing) = await workspace.overviewWithAges() {
                answer(.overview(Overview(board: board, entities: listing, history: await workspace.countHistory)))
            }
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
            let workspace = try await opened()
            let permission = try workspace.changePermission(allowed: allowsChanges)
            answer(.changed(try await workspace.carryOut(change, with: permission)))
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

    /// Why this context may not be changed, as a clause.
    private func refusal(of workspace: Workspace) -> String? {
        do throws(OperatorError) {
            _ = try workspace.changePermission(allowed: allowsChanges)
            return nil
        } catch {
            if allowsChanges { return "the configuration makes '\(workspace.title.name)' read-only" }
            let what = workspace.title.isProduction ? "production" : "read-only"
            return "'\(workspace.title.name)' is \(what); start with --allow-changes"
        }
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

    private func opened() async throws(OperatorError) -> Workspace {
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

    /// Closes the workspace, if one was opened.
    func close() async {
        await workspace.withLock({ $0 })?.close()
    }
}
