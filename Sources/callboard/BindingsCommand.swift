import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard bindings`
struct BindingsCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "bindings", abstract: "Say who can send, receive and manage, and why.",
        discussion: """
            Without an argument, or with a service, how many can on each entity; with an entity, who; with --who, what somebody can. Only reads.
            Examples: callboard bindings orders
                      callboard bindings --who olga@contoso.example
            """)

    @OptionGroup var options: AccessOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "A service, or an entity: queue, topic, or topic/subscription.")
    var subject: String?

    @Option(
        help: ArgumentHelp(
            "Only what this identity can: its object id, its name, its account, or the Component it acts for.", valueName: "principal"))
    var who: String?

    func execute() async throws -> Int32 {
        let index = try await options.index()
        let subject = try index.subject(subject)
        if let who {
            let id = try index.principal(who)
            switch subject {
            case nil:
                let (holders, areAll) = index.holdings(of: id)
                if !areAll { Standard.error("There may be more through groups whose members are not known.") }
                output.write(holders.map { AccessHolderRecord($0) })
            case .entity(let path): write([path], index, only: id)
            case .service(_, let entities): write(entities, index, only: id)
            }
            return 0
        }
        if case .entity(let path) = subject {
            write([path], index, only: nil)
        } else {
            output.write(index.matrix(with: DriftReport(index), of: subject).map { AccessMatrixRecord($0) })
        }
        return 0
    }

    /// Writes who can do something on entities; of one identity only, or of all. What is not known belongs to either.
    private func write(_ paths: [EntityPath], _ index: AccessIndex, only id: String?) {
        let holders = paths.flatMap { index.holders(of: $0) }
        output.write(holders.filter { id == nil || $0.principalID == id || $0.isUnknown }.map { AccessHolderRecord($0) })
    }
}
