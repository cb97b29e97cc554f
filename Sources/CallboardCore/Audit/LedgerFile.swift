internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The system calls that a full disk lets fail, so that a test can be one.
package struct LedgerSystem: Sendable {
    /// Writes at the end; the number of bytes written, or -1 and the error.
    package var write: @Sendable (Int32, UnsafeRawBufferPointer) -> (count: Int, error: Int32)
    /// Waits until what was written is on the disk; 0 or the error.
    package var sync: @Sendable (Int32) -> Int32
    /// Cuts the file; 0 or the error.
    package var truncate: @Sendable (Int32, Int) -> Int32

    package init(
        write: @escaping @Sendable (Int32, UnsafeRawBufferPointer) -> (count: Int, error: Int32),
        sync: @escaping @Sendable (Int32) -> Int32, truncate: @escaping @Sendable (Int32, Int) -> Int32
    ) {
        self.write = write
        self.sync = sync
        self.truncate = truncate
    }

    /// Those of this machine.
    package static let real = LedgerSystem(
        write: { descriptor, bytes in
            let count = systemWrite(descriptor, bytes.baseAddress, bytes.count)
            return (count, count < 0 ? errno : 0)
        },
        sync: { descriptor in
            #if canImport(Darwin)
                // fsync there reaches the drive and not its platter.
                return fcntl(descriptor, F_FULLFSYNC) == -1 ? errno : 0
            #else
                return fsync(descriptor) == 0 ? 0 : errno
            #endif
        },
        truncate: { descriptor, size in ftruncate(descriptor, off_t(size)) == 0 ? 0 : errno })
}

/// The ledger's file while it is open.
struct LedgerFile: ~Copyable {
    /// Why something could not be done, in the system's words.
    struct Fault: Error {
        var message: String
        var isMissing = false

        init(_ message: String) { self.message = message }
        init(errno code: Int32) {
            message =
                switch code {
                case ENOSPC, EDQUOT: "the disk is full"
                case EROFS: "the disk is read-only"
                case EACCES, EPERM: "it is not permitted"
                case ELOOP: "it is a symbolic link"
                default: String(cString: strerror(code))
                }
            isMissing = code == ENOENT || code == ENOTDIR
        }
    }

    private let descriptor: Int32
    /// What identifies the file, whatever it is called.
    let identity: UInt64

    deinit {
        // Closing alone would leave a lock to a child that was begun meanwhile and is not another program yet: it has the descriptor too.
        unlock()
        close(descriptor)
    }

    private init(descriptor: Int32, identity: UInt64) {
        self.descriptor = descriptor
        self.identity = identity
    }

