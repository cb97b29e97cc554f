internal import DequeModule

/// Something that bears a sequence number and takes up memory.
protocol Numbered: Sendable {
    /// Its sequence number.
    var number: Int64 { get }
    /// The bytes it takes.
    var size: Int { get }
}

/// Which pages a scan asks for, and what it makes of the answers. It has no clock, no link and no task.
///
/// The numbers still to be seen are split into segments, in order. Each is walked by questions at its *cursor*, the lowest
/// number in it not yet seen, one at a time; questions in different segments are under way at once. As long as more questions may be
/// under way than there are segments, the nearest segment that holds more than the page it waits for is split where that page should end:
/// so the work is shared out page by page, and one who got more than expected has the rest taken away.
///
/// An answer to a question at `c` whose last number is `n` shows all there is from `c` to `n`. What of it lies in the question's own segment is
/// taken; what lies beyond goes to the segments it belongs to, unless they have a question of their own under way. Every number belongs to
/// one segment and every cursor only rises, so nothing comes twice; and a segment ends only when its cursor has passed its last number or
/// an answer at exactly its cursor was empty, so nothing is missed, whatever the gaps.
struct RangeScan<Item: Numbered> {
    /// A question: messages from a number on.
    struct Question: Hashable {
        let id: Int
        let from: Int64
        let count: Int
    }

    /// Why an answer cannot be used.
    enum Fault: Error {
        /// Its numbers do not ascend from where the question asked.
        case outOfOrder(Int64)
    }

    private struct Segment {
        /// The lowest number not yet seen.
        var cursor: Int64
        /// The last number that belongs to it.
        var end: Int64
        var question: Int?
        var isDone = false
        /// What was seen and not yet taken, in order.
        var pages: Deque<ArraySlice<Item>> = []
    }

    private let limits: ScanLimits
    /// In order. Those that are done and empty are gone from the front.
    private var segments: Deque<Segment>
    /// Positions asked to learn how far the numbers go.
    private var probes: [Int: Int64] = [:]
    private var hasProbed = false
    private var nextID = 0
    /// How many questions may be under way. It grows while answers bring news and shrinks when guesses were wasted.
    private var width = 1
    private var underWay = 0
    private var heldBytes = 0
    private var heldPages = 0
    /// The numbers that a full page spanned lately, and the bytes it took.
    private var spans: Deque<Int64> = []
    private var pageBytes = 0
    /// What a short page spanned: should more come after it, it was not the last one and pages are short here.
    private var doubtful: (span: Int64, bytes: Int)?
    /// The lowest number from which on there was nothing, in the partition it lies in.
    private var emptyFrom: Int64?

    /// - Parameter ranges: the numbers to look at, in order and apart.
    init(_ ranges: [ClosedRange<Int64>], limits: ScanLimits = ScanLimits()) {
        self.limits = limits
        segments = Deque(ranges.map { Segment(cursor: $0.lowerBound, end: $0.upperBound) })
        if let first = ranges.first { splitAtPartition(0, of: first.lowerBound) }
    }

    /// Whether everything was seen and taken.
    var isFinished: Bool { segments.isEmpty }

    // MARK: Taking

    /// The next messages in order, if they have come.
    mutating func takePage() -> ArraySlice<Item>? {
        dropFinished()
        guard let page = segments.first?.pages.first else { return nil }
        segments[0].pages.removeFirst()
        heldPages -= 1
        heldBytes -= page.reduce(0) { $0 + $1.size }
        dropFinished()
        return page
    }

    private mutating func dropFinished() {
        while let first = segments.first, first.isDone, first.pages.isEmpty { segments.removeFirst() }
    }

    // MARK: Asking

    /// The next question to ask now, if any.
    mutating func nextQuestion() -> Question? {
        if let probe = nextProbe() { return probe }
        dropFinished()
        guard let index = furtherPartitions ?? (underWay < width ? nextSegment() : nil) else { return nil }
        let segment = segments[index]
        nextID += 1
        underWay += 1
        segments[index].question = nextID
        return Question(id: nextID, from: segment.cursor, count: count(for: segment, index))
    }

