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
        let workspace = try connection.workspace()
        let listing = try await workspace.entities()
        let estate = await workspace.estate()
        output.write(listing.entities.map { EntityRecord($0, asOf: listing.asOf, ownership: estate.ownership(of: $0.path)) })
        await workspace.close()
        guard let failIfAny else { return 0 }
        return listing.entities.contains { $0.counts.map(failIfAny.rings) ?? false } ? 1 : 0
    }
}
