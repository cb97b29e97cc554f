import ArgumentParser
import CallboardCore

/// `callboard import`
struct ImportCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Send the messages of an export to a queue or topic, in their order.",
        discussion: """
            Bytes, types, session and ids are those of the export; what the service or dead-lettering wrote is left out. The file is checked whole first.
            Example: callboard import orders dead-orders.cbx --dry-run
            """)

    @OptionGroup var arguments: ActionArguments

    @Argument(help: "the file that 'export', 'purge' or 'delete' wrote")
    var file: String

    @Flag(name: .customLong("new-id"), help: "Give the messages new ids; the old ones are kept in a property.")
    var newID = false

    func execute() async throws -> Int32 {
        try await arguments.run(.importing(file: try InputFile.absolute(file)), .all) { $0.newIDs = newID }
    }
}
