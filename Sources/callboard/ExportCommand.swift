import ArgumentParser
import CallboardCore
import ServiceBus
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard export`
struct ExportCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write messages to a file exactly as they are: bytes, types and order survive.",
        discussion: """
            Locks nothing and ends at the newest message there is when it begins. The file is whole or not there, and only you can read it. \
            Where a context masks messages there is no exact export.
            Examples: callboard export orders --dead-letter dead-orders.cbx
                      callboard export orders eu.cbx --where "region = 'eu'"
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var place: SubQueueOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var why: ReasonOptions

    @Argument(help: "queue, topic/subscription, or an address like queue/$deadletterqueue")
    var entity: EntityArgument

    @Argument(help: "the file to write, NAME.cbx by custom")
    var file: String

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("Only messages for which a condition is true, as in peek --where.", valueName: "condition"))
    var condition: String?

    @Option(help: ArgumentHelp("Only messages of this session.", valueName: "id"))
    var session: String?

    @Flag(help: "Replace the file if there is one of that name.")
    var overwrite = false

    func validate() throws {
        if file == "-" { throw ValidationError("An export goes to a file, which is whole or not there; a stream can be neither.") }
        _ = try filter()
    }

    func execute() async throws -> Int32 {
        let options = ExportOptions(condition: try filter(), sessionID: session, isOverwriting: overwrite)
        let progress = ExportTeller()
        let summary = try await Interruption.shared.cancelsWhole {
            try await connection.withWorkspace { workspace in
                let door = try Operator(workspace, environment: ProcessInfo.processInfo.environment)
                return try await entity.resolve(place.subQueue) { path throws(OperatorError) in
                    try await door.export(path, options, to: file, reason: why.reason, ticket: why.ticket) { progress.tell($0) }
                }
            }
        }
        if output.output == .table {
            Standard.output.write(
                "\(summary.count) messages, \(summary.bytes) bytes, sha256 \(summary.sha256) written to \(VisibleText.of(summary.path))\n")
        } else {
            var json = JSONWriter()
            summary.write(to: &json)
            Standard.output.write(json.bytes + [UInt8(ascii: "\n")])
        }
        return 0
    }

    private func filter() throws -> SQLFilter? { try condition.map { try FilterArgument.parse($0, option: "--where") } }
}

/// Says how far a long export is, for who sits before it.
private final class ExportTeller: Sendable {
    private let told = Mutex(0)

    func tell(_ progress: ExportProgress) {
        guard isatty(2) == 1 else { return }
        let isDue = told.withLock { told in
            guard progress.count - told >= 10_000 else { return false }
            told = progress.count
            return true
        }
        if isDue { Standard.raw("\(progress.count) messages, \(progress.bytes) bytes so far") }
    }
}
