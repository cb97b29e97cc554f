/// Who has agreed to something that takes the agreement of others, counted by distinct identity: nobody counts twice, not even where two approvals ask for
/// teams of which they are in both, and whoever asks or would have the role does not count at all.
public struct ApprovalTally: Hashable, Sendable {
    /// What it takes: all of these.
    public let approvals: [PolicyRule.Approval]
    /// Object ids that never count, in lower case.
    private let parties: Set<String>
    /// Who agreed, by object id in lower case, and what they are to the policy.
    private var agreed: [String: Set<PolicySubject>] = [:]

    /// Nobody has agreed so far.
    /// - Parameters:
    ///   - approvals: what it takes.
    ///   - parties: the object ids of who asks and of who would have it.
    public init(_ approvals: [PolicyRule.Approval], without parties: some Sequence<String>) {
        self.approvals = approvals
        self.parties = Set(parties.map { $0.lowercased() })
    }

    /// Counts somebody who agrees.
    /// - Parameters:
    ///   - id: their object id.
    ///   - subjects: what they are to the policy; agents do not count.
    /// - Returns: whether that brought it nearer to its end: false for somebody who has agreed, is a party, or is asked for nowhere.
    @discardableResult
    public mutating func add(_ id: String, as subjects: Set<PolicySubject>) -> Bool {
        let id = id.lowercased()
        guard !parties.contains(id), !subjects.contains(.agent), agreed[id] == nil else { return false }
        let before = filled
        agreed[id] = subjects
        return approvals.isEmpty || filled > before
    }

    /// How many different ones it takes.
    public var needed: Int { approvals.reduce(0) { $0 + max(0, $1.count) } }

    /// How many of those there are.
    public var filled: Int { seats.count }

    /// Whether everybody who has to agree did. Where nobody has to, one agreement is asked for all the same.
    public var isMet: Bool { approvals.isEmpty ? !agreed.isEmpty : filled >= needed }

    /// What is missing.
    public var missing: [PolicyRule.Approval] {
        let taken = Dictionary(grouping: seats.values, by: \.self).mapValues(\.count)
        return approvals.enumerated().compactMap { index, approval in
            let left = approval.count - (taken[index] ?? 0)
            return left > 0 ? PolicyRule.Approval(anyOf: approval.anyOf, count: left) : nil
        }
    }

    /// For each of those who agreed and are needed, the approval they count for: as many as can be placed (Kuhn's algorithm). Policies ask for twenty at most.
    private var seats: [String: Int] {
        var seats: [String: Int] = [:]
        for id in agreed.keys.sorted() {
            var tried: Set<Int> = []
            _ = place(id, &seats, &tried)
        }
        return seats
    }

    private func place(_ id: String, _ seats: inout [String: Int], _ tried: inout Set<Int>) -> Bool {
        for (index, approval) in approvals.enumerated() where approval.count > 0 && !tried.contains(index) {
            guard let subjects = agreed[id], approval.anyOf.contains(where: { subjects.contains($0) || $0 == .anyone }) else { continue }
            tried.insert(index)
            let sitting = seats.filter { $0.value == index }.keys.sorted()
            if sitting.count < approval.count {
                seats[id] = index
                return true
            }
            for other in sitting where place(other, &seats, &tried) {
                seats[id] = index
                return true
            }
        }
        return false
    }
}
