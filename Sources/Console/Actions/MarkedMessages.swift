internal import CallboardCore
internal import ServiceBus

/// The messages of a list that a person marked, by their numbers: they stay marked wherever an order, a filter or another load puts them.
struct MarkedMessages: Hashable, Sendable {
    private var marked: Set<SequenceNumber> = []
    /// Them all, ascending. Put together when they change: every frame asks what can be done with them.
    private(set) var numbers = SequenceNumberSet()
    /// The message that was marked last; a range goes from there.
    private(set) var anchor: SequenceNumber?

    var isEmpty: Bool { marked.isEmpty }
    var count: Int { marked.count }

    func contains(_ number: SequenceNumber) -> Bool { marked.contains(number) }

    /// Marks a message, or no longer.
    mutating func toggle(_ number: SequenceNumber) {
        if marked.remove(number) == nil { marked.insert(number) }
        anchor = number
        numbers = SequenceNumberSet(marked)
    }

    /// Marks messages; the last one is where a further range goes from.
    mutating func mark(_ numbers: some Sequence<SequenceNumber>, upTo last: SequenceNumber? = nil) {
        marked.formUnion(numbers)
        if let last { anchor = last }
        self.numbers = SequenceNumberSet(marked)
    }

    /// Marks those that were not, of some, and no longer those that were.
    mutating func invert(_ numbers: some Sequence<SequenceNumber>) {
        marked.formSymmetricDifference(Set(numbers))
        self.numbers = SequenceNumberSet(marked)
    }

    mutating func clear() { self = MarkedMessages() }
}
