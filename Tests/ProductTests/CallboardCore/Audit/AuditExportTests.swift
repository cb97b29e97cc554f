import ServiceBus
import Testing

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Audit shown and exported")
struct AuditExportTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/audit.jsonl" }

    init() throws { folder = try TemporaryFolder() }

    private func record(_ change: (inout AuditEvent) -> Void = { _ in }) throws -> AuditRecord {
        var event = AuditFixture.event()
        change(&event)
        return AuditRecord(sequence: 0, time: AuditFixture.time, type: event.type, event.members, after: AuditRecord.noHash)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("the newest first, as many as wanted, by job, entity and time")
    func query() async throws {
        let ledger = AuditLedger(path: path)
        for number in 0..<25 {
            var event = AuditFixture.event(job: number.isMultiple(of: 2) ? "even" : "odd")
            if number == 7 { event.entity = try .queue("invoices") }
            try await ledger.append(event)
        }
        func numbers(_ query: AuditQuery) throws -> [Int] { try query.records(in: path).records.map(\.sequence) }
        #expect(try numbers(AuditQuery(count: 3)) == [24, 23, 22])
        #expect(try numbers(AuditQuery(count: 2, jobID: "odd")) == [23, 21])
        #expect(try numbers(AuditQuery(count: 100)) == (0..<25).reversed())
        #expect(try numbers(AuditQuery(count: 9, entity: .queue("INVOICES"))) == [7])
        #expect(try numbers(AuditQuery(count: 1, entity: .queue("orders"))) == [24])
        #expect(try numbers(AuditQuery(count: 1, entity: .queue("orders").deadLetter)) == [24])
        #expect(try numbers(AuditQuery(count: 9, entity: .queue("invoices").deadLetter)) == [])
        #expect(try numbers(AuditQuery(count: 1, entity: .subscription(topic: "events", name: "billing"))) == [24])
        #expect(try numbers(AuditQuery(count: 9, since: Timestamp.now.advanced(by: .seconds(3600)))) == [])
        #expect(try numbers(AuditQuery(count: 99, since: Timestamp.now.advanced(by: .seconds(-3600)))).count == 25)
        #expect(try AuditQuery(count: 5).records(in: folder.path + "/none").records == [])
    }

    @Test("what stands before a fault is shown, with the fault")
    func broken() async throws {
        let ledger = AuditLedger(path: path)
        for _ in 0..<3 { try await ledger.append(AuditFixture.event()) }
        var lines = try AuditFixture.lines(path)
        lines[1] = lines[1].split(separator: "orders", maxSplits: 1).joined(separator: "others")
        try folder.write("audit.jsonl", lines.joined(separator: "\n") + "\n")
        let (records, verification) = try AuditQuery(count: 9).records(in: path)
        #expect(records.map(\.sequence) == [0])
        #expect(verification == .edited(line: 2))
    }

    @Test("a table of records shows what a terminal would obey, and obeys nothing")
    func table() throws {
        let row = AuditRecordRow(try record { $0.reason = "fine\u{1b}]0;owned\u{7}" })
        let table = text(ListOutput.all([row], .table))
        #expect(table.contains("fine^[]0;owned^G INC-4711"))
        #expect(table.contains("3 planned, 2 done, 0 failed, 1 unknown"))
        #expect(!table.utf8.contains(0x1b))
        #expect(text(ListOutput.all([row], .jsonl)) == text(row.record.line) + "\n")
    }

    @Test("JSONL is the ledger's own lines, which can be verified elsewhere")
    func jsonl() async throws {
        let ledger = AuditLedger(path: path)
        for _ in 0..<3 { try await ledger.append(AuditFixture.event()) }
        var exported: [UInt8] = []
        try AuditLedger.verify(path) { exported += AuditExport.jsonl.line($0) }
        #expect(exported == (try AuditFixture.bytes(path)))
        #expect(AuditVerification.of(exported).isValid)
    }

    @Test(
        "a cell of CSV is quoted, calculates nothing and controls nothing",
        arguments: [
            ("plain", #""plain""#), ("", #""""#), (#"say "hi""#, #""say ""hi""""#), ("a,b;c", #""a,b;c""#), ("a\nb", #""a^Jb""#),
            ("a\r\nb", #""a^M^Jb""#), ("=1+1", #""'=1+1""#), ("+1", #""'+1""#), ("-1", #""'-1""#), ("@SUM(A1)", #""'@SUM(A1)""#),
            ("  =1", #""'  =1""#), ("\t=1", #""^I=1""#), ("|calc", #""'|calc""#), ("%0a", #""'%0a""#), ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("=HYPERLINK(\"http://x\")", #""'=HYPERLINK(""http://x"")""#), ("\"=1", #""""=1""#), ("a=1", #""a=1""#),
            ("\u{202e}=1", #""U+202E=1""#), ("\u{1b}[31m", #""^[[31m""#), ("'=1", #""'=1""#),
        ])
    func cells(text: String, expected: String) { #expect(AuditCSV.cell(text) == expected) }

    @Test("a line of CSV has a cell for every heading")
    func csv() throws {
        let heading = text(AuditExport.csv.heading)
        #expect(heading.hasPrefix(#""seq","time","type","actor","#) && heading.hasSuffix("\"hash\"\r\n"))
        let line = text(AuditExport.csv.line(try record()))
        #expect(line.hasPrefix(#"0,"2026-11-26T03:04:05.678Z","message.redrive.intended","alice","a11ce000"#))
        #expect(line.contains(#",3,2,0,1,,"8a6f_G1_B7","1f0c","#))
        #expect(line.filter { $0 == "," }.count == heading.filter { $0 == "," }.count)
    }

    /// The attributes that class 6003 of OCSF 1.3.0 and its objects require.
    private func checkRequired(_ event: JSONValue) {
        for name in ["activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id"] {
            #expect(event[name]?.integer != nil, "\(name)")
        }
        #expect(event["category_uid"]?.integer == 6)
        #expect(event["class_uid"]?.integer == 6003)
        #expect(event["type_uid"]?.integer == 600_300 + (event["activity_id"]?.integer ?? -1))
        #expect(event["metadata"]?["version"]?.text == "1.3.0")
        #expect(event["metadata"]?["product"]?["vendor_name"]?.text == "Callboard")
        #expect(event["metadata"]?["product"]?["name"]?.text == "Callboard")
        #expect(event["api"]?["operation"]?.text?.isEmpty == false)
        #expect(event["actor"]?["user"]?["name"]?.text?.isEmpty == false)
        #expect(event["src_endpoint"]?["hostname"]?.text?.isEmpty == false)
    }

    @Test("an OCSF event has what its class requires, for every action and stage")
    func ocsf() throws {
        for action in PolicyAction.allCases {
            for stage in AuditEvent.Stage.allCases {
                let line = AuditExport.ocsf.line(
                    try record {
                        $0.action = action
                        $0.stage = stage
                    })
                checkRequired(try JSONValueReader.value(of: Array(line.dropLast())))
            }
        }
    }

    @Test("an OCSF event says who, what, where, how it went, and keeps the rest unmapped")
    func ocsfContent() throws {
        let line = AuditExport.ocsf.line(try record { $0.stage = .failed })
        let event = try JSONValueReader.value(of: Array(line.dropLast()))
        #expect(event["activity_id"]?.integer == 3)
        #expect(event["status_id"]?.integer == 2)
        #expect(event["time"]?.integer == AuditFixture.time.milliseconds)
        #expect(event["actor"]?["user"]?["uid"]?.text == "a11ce000-0000-4000-8000-000000000001")
        #expect(
            event["resources"]?.elements?.compactMap { $0["name"]?.text } == ["orders/$deadletterqueue", "events/Subscriptions/billing"])
        #expect(event["metadata"]?["correlation_uid"]?.text == "job-1")
        #expect(event["unmapped"]?["rule"]?.text == "redrive-own")
        #expect(event["unmapped"]?["counts"]?["unknown"]?.integer == 1)
        #expect(event["unmapped"]?["hash"] == nil)
    }

    @Test("a record of others, without our fields, is exported too")
    func foreign() throws {
        let record = AuditRecord(
            sequence: 3, time: AuditFixture.time, type: "secret.rotated", [.init("subject", .text("orders/app"))], after: AuditRecord.noHash
        )
        checkRequired(try JSONValueReader.value(of: Array(AuditExport.ocsf.line(record).dropLast())))
        #expect(text(AuditExport.csv.line(record)).contains(#""orders/app""#))
    }

    @Test("a checkpoint is one line of JSON, written for its owner alone and read again")
    func checkpoint() async throws {
        let ledger = AuditFixture.ledger(path)
        let record = try await ledger.append(AuditFixture.event())
        let checkpoint = try await ledger.checkpoint()
        #expect(text(checkpoint.bytes) == #"{"size":1,"head":"\#(record.hash)","time":"2026-11-26T03:04:05.678Z"}"# + "\n")
        let file = folder.path + "/checkpoint.json"
        try checkpoint.write(to: file)
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
        #expect(try AuditCheckpoint(file: file) == checkpoint)
        for bad in ["{}", #"{"size":-1,"head":"x"}"#, #"{"size":1,"head":"abc"}"#, "x"] {
            #expect(throws: OperatorError.self) { try AuditCheckpoint(parsing: Array(bad.utf8), file: "c") }
        }
    }
}
