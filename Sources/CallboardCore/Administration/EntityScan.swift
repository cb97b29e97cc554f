public import ServiceBus

/// The entities of a namespace, page by page as the service gives them: queues, then topics, the subscriptions of each topic behind it.
///
/// Each page is fetched when it is asked for, so that the first comes at once however many there are. Iterate it from one task; breaking out
/// of the loop ends it.
public struct EntityScan: AsyncSequence, Sendable {
    /// A page of entities, never empty.
    public typealias Element = [EntityDescription]
    /// What a page may fail with.
    public typealias Failure = OperatorError

    private let source: any EntityPageSource

    package init(source: any EntityPageSource) { self.source = source }

    /// Starts.
    public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    /// The pages to come.
    public struct Iterator: AsyncIteratorProtocol {
        private let source: any EntityPageSource
        private var isFinished = false

        init(source: any EntityPageSource) { self.source = source }

        /// The next page; nil at the end.
        public mutating func next() async throws(OperatorError) -> [EntityDescription]? {
            try await next(isolation: #isolation)
        }

        /// The next page; nil at the end.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(OperatorError) -> [EntityDescription]? {
            guard !isFinished else { return nil }
            do throws(OperatorError) {
                if let page = try await source.nextPage() { return page }
            } catch {
                isFinished = true
                throw error
            }
            isFinished = true
            return nil
        }
    }
}

/// Pages of a running listing. Asked by one task at a time.
package protocol EntityPageSource: Sendable {
    /// The next page, not empty; nil when there are no more.
    func nextPage() async throws(OperatorError) -> [EntityDescription]?
}
