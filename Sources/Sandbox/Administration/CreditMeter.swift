internal import Synchronization

/// Counts what administration costs. In the Standard tier a namespace has 1,000 credits a second, and each management call costs 10.
package final class CreditMeter: Sendable {
    /// What one management call costs.
    package static let costOfCall = 10

    /// What was spent so far.
    package struct Usage: Hashable, Sendable {
        /// Calls that were carried out.
        package var calls = 0
        /// Calls that were refused because the second's credits were spent.
        package var refusedCalls = 0
        /// Credits that were spent.
        package var credits = 0
        /// The most credits that were spent, or asked for, in one second of the clock.
        package var mostCreditsPerSecond = 0
    }

    private struct State {
        var usage = Usage()
        var second = Int64.min
        var asked = 0
    }

    private let limit: Int?
    private let state = Mutex(State())

    /// - Parameter creditsPerSecond: from how many credits in one second on calls are refused; nil to count only.
    package init(creditsPerSecond: Int?) { limit = creditsPerSecond }

    /// Counts one management call.
    /// - Parameter time: now, in milliseconds since 1970.
    /// - Returns: whether it may be carried out.
    func admitsCall(at time: Int64) -> Bool {
        state.withLock { state in
            let second = time / 1000
            if second != state.second {
                state.second = second
                state.asked = 0
            }
            state.asked += Self.costOfCall
            state.usage.mostCreditsPerSecond = max(state.usage.mostCreditsPerSecond, state.asked)
            if let limit, state.asked > limit {
                state.usage.refusedCalls += 1
                return false
            }
            state.usage.calls += 1
            state.usage.credits += Self.costOfCall
            return true
        }
    }

    /// What was spent so far.
    package var usage: Usage { state.withLock { $0.usage } }
}

extension CreditMeter {
    /// Where the sandbox tells what was spent. It asks for no token, and looking costs nothing.
    static let path = "/$sandbox/credits"

    func respond(to method: String) -> AdministrationResponse {
        guard method == "GET" else {
            return AdministrationResponse(
                status: 405, contentType: "text/plain; charset=utf-8", allow: "GET", body: "The credits know GET.")
        }
        let usage = usage
        return AdministrationResponse(
            status: 200, contentType: "application/json; charset=utf-8",
            body: #"{"calls":\#(usage.calls),"refusedCalls":\#(usage.refusedCalls),"credits":\#(usage.credits),"#
                + #""mostCreditsPerSecond":\#(usage.mostCreditsPerSecond)}"#)
    }
}
