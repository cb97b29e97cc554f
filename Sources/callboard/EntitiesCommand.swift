import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard entities`
struct EntitiesCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "entities", abstract: "List queues, topics and subscriptions with their counts.",
        discussion: "Example, for cron: callboard entities --fail-if-any dead-letter")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Exit with status 1 when any entity has such messages.")
    var failIfAny: Alarm?

    enum Alarm: String, ExpressibleByArgument, CaseIterable, Sendable {
        case deadLetter = "dead-letter"
        case transferDeadLetter = "transfer-dead-letter"

        func rings(_ counts: EntityCounts) -> Bool {
            self == .deadLetter ? counts.deadLetter > 0 : counts.transferDeadLetter > 0
        }
    }

    func execute() async throws -> Int32 {
        let rings = try await connection.withWorkspace { workspace in
            output.output == .jsonl ? try await stream(workspace) : try await list(workspace)
        }
        return rings ? 1 : 0
    }

    /// Prints all at once, in the order of their paths.
    private func list(_ workspace: Workspace) async throws -> Bool {
        let listing = try await workspace.entities()
        let estate = await workspace.estate()
        output.write(listing.entities.map { EntityRecord($0, asOf: listing.asOf, ownership: estate.ownership(of: $0.path)) })
        return listing.entities.contains { rings($0) }
    }

    /// Prints each page as it comes, in the order of the service: however many there are, the first are there at once.
    private func stream(_ workspace: Workspace) async throws -> Bool {
        let estate = await workspace.estate()
        var list = ListOutput<EntityRecord>(.jsonl)
        var isRinging = false
        for try await page in workspace.entityPages() {
            let now = Timestamp.now
            for entity in page {
                list.append(EntityRecord(entity, asOf: now, ownership: estate.ownership(of: entity.path)))
                if rings(entity) { isRinging = true }
            }
            list.flush { Standard.output.write($0) }
        }
        return isRinging
    }

    private func rings(_ entity: EntityDescription) -> Bool {
        guard let failIfAny, let counts = entity.counts else { return false }
        return failIfAny.rings(counts)
    }
}
