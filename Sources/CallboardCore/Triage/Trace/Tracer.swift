internal import ServiceBus
internal import Synchronization

/// Looks through places for an id, a few at a time.
struct Tracer: Sendable {
    let id: TraceID
    let sweep: any NamespaceSweep
    let plan: TracePlan
    /// How many messages may be looked at; nil for no limit.
    let budget: Int?
    let report: @Sendable (TraceUpdate) -> Void
    private let spent = Spending()

    /// How many places are looked through at once: enough to hide the way there and back, few enough to leave the service to others.
    static let atOnce = 4

    /// Where to look: a place by its number in the plan, and from which sequence number on.
    struct Start: Hashable, Sendable {
        var index: Int
        var from: SequenceNumber
    }

    private enum End: Sendable {
        case place
        case stop(TraceStop)
        /// What makes looking anywhere else pointless.
        case failure(OperatorError)
    }

    init(
        _ id: TraceID, _ plan: TracePlan, sweep: any NamespaceSweep, budget: Int?, report: @escaping @Sendable (TraceUpdate) -> Void
    ) {
        self.id = id
        self.plan = plan
        self.sweep = sweep
        self.budget = budget
        self.report = report
    }

    /// Looks through the places from where each stands.
    /// - Throws: ``OperatorError`` when the namespace as a whole cannot be asked, or the task is cancelled. What was found has been reported.
    func run(_ starts: [Start]) async throws(OperatorError) {
        let end = await withTaskGroup(of: End.self) { group in
            var waiting = starts.makeIterator()
            var running = 0
            var isStopping = false
            var result = End.place
            while true {
                while running < Self.atOnce, !isStopping, let start = waiting.next() {
                    group.addTask { await look(start) }
                    running += 1
                }
                guard let end = await group.next() else { return result }
                running -= 1
                if case .place = end { continue }
                if isStopping { continue }
                isStopping = true
                result = end
                group.cancelAll()
            }
        }
        switch end {
        case .place: break
        case .stop(let stop): report(.stopped(stop))
        case .failure(let error): throw error
        }
        if Task.isCancelled { throw OperatorError(.cancelled, "The trace was stopped.") }
    }

    private func look(_ start: Start) async -> End {
        guard plan.places.indices.contains(start.index), !Task.isCancelled else { return .place }
        guard spent.isWithin(budget) else { return .stop(.budget(budget ?? 0)) }
        let path = plan.places[start.index]
        report(.looking(start.index))
        let source = sweep.pages(of: path, from: start.from)
        let (outcome, end) = await look(through: source, path, start.index)
        await source.finish()
        report(.ended(start.index, outcome))
        return end
    }

    private func look(through source: any PageSource, _ path: EntityPath, _ index: Int) async -> (TraceOutcome, End) {
        do throws(OperatorError) {
            var last: SequenceNumber?
            while true {
                guard !Task.isCancelled else { return (.left, .place) }
                let page = try await source.nextPage()
                let count = page?.count ?? 0
                if let page, let newest = page.last?.sequenceNumber {
                    guard last.map({ newest > $0 }) ?? true else {
                        return (.failed("the service answered with #\(newest) again after #\(newest)"), .place)
                    }
                    last = newest
                    var copies: [TraceCopy] = []
                    for message in page {
                        if let match = id.match(message) { copies.append(TraceCopy(message, in: path, match: match)) }
                    }
                    report(.looked(index, count: count, next: newest.next, copies: copies))
                }
                spent.add(max(count, 1))
                // Behind the last number there is none to go on from, now or later.
                guard count > 0, last?.next != nil else { return (.lookedThrough, .place) }
                guard spent.isWithin(budget) else { return (.left, .stop(.budget(budget ?? 0))) }
                try await sweep.spend(count)
            }
        } catch {
            return judge(error, path)
        }
    }

    /// What a failure says about a place, and whether it says something about all.
    private func judge(_ error: OperatorError, _ path: EntityPath) -> (TraceOutcome, End) {
        switch error.code {
        case .cancelled: return (.left, .place)
        case .notPermitted: return (.notPermitted(needs: error.neededRight ?? "Listen"), .place)
        case .notFound: return (.gone, .place)
        case .throttled: return (.left, .stop(.busy(error.message)))
        case .unreachable, .certificate, .protocolMismatch, .usage, .internal: return (.left, .failure(error))
        default:
            if path.subQueue == .active, let target = plan.forwards[path.entity] { return (.forwards(to: target), .place) }
            return (.failed(error.message), .place)
        }
    }

    /// Messages looked at so far.
    private final class Spending: Sendable {
        private let count = Mutex(0)

        func add(_ messages: Int) { count.withLock { $0 += messages } }

        /// Whether more may be looked at.
        func isWithin(_ budget: Int?) -> Bool { budget.map { budget in count.withLock { $0 < budget } } ?? true }
    }
}

extension Workspace {
    /// How many messages a trace may look at where each costs a credit, unless an operator says otherwise: some minutes' worth of half of
    /// the Standard tier's allowance.
    public static let traceBudget = 200_000

    /// Looks for an id in all queues and sub-queues of a scope, with headers only, up to the newest message each has at the start. Nothing
    /// is locked.
    ///
    /// - Parameters:
    ///   - budget: how many messages to look at, at most; nil for ``traceBudget`` where they cost something, and no limit where not.
    ///   - earlier: where a trace of the same id was left, to go on there.
    ///   - report: takes what is news, from several tasks.
    /// - Throws: ``OperatorError`` when nothing can be looked at, or the task is cancelled. What was found has been reported.
    public nonisolated func trace(
        _ id: TraceID, in scope: TraceScope, budget: Int? = nil, goingOn earlier: TraceStanding? = nil,
        report: @escaping @Sendable (TraceUpdate) -> Void
    ) async throws(OperatorError) {
        let sweep = gateway.sweep()
        do throws(OperatorError) {
            try await trace(id, in: scope, budget, earlier, sweep, report)
        } catch {
            await sweep.close()
            throw error
        }
        await sweep.close()
    }

    private nonisolated func trace(
        _ id: TraceID, in scope: TraceScope, _ budget: Int?, _ earlier: TraceStanding?, _ sweep: any NamespaceSweep,
        _ report: @escaping @Sendable (TraceUpdate) -> Void
    ) async throws(OperatorError) {
        let plan: TracePlan
        if let earlier { plan = earlier.plan } else { plan = try await tracePlan(scope) }
        let cost = await sweep.cost()
        report(.planned(plan, cost))
        let limit = budget ?? (cost == .counted ? Self.traceBudget : nil)
        var starts: [Tracer.Start] = []
        for index in plan.places.indices {
            let place = earlier.flatMap { $0.places.indices.contains(index) ? $0.places[index] : nil }
            guard place?.outcome.isOpen != false else { continue }
            starts.append(.init(index: index, from: place?.next ?? SequenceNumber(0)))
        }
        try await Tracer(id, plan, sweep: sweep, budget: limit, report: report).run(starts)
    }
}
