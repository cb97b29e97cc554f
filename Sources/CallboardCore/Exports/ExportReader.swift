internal import Crypto
public import ServiceBus

/// Reads an exact export: its header at once, then its messages one by one, in the order in which they were written.
///
/// What is held is bounded: a message at a time, and never more than the file has bytes. Whatever the file holds, it is told as an error that
/// names the record and its place. The end comes only where the digest is right; that is known after the last message, so that whoever
/// acts on messages calls ``verify()`` first. Used by one task at a time.
public final class ExportReader {
    /// The file.
    public let path: String
    /// What the export says of itself.
    public var header: ExportHeader { records.header }
    private let file: InputDescriptor
    private var records: ExportRecords

    /// Opens an export and reads its header.
    /// - Throws: ``OperatorError`` of kind usage that names the file: not there, not an export, of a newer version, damaged.
    public init(_ path: String) throws(OperatorError) {
        self.path = path
        file = try InputDescriptor(path)
        records = try ExportRecords(file)
    }

    /// The next message; nil at the end of a file that is whole and as it was written.
    /// - Throws: ``OperatorError``, again and again once the file was found damaged.
    public func next() throws(OperatorError) -> PeekedMessage? { try records.next() }

    /// Reads the whole file, whatever was read of it before, and goes back to its first message.
    /// - Returns: what is in it.
    /// - Throws: ``OperatorError`` where it is damaged, goes on too long or ends too early, or holds what is no message.
    public func verify() throws(OperatorError) -> ExportSummary {
        var all = try ExportRecords(file)
        while try all.next() != nil {}
        guard let summary = all.summary else { throw all.damaged("has no end") }
        records = try ExportRecords(file)
        return summary
    }
}

/// A walk through an export.
private struct ExportRecords {
    let header: ExportHeader
    /// What the whole file is; known at its end.
    private(set) var summary: ExportSummary?
    private let path: String
    private var input: ExportInput
    private var count = 0
    private var failure: OperatorError?

    init(_ file: InputDescriptor) throws(OperatorError) {
        path = file.path
        input = ExportInput(file)
        try Self.readMagic(&input, of: file)
        guard let line = try input.takeLine(limit: ExportFormat.longestHeader) else {
            throw Self.damaged(
                path, "ends early, or has a header that is too long: the line from byte \(ExportFormat.magic.count) on has no end")
        }
        do throws(ExportHeader.Problem) { header = try ExportHeader(parsing: line) } catch {
            throw Self.damaged(path, "cannot be read: \(error.sentence)")
        }
    }

    private static func readMagic(_ input: inout ExportInput, of file: InputDescriptor) throws(OperatorError) {
        let path = file.path
        let foreign = OperatorError(
            .usage, "'\(path)' is no export of Callboard.", hint: "Name a file that 'callboard export' wrote, or a purge or deletion.")
        guard let line = try input.takeLine(limit: ExportFormat.longestMagic) else {
            var beginning = ExportInput(file)
            let found = try beginning.take(ExportFormat.magic.count)
            guard !found.isEmpty, found.count < ExportFormat.magic.count, ExportFormat.magic.starts(with: found) else { throw foreign }
            throw damaged(path, "ends early: it has \(found.count) bytes")
        }
        guard line.starts(with: ExportFormat.name),
            let version = Int(String(decoding: line.dropFirst(ExportFormat.name.count), as: UTF8.self)), version > 0
        else { throw foreign }
        guard version == ExportFormat.version else {
            throw OperatorError(
                .usage, "The export '\(path)' has form \(version); this Callboard reads form \(ExportFormat.version).",
                hint: "Read it with a newer Callboard.")
        }
        guard line + [UInt8(ascii: "\n")] == ExportFormat.magic else { throw foreign }
    }

    /// The next message; nil at the end.
    mutating func next() throws(OperatorError) -> PeekedMessage? {
        if let failure { throw failure }
        guard summary == nil else { return nil }
        do throws(OperatorError) { return try record() } catch {
            failure = error
            throw error
        }
    }

    private mutating func record() throws(OperatorError) -> PeekedMessage? {
        let place = "record \(count + 1), which begins at byte \(input.offset)"
        let prefix = try input.take(4)
        guard prefix.count == 4 else { throw damaged("ends early: \(place) is not there whole, and no trailer") }
        let length = UInt32(bigEndianBytes: prefix)
        guard length != ExportFormat.trailerMark else {
            try trailer()
            return nil
        }
        guard length > 0, length <= ExportFormat.largestMessage else {
            throw damaged("is damaged: \(place), claims to have \(length) bytes")
        }
        let bytes = Int64(length) <= input.remaining ? try input.take(Int(length)) : []
        guard bytes.count == Int(length) else {
            throw damaged("ends early: of \(place), \(input.remaining) of \(length) bytes are there")
        }
        let message: PeekedMessage
        do throws(EncodedMessageError) { message = try PeekedMessage(encoded: bytes) } catch {
            throw damaged("is damaged: \(place), is no message: \(error.description)")
        }
        count += 1
        return message
    }

    private mutating func trailer() throws(OperatorError) {
        let place = "the trailer, which begins at byte \(input.offset - 4),"
        let number = try input.take(8)
        let digest = input.digest
        let stated = try input.take(32)
        guard number.count == 8, stated.count == 32 else { throw damaged("ends early: \(place) is not there whole") }
        guard digest.finalize().elementsEqual(stated) else {
            throw damaged("was altered or damaged, somewhere in its \(count) records or before them: \(place) has another digest")
        }
        let claimed = UInt64(bigEndianBytes: number)
        guard claimed == count else { throw damaged("is damaged: \(place) counts \(claimed) messages, and there are \(count)") }
        let size = input.offset
        guard try input.take(1).isEmpty else { throw damaged("goes on after its end, from byte \(size) on") }
        summary = ExportSummary(count: count, bytes: size, sha256: input.digest.finalize().hexadecimal, path: path)
    }

    func damaged(_ what: String) -> OperatorError { Self.damaged(path, what) }

    private static func damaged(_ path: String, _ what: String) -> OperatorError {
        OperatorError(.usage, "The export '\(path)' \(what).", hint: "Fetch it again from where it was kept, or export anew.")
    }
}
