internal import Identity

extension TokenIssue {
    /// Starts a program with a token and waits for its end. What is in a program's environment cannot be renewed.
    /// - Returns: its exit status.
    /// - Throws: ``OperatorError`` as ``issue(until:isRenewable:sink:_:)``; of kind partly done after the program's end, when its start could not be written
    ///   down.
    func run(
        _ command: [String], until end: WallTime, sink: String, _ environment: [String: String],
        _ started: @escaping @Sendable (@escaping @Sendable (Int32) -> Bool) -> Void,
        _ gift: @escaping @Sendable (Secret) -> SecretChild.Gift
    ) async throws(OperatorError) -> Int32 {
        var running: SecretChild?
        var failure: OperatorError?
        do throws(OperatorError) {
            _ = try await issue(until: end, isRenewable: false, sink: sink) { token throws(OperatorError) in
                running = try SecretChild.start(command, giving: gift(token.secret), environment: environment)
            }
        } catch {
            failure = error
        }
        guard let child = running else { throw failure ?? OperatorError(.internal, "The program was not started.") }
        // It runs, whatever became of the ledger: its signals and its end are ours all the same.
        started { child.signal($0) }
        let status = await child.wait()
        guard var told = failure else { return status }
        told.message += " The program ran to its end (exit status \(status))."
        throw told
    }

    /// Hands tokens over at a place for as long as a program lives, which is started when the first is there.
    /// - Returns: its exit status.
    func hold(
        at sink: any SecretSink, named destination: SecretDestination, for command: [String], _ environment: [String: String],
        _ started: @escaping @Sendable (@escaping @Sendable (Int32) -> Bool) -> Void
    ) async throws(OperatorError) -> Int32 {
        let gate = StartingSink(sink) { () throws(OperatorError) in
            try SecretChild.start(command, giving: .nothing, environment: environment)
        }
        return try await withThrowingOperatorGroup { group in
            group.addTask {
                do throws(OperatorError) {
                    try await self.hold(at: gate, named: destination, .renewed)
                    return .success(nil)
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                guard let child = await gate.child() else { return .success(nil) }
                started { child.signal($0) }
                return .success(await child.wait())
            }
            var failure: OperatorError?
            var unwritten: OperatorError?
            for await ending in group {
                switch ending {
                // The program's end is the end; what was handed over is taken away.
                case .success(.some(let status)):
                    group.cancelAll()
                    for await _ in group {}
                    guard let unwritten else { return .success(status) }
                    return .failure(unwritten)
                // The time is over, or there is no further token: the program lives on as it likes.
                case .success(nil): continue
                case .failure(let error):
                    await gate.giveUp()
                    failure = failure ?? error
                    guard await gate.isRunning else { continue }
                    // The program goes on without: nobody would know why its next call is refused.
                    self.tell(.ended(error))
                    if error.code == .partlyDone { unwritten = error }
                }
            }
            return .failure(failure ?? OperatorError(.internal, "The program was not started."))
        }
    }

    private func withThrowingOperatorGroup(
        _ body: (inout TaskGroup<Result<Int32?, OperatorError>>) async -> Result<Int32, OperatorError>
    ) async throws(OperatorError) -> Int32 {
        try await withTaskGroup(of: Result<Int32?, OperatorError>.self) { group in await body(&group) }.get()
    }
}

/// A place that starts a program when the first secret is there.
private actor StartingSink: SecretSink {
    private let sink: any SecretSink
    private let start: @Sendable () throws(OperatorError) -> SecretChild
    private var started: SecretChild?
    private var isGivenUp = false
    private var waiting: [CheckedContinuation<SecretChild?, Never>] = []

    nonisolated let title: String

    init(_ sink: any SecretSink, start: @escaping @Sendable () throws(OperatorError) -> SecretChild) {
        self.sink = sink
        self.start = start
        title = sink.title
    }

    /// The program, once it is started; nil when it never will be.
    func child() async -> SecretChild? {
        if let started { return started }
        if isGivenUp { return nil }
        return await withCheckedContinuation { waiting.append($0) }
    }

    /// Whether it was started.
    var isRunning: Bool { started != nil }

    /// It will not be started any more.
    func giveUp() {
        isGivenUp = true
        for continuation in waiting { continuation.resume(returning: nil) }
        waiting = []
    }

    func check(replacing known: Set<SecretFingerprint>) async throws(OperatorError) { try await sink.check(replacing: known) }

    func deliver(_ secret: Secret, _ note: SecretNote, replacing known: Set<SecretFingerprint>) async throws(OperatorError) {
        try await sink.deliver(secret, note, replacing: known)
        guard started == nil else { return }
        let child: SecretChild
        do throws(OperatorError) { child = try start() } catch {
            await sink.withdraw(SecretFingerprint(secret))
            throw error
        }
        started = child
        for continuation in waiting { continuation.resume(returning: child) }
        waiting = []
    }

    func holds(_ fingerprint: SecretFingerprint) async -> Bool? { await sink.holds(fingerprint) }

    func withdraw(_ fingerprint: SecretFingerprint) async { await sink.withdraw(fingerprint) }
}
