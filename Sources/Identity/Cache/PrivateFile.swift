internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Files that nobody but their owner may look into: mode 0600 from the moment they exist, and never half written.
package enum PrivateFile {
    /// The content; nil when there is no such file.
    /// - Throws: ``FileFault`` when the file is a link, not ours, or others can read it: it may have been put there, or been read.
    package static func read(_ path: String, limit: Int) throws(FileFault) -> [UInt8]? {
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
        try self.write(Secret(bytes), to: path, random: random)
    }

    /// The same for a secret, of which no copy is made.
    package static func write(_ secret: Secret, to path: String, random: RandomBytes = .system) throws(FileFault) {
        try secret.withUnsafeBytes { (bytes) throws(FileFault) in try self.write(bytes, to: path, random: random) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to path: String, random: RandomBytes) throws(FileFault) {
        let staged = try StagedFile(beside: path, random: random)
        do throws(FileFault) {
            try self.fill(staged.descriptor, bytes)
            guard staged.replace(path) else { throw .last() }
        } catch {
            unlink(staged.path)
            throw error
        }
        self.syncFolder(of: path)
    }

    private static func fill(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(FileFault) {
        try self.write(bytes, to: descriptor)
        guard fsync(descriptor) == 0 else { throw .last() }
    }

    /// Creates a file only if there is none.
    /// - Returns: whether it was created.
    static func create(_ bytes: [UInt8], at path: String, random: RandomBytes) throws(FileFault) -> Bool {
        try self.create(Secret(bytes), at: path, random: random)
    }

    /// The same for a secret, of which no copy is made.
    package static func create(_ secret: Secret, at path: String, random: RandomBytes = .system) throws(FileFault) -> Bool {
        try secret.withUnsafeBytes { (bytes) throws(FileFault) in try self.create(bytes, at: path, random: random) }
    }

    private static func create(_ bytes: UnsafeRawBufferPointer, at path: String, random: RandomBytes) throws(FileFault) -> Bool {
        let isCreated: Bool
        if let isLinked = try self.createNameless(bytes, at: path) {
            isCreated = isLinked
        } else {
            let staged = try StagedFile(beside: path, random: random)
            defer { unlink(staged.path) }
            try self.fill(staged.descriptor, bytes)
            // Unlike rename, link never replaces what another process has put there meanwhile.
            isCreated = staged.link(path)
            guard isCreated || errno == EEXIST else { throw .last() }
        }
        if isCreated { self.syncFolder(of: path) }
        return isCreated
    }

    /// Writes a file that has no name until it is whole: a process that is killed before leaves nothing.
    /// - Returns: whether it has the name now, which another may have; nil where the system or its file system cannot do that.
    private static func createNameless(_ bytes: UnsafeRawBufferPointer, at path: String) throws(FileFault) -> Bool? {
        #if os(Linux)
            // __O_TMPFILE (asm-generic/fcntl.h), which the C library shows to GNU C only.
            let nameless: Int32 = 0o20000000
            let descriptor = open(self.folder(of: path), O_WRONLY | O_DIRECTORY | nameless | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { return nil }
            defer { close(descriptor) }
            try self.fill(descriptor, bytes)
            // The way of open(2) that needs no privilege; where /proc is not mounted it is not there.
            if linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 { return true }
            return errno == EEXIST ? false : nil
        #else
            return nil
        #endif
    }

    /// Removes a file, and what a process that was killed while it wrote left beside it; that there is none is fine.
    package static func remove(_ path: String) throws(FileFault) {
        StagedFile.removeLeft(beside: path)
        guard unlink(path) == 0 || errno == ENOENT else { throw .last() }
    }

    /// Makes the folder, and those above it, where they are missing, for the owner only; refuses one that others can write to.
    static func prepareFolder(_ path: String) throws(FileFault) {
        try self.makeFolder(path)
        let status: Stat
        do throws(Errno) { status = try Stat(path) } catch { throw FileFault(error) }
        guard status.type == .directory else { throw FileFault(message: "it is not a folder") }
        guard status.userID.rawValue == geteuid() else { throw FileFault(message: "it belongs to somebody else") }
        guard status.permissions.rawValue & 0o022 == 0 else {
            throw FileFault(message: "others can write to it (mode \(status.octalPermissions))")
        }
    }

    /// Makes a folder, and those above it, where there is nothing.
    private static func makeFolder(_ path: String) throws(FileFault) {
        do throws(Errno) {
            _ = try Stat(path)
            return
        } catch {
            guard error == .noSuchFileOrDirectory else { throw FileFault(error) }
        }
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex { try self.makeFolder(String(path[..<slash])) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .last() }
    }

    /// That an open file is regular, ours and closed to others.
    fileprivate static func check(_ descriptor: Int32) throws(FileFault) {
        let status = try Stat(ofOpen: descriptor)
        guard status.type == .regular else { throw FileFault(message: "it is not a regular file") }
        guard status.userID.rawValue == geteuid() else { throw FileFault(message: "it belongs to somebody else") }
        guard status.permissions.rawValue & 0o077 == 0 else {
            throw FileFault(message: "others can read it (mode \(status.octalPermissions))")
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(FileFault) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = writeBytes(descriptor, piece.baseAddress, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last() }
            rest = rest.dropFirst(count)
        }
    }

    private static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "." }

    /// So that the new name outlives a power failure. A file system that cannot do it has done what it can.
    private static func syncFolder(of path: String) {
        let descriptor = open(self.folder(of: path), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// A file beside another one, in whose place it is put when it is whole.
///
/// It has one name, `PATH.partial`, so that what a process that was killed left there is found by the next one and does not stay for good. While it is
/// written it is locked: where two processes write at once, the second has a name of its own.
private struct StagedFile: ~Copyable {
    let path: String
    let descriptor: Int32

    init(beside target: String, random: RandomBytes) throws(FileFault) {
        let usual = Self.path(beside: target)
        if let descriptor = Self.take(usual) {
            // One with two names is somebody's file already, and only a name of it was left.
            if (try? Stat(ofOpen: descriptor))?.linkCount == 1, ftruncate(descriptor, 0) == 0 {
                (path, self.descriptor) = (usual, descriptor)
                return
            }
            unlink(usual)
            close(descriptor)
        }
        let other = "\(target).\(random.text(9)).partial"
        let descriptor = open(other, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last() }
        (path, self.descriptor) = (other, descriptor)
    }

    deinit {
        // A child that was begun meanwhile may have the descriptor too.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Puts it in the place of what is there. It is locked until then.
    func replace(_ target: String) -> Bool { rename(path, target) == 0 }

    /// Gives it another name, unless something has that.
    func link(_ target: String) -> Bool { systemLink(path, target) == 0 }

    private static func path(beside target: String) -> String { "\(target).partial" }

    /// Opens the usual name for this process alone.
    /// - Returns: nil when another process writes there, or what is there is not ours.
    private static func take(_ path: String, flags: Int32 = O_CREAT) -> Int32? {
        let descriptor = open(path, O_WRONLY | flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        do throws(FileFault) { try PrivateFile.check(descriptor) } catch {
            close(descriptor)
            return nil
        }
        // Another process may have put it in its place, or removed it, before it was locked.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, let own = try? Stat(ofOpen: descriptor),
            let named = try? Stat(path, followTargetSymlink: false), own.inode == named.inode, own.deviceID == named.deviceID
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Removes what was left.
    static func removeLeft(beside target: String) {
        let left = path(beside: target)
        guard let descriptor = take(left, flags: 0) else { return }
        unlink(left)
        close(descriptor)
    }
}

private func systemLink(_ path: String, _ target: String) -> Int32 { link(path, target) }
private func writeBytes(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, buffer, count) }

/// A lock that other processes respect too, for as long as the value is held.
final class FileLock: Sendable {
    /// The open file that has the lock.
    let descriptor: Int32

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

    deinit {
        // Closing alone would leave it to a child that was begun meanwhile and is not another program yet: it has the descriptor too.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
