import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard move`
struct MoveCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Send exact copies of messages to another queue or topic, and remove them.",
        discussion: "Example: callboard move orders --where \"tenant = 'emea'\" --to orders-emea --dry-run")

    @OptionGroup var arguments: ActionArguments
    @OptionGroup var place: SubQueueOptions
    @OptionGroup var choice: ChoiceOptions
    @OptionGroup var copies: CopyOptions

    @Option(help: ArgumentHelp("The queue or topic to send to.", valueName: "entity"))
    var to: EntityArgument

    func execute() async throws -> Int32 {
        guard let target = to.candidates.last else { throw OperatorError(.usage, "--to names no queue or topic.") }
        return try await arguments.run(.move(to: target), in: place.subQueue, try choice.choice()) { copies.apply(to: &$0) }
    }
}

/// `callboard defer`
struct DeferCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "defer", abstract: "Set messages aside: they stay where they are, and are had by their numbers only.",
        discussion: "Example: callboard defer orders --seq 4812 --yes")

    @OptionGroup var arguments: ActionArguments
    @OptionGroup var place: SubQueueOptions
    @OptionGroup var choice: ChoiceOptions

    func execute() async throws -> Int32 { try await arguments.run(.defer, in: place.subQueue, try choice.choice()) }
}

/// `callboard dead-letter`
struct DeadLetterCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letter", abstract: "Send messages to the dead-letter queue of their own entity, on purpose.",
        discussion: "Example: callboard dead-letter orders --seq 4812 --because 'poison' --yes")

    @OptionGroup var arguments: ActionArguments
    @OptionGroup var choice: ChoiceOptions

    @Option(help: ArgumentHelp("The dead-letter reason the messages get.", valueName: "text"))
    var because: String

    @Option(help: ArgumentHelp("The dead-letter description the messages get.", valueName: "text"))
    var description: String?

    func execute() async throws -> Int32 {
        try await arguments.run(.deadLetter(reason: because, description: description), try choice.choice())
    }
}

/// `callboard receive-deferred`
struct ReceiveDeferredCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "receive-deferred",
        abstract: "Make messages that were set aside active again: exact copies of them, at the end of the queue.",
        discussion: "Example: callboard receive-deferred orders --seq 4812-4820 --yes")

    @OptionGroup var arguments: ActionArguments
    @OptionGroup var choice: ChoiceOptions
    @OptionGroup var copies: CopyOptions

    func execute() async throws -> Int32 { try await arguments.run(.reactivate, try choice.choice()) { copies.apply(to: &$0) } }
}

/// `callboard cancel-scheduled`
struct CancelScheduledCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel-scheduled", abstract: "Remove messages that were to become active later.",
        discussion: "Example: callboard cancel-scheduled orders --seq 4812 --yes")

    @OptionGroup var arguments: ActionArguments
    @OptionGroup var choice: ChoiceOptions
    @OptionGroup var keeping: KeepingOptions

    func execute() async throws -> Int32 {
        try await arguments.run(.cancelScheduled, try choice.choice()) { $0.export = keeping.place }
    }
}
