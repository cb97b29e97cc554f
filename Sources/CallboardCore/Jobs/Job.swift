public import ServiceBus

/// A job under way: it does what was planned with the messages that were planned, and keeps a journal of it.
///
/// Each batch is in the journal, on the disk, before anything is done with it. What a process leaves behind when it is killed is gone on
/// with by another: what was sent and removed in one transaction is never lost and never there twice; without transactions at most the one
/// batch whose outcome nobody knows may be there twice, and the progress says which messages these are.
public actor Job {
    /// Its number.
    public nonisolated let id: Int
    /// What was planned.
    public nonisolated let plan: ActionPlan
    /// What it is told.
    public nonisolated let control: JobControl
    let changing: any MessageChanging
    let journal: JobJournal
    /// Makes a text fit to be seen.
    private let masked: @Sendable (String) -> String
    private let report: @Sendable (JobProgress) -> Void
    private(set) var progress: JobProgress
    private let before: JobStanding?
    private var began = ContinuousClock.now
    private var earlier = Duration.zero
    /// Messages deleted, or records sent, not by number.
    var counted = 0
    /// Messages this run is to do: all that are planned, but those that are settled.
    var rest: [ManyPart] = []
    private(set) var unresolved: Set<SequenceNumber> = []
    private var copied: Set<SequenceNumber> = []
    private var trackingIDs: [String] = []
    /// Messages that were passed over and could not be given back.
    private var stillLocked = 0

    /// The service's ids of failures, to quote to its operators.
    var failureIDs: [String] { trackingIDs }

    init(
        id: Int, plan: ActionPlan, journal: JobJournal, changing: any MessageChanging, goingOn standing: JobStanding?,
        masked: @escaping @Sendable (String) -> String, report: @escaping @Sendable (JobProgress) -> Void
    ) {
        self.id = id
        self.plan = plan
        self.journal = journal
        self.changing = changing
        self.masked = masked
        self.report = report
        before = standing
        control = JobControl(rate: plan.rate)
        progress =
            standing?.progress(plan, isRunning: true)
            ?? JobProgress(
                id: id, headline: plan.headline, state: .running, total: plan.count, startedAt: Timestamp(milliseconds: journal.time))
        earlier = progress.elapsed
        counted = standing?.deleted ?? 0
    }

    /// Runs until it is over. Cancelling the task stops it between messages.
    /// - Returns: how it ended.
    public func run() async -> JobProgress {
        began = .now
        progress.state = .running
        progress.message = nil
        do {
            try await journal.write(JobLine(kind: .run, at: journal.time))
            prepare()
            tell()
            try await exportFirst()
            switch plan.action {
            case .purge(let limit) where deletesByTime: try await purge(before: limit)
            case .importing(let file, let changes): try await send(file, changes)
            default: try await runMany()
            }
        } catch is CancellationError {
            end(.cancelled, nil)
        } catch {
            end(.stopped, error)
        }
        if !progress.isOver { end(Task.isCancelled || control.isCancelled ? .cancelled : .finished, nil) }
        await finish()
        return progress
    }

    // MARK: Message by message

    /// The most other messages that are held while those between them are acted on: of each only what settles it is kept.
    private static let heldAtOnce = 100_000

    /// What is still to be done, of what was planned.
    private func prepare() {
        let standing = before
        unresolved = standing?.unresolved ?? []
        copied = standing?.copied ?? []
        // What was left in doubt is tried again: that is what going on means.
        progress.unknown = []
        rest = plan.snapshot.parts.compactMap { part in
            let numbers = part.numbers.filter { !isSettled($0) }
            return numbers.isEmpty ? nil : ManyPart(part.way, numbers)
        }
    }

    /// Does it with each by its number.
    /// - Parameter others: how many more are known to be in somebody else's hands.
    func runMany(besides others: Int = 0) async throws {
        var options = ManyOptions()
        options.isAtomic = plan.isAtomic
        options.keepsOrder = plan.keepsOrder
        options.batchSize = control.batchSize(100, rate: plan.rate)
        options.lockDuration = plan.lockDuration
        options.patience = plan.lockDuration + .seconds(10)
        options.firstBatch = lastBatch
        options.heldAtOnce = Self.heldAtOnce
        options.unresolved = unresolved
        options.copied = copied
        let action = plan.action.many ?? .delete
        while true {
            let outcome = await changing.perform(action, onExactly: rest, in: plan.source, options: options, observer: self)
            options.firstBatch = outcome.lastBatch
            stillLocked += outcome.stillLocked
            if let failure = outcome.failure {
                let isStopped = failure is CancellationError || (failure as? ServiceBusError)?.code == .cancelled
                return end(isStopped ? .cancelled : .stopped, isStopped ? nil : failure)
            }
            if control.isPaused, !Task.isCancelled {
                // Nothing is locked while it waits.
                options.unresolved = Set(outcome.unresolved)
                options.copied = Set(outcome.copied)
                let open = Set(outcome.left).union(outcome.copied)
                rest = rest.map { ManyPart($0.way, $0.numbers.filter(open.contains)) }.filter { !$0.numbers.isEmpty }
                await waitWhilePaused()
                guard !control.isCancelled else { return end(.cancelled, nil) }
                continue
            }
            if control.isCancelled || outcome.isStopped { return end(.cancelled, nil) }
            return endHeld(outcome.left.count + outcome.copied.count + others)
        }
    }

    /// Ends it for now where messages are in somebody else's hands.
    func endHeld(_ count: Int) {
        guard count > 0 else { return }
        end(
            .stopped, nil,
            words: "\(count) messages were in somebody else's hands until the end. Go on with the job when their locks have run out.")
    }

    /// Waits, and says so.
    func waitWhilePaused() async {
        progress.state = .paused
        tell()
        await control.whilePaused()
        progress.state = .running
        tell()
    }

    // MARK: Telling

    func end(_ state: JobProgress.State, _ error: (any Error)?, words: String? = nil) {
        progress.state = state
        if let error {
            let explained = changing.explain(error, doing: "The job")
            progress.message = masked(explained.description)
            if let id = explained.trackingID { trackingIDs.append(id) }
        } else if let words {
            progress.message = words
        }
    }

    private func finish() async {
        if stillLocked > 0 {
            note(
                "\(stillLocked) messages that stand between them could not be given back: they stay locked until their locks run out, and the service counts that as a failed delivery."
            )
        }
        if progress.state == .finished, progress.failed > 0 || !progress.unknown.isEmpty || stillLocked > 0 { progress.state = .partly }
        progress.elapsed = earlier + (.now - began)
        do throws(OperatorError) {
            try await journal.write(
                JobLine(
                    kind: .over, at: journal.time, state: progress.state.rawValue, why: progress.message,
                    elapsed: Int64(progress.elapsed / .milliseconds(1))))
        } catch {
            progress.message = progress.message ?? error.description
        }
        await journal.release()
        report(progress)
    }

    func tell() {
        progress.elapsed = earlier + (.now - began)
        report(progress)
    }

    /// Told from several tasks, in whatever order.
    func deleted(_ count: Int) {
        progress.done += max(count - counted, 0)
        counted = max(counted, count)
        tell()
    }

    /// Keeps how many of the plan are gone, where it is not known which.
    func areGone(_ count: Int) async throws(OperatorError) {
        guard count > progress.gone else { return }
        try await journal.write(JobLine(kind: .gone, at: journal.time, count: count - (before?.gone.count ?? 0)))
        progress.gone = count
        tell()
    }

    func exported(to path: String) { progress.export = path }

    /// Whether what is to be removed was exported by a run before.
    var wasExported: Bool { before?.isExported ?? false }
    /// The number of the last batch of the runs before.
    var lastBatch: Int { before?.lastBatch ?? 0 }

    /// Whether a run before did it with a message, or gave it up.
    func isSettled(_ number: SequenceNumber) -> Bool {
        guard let before else { return false }
        return before.done.contains(number) || before.failures[number] != nil || before.gone.contains(number)
    }

    func noteFailure(_ number: SequenceNumber, _ error: ServiceBusError) {
        progress.add(JobProgress.Failure(number: number, reason: masked(error.description)))
        if let id = error.trackingID, trackingIDs.count < 25 { trackingIDs.append(id) }
    }

    /// Adds a sentence to what is told.
    func note(_ words: String) { progress.message = progress.message.map { "\($0) \(words)" } ?? words }
}

