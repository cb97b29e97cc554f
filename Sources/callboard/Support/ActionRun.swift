import ArgumentParser
import CallboardCore
import ServiceBus

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What commands that change messages have in common.
struct ActionOptions: ParsableArguments {
    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Yes, to the plan as the command line says it.")
    var yes = false

    @Option(
        help: ArgumentHelp("Yes, by the name of the queue with its sub-queue: what production asks for.", valueName: "name"))
    var confirm: String?

    @OptionGroup var why: ReasonOptions
}

/// What all of them are given: where, how fast, whether it is agreed to, and how the result is printed.
struct ActionArguments: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var action: ActionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "what it is about, by its address: queue, topic, topic/subscription, queue/$deadletterqueue")
    var entity: EntityArgument

    @Option(
        help: ArgumentHelp(
            "The most messages a second, 0 for no limit. Unless said, half of what the namespace's tier allows; no limit on a sandbox or Premium.",
            valueName: "n"))
    var rate: Int?

    func validate() throws {
        if let rate, !(0...1_000_000).contains(rate) { throw ValidationError("--rate is from 0 to 1000000.") }
    }

    /// Plans what is asked for and, where that is agreed to, does it.
    /// - Parameters:
    ///   - purgeName: what `--yes-purge` says: a purge takes the name, not a yes.
    ///   - edit: completes the request.
    /// - Returns: the exit status.
    func run(
        _ wish: ActionRequest.Wish, in subQueue: EntityPath.SubQueue? = nil, _ choice: MessageChoice, purgeName: String? = nil,
        edit: @escaping @Sendable (inout ActionRequest) -> Void = { _ in }
    ) async throws -> Int32 {
        let run = ActionRun(connection: connection, options: action, output: output, purgeName: purgeName)
        return try await run.run(entity, subQueue) { path in
            var request = ActionRequest(wish, in: path, choice)
            request.rate = rate
            edit(&request)
            return request
        }
    }
}

/// Which messages are meant: one of these.
struct ChoiceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Messages by their sequence numbers: 10-20,25.", valueName: "list"))
    var seq: String?

    @Option(help: ArgumentHelp("Messages of a group, by the id that 'groups' shows.", valueName: "id"))
    var group: String?

    @Option(help: ArgumentHelp("The keys the group is of, as in groups --by.", valueName: "keys"))
    var by = "fingerprint"

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("Messages for which a condition is true, as in peek --where.", valueName: "condition"))
    var condition: String?

    @Flag(help: "All messages there are now.")
    var all = false

    func validate() throws { _ = try choice() }

    func choice() throws -> MessageChoice {
        let given = [seq != nil, group != nil, condition != nil, all].count { $0 }
        guard given == 1 else { throw ValidationError("Say which messages: one of --seq, --group, --where and --all.") }
        if let seq { return .numbers(try Self.numbers(seq), title: "--seq \(seq.count > 60 ? String(seq.prefix(60)) + "…" : seq)") }
        if let group {
            do throws(OperatorError) { return .group(id: group, keys: try GroupKey.parse(by)) } catch {
                throw ValidationError("--by: \(error.message) \(error.hint)")
            }
        }
        if let condition { return .condition(try FilterArgument.parse(condition, option: "--where")) }
        return .all
    }

    static func numbers(_ text: String) throws -> SequenceNumberSet {
        do throws(NumberText.Problem) {
            let numbers = try NumberText.parse(text)
            guard !numbers.isEmpty else { throw NumberText.Problem("names no message") }
            return numbers
        } catch {
            throw ValidationError("--seq '\(VisibleText.of(text))' \(VisibleText.of(error.description)). Write 10-20,25.")
        }
    }
}

/// A change to messages on its way: planned, shown, agreed to, carried out, told.
struct ActionRun: Sendable {
    let connection: ConnectionOptions
    let options: ActionOptions
    let output: OutputOptions
    /// What `--yes-purge` says: a purge takes the name, not a yes.
    var purgeName: String?

