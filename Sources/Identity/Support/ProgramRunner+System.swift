internal import NIOPosix
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension ProgramRunner {
    /// Real programs (`posix_spawn`).
    /// - Parameter environment: the variables of this process; `PATH` among them says where programs are.
    public static func system(environment: [String: String]) -> ProgramRunner {
        ProgramRunner { (invocation) throws(Failure) in
            guard let path = self.path(of: invocation.program, environment: environment) else { throw .notFound }
            let isCancelled = CancellationFlag()
            let variables = environment.merging(invocation.environment) { $1 }
            let result = await withTaskCancellationHandler {
                // A thread of its own waits: those of Swift's tasks are as few as the processors.
                try? await NIOThreadPool.singleton.runIfActive { () -> Result<Outcome, Failure> in
                    do throws(Failure) {
                        return .success(try ChildProcess.run(path, invocation, variables: variables, isCancelled: isCancelled))
                    } catch {
                        return .failure(error)
                    }
                }
            } onCancel: {
                isCancelled.set()
            }
            guard let result else { throw .cancelled }
            return try result.get()
        }
    }

    /// Where a program is: relative folders of `PATH` do not count, since anybody may have put a file there.
    static func path(of program: String, environment: [String: String]) -> String? {
        if program.hasPrefix("/") { return access(program, X_OK) == 0 ? program : nil }
        guard !program.contains("/") else { return nil }
        return (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").lazy
            .filter { $0.hasPrefix("/") }.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }
}

private final class CancellationFlag: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { self.flag.load(ordering: .relaxed) }
    func set() { self.flag.store(true, ordering: .relaxed) }
}

/// A child with three pipes, in a process group of its own.
private enum ChildProcess {
    static let outputLimit = 1024 * 1024

    static func run(
        _ path: String, _ invocation: ProgramRunner.Invocation, variables: [String: String], isCancelled: CancellationFlag
    ) throws(ProgramRunner.Failure) -> ProgramRunner.Outcome {
        self.blockBrokenPipes()
        let input = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        let pid = try self.spawn(
            path, [invocation.program] + invocation.arguments, variables, input, output, errors, isDetached: invocation.isDetached)
        input.closeReading()
        output.closeWriting()
        errors.closeWriting()
        var status: Int32?
        defer {
            if status == nil {
                // The whole group: az is a script that starts an interpreter.
                kill(-pid, SIGKILL)
                var ignored: Int32 = 0
                while waitpid(pid, &ignored, 0) < 0, errno == EINTR {}
            }
        }
        var written = invocation.input.map { $0.withUnsafeBytes { Array($0) } }?[...] ?? []
        if written.isEmpty { input.closeWriting() }
        let deadline = ContinuousClock.now.advanced(by: invocation.limit)
        while status == nil || output.isOpen || errors.isOpen {
            guard !isCancelled.isSet else { throw .cancelled }
            guard ContinuousClock.now < deadline else { throw .timedOut }
            if !written.isEmpty { written = input.write(written) }
            output.wait(with: errors, isWriting: written.isEmpty ? nil : input)
            output.read()
            errors.read()
            guard output.bytes.count <= self.outputLimit, errors.bytes.count <= self.outputLimit else { throw .tooMuchOutput }
            if status == nil {
                var raw: Int32 = 0
                if waitpid(pid, &raw, WNOHANG) == pid {
                    status = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + raw & 0x7F
                    // What the child has written is in the pipes; what its own children still might is not waited for.
                    output.drain()
                    errors.drain()
                    break
                }
            }
        }
        return ProgramRunner.Outcome(
            status: status ?? 0, output: Secret(output.bytes), errors: String(decoding: errors.bytes.prefix(16 * 1024), as: UTF8.self))
    }

