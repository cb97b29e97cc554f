/// An administration endpoint that accepts connections.
struct RunningAdministration: Sendable {
    /// The port listened on.
    let port: Int
    private let task: Task<Void, any Error>

    /// Starts serving; returns when connections are accepted.
    /// - Throws: ``SandboxError`` when the port cannot be had.
    init(_ server: AdministrationServer<BrokerAdministration>, port wanted: Int) async throws {
        let (ready, readiness) = AsyncStream.makeStream(of: Int.self)
        let task = Task {
            defer { readiness.finish() }
            try await server.run { port in readiness.yield(port) }
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
