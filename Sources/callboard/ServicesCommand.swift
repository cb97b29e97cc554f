import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard services`
struct ServicesCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "services", abstract: "List the catalogue's services with owner, entities and health, worst first.",
        discussion: """
            --findings lists instead what does not fit: entities that nobody owns, entities that are not there, names that fit two services.
            Example: callboard services checkout
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "Only the service of this name or reference.")
    var service: String?

    @Flag(help: "List in what the catalogue and the namespace do not fit: entities nobody owns, entities that do not exist, unclear names.")
    var findings = false

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
        if board.isByResourceManager { Standard.error(EntityDescription.resourceManagerNote) }
        if findings {
            let wanted = Set(rows.map(\.service.ref))
            output.write(
                board.findings.filter { service == nil || !wanted.isDisjoint(with: $0.services) }.map { EstateFindingRecord($0) })
            if case .notPermitted(let needs) = board.totals {
                Standard.error("entities cannot be listed (needs \(needs)): which are missing or nobody's is not known")
            }
        } else {
            let records = rows.map { ServiceRecord($0, isByResourceManager: board.isByResourceManager) }
            output.write(records)
            if service != nil, output.output == .table {
                for line in records.flatMap(\.details) { Standard.output.write(Array((VisibleText.of(line) + "\n").utf8)) }
            }
        }
        // Nothing of the catalogue could be read: that is no empty list.
        return board.rows.isEmpty && !board.problems.isEmpty ? 1 : 0
    }
}
