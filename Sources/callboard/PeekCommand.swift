import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard peek`
struct PeekCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "peek", abstract: "Look at messages without locking them or raising their delivery count.",
        discussion: "Example: callboard peek orders --dead-letter --count 5 --output json")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var place: SubQueueOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "queue, topic/subscription, or an address like queue/$deadletterqueue")
    var entity: EntityArgument

    @Option(help: ArgumentHelp("Start at this sequence number.", valueName: "seq"))
    var from: Int64 = 0

    @Option(help: ArgumentHelp("How many messages at most.", valueName: "n"))
    var count: Int?

    @Flag(help: "All messages there are.")
    var all = false

    @Flag(help: "Leave the bodies out: many times faster.")
    var headersOnly = false

    @Option(help: ArgumentHelp("Only messages of this session.", valueName: "id"))
    var session: String?

    @Option(help: "Only messages in this state: active, deferred or scheduled.")
    var state: StateFilter?

    enum StateFilter: String, ExpressibleByArgument, CaseIterable, Sendable {
        case active, deferred, scheduled
        func admits(_ state: MessageState) -> Bool { state.description == rawValue }
    }

    func validate() throws {
        if all, count != nil { throw ValidationError("--all and --count exclude each other.") }
        if let count, count < 1 { throw ValidationError("--count must be at least 1.") }
        if from < 0 { throw ValidationError("--from must not be negative.") }
    }

    func execute() async throws -> Int32 {
        try await connection.withWorkspace { workspace in
            try await entity.resolve(place.subQueue) { path throws(OperatorError) in try await print(path, workspace) }
        }
        return 0
    }

    private func print(_ path: EntityPath, _ workspace: Workspace) async throws(OperatorError) {
        var left = all ? Int.max : count ?? 100
        let options = PeekOptions(headersOnly: headersOnly, sessionID: session)
        // A filter must see more than it lets through; without one the scan itself may stop early.
        let scan = workspace.scan(path, from: SequenceNumber(from), options: options, limit: all || state != nil ? nil : left)
        var list = ListOutput<MessageRecord>(output.output, columns: Standard.columns)
        var bytes: [UInt8] = []
        var pages = scan.makeAsyncIterator()
        while left > 0, let page = try await pages.next() {
            for message in page where left > 0 && state?.admits(message.state) != false {
                bytes.append(contentsOf: list.append(MessageRecord(message, isHeadersOnly: headersOnly)))
                left -= 1
            }
            Standard.output.write(bytes)
            bytes.removeAll(keepingCapacity: true)
        }
        Standard.output.write(list.finish())
    }
}
