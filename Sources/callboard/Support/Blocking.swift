import CallboardCore
import Dispatch
import Synchronization

/// Waits on the main thread for something that is asked of others, before there is a screen. The main thread is none of those that run
/// Swift's tasks, so that waiting on it holds nothing up.
final class Blocking<Value: Sendable>: Sendable {
    private let outcome = Mutex<Result<Value, OperatorError>?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    /// What `body` gives.
    static func result(of body: @escaping @Sendable () async throws(OperatorError) -> Value) throws(OperatorError) -> Value {
        let waiting = Blocking()
        Task.detached {
            let result: Result<Value, OperatorError>
            do throws(OperatorError) { result = .success(try await body()) } catch { result = .failure(error) }
            waiting.outcome.withLock { $0 = result }
            waiting.isDone.signal()
        }
        waiting.isDone.wait()
        guard let result = waiting.outcome.withLock({ $0 }) else { throw OperatorError(.internal, "Nothing was waited for.") }
        return try result.get()
    }
}
