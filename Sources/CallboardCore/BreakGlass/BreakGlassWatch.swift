public import ServiceBus
internal import Synchronization

/// Knows what a ledger says of break-glass, to be asked again and again: only what was appended since the last time is read.
public final class BreakGlassWatch: Sendable {
    /// The ledger up to where it was read.
    private struct Place {
        var identity: UInt64
        /// How long it was, in bytes.
        var bytes = 0
        /// How many records that were, and the hash of the last one.
        var size = 0
        var head = AuditRecord.noHash
        var reader = BreakGlassReader()
        /// The length at which what was appended did not follow what was there: until it is another one, there is nothing new to read.
        var brokenAt: Int?
    }

    private let path: String
    private let known = Mutex<Place?>(nil)
    /// How many bytes were read so far, for tests.
    let bytesRead = Mutex(0)

    /// Watches a ledger; touches nothing yet.
    /// - Parameter path: the ledger's file, which need not be there.
    public init(path: String) { self.path = path }

    /// Watches the ledger of whoever runs this.
    /// - Throws: ``OperatorError`` when not even a home is known.
    public convenience init(environment: [String: String]) throws(OperatorError) {
        self.init(path: try AuditLedger.path(environment: environment))
    }

    /// The uses that a person has to know of at a moment: those in force, and those whose review is owed; the newest first.
    /// - Throws: ``OperatorError`` when the ledger cannot be read; one that is not there has none.
    public func pressing(at now: Timestamp) throws(OperatorError) -> [BreakGlassUse] {
        let fault: LedgerFile.Fault
        do {
            let file = try LedgerFile.reading(path)
            let bytes = try file.settledSize()
            var place = known.withLock { $0 } ?? Place(identity: file.identity)
            // Another file, or a shorter one, is read from its beginning; so is one that was not whole, when it has changed.
            let isBroken = place.brokenAt != nil && place.brokenAt != bytes
            if isBroken || place.identity != file.identity || place.bytes > bytes { place = Place(identity: file.identity) }
            if try !read(file, to: bytes, &place), place.size > 0 {
                place = Place(identity: file.identity)
                _ = try read(file, to: bytes, &place)
            }
            let end = place
            known.withLock { $0 = end }
            return place.reader.uses.values.filter { $0.isPressing(at: now) }.sorted { ($1.beganAt, $1.id) < ($0.beganAt, $0.id) }
        } catch let error as LedgerFile.Fault {
            fault = error
        } catch {
            fault = LedgerFile.Fault("\(error)")
        }
        guard !fault.isMissing else { return [] }
        throw OperatorError(
            .internal, "Whether break-glass is in force cannot be told: the audit ledger \(path) cannot be read: \(fault.message).",
            hint: "Check the path and who may read it.")
    }

    /// Reads on. What is behind a fault is not believed.
    /// - Returns: false where what was appended does not follow what was there.
    private func read(_ file: borrowing LedgerFile, to bytes: Int, _ place: inout Place) throws -> Bool {
        guard place.bytes < bytes, place.brokenAt != bytes else { return true }
        var reader = LedgerReader(after: place.size, head: place.head)
        var uses = place.reader
        bytesRead.withLock { $0 += bytes - place.bytes }
        try file.read(from: place.bytes, to: bytes) { piece in
            reader.read(piece) { uses.read($0) }
            return !reader.hasFinding
        }
        let isWhole = reader.finish { uses.read($0) }.isValid && !reader.lacksLineEnd
        place.reader = uses
        if isWhole { (place.bytes, place.size, place.head) = (bytes, reader.size, reader.lastHash) } else { place.brokenAt = bytes }
        return isWhole
    }
}

extension BreakGlassUse {
    /// Whether a person has to know of it: it is in force, or its review is owed.
    public func isPressing(at now: Timestamp) -> Bool {
        if isActive(at: now) { return true }
        return switch standing(at: now) {
        case .due, .overdue: true
        case .notAsked, .written: false
        }
    }

    /// The role's name, as Azure has it.
    public var roleTitle: String { PolicyRole(rawValue: role)?.title ?? role }

    /// What it is on: the last part of the scope's id.
    public var place: String { scope.split(separator: "/").last.map(String.init) ?? scope }
}
