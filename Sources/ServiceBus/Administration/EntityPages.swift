/// A list of entities, fetched page by page as it is read.
///
///     for try await page in client.queues() { show(page) }
///
/// The service has no stable cursor: entities that come or go while a list is read can be missed or seen twice.
public struct EntityPages: AsyncSequence, Sendable {
    /// The entities of one page; empty pages are not reported.
    public typealias Element = [EntityDescription]
    /// What fetching a page may throw.
    public typealias Failure = AdministrationError

    let client: AdministrationClient
    let resource: String
    let topic: EntityPath?
    let pageSize: Int

    /// A reader at the first page.
    public func makeAsyncIterator() -> Iterator { Iterator(pages: self) }

    /// All entities, in one list.
    public func all() async throws(AdministrationError) -> [EntityDescription] { try await all { _ in } }

    /// All entities, in one list; each page is told of as it comes.
    func all(_ onPage: ([EntityDescription]) -> Void) async throws(AdministrationError) -> [EntityDescription] {
        var result: [EntityDescription] = []
        var iterator = makeAsyncIterator()
        while let page = try await iterator.next(isolation: #isolation) {
            onPage(page)
            result += page
        }
        return result
    }

    /// Fetches the pages one after another.
    public struct Iterator: AsyncIteratorProtocol {
        private let pages: EntityPages
        private let top: Int
        private var skip = 0
        private var isAtEnd = false

        init(pages: EntityPages) {
            self.pages = pages
            top = Swift.min(Swift.max(pages.pageSize, 1), AdministrationClient.largestPage)
        }

        /// The next page, `nil` after the last.
        public mutating func next() async throws(AdministrationError) -> [EntityDescription]? {
            try await next(isolation: #isolation)
        }

        /// The next page, `nil` after the last.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(AdministrationError) -> [EntityDescription]? {
            while !isAtEnd {
                let page = try await pages.client.page(pages.resource, topic: pages.topic, skip: skip, top: top)
                skip += page.entryCount
                // The service has no "next" link: a page with fewer entries than asked for is the last.
                isAtEnd = page.entryCount < top
                if !page.entities.isEmpty { return page.entities }
            }
            return nil
        }
    }
}

/// One page of a list as the service sent it.
struct EntityPage: Sendable {
    var entities: [EntityDescription]
    /// Entries on the page, whether or not this product knows their kind.
    var entryCount: Int
}
