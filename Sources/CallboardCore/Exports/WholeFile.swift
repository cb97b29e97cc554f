internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A file that is there whole or not at all.
///
/// It is written beside its place, as `NAME.partial`, for its owner alone (0600). It gets its name only when the disk has its last byte, and
/// the folder is written to the disk after that. Whatever goes wrong before, it is removed; a process that is killed leaves the partial
/// file behind, which nobody takes for the file, and which the next one of that name removes. A lock on it keeps two writers apart.
final class WholeFile {
    /// What is asked of the system where it may say that the disk is full; tests have one that is.
    struct Calls: Sendable {
        /// As `write(2)`.
        var write: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { systemWrite($0, $1, $2) }
        /// As `fsync(2)`.
        var sync: @Sendable (Int32) -> Int32 = { fsync($0) }
    }

    /// Where it is to be.
    let path: String
    private let partial: String
    private let isReplacing: Bool
    private let calls: Calls
    /// The folder, open to be written to the disk.
    private let folder: Int32
    /// The partial file; nil when it has got its name or was removed.
    private var descriptor: Int32?

    /// Begins a file.
    /// - Parameters:
    ///   - isReplacing: whether a file of that name may be replaced. Only a regular one is: never a device, a folder or a link.
    ///   - beginning: what every such file begins with. A partial file that begins otherwise is not one of ours and stays.
    /// - Throws: ``OperatorError`` that names the file.
    init(_ path: String, isReplacing: Bool, beginning: [UInt8], calls: Calls = Calls()) throws(OperatorError) {
        guard !path.isEmpty, !path.hasSuffix("/"), !path.utf8.contains(0) else {
            throw OperatorError(.usage, "'\(path)' is no name of a file.", hint: "Name a file.")
        }
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        self.path = path
        self.isReplacing = isReplacing
        self.calls = calls
        partial = path + ".partial"
        // Opened now, so that a folder that cannot be written to the disk is known before everything else was done.
        folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Self.fault(path) }
        try Self.check(path, isReplacing: isReplacing)
        descriptor = try Self.create(partial, for: path, beginning)
    }

    deinit {
        abandon()
        if folder >= 0 { close(folder) }
    }

    /// Writes bytes behind those that were written before.
    /// - Throws: ``OperatorError`` that names the file; nothing is left of it then.
    func write(_ bytes: UnsafeRawBufferPointer) throws(OperatorError) {
        guard let descriptor else { throw Self.ended(path) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let written = calls.write(descriptor, piece.baseAddress, piece.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0, written <= piece.count else { throw failed() }
            rest = rest.dropFirst(written)
        }
    }

    /// Writes everything to the disk and gives the file its name.
    /// - Throws: ``OperatorError`` that names the file; nothing is left of it then. Only when the folder cannot be written to the disk, the
    ///   whole file stays, which the error says.
    func finish() throws(OperatorError) {
        guard let descriptor else { throw Self.ended(path) }
        guard sync(descriptor) else { throw failed() }
        do throws(OperatorError) { try name() } catch {
            abandon()
            throw error
        }
        close(descriptor)
        self.descriptor = nil
        // Some file systems know no such thing for folders.
        guard sync(folder) || errno == EINVAL else {
            throw OperatorError(
                .internal, "The file '\(path)' is written, but may be gone after a power failure: \(String(cString: strerror(errno))).",
                hint: "Copy it to another disk.")
        }
    }

    /// Removes what was written. Nothing happens when the file has its name.
    func abandon() {
        guard let descriptor else { return }
        unlink(partial)
        close(descriptor)
        self.descriptor = nil
    }

    private func sync(_ descriptor: Int32) -> Bool {
        while calls.sync(descriptor) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }

    private func failed() -> OperatorError {
        let error = Self.fault(path)
        abandon()
        return error
    }

    // MARK: Names

    private func name() throws(OperatorError) {
        guard !isReplacing else {
            try Self.check(path, isReplacing: true)
            guard rename(partial, path) == 0 else { throw Self.fault(path) }
            return
        }
        // A link is refused where the name is taken; a renaming would replace what somebody wrote meanwhile.
        if link(partial, path) == 0 {
            unlink(partial)
            return
        }
        switch errno {
        case EEXIST: throw Self.taken(path)
        case EPERM, EOPNOTSUPP, ENOSYS, EMLINK:
            // A file system without links.
            try Self.check(path, isReplacing: false)
            guard rename(partial, path) == 0 else { throw Self.fault(path) }
        default: throw Self.fault(path)
        }
    }

    /// Whether a file may get this name.
    private static func check(_ path: String, isReplacing: Bool) throws(OperatorError) {
        let status: Stat
        do throws(Errno) { status = try Stat(path, followTargetSymlink: false) } catch {
            guard error == .noSuchFileOrDirectory else { throw fault(path, error.rawValue) }
            return
        }
        guard isReplacing else { throw taken(path) }
        guard status.type == .regular else {
            throw OperatorError(.usage, "'\(path)' is no regular file, and is not replaced.", hint: "Name another file.")
        }
    }

    private static func create(_ partial: String, for path: String, _ beginning: [UInt8]) throws(OperatorError) -> Int32 {
        for _ in 0..<3 {
            let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            if descriptor >= 0 {
                // Between the two calls somebody may have taken it for left behind, and removed it.
                if lock(descriptor) != false, isThere(descriptor, partial) { return descriptor }
                close(descriptor)
            } else {
                guard errno == EEXIST else { throw fault(path) }
                try removeLeftover(partial, for: path, beginning)
            }
        }
        throw busy(partial, for: path)
    }

    /// Removes what a killed process left.
    /// - Throws: ``OperatorError`` when somebody is writing it, or it is something else.
    private static func removeLeftover(_ partial: String, for path: String, _ beginning: [UInt8]) throws(OperatorError) {
        let descriptor = open(partial, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw inTheWay(partial, for: path)
        }
        defer { close(descriptor) }
        guard let status = try? Stat(FileDescriptor(rawValue: descriptor)), status.type == .regular, status.userID.rawValue == geteuid()
        else {
            throw inTheWay(partial, for: path)
        }
        switch lock(descriptor) {
        case true?: break
        case false?: throw busy(partial, for: path)
        // Where there are no locks nobody can tell.
        case nil: throw inTheWay(partial, for: path)
        }
        // It has got its name, or was removed, meanwhile.
        guard isThere(descriptor, partial) else { return }
        var found = [UInt8](repeating: 0, count: beginning.count)
        let count = found.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count >= 0, beginning.starts(with: found.prefix(count)), unlink(partial) == 0 else { throw inTheWay(partial, for: path) }
    }

    /// Locks a file: false when somebody else has, nil where the file system has no locks.
    private static func lock(_ descriptor: Int32) -> Bool? {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { return nil }
        }
        return true
    }

    /// Whether a path still leads to an open file.
    private static func isThere(_ descriptor: Int32, _ path: String) -> Bool {
        guard let ours = try? Stat(FileDescriptor(rawValue: descriptor)), let there = try? Stat(path, followTargetSymlink: false)
        else { return false }
        return ours.deviceID == there.deviceID && ours.inode == there.inode
    }

    // MARK: Errors

    private static func fault(_ path: String, _ reason: Int32 = errno) -> OperatorError {
        let message = "The file '\(path)' cannot be written: \(String(cString: strerror(reason)))."
        return switch reason {
        case ENOSPC, EDQUOT, EFBIG:
            OperatorError(.internal, message, hint: "Make room, or name a file on another disk. Nothing half written is left.")
        case EIO: OperatorError(.internal, message, hint: "Name a file on another disk.")
        default: OperatorError(.usage, message, hint: "Name another file.")
        }
    }

    private static func taken(_ path: String) -> OperatorError {
        OperatorError(.conflict, "There is a file '\(path)' already.", hint: "Name another one, or replace it with --overwrite.")
    }

    private static func busy(_ partial: String, for path: String) -> OperatorError {
        OperatorError(.conflict, "Somebody else is writing '\(path)': '\(partial)' is in use.", hint: "Wait, or name another file.")
    }

    private static func inTheWay(_ partial: String, for path: String) -> OperatorError {
        OperatorError(
            .conflict, "'\(path)' cannot be written: '\(partial)' is in the way.", hint: "Look at it and remove it, or name another file.")
    }

    private static func ended(_ path: String) -> OperatorError {
        OperatorError(.internal, "The file '\(path)' is not being written any more.")
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, bytes, count) }
