import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard move`
struct MoveCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Send exact copies of messages to another queue or topic, and remove them.",
        discussion: "Example: callboard move orders --where \"tenant = 'emea'\" --to orders-emea --dry-run")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var place: SubQueueOptions
    @OptionGroup var choice: ChoiceOptions
    @OptionGroup var copies: CopyOptions
    @OptionGroup var action: ActionOptions
    @OptionGroup var pace: PaceOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "queue, topic/subscription, or an address like queue/$deadletterqueue")
    var entity: EntityArgument

    @Option(help: ArgumentHelp("The queue or topic to send to.", valueName: "entity"))
    var to: EntityArgument

    func execute() async throws -> Int32 {
        let choice = try choice.choice()
        guard let target = to.candidates.last else { throw OperatorError(.usage, "--to names no queue or topic.") }
        return try await ActionRun(connection: connection, options: action, output: output).run(entity, place.subQueue) { path in
            var request = ActionRequest(.move(to: target), in: path, choice)
            copies.apply(to: &request)
            request.rate = pace.rate
            return request
        }
    }
}

/// `callboard defer`
struct DeferCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "defer", abstract: "Set messages aside: they stay where they are, and are had by their numbers only.",
        discussion: "Example: callboard defer orders --seq 4812 --yes")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var place: SubQueueOptions
    @OptionGroup var choice: ChoiceOptions
    @OptionGroup var action: ActionOptions
    @OptionGroup var pace: PaceOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "queue, topic/subscription, or an address like queue/$deadletterqueue")
    var entity: EntityArgument

    func execute() async throws -> Int32 {
        let choice = try choice.choice()
        return try await ActionRun(connection: connection, options: action, output: output).run(entity, place.subQueue) { path in
            var request = ActionRequest(.defer, in: path, choice)
            request.rate = pace.rate
            return request
        }
    }
}

/// `callboard dead-letter`
struct DeadLetterCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letter", abstract: "Send messages to the dead-letter queue of their own entity, on purpose.",
        discussion: "Example: callboard dead-letter orders --seq 4812 --because 'poison' --yes")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var choice: ChoiceOptions
    @OptionGroup var action: ActionOptions
    @OptionGroup var pace: PaceOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "queue or topic/subscription")
    var entity: EntityArgument

    @Option(help: ArgumentHelp("The dead-letter reason the messages get.", valueName: "text"))
    var because: String

    @Option(help: ArgumentHelp("The dead-letter description the messages get.", valueName: "text"))
    var description: String?

    func execute() async throws -> Int32 {
        let choice = try choice.choice()
        return try await ActionRun(connection: connection, options: action, output: output).run(entity, nil) { path in
            var request = ActionRequest(.deadLetter(reason: because, description: description), in: path, choice)
            request.rate = pace.rate
            return request
        }
    }
}

/// `callboard receive-deferred`
struct ReceiveDeferredCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "receive-deferred",
        abstract: "Make messages that were set aside active again: exact copies of them, at the end of the queue.",
        discussion: "Example: callboard receive-deferred orders --seq 4812-4820 --yes")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var choice: ChoiceOptions
    @OptionGroup var copies: CopyOptions
    @OptionGroup var action: ActionOptions
    @OptionGroup var pace: PaceOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "queue or topic/subscription")
    var entity: EntityArgument

    func execute() async throws -> Int32 {
        let choice = try choice.choice()
        return try await ActionRun(connection: connection, options: action, output: output).run(entity, nil) { path in
            var request = ActionRequest(.reactivate, in: path, choice)
            copies.apply(to: &request)
            request.rate = pace.rate
            return request
        }
    }
}

/// `callboard cancel-scheduled`
struct CancelScheduledCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel-scheduled", abstract: "Remove messages that were to become active later.",
        discussion: "Example: callboard cancel-scheduled orders --seq 4812 --yes")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var choice: ChoiceOptions
    @OptionGroup var keeping: KeepingOptions
    @OptionGroup var action: ActionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "queue or topic")
    var entity: EntityArgument

    func execute() async throws -> Int32 {
        let choice = try choice.choice()
        return try await ActionRun(connection: connection, options: action, output: output).run(entity, nil) { path in
            var request = ActionRequest(.cancelScheduled, in: path, choice)
            request.export = keeping.place
            return request
        }
    }
}
