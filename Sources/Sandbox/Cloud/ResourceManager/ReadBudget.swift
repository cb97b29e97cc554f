/// How many reads of Azure Resource Manager there still are: a bucket that fills again by the second.
struct ReadBudget: Sendable {
    private var thousandths: Int64?
    private var filled: Int64 = 0

    /// Whole reads that are left.
    var left: Int { Int((thousandths ?? 0) / 1000) }

    /// Takes one out.
    /// - Parameter now: in milliseconds since 1970.
    /// - Returns: false when there is none.
    mutating func spend(atMost most: Int, perSecond: Int, at now: Int64) -> Bool {
        let most = Int64(most) * 1000
        let back = min(max(0, now - filled), 3_600_000) * Int64(perSecond)
        var left = thousandths.map { min(most, $0 + back) } ?? most
        filled = now
        defer { thousandths = left }
        guard left >= 1000 else { return false }
        left -= 1000
        return true
    }
}
