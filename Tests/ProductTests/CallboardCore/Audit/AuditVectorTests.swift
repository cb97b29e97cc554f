import Testing

@testable import CallboardCore

@Suite("Ledgers of others", .enabled(if: GuardVectors.exist, GuardVectors.areMissing))
struct AuditVectorTests {
    private static let head = "50b590f0e039c0074dd526bd3a246f5192886408cb4da3b839f2d21f7c718f24"

    @Test(
        "each is found to be what it is",
        arguments: [
            ("chain-valid.jsonl", AuditVerification.valid(size: 6, head: head)),
            ("chain-edited-line.jsonl", .edited(line: 4)),
            ("chain-deleted-line.jsonl", .missing(beforeLine: 3, count: 1)),
            (
                "chain-torn-last-write.jsonl",
                .torn(line: 6, size: 5, head: "7e100e073e83fa7e8a3023025c961761ebba9547eaf2228f317a346bf01686a1")
            ),
            (
                "chain-truncated-tail.jsonl", .valid(size: 4, head: "b008180901d7a648198b782991ef3d4ad092723ec8727dbce40346d2c921c108")
            ),
        ])
    func alone(file: String, expected: AuditVerification) throws {
        #expect(AuditVerification.of(try GuardVectors.bytes("audit/\(file)")) == expected)
    }

    @Test("a checkpoint shows what was taken away at the end")
    func checkpoint() throws {
        let checkpoint = try AuditCheckpoint(parsing: try GuardVectors.bytes("audit/checkpoint.json"), file: "checkpoint.json")
        #expect(checkpoint.size == 6)
        #expect(checkpoint.head == Self.head)
        #expect(AuditVerification.of(try GuardVectors.bytes("audit/chain-valid.jsonl"), checkpoint: checkpoint).isValid)
        #expect(
            AuditVerification.of(try GuardVectors.bytes("audit/chain-truncated-tail.jsonl"), checkpoint: checkpoint)
                == .truncated(size: 4, checkpoint: 6))
        #expect(
            AuditVerification.of(try GuardVectors.bytes("audit/chain-torn-last-write.jsonl"), checkpoint: checkpoint)
                == .truncated(size: 5, checkpoint: 6))
    }

    @Test("the torn one is repaired by appending, and then is whole")
    func repair() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("audit.jsonl", bytes: try GuardVectors.bytes("audit/chain-torn-last-write.jsonl"))
        let record = try await AuditLedger(path: path).append(AuditFixture.event())
        #expect(record.sequence == 6)
        var types: [String] = []
        let verification = try AuditLedger.verify(path) { types.append($0.type) }
        #expect(verification == .valid(size: 7, head: record.hash))
        #expect(types.suffix(2) == ["ledger.repaired", "message.redrive.intended"])
    }

    @Test(
        "every other is refused, with the line", arguments: [("chain-edited-line.jsonl", "line 4"), ("chain-deleted-line.jsonl", "line 3")])
    func tampering(file: String, line: String) async throws {
        let folder = try TemporaryFolder()
        let before = try GuardVectors.bytes("audit/\(file)")
        let path = try folder.write("audit.jsonl", bytes: before)
        let error = await #expect(throws: OperatorError.self) { try await AuditLedger(path: path).append(AuditFixture.event()) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains(line) == true)
        #expect(try AuditFixture.bytes(path) == before)
    }
}
