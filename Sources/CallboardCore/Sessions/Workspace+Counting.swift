public import ServiceBus

/// Counting by looking.
extension Workspace {
    /// Messages between two words on how far a count is.
    private static let progressStep: Int64 = 5_000

    /// Counts the messages of a queue or subscription by looking at the headers of every one of them; see ``CountedMessages``. Nothing is
    /// locked. Cancelling the task ends it.
    /// - Parameter progress: told how far the count is, now and then.
    /// - Throws: ``OperatorError``: not found, not permitted, a topic (usage), cancelled.
    public func count(
        _ path: EntityPath, progress: @Sendable (CountedMessages) -> Void = { _ in }
    ) async throws(OperatorError) -> CountedMessages {
        var counted = CountedMessages(startedAt: currentTime)
        // A name that is a topic's answers no peek; asking first tells so in words. Who may not ask counts without.
        if case .known(let entity, _) = await described(path), entity.kind == .topic {
            throw OperatorError(
                .usage, "\(path.displayName) is a topic: it holds no messages that could be looked at.",
                hint: "Count its subscriptions: 'callboard entities' lists them.", entity: path)
        }
        for subQueue in EntityPath.SubQueue.allCases {
            var told = counted.total
            let options = PeekOptions(headersOnly: true, end: .atNewestNow)
            var pages = scan(path.subQueue(subQueue), options: options).makeAsyncIterator()
            while let page = try await pages.next() {
                for message in page { counted[subQueue].note(message.state) }
                guard counted.total - told >= Self.progressStep else { continue }
                told = counted.total
                progress(counted)
            }
            counted[subQueue].isComplete = true
            progress(counted)
        }
        counted.service = await described(path).counts
        counted.finishedAt = currentTime
        return counted
    }

    private func described(_ path: EntityPath) async -> Reading<EntityDescription> {
        do throws(OperatorError) { return .known(try await entity(path), at: currentTime) } catch { return .failed(error) }
    }
}

extension Reading<EntityDescription> {
    /// The counts of the entity.
    fileprivate var counts: Reading<EntityCounts> {
        switch self {
        case .pending: .pending
        case .known(let entity, let moment): entity.counts.map { .known($0, at: moment) } ?? .unavailable("the service gave no counts")
        case .notPermitted(let needs): .notPermitted(needs: needs)
        case .unavailable(let reason): .unavailable(reason)
        }
    }
}