extension Job: ManyObserver {
    /// How long each message takes at least within the rate.
    public nonisolated var timePerMessage: Duration? { control.perMessage }

    /// Waits for its turn within the rate; false when it is to pause or to stop.
    public func mayProceed(with count: Int?) async -> Bool { await control.mayProceed(with: count) }

    /// Writes a batch into the journal, before anything is done with it.
    public func willAct(on batch: Int, _ numbers: [SequenceNumber]) async throws {
        try await journal.write(JobLine(kind: .begin, at: journal.time, batch: batch, numbers: NumberText.text(numbers.sorted())))
        guard let before, !before.unknown.isEmpty else { return }
        let again = numbers.filter { before.unknown.contains($0) && !before.copied.contains($0) }
        if !again.isEmpty { progress.maybeDoubled += again }
    }

    /// Writes into the journal that copies were sent, before the originals are removed.
    public func willRemove(_ numbers: [SequenceNumber], of batch: Int, unknown: [SequenceNumber]) async throws {
        try await journal.write(
            JobLine(
                kind: .sent, at: journal.time, batch: batch, numbers: NumberText.text(numbers.sorted()),
                unknown: unknown.isEmpty ? nil : NumberText.text(unknown.sorted())))
    }

    /// Keeps what became of a batch for the journal, and tells how far it is.
    public func didAct(on batch: Int, _ outcome: ManyOutcome) async {
        func text(_ numbers: [SequenceNumber]) -> String? { numbers.isEmpty ? nil : NumberText.text(numbers.sorted()) }
        for failed in outcome.failed { noteFailure(failed.number, failed.error) }
        await keep(
            JobLine(
                kind: .end, at: journal.time, batch: batch, numbers: text(outcome.done),
                failed: outcome.failed.isEmpty
                    ? nil : outcome.failed.map { .init(number: $0.number.rawValue, why: masked($0.error.description)) },
                unknown: text(outcome.unknown), copied: text(outcome.copied),
                postponed: outcome.error?.outcome == .unknown ? text(outcome.postponed) : nil))
        progress.done += outcome.done.count
        progress.unknown += outcome.unknown
        progress.state = control.isPaused ? progress.state : .running
        tell()
    }

    /// Keeps a line for the journal.
    private func keep(_ line: JobLine) async {
        // The next line that has to be on the disk says so when it cannot be written.
        do throws(OperatorError) { try await journal.note(line) } catch { note(error.description) }
    }

    /// Keeps that messages were gone.
    public func areGone(_ numbers: [SequenceNumber]) async {
        await keep(JobLine(kind: .gone, at: journal.time, numbers: NumberText.text(numbers.sorted())))
        progress.gone += numbers.count
        tell()
    }

    /// Tells that the connection was lost.
    public func willReconnect(after error: ServiceBusError) async {
        progress.state = .reconnecting
        progress.message = masked(error.description)
        tell()
    }
}
