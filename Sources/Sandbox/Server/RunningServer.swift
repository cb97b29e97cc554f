/// A server that accepts connections.
struct RunningServer: Sendable {
    /// The port listened on.
    let port: Int
    private let task: Task<Void, any Error>

    /// Starts serving; returns when connections are accepted.
    /// - Parameters:
    ///   - wanted: the port asked for, for texts.
    ///   - run: serves until its task is cancelled, and says once at which port.
    /// - Throws: ``SandboxError`` when the port cannot be had.
    init(port wanted: Int, _ run: @escaping @Sendable (_ onReady: @escaping @Sendable (Int) async -> Void) async throws -> Void)
        async throws
    {
        let (ready, readiness) = AsyncStream.makeStream(of: Int.self)
        let task = Task {
            defer { readiness.finish() }
            try await run { port in readiness.yield(port) }
        }
        var port: Int?
        for await bound in ready {
            port = bound
            break
        }
        guard let port else {
            do { try await task.value } catch { throw SandboxError.port(wanted, "\(error)") }
            throw SandboxError.port(wanted, "the server stopped at once")
        }
        self.port = port
        self.task = task
    }

    /// Lets requests under way finish, for two seconds at most, and stops.
    func stop() async {
        task.cancel()
        _ = await task.result
    }
}
