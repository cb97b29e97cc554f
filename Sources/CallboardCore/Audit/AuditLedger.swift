package import ServiceBus

/// The audit ledger of one user on one machine: lines of JSON, each with the hash of the one before, that are only ever added.
///
/// Several processes may append at the same time: each takes the file for itself, looks at what the others added, and writes its line with one call. When
/// ``append(_:)`` returns, the record is on the disk. When it throws, what it was for must not be done: there is no record, or one that the disk may
/// not keep.
///
/// A last line that was not written to the end, as after a crash, is cut off, and a record `ledger.repaired` says so. Anything else that is not as it was
/// written is tampering: nothing is appended, so that what was done cannot hide behind new records.
public actor AuditLedger {
    /// The file.
    public nonisolated let path: String
    private let system: LedgerSystem
    private let now: @Sendable () -> Timestamp
    private let patience: Duration
    private let wait: @Sendable (Duration) async -> Void
    private let checkedAtOnce: Int
    private var known: Known?

    /// The end of the file as this process left it.
    private struct Known {
        var identity: UInt64
        var bytes: Int
        var size: Int
        var head: String
    }

    /// A file up to this length is checked whole before this process appends for the first time; of a longer one as much at its end.
    /// `audit verify` checks all.
    package static let checkedAtOnce = 8 << 20

    /// Opens a ledger. Touches nothing yet.
    public init(path: String) { self.init(path: path, system: .real) }

    /// Opens a ledger on other system calls, or with another clock.
    /// - Parameters:
    ///   - patience: how long another process may have the file for itself.
    ///   - checkedAtOnce: the length in bytes up to which a file is checked whole.
    ///   - wait: waits before the file is asked for again.
    package init(
        path: String, system: LedgerSystem, patience: Duration = .seconds(10), checkedAtOnce: Int = AuditLedger.checkedAtOnce,
        now: @escaping @Sendable () -> Timestamp = { .now },
        wait: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) {
        self.wait = wait
        self.path = path
        self.system = system
        self.patience = patience
        self.checkedAtOnce = checkedAtOnce
        self.now = now
    }

    /// Where the ledger of whoever runs this is: `$XDG_STATE_HOME/callboard/audit.jsonl`, else `~/.local/state/callboard/audit.jsonl`.
    /// - Throws: ``OperatorError`` when not even a home is known.
    public static func path(environment: [String: String]) throws(OperatorError) -> String {
        guard let folder = StateFolder.path(environment: environment) else {
            throw OperatorError(
                .refused, "There is no place for the audit ledger, and without it nothing is changed.", hint: "Set HOME or XDG_STATE_HOME.")
        }
        return folder + "/audit.jsonl"
    }

    /// Writes an event down. It is on the disk when this returns.
    /// - Returns: the record, with its number and hash.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused`` when that cannot be done: what the event is about must not be done then.
    @discardableResult
    public func append(_ event: AuditEvent) async throws(OperatorError) -> AuditRecord {
        try await append(type: event.type, event.members)
    }

    /// How long the ledger is and how it ends, to be kept elsewhere.
    /// - Throws: ``OperatorError`` when it cannot be read or is not as it was written.
    public func checkpoint() async throws(OperatorError) -> AuditCheckpoint {
        let verification = try Self.verify(path)
        switch verification {
        // What a crash left of a last line was never a record.
        case .valid(let size, let head), .torn(_, let size, let head): return AuditCheckpoint(size: size, head: head, time: now())
        default: throw tampered(verification)
        }
    }

    private func append(type: String, _ members: [JSONValue.Member]) async throws(OperatorError) -> AuditRecord {
        let deadline = ContinuousClock.now.advanced(by: patience)
        while true {
            if let record = try appendNow(type, members) { return record }
            guard ContinuousClock.now < deadline else { throw fault("another process has it for itself") }
            // A task of its own, which nobody cancels: what came of something that was cancelled has to be written down too.
            await Task { [wait] in await wait(.milliseconds(5)) }.value
        }
    }

    /// Appends, unless another process has the file for itself.
    private func appendNow(_ type: String, _ members: [JSONValue.Member]) throws(OperatorError) -> AuditRecord? {
        do {
            let file = try LedgerFile.appending(path)
            guard try file.lock(), file.isStill(at: path) else { return nil }
            var end = try position(in: file)
            // A disk error may have left less than is thought; what is not known is looked at again.
            known = nil
            if end.tornBytes > 0 {
                try file.truncate(to: end.bytes, system)
                let repaired = AuditRecord(
                    sequence: end.size, time: now(), type: "ledger.repaired",
                    [.init("actor", AuditActor.system.value), .init("cutBytes", .integer(Int64(end.tornBytes)))], after: end.head)
                try add(repaired, to: file, &end)
            }
            let record = AuditRecord(sequence: end.size, time: now(), type: type, members, after: end.head)
            try add(record, to: file, &end)
            known = Known(identity: file.identity, bytes: end.bytes, size: end.size, head: end.head)
            return record
        } catch let error as LedgerFile.Fault {
            throw fault(error.message)
        } catch let error as OperatorError {
            throw error
        } catch {
            throw fault("\(error)")
        }
    }

    private struct End {
        var bytes: Int
        var size: Int
        var head: String
        var tornBytes = 0
        var lacksLineEnd = false
    }

    private func add(_ record: AuditRecord, to file: borrowing LedgerFile, _ end: inout End) throws {
        let isNew = end.bytes == 0
        let bytes = (end.lacksLineEnd ? [UInt8(ascii: "\n")] : []) + record.line + [UInt8(ascii: "\n")]
        try file.append(bytes, system)
        if isNew { try LedgerFile.syncFolder(of: path) }
        end = End(bytes: end.bytes + bytes.count, size: record.sequence + 1, head: record.hash)
    }

    /// Checks what is new since this process wrote last, or the file, and finds its end.
    private func position(in file: borrowing LedgerFile) throws -> End {
        let bytes = try file.size()
        var start = 0
        var reader: LedgerReader
        var skipsFirstLine = false
        if let known, known.identity == file.identity {
            guard bytes >= known.bytes else {
                throw tampered(.truncated(size: 0, checkpoint: known.size), "it is shorter than this process left it")
            }
            start = known.bytes
            reader = LedgerReader(after: known.size, head: known.head)
        } else if bytes > checkedAtOnce {
            start = bytes - checkedAtOnce
            reader = LedgerReader(after: 0, head: nil)
            skipsFirstLine = true
        } else {
            reader = LedgerReader()
        }
        try file.read(from: start, to: bytes) { piece in
            var piece = piece
            if skipsFirstLine {
                // A part of a line, whose beginning lies before.
                guard let end = piece.firstIndex(of: UInt8(ascii: "\n")) else {
                    start += piece.count
                    return true
                }
                start += end + 1 - piece.startIndex
                piece = piece[(end + 1)...]
                skipsFirstLine = false
            }
            reader.read(piece) { _ in }
            return !reader.hasFinding
        }
        let verification = reader.finish()
        guard reader.knowsHead || reader.hasFinding else {
            throw tampered(verification, "there is no record in the last \(checkedAtOnce) bytes")
        }
        var end = End(bytes: start + reader.intactBytes, size: reader.size, head: reader.lastHash, lacksLineEnd: reader.lacksLineEnd)
        switch verification {
        case .valid: return end
        case .torn:
            end.tornBytes = bytes - end.bytes
            return end
        default: throw tampered(verification)
        }
    }

    private func fault(_ message: String) -> OperatorError {
        OperatorError(
            .refused, "The audit ledger \(path) cannot be written: \(message).",
            hint: "Nothing is begun without a record. Make room or correct the permissions, then try again.")
    }

    private func tampered(_ verification: AuditVerification, _ words: String? = nil) -> OperatorError {
        OperatorError(
            .refused,
            "The audit ledger \(path) is not as it was written: \(words ?? verification.description).",
            hint:
                "Nothing is begun until that is looked into. See 'callboard audit verify'. Keep the file as evidence: move it elsewhere, and a new one begins."
        )
    }

    // MARK: Reading

    /// Whether there is a ledger.
    public static func exists(_ path: String) -> Bool {
        do throws(LedgerFile.Fault) {
            _ = try LedgerFile.reading(path)
            return true
        } catch { return !error.isMissing }
    }

    /// Holds a file that is to be written against a ledger.
    /// - Throws: ``OperatorError`` of kind usage when it is the ledger itself, by whatever name.
    public static func check(_ file: String, isNot path: String) throws(OperatorError) {
        let identities = [file, path].map { name -> UInt64? in (try? LedgerFile.reading(name))?.identity }
        guard let ledger = identities[1], identities[0] == ledger else { return }
        throw OperatorError(.usage, "\(file) is the audit ledger itself: it is never written over.", hint: "Name another file.")
    }

    /// Checks a whole ledger, holding one record at a time.
    /// - Parameters:
    ///   - checkpoint: what was kept elsewhere of it.
    ///   - each: gets every record that is as it was written, in order, up to the first that is not.
    /// - Throws: ``OperatorError`` when it cannot be read; a ledger that is not there is an empty one.
    @discardableResult
    public static func verify(
        _ path: String, checkpoint: AuditCheckpoint? = nil, each: (AuditRecord) -> Void = { _ in }
    ) throws(OperatorError) -> AuditVerification {
        var reader = LedgerReader(checkpoint: checkpoint)
        do {
            let file = try LedgerFile.reading(path)
            try file.read(from: 0, to: try file.settledSize()) { piece in
                reader.read(piece, each)
                return !reader.hasFinding
            }
        } catch let error as LedgerFile.Fault where error.isMissing {
            return reader.finish()
        } catch {
            let words = (error as? LedgerFile.Fault)?.message ?? "\(error)"
            throw OperatorError(
                .internal, "The audit ledger \(path) cannot be read: \(words).", hint: "Check the path and who may read it.")
        }
        return reader.finish(each)
    }
}
