import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard show`
struct ShowCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an entity: its settings, counts and owner.", discussion: "Example: callboard show orders")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "queue, topic or topic/subscription")
    var entity: EntityArgument

    func execute() async throws -> Int32 {
        let workspace = try connection.workspace()
        let description = try await entity.resolve(.active) { path throws(OperatorError) in try await workspace.entity(path) }
        let now = Timestamp.now
        let record = EntityRecord(
            description, asOf: now, ownership: await workspace.estate().ownership(of: description.path), isDetailed: true)
        if output.output == .table {
            Standard.output.write(record.description(now: now))
        } else {
            var json = JSONWriter()
            record.write(to: &json)
            Standard.output.write(json.bytes + [UInt8(ascii: "\n")])
        }
        await workspace.close()
        return 0
    }
}
