import ServiceBus
import Testing

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("The journal of a job")
struct JobJournalTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/callboard-journal-\(UUID().uuidString)"
    private var path: String { folder + "/1.job" }

    private func plan(
        _ action: MessageAction = .delete, ways: [(ManyPart.Way, ClosedRange<Int64>)] = [(.line, 1...20)], isAtomic: Bool = true
    ) throws -> ActionPlan {
        var snapshot = Snapshot()
        for (way, range) in ways { for number in range { _ = snapshot.add(SequenceNumber(number), reached: way) } }
        return ActionPlan(
            action: action, source: try .queue("orders").deadLetter, choice: "all", snapshot: snapshot,
            plannedAt: Timestamp(milliseconds: 1_000), isAtomic: isAtomic, keepsOrder: false, rate: 50, credits: 20, bytes: 100,
            duration: .seconds(1), lockDuration: .seconds(60), export: nil, remarks: [],
            title: ContextTitle(name: "c", endpoint: "e", mode: .readWrite, isEmulator: true), idHashes: Array(repeating: 7, count: 20))
    }

    private func journal(_ plan: ActionPlan, _ lines: [JobLine]) async throws -> JobStanding {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let made = try JobJournal(creating: JobHeader(plan, id: 1, rule: "r"), at: path, now: { Timestamp(milliseconds: 5) })
        let journal = try #require(made)
        for line in lines { try await journal.write(line) }
        return try JobStanding(path: path)
    }

    private func line(_ kind: JobLine.Kind, _ batch: Int? = nil, _ edit: (inout JobLine) -> Void = { _ in }) -> JobLine {
        var line = JobLine(kind: kind, at: 9)
        line.batch = batch
        edit(&line)
        return line
    }

    private func numbers(_ numbers: some Sequence<Int64>) -> Set<SequenceNumber> { Set(numbers.map { SequenceNumber($0) }) }

    @Test("gives back the plan it was begun with, whatever is to be done")
    func headers() throws {
        let changes = CopyChanges(
            stripped: ["a", "b*"], newIDPrefix: "p", added: [.init(name: "n", value: .init(typeName: "string", content: .text("v")))],
            body: .data([0, 255, 3]))
        let target = try EntityPath.queue("other")
        let actions: [MessageAction] = [
            .redrive(to: target, changes), .move(to: target, .none), .reactivate(to: target, .none), .delete,
            .purge(before: Timestamp(milliseconds: 77)), .defer, .deadLetter(reason: "r", description: nil),
            .deadLetter(reason: "r", description: "d"), .cancelScheduled,
        ]
        for action in actions {
            var plan = try plan(
                action,
                ways: [
                    (.line, 1...3), (.session("s"), 4...6), (.deferred(session: nil), 7...7), (.deferred(session: "x"), 8...9),
                    (.scheduled, 10...12),
                ])
            plan.idHashes = [1, .max, 0x0102_0304]
            let back = try JobHeader(plan, id: 3, rule: nil).plan()
            plan.credits = 0
            plan.duration = .zero
            #expect(back.action == plan.action)
            #expect(back.snapshot.parts == plan.snapshot.parts)
            #expect(back.idHashes == plan.idHashes)
            #expect(back.source == plan.source)
            #expect((back.rate, back.lockDuration, back.isAtomic) == (plan.rate, plan.lockDuration, plan.isAtomic))
        }
    }

    @Test("what was begun in a transaction and has no end is in doubt until it is found gone or tried again")
    func transactions() async throws {
        let standing = try await journal(
            try plan(.redrive(to: .queue("o"), .none)),
            [
                line(.run), line(.begin, 1) { $0.numbers = "1-5" }, line(.begin, 2) { $0.numbers = "6-10" },
                line(.end, 1) {
                    $0.numbers = "1-4"; $0.failed = [.init(number: 5, why: "too large")]
                },
            ])
        #expect(standing.done == numbers(1...4))
        #expect(standing.failures == [SequenceNumber(5): "too large"])
        #expect(standing.unresolved == numbers(6...10))
        #expect(standing.unknown.isEmpty)
        #expect(standing.state == .interrupted)
        #expect(standing.lastBatch == 2)
    }

    @Test("without transactions, what was begun and not sent for certain may be there twice, and what was sent is only removed")
    func steps() async throws {
        let standing = try await journal(
            try plan(.redrive(to: .queue("o"), .none), isAtomic: false),
            [
                line(.run), line(.begin, 1) { $0.numbers = "1-5" },
                line(.sent, 1) {
                    $0.numbers = "1-4"; $0.unknown = "5"
                },
                line(.end, 1) {
                    $0.numbers = "1-3"; $0.copied = "4"
                }, line(.begin, 2) { $0.numbers = "6-8" },
            ])
        #expect(standing.done == numbers(1...3))
        #expect(standing.copied == numbers([4]))
        #expect(standing.unknown == numbers(5...8))
    }

    @Test("what is tried again, though a copy may have been sent, is named")
    func doubled() async throws {
        let standing = try await journal(
            try plan(.redrive(to: .queue("o"), .none), isAtomic: false),
            [
                line(.run), line(.begin, 1) { $0.numbers = "1-3" }, line(.run), line(.begin, 2) { $0.numbers = "1-3" },
                line(.sent, 2) { $0.numbers = "1-3" }, line(.end, 2) { $0.numbers = "1-3" },
                line(.over) {
                    $0.state = "finished"; $0.elapsed = 12
                },
            ])
        #expect(standing.done == numbers(1...3))
        #expect(standing.unknown.isEmpty)
        #expect(standing.maybeDoubled == numbers(1...3))
        #expect(standing.state == .finished)
    }

    @Test("a line that was not written to the end was never acted on: it is cut off, and the journal goes on")
    func torn() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await begin()
        let whole = try Data(contentsOf: URL(filePath: path))
        for cut in [whole.count - 1, whole.count - 5] {
            try whole.prefix(cut).write(to: URL(filePath: path))
            #expect(try JobStanding(path: path).unresolved.isEmpty)
        }
        let again = try JobJournal(resuming: path, now: { Timestamp(milliseconds: 6) })
        try await again.write(line(.begin, 1) { $0.numbers = "3" })
        #expect(try JobStanding(path: path).unresolved == numbers([3]))
    }

    /// Begins a batch, as a process that ends then.
    private func begin() async throws {
        let made = try JobJournal(creating: JobHeader(try plan(), id: 1, rule: nil), at: path, now: { Timestamp(milliseconds: 5) })
        try await #require(made).write(line(.begin, 1) { $0.numbers = "1-2" })
    }

    @Test("numbers that cannot be read are not taken for none: their messages would be done twice")
    func damagedNumbers() async throws {
        let plan = try plan()
        for damaged in ["1-", "x", "5-3"] {
            await #expect(throws: OperatorError.self) { try await journal(plan, [line(.begin, 1) { $0.numbers = damaged }]) }
        }
    }

    @Test("figures that no job has are damage, and end no process")
    func damagedFigures() async throws {
        let plan = try plan()
        let damaged = [
            line(.begin, .max), line(.begin, -1), line(.end, .max), line(.over) { $0.elapsed = .max }, line(.over) { $0.elapsed = -1 },
        ]
        for line in damaged {
            let error = await #expect(throws: OperatorError.self) { try await journal(plan, [line]) }
            #expect(error?.message.contains("line 2 is not of a journal") == true)
        }
        #expect(try await journal(plan, [line(.deleted) { $0.count = .max }]).deleted == plan.count)
        var progress = try await journal(plan, []).progress(plan, isRunning: false)
        (progress.done, progress.failed) = (.max, .max)
        #expect(progress.settled == .max && progress.remaining == 0)
    }

    @Test("of a purge, what was deleted by a moment and by number counts together, and what was found gone is not done")
    func purged() async throws {
        var plan = try plan(.purge(before: Timestamp(milliseconds: 77)))
        plan.closedBefore = Timestamp(milliseconds: 76)
        let standing = try await journal(
            plan,
            [
                line(.run), line(.begin), line(.deleted) { $0.count = 12 }, line(.gone) { $0.count = 3 },
                line(.begin, 1) { $0.numbers = "17-18" }, line(.end, 1) { $0.numbers = "17-18" },
            ])
        let progress = standing.progress(try standing.header.plan(), isRunning: false)
        #expect((progress.done, progress.gone, progress.remaining) == (14, 3, 3))
        #expect(try standing.header.plan().closedBefore == plan.closedBefore)
    }

    @Test("a file whose name is no number that a job can have is no job, and in nobody's way")
    func otherNames() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let names = ["0", "-1", "007", "+5", "x", "", "9223372036854775807", "9223372036854775808", "1099511627777"]
        for name in names { try Data().write(to: URL(filePath: "\(folder)/\(name).job")) }
        let store = JobStore(folder: folder)
        #expect(store.ids.isEmpty)
        #expect(try store.create(try plan(), rule: nil).id == 1)
        #expect(store.ids == [1])
        // Behind the highest number there is none.
        try Data().write(to: URL(filePath: "\(folder)/\(1 << 40).job"))
        let error = #expect(throws: OperatorError.self) { _ = try store.create(try plan(), rule: nil) }
        #expect(error?.description.contains("\(1 << 40).job") == true)
    }

    @Test("that an export can be imported is said where all of it was removed; else what an import would do, and what comes first")
    func telling() {
        var progress = JobProgress(id: 3, headline: "h", state: .cancelled, total: 20, startedAt: Timestamp(milliseconds: 0))
        func lines() -> String { JobRecord(progress).lines.joined(separator: "\n") }
        #expect(!lines().contains("import"))
        progress.export = "/x/3.cbx"
        (progress.done, progress.state) = (3, .cancelled)
        #expect(
            lines().contains("/x/3.cbx holds all 20 messages that were planned, and only 3 were removed: 'callboard import' would send"))
        #expect(lines().contains("go on with the job first") && !lines().contains("puts it back"))
        (progress.done, progress.gone, progress.state) = (18, 2, .finished)
        #expect(lines().contains("only 18 were removed") && !lines().contains("go on"))
        (progress.done, progress.gone) = (20, 0)
        #expect(lines().contains("what was removed is in /x/3.cbx: 'callboard import' puts it back"))
    }

    @Test("one process at a time has a job")
    func locked() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try JobJournal(creating: JobHeader(try plan(), id: 1, rule: nil), at: path, now: { Timestamp(milliseconds: 5) })
        _ = try #require(first)
        let error = #expect(throws: OperatorError.self) { _ = try JobJournal(resuming: path, now: { Timestamp(milliseconds: 6) }) }
        #expect(error?.code == .conflict)
        #expect(JobStore(folder: folder).jobs().map { try? $0.progress.get().state } == [.running])
        try await first?.note(line(.run))
    }

    @Test("what is no journal is told by name", arguments: ["", "{}\n", "not json\n", "{\"version\":1}\n", "\u{0}\u{1}\n"])
    func foreign(text: String) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path))
        let error = #expect(throws: OperatorError.self) { try JobStanding(path: path) }
        #expect(error?.message.contains("1.job") == true)
        #expect(JobStore(folder: folder).jobs().count == 1)
    }
}
