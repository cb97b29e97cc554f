/// Runs another program and reads what it says. Tests pass one of their own.
public struct ProgramRunner: Sendable {
    /// What to run. Never through a shell.
    public struct Invocation: Sendable {
        /// The program's name, looked for in the absolute folders of `PATH`, or its absolute path.
        public var program: String
        /// The arguments after the name. Everybody on the machine can read them: no secrets.
        public var arguments: [String]
        /// Variables besides those of this process.
        public var environment: [String: String]
        /// What it reads, then the end; nothing when nil.
        public var input: Secret?
        /// How long it may take before it is killed, with all it started.
        public var limit: Duration
        /// Whether it is started and left alone: it reads and writes nothing, lives as long as it likes, and is nobody's child. The outcome is that of its
        /// start: status 0.
        public var isDetached = false

        /// An invocation, in the folder `/bin`, so that no file of the current folder is taken for a part of the program.
        public init(
            _ program: String, _ arguments: [String], environment: [String: String] = [:], input: Secret? = nil,
            limit: Duration = .seconds(10)
        ) {
            self.program = program
            self.arguments = arguments
            self.environment = environment
            self.input = input
            self.limit = limit
        }
    }

    /// How it ended.
    public struct Outcome: Sendable {
        /// The exit status; 128 and the number of the signal that ended it.
        public var status: Int32
        /// What it wrote to standard output, which may well be a token.
        public var output: Secret
        /// What it wrote to standard error.
        public var errors: String

        /// An outcome.
        public init(status: Int32, output: Secret, errors: String) {
            self.status = status
            self.output = output
            self.errors = errors
        }
    }

    /// Why there is no outcome.
    public enum Failure: Error, Hashable, Sendable {
        /// There is no such program.
        case notFound
        /// It did not end in time, and was killed.
        case timedOut
        /// It wrote more than 1 MiB, and was killed.
        case tooMuchOutput
        /// The caller's task was cancelled; it was killed.
        case cancelled
        /// The operating system refused.
        case failed(String)
    }

    private let body: @Sendable (Invocation) async throws(Failure) -> Outcome

    /// A runner that answers with what `body` returns.
    public init(_ body: @escaping @Sendable (Invocation) async throws(Failure) -> Outcome) { self.body = body }

    /// Starts a program that goes on by itself, such as a browser; it is not waited for.
    /// - Throws: when it cannot be started.
    public func launch(_ program: String, _ arguments: [String]) async throws(Failure) {
        var invocation = Invocation(program, arguments)
        invocation.isDetached = true
        _ = try await self.body(invocation)
    }

    /// Runs a program to its end.
    public func run(_ invocation: Invocation) async throws(Failure) -> Outcome { try await self.body(invocation) }
}
