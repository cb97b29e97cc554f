import ServiceBus
import Testing

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Audit ledger")
struct AuditLedgerTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/state/callboard/audit.jsonl" }

    init() throws { folder = try TemporaryFolder() }

    @Test("a record is one line with everything in it, and its hash is over the canonical rest")
    func line() async throws {
        let record = try await AuditFixture.ledger(path).append(AuditFixture.event())
        #expect(
            try AuditFixture.lines(path) == [
                #"{"seq":0,"time":"2026-11-26T03:04:05.678Z","type":"message.redrive.intended","#
                    + #""actor":{"oid":"a11ce000-0000-4000-8000-000000000001","name":"alice","kind":"person","host":"desk-7"},"#
                    + #""context":"retail","environment":"prod","namespace":"sb-retail.servicebus.windows.net","#
                    + #""entity":"orders/$deadletterqueue","target":"events/Subscriptions/billing","rule":"redrive-own","#
                    + #""reason":"the parser is fixed","ticket":"INC-4711","counts":{"planned":3,"done":2,"failed":0,"unknown":1},"#
                    + #""messagesSHA256":"f25970c904a9e980ca18cb9cca3236051bfc0a0a1baaafbef31d49b03904ac86","job":"job-1","#
                    + #""trackingIds":["8a6f_G1_B7"],"correlationRequestIds":["1f0c"],"prev":"\#(AuditRecord.noHash)","hash":"\#(record.hash)"}"#
            ])
        #expect(try AuditLedger.verify(path) == .valid(size: 1, head: record.hash))
    }

    @Test("file and folder are for their owner alone")
    func permissions() async throws {
        try await AuditFixture.ledger(path).append(AuditFixture.event())
        let files = FileManager.default
        #expect(try files.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try files.attributesOfItem(atPath: folder.path + "/state/callboard")[.posixPermissions] as? Int == 0o700)
        try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        try await AuditFixture.ledger(path).append(AuditFixture.event())
        #expect(try files.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }

    @Test("a link or a folder in its place is refused")
    func strangeFiles() async throws {
        try folder.write("elsewhere", "")
        try folder.link("link.jsonl", to: folder.path + "/elsewhere")
        for name in ["link.jsonl", ""] {
            let error = await #expect(throws: OperatorError.self) {
                try await AuditFixture.ledger(folder.path + "/" + name).append(AuditFixture.event())
            }
            #expect(error?.exitCode == 3)
        }
        #expect(try AuditFixture.bytes(folder.path + "/elsewhere") == [])
    }

    @Test("several that append at once make one chain, and none of their records is lost")
    func concurrent() async throws {
        let path = path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                let ledger = AuditFixture.ledger(path)
                group.addTask {
                    for number in 0..<15 { try await ledger.append(AuditFixture.event(job: "\(writer)-\(number)")) }
                }
            }
            try await group.waitForAll()
        }
        var jobs: [String] = []
        #expect(try AuditLedger.verify(path) { jobs.append($0.text("job") ?? "") }.isValid)
        #expect(jobs.count == 60)
        #expect(Set(jobs).count == 60)
        for writer in 0..<4 { #expect(jobs.filter { $0.hasPrefix("\(writer)-") } == (0..<15).map { "\(writer)-\($0)" }) }
    }

    @Test("a full disk refuses the record and leaves the ledger as it was", arguments: [0, 1, 100, 700])
    func fullDisk(room: Int) async throws {
        let disk = SmallDisk(room: .max)
        let ledger = AuditFixture.ledger(path, system: disk.system)
        let first = try await ledger.append(AuditFixture.event())
        disk.set(room: room)
        let error = await #expect(throws: OperatorError.self) { try await ledger.append(AuditFixture.event(.purgeMessage)) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("the disk is full") == true)
        #expect(try AuditLedger.verify(path) == .valid(size: 1, head: first.hash))
        disk.set(room: .max)
        #expect(try await ledger.append(AuditFixture.event()).sequence == 1)
    }

    @Test("a record that may not be on the disk does not count, and what it left is repaired when it cannot be taken back")
    func failedSync() async throws {
        let disk = SmallDisk(room: .max)
        let ledger = AuditFixture.ledger(path, system: disk.system)
        try await ledger.append(AuditFixture.event())
        disk.set(room: .max, syncError: 5)
        await #expect(throws: OperatorError.self) { try await ledger.append(AuditFixture.event()) }
        #expect(try AuditFixture.lines(path).count == 1)
        disk.set(room: 50, truncateError: 5)
        await #expect(throws: OperatorError.self) { try await ledger.append(AuditFixture.event()) }
        guard case .torn(line: 2, size: 1, head: _) = try AuditLedger.verify(path) else {
            Issue.record("nothing is torn")
            return
        }
        disk.set(room: .max)
        try await ledger.append(AuditFixture.event())
        var types: [String] = []
        #expect(try AuditLedger.verify(path) { types.append($0.type) }.isValid)
        #expect(types == ["message.redrive.intended", "ledger.repaired", "message.redrive.intended"])
    }

    @Test("a crash at any byte of a record is repaired, and nothing before it is lost")
    func tornAnywhere() async throws {
        let ledger = AuditFixture.ledger(path)
        for _ in 0..<2 { try await ledger.append(AuditFixture.event()) }
        let whole = try AuditFixture.bytes(path)
        let firstEnd = try #require(whole.firstIndex(of: 0x0a)) + 1
        for end in stride(from: firstEnd + 1, to: whole.count - 1, by: 13) {
            let torn = try folder.write("torn.jsonl", bytes: Array(whole[..<end]))
            guard case .torn(line: 2, size: 1, head: _) = try AuditLedger.verify(torn) else {
                Issue.record("\(end) of \(whole.count) bytes are not torn")
                continue
            }
            #expect(try await AuditFixture.ledger(torn).append(AuditFixture.event()).sequence == 2)
            #expect(try AuditLedger.verify(torn).isValid)
        }
        // Only the end of the line is missing: the record is whole, and kept.
        let almost = try folder.write("almost.jsonl", bytes: Array(whole.dropLast()))
        #expect(try AuditLedger.verify(almost).isValid)
        #expect(try await AuditFixture.ledger(almost).append(AuditFixture.event()).sequence == 2)
        #expect(try AuditLedger.verify(almost).isValid)
        #expect(try AuditFixture.lines(almost).count == 3)
    }

    @Test("any byte changed in any record but the last shows, and nothing is appended")
    func tampering() async throws {
        let ledger = AuditFixture.ledger(path)
        for _ in 0..<3 { try await ledger.append(AuditFixture.event()) }
        let whole = try AuditFixture.bytes(path)
        for place in stride(from: 0, to: whole.count, by: 19) {
            var changed = whole
            changed[place] ^= 0x01
            let verification = AuditVerification.of(changed)
            #expect(!verification.isValid, "byte \(place): \(verification)")
            guard verification.isTampering else { continue }
            let file = try folder.write("changed.jsonl", bytes: changed)
            await #expect(throws: OperatorError.self) { try await AuditFixture.ledger(file).append(AuditFixture.event()) }
            #expect(try AuditFixture.bytes(file) == changed)
        }
    }

    @Test("a last record that was edited, with its end of line or without it, is no crash")
    func editedLast() async throws {
        let ledger = AuditFixture.ledger(path)
        for _ in 0..<2 { try await ledger.append(AuditFixture.event()) }
        let lines = try AuditFixture.lines(path)
        for end in ["", "\n"] {
            let edited = lines[0] + "\n" + lines[1].replacing("INC-4711", with: "INC-4712") + end
            let verification = AuditVerification.of(Array(edited.utf8))
            #expect(verification.isTampering, "\(verification)")
            let file = try folder.write("edited.jsonl", bytes: Array(edited.utf8))
            await #expect(throws: OperatorError.self) { try await AuditFixture.ledger(file).append(AuditFixture.event()) }
            #expect(try AuditFixture.bytes(file) == Array(edited.utf8))
        }
    }

    @Test("bytes changed, taken out and put in at random never pass for what was written")
    func noise() async throws {
        let ledger = AuditFixture.ledger(path)
        for _ in 0..<3 { try await ledger.append(AuditFixture.event()) }
        let whole = try AuditFixture.bytes(path)
        let checkpoint = try await ledger.checkpoint()
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var bytes = whole
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...500, using: &random)))
            default: bytes.insert(contentsOf: whole[..<Int.random(in: 1..<whole.count, using: &random)], at: place)
            }
            let verification = AuditVerification.of(bytes, checkpoint: checkpoint)
            // What still says the same is the same: the end of the last line may be missing.
            if verification.isValid { #expect(bytes == whole || bytes == Array(whole.dropLast())) }
        }
    }

    @Test("lines taken out, put in twice, exchanged and taken away at the end")
    func lines() async throws {
        let ledger = AuditFixture.ledger(path)
        for job in ["a", "b", "c", "d"] { try await ledger.append(AuditFixture.event(job: job)) }
        let lines = try AuditFixture.lines(path)
        func verify(_ order: [Int], checkpoint: AuditCheckpoint? = nil) -> AuditVerification {
            AuditVerification.of(Array((order.map { lines[$0] }.joined(separator: "\n") + "\n").utf8), checkpoint: checkpoint)
        }
        let checkpoint = try await ledger.checkpoint()
        #expect(verify([0, 1, 2, 3], checkpoint: checkpoint).isValid)
        #expect(verify([0, 2, 3]) == .missing(beforeLine: 2, count: 1))
        #expect(verify([3]) == .missing(beforeLine: 1, count: 3))
        #expect(verify([0, 1, 1, 2, 3]) == .inserted(line: 3))
        #expect(verify([0, 2, 1, 3]) == .missing(beforeLine: 2, count: 1))
        #expect(verify([0, 1, 2]).isValid)
        #expect(verify([0, 1, 2], checkpoint: checkpoint) == .truncated(size: 3, checkpoint: 4))
        #expect(AuditVerification.of([], checkpoint: checkpoint) == .truncated(size: 0, checkpoint: 4))
    }

    @Test("a record edited and hashed again breaks the link to the next, and a file written anew the checkpoint")
    func rehashed() async throws {
        let ledger = AuditFixture.ledger(path)
        for job in ["a", "b"] { try await ledger.append(AuditFixture.event(job: job)) }
        let checkpoint = try await ledger.checkpoint()
        let forged = AuditRecord(
            sequence: 0, time: AuditFixture.time, type: "message.peek.done", AuditFixture.event(job: "x").members, after: AuditRecord.noHash
        )
        let last = try #require(try AuditFixture.lines(path).last)
        #expect(AuditVerification.of(forged.line + Array(("\n" + last + "\n").utf8)) == .unlinked(line: 2))
        let second = AuditRecord(sequence: 1, time: AuditFixture.time, type: "message.peek.done", [], after: forged.hash)
        let anew = forged.line + [0x0a] + second.line + [0x0a]
        #expect(AuditVerification.of(anew).isValid)
        #expect(AuditVerification.of(anew, checkpoint: checkpoint) == .rewritten(size: 2))
    }

    @Test("a ledger that became shorter while this process runs is refused")
    func shorter() async throws {
        let ledger = AuditFixture.ledger(path)
        for _ in 0..<2 { try await ledger.append(AuditFixture.event()) }
        let first = try #require(try AuditFixture.lines(path).first) + "\n"
        try Data(first.utf8).write(to: URL(filePath: path))
        let error = await #expect(throws: OperatorError.self) { try await ledger.append(AuditFixture.event()) }
        #expect(error?.message.contains("shorter") == true)
    }

    @Test("of a long ledger the end is checked before the first record, and all of it by verifying")
    func long() async throws {
        var bytes: [UInt8] = []
        var head = AuditRecord.noHash
        var sequence = 0
        let members = AuditFixture.event().members
        while bytes.count < 100_000 {
            let record = AuditRecord(sequence: sequence, time: AuditFixture.time, type: "message.peek.done", members, after: head)
            bytes += record.line + [0x0a]
            head = record.hash
            sequence += 1
        }
        // A change at the very beginning is beyond what is looked at.
        bytes[100] ^= 1
        let file = try folder.write("long.jsonl", bytes: bytes)
        #expect(try await AuditFixture.ledger(file, checkedAtOnce: 30_000).append(AuditFixture.event()).sequence == sequence)
        #expect(try !AuditLedger.verify(file).isValid)
        // One near the end is not.
        bytes[bytes.count - 5000] ^= 1
        let other = try folder.write("other.jsonl", bytes: bytes)
        await #expect(throws: OperatorError.self) {
            try await AuditFixture.ledger(other, checkedAtOnce: 30_000).append(AuditFixture.event())
        }
    }

    @Test("a long file whose end holds no record is refused, and not begun anew")
    func noRecordAtTheEnd() async throws {
        try await AuditFixture.ledger(path).append(AuditFixture.event())
        let bytes = try AuditFixture.bytes(path) + [UInt8](repeating: 0x20, count: 60_000)
        for end in [[UInt8](), [0x0a]] {
            let file = try folder.write("filled.jsonl", bytes: bytes + end)
            let error = await #expect(throws: OperatorError.self) {
                try await AuditFixture.ledger(file, checkedAtOnce: 30_000).append(AuditFixture.event())
            }
            #expect(error?.message.contains("there is no record in the last 30000 bytes") == true)
            #expect(try AuditFixture.bytes(file) == bytes + end)
        }
    }

    @Test("what came of something is written down also when that was cancelled")
    func cancelled() async throws {
        let ledger = AuditFixture.ledger(path)
        try await ledger.append(AuditFixture.event())
        let holder = try LedgerFile.appending(path)
        let isHeld = try holder.lock()
        #expect(isHeld)
        let appending = Task { try await ledger.append(AuditFixture.event(.redriveMessage, .cancelled)).sequence }
        appending.cancel()
        // Gives the file back.
        _ = consume holder
        #expect(try await appending.value == 1)
    }

    @Test("a checkpoint of a torn ledger is one of its whole records")
    func tornCheckpoint() async throws {
        let first = try await AuditFixture.ledger(path).append(AuditFixture.event())
        let torn = try folder.write("torn.jsonl", bytes: try AuditFixture.bytes(path) + Array(#"{"seq":1"#.utf8))
        let checkpoint = try await AuditFixture.ledger(torn).checkpoint()
        #expect(checkpoint == AuditCheckpoint(size: 1, head: first.hash, time: AuditFixture.time))
    }

    @Test("a line without end is not read to its end")
    func longLine() throws {
        let file = try folder.write("line.jsonl", bytes: [UInt8](repeating: 0x20, count: 400_000))
        #expect(
            try AuditLedger.verify(file) == .malformed(line: 1, reason: "it is longer than \(LedgerReader.longestLine) bytes"))
    }

    @Test("a process that keeps the ledger for itself makes others give up, and nothing is done")
    func heldElsewhere() async throws {
        try await AuditFixture.ledger(path).append(AuditFixture.event())
        let holder = try LedgerFile.appending(path)
        let isHeld = try holder.lock()
        #expect(isHeld)
        let error = await #expect(throws: OperatorError.self) {
            try await AuditFixture.ledger(path, patience: .milliseconds(30)).append(AuditFixture.event())
        }
        #expect(error?.message.contains("another process has it for itself") == true)
        #expect(try AuditFixture.lines(path).count == 1)
        _ = holder
    }

    @Test(
        "it is where the environment says",
        arguments: [
            (["XDG_STATE_HOME": "/x", "HOME": "/h"], "/x/callboard/audit.jsonl"),
            (["XDG_STATE_HOME": "relative", "HOME": "/h"], "/h/.local/state/callboard/audit.jsonl"),
            (["HOME": "/h"], "/h/.local/state/callboard/audit.jsonl"),
        ])
    func place(environment: [String: String], expected: String) throws {
        #expect(try AuditLedger.path(environment: environment) == expected)
        let error = #expect(throws: OperatorError.self) { try AuditLedger.path(environment: [:]) }
        #expect(error?.code == .refused)
    }

    @Test("texts are bounded, and so are the ids of a long job")
    func bounds() async throws {
        var event = AuditFixture.event()
        // Each of these is escaped as twelve bytes.
        let long = String(repeating: "\u{e0001}", count: 100_000)
        event.actor = AuditActor(oid: long, name: long, kind: .agent, host: long)
        (event.context, event.environment, event.namespace, event.rule, event.reason) = (long, long, long, long, long)
        (event.ticket, event.jobID) = (long, long)
        event.trackingIDs = Array(repeating: long, count: 5000)
        event.correlationRequestIDs = event.trackingIDs
        let record = try await AuditFixture.ledger(path).append(event)
        #expect(record.line.count < LedgerReader.longestLine)
        #expect(record.text("reason")?.unicodeScalars.count == 1000)
        #expect(record.ids("trackingIds").count == AuditEvent.mostIDs)
        #expect(try AuditLedger.verify(path).isValid)
    }

    @Test("no message and no secret has a field to stand in")
    func fields() {
        let names = Set(AuditFixture.event().members.map(\.name))
        #expect(
            names == [
                "actor", "context", "environment", "namespace", "entity", "target", "rule", "reason", "ticket", "counts", "messagesSHA256",
                "job",
                "trackingIds", "correlationRequestIds",
            ])
    }

    @Test("the digest of sequence numbers does not depend on their order or on how they are held")
    func digest() {
        let expected = "f25970c904a9e980ca18cb9cca3236051bfc0a0a1baaafbef31d49b03904ac86"
        #expect(SequenceNumberDigest([1, 2, 300].map { SequenceNumber($0) }).hexadecimal == expected)
        #expect(SequenceNumberDigest([300, 2, 1, 2].map { SequenceNumber($0) }).hexadecimal == expected)
        #expect(SequenceNumberDigest(SequenceNumberSet([2, 300, 1].map { SequenceNumber($0) })).hexadecimal == expected)
        #expect(SequenceNumberDigest([SequenceNumber]()).hexadecimal == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SequenceNumberDigest([1, 2].map { SequenceNumber($0) }).hexadecimal != expected)
    }

    @Test("a refusal is written down with the rule that refused")
    func refusal() async throws {
        let guardrails = Guardrails(
            rules: .builtIn, place: Guardrails.Place(context: "retail", host: "sb-retail.servicebus.windows.net"), caller: PolicyCaller([]))
        let question = guardrails.question(.purgeMessage, on: try .queue("orders"), kind: .queue)
        let denial = try #require(#expect(throws: Denial.self) { try guardrails.authorize(question) })
        let event = AuditEvent(denial, question, by: AuditFixture.actor, in: guardrails.place, entity: try .queue("orders"))
        let record = try await AuditFixture.ledger(path).append(event)
        #expect(record.type == "message.purge.refused")
        #expect(record.text("rule") == "built-in:read-only")
    }
}
