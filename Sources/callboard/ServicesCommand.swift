import ArgumentParser
import CallboardCore

/// `callboard services`
struct ServicesCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "services", abstract: "List the catalogue's services with owner, entities and health, worst first.",
        discussion: "Example: callboard services checkout")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "Only the service of this name or reference.")
    var service: String?

    func execute() async throws -> Int32 {
        let workspace = try await connection.workspace()
        await workspace.catalogueAsked()
        let board = await workspace.board()
        await workspace.close()
        for problem in board.problems { Standard.error(problem.description) }
        var rows = board.rows
        if let service {
            let wanted = service.lowercased()
            rows = rows.filter { $0.service.name.lowercased() == wanted || $0.service.ref.lowercased() == wanted }
            if rows.isEmpty {
                throw OperatorError(
                    .notFound, "The catalogue has no service '\(service)'.",
                    hint: board.rows.isEmpty
                        ? "No service is in the catalogue: name its files with --catalogue or in the configuration."
                        : "'callboard services' lists the \(board.rows.count) there are.")
            }
        }
        output.write(rows.map { ServiceRecord($0) })
        // Nothing of the catalogue could be read: that is no empty list.
        return board.rows.isEmpty && !board.problems.isEmpty ? 1 : 0
    }
}
