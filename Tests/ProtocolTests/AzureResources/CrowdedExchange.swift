import AzureResources
import Identity
import Logging
import RESTClient
import Synchronization

/// Answers nothing before it is opened, and remembers how many requests were under way at most.
final class CrowdedExchange: HTTPExchange {
    private struct State {
        var isOpen = false
        var current = 0
        var most = 0
        var count = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var current: Int { state.withLock { $0.current } }
    var most: Int { state.withLock { $0.most } }
    var count: Int { state.withLock { $0.count } }

    var client: ResourceManagerClient {
        ResourceManagerClient(
            cloud: .global, tokens: CountingTokens(),
            client: RESTClient(
                configuration: RESTConfiguration(), exchange: self, clock: RecordingClock(), jitter: { 1 },
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
    }

    /// Lets all pass, those that wait and those that come.
    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter.resume() }
    }

    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        await withCheckedContinuation { continuation in
            let passes = state.withLock { state in
                state.current += 1
                state.count += 1
                state.most = max(state.most, state.current)
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if passes { continuation.resume() }
        }
        state.withLock { $0.current -= 1 }
        return .text(#"{"value":[]}"#)
    }

    func shutdown() async {}
}
