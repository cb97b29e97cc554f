public import ArgumentParser
public import CallboardCore
import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard audit`
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show, verify and export what was done on this machine.",
        subcommands: [
            AuditShowCommand.self, AuditVerifyCommand.self, AuditExportCommand.self, AuditCheckpointCommand.self,
            AuditReconcileCommand.self,
        ])
}

/// Which ledger a command reads.
struct LedgerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The ledger; ~/.local/state/callboard/audit.jsonl unless XDG_STATE_HOME says otherwise.", valueName: "file"))
    var ledger: String?

    /// Its path.
    func path() throws(OperatorError) -> String {
        if let ledger { return ledger }
        return try AuditLedger.path(environment: ProcessInfo.processInfo.environment)
    }
}

/// `callboard audit show`
struct AuditShowCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "List what was done, the newest first.",
        discussion: """
            Examples: callboard audit show --entity orders --since 2h
                      callboard audit show --job 12 --output jsonl
            """)

    @OptionGroup var options: LedgerOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("How many records at most.", valueName: "n"))
    var count = 50

    @Option(help: ArgumentHelp("Only those of a job.", valueName: "id"))
    var job: String?

    @Option(help: ArgumentHelp("Only those about an entity or a sub-queue.", valueName: "entity"))
    var entity: EntityArgument?

    @Option(help: ArgumentHelp("Only those from a time on, 2026-11-26T03:00:00Z, or of the last while, 2h.", valueName: "time"))
    var since: String?

    func validate() throws {
        guard (1...AuditQuery.most).contains(count) else { throw ValidationError("--count is from 1 to \(AuditQuery.most).") }
    }

    func execute() async throws -> Int32 {
        let path = try options.path()
        var query = AuditQuery(count: count, jobID: job)
        query.since = try moment()
        var found = (records: [AuditRecord](), verification: AuditVerification.valid(size: 0, head: AuditRecord.noHash))
        // `a/b` is a subscription to people, and a name that Service Bus allows for a queue.
        for candidate in entity.map({ $0.candidates.map { Optional($0) } }) ?? [nil] {
            query.entity = candidate
            found = try query.records(in: path)
            if !found.records.isEmpty { break }
        }
        output.write(found.records.map { AuditRecordRow($0) })
        try BreakGlassBanner.tell(path, at: .now)
        if !found.verification.isValid {
            Standard.error("The ledger is not whole: \(found.verification). What is shown comes before that.")
        }
        return found.verification.isTampering ? 1 : 0
    }

    private func moment() throws(OperatorError) -> Timestamp? {
        guard let since else { return nil }
        if let time = Timestamp(rfc3339: since) { return time }
        if case .lasting(let duration)? = DurationText.parse(since), duration >= .zero {
            return Timestamp.now.advanced(by: .zero - duration)
        }
        throw OperatorError(.usage, "--since \(since) is no time.", hint: "Write 2026-11-26T03:00:00Z, or 2h for the last two hours.")
    }
}

/// `callboard audit verify`
struct AuditVerifyCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check that no record was changed, added or taken away.",
        discussion: """
            The exit status is 1 when one was. That records were taken away at the end, or that all was written anew, shows only against a checkpoint that
            was kept where whoever did it could not reach.
            Example: callboard audit verify --checkpoint /mnt/evidence/checkpoint.json
            """)

    @OptionGroup var options: LedgerOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("A checkpoint of this ledger.", valueName: "file"))
    var checkpoint: String?

    func execute() async throws -> Int32 {
        let path = try options.path()
        guard checkpoint != nil || AuditLedger.exists(path) else {
            throw OperatorError(
                .notFound, "There is no audit ledger at \(path): nothing was done from here, or it was taken away.",
                hint: "A checkpoint that was kept elsewhere tells which.")
        }
        let known: AuditCheckpoint? = if let checkpoint { try AuditCheckpoint(file: checkpoint) } else { nil }
        let verification = try AuditLedger.verify(path, checkpoint: known)
        output.write([AuditVerificationRecord(verification, path: path)])
        return verification.isValid ? 0 : 1
    }
}

extension AuditExport: ExpressibleByArgument {}

/// `callboard audit export`
struct AuditExportCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the ledger for somebody else: its own lines, a table, or events for a SIEM.",
        discussion: """
            Only a ledger that is as it was written is exported to the end; else the exit status is 1 and what came before is there.
            Example: callboard audit export --format ocsf > events.jsonl
            """)

    @OptionGroup var options: LedgerOptions

    @Option(help: "jsonl (the ledger's lines), csv, or ocsf (API Activity, class 6003).")
    var format = AuditExport.jsonl

    @Argument(help: "the file to write, for its owner alone; standard output unless said, or for -")
    var file: String?

    func execute() async throws -> Int32 {
        let path = try options.path()
        guard AuditLedger.exists(path) else {
            throw OperatorError(.notFound, "There is no audit ledger at \(path): nothing was done from here, or it was taken away.")
        }
        let name = file.flatMap { $0 == "-" ? nil : $0 }
        if let name { try AuditLedger.check(name, isNot: path) }
        var target: TextFile.Writer?
        var pending = format.heading
        var failure: OperatorError?
        func write(atLeast size: Int) {
            guard pending.count >= size, failure == nil else { return }
            if let name {
                // Not before there is something to write: an earlier export stays where the ledger cannot be read.
                do throws(OperatorError) {
                    if target == nil { target = try TextFile.Writer(name) }
                    try target?.write(pending)
                } catch { failure = error }
            } else {
                Standard.output.write(pending)
            }
            pending.removeAll(keepingCapacity: true)
        }
        let verification = try AuditLedger.verify(path) { record in
            guard failure == nil else { return }
            pending += format.line(record)
            write(atLeast: 64 << 10)
        }
        write(atLeast: 1)
        if let failure { throw failure }
        // An earlier export does not pass for this one, not even where there was nothing to write.
        if let name, target == nil { _ = try TextFile.Writer(name) }
        if !verification.isValid { Standard.error("The ledger is not whole: \(verification). What was written comes before that.") }
        return verification.isTampering ? 1 : 0
    }
}

/// `callboard audit checkpoint`
struct AuditCheckpointCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Write down how long the ledger is and how it ends, to be kept elsewhere.",
        discussion: """
            Keep the file where whoever can change the ledger cannot change it. 'callboard audit verify --checkpoint FILE' holds the ledger against it.
            Examples: callboard audit checkpoint /mnt/evidence/checkpoint.json
                      callboard audit checkpoint --to audit --context retail
            """)

    @OptionGroup var options: LedgerOptions

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var why: ReasonOptions

    @Argument(help: "the file to write, for its owner alone; - for standard output")
    var file: String?

    @Option(help: ArgumentHelp("A queue or topic to send it to, as a message.", valueName: "entity"))
    var to: EntityArgument?

    func validate() throws {
        if file == nil, to == nil { throw ValidationError("Say where it is to be kept: a file, or --to a queue or topic.") }
    }

    func execute() async throws -> Int32 {
        let checkpoint = try await AuditLedger(path: try options.path()).checkpoint()
        if file == "-" {
            Standard.output.write(checkpoint.bytes)
        } else if let file {
            try AuditLedger.check(file, isNot: try options.path())
            try checkpoint.write(to: file)
            Standard.raw("\(checkpoint.size) records, written to \(VisibleText.of(file))")
        }
        if let to {
            try await send(checkpoint, to)
            Standard.raw("\(checkpoint.size) records, sent to \(to.candidates.last.map { VisibleText.of($0.displayName) } ?? "")")
        }
        return 0
    }

    /// Sending it is a change like any other, and in the ledger after what it is about.
    private func send(_ checkpoint: AuditCheckpoint, _ entity: EntityArgument) async throws {
        var message = OutgoingMessage(body: .data(checkpoint.bytes))
        message.contentType = "application/json"
        message.subject = "callboard-audit-checkpoint"
        message.messageID = checkpoint.head
        let outgoing = message
        try await connection.withWorkspace { workspace in
            let door = try Operator(workspace, environment: ProcessInfo.processInfo.environment)
            try await entity.resolve(nil) { path throws(OperatorError) in
                try await door.change(.sendMessage, on: path, messages: 1, reason: why.reason, ticket: why.ticket) {
                    permission throws(OperatorError) in
                    try await workspace.send([outgoing], to: path, with: permission)
                }
            }
        }
    }
}