    /// Plans and, where that is agreed to, does it.
    /// - Returns: the exit status: 0 done, 5 partly done, 130 stopped.
    func run(
        _ entity: EntityArgument, _ subQueue: EntityPath.SubQueue?, _ request: @escaping @Sendable (EntityPath) -> ActionRequest
    ) async throws -> Int32 {
        try await connection.withWorkspace { workspace in
            let door = try Operator(workspace, environment: ProcessInfo.processInfo.environment)
            // To plan is only to look.
            let proposal = try await Interruption.shared.cancelsWhole {
                try await entity.resolve(subQueue) { path throws(OperatorError) in
                    try await door.propose(request(path)) { Self.tell("looked at \($0) messages") }
                }
            }
            show(proposal)
            if options.dryRun { return proposal.plan.blockers.isEmpty && proposal.verdict.isAllowed ? 0 : 3 }
            try await door.checkAllowed(proposal, reason: options.why.reason, ticket: options.why.ticket)
            let confirmation = try proposal.plan.confirm(try await word(proposal))
            let reporter = ProgressReporter()
            let job = try await door.begin(confirmation, reason: options.why.reason, ticket: options.why.ticket) { reporter.report($0) }
            return try await Self.finish(job, door, reporter, output)
        }
    }

    /// Runs a job to its end; the first interruption stops it between messages.
    static func finish(_ job: Job, _ door: Operator, _ reporter: ProgressReporter, _ output: OutputOptions) async throws -> Int32 {
        let progress = await Interruption.shared.calls({ job.control.cancel() }) { await door.run(job) }
        reporter.end()
        if output.output == .table {
            for line in JobRecord(progress).lines { Standard.output.write(VisibleText.of(line) + "\n") }
        } else {
            var json = JSONWriter()
            JobRecord(progress, listsMessages: true).write(to: &json)
            Standard.output.write(json.bytes + [UInt8(ascii: "\n")])
        }
        return switch progress.state {
        case .finished: 0
        case .cancelled: 130
        default: 5
        }
    }

    private func show(_ proposal: Operator.Proposal) {
        let record = PlanRecord(proposal)
        guard output.output == .table || !options.dryRun else {
            var json = JSONWriter()
            record.write(to: &json)
            Standard.output.write(json.bytes + [UInt8(ascii: "\n")])
            return
        }
        let width = (record.lines.map(\.word.count).max() ?? 0) + 2
        let text =
            ([VisibleText.of(proposal.plan.headline)]
            + record.lines.map { "  " + $0.word.padding(toLength: width) + VisibleText.of($0.text) })
            .joined(separator: "\n")
        // The plan is the answer to --dry-run, and on the way to another one else.
        if options.dryRun { Standard.output.write(text + "\n") } else { Standard.raw(text) }
    }

    /// What the operator says: by option, or asked for where somebody is there to answer.
    private func word(_ proposal: Operator.Proposal) async throws(OperatorError) -> ConfirmationWord {
        if let name = options.confirm ?? purgeName { return .typed(name) }
        let plan = proposal.plan
        let isNameNeeded = plan.title.isProduction && !plan.title.isEmulator || plan.action.verb == "purge"
        if options.yes, !isNameNeeded {
            // The command line names the queue and its sub-queue.
            return proposal.demand.phrase.map { .typed($0) } ?? .yes
        }
        let option = plan.action.verb == "purge" ? "--yes-purge" : isNameNeeded ? "--confirm" : "--yes"
        guard isatty(0) == 1, isatty(2) == 1 else {
            throw OperatorError(
                .refused, "Nothing was done: nobody has agreed to the plan.",
                hint: "Read it; then repeat it with \(option)\(isNameNeeded ? " '\(plan.phrase)'" : "").", entity: plan.source)
        }
        Standard.prompt(proposal.demand.phrase.map { "Type \($0) to go on: " } ?? "Go on? (yes/no) ")
        // Nothing was begun, and whoever is asked is not kept.
        let leave: @Sendable () -> Void = {
            Standard.raw("")
            Exit.now(130)
        }
        return .typed(await Interruption.shared.calls(leave) { readLine() } ?? "")
    }

    private static func tell(_ words: String) { if isatty(2) == 1 { Standard.progress(words) } }
}

/// Tells on a terminal how far a job is, in one line.
final class ProgressReporter: Sendable {
    private let isTerminal = isatty(2) == 1

    func report(_ progress: JobProgress) {
        guard isTerminal, !progress.isOver else { return }
        let seconds = Double(progress.elapsed.components.seconds) + 0.001
        let rate = Int(Double(progress.settled) / max(seconds, 1))
        Standard.progress(
            "job \(progress.id)  \(progress.done) / \(progress.total)  \(rate)/s  \(progress.failed) failed  \(progress.state.rawValue)")
    }

    func end() { if isTerminal { Standard.progress("") } }
}

extension String {
    fileprivate func padding(toLength length: Int) -> String { self + String(repeating: " ", count: max(0, length - count)) }
}
