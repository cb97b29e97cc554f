public import ServiceBus

/// What a condition made of messages: only those for which it is true are picked; unknown is not true, and is counted.
public struct MessageSearch: Hashable, Sendable {
    /// Messages looked at.
    public private(set) var looked = 0
    /// Those for which the condition is true.
    public private(set) var matched = 0
    /// Those for which it is unknown: they lack what it asks for.
    public private(set) var unknown = 0
    /// Those for which it has no answer at all, a division by zero for instance.
    public private(set) var failed = 0
    /// Why, for the first of those.
    public private(set) var failure: String?

    /// Counts; nothing was looked at yet unless it is said.
    public init(looked: Int = 0, matched: Int = 0, unknown: Int = 0, failed: Int = 0, failure: String? = nil) {
        self.looked = looked
        self.matched = matched
        self.unknown = unknown
        self.failed = failed
        self.failure = failure
    }

    /// The messages of a page for which a condition is true.
    public mutating func pick(_ page: [PeekedMessage], by filter: SQLFilter) -> [PeekedMessage] {
        var picked: [PeekedMessage] = []
        for message in page {
            looked += 1
            do throws(FilterEvaluationError) {
                switch try filter.verdict(on: message) {
                case true?:
                    matched += 1
                    picked.append(message)
                case false?: break
                case nil: unknown += 1
                }
            } catch {
                failed += 1
                if failure == nil { failure = "#\(message.sequenceNumber): \(error.description)" }
            }
        }
        return picked
    }

    /// Adds what was counted elsewhere.
    public static func + (a: MessageSearch, b: MessageSearch) -> MessageSearch {
        var sum = a
        sum.looked += b.looked
        sum.matched += b.matched
        sum.unknown += b.unknown
        sum.failed += b.failed
        sum.failure = a.failure ?? b.failure
        return sum
    }
}
