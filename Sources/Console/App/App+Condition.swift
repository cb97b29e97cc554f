internal import ServiceBus

/// Picking messages by a condition.
extension App {
    /// Shows only what a condition admits; without one it is asked for. What is wrong with it is told where it can be mended.
    mutating func narrow(by condition: String?, now: Timestamp) -> [Effect] {
        let effects = turn(now) { app, turn in app.top.perform(.condition, &turn) }
        guard let condition, prompt != nil else { return effects }
        return effects + accept(answer: condition, now: now)
    }
}
