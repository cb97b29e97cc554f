internal import ServiceBus

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// What a journal says of its job.
struct JobStanding: Sendable {
    let header: JobHeader
    private(set) var done: Set<SequenceNumber> = []
    private(set) var failures: [SequenceNumber: String] = [:]
    private(set) var gone: Set<SequenceNumber> = []
    /// Acted on, with what result nobody knows: in a transaction, or by a request whose answer did not come.
    private(set) var unresolved: Set<SequenceNumber> = []
    /// A copy may have been sent.
    private(set) var unknown: Set<SequenceNumber> = []
    /// A copy was sent, and the original is not removed.
    private(set) var copied: Set<SequenceNumber> = []
    /// Messages deleted by a moment.
    private(set) var deleted = 0
    /// Messages that were found gone, of which it is not known which they are.
    private(set) var missing = 0
    private(set) var isExported = false
    private(set) var lastBatch = 0
    private(set) var state: JobProgress.State = .interrupted
    private(set) var why: String?
    private(set) var elapsed = Duration.zero
    private(set) var startedAt: Timestamp
    /// Messages that were sent again though a copy may have been sent before.
    private(set) var maybeDoubled: Set<SequenceNumber> = []
    private var open: [Int: [SequenceNumber]] = [:]

    private static let longestLine = 64 << 20
    /// No job has more messages or batches or a higher number, and none takes longer in milliseconds. What says more is damaged.
    static let most = 1 << 40

    private struct Damage: Error {}

    /// Reads a journal.
    /// - Throws: ``OperatorError`` that names the file and what is wrong with it.
    init(path: String) throws(OperatorError) {
        var rest: [UInt8] = []
        var lines = 0
        var standing: JobStanding?
        var fault: String?
        do {
            let file = try LedgerFile.reading(path)
            try file.read(from: 0, to: try file.size()) { piece in
                var piece = piece
                while let end = piece.firstIndex(of: UInt8(ascii: "\n")) {
                    rest += piece[..<end]
                    piece = piece[(end + 1)...]
                    lines += 1
                    if standing == nil {
                        let header = try Self.decode(JobHeader.self, rest)
                        guard (0...Self.most).contains(header.count) else { throw Damage() }
                        standing = JobStanding(header)
                    } else {
                        try standing?.take(try Self.decode(JobLine.self, rest))
                    }
                    rest.removeAll(keepingCapacity: true)
                }
                rest += piece
                guard rest.count <= Self.longestLine else {
                    fault = "line \(lines + 1) is too long"
                    return false
                }
                return true
            }
        } catch let error as LedgerFile.Fault {
            throw OperatorError(
                error.isMissing ? .notFound : .internal, "The journal \(path) cannot be read: \(error.message).",
                hint: "'callboard jobs' lists what there is.")
        } catch {
            fault = "line \(lines) is not of a journal"
        }
        guard fault == nil, var read = standing else {
            throw OperatorError(
                .usage, "\(path) is no journal that can be gone on with: \(fault ?? "it is empty").",
                hint: "It was changed, or is of a later version.")
        }
        guard read.header.version == JobHeader.currentVersion else {
            throw OperatorError(
                .usage, "\(path) is of version \(read.header.version) of journals; this program knows \(JobHeader.currentVersion).",
                hint: "Go on with it by the version of callboard that began it.")
        }
        read.close()
        self = read
    }

    private init(_ header: JobHeader) {
        self.header = header
        startedAt = Timestamp(milliseconds: header.plannedAt)
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    /// - Throws: when there are numbers that cannot be read: who takes them for none would do their messages twice.
    private static func numbers(_ text: String?) throws(NumberText.Problem) -> [SequenceNumber] {
        guard let text else { return [] }
        return Array(try NumberText.parse(text))
    }

    private mutating func take(_ line: JobLine) throws {
        guard (0...Self.most).contains(line.batch ?? 0), (0...Int64(Self.most)).contains(line.elapsed ?? 0) else { throw Damage() }
        switch line.kind {
        case .begin:
            let numbers = try Self.numbers(line.numbers)
            open[line.batch ?? 0] = numbers
            lastBatch = max(lastBatch, line.batch ?? 0)
            // Tried again: a copy may have been sent the last time.
            for number in numbers where unknown.contains(number) {
                unknown.remove(number)
                maybeDoubled.insert(number)
            }
        case .sent:
            copied.formUnion(try Self.numbers(line.numbers))
            unknown.formUnion(try Self.numbers(line.unknown))
            open[line.batch ?? 0] = nil
        case .end:
            open[line.batch ?? 0] = nil
            for number in try Self.numbers(line.numbers) {
                done.insert(number)
                unresolved.remove(number)
                copied.remove(number)
            }
            for failed in line.failed ?? [] {
                failures[SequenceNumber(failed.number)] = failed.why
                unresolved.remove(SequenceNumber(failed.number))
            }
            unknown.formUnion(try Self.numbers(line.unknown))
            copied.formUnion(try Self.numbers(line.copied))
            unresolved.formUnion(try Self.numbers(line.postponed))
        case .gone:
            gone.formUnion(try Self.numbers(line.numbers))
            missing = min(max(line.count ?? missing, 0), header.count)
        case .deleted: deleted = min(max(line.count ?? deleted, 0), header.count)
        case .exported: isExported = true
        case .run:
            // What another run left open was cut off.
            close()
            state = .interrupted
            why = nil
            if lastBatch == 0, done.isEmpty { startedAt = Timestamp(milliseconds: line.at) }
        case .over:
            close()
            state = line.state.flatMap { JobProgress.State(rawValue: $0) } ?? .stopped
            why = line.why
            elapsed = .milliseconds(line.elapsed ?? 0)
        }
    }

    /// What was begun and not ended is in doubt.
    private mutating func close() {
        for numbers in open.values {
            if header.isAtomic || header.changes == nil {
                unresolved.formUnion(numbers)
            } else {
                unknown.formUnion(numbers.filter { !copied.contains($0) && !done.contains($0) })
            }
        }
        open = [:]
    }

    /// How far it is.
    func progress(_ plan: ActionPlan, isRunning: Bool) -> JobProgress {
        var progress = JobProgress(
            id: header.id, headline: plan.headline, state: isRunning ? .running : state, total: header.count, startedAt: startedAt)
        progress.done = done.count + deleted
        progress.failed = failures.count
        progress.failures = failures.sorted { $0.key < $1.key }.prefix(JobProgress.mostFailures).map {
            .init(number: $0.key, reason: $0.value)
        }
        progress.unknown = unknown.sorted()
        progress.maybeDoubled = maybeDoubled.sorted()
        progress.gone = gone.count + missing
        progress.elapsed = elapsed
        progress.message = why
        progress.export = isExported ? header.export : nil
        return progress
    }
}
