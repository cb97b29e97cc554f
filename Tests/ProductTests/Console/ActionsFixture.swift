import ServiceBus
import Testing

@testable import CallboardCore
@testable import Console

/// Plans, jobs and the history that the console's tests look at.
extension Fixture {
    static func proposal(_ plan: ActionPlan, _ verdict: Verdict = .allowed(rule: "built-in:emulator", limits: PolicyLimits()))
        -> Operator.Proposal
    {
        Operator.Proposal(plan: plan, verdict: verdict, demand: plan.demand)
    }

    /// The plan of a request, as if all its messages were there.
    static func plan(_ request: ActionRequest, remarks: [PlanRemark] = []) -> ActionPlan {
        var snapshot = Snapshot()
        switch request.choice {
        case .numbers(let numbers, _): for number in numbers { _ = snapshot.add(number, reached: .line) }
        default: for row in deadLetters(60) { _ = snapshot.add(row.sequenceNumber, reached: .line) }
        }
        let action: MessageAction
        switch request.wish {
        case .redrive(let target): action = .redrive(to: target ?? request.path.entity, copies(request))
        case .move(let target): action = .move(to: target, copies(request))
        case .reactivate: action = .reactivate(to: request.path.entity, copies(request))
        case .delete: action = .delete
        case .purge(let before): action = .purge(before: before ?? now)
        case .defer: action = .defer
        case .deadLetter(let reason, let description): action = .deadLetter(reason: reason, description: description)
        case .cancelScheduled: action = .cancelScheduled
        case .importing(let file): action = .importing(file: file, .none)
        }
        let rate = request.rate == 0 ? nil : request.rate
        return ActionPlan(
            action: action, source: request.path, choice: request.choice.title, snapshot: snapshot, plannedAt: now,
            isAtomic: request.isAtomic && action.target != nil, keepsOrder: false, rate: rate, credits: snapshot.count * 2,
            bytes: Int64(snapshot.count) * 700, duration: .seconds(90), lockDuration: .seconds(60),
            export: action.destroys ? request.export : nil, remarks: remarks, title: title())
    }

    private static func copies(_ request: ActionRequest) -> CopyChanges {
        CopyChanges(stripped: ["DeadLetterReason", "DeadLetterErrorDescription"], newIDPrefix: request.newIDs ? "redriven-1" : nil)
    }

    /// What should be thought of, of every weight, with words of a hostile service in them.
    static let remarks = [
        PlanRemark(.timeToLive, .note, "12 have a time to live, which begins anew with the copy.", count: 12),
        PlanRemark(
            .cameBack, .warning, "3 of these came back twice before.", remedy: "What made them fail may not be mended yet.", count: 3),
        PlanRemark(
            .duplicateDetection, .blocker,
            "\u{1B}[31morders drops repeated ids for PT10M, and would accept and drop 5 of the copies without a word.",
            remedy: "Give new ids (--new-id): the old ones are kept in x-original-message-id.", count: 5),
    ]

    static func job(
        _ id: Int, _ state: JobProgress.State, done: Int, of total: Int, headline: String = "redrive 60 dead letters of orders to orders"
    ) -> JobProgress {
        var job = JobProgress(id: id, headline: headline, state: state, total: total, startedAt: now.advanced(by: .seconds(-80)))
        job.done = done
        job.elapsed = .seconds(80)
        return job
    }

    static var jobs: [JobEntry] {
        var stopped = job(10, .stopped, done: 1_200, of: 1_402, headline: "redrive 1402 dead letters of invoices to invoices")
        stopped.unknown = (1...100).map { SequenceNumber(Int64($0)) }
        stopped.failed = 2
        stopped.failures = [
            .init(number: SequenceNumber(700), reason: "\u{1B}]0;x\u{07}too large"), .init(number: SequenceNumber(701), reason: "gone"),
        ]
        stopped.message = "The link was lost."
        var purged = job(11, .finished, done: 100_000, of: 100_000, headline: "purge 100000 messages of audit-old")
        purged.export = "/state/jobs/11.cbx"
        return [
            JobEntry(
                id: 12,
                progress: .success(
                    job(12, .interrupted, done: 31_200, of: 48_110, headline: "redrive 48110 dead letters of orders to orders"))),
            JobEntry(id: 11, progress: .success(purged)), JobEntry(id: 10, progress: .success(stopped)),
            JobEntry(
                id: 9, progress: .failure(OperatorError(.usage, "/state/jobs/9.job is no journal that can be gone on with: it is empty."))),
        ]
    }

    /// Records of a ledger, as the guardrails and a job leave them.
    static func history() throws -> History {
        func record(_ sequence: Int, _ type: String, _ members: [JSONValue.Member]) -> HistoryEntry {
            HistoryEntry(AuditRecord(sequence: sequence, time: now, type: type, members, after: AuditRecord.noHash))
        }
        func counts(_ members: (String, Int)...) -> JSONValue.Member {
            .init("counts", .object(members.map { .init($0.0, .integer(Int64($0.1))) }))
        }
        let who = JSONValue.Member("actor", .object([.init("name", .text("dana")), .init("kind", .text("local"))]))
        let place = JSONValue.Member("entity", .text("orders/$deadletterqueue"))
        return History(
            entries: [
                record(2, "message.purge.refused", [who, place, .init("rule", .text("no-purge"))]),
                record(
                    1, "message.redrive.done",
                    [who, place, counts(("planned", 1402), ("done", 1400), ("failed", 2)), .init("job", .text("10"))]),
                record(
                    0, "message.redrive.intended",
                    [who, place, .init("rule", .text("redrive-own")), counts(("planned", 1402)), .init("job", .text("10"))]),
            ], problem: nil)
    }

    /// What an estate in which everything works answers to what is asked of actions.
    static func answer(toAction request: Request) -> Result<[Answer], OperatorError>? {
        switch request {
        case .propose(let request): .success([.planning(looked: 1000), .proposal(proposal(plan(request)))])
        case .begin(let confirmation, _, _):
            .success([
                .jobProgress(job(13, .running, done: 0, of: confirmation.plan.count)),
                .jobProgress(job(13, .finished, done: confirmation.plan.count, of: confirmation.plan.count)),
            ])
        case .resume(let id, _): .success([.jobProgress(job(id, .running, done: 31_300, of: 48_110))])
        case .jobs: .success([.jobs(jobs)])
        case .job(let id):
            .success([
                .job(
                    plan(ActionRequest(.redrive(to: nil), in: path("orders").deadLetter, .all)),
                    jobs.compactMap { try? $0.progress.get() }.first { $0.id == id } ?? job(id, .finished, done: 60, of: 60))
            ])
        case .history: (try? history()).map { .success([.history($0)]) } ?? nil
        case .editable: .success([.editable(json)])
        case .edited(_, let text): .success([.edited(.data(Array(text.utf8)))])
        case .export(_, let numbers, let file, _):
            .success([.exported(ExportSummary(count: numbers?.count ?? 60, bytes: 4200, sha256: "", path: file))])
        default: .success([])
        }
    }
}
