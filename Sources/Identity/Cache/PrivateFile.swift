#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Files that nobody but their owner may look into: mode 0600 from the moment they exist, and never half written.
enum PrivateFile {
    /// The content; nil when there is no such file.
    /// - Throws: ``FileFault`` when the file is a link, not ours, or others can read it: it may have been put there, or been read.
    static func read(_ path: String, limit: Int) throws(FileFault) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            let fault = FileFault.last()
            if fault.isMissing { return nil }
            throw fault
        }
        defer { close(descriptor) }
        try self.check(descriptor)
        return try BoundedFile.read(descriptor, limit: limit)
    }

    /// Puts a file with this content in the place of what is there: written beside it, on the disk, then renamed.
    static func write(_ bytes: [UInt8], to path: String, random: RandomBytes) throws(FileFault) {
        let partial = "\(path).\(random.text(9)).partial"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last() }
        do throws(FileFault) {
            defer { close(descriptor) }
            try self.write(bytes, to: descriptor)
            guard fsync(descriptor) == 0 else { throw .last() }
        } catch {
            unlink(partial)
            throw error
        }
        guard rename(partial, path) == 0 else {
            let fault = FileFault.last()
            unlink(partial)
            throw fault
        }
        self.syncFolder(of: path)
    }

    /// Creates a file only if there is none.
    /// - Returns: whether it was created.
    static func create(_ bytes: [UInt8], at path: String, random: RandomBytes) throws(FileFault) -> Bool {
        let partial = "\(path).\(random.text(9)).partial"
        try self.write(bytes, to: partial, random: random)
        defer { unlink(partial) }
        // Unlike rename, link never replaces what another process has put there meanwhile.
        guard link(partial, path) == 0 else {
            if errno == EEXIST { return false }
            throw .last()
        }
        self.syncFolder(of: path)
        return true
    }

    /// Removes a file; that there is none is fine.
    static func remove(_ path: String) throws(FileFault) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .last() }
    }

    /// Makes the folder, and those above it, where they are missing, for the owner only; refuses one that others can write to.
    static func prepareFolder(_ path: String) throws(FileFault) {
        var status = stat()
        if stat(path, &status) != 0 {
            guard errno == ENOENT else { throw .last() }
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex, path[..<slash] != path {
                try self.prepareParents(String(path[..<slash]))
            }
            guard mkdir(path, 0o700) == 0 || errno == EEXIST, stat(path, &status) == 0 else { throw .last() }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw FileFault(message: "it is not a folder") }
        guard status.st_uid == geteuid() else { throw FileFault(message: "it belongs to somebody else") }
        guard status.st_mode & 0o022 == 0 else {
            throw FileFault(message: "others can write to it (mode \(String(status.st_mode & 0o7777, radix: 8)))")
        }
    }

    private static func prepareParents(_ path: String) throws(FileFault) {
        var status = stat()
        guard stat(path, &status) != 0 else { return }
        guard errno == ENOENT else { throw .last() }
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex { try self.prepareParents(String(path[..<slash])) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .last() }
    }

    /// That an open file is regular, ours and closed to others.
    private static func check(_ descriptor: Int32) throws(FileFault) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last() }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileFault(message: "it is not a regular file") }
        guard status.st_uid == geteuid() else { throw FileFault(message: "it belongs to somebody else") }
        guard status.st_mode & 0o077 == 0 else {
            throw FileFault(message: "others can read it (mode \(String(status.st_mode & 0o7777, radix: 8)))")
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws(FileFault) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { writeBytes(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last() }
            rest = rest.dropFirst(count)
        }
    }

    /// So that the new name outlives a power failure. A file system that cannot do it has done what it can.
    private static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

private func writeBytes(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, buffer, count) }

/// A lock that other processes respect too, for as long as the value is held.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock of a file, which is made where it is missing and never removed (else two processes could hold locks of two files of one name).
    /// - Returns: nil when another process holds it.
    init?(_ path: String) throws(FileFault) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last() }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let fault = errno == EWOULDBLOCK ? nil : FileFault.last()
            close(descriptor)
            if let fault { throw fault }
            return nil
        }
        self.descriptor = descriptor
    }

    deinit { close(self.descriptor) }
}
