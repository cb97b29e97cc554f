import Testing

@testable import CallboardCore

@Suite("Counting who agrees")
struct ApprovalTallyTests {
    private let lead = PolicySubject.team("leads")
    private let billing = PolicySubject.team("billing")

    /// Whether somebody who agrees brings it nearer to its end.
    private func counts(_ tally: inout ApprovalTally, _ id: String, _ subjects: Set<PolicySubject>) -> Bool { tally.add(id, as: subjects) }

    private func approvals(_ wanted: (PolicySubject, Int)...) -> [PolicyRule.Approval] {
        wanted.map { PolicyRule.Approval(anyOf: [$0.0], count: $0.1) }
    }

    @Test("one person counts once, in however many teams they are")
    func onePerson() {
        var tally = ApprovalTally(approvals((lead, 1), (billing, 1)), without: [])
        let answer1 = counts(&tally, "ann", [lead, billing])
        #expect(answer1)
        #expect(!tally.isMet && tally.missing.count == 1)
        let answer2 = counts(&tally, "ANN", [lead, billing])
        #expect(!answer2)
        let answer3 = counts(&tally, "bob", [lead])
        #expect(answer3)
        #expect(tally.isMet && tally.missing.isEmpty)
    }

    @Test("who can fill one place only is not kept out by who could fill either")
    func places() {
        var tally = ApprovalTally(approvals((lead, 1), (billing, 1)), without: [])
        // Whichever place the first takes, the second finds the other.
        tally.add("both", as: [lead, billing])
        tally.add("only-lead", as: [lead])
        #expect(tally.isMet)
        var other = ApprovalTally(approvals((lead, 1), (billing, 1)), without: [])
        other.add("both", as: [lead, billing])
        other.add("only-billing", as: [billing])
        #expect(other.isMet)
    }

    @Test("whoever asks, whoever would have the role, and agents never count")
    func parties() {
        var tally = ApprovalTally(approvals((lead, 1)), without: ["REQUESTER", "principal"])
        let answer4 = counts(&tally, "requester", [lead])
        #expect(!answer4)
        let answer5 = counts(&tally, "Principal", [lead])
        #expect(!answer5)
        let answer6 = counts(&tally, "robot", [lead, .agent])
        #expect(!answer6)
        #expect(!tally.isMet)
    }

    @Test("two of a team are two different people of it")
    func several() {
        var tally = ApprovalTally(approvals((lead, 2)), without: [])
        tally.add("ann", as: [lead])
        tally.add("ann", as: [lead])
        #expect(!tally.isMet && tally.missing == approvals((lead, 1)))
        let answer7 = counts(&tally, "eve", [billing])
        #expect(!answer7)
        tally.add("bob", as: [lead])
        #expect(tally.isMet)
    }

    @Test("where nobody is named, one agreement is asked for all the same")
    func none() {
        var tally = ApprovalTally([], without: ["requester"])
        #expect(!tally.isMet)
        let answer8 = counts(&tally, "requester", [])
        #expect(!answer8)
        let answer9 = counts(&tally, "ann", [])
        #expect(answer9 && tally.isMet)
    }
}
