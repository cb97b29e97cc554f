public import ServiceBus
internal import Synchronization

/// One line of the log screen.
public struct LogEntry: Hashable, Sendable {
    /// How much it matters.
    public enum Level: String, Hashable, Sendable {
        case info, warning, error
    }

    /// When it was written.
    public var time: Timestamp
    /// How much it matters.
    public var level: Level
    /// Who wrote it: `callboard`, a library's label, `stderr`.
    public var source: String
    /// What it says. Not sanitised.
    public var text: String

    /// Makes an entry.
    public init(time: Timestamp, level: Level, source: String, text: String) {
        self.time = time
        self.level = level
        self.source = source
        self.text = text
    }
}

/// Where diagnostics go while the screen is up: anything written to the terminal would tear it.
///
/// Entries written before the console runs are kept and shown when it does.
public final class ConsoleLog: Sendable {
    private struct State {
        var waiting: [LogEntry] = []
        var sink: (@Sendable (LogEntry) -> Void)?
    }

    private let state = Mutex(State())
    private static let longestWait = 1000

    /// Makes an empty log.
    public init() {}

    /// Adds an entry; from any thread.
    public func append(_ entry: LogEntry) {
        let sink = state.withLock { state in
            if state.sink == nil, state.waiting.count < ConsoleLog.longestWait { state.waiting.append(entry) }
            return state.sink
        }
        sink?(entry)
    }

    /// Sends what was written and what will be to the console.
    func attach(_ sink: @escaping @Sendable (LogEntry) -> Void) {
        let waiting = state.withLock { state in
            state.sink = sink
            defer { state.waiting = [] }
            return state.waiting
        }
        for entry in waiting { sink(entry) }
    }

    /// Keeps entries again.
    func detach() { state.withLock { $0.sink = nil } }
}
