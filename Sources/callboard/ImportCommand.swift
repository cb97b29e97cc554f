import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard import`
struct ImportCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Send the messages of an export to a queue or topic, in their order.",
        discussion: """
            Bytes, types, session and ids are those of the export; what the service or dead-lettering wrote is left out. The file is checked whole first.
            Example: callboard import orders dead-orders.cbx --dry-run
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var action: ActionOptions
    @OptionGroup var pace: PaceOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "queue or topic")
    var entity: EntityArgument

    @Argument(help: "the file that 'export', 'purge' or 'delete' wrote")
    var file: String

    @Flag(name: .customLong("new-id"), help: "Give the messages new ids; the old ones are kept in a property.")
    var newID = false

    func execute() async throws -> Int32 {
        let file = try InputFile.absolute(file)
        return try await ActionRun(connection: connection, options: action, output: output).run(entity, nil) { path in
            var request = ActionRequest(.importing(file: file), in: path, .all)
            request.newIDs = newID
            request.rate = pace.rate
            return request
        }
    }
}
