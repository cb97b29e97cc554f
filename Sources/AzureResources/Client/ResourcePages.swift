internal import RESTClient

/// A list of Azure's, page by page. Links to further pages are followed as they are, on the same host, and never in a circle.
public struct ResourcePages<Item: Decodable & Sendable>: AsyncSequence, Sendable {
    let service: AzureService
    let first: String
    let operation: String
    /// Whether texts of its elements that came before are held once.
    private var sharesTexts = true

    init(service: AzureService, first: String, operation: String) {
        self.service = service
        self.first = first
        self.operation = operation
    }

    /// The pages from the first on.
    public func makeAsyncIterator() -> Iterator {
        Iterator(service: service, operation: operation, sharesTexts: sharesTexts, next: first)
    }

    /// The most elements that are gathered at once.
    static var mostItems: Int { 500_000 }

    /// All elements of all pages.
    /// - Throws: ``AzureError``.
    public func all() async throws(AzureError) -> [Item] { try await all { $0 } }

    /// The elements of all pages that are wanted: of the others a page at a time is held.
    /// - Throws: ``AzureError``.
    func matching(_ isWanted: (Item) -> Bool) async throws(AzureError) -> [Item] {
        var pages = self
        // Texts of what is not wanted would be held for nothing.
        pages.sharesTexts = false
        var iterator = pages.makeAsyncIterator()
        var result: [Item] = []
        while let page = try await iterator.nextPage() {
            result += page.lazy.filter(isWanted)
            guard result.count <= Self.mostItems else {
                throw AzureError(.unexpectedAnswer, operation: operation, message: "there are more than \(Self.mostItems) elements.")
            }
        }
        return result
    }

    /// What is kept of all elements of all pages, a page at a time; nil: nothing.
    /// - Throws: ``AzureError``.
    func all<Kept: Sendable>(keeping keep: (Item) -> Kept?) async throws(AzureError) -> [Kept] {
        var iterator = makeAsyncIterator()
        var result: [Kept] = []
        while let page = try await iterator.nextPage() {
            result += page.lazy.compactMap(keep)
            guard result.count <= Self.mostItems else {
                throw AzureError(.unexpectedAnswer, operation: operation, message: "there are more than \(Self.mostItems) elements.")
            }
        }
        return result
    }

    /// Goes from page to page.
    public struct Iterator: AsyncIteratorProtocol {
        let service: AzureService
        let operation: String
        let sharesTexts: Bool
        var next: String?
        var seen: Set<String> = []

        /// The elements of the next page; nil behind the last.
        /// - Throws: ``AzureError``; there are no further pages then.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(AzureError) -> [Item]? { try await nextPage() }

        mutating func nextPage() async throws(AzureError) -> [Item]? {
            guard let url = next else { return nil }
            next = nil
            seen.insert(url)
            let answer = try await service.send(.get, url, operation: operation)
            let page = try service.decode(Page<Item>.self, answer, operation: operation, isSharing: sharesTexts)
            if let link = page.nextLink {
                guard service.isOwn(link) else {
                    throw AzureError(
                        .untrustedLink, operation: operation, message: "the service's link to the next page leads to another host.",
                        hint: "It was not followed. A proxy that rewrites answers can be the reason.")
                }
                guard !seen.contains(link), seen.count < AzureService.mostPages else {
                    throw AzureError(.untrustedLink, operation: operation, message: "the service's links to further pages do not end.")
                }
                next = link
            }
            return page.value
        }
    }
}

/// A page: Azure Resource Manager says `nextLink`, Graph `@odata.nextLink`.
struct Page<Item: Decodable & Sendable>: Decodable {
    let value: [Item]
    let nextLink: String?

    init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        value = try fields.required("value")
        let link = try fields.optionalText("nextLink") ?? fields.optionalText("@odata.nextLink")
        nextLink = link.flatMap { $0.isEmpty ? nil : $0 }
    }
}
