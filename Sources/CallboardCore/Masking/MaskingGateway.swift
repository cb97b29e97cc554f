internal import ServiceBus
internal import Synchronization

/// The door between a namespace and everything that looks at it: what comes through is masked, where the context says so.
///
/// A ``Workspace`` has no other way to its namespace, so that whatever is built on it cannot forget to mask. Without a masker nothing is
/// looked at and nothing copied.
struct MaskingGateway: NamespaceGateway {
    private let inner: any NamespaceGateway
    /// What is hidden; nil when masking is off.
    let masker: Masker?
    /// What says whether bodies may be looked at; nil where there is no policy, and looking is allowed.
    let guardrails: Guardrails?
    /// What names were found to be; a namespace has ten thousand at most.
    private let kinds = KnownKinds()

    init(_ inner: any NamespaceGateway, _ masker: Masker?, guardrails: Guardrails? = nil) {
        self.inner = inner
        self.masker = masker
        self.guardrails = guardrails
    }

    /// Asks the policy whether something may be looked at. Nobody gives a reason for a look.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused``: the rule's name, and what would allow it.
    private func checkLook(at path: EntityPath) async throws(OperatorError) {
        guard let guardrails else { return }
        let question = guardrails.question(.peekMessage, on: path, kind: try await kind(of: path))
        guard let denial = guardrails.verdict(on: question).denial else { return }
        var refused = denial.operatorError
        refused.entity = path
        throw refused
    }

    /// Whether a name is a queue's or a topic's, where that can be known.
    /// - Throws: ``OperatorError`` when there was no answer: that is no reason to deny anything by the policy.
    func kind(of path: EntityPath) async throws(OperatorError) -> PolicyScope.Kind {
        guard path.subQueue == .active, path.subscription == nil else { return .queue }
        if let known = kinds[path] { return known }
        let found: PolicyScope.Kind
        do throws(OperatorError) { found = try await inner.entity(path).kind == .topic ? .topic : .queue } catch {
            switch error.code {
            case .cancelled, .timeout, .throttled, .unreachable: throw masked(error)
            case .notPermitted: found = .unknown
            default: return .unknown
            }
        }
        kinds[path] = found
        return found
    }

    var endpoint: NamespaceEndpoint { inner.endpoint }

    /// Carries actions out on messages as they are. What of them is shown goes through ``masked(_:)``.
    var changing: (any MessageChanging)? { inner.changing }

    /// A message as it may be seen.
    func masked(_ message: PeekedMessage) -> PeekedMessage? { masker.map { $0.masked([message]).first } ?? message }

    /// A text of ours that may repeat a message's.
    func masked(_ text: String) -> String { masker?.masked(text) ?? text }

    /// The id of a session.
    func masked(sessionID: String) -> String { masker?.masked(sessionID: sessionID) ?? sessionID }

    private func masked(_ error: OperatorError) -> OperatorError { masker?.masked(error) ?? error }

    // MARK: Messages

    func peekPage(
        _ path: EntityPath, from: SequenceNumber, count: Int, options: PeekOptions
    ) async throws(OperatorError) -> [PeekedMessage] {
        do throws(OperatorError) {
            if !options.headersOnly { try await checkLook(at: path) }
            let page = try await inner.peekPage(path, from: from, count: count, options: options)
            return masker?.masked(page) ?? page
        } catch { throw masked(error) }
    }

    func scan(_ path: EntityPath, from: SequenceNumber, options: PeekOptions) -> any PageSource {
        let scanned = inner.scan(path, from: from, options: options)
        let pages: any PageSource = masker.map { MaskingPages(pages: scanned, masker: $0) } ?? scanned
        guard guardrails != nil, !options.headersOnly else { return pages }
        return CheckedPages(pages: pages) { () async throws(OperatorError) in try await checkLook(at: path) }
    }

    /// Pages that are only given where the policy allows a look.
    private final class CheckedPages: PageSource {
        private let pages: any PageSource
        private let check: @Sendable () async throws(OperatorError) -> Void
        private let isChecked = Mutex(false)

        init(pages: any PageSource, check: @escaping @Sendable () async throws(OperatorError) -> Void) {
            self.pages = pages
            self.check = check
        }

        func nextPage() async throws(OperatorError) -> [PeekedMessage]? {
            if !isChecked.withLock({ $0 }) {
                try await check()
                isChecked.withLock { $0 = true }
            }
            return try await pages.nextPage()
        }

        func finish() async { await pages.finish() }
    }

    /// What names are.
    private final class KnownKinds: Sendable {
        private let kinds = Mutex<[EntityPath: PolicyScope.Kind]>([:])

        subscript(path: EntityPath) -> PolicyScope.Kind? {
            get { kinds.withLock { $0[path] } }
            set { kinds.withLock { $0[path] = newValue } }
        }
    }

