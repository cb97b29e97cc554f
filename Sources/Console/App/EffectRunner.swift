internal import CallboardCore

/// Runs loads as tasks that post into the mailbox. Used by the UI thread only; the tasks run elsewhere.
final class EffectRunner {
    private let source: any ConsoleSource
    private let mailbox: Mailbox<Event>
    private var tasks: [LoadID: Task<Void, Never>] = [:]

    init(source: any ConsoleSource, mailbox: Mailbox<Event>) {
        self.source = source
        self.mailbox = mailbox
    }

    /// Tasks that have not ended, stopped ones included: zero means that nothing will post any more.
    var running: Int { tasks.count }

    func start(_ id: LoadID, _ request: Request) {
        let (source, mailbox) = (source, mailbox)
        tasks[id] = Task.detached {
            do throws(OperatorError) {
                try await source.perform(request) { mailbox.post(.answer(id, $0)) }
                mailbox.post(.finished(id, nil))
            } catch {
                mailbox.post(.finished(id, error))
            }
        }
    }

    /// Asks a load to end; it still posts that it did.
    func stop(_ id: LoadID) { tasks[id]?.cancel() }

    /// A load has posted its end.
    func ended(_ id: LoadID) { tasks[id] = nil }

    func stopAll() {
        for task in tasks.values { task.cancel() }
    }
}
