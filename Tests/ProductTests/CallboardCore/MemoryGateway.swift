import ServiceBus
import Synchronization

@testable import CallboardCore

/// A namespace in memory, for tests of what stands on it.
final class MemoryGateway: NamespaceGateway {
    struct State {
        var descriptions: [EntityDescription] = []
        var listingError: OperatorError?
        var rules: [EntityPath: [RuleDescription]] = [:]
        var messages: [EntityPath: [PeekedMessage]] = [:]
        /// The most messages a page holds, whatever was asked for.
        var pageLimit = 250
        /// The settings of entities and rules.
        var settings: [EntityTarget: EntitySettings] = [:]
        /// What was put, in order.
        var put: [(settings: EntitySettings, isUpdate: Bool)] = []
        var removed: [EntityTarget] = []
        var sent: [EntityPath: [OutgoingMessage]] = [:]
        /// Fails sending to these.
        var sendErrors: [EntityPath: OperatorError] = [:]
        var asked: [(from: Int64, count: Int)] = []
        var finishedScans = 0
        /// How often all entities were listed.
        var listings = 0
        var creditsWaitedFor = 0
        /// The queues that were peeked by page, in order.
        var peeked: [EntityPath] = []
        var isClosed = false
        /// Answers every peek with this, whatever was asked for.
        var stuckPage: [PeekedMessage]?
        var sessionStates: [String: [UInt8]] = [:]
        /// Sessions that another receiver holds.
        var heldSessions: Set<String> = []
        /// Fails the peek of this number (counted from 0).
        var failingPeek: (number: Int, error: OperatorError)?
        /// Fails every look at one entity's settings, and how many there were.
        var entityError: OperatorError?
        var lookups = 0
    }

    let endpoint: NamespaceEndpoint
    private let state: Mutex<State>

    init(_ endpoint: NamespaceEndpoint = NamespaceEndpoint(host: "localhost:5672", isEmulator: true), _ state: State = State()) {
        self.endpoint = endpoint
        self.state = Mutex(state)
    }

    func with<Result>(_ body: (inout sending State) -> sending Result) -> Result { state.withLock(body) }

    func entities(first: (@Sendable ([EntityDescription]) -> Void)?) async throws(OperatorError) -> [EntityDescription] {
        let (descriptions, error, limit) = state.withLock {
            $0.listings += 1
            return ($0.descriptions, $0.listingError, $0.pageLimit)
        }
        if let error { throw error }
        if !descriptions.isEmpty { first?(Array(descriptions.prefix(limit))) }
        return descriptions
    }

    func waitForBudget(credits: Int) async throws(OperatorError) { state.withLock { $0.creditsWaitedFor += credits } }

    func entity(_ path: EntityPath) async throws(OperatorError) -> EntityDescription {
        let error = state.withLock { state in
            state.lookups += 1
            return state.entityError
        }
        if let error { throw error }
        guard let entity = state.withLock({ $0.descriptions.first { $0.path == path } }) else {
            throw OperatorError(.notFound, "There is no entity '\(path)'.", entity: path)
        }
        return entity
    }

    func subscriptions(of topic: EntityPath) async throws(OperatorError) -> [EntityDescription] {
        _ = try await entity(topic)
        return with { state in state.descriptions.filter { $0.path.topic == topic } }
    }

    func rules(of subscription: EntityPath) async throws(OperatorError) -> [RuleDescription] {
        guard let rules = state.withLock({ $0.rules[subscription] }) else {
            throw OperatorError(.notFound, "There is no subscription '\(subscription)'.", entity: subscription)
        }
        return rules
    }

    func entityPages() -> any EntityPageSource { MemoryEntityPages(gateway: self) }

    func settings(of target: EntityTarget) async throws(OperatorError) -> EntitySettings {
        guard let settings = state.withLock({ $0.settings[target] }) else {
            throw OperatorError(.notFound, "There is no \(target).", entity: target.path)
        }
        return settings
    }

