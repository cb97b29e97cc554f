internal import Dispatch
package import Identity
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A program that is started with a secret: in one variable of its environment, or on its standard input, and never among its arguments.
///
/// It has this process's terminal, folder and other variables, as if it had been started without us, and none of our open files.
package final class SecretChild: Sendable {
    /// Where the secret is put.
    package enum Gift: Sendable {
        /// In a variable of this name.
        case variable(String, Secret)
        /// On standard input, with the end behind it.
        case standardInput(Secret)
        /// Nowhere: it finds it in a file or at a socket.
        case nothing
    }

    /// The largest secret, in bytes: it waits in a pipe until it is read, and that much always fits.
    private static let largest = 12 * 1024

    private let pid: pid_t
    /// Whether its end was taken note of: from then on its number may be another program's.
    private let isReaped = Mutex(false)

    private init(pid: pid_t) { self.pid = pid }

    /// Starts a program.
    /// - Parameters:
    ///   - command: the program, looked for in `PATH` unless it has a slash, and its arguments.
    ///   - gift: what it is given, and where.
    ///   - environment: the variables of this process.
    /// - Throws: ``OperatorError`` of kind usage when it cannot be started.
    package static func start(
        _ command: [String], giving gift: Gift, environment: [String: String]
    ) throws(OperatorError) -> SecretChild {
        guard let program = command.first, !program.isEmpty else {
            throw OperatorError(.usage, "No program is named.", hint: "Write it behind --, with its arguments.")
        }
        var child = ChildStart(program, command)
        var (variables, input) = (environment, Pipe?.none)
        switch gift {
        case .nothing: break
        case .variable(let name, let secret):
            try check(variable: name)
            try check(secret)
            variables[name] = nil
            child.secretVariable = secret.withUnsafeBytes { Secret(Array("\(name)=".utf8) + Array($0) + [0]) }
        case .standardInput(let secret):
            try check(secret)
            let pipe = try Pipe(program)
            guard secret.withUnsafeBytes({ pipe.fill($0) }) else { throw failed(program, errno) }
            input = pipe
            child.standard[0] = pipe.reading
        }
        defer { input?.close() }
        child.variables = variables.map { "\($0)=\($1)" }
        let (pid, error) = child.start()
        guard error == 0 else { throw failed(program, error) }
        return SecretChild(pid: pid)
    }

    /// Sends the program a signal; 0 is none.
    /// - Returns: whether it is there still.
    @discardableResult
    package func signal(_ number: Int32) -> Bool {
        isReaped.withLock { isReaped in
            guard !isReaped else { return false }
            kill(pid, number)
            return true
        }
    }

    /// Waits for its end.
    /// - Returns: its exit status; 128 and the number of the signal that ended it.
    package func wait() async -> Int32 {
        // A thread of its own waits: those of Swift's tasks are as few as the processors.
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: self.reap())
            }
        }
    }

    private func reap() -> Int32 {
        // Its end is waited for first and taken note of then: no signal is sent between the two, when the number may be another's.
        var end = siginfo_t()
        while waitid(P_PID, id_t(pid), &end, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        return isReaped.withLock { isReaped in
            var status: Int32 = 0
            defer { isReaped = true }
            while waitpid(pid, &status, 0) < 0 {
                guard errno == EINTR else { return 1 }
            }
            return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
        }
    }

    /// Refuses what no variable is called.
    /// - Throws: ``OperatorError`` of kind usage.
    package static func check(variable name: String) throws(OperatorError) {
        let isName =
            (1...200).contains(name.utf8.count) && name.utf8.first.map { !(0x30...0x39).contains($0) } ?? false
            && name.utf8.allSatisfy { $0 < 0x80 && $0.isWordByte }
        guard isName else {
            throw OperatorError(
                .usage, "'\(name.prefix(80))' is no name for a variable.", hint: "It has letters, digits and '_', no digit first.")
        }
    }

    private static func check(_ secret: Secret) throws(OperatorError) {
        guard secret.count <= largest else {
            throw OperatorError(.usage, "A secret of \(secret.count) bytes is too large for a program.", hint: "Hand it over in a file.")
        }
    }

    private static func failed(_ program: String, _ code: Int32) -> OperatorError {
        OperatorError(
            .usage, "\(program) cannot be started: \(String(cString: strerror(code))).",
            hint: "Name a program that is there, behind --; nothing was handed over.")
    }

    /// A pipe to the program.
    private struct Pipe {
        let reading: Int32
        private let writing: Int32

        init(_ program: String) throws(OperatorError) {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw SecretChild.failed(program, errno) }
            (reading, writing) = (ends[0], ends[1])
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            _ = fcntl(writing, F_SETFL, O_NONBLOCK)
        }

        /// Writes everything; nobody reads yet, and it fits.
        func fill(_ bytes: UnsafeRawBufferPointer) -> Bool { writeBytes(writing, bytes.baseAddress, bytes.count) == bytes.count }

        func close() {
            closeDescriptor(reading)
            closeDescriptor(writing)
        }
    }
}

private func writeBytes(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, buffer, count) }
private func closeDescriptor(_ descriptor: Int32) { close(descriptor) }
