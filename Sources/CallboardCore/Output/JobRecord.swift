internal import ServiceBus

/// A job as `jobs` prints it. The names of its JSON are stable.
public struct JobRecord: OutputRecord {
    /// How far it is.
    public let progress: JobProgress
    private let listsMessages: Bool

    /// Wraps a job.
    /// - Parameter listsMessages: whether the JSON lists the messages that failed or are in doubt.
    public init(_ progress: JobProgress, listsMessages: Bool = false) {
        self.progress = progress
        self.listsMessages = listsMessages
    }

    /// Number, what, state, figures, start.
    public static let columns = [
        OutputColumn("job", isNumeric: true), OutputColumn("what"), OutputColumn("state"), OutputColumn("done", isNumeric: true),
        OutputColumn("of", isNumeric: true), OutputColumn("failed", isNumeric: true), OutputColumn("unknown", isNumeric: true),
        OutputColumn("gone", isNumeric: true), OutputColumn("begun"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(Int64(progress.id))
        row.cell(progress.headline)
        row.cell(progress.state.rawValue)
        row.cell(Int64(progress.done))
        row.cell(Int64(progress.total))
        row.cell(Int64(progress.failed))
        row.cell(Int64(progress.unknown.count))
        row.cell(Int64(progress.gone))
        row.cell(progress.startedAt)
    }

    /// Writes the job as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", Int64(progress.id))
            json.member("what", progress.headline)
            json.member("state", progress.state.rawValue)
            json.member("planned", Int64(progress.total))
            json.member("done", Int64(progress.done))
            json.member("failed", Int64(progress.failed))
            json.member("unknown", Int64(progress.unknown.count))
            json.member("maybeDoubled", Int64(progress.maybeDoubled.count))
            json.member("gone", Int64(progress.gone))
            json.member("remaining", Int64(progress.remaining))
            json.member("isResumable", progress.isResumable)
            json.member("startedAt", progress.startedAt.rfc3339)
            json.member("elapsedMilliseconds", Int64(progress.elapsed / .milliseconds(1)))
            json.member("message", progress.message)
            json.member("export", progress.export)
            guard listsMessages else { return }
            json.key("failures")
            json.array { json in
                for failure in progress.failures {
                    json.object { json in
                        json.key("sequenceNumber")
                        json.exactInteger(failure.number.rawValue)
                        json.member("reason", failure.reason)
                    }
                }
            }
            for (name, numbers) in [
                ("unknownSequenceNumbers", progress.unknown), ("maybeDoubledSequenceNumbers", progress.maybeDoubled),
            ] {
                json.member(name, NumberText.text(numbers.sorted()))
            }
        }
    }

    /// The job as lines for people.
    public var lines: [String] {
        var lines = [
            "job \(progress.id), \(progress.headline): \(progress.state.rawValue), \(progress.done) of \(progress.total) done"
                + (progress.failed > 0 ? ", \(progress.failed) failed" : "")
                + (progress.gone > 0 ? ", \(progress.gone) were gone" : "")
        ]
        for failure in progress.failures { lines.append("  #\(failure.number) was left where it was: \(failure.reason)") }
        if progress.failed > progress.failures.count { lines.append("  and \(progress.failed - progress.failures.count) more") }
        if !progress.unknown.isEmpty {
            lines.append(
                "  nobody knows whether these were sent, and they are still there: \(NumberText.text(progress.unknown.sorted()))")
        }
        if !progress.maybeDoubled.isEmpty {
            lines.append("  these may be there twice: \(NumberText.text(progress.maybeDoubled.sorted()))")
        }
        if let export = progress.export {
            lines.append(
                progress.exportWarning.map { "  \(export) \($0)" } ?? "  what was removed is in \(export): 'callboard import' puts it back")
        }
        if let message = progress.message { lines.append("  \(message)") }
        if progress.isResumable { lines.append("  go on with: callboard jobs resume \(progress.id)") }
        return lines
    }
}
