import ArgumentParser
import CallboardCore
import ServiceBus
import Synchronization

/// `callboard trace`
struct TraceCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Find every message that bears an id, in all queues, subscriptions and dead letters.",
        discussion: """
            The id is a message id, a correlation id, a trace id of 32 hexadecimal digits, or a whole traceparent. Locks nothing and reads headers only.
            Exit status: 4 when it is nowhere, 5 when some place could not be looked through.
            Examples: callboard trace 3f2a9c51-7b7e-4d4e-9a0b-5f9d2c1e8a77
                      callboard trace order-88213 --service checkout --output json
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "message id, correlation id, trace id or traceparent")
    var id: String

    @Option(help: ArgumentHelp("Only what the catalogue binds to this service.", valueName: "name"))
    var service: String?

    @Flag(help: "Everything in the namespace; what is done unless something else is said.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "Only this queue, topic or topic/subscription with its dead letters; may be repeated. Needs no right to list entities.",
            valueName: "entity"))
    var entity: [EntityArgument] = []

    @Option(
        help: ArgumentHelp(
            "Look at no more than so many messages. Where each costs a credit, 200000 unless said otherwise.", valueName: "messages"))
    var budget: Int?

    func validate() throws {
        if [service != nil, all, !entity.isEmpty].count(where: { $0 }) > 1 {
            throw ValidationError("--service, --all and --entity exclude each other.")
        }
        if let budget, budget < 1 { throw ValidationError("--budget must be at least 1.") }
        guard TraceID(id) != nil else { throw ValidationError("An id of 1 to \(TraceID.longest) bytes is needed.") }
    }

    func execute() async throws -> Int32 {
        guard let id = TraceID(id) else { throw ValidationError("There is no id.") }
        let report = try await connection.withWorkspace { workspace in
            let sink = TraceSink(id, output.output)
            do throws(OperatorError) {
                try await workspace.trace(id, in: try await scope(workspace), budget: budget) { sink.take($0) }
            } catch {
                // What was found before it went wrong is printed.
                sink.finish()
                throw error
            }
            return sink.finish()
        }
        for doubt in report.doubts + report.remarks { Standard.raw(VisibleText.of(doubt)) }
        return try verdict(report)
    }

    private func scope(_ workspace: Workspace) async throws(OperatorError) -> TraceScope {
        if let service { return .service(service) }
        guard !entity.isEmpty else { return .namespace }
        var paths: [EntityPath] = []
        for entity in self.entity {
            // What a name means is found out by asking for one message there; who may not look at it is told so by the trace.
            let path = try await entity.resolve(nil) { path throws(OperatorError) in
                do throws(OperatorError) {
                    _ = try await workspace.peek(path.entity, count: 1, options: PeekOptions(headersOnly: true))
                } catch {
                    if error.code == .notFound { throw error }
                }
                return path.entity
            }
            paths.append(path)
        }
        return .entities(paths)
    }

    private func verdict(_ report: TraceReport) throws(OperatorError) -> Int32 {
        let place = report.plan?.title ?? "the namespace"
        let looked = "\(report.looked) messages in \(report.places.count) places of \(place)"
        let found = report.copies.count + report.uncollected
        if found == 0 {
            let message = "No message with the id \(report.id) was found among \(looked)"
            if report.isComplete { throw OperatorError(.notFound, message + ", and there is none.") }
            let refused = report.places.count { if case .notPermitted = $0.outcome { true } else { false } }
            if refused == report.places.count, refused > 0 {
                throw OperatorError(
                    .notPermitted, "None of the \(refused) places of \(place) may be looked into.",
                    hint: "Ask for the Listen right, or name entities you may read with --entity.", neededRight: "Listen")
            }
            throw OperatorError(.partlyDone, message + "; it may be where nobody could look.")
        }
        if report.uncollected > 0 {
            Standard.raw("\(report.uncollected) more messages bear the id: only \(report.copies.count) are listed.")
        }
        Standard.raw("\(found) in \(report.placesWithCopies) places; looked at \(looked).")
        return report.isComplete ? 0 : 5
    }
}

/// Puts a trace's news together, and prints: lines of JSON as they are found, all else at the end, in order of time.
private final class TraceSink: Sendable {
    private let format: OutputFormat
    private let state: Mutex<(report: TraceReport, lines: ListOutput<TraceRecord>)>

    init(_ id: TraceID, _ format: OutputFormat) {
        self.format = format
        state = Mutex((TraceReport(id), ListOutput(format, columns: Standard.columns)))
    }

    func take(_ update: TraceUpdate) {
        state.withLock { state in
            state.report.apply(update)
            guard format == .jsonl, case .looked(_, _, _, let copies) = update, !copies.isEmpty else { return }
            for copy in copies { state.lines.append(TraceRecord(copy)) }
            state.lines.flush { Standard.output.write($0) }
        }
    }

    @discardableResult
    func finish() -> TraceReport {
        state.withLock { state in
            if format != .jsonl { for copy in state.report.copies { state.lines.append(TraceRecord(copy)) } }
            state.lines.finish()
            state.lines.flush { Standard.output.write($0) }
            return state.report
        }
    }
}
