import Testing

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Policies and ledgers with the verdicts that are expected of them, read in place.
enum GuardVectors {
    /// The folder of all vectors, from `CALLBOARD_VECTORS` or beside the package.
    static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["CALLBOARD_VECTORS"] { return folder }
        // …/Tests/ProductTests/CallboardCore/Guardrails/PolicyVectorTests.swift: the package is five levels up.
        let package = #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        return "/" + package + "/../shared/vectors"
    }()

    static var exist: Bool { FileManager.default.fileExists(atPath: folder + "/policy/decisions.json") }
    static let areMissing: Comment = "the test vectors are not here; set CALLBOARD_VECTORS to their folder"

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: "\(folder)/\(path)"))) }
}

@Suite("Guard vectors")
struct GuardVectorPresenceTests {
    @Test("are present where everything must run")
    func present() {
        guard ProcessInfo.processInfo.environment["CI"] == "true" else { return }
        #expect(GuardVectors.exist, GuardVectors.areMissing)
    }
}

@Suite("Policies of others", .enabled(if: GuardVectors.exist, GuardVectors.areMissing))
struct PolicyVectorTests {
    @Test("the good policy gives exactly the verdicts of its table")
    func decisions() throws {
        let (read, problems) = PolicyFile.parse(try GuardVectors.bytes("policy/policy-good.yaml"), file: "policy-good.yaml")
        let policy = try #require(read, "\(problems)")
        let table = try PolicyDecisions(parsing: try GuardVectors.bytes("policy/decisions.json"), file: "decisions.json")
        #expect(table.policy == "policy-good.yaml")
        #expect(table.cases.count == 7)
        for outcome in table.outcomes(of: policy) {
            #expect(outcome.isPassed, "line \(outcome.decision.line): \(outcome.verdict), not \(outcome.decision.expected)")
        }
    }

    @Test(
        "what must not load does not, and says where and why",
        arguments: [
            ("policy-bad-duplicate-id.yaml", 4, "the id 'a' is taken already, in line 3; verdicts name rules by it"),
            ("policy-bad-no-ttl.yaml", 3, "the rule 'r' has no 'max_ttl'; what is asked for has to end, for instance max_ttl: 4h"),
            ("policy-bad-selfapprove.yaml", 3, "'allow_self' is not known here; there is 'any_of', 'count'"),
            ("policy-bad-unknown-key.yaml", 3, "'actions' is not known here; did you mean 'action'?"),
        ])
    func refusals(file: String, line: Int, message: String) throws {
        let (policy, problems) = PolicyFile.parse(try GuardVectors.bytes("policy/\(file)"), file: file)
        #expect(policy == nil)
        #expect(problems.contains(ConfigurationProblem(file: file, line: line, message: message)), "\(problems)")
    }

    @Test("the claims of a sign-in make teams, and a missing authentication context does not")
    func teams() throws {
        let policy = try #require(PolicyFile.parse(try GuardVectors.bytes("policy/policy-good.yaml"), file: "p").policy)
        #expect(policy.teams(holding: ["groups": ["96096000-0000-4000-8000-00000000c001"]]) == [.team("orders")])
        #expect(policy.teams(holding: ["roles": ["ServiceBus.Approver"]]) == [])
        #expect(policy.teams(holding: ["roles": ["ServiceBus.Approver"], "acrs": ["c1", "c2"]]) == [.team("leads")])
    }

    @Test("what it masks is added to what a context masks")
    func masks() throws {
        let policy = try #require(PolicyFile.parse(try GuardVectors.bytes("policy/policy-good.yaml"), file: "p").policy)
        let settings = policy.masking(addedTo: MaskingSettings(isEnabled: false))
        #expect(settings.isEnabled == true)
        #expect(settings.paths.map(\.description) == ["$..email"])
        #expect(settings.patterns.map(\.text) == [#"\b(?:\d[ -]?){13,19}\b"#])
    }
}
