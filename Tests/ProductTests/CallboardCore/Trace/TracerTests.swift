import AMQP
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

@Suite("Trace")
struct TracerTests {
    private static let id = "order-1"
    private let orders: EntityPath
    private let invoices: EntityPath
    private let billing: EntityPath

    init() throws {
        orders = try EntityPath.queue("orders")
        invoices = try EntityPath.queue("invoices")
        billing = try EntityPath.subscription(topic: "order-events", name: "billing")
    }

    /// A namespace whose places are scripted: pages, or a failure at their end.
    private final class ScriptedSweep: NamespaceSweep {
        struct State {
            var pages: [EntityPath: [[PeekedMessage]]] = [:]
            var failures: [EntityPath: OperatorError] = [:]
            var starts: [EntityPath: Int64] = [:]
            var open = 0
            var mostOpen = 0
            var finished = 0
            var spent = 0
        }
        let state = Mutex(State())
        let costs: LookingCost

        init(_ pages: [EntityPath: [[PeekedMessage]]], failures: [EntityPath: OperatorError] = [:], cost: LookingCost = .free) {
            costs = cost
            state.withLock {
                $0.pages = pages
                $0.failures = failures
            }
        }

        func cost() async -> LookingCost { costs }
        func pages(of path: EntityPath, from: SequenceNumber) -> any PageSource {
            let pages = state.withLock { state in
                state.starts[path] = from.rawValue
                state.open += 1
                state.mostOpen = max(state.mostOpen, state.open)
                return (state.pages[path] ?? []).map { $0.filter { $0.sequenceNumber >= from } }.filter { !$0.isEmpty }
            }
            return Pages(sweep: self, path: path, pages: pages)
        }
        func spend(_ messages: Int) async throws(OperatorError) { state.withLock { $0.spent += messages } }
        func close() async {}

