import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard redrive`
struct RedriveCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive", abstract: "Send dead letters to where they came from, or elsewhere, and remove them.",
        discussion: """
            Shows the plan first. Copies are exact: bytes, types, session and ids are kept; what dead-lettering added is left out. A copy is sent and \
            the original removed in one transaction. Interrupted or killed, it is gone on with by 'callboard jobs resume'.
            Examples: callboard redrive orders --dead-letter --group 1f00ba412345 --dry-run
                      callboard redrive orders --dead-letter --where "region = 'eu'" --rate 100 --yes
                      callboard redrive order-events/billing --dead-letter --all --only-subscription billing
                      callboard redrive orders --dead-letter --seq 4812 --edit
            """)

    @OptionGroup var arguments: ActionArguments
    @OptionGroup var place: SubQueueOptions
    @OptionGroup var choice: ChoiceOptions
    @OptionGroup var copies: CopyOptions

    @Option(help: ArgumentHelp("Where to; where they came from unless it is said.", valueName: "entity"))
    var to: EntityArgument?

    @Flag(help: "Open the body of the one message that is meant in $EDITOR, and send it as it is then.")
    var edit = false

    func execute() async throws -> Int32 {
        let choice = try choice.choice()
        let target = to?.candidates.last
        let body: OutgoingMessage.Body? =
            if !edit {
                nil
            } else {
                try await arguments.connection.withWorkspace { workspace in
                    try await arguments.entity.resolve(place.subQueue) { path throws(OperatorError) in
                        try await BodyEdit.edited(choice, of: path, in: workspace)
                    }
                }
            }
        return try await arguments.run(.redrive(to: target), in: place.subQueue, choice) { request in
            copies.apply(to: &request)
            request.body = body
        }
    }
}

/// What copies are to have otherwise, and how they are sent.
struct CopyOptions: ParsableArguments {
    @Flag(name: .customLong("new-id"), help: "Give the copies new message ids; the old ones are kept in a property.")
    var newID = false

    @Option(
        name: .customLong("only-subscription"),
        help: ArgumentHelp("The one subscription of a topic that is to get the copies.", valueName: "name"))
    var onlySubscription: String?

    @Flag(
        help: "Send each copy, await its outcome, then remove the original, instead of a transaction: for tiers and services without them.")
    var withoutTransactions = false

    func apply(to request: inout ActionRequest) {
        request.newIDs = newID
        request.onlySubscription = onlySubscription
        request.isAtomic = !withoutTransactions
    }
}
