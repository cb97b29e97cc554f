public import ServiceBus

extension Workspace {
    /// How far apart two wanted messages may be for one question to ask for both: passing over some headers costs less than a question.
    private static let gap: Int64 = 64

    /// The headers of messages by their numbers, page by page, without reading all that lie between; those that are gone are left out.
    /// - Parameters:
    ///   - from: leave out numbers before this one.
    ///   - limit: end after this many messages.
    ///   - page: is given each page, in order.
    public nonisolated func scan(
        _ numbers: SequenceNumberSet, of path: EntityPath, from: SequenceNumber? = nil, limit: Int, page: ([PeekedMessage]) -> Void
    ) async throws(OperatorError) {
        let ranges = numbers.ranges(gap: Self.gap, from: from ?? SequenceNumber(.min))
        var pages = scan(path, options: PeekOptions(headersOnly: true, end: .within(ranges))).makeAsyncIterator()
        // Both are in order, so that they are walked side by side.
        var wanted = numbers.makeIterator()
        var next = wanted.next()
        var rest = limit
        while rest > 0, let found = try await pages.next() {
            let members = found.filter { message in
                while let number = next, number < message.sequenceNumber { next = wanted.next() }
                return next == message.sequenceNumber
            }.prefix(rest)
            rest -= members.count
            if !members.isEmpty { page(Array(members)) }
        }
    }
}
