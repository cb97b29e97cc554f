internal import ServiceBus

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// A line of a journal after the first.
struct JobLine: Codable, Hashable, Sendable {
    struct Failed: Codable, Hashable, Sendable {
        var number: Int64
        var why: String
    }

    enum Kind: String, Codable {
        /// A batch is about to be acted on.
        case begin
        /// Copies of a batch were accepted; the originals are about to be removed.
        case sent
        /// What became of a batch.
        case end
        /// Messages were found gone; or, by their number, so many of those that are not deleted one by one.
        case gone
        /// So many messages were deleted, not one by one.
        case deleted
        /// What is to be removed was exported.
        case exported
        /// It was begun or gone on with.
        case run
        /// It ended, for now or for good.
        case over
    }

    var kind: Kind
    /// Milliseconds since 1970.
    var at: Int64
    var batch: Int?
    /// The messages of the batch; of an end, those that are done.
    var numbers: String?
    var failed: [Failed]?
    /// Nobody knows.
    var unknown: String?
    /// Sent and not removed.
    var copied: String?
    /// Neither done nor to be given up.
    var postponed: String?
    var count: Int?
    var state: String?
    var why: String?
    var elapsed: Int64?
}

/// The journal of a job on disk: what it takes to go on with it, whatever happens to this process.
///
/// A line for each step: before a batch is acted on, it is on the disk; what became of it is written with the next. A last line that was
/// not written to the end was never acted on. While a process runs the job, it has the file for itself.
actor JobJournal {
    nonisolated let path: String
    private let file: LedgerFile
    private let system: LedgerSystem
    private let now: @Sendable () -> Timestamp
    private var pending: [UInt8] = []

    /// Makes the journal of a new job.
    /// - Returns: nil when there is a job of that number already.
    init?(
        creating header: JobHeader, at path: String, system: LedgerSystem = .real, now: @escaping @Sendable () -> Timestamp
    ) throws(OperatorError) {
        do {
            let file = try LedgerFile.appending(path)
            guard try file.lock(), try file.size() == 0 else { return nil }
            try file.append(Self.line(header, path), system)
            try LedgerFile.syncFolder(of: path)
            self.file = file
        } catch {
            throw Self.fault(path, error)
        }
        self.path = path
        self.system = system
        self.now = now
    }

    /// Opens the journal of a job to go on with it.
    /// - Throws: ``OperatorError``: another process runs it, or the file cannot be written.
    init(resuming path: String, system: LedgerSystem = .real, now: @escaping @Sendable () -> Timestamp) throws(OperatorError) {
        do {
            let file = try LedgerFile.appending(path)
            guard try file.lock() else {
                throw OperatorError(.conflict, "Another process runs this job at the moment.", hint: "Wait for it, or stop it there.")
            }
            // What was not written to the end was never acted on.
            let size = try file.size()
            var end = 0
            var offset = 0
            try file.read(from: 0, to: size) { piece in
                if let last = piece.lastIndex(of: UInt8(ascii: "\n")) { end = offset + (last - piece.startIndex) + 1 }
                offset += piece.count
                return true
            }
            if end < size { try file.truncate(to: end, system) }
            self.file = file
        } catch {
            throw Self.fault(path, error)
        }
        self.path = path
        self.system = system
        self.now = now
    }

    /// Keeps a line to be written with the next that has to be on the disk.
    func note(_ line: JobLine) throws(OperatorError) { pending += try Self.line(line, path) }

    /// Writes a line and all before it; they are on the disk when this returns.
    func write(_ line: JobLine) throws(OperatorError) {
        let bytes = pending + (try Self.line(line, path))
        do throws(LedgerFile.Fault) { try file.append(bytes, system) } catch { throw Self.fault(path, error) }
        pending = []
    }

    /// Lets others go on with the job.
    func release() { file.unlock() }

    /// The time, for lines.
    nonisolated var time: Int64 { now().milliseconds }

    private static func line(_ value: some Encodable, _ path: String) throws(OperatorError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")] } catch { throw fault(path, error) }
    }

    private static func fault(_ path: String, _ error: any Error) -> OperatorError {
        if let error = error as? OperatorError { return error }
        let words = (error as? LedgerFile.Fault)?.message ?? "\(error)"
        return OperatorError(
            .refused, "The journal \(path) cannot be written: \(words). Nothing is done without it.",
            hint: "Make room or correct the permissions, then try again.")
    }
}
