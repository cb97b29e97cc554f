internal import Crypto
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A regular file that is open for reading, and closed when nobody needs it any more.
final class InputDescriptor: Sendable {
    let path: String
    let number: Int32
    /// The bytes it had when it was opened.
    let size: Int64

    /// Opens a file.
    /// - Throws: ``OperatorError`` of kind usage that names it.
    init(_ path: String) throws(OperatorError) {
        self.path = path
        // Without O_NONBLOCK, opening a pipe would wait for somebody to write to it.
        let number = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        func unreadable(_ reason: Errno) -> OperatorError {
            OperatorError(.usage, "The file '\(path)' cannot be read: \(reason).", hint: "Check the path.")
        }
        guard number >= 0 else { throw unreadable(Errno(rawValue: errno)) }
        let status: Stat
        do throws(Errno) { status = try Stat(FileDescriptor(rawValue: number)) } catch {
            close(number)
            throw unreadable(error)
        }
        guard status.type == .regular else {
            close(number)
            throw OperatorError(.usage, "'\(path)' is no regular file.", hint: "Name a file that 'callboard export' wrote.")
        }
        self.number = number
        size = status.size
    }

    deinit { close(number) }
}

/// The bytes of a file from its beginning on, with the digest of those that were taken. Reads ahead by a fixed amount.
struct ExportInput {
    private let file: InputDescriptor
    private var buffer: [UInt8] = []
    /// Where in the buffer the bytes begin that were not taken yet.
    private var start = 0
    /// Where in the file the buffer ends.
    private var end: Int64 = 0
    /// Where in the file the next byte is that is taken.
    private(set) var offset: Int64 = 0
    /// The digest of all that was taken.
    private(set) var digest = SHA256()

    init(_ file: InputDescriptor) { self.file = file }

    /// The bytes that were there, by the size of the file, and were not taken yet.
    var remaining: Int64 { max(0, file.size - offset) }

    /// Takes bytes.
    /// - Returns: fewer than asked for only at the end of the file.
    mutating func take(_ count: Int) throws(OperatorError) -> [UInt8] {
        var bytes: [UInt8] = []
        // A length in a damaged file is not worth more memory than the file has bytes.
        bytes.reserveCapacity(Int(min(Int64(count), remaining)))
        while bytes.count < count, try fill() {
            let piece = buffer[start..<min(buffer.count, start + count - bytes.count)]
            bytes += piece
            start += piece.count
        }
        took(bytes)
        return bytes
    }

    /// Takes bytes up to a line feed, which is taken and not among them.
    /// - Returns: nil, and nothing is certain about what was taken, when there is none within the limit.
    mutating func takeLine(limit: Int) throws(OperatorError) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count <= limit, try fill() {
            let rest = buffer[start..<min(buffer.count, start + limit + 1 - bytes.count)]
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            bytes += rest[..<(end ?? rest.endIndex)]
            start = end.map { $0 + 1 } ?? rest.endIndex
            guard end != nil else { continue }
            took(bytes + [UInt8(ascii: "\n")])
            return bytes
        }
        return nil
    }

    private mutating func took(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { digest.update(bufferPointer: $0) }
        offset += Int64(bytes.count)
    }

    /// Makes sure that there is a byte to take; false at the end of the file.
    private mutating func fill() throws(OperatorError) -> Bool {
        guard start == buffer.count else { return true }
        let wanted = Int(min(Int64(ExportFormat.bufferSize), max(4096, file.size - end + 1)))
        var (count, reason) = (0, Int32(0))
        repeat {
            buffer = [UInt8](unsafeUninitializedCapacity: wanted) { place, initialized in
                count = pread(file.number, place.baseAddress, wanted, off_t(end))
                reason = errno
                initialized = max(0, count)
            }
        } while count < 0 && reason == EINTR
        start = 0
        guard count >= 0 else {
            throw OperatorError(
                .internal, "The file '\(file.path)' cannot be read on from byte \(end): \(String(cString: strerror(reason))).",
                hint: "Check the disk.")
        }
        end += Int64(count)
        return count > 0
    }
}
