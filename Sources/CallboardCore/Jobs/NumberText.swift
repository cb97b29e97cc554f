public import ServiceBus

/// Sequence numbers as text: `10-20,25`, ascending, each once. Operators type it, journals hold it.
public enum NumberText {
    /// The most numbers that are read of one text.
    public static let most = 10_000_000

    /// Why a text is none.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong, as the end of a sentence that names the text.
        public var description: String

        /// Says what is wrong.
        public init(_ description: String) { self.description = description }
    }

    /// Writes numbers that ascend.
    public static func text(_ numbers: some Sequence<SequenceNumber>) -> String {
        var text = ""
        var range: ClosedRange<Int64>?
        func write(_ range: ClosedRange<Int64>) {
            if !text.isEmpty { text += "," }
            text += String(range.lowerBound)
            if range.count > 1 { text += "-\(range.upperBound)" }
        }
        for number in numbers {
            let next = number.rawValue
            if let current = range {
                if current.upperBound < .max, next == current.upperBound + 1 {
                    range = current.lowerBound...next
                    continue
                }
                write(current)
            }
            range = next...next
        }
        if let range { write(range) }
        return text
    }

    /// Reads numbers and ranges with commas between.
    public static func parse(_ text: String) throws(Problem) -> SequenceNumberSet {
        var numbers: [Int64] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let word = part.drop { $0 == " " || $0 == "#" }
            let ends = word.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = ends.first.flatMap({ Int64($0) }), first >= 0 else {
                throw Problem(
                    part.isEmpty ? "has an empty place between its commas" : "has '\(part)', which is no sequence number")
            }
            guard ends.count == 2 else {
                numbers.append(first)
                continue
            }
            let end = ends[1].drop { $0 == "#" }
            guard let last = Int64(end), last >= first else { throw Problem("has '\(part)', which is no range") }
            guard last - first < Int64(most - numbers.count) else { throw Problem("names more than \(most) messages") }
            numbers += Array(first...last)
        }
        guard numbers.count <= most else { throw Problem("names more than \(most) messages") }
        return SequenceNumberSet(raw: numbers)
    }

}