    func put(_ settings: EntitySettings, isUpdate: Bool) async throws(OperatorError) -> EntitySettings {
        state.withLock {
            $0.put.append((settings, isUpdate))
            $0.settings[settings.target] = settings
        }
        return settings
    }

    func remove(_ target: EntityTarget) async throws(OperatorError) {
        state.withLock {
            $0.removed.append(target)
            $0.settings[target] = nil
        }
    }

    private final class MemoryEntityPages: EntityPageSource {
        private let gateway: MemoryGateway
        private let start = Mutex(0)

        init(gateway: MemoryGateway) { self.gateway = gateway }

        func nextPage() async throws(OperatorError) -> [EntityDescription]? {
            let start = start.withLock { start in
                defer { start += gateway.with { $0.pageLimit } }
                return start
            }
            let page = gateway.with { Array($0.descriptions.dropFirst(start).prefix($0.pageLimit)) }
            return page.isEmpty ? nil : page
        }
    }

    func peekPage(
        _ path: EntityPath, from: SequenceNumber, count: Int, options: PeekOptions
    ) async throws(OperatorError) -> [PeekedMessage] {
        state.withLock { $0.peeked.append(path) }
        return try page(path, from, count).get()
    }

    private func page(_ path: EntityPath, _ from: SequenceNumber, _ count: Int) -> Result<[PeekedMessage], OperatorError> {
        state.withLock { state in
            state.asked.append((from.rawValue, count))
            if let failing = state.failingPeek, failing.number == state.asked.count - 1 { return .failure(failing.error) }
            if let stuck = state.stuckPage { return .success(stuck) }
            let rest = (state.messages[path] ?? []).filter { $0.sequenceNumber >= from }
            return .success(Array(rest.prefix(min(count, state.pageLimit))))
        }
    }

    func scan(_ path: EntityPath, from: SequenceNumber, options: PeekOptions) -> any PageSource {
        let ranges: [ClosedRange<SequenceNumber>]? = if case .within(let ranges) = options.end { ranges } else { nil }
        return MemoryPages(gateway: self, path: path, from: from, ranges: ranges)
    }

    func extent(of path: EntityPath) async throws(OperatorError) -> [ClosedRange<SequenceNumber>] {
        let numbers = state.withLock { ($0.messages[path] ?? []).map(\.sequenceNumber) }
        // The top 16 bits name a partition.
        return numbers.reduce(into: [ClosedRange<SequenceNumber>]()) { ranges, number in
            if let last = ranges.last, last.lowerBound.rawValue >> 48 == number.rawValue >> 48 {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
    }

    func send(_ messages: [OutgoingMessage], to path: EntityPath) async throws(OperatorError) {
        let error = state.withLock { state -> OperatorError? in
            if let error = state.sendErrors[path] { return error }
            state.sent[path, default: []].append(contentsOf: messages)
            return nil
        }
        if let error { throw error }
    }

    func close() async { state.withLock { $0.isClosed = true } }

    private final class MemoryPages: PageSource {
        private let gateway: MemoryGateway
        private let path: EntityPath
        private let next: Mutex<SequenceNumber>
        private let ranges: [ClosedRange<SequenceNumber>]?

        init(gateway: MemoryGateway, path: EntityPath, from: SequenceNumber, ranges: [ClosedRange<SequenceNumber>]?) {
            self.gateway = gateway
            self.ranges = ranges
            self.path = path
            next = Mutex(from)
        }

        func nextPage() async throws(OperatorError) -> [PeekedMessage]? {
            while true {
                let page = try gateway.page(path, next.withLock { $0 }, 250).get()
                guard let last = page.last else { return nil }
                next.withLock { $0 = last.sequenceNumber.next ?? $0 }
                let wanted = page.filter { message in ranges?.contains { $0.contains(message.sequenceNumber) } ?? true }
                if !wanted.isEmpty { return wanted }
            }
        }

        func finish() async { gateway.with { $0.finishedScans += 1 } }
    }
}
