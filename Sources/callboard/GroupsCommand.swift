import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard groups`
struct GroupsCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "groups", abstract: "Group messages by what they have in common: dead letters by what they died of.",
        discussion: """
            Examples: callboard groups orders --dead-letter
                      callboard groups orders --dead-letter --by reason,sys.Subject --where "region = 'eu'"
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var place: SubQueueOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "queue, topic/subscription, or an address like queue/$deadletterqueue")
    var entity: EntityArgument

    @Option(
        help: ArgumentHelp(
            "Keys to group by, with commas between: fingerprint, reason, source, subject, to, state, session, sys.NAME, body.PATH, or an application property.",
            valueName: "keys"))
    var by = "fingerprint"

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("Only messages for which a condition is true, as in peek --where.", valueName: "condition"))
    var condition: String?

    @Flag(help: "List groups of a single message too, instead of counting them in one line.")
    var singles = false

    @Flag(help: "With the sequence numbers of each group's messages; for json and jsonl.")
    var members = false

    func validate() throws { _ = try (keys(), filter()) }

    func execute() async throws -> Int32 {
        let (keys, filter) = try (keys(), filter())
        try await connection.withWorkspace { workspace in
            try await entity.resolve(place.subQueue) { path throws(OperatorError) in try await group(path, workspace, keys, filter) }
        }
        return 0
    }

    private func keys() throws -> [GroupKey] {
        do throws(OperatorError) { return try GroupKey.parse(by) } catch { throw ValidationError("--by: \(error.message) \(error.hint)") }
    }

    private func filter() throws -> SQLFilter? { try condition.map { try FilterArgument.parse($0, option: "--where") } }

    private func group(_ path: EntityPath, _ workspace: Workspace, _ keys: [GroupKey], _ filter: SQLFilter?) async throws(OperatorError) {
        let readsBody = keys.contains(where: \.readsBody) || filter?.readsBody == true
        // Up to the newest there is now: where messages die faster than they are read, a scan without an end has none.
        let options = PeekOptions(headersOnly: !readsBody, end: .atNewestNow)
        var found = MessageGroups(by: keys)
        var pages = workspace.scan(path, options: options).makeAsyncIterator()
        while let page = try await pages.next() {
            guard let filter else {
                found.append(contentsOf: page)
                continue
            }
            for message in page where try filter.admits(message, of: path) { found.append(message) }
        }
        let description = await description(of: path, workspace, for: keys)
        let record = { (group: MessageGroup) in
            let explanation = group.deadLetterReason.flatMap {
                DeadLetterExplanation(reason: $0, in: path.subQueue, entity: description, deliveries: group.deliveries)
            }
            return GroupRecord(group, of: found.count, listsMembers: members, explanation: explanation)
        }
        if singles || output.output != .table {
            output.write(found.groupsOneByOne().lazy.map(record))
        } else {
            let (groups, alone) = found.summary()
            output.write(groups.lazy.map(record))
            if !alone.isEmpty { Standard.raw("\(alone.count) messages are alone in their group: --singles lists them.") }
        }
        if found.others > 0 {
            Standard.raw("\(found.others) messages are in no group: there are more than \(MessageGroups.capacity) different ones.")
        }
    }

    /// The entity's settings, for what they explain; whoever may not read them gets no explanation of them, and no error.
    private func description(of path: EntityPath, _ workspace: Workspace, for keys: [GroupKey]) async -> EntityDescription? {
        guard output.output != .table, keys.contains(.fingerprint) || keys.contains(.reason) else { return nil }
        do throws(OperatorError) { return try await workspace.entity(path) } catch { return nil }
    }
}