    /// Whether further partitions hold messages is asked early, so that at the end of one the next is known.
    private var furtherPartitions: Int? {
        guard nextID > 0, segments.count > 1, let segment = segments.last, segment.question == nil, !segment.isDone, segment.pages.isEmpty,
            Partition(segment.cursor) != Partition(segment.end)
        else { return nil }
        return segments.count - 1
    }

    /// The first segment without a question, or part of the first that holds more than the page it waits for.
    private mutating func nextSegment() -> Int? {
        let hasRoom = heldBytes + (underWay + 1) * pageBytes <= limits.heldBytes && heldPages + underWay < limits.heldPages
        guard let front = segments.first else { return nil }
        // The consumer waits for the front: what was gathered further on must not keep it waiting.
        if front.question == nil, !front.isDone, hasRoom || front.pages.isEmpty { return 0 }
        guard hasRoom else { return nil }
        for index in segments.indices where !segments[index].isDone {
            if segments[index].question == nil { return index }
            if split(index) { return index + 1 }
        }
        return nil
    }

    /// Splits a segment where the page under way in it should end; false when there should be nothing behind.
    private mutating func split(_ index: Int) -> Bool {
        let segment = segments[index]
        guard let span = spans.min() else { return false }
        let (next, overflow) = segment.cursor.addingReportingOverflow(span)
        guard !overflow, next <= segment.end else { return false }
        if let emptyFrom, next >= emptyFrom, Partition(next) == Partition(emptyFrom) { return false }
        segments[index].end = next - 1
        segments.insert(Segment(cursor: next, end: segment.end), at: index + 1)
        return true
    }

    private func count(for segment: Segment, _ index: Int) -> Int {
        // Whether there are messages in further partitions is one question; it is not worth a page that would lie about.
        if index > 0, Partition(segment.cursor) != Partition(segment.end) { return 1 }
        let (room, overflow) = segment.end.subtractingReportingOverflow(segment.cursor)
        return overflow || room >= Int64(limits.pageSize) ? limits.pageSize : Int(room) + 1
    }

    /// Some questions far ahead, once there is more than a page, tell how many it pays to have under way.
    private mutating func nextProbe() -> Question? {
        guard !hasProbed, let span = spans.min(), let segment = segments.first(where: { !$0.isDone }) else { return nil }
        guard probes.count < limits.probes.count else {
            hasProbed = true
            return nil
        }
        let (distance, overflow) = span.multipliedReportingOverflow(by: limits.probes[probes.count])
        let (position, isTooFar) = segment.cursor.addingReportingOverflow(distance)
        guard !overflow, !isTooFar, position <= segment.end else {
            hasProbed = true
            return nil
        }
        nextID += 1
        probes[nextID] = position
        return Question(id: nextID, from: position, count: 1)
    }

    // MARK: Answers

    /// Takes an answer.
    /// - Throws: ``Fault`` when the numbers are not those of an answer to this question; nothing was taken then.
    mutating func answered(_ question: Question, _ page: [Item]) throws(Fault) {
        var previous = question.from
        for place in page.indices {
            let number = page[place].number
            guard number >= previous, place == 0 || number > previous else { throw .outOfOrder(number) }
            previous = number
        }
        if let position = probes.removeValue(forKey: question.id) {
            probed(position, page.first?.number)
            return
        }
        guard let index = segments.firstIndex(where: { $0.question == question.id }) else { return }
        segments[index].question = nil
        underWay -= 1
        guard let first = page.first, let last = page.last else { return foundNothing(index) }
        learn(page, asked: question.count)
        splitAtPartition(index, of: first.number)
        let isNews = spread(page[...], through: last.number, from: index)
        adjustWidth(isNews)
    }

    /// A question was not answered; it may be asked again.
    mutating func failed(_ question: Question) {
        if probes.removeValue(forKey: question.id) != nil { return }
        guard let index = segments.firstIndex(where: { $0.question == question.id }) else { return }
        segments[index].question = nil
        underWay -= 1
    }

    /// No question is under way any more.
    mutating func forgetQuestions() {
        for index in segments.indices { segments[index].question = nil }
        underWay = 0
        if !probes.isEmpty {
            probes = [:]
            hasProbed = true
        }
    }