    /// A child that ends without reading must not end this process. For this thread only, and for good: a signal that waits would come when it is let in.
    private static func blockBrokenPipes() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private static func spawn(
        _ path: String, _ words: [String], _ variables: [String: String], _ input: Pipe, _ output: Pipe, _ errors: Pipe, isDetached: Bool
    ) throws(ProgramRunner.Failure) -> pid_t {
        // The shell gets a fixed text; path and arguments are data to it. In the background it leaves the program to the system's first process, so that
        // nobody has to wait for its end.
        let script = isDetached ? "cd /bin && exec \"$@\" </dev/null >/dev/null 2>&1 &" : "cd /bin && exec \"$@\""
        let shellWords = ["sh", "-c", script, "sh", path] + words.dropFirst()
        #if canImport(Darwin)
            var child = isDetached ? ChildStart("/bin/sh", shellWords) : ChildStart(path, words)
        #else
            var child = ChildStart("/bin/sh", shellWords)
        #endif
        child.folder = "/bin"
        child.variables = variables.map { "\($0)=\($1)" }
        child.standard = [input.reading, output.writing, errors.writing]
        child.usualSignals = [SIGPIPE, SIGINT, SIGTERM]
        child.isOwnGroup = true
        let (pid, error) = child.start()
        guard error == 0 else { throw error == ENOENT ? .notFound : .failed(String(cString: strerror(error))) }
        return pid
    }
}

/// A pipe to or from a child; our end does not block. Used by one thread.
private final class Pipe {
    private(set) var reading: Int32
    private(set) var writing: Int32
    private(set) var bytes: [UInt8] = []

    init() throws(ProgramRunner.Failure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .failed(String(cString: strerror(errno))) }
        (self.reading, self.writing) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    deinit {
        self.closeReading()
        self.closeWriting()
    }

    var isOpen: Bool { self.reading >= 0 }

    func closeReading() {
        if self.reading >= 0 { close(self.reading) }
        self.reading = -1
    }

    func closeWriting() {
        if self.writing >= 0 { close(self.writing) }
        self.writing = -1
    }

    /// Reads what is there.
    func read() {
        var poll = pollfd(fd: self.reading, events: Int16(POLLIN), revents: 0)
        guard self.isOpen, ready(&poll, 1, 0) > 0 else { return }
        var count = 0
        self.bytes += [UInt8](unsafeUninitializedCapacity: 64 * 1024) { buffer, initialized in
            count = readSome(self.reading, buffer.baseAddress, 64 * 1024)
            initialized = max(0, count)
        }
        if count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) { self.closeReading() }
    }

    /// Reads until nothing is there, and no more than anybody wants.
    func drain() {
        var before = -1
        while self.isOpen, before != self.bytes.count, self.bytes.count <= ChildProcess.outputLimit {
            before = self.bytes.count
            self.read()
        }
        self.closeReading()
    }

    /// Writes what the child takes without waiting; a few hundred bytes always fit.
    func write(_ rest: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var poll = pollfd(fd: self.writing, events: Int16(POLLOUT), revents: 0)
        guard ready(&poll, 1, 0) > 0 else { return rest }
        // POSIX promises room for PIPE_BUF bytes, at least 512.
        let count = rest.prefix(512).withUnsafeBytes { writeSome(self.writing, $0.baseAddress, $0.count) }
        guard count > 0 else {
            if count < 0, errno == EINTR { return rest }
            self.closeWriting()
            return []
        }
        let left = rest.dropFirst(count)
        if left.isEmpty { self.closeWriting() }
        return left
    }

    /// Waits for a twentieth of a second, or until something can be read or written.
    func wait(with other: Pipe, isWriting input: Pipe?) {
        var polls = [
            pollfd(fd: self.reading, events: Int16(POLLIN), revents: 0), pollfd(fd: other.reading, events: Int16(POLLIN), revents: 0),
            pollfd(fd: input?.writing ?? -1, events: Int16(POLLOUT), revents: 0),
        ]
        _ = ready(&polls, polls.count, 50)
    }
}

private func readSome(_ descriptor: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int { read(descriptor, buffer, count) }
private func writeSome(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, buffer, count) }
private func ready(_ polls: UnsafeMutablePointer<pollfd>, _ count: Int, _ milliseconds: Int32) -> Int32 {
    poll(polls, nfds_t(count), milliseconds)
}