        private final class Pages: PageSource {
            let sweep: ScriptedSweep
            let path: EntityPath
            let pages: Mutex<[[PeekedMessage]]>
            init(sweep: ScriptedSweep, path: EntityPath, pages: [[PeekedMessage]]) {
                self.sweep = sweep
                self.path = path
                self.pages = Mutex(pages)
            }
            func nextPage() async throws(OperatorError) -> [PeekedMessage]? {
                await Task.yield()
                if Task.isCancelled { throw OperatorError(.cancelled, "stopped") }
                if let page = pages.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return page }
                if let failure = sweep.state.withLock({ $0.failures[path] }) { throw failure }
                return nil
            }
            func finish() async {
                sweep.state.withLock {
                    $0.open -= 1
                    $0.finished += 1
                }
            }
        }
    }

    private func run(
        _ sweep: ScriptedSweep, _ plan: TracePlan, budget: Int? = nil, into report: TraceReport? = nil, starts: [Tracer.Start]? = nil
    ) async throws -> TraceReport {
        let id = try #require(TraceID(Self.id))
        let state = Mutex(report ?? TraceReport(id))
        state.withLock { $0.apply(.planned(plan, sweep.costs)) }
        let tracer = Tracer(id, plan, sweep: sweep, budget: budget) { update in state.withLock { $0.apply(update) } }
        try await tracer.run(starts ?? plan.places.indices.map { Tracer.Start(index: $0, from: SequenceNumber(0)) })
        return state.withLock { $0 }
    }

    @Test("a place whose last message has the last number there is, is looked through, also where the budget ends with it")
    func lastNumber() async throws {
        let sweep = ScriptedSweep([orders: [[try Messages.make(.max, id: "order-1")]]])
        let report = try await run(sweep, TracePlan(places: [orders]), budget: 1)
        #expect(report.copies.map(\.path) == [orders])
        #expect(report.standing?.places.first?.outcome == .lookedThrough)
    }

    @Test("copies of all places in order of time, each with where it is and in which state")
    func order() async throws {
        let sweep = ScriptedSweep([
            orders.deadLetter: [[try Messages.make(9, id: "order-1", reason: "FraudSuspected"), try Messages.make(10, id: "order-2")]],
            invoices: [[try Messages.make(3) { $0.properties?.correlationID = .string("order-1") }]],
            billing: [
                [
                    try Messages.make(5, id: "order-1") {
                        $0.messageAnnotations.pairs.append(.init(key: .symbol("x-opt-message-state"), value: .int(1)))
                    }
                ]
            ],
        ])
        let plan = TracePlan(places: [orders, orders.deadLetter, invoices, billing])
        let report = try await run(sweep, plan)
        #expect(report.copies.map(\.path) == [invoices, billing, orders.deadLetter])
        #expect(report.copies.map(\.situation) == ["active", "deferred", "dead letter"])
        #expect(report.copies.map(\.match) == [.correlationID, .messageID, .messageID])
        #expect(report.copies.last?.deadLetterReason == "FraudSuspected")
        #expect(report.looked == 4)
        #expect(report.ended == 4)
        #expect(report.placesWithCopies == 3)
        #expect(report.isComplete)
        #expect(report.doubts.isEmpty)
    }

    @Test("what may not be read is told as not permitted, never as empty")
    func notPermitted() async throws {
        let sweep = ScriptedSweep([:], failures: [orders: OperatorError(.notPermitted, "no", neededRight: "Listen")])
        let report = try await run(sweep, TracePlan(places: [orders, invoices]))
        #expect(report.places.map(\.outcome) == [.notPermitted(needs: "Listen"), .lookedThrough])
        #expect(!report.isComplete)
        #expect(report.doubts == ["Not permitted (needs Listen): orders."])
    }

    @Test("a place that fails leaves the others alone; one that is gone leaves no doubt")
    func failures() async throws {
        let sweep = ScriptedSweep(
            [billing: [[try Messages.make(1, id: Self.id)]]],
            failures: [orders: OperatorError(.service, "disabled"), invoices: OperatorError(.notFound, "gone")])
        let report = try await run(sweep, TracePlan(places: [orders, invoices, billing]))
        #expect(report.places.map(\.outcome) == [.failed("disabled"), .gone, .lookedThrough])
        #expect(report.copies.count == 1)
        #expect(report.doubts == ["Not readable: orders: disabled"])
    }

    @Test("an entity that forwards may refuse to show what it holds")
    func forwards() async throws {
        let sweep = ScriptedSweep([:], failures: [orders: OperatorError(.service, "auto-forwarding")])
        let report = try await run(sweep, TracePlan(places: [orders], forwards: [orders: "outbox"]))
        #expect(report.places.map(\.outcome) == [.forwards(to: "outbox")])
        #expect(report.isComplete)
        #expect(report.remarks == ["Forwards what it is sent, and shows nobody what it holds: orders → outbox."])
    }

    @Test("a namespace that cannot be reached ends it at once, with what was found")
    func unreachable() async throws {
        let paths = try (0..<20).map { try EntityPath.queue("q\($0)") }
        let sweep = ScriptedSweep(
            [:], failures: Dictionary(uniqueKeysWithValues: paths.map { ($0, OperatorError(.unreachable, "no route")) }))
        await #expect { try await run(sweep, TracePlan(places: paths)) } throws: { ($0 as? OperatorError)?.code == .unreachable }
        let (started, finished) = sweep.state.withLock { ($0.starts.count, $0.finished) }
        #expect(started <= Tracer.atOnce)
        #expect(finished == started)
    }

    @Test("a busy service is left alone, and why is said")
    func busy() async throws {
        let sweep = ScriptedSweep([:], failures: [orders: OperatorError(.throttled, "50009")])
        let report = try await run(sweep, TracePlan(places: [orders]))
        #expect(report.stop == .busy("50009"))
        #expect(report.doubts.first == "The service is too busy to be asked for more now: 50009")
    }

    @Test("only a few places are looked through at once, and each is finished")
    func bounded() async throws {
        let paths = try (0..<50).map { try EntityPath.queue("q\($0)") }
        let sweep = ScriptedSweep(
            try Dictionary(uniqueKeysWithValues: paths.map { ($0, [try Messages.run(1...3), try Messages.run(4...6)]) }))
        let report = try await run(sweep, TracePlan(places: paths))
        #expect(report.looked == 300)
        let state = sweep.state.withLock { $0 }
        #expect(state.mostOpen <= Tracer.atOnce)
        #expect([state.finished, state.open, state.spent] == [50, 0, 300])
    }

    @Test("the budget ends it with an explanation, and it goes on where it was left")
    func budget() async throws {
        let sweep = ScriptedSweep([orders: [try Messages.run(1...10), try Messages.run(11...20), [try Messages.make(21, id: Self.id)]]])
        let plan = TracePlan(places: [orders, invoices])
        var report = try await run(sweep, plan, budget: 15, starts: [.init(index: 0, from: SequenceNumber(0))])
        #expect(report.stop == .budget(15))
        #expect(report.looked == 20)
        #expect(report.places.map(\.outcome) == [.left, .waiting])
        #expect(report.doubts.first?.contains("The budget of 15 messages is used up") == true)
        #expect(report.doubts.contains("Not looked into: 1 place."))
        #expect(report.canGoOn)

        let next = try #require(report.places[0].next)
        report = try await run(
            sweep, plan, into: report, starts: [.init(index: 0, from: next), .init(index: 1, from: SequenceNumber(0))])
        #expect(sweep.state.withLock { $0.starts[orders] } == 21)
        #expect(report.copies.count == 1)
        #expect(report.looked == 21)
        #expect(report.isComplete)
        #expect(!report.canGoOn)
    }

    @Test("a service that repeats itself is not asked for ever")
    func repeating() async throws {
        let page = try Messages.run(1...3)
        let report = try await run(ScriptedSweep([orders: [page, page]]), TracePlan(places: [orders]))
        #expect(report.places[0].outcome == .failed("the service answered with #3 again after #3"))
    }

    @Test("cancelled, it says so and finishes what it had begun")
    func cancelled() async throws {
        let sweep = ScriptedSweep([orders: [try Messages.run(1...3)]])
        let orders = orders
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await run(sweep, TracePlan(places: [orders]))
        }
        await #expect { try await task.value } throws: { ($0 as? OperatorError)?.code == .cancelled }
        #expect(sweep.state.withLock { $0.open } == 0)
    }

    @Test("more copies than can be kept are counted")
    func manyCopies() throws {
        var report = TraceReport(try #require(TraceID(Self.id)))
        report.apply(.planned(TracePlan(places: [orders]), .free))
        let copy = TraceCopy(try Messages.make(1, id: Self.id), in: orders, match: .messageID)
        report.apply(.looked(0, count: 10_003, next: nil, copies: Array(repeating: copy, count: TraceReport.mostCopies + 3)))
        #expect(report.copies.count == TraceReport.mostCopies)
        #expect(report.uncollected == 3)
        #expect(report.places[0].found == TraceReport.mostCopies + 3)
    }

    @Test("a workspace traces all that it can list, and closes nothing it needs")
    func workspace() async throws {
        let gateway = MemoryGateway()
        let message = try Messages.make(7, id: Self.id)
        gateway.with { [orders] in
            $0.descriptions = [EntityDescription(path: orders, kind: .queue)]
            $0.messages[orders.deadLetter] = [message]
        }
        let workspace = Workspace(context: OperatorContext(name: "demo"), gateway: gateway)
        let id = try #require(TraceID(Self.id))
        let report = Mutex(TraceReport(id))
        try await workspace.trace(id, in: .namespace) { update in report.withLock { $0.apply(update) } }
        #expect(report.withLock { $0.copies.map(\.path) } == [orders.deadLetter])
        #expect(report.withLock { $0.places.count } == 3)
        #expect(gateway.with { $0.finishedScans } == 3)
        #expect(gateway.with { !$0.isClosed })
    }
}
