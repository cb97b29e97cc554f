/// Waiting, while what is in our hands stays ours.
extension ManyRun {
    /// What a run has in its hands.
    struct Hands {
        /// What is locked and not acted on yet, or not meant.
        var held: PassedOver
        /// How many batches are acted on now.
        var underWay = 0
        /// Ends when locks are due; nil when it is not set.
        var alarm: Task<Void, Never>?
    }

    /// What is waited for.
    enum Event: Sendable {
        /// A batch is done with.
        case done
        /// The observer said whether to go on.
        case answered(Bool)
        /// Locks may have to be renewed.
        case alarm
    }

    /// Asks the observer, who may wait for as long as it likes.
    func mayProceed(with count: Int?, _ group: inout TaskGroup<Event>, _ hands: inout Hands) async throws -> Bool {
        group.addTask { [observer] in .answered(await observer.mayProceed(with: count)) }
        while true {
            if let answer = try await next(&group, &hands) { return answer }
        }
    }

    /// Waits for a batch that is acted on, or for the observer's answer, and renews meanwhile the locks that are due.
    /// - Returns: the observer's answer; nil when it was a batch.
    @discardableResult
    func next(_ group: inout TaskGroup<Event>, _ hands: inout Hands) async throws -> Bool? {
        while true {
            try await hands.held.renewLocks()
            if hands.alarm == nil, let wait = hands.held.untilRenewal {
                let alarm = Task { [pacing = namespace.configuration.pacing] in _ = try? await pacing.sleep(wait) }
                hands.alarm = alarm
                group.addTask {
                    await alarm.value
                    return .alarm
                }
            }
            switch await group.next() {
            case .alarm?: hands.alarm = nil
            case .answered(let answer)?: return answer
            case .done?:
                hands.underWay -= 1
                return nil
            case nil: return nil
            }
        }
    }

    /// How many messages to receive at once: none that would wait in our hands for longer than a quarter of its lock, at the observer's pace.
    func size(of chunk: Int, _ held: PassedOver) -> Int {
        guard let perMessage = observer.timePerMessage, perMessage > .zero, let lock = held.lockDuration else { return chunk }
        let most = lock / 4 / perMessage
        return most < Double(chunk) ? max(1, Int(exactly: most.rounded(.down)) ?? 1) : chunk
    }
}