    private struct MaskingPages: PageSource {
        let pages: any PageSource
        let masker: Masker

        func nextPage() async throws(OperatorError) -> [PeekedMessage]? {
            do throws(OperatorError) { return try await pages.nextPage().map { masker.masked($0) } } catch { throw masker.masked(error) }
        }

        func finish() async { await pages.finish() }
    }

    func extent(of path: EntityPath) async throws(OperatorError) -> [ClosedRange<SequenceNumber>] {
        do throws(OperatorError) { return try await inner.extent(of: path) } catch { throw masked(error) }
    }

    func sweep() -> any NamespaceSweep {
        let sweep = inner.sweep()
        return masker.map { MaskingSweep(sweep: sweep, masker: $0) } ?? sweep
    }

    private struct MaskingSweep: NamespaceSweep {
        let sweep: any NamespaceSweep
        let masker: Masker

        func cost() async -> LookingCost { await sweep.cost() }
        func pages(of path: EntityPath, from: SequenceNumber) -> any PageSource {
            MaskingPages(pages: sweep.pages(of: path, from: from), masker: masker)
        }
        func spend(_ messages: Int) async throws(OperatorError) {
            do throws(OperatorError) { try await sweep.spend(messages) } catch { throw masker.masked(error) }
        }
        func close() async { await sweep.close() }
    }

    func send(_ messages: [OutgoingMessage], to path: EntityPath) async throws(OperatorError) {
        do throws(OperatorError) { try await inner.send(messages, to: path) } catch { throw masked(error) }
    }

    // MARK: Sessions

    func sessionIDs(of path: EntityPath) async throws(OperatorError) -> [String] {
        do throws(OperatorError) { return try await inner.sessionIDs(of: path).map { masked(sessionID: $0) } } catch { throw masked(error) }
    }

    func sessionState(of id: String, in path: EntityPath) async throws(OperatorError) -> SessionState {
        try await checkLook(at: path)
        do throws(OperatorError) {
            let state = try await inner.sessionState(of: id, in: path)
            guard let masker, case .bytes(let bytes) = state else { return state }
            return .bytes(masker.masked(bytes))
        } catch { throw masked(error) }
    }

    func setSessionState(_ state: [UInt8]?, of id: String, in path: EntityPath) async throws(OperatorError) {
        do throws(OperatorError) { try await inner.setSessionState(state, of: id, in: path) } catch { throw masked(error) }
    }

    // MARK: Entities and their rules: settings, no message's; only errors may quote one

    func entities(first: (@Sendable ([EntityDescription]) -> Void)?) async throws(OperatorError) -> [EntityDescription] {
        do throws(OperatorError) { return try await inner.entities(first: first) } catch { throw masked(error) }
    }

    func waitForBudget(credits: Int) async throws(OperatorError) {
        do throws(OperatorError) { try await inner.waitForBudget(credits: credits) } catch { throw masked(error) }
    }

    func entity(_ path: EntityPath) async throws(OperatorError) -> EntityDescription {
        do throws(OperatorError) { return try await inner.entity(path) } catch { throw masked(error) }
    }

    func subscriptions(of topic: EntityPath) async throws(OperatorError) -> [EntityDescription] {
        do throws(OperatorError) { return try await inner.subscriptions(of: topic) } catch { throw masked(error) }
    }

    func rules(of subscription: EntityPath) async throws(OperatorError) -> [RuleDescription] {
        do throws(OperatorError) { return try await inner.rules(of: subscription) } catch { throw masked(error) }
    }

    func entityPages() -> any EntityPageSource {
        let pages = inner.entityPages()
        return masker.map { MaskingEntityPages(pages: pages, masker: $0) } ?? pages
    }

    private struct MaskingEntityPages: EntityPageSource {
        let pages: any EntityPageSource
        let masker: Masker

        func nextPage() async throws(OperatorError) -> [EntityDescription]? {
            do throws(OperatorError) { return try await pages.nextPage() } catch { throw masker.masked(error) }
        }
    }

    func settings(of target: EntityTarget) async throws(OperatorError) -> EntitySettings {
        do throws(OperatorError) { return try await inner.settings(of: target) } catch { throw masked(error) }
    }

    func put(_ settings: EntitySettings, isUpdate: Bool) async throws(OperatorError) -> EntitySettings {
        kinds[settings.target.path] = nil
        do throws(OperatorError) { return try await inner.put(settings, isUpdate: isUpdate) } catch { throw masked(error) }
    }

    func remove(_ target: EntityTarget) async throws(OperatorError) {
        kinds[target.path] = nil
        do throws(OperatorError) { try await inner.remove(target) } catch { throw masked(error) }
    }

    func renewRights(of path: EntityPath) async { await inner.renewRights(of: path) }

    func close() async { await inner.close() }
}