    /// Opens a file to read it.
    static func reading(_ path: String) throws(Fault) -> LedgerFile {
        try opened(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), isOurs: false)
    }

    /// Opens a file to append to it, and makes it, for its owner alone, with its folder.
    static func appending(_ path: String) throws(Fault) -> LedgerFile {
        try makeFolder(of: path)
        // A link in its place could lead anywhere.
        return try opened(open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600), isOurs: true)
    }

    private static func opened(_ descriptor: Int32, isOurs: Bool) throws(Fault) -> LedgerFile {
        guard descriptor >= 0 else { throw Fault(errno: errno) }
        do throws(Fault) {
            let identity = try identity(descriptor)
            if isOurs { try makePrivate(descriptor) }
            return LedgerFile(descriptor: descriptor, identity: identity)
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func makePrivate(_ descriptor: Int32) throws(Fault) {
        let status = try status(descriptor)
        guard status.userID.rawValue == geteuid() else { throw Fault("it belongs to another user") }
        // One that was copied here may be open to others.
        if status.permissions.rawValue & 0o077 != 0, fchmod(descriptor, 0o600) != 0 { throw Fault(errno: errno) }
    }

    private static func identity(_ descriptor: Int32) throws(Fault) -> UInt64 {
        let status = try status(descriptor)
        guard status.type == .regular else { throw Fault("it is not a regular file") }
        return identity(status)
    }

    private static func identity(_ status: Stat) -> UInt64 {
        UInt64(truncatingIfNeeded: status.inode.rawValue) ^ UInt64(truncatingIfNeeded: status.deviceID.rawValue) << 48
    }

    private static func status(_ descriptor: Int32) throws(Fault) -> Stat {
        do throws(Errno) { return try Stat(FileDescriptor(rawValue: descriptor)) } catch { throw Fault(errno: error.rawValue) }
    }

    private static func makeFolder(of path: String) throws(Fault) {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
        let folder = String(path[..<slash])
        if (try? Stat(folder)) != nil { return }
        try makeFolder(of: folder)
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw Fault(errno: errno) }
        try syncFolder(of: folder)
    }

    /// Takes the file for itself, among all processes that append to it.
    /// - Returns: false when another one has it at the moment.
    func lock() throws(Fault) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw Fault(errno: errno) }
            return false
        }
        return true
    }

    /// Gives the file back to other processes.
    func unlock() { flock(descriptor, LOCK_UN) }

    /// Whether the path still leads to this file.
    func isStill(at path: String) -> Bool {
        (try? Stat(path, followTargetSymlink: false)).map(Self.identity) == identity
    }

    /// Its length in bytes.
    func size() throws(Fault) -> Int {
        try Int(Self.status(descriptor).size)
    }

    /// The length up to which what is there was written to the end of an append: nobody is appending at the moment it is asked.
    func settledSize() throws(Fault) -> Int {
        // An append takes milliseconds; a process that was stopped in the midst of one keeps nobody waiting for ever.
        for _ in 0..<2000 {
            if flock(descriptor, LOCK_SH | LOCK_NB) == 0 {
                defer { flock(descriptor, LOCK_UN) }
                return try size()
            }
            guard errno == EINTR || errno == EWOULDBLOCK else { throw Fault(errno: errno) }
            usleep(5000)
        }
        throw Fault("another process has it for itself")
    }

    /// Reads from a place up to another, piece by piece.
    func read(from start: Int, to end: Int, _ each: (ArraySlice<UInt8>) throws -> Bool) throws {
        var offset = start
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while offset < end {
            let wanted = min(buffer.count, end - offset)
            let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, wanted, off_t(offset)) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Fault(errno: errno) }
            if count == 0 { return }
            offset += count
            guard try each(buffer[..<count]) else { return }
        }
    }

    /// Appends bytes so that they are on the disk when this returns; all of them or, as far as the system lets us, none.
    func append(_ bytes: [UInt8], _ system: LedgerSystem) throws(Fault) {
        let before = try size()
        var rest = bytes[...]
        var error: Int32 = 0
        while !rest.isEmpty, error == 0 {
            let written = rest.withUnsafeBytes { system.write(descriptor, $0) }
            if written.count < 0 {
                if written.error != EINTR { error = written.error }
            } else if written.count == 0 {
                error = EIO
            } else {
                rest = rest.dropFirst(written.count)
            }
        }
        if error == 0 { error = system.sync(descriptor) }
        guard error == 0 else {
            // A part of a record would be a torn line, which the next one who appends cuts off. A whole one would be a lie.
            var fault = Fault(errno: error)
            if rest.isEmpty, system.truncate(descriptor, before) != 0 {
                fault.message += ", and the record that was written could not be taken back: what it says was not done"
            } else if !rest.isEmpty {
                _ = system.truncate(descriptor, before)
            }
            throw fault
        }
    }

    /// Cuts the file.
    func truncate(to size: Int, _ system: LedgerSystem) throws(Fault) {
        let error = system.truncate(descriptor, size)
        guard error == 0 else { throw Fault(errno: error) }
    }

    /// Makes sure that the file is found again after a crash: its name is in the folder, which is a file too.
    static func syncFolder(of path: String) throws(Fault) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Fault(errno: errno) }
        defer { close(descriptor) }
        // Some file systems know no such thing for folders.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw Fault(errno: errno) }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, bytes, count) }
