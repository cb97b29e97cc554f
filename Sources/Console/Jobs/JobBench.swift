internal import CallboardCore
internal import Synchronization

/// Runs the jobs of this console, each in a task of its own that no screen holds.
final class JobBench: Sendable {
    private let running = Mutex<[Int: (job: Job, task: Task<JobProgress, Never>)]>([:])

    /// Whether any runs.
    var isEmpty: Bool { running.withLock { $0.isEmpty } }

    /// Runs a job to its end. Cancelling the task that waits here stops the job between messages.
    func run(_ job: Job, by door: Operator, _ throttle: ProgressThrottle) async {
        let task = Task { await door.run(job) }
        running.withLock { $0[job.id] = (job, task) }
        let progress = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            job.control.cancel()
        }
        running.withLock { $0[job.id] = nil }
        throttle.end(progress)
    }

    /// Tells a job something.
    /// - Throws: ``OperatorError`` when it does not run here.
    func tell(_ id: Int, _ order: JobOrder) throws(OperatorError) {
        guard let job = running.withLock({ $0[id]?.job }) else {
            throw OperatorError(.notFound, "Job \(id) does not run in this console.", hint: "Look at the list again.")
        }
        switch order {
        case .pause: job.control.pause()
        case .goOn: job.control.goOn()
        case .cancel: job.control.cancel()
        }
    }

    /// Stops all jobs between messages, and waits until their journals say so.
    func close() async {
        let all = running.withLock { Array($0.values) }
        for entry in all { entry.job.control.cancel() }
        for entry in all { _ = await entry.task.value }
    }
}
