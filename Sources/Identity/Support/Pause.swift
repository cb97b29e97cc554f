/// How this floor waits. Tests pass one of their own.
public struct Pause: Sendable {
    private let wait: @Sendable (Duration) async throws -> Void

    /// Waits as `wait` does, which throws when the task is cancelled.
    public init(_ wait: @escaping @Sendable (Duration) async throws -> Void) { self.wait = wait }

    /// Waits.
    /// - Throws: ``IdentityError/Code/cancelled``.
    public func callAsFunction(_ duration: Duration) async throws(IdentityError) {
        do { try await self.wait(duration) } catch { throw IdentityError(.cancelled, "Waiting was cancelled.") }
    }

    /// The operating system's time.
    public static let system = Pause { try await Task.sleep(for: $0) }
}

extension Pause {
    /// What `work` answers, or nil when it takes longer than `limit`. The work is cancelled and waited for in any case.
    func limit<Value: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async throws(IdentityError) -> Value
    ) async throws(IdentityError) -> Value? {
        let first = await withTaskGroup(of: Result<Value?, IdentityError>.self) { group in
            group.addTask {
                do throws(IdentityError) { return .success(try await work()) } catch { return .failure(error) }
            }
            group.addTask {
                do throws(IdentityError) {
                    try await self(limit)
                    return .success(nil)
                } catch {
                    return .failure(error)
                }
            }
            defer { group.cancelAll() }
            return await group.next() ?? .success(nil)
        }
        return try first.get()
    }
}
