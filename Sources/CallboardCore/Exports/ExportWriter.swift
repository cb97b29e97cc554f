internal import Crypto
public import ServiceBus

/// Writes messages to a file exactly as they were peeked, in the form of `docs/export-format.md`.
///
/// What is held is bounded: a message at a time, or some small ones. The file is there whole or not at all: it gets its name in
/// ``finish()``, and a writer that is abandoned, fails or is let go of leaves nothing behind. Used by one task at a time.
///
/// Messages keep the order in which they are appended. They must be whole: peeked with their bodies, and not masked.
public final class ExportWriter {
    /// The file.
    public let path: String
    /// The messages written so far.
    public private(set) var count = 0
    /// The bytes written so far.
    public private(set) var bytes: Int64 = 0
    private let file: WholeFile
    private var buffer: [UInt8] = []
    private var digest = SHA256()
    private var state = State.writing

    private enum State {
        case writing
        case failed(OperatorError)
        case ended
    }

    /// Begins an export: nothing has the file's name yet.
    /// - Parameter isOverwriting: whether a regular file of that name is replaced.
    /// - Throws: ``OperatorError`` that names the file: ``OperatorError/Code/conflict`` when there is one already or somebody else writes it.
    public convenience init(to path: String, header: ExportHeader, isOverwriting: Bool = false) throws(OperatorError) {
        try self.init(to: path, header: header, isOverwriting: isOverwriting, calls: WholeFile.Calls())
    }

    init(to path: String, header: ExportHeader, isOverwriting: Bool, calls: WholeFile.Calls) throws(OperatorError) {
        self.path = path
        let line = header.line
        guard line.count < ExportFormat.longestHeader else {
            throw OperatorError(.usage, "The header of the export '\(path)' would have \(line.count) bytes.", hint: "Shorten its names.")
        }
        file = try WholeFile(path, isReplacing: isOverwriting, beginning: ExportFormat.name, calls: calls)
        buffer.reserveCapacity(ExportFormat.bufferSize)
        buffer += ExportFormat.magic + line + [UInt8(ascii: "\n")]
        // On the disk at once, so that what a killed process leaves is known for what it is.
        try flush()
    }

    /// Writes a message.
    /// - Throws: ``OperatorError``: ``OperatorError/Code/refused`` when something of it is masked, else what is wrong with the file, which it
    ///   names. The export is given up then.
    public func append(_ message: PeekedMessage) throws(OperatorError) {
        try check()
        guard message.redaction == nil else { throw fail(.maskedExport("message #\(message.sequenceNumber) is masked")) }
        guard (1...ExportFormat.largestMessage).contains(message.encodedSize) else {
            throw fail(
                OperatorError(
                    .usage, "Message #\(message.sequenceNumber) has \(message.encodedSize) bytes: more than '\(path)' can hold of one.",
                    hint: "Export the others by their numbers."))
        }
        try message.withEncodedBytes { encoded throws(OperatorError) in
            if buffer.count + 4 + encoded.count > ExportFormat.bufferSize { try flush() }
            buffer += UInt32(truncatingIfNeeded: encoded.count).bigEndianBytes
            guard encoded.count > ExportFormat.bufferSize - 4 else {
                buffer += encoded
                return
            }
            try flush()
            try write(encoded)
        }
        count += 1
    }

    /// Writes page after page, from wherever they come.
    /// - Parameters:
    ///   - isWanted: whether a message is written; all are unless it says otherwise.
    ///   - progress: called after each page, with ``count`` and ``bytes`` as they are then.
    /// - Throws: ``OperatorError``: what the pages throw, what `isWanted` and `progress` throw, ``OperatorError/Code/cancelled`` when the task is
    ///   cancelled, else as ``append(_:)``. The export is given up then.
    public func append<Pages: AsyncSequence>(
        pages: Pages, where isWanted: (PeekedMessage) throws(OperatorError) -> Bool = { _ in true },
        progress: (ExportWriter) throws(OperatorError) -> Void = { _ in }
    ) async throws(OperatorError) where Pages.Element == [PeekedMessage], Pages.Failure == OperatorError {
        var iterator = pages.makeAsyncIterator()
        do throws(OperatorError) {
            while let page = try await iterator.next(isolation: #isolation) {
                if Task.isCancelled { throw OperatorError(.cancelled, "The export was stopped; nothing was written to '\(path)'.") }
                for message in page where try isWanted(message) { try append(message) }
                try progress(self)
            }
        } catch { throw fail(error) }
    }

    /// Writes the trailer, and everything to the disk; then the file gets its name.
    /// - Throws: ``OperatorError`` that names the file, which is not there then.
    public func finish() throws(OperatorError) -> ExportSummary {
        try check()
        buffer += ExportFormat.trailerMark.bigEndianBytes + UInt64(count).bigEndianBytes
        try flush()
        let own = Array(digest.finalize())
        buffer += own
        try flush()
        do throws(OperatorError) { try file.finish() } catch { throw fail(error) }
        state = .ended
        return ExportSummary(count: count, bytes: bytes, sha256: digest.finalize().hexadecimal, path: path)
    }

    /// Gives the export up and removes what was written of it. Nothing happens after ``finish()``.
    public func abandon() {
        file.abandon()
        if case .writing = state { state = .ended }
    }

    private func check() throws(OperatorError) {
        switch state {
        case .writing: break
        case .failed(let error): throw error
        case .ended: throw OperatorError(.internal, "The export '\(path)' is not being written any more.")
        }
    }

    private func fail(_ error: OperatorError) -> OperatorError {
        file.abandon()
        state = .failed(error)
        return error
    }

    private func flush() throws(OperatorError) {
        guard !buffer.isEmpty else { return }
        try buffer.withUnsafeBufferPointer { gathered throws(OperatorError) in try write(UnsafeRawBufferPointer(gathered)) }
        buffer.removeAll(keepingCapacity: true)
    }

    private func write(_ piece: UnsafeRawBufferPointer) throws(OperatorError) {
        digest.update(bufferPointer: piece)
        do throws(OperatorError) { try file.write(piece) } catch { throw fail(error) }
        bytes += Int64(piece.count)
    }
}

extension OperatorError {
    /// Where messages are masked there is no exact export: it would hold all that is masked.
    /// - Parameter reason: what is masked, as the middle of a sentence.
    static func maskedExport(_ reason: String, entity: EntityPath? = nil) -> OperatorError {
        OperatorError(
            .refused, "No exact export: \(reason), and the file would hold what is masked.",
            hint: "'callboard peek --output jsonl' writes messages as they are shown; an exact export takes a context that does not mask.",
            entity: entity)
    }
}
