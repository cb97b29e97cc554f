internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Why a file cannot be used; without its name.
package struct FileFault: Error, Hashable, Sendable {
    /// The end of a sentence, such as `it is not permitted`.
    package let message: String
    /// Whether there is no such file.
    package var isMissing = false

    package init(message: String, isMissing: Bool = false) {
        self.message = message
        self.isMissing = isMissing
    }

    /// What the operating system said last.
    static func last() -> FileFault { FileFault(Errno(rawValue: errno)) }

    init(_ reason: Errno) {
        switch reason {
        case .noSuchFileOrDirectory, .notDirectory: self.init(message: "there is no such file", isMissing: true)
        case .permissionDenied, .notPermitted: self.init(message: "it is not permitted")
        case .tooManySymbolicLinkLevels: self.init(message: "it is a symbolic link")
        case .noSpace, .diskQuotaExceeded: self.init(message: "the disk is full")
        case .readOnlyFileSystem: self.init(message: "the file system is read-only")
        default: self.init(message: reason.description)
        }
    }
}

extension Stat {
    /// The status of an open file.
    init(ofOpen descriptor: Int32) throws(FileFault) {
        do throws(Errno) { try self.init(FileDescriptor(rawValue: descriptor)) } catch { throw FileFault(error) }
    }

    /// The permissions as `chmod` takes them, in octal digits.
    var octalPermissions: String { String(permissions.rawValue, radix: 8) }
}

/// Reads files of bounded size.
enum BoundedFile {
    /// The whole content of a regular file of at most `limit` bytes; links are followed.
    static func read(_ path: String, limit: Int) throws(FileFault) -> [UInt8] {
        // Without O_NONBLOCK, opening a pipe would wait for somebody to write to it.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last() }
        defer { close(descriptor) }
        return try self.read(descriptor, limit: limit)
    }

    /// The content of an open file.
    static func read(_ descriptor: Int32, limit: Int) throws(FileFault) -> [UInt8] {
        guard try Stat(ofOpen: descriptor).type == .regular else { throw FileFault(message: "it is not a regular file") }
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            let wanted = min(64 * 1024, limit + 1 - bytes.count)
            var count = 0
            bytes += [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
                count = readBytes(descriptor, buffer.baseAddress, wanted)
                initialized = max(0, count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last() }
            if count == 0 { return bytes }
        }
        throw FileFault(message: "it has more than \(limit) bytes")
    }
}

private func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int { read(descriptor, buffer, count) }
