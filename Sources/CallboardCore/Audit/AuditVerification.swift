/// Whether a ledger is whole.
public enum AuditVerification: Hashable, Sendable, CustomStringConvertible {
    /// It is: so many records, the last with this hash.
    case valid(size: Int, head: String)
    /// It is but for its last line, which was not written to the end: a crash does that. Appending repairs it.
    case torn(line: Int, size: Int, head: String)
    /// The content of a line is not what its hash says.
    case edited(line: Int)
    /// A line is not a record.
    case malformed(line: Int, reason: String)
    /// So many records are not there before this line.
    case missing(beforeLine: Int, count: Int)
    /// A line does not belong where it is: its number was there already.
    case inserted(line: Int)
    /// A line does not follow from the one before: one of them is not what was written.
    case unlinked(line: Int)
    /// A checkpoint knows of more records than there are: some were taken away at the end.
    case truncated(size: Int, checkpoint: Int)
    /// The record that a checkpoint ends with is another one: the file was written anew.
    case rewritten(size: Int)

    /// Whether all is as it was written.
    public var isValid: Bool { if case .valid = self { true } else { false } }

    /// Whether somebody changed it, and not a crash.
    public var isTampering: Bool {
        switch self {
        case .valid, .torn: false
        default: true
        }
    }

    /// The line at fault, from 1; nil where none can be named.
    public var line: Int? {
        switch self {
        case .torn(let line, _, _), .edited(let line), .malformed(let line, _), .missing(let line, _), .inserted(let line),
            .unlinked(let line):
            line
        case .valid, .truncated, .rewritten: nil
        }
    }

    /// A sentence.
    public var description: String {
        switch self {
        case .valid(let size, let head): "\(size) records, all as they were written; the last has the hash \(head)"
        case .torn(let line, let size, _):
            "line \(line) was not written to the end, as after a crash; the \(size) records before it are as they were written"
        case .edited(let line): "line \(line) was changed: its content is not what its hash says"
        case .malformed(let line, let reason): "line \(line) is not a record: \(reason)"
        case .missing(let line, let count): "\(count) \(count == 1 ? "record is" : "records are") missing before line \(line)"
        case .inserted(let line): "line \(line) does not belong there: its number was there already"
        case .unlinked(let line): "line \(line) does not follow from the line before: one of them is not what was written"
        case .truncated(let size, let checkpoint):
            "\(size) records are there, and the checkpoint knows of \(checkpoint): what came after record \(size) was taken away"
        case .rewritten(let size): "record \(size) is not the one of the checkpoint: the file was written anew"
        }
    }

    /// A word for JSON.
    public var name: String {
        switch self {
        case .valid: "valid"
        case .torn: "torn"
        case .edited: "edited"
        case .malformed: "malformed"
        case .missing: "missing"
        case .inserted: "inserted"
        case .unlinked: "unlinked"
        case .truncated: "truncated"
        case .rewritten: "rewritten"
        }
    }

    /// Checks the bytes of a whole ledger.
    public static func of(_ bytes: [UInt8], checkpoint: AuditCheckpoint? = nil) -> AuditVerification {
        var reader = LedgerReader(checkpoint: checkpoint)
        reader.read(bytes[...]) { _ in }
        return reader.finish()
    }
}

/// Reads a ledger piece by piece and follows its chain. Holds one line at a time.
struct LedgerReader {
    /// The longest line, in bytes, without its end. A record is far shorter; what is longer is none.
    static let longestLine = 256 << 10

    private let checkpoint: AuditCheckpoint?
    private var line: [UInt8] = []
    /// How many lines there were before the one that is being read.
    private var lines = 0
    private var next: Int
    private var head: String?
    private var finding: AuditVerification?

    /// The number of bytes up to the end of the last whole record.
    private(set) var intactBytes = 0
    /// Whether the last record is whole and only the end of its line is missing.
    private(set) var lacksLineEnd = false

    /// Reads from the beginning.
    init(checkpoint: AuditCheckpoint? = nil) {
        self.checkpoint = checkpoint
        next = 0
        head = AuditRecord.noHash
        if let checkpoint, checkpoint.size == 0, checkpoint.head != AuditRecord.noHash { finding = .rewritten(size: 0) }
    }

    /// Goes on behind a record that is known.
    /// - Parameter head: the hash of the record before; nil when the first one read is to be believed.
    init(after size: Int, head: String?) {
        checkpoint = nil
        next = size
        lines = size
        self.head = head
    }

    /// Whether it is known what the next record has to follow: not before the first one that is read from the middle of a file.
    var knowsHead: Bool { head != nil }
    /// Whether something is wrong, and it does not go on.
    var hasFinding: Bool { finding != nil }
    /// The records so far.
    var size: Int { next }
    /// The hash of the last one.
    var lastHash: String { head ?? AuditRecord.noHash }

    /// Takes the next bytes of the file.
    mutating func read(_ bytes: ArraySlice<UInt8>, _ each: (AuditRecord) -> Void) {
        var rest = bytes
        while finding == nil, let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            add(rest[..<end])
            if finding == nil { take(each) }
            rest = rest[(end + 1)...]
        }
        if finding == nil { add(rest) }
    }

    private mutating func add(_ piece: ArraySlice<UInt8>) {
        guard line.count + piece.count <= Self.longestLine else {
            finding = .malformed(line: lines + 1, reason: "it is longer than \(Self.longestLine) bytes")
            return
        }
        line += piece
    }

    /// A line is complete.
    private mutating func take(_ each: (AuditRecord) -> Void) {
        let record: AuditRecord
        do throws(AuditRecord.Fault) { record = try AuditRecord(line: line) } catch {
            finding = .malformed(line: lines + 1, reason: error.message)
            return
        }
        guard follow(record) else { return }
        intactBytes += line.count + 1
        line.removeAll(keepingCapacity: true)
        each(record)
    }

    /// Holds a record against the chain, and makes it the last.
    private mutating func follow(_ record: AuditRecord) -> Bool {
        if head == nil {
            // The first that is read from the middle of a file.
            next = record.sequence
            lines = record.sequence
            head = record.previous
        }
        let place = lines + 1
        if record.trueHash != record.hash {
            finding = .edited(line: place)
        } else if record.sequence > next {
            finding = .missing(beforeLine: place, count: record.sequence - next)
        } else if record.sequence < next {
            finding = .inserted(line: place)
        } else if record.previous != head {
            finding = .unlinked(line: place)
        } else if let checkpoint, record.sequence == checkpoint.size - 1, record.hash != checkpoint.head {
            finding = .rewritten(size: checkpoint.size)
        }
        guard finding == nil else { return false }
        lines += 1
        next += 1
        head = record.hash
        return true
    }

    /// Ends the file.
    mutating func finish(_ each: (AuditRecord) -> Void = { _ in }) -> AuditVerification {
        if let finding { return finding }
        var isTorn = false
        if !line.isEmpty {
            do throws(AuditRecord.Fault) {
                // Everything was written but for the end of the line: it has to be what any other record is.
                let record = try AuditRecord(line: line)
                if follow(record) {
                    each(record)
                    intactBytes += line.count
                    lacksLineEnd = true
                }
            } catch {
                // What was cut off in the midst of a record reads as none.
                isTorn = true
            }
        }
        if let finding { return finding }
        if let checkpoint, next < checkpoint.size { return .truncated(size: next, checkpoint: checkpoint.size) }
        return isTorn ? .torn(line: lines + 1, size: next, head: lastHash) : .valid(size: next, head: lastHash)
    }
}
