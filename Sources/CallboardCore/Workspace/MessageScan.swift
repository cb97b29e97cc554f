public import ServiceBus

/// The messages of an entity, page by page, seen without being locked.
///
/// Iterate it once, from one task. Breaking out of the loop or cancelling the task ends the scan; nothing stays locked on the service
/// because nothing was. It ends at the first empty page, or when the limit is reached: never because of a count.
public struct MessageScan: AsyncSequence, Sendable {
    /// A page of messages in order of sequence number.
    public typealias Element = [PeekedMessage]
    /// What a page may fail with.
    public typealias Failure = OperatorError

    private let source: any PageSource
    private let limit: Int

    package init(source: any PageSource, limit: Int?) {
        self.source = source
        self.limit = Swift.max(0, limit ?? .max)
    }

    /// Starts.
    public func makeAsyncIterator() -> Iterator { Iterator(source: source, remaining: limit) }

    /// The pages to come.
    public struct Iterator: AsyncIteratorProtocol {
        private let source: any PageSource
        private var remaining: Int
        private var lastFirst: SequenceNumber?
        private var isFinished = false

        init(source: any PageSource, remaining: Int) {
            self.source = source
            self.remaining = remaining
        }

        /// The next page; nil at the end.
        public mutating func next() async throws(OperatorError) -> [PeekedMessage]? {
            try await next(isolation: #isolation)
        }

        /// The next page; nil at the end.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(OperatorError) -> [PeekedMessage]? {
            guard !isFinished else { return nil }
            guard remaining > 0 else { return await end() }
            if Task.isCancelled {
                await finish()
                throw OperatorError(.cancelled, "The scan was stopped.")
            }
            do throws(OperatorError) {
                guard var page = try await source.nextPage(), let first = page.first else { return await end() }
                // A server that answers every request with the same page would keep us here for ever.
                guard first.sequenceNumber != lastFirst else {
                    throw OperatorError(
                        .protocolMismatch, "The service answered two peeks with the same page, at #\(first.sequenceNumber).",
                        hint: "Peek from a later sequence number with --from.")
                }
                lastFirst = first.sequenceNumber
                if page.count > remaining { page.removeLast(page.count - remaining) }
                remaining -= page.count
                return page
            } catch {
                await finish()
                throw error
            }
        }

        private mutating func end() async -> [PeekedMessage]? {
            await finish()
            return nil
        }

        private mutating func finish() async {
            isFinished = true
            await source.finish()
        }
    }
}
