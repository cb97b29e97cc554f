internal import Dispatch
package import Identity
internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A Unix socket of mode 0600 that gives the secret to one reader and is gone then. The reader has to be the same user, by what the system says of the
/// connection; anybody else is sent away without a byte.
package final class SecretSocketSink: SecretSink {
    /// What is served at the moment.
    private struct Serving: Sendable {
        /// Dispatch lets any thread end it.
        nonisolated(unsafe) let source: any DispatchSourceRead
        let fingerprint: SecretFingerprint
        let inode: UInt64
    }

    private let path: String
    private let serving = Mutex<Serving?>(nil)
    private let reads: AsyncStream<Void>
    private let readBy: AsyncStream<Void>.Continuation
    private static let queue = DispatchQueue(label: "callboard.secret-socket")

    /// A socket. Touches nothing yet.
    package init(_ path: String) {
        self.path = path
        (reads, readBy) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    package var title: String { "the socket \(path)" }

    package var needsProcess: Bool { true }

    /// Waits until somebody has read what is served. One caller at a time.
    package func settle() async { for await _ in reads { return } }

    package func check(replacing known: Set<SecretFingerprint>) async throws(OperatorError) {
        try SecretFolder.check(path, title)
        guard path.utf8.count < Self.longest else {
            throw OperatorError(.usage, "\(path) is too long for a socket.", hint: "Name one of at most \(Self.longest - 1) bytes.")
        }
        if let own = serving.withLock({ $0?.inode }), own == Self.inode(of: path) { return }
        switch SecretFolder.occupant(of: path) {
        case .nothing: return
        case .ownFile: throw refused("something is there already")
        case .foreign(let why): throw refused("something is there already: \(why)")
        }
    }

    package func deliver(_ secret: Secret, _ note: SecretNote, replacing known: Set<SecretFingerprint>) async throws(OperatorError) {
        try await check(replacing: known)
        stop()
        let listener = try listen()
        let source = DispatchSource.makeReadSource(fileDescriptor: listener, queue: Self.queue)
        let inode = Self.inode(of: path) ?? 0
        source.setEventHandler { [weak self] in self?.accept(listener, secret) }
        source.setCancelHandler { close(listener) }
        let now = Serving(source: source, fingerprint: SecretFingerprint(secret), inode: inode)
        serving.withLock { $0 = now }
        now.source.resume()
    }

    package func holds(_ fingerprint: SecretFingerprint) async -> Bool? { serving.withLock { $0?.fingerprint == fingerprint } }

    package func withdraw(_ fingerprint: SecretFingerprint) async {
        guard serving.withLock({ $0?.fingerprint == fingerprint }) else { return }
        stop()
    }

    /// Nobody can read any more.
    private func stop() {
        guard
            let last = serving.withLock({ serving -> Serving? in
                defer { serving = nil }
                return serving
            })
        else { return }
        last.source.cancel()
        if Self.inode(of: path) == last.inode { unlink(path) }
    }

    /// Gives the secret to whoever connected, if that is us.
    private func accept(_ listener: Int32, _ secret: Secret) {
        let reader = systemAccept(listener)
        guard reader >= 0 else { return }
        defer { close(reader) }
        guard Self.peer(of: reader) == geteuid() else { return }
        // One reader: what connects from now on finds nobody.
        stop()
        secret.withUnsafeBytes { bytes in
            // A token fits the socket's buffer: nobody can keep us waiting.
            _ = send(reader, bytes.baseAddress, bytes.count, Self.withoutSignal)
        }
        readBy.yield()
    }

    /// Makes the socket where nobody sees it before its mode is right, and gives it its name only if there is none.
    private func listen() throws(OperatorError) -> Int32 {
        var template = Array("\(SecretFolder.parent(of: path))/.callboard-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw fault("its folder") }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let name = folder + "/s"
        defer {
            unlink(name)
            rmdir(folder)
        }
        let descriptor = socket(AF_UNIX, Self.stream, 0)
        guard descriptor >= 0 else { throw fault("a socket") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        guard bind(descriptor, to: name), chmod(name, 0o600) == 0, systemListen(descriptor), Self.give(path, to: name) else {
            let error = fault("the socket")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private func bind(_ descriptor: Int32, to name: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(name.utf8)
        guard bytes.count < Self.longest else {
            errno = ENAMETOOLONG
            return false
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                systemBind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        } == 0
    }

    /// Gives what has one name another one, unless something has that.
    private static func give(_ path: String, to name: String) -> Bool {
        #if canImport(Darwin)
            renamex_np(name, path, UInt32(RENAME_EXCL)) == 0
        #else
            link(name, path) == 0
        #endif
    }

    private static func inode(of path: String) -> UInt64? {
        guard let status = try? Stat(path, followTargetSymlink: false), status.type == .socket else { return nil }
        return UInt64(status.inode.rawValue)
    }

    /// The user at the other end.
    private static func peer(of descriptor: Int32) -> uid_t? {
        #if canImport(Darwin)
            var (user, group) = (uid_t.max, gid_t.max)
            return getpeereid(descriptor, &user, &group) == 0 ? user : nil
        #else
            // struct ucred: process, user, group. The C library shows its name to GNU C only.
            var credentials: [UInt32] = [0, .max, .max]
            var length = socklen_t(12)
            let status = credentials.withUnsafeMutableBytes { getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, $0.baseAddress, &length) }
            return status == 0 && length == 12 ? credentials[1] : nil
        #endif
    }

    private func refused(_ why: String) -> OperatorError {
        OperatorError(.refused, "Nothing is served at \(title): \(why).", hint: "Name a socket that is not there yet.")
    }

    private func fault(_ what: String) -> OperatorError {
        refused("\(what) cannot be made or used: \(String(cString: strerror(errno)))")
    }

    #if canImport(Darwin)
        private static let longest = 104
        private static let stream = SOCK_STREAM
        private static let withoutSignal: Int32 = 0
    #elseif canImport(Glibc)
        private static let longest = 108
        private static let stream = Int32(SOCK_STREAM.rawValue)
        private static let withoutSignal = Int32(MSG_NOSIGNAL)
    #else
        private static let longest = 108
        private static let stream = SOCK_STREAM
        private static let withoutSignal = MSG_NOSIGNAL
    #endif
}

private func systemAccept(_ listener: Int32) -> Int32 {
    let descriptor = accept(listener, nil, nil)
    guard descriptor >= 0 else { return descriptor }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    #if canImport(Darwin)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    #endif
    return descriptor
}

private func systemListen(_ descriptor: Int32) -> Bool { listen(descriptor, 4) == 0 }

private func systemBind(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
    bind(descriptor, address, length)
}
