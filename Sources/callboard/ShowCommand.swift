import ArgumentParser
import CallboardCore
import ServiceBus

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `callboard show`
struct ShowCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an entity: its settings, counts and owner.",
        discussion: """
            The service's counts are approximate, and know no deferred messages. --count looks at the headers of every message there is when \
            it begins, without locking any, and puts both figures side by side.
            Example: callboard show orders --count
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "queue, topic or topic/subscription")
    var entity: EntityArgument

    @Flag(help: "Count its messages by looking at every one of them, dead letters included.")
    var count = false

    func execute() async throws -> Int32 {
        try await connection.withWorkspace { workspace in
            let shown = try await entity.resolve(.active) { path throws(OperatorError) in
                // Counted first, so that the service's figures are those of the end of the count.
                let counted = count ? try await workspace.count(path) { Self.tell($0) } : nil
                return (description: try await workspace.entity(path), counted: counted)
            }
            let now = Timestamp.now
            let record = EntityRecord(
                shown.description, asOf: now, in: await workspace.estate(), isDetailed: true, counted: shown.counted)
            if output.output == .table {
                Standard.output.write(record.description(now: now))
            } else {
                var json = JSONWriter()
                record.write(to: &json)
                Standard.output.write(json.bytes + [UInt8(ascii: "\n")])
            }
        }
        return 0
    }

    /// How far a long count is, for who sits before it.
    private static func tell(_ counted: CountedMessages) {
        guard isatty(2) == 1, counted.finishedAt == nil else { return }
        Standard.raw("counted \(counted.total) so far")
    }
}
