/// Finds the highest sequence number of a partition, by rounds of questions that are under way at once: is there anything from here on?
///
/// The first round reaches out in growing steps; each further one cuts what is left into nine parts.
struct UpperBoundSearch {
    /// The highest number known to be there, or the one before the range.
    private(set) var highest: Int64
    /// The lowest number from which on there was nothing.
    private var emptyFrom: Int64?
    private var step: Int64 = 256
    private static let questions: Int64 = 8
    /// The highest number there could be.
    private let limit: Int64

    /// - Parameters:
    ///   - lowest: where the range begins.
    ///   - limit: where it ends.
    init(from lowest: Int64, through limit: Int64 = .max) {
        highest = lowest == .min ? lowest : lowest - 1
        self.limit = limit
    }

    /// The positions to ask at next; none when ``highest`` is known.
    mutating func nextRound() -> [Int64] {
        guard let emptyFrom else { return reach() }
        guard emptyFrom > highest, case let (width, overflow) = emptyFrom.subtractingReportingOverflow(highest), !overflow else {
            return []
        }
        // Between the two lie width - 1 numbers.
        guard width > 1 else { return [] }
        if width - 1 <= Self.questions { return (1..<width).map { highest + $0 } }
        return (1...Self.questions).map {
            highest + width / (Self.questions + 1) * $0 + width % (Self.questions + 1) * $0 / (Self.questions + 1)
        }
    }

    private mutating func reach() -> [Int64] {
        guard highest < limit else { return [] }
        var positions = [highest + 1]
        while positions.count < Int(Self.questions) {
            let (position, overflow) = highest.addingReportingOverflow(step)
            if overflow || position >= limit {
                if positions.last != limit { positions.append(limit) }
                break
            }
            positions.append(position)
            step = step.multipliedReportingOverflow(by: 16).overflow ? .max : step * 16
        }
        return positions
    }

    /// Takes an answer: the first number found from a position on, or nil. One beyond the limit is of another partition.
    mutating func answered(_ position: Int64, _ found: Int64?) {
        if let found, found <= limit {
            highest = max(highest, found)
        } else {
            emptyFrom = min(emptyFrom ?? .max, position)
        }
    }
}