    /// There was nothing from the cursor of a segment on, as far as its partition goes. That ends this segment only: messages may have come
    /// since, and those that later segments have seen prove that they have.
    private mutating func foundNothing(_ index: Int) {
        let cursor = segments[index].cursor
        let partition = Partition(cursor)
        emptyFrom = Partition(emptyFrom ?? .max) == partition ? min(emptyFrom ?? .max, cursor) : cursor
        segments[index].isDone = true
    }

    /// Hands out what an answer shows, from the segment that asked on.
    /// - Returns: whether any of it was new to that segment.
    private mutating func spread(_ page: ArraySlice<Item>, through last: Int64, from origin: Int) -> Bool {
        var rest = page
        var isNews = false
        var index = origin
        while index < segments.count, segments[index].cursor <= last || index == origin {
            let segment = segments[index]
            let own = rest.prefix { $0.number <= segment.end }
            rest = rest.dropFirst(own.count)
            if segment.question == nil, !segment.isDone {
                let fresh = own.drop { $0.number < segment.cursor }
                if !fresh.isEmpty {
                    segments[index].pages.append(fresh)
                    heldPages += 1
                    heldBytes += fresh.reduce(0) { $0 + $1.size }
                    if index == origin { isNews = true }
                }
                if last >= segment.end {
                    segments[index].isDone = true
                } else {
                    segments[index].cursor = max(segment.cursor, last + 1)
                }
            }
            index += 1
        }
        return isNews
    }

    private mutating func learn(_ page: [Item], asked: Int) {
        guard let first = page.first, let last = page.last else { return }
        if let doubtful { learn(span: doubtful.span, bytes: doubtful.bytes) }
        doubtful = nil
        guard asked == limits.pageSize, Partition(first.number) == Partition(last.number) else { return }
        let bytes = page.reduce(0) { $0 + $1.size }
        let span = last.number &- first.number &+ 1
        if page.count * 4 >= limits.pageSize || bytes >= 65_536 { learn(span: span, bytes: bytes) } else { doubtful = (span, bytes) }
    }

    private mutating func learn(span: Int64, bytes: Int) {
        pageBytes = bytes
        spans.append(span)
        if spans.count > 8 { spans.removeFirst() }
    }

    private mutating func adjustWidth(_ isNews: Bool) {
        if isNews { width = min(width * 2, limits.width) } else { width = max(width / 2, 1) }
    }

    private mutating func probed(_ position: Int64, _ found: Int64?) {
        if let found, Partition(found) == Partition(position) {
            // That far there is something: room for many at once.
            let (distance, overflow) = found.subtractingReportingOverflow(segments.first?.cursor ?? found)
            let pages = overflow ? .max : distance / max(spans.min() ?? 1, 1)
            width = max(width, min(Int(clamping: pages), limits.width))
        } else if emptyFrom.map({ Partition($0) == Partition(position) && $0 <= position }) != true {
            emptyFrom = position
        }
    }

    // MARK: Partitions

    /// Gives the partition of a number a segment of its own.
    private mutating func splitAtPartition(_ index: Int, of number: Int64) {
        let segment = segments[index]
        let end = Partition(number).last
        guard segment.cursor <= end, end < segment.end else { return }
        segments[index].end = end
        segments.insert(Segment(cursor: end + 1, end: segment.end), at: index + 1)
    }
}

/// The partition that a sequence number names in its top 16 bits; 0 in entities that are not partitioned.
///
/// The service's documents leave open whether a peek goes on into the next partition when one is used up. Where it does, an answer shows
/// that; where it does not, an empty answer ends one partition and not the scan.
struct Partition: Hashable {
    private let bits: Int64

    /// The partition of a number.
    init(_ number: Int64) { bits = number >> 48 }

    /// Its last number.
    var last: Int64 { bits << 48 | 0xffff_ffff_ffff }
}

/// Bounds of a scan.
struct ScanLimits: Hashable, Sendable {
    /// The most messages asked for at once; the service gives 250 at most.
    var pageSize = 250
    /// The most pages under way at once.
    var width = 24
    /// The bytes of messages held and under way from which on only what the consumer waits for is asked for.
    var heldBytes = 16 << 20
    /// The same in pages: two rounds of answers, for being further ahead of a slow consumer gains nothing, and small messages take more memory
    /// than their bytes.
    var heldPages = 48
    /// How far ahead is probed, in pages.
    var probes: [Int64] = [4, 32, 256, 2048]
}
