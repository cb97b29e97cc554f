import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard peek`
struct PeekCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "peek", abstract: "Look at messages without locking them or raising their delivery count.",
        discussion: """
            Examples: callboard peek orders --dead-letter --count 5 --output json
                      callboard peek orders --where "region = 'eu' AND body.total > 100"
            """)

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

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Only messages for which a condition in the language of Service Bus SQL filters is true; body and body.path.to.field look into bodies.",
            valueName: "condition"))
    var condition: String?

    @Flag(help: "End at the newest message there is now, even if more arrive meanwhile.")
    var untilNow = false

    enum StateFilter: String, ExpressibleByArgument, CaseIterable, Sendable {
        case active, deferred, scheduled

        var state: MessageState {
            switch self {
            case .active: .active
            case .deferred: .deferred
            case .scheduled: .scheduled
            }
        }
    }

    func validate() throws {
        if all, count != nil { throw ValidationError("--all and --count exclude each other.") }
        if let count, count < 1 { throw ValidationError("--count must be at least 1.") }
        if from < 0 { throw ValidationError("--from must not be negative.") }
        if let filter = try filter(), headersOnly, filter.readsBody {
            throw ValidationError("--where looks into bodies, which --headers-only leaves out.")
        }
    }

    func execute() async throws -> Int32 {
        let filter = try filter()
        try await connection.withWorkspace { workspace in
            try await entity.resolve(place.subQueue) { path throws(OperatorError) in try await print(path, workspace, filter) }
        }
        return 0
    }

    private func filter() throws -> SQLFilter? { try condition.map { try FilterArgument.parse($0, option: "--where") } }

    private func print(_ path: EntityPath, _ workspace: Workspace, _ filter: SQLFilter?) async throws(OperatorError) {
        var left = all ? Int.max : count ?? 100
        let options = PeekOptions(
            headersOnly: headersOnly, sessionID: session, state: state?.state, end: untilNow ? .atNewestNow : .whenNoMoreCome)
        // A filter must see more than it lets through; without one the scan itself may stop early.
        let scan = workspace.scan(path, from: SequenceNumber(from), options: options, limit: all || filter != nil ? nil : left)
        var list = PageOutput<MessageRecord>(output.output, columns: Standard.columns) { Standard.output.write($0) }
        var pages = scan.makeAsyncIterator()
        do throws(OperatorError) {
            while left > 0, let page = try await pages.next() {
                var wanted = page
                var failure: OperatorError?
                if let filter {
                    wanted = []
                    do throws(OperatorError) {
                        for message in page where wanted.count < left {
                            if try filter.admits(message, of: path) { wanted.append(message) }
                        }
                    } catch { failure = error }
                }
                wanted.removeLast(max(0, wanted.count - left))
                left -= wanted.count
                await list.append(MessagePage(wanted, isHeadersOnly: headersOnly))
                if let failure { throw failure }
            }
        } catch {
            // What was seen before it went wrong is printed.
            await list.breakOff()
            throw error
        }
        await list.finish()
    }
}
