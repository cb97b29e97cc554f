import AMQP
import Foundation
import NIOCore
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Output")
struct OutputTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        body(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func parsed(_ bytes: [UInt8]) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    }

    // MARK: JSON

    @Test("objects, arrays and values are separated as JSON wants")
    func structure() {
        let text = written { json in
            json.object { json in
                json.member("a", [])
                json.key("b")
                json.array { json in
                    json.object { _ in }
                    json.null()
                    json.bool(true)
                    json.array { $0.integer(1) }
                }
                json.member("c", nil as String?)
                json.member("d", false)
            }
        }
        #expect(text == #"{"a":[],"b":[{},null,true,[1]],"c":null,"d":false}"#)
    }

    @Test(
        "whole numbers beyond 2^53 are strings",
        arguments: [
            (0, "0"), (-1, "-1"), (9_007_199_254_740_992, "9007199254740992"), (9_007_199_254_740_993, "\"9007199254740993\""),
            (-9_007_199_254_740_993, "\"-9007199254740993\""), (.max, "\"9223372036854775807\""), (.min, "\"-9223372036854775808\""),
        ] as [(Int64, String)])
    func integers(value: Int64, expected: String) {
        #expect(written { $0.exactInteger(value) } == expected)
    }

    @Test(
        "numbers stay numbers; what JSON lacks is a string",
        arguments: [
            (0.5, "0.5"), (3, "3.0"), (1e300, "1e+300"), (-0.0, "-0.0"), (.nan, "\"NaN\""), (.infinity, "\"Infinity\""),
            (-.infinity, "\"-Infinity\""),
        ]
            as [(Double, String)])
    func numbers(value: Double, expected: String) {
        #expect(written { $0.number(value) } == expected)
    }

    @Test(
        "texts are escaped for parsers and for terminals",
        arguments: [
            ("plain größer 漢字 🙂", "plain größer 漢字 🙂"), ("\"\\/", #"\"\\/"#), ("\n\r\t\u{0}\u{1b}[31m", #"\n\r\t\u0000\u001b[31m"#),
            ("\u{7f}\u{85}\u{9b}", #"\u007f\u0085\u009b"#),
            ("\u{202e}\u{2066}\u{200b}\u{200d}\u{feff}\u{ad}\u{2028}", #"\u202e\u2066\u200b\u200d\ufeff\u00ad\u2028"#),
            ("\u{e0041}", #"\udb40\udc41"#), ("é\u{301}", "é\u{301}"), ("", ""),
        ])
    func escaping(text: String, expected: String) throws {
        let json = written { $0.text(text) }
        #expect(json == "\"" + expected + "\"")
        #expect(try parsed(Array(json.utf8)) as? String == text)
    }

    @Test("every character comes back from a parser as it was")
    func everyCharacter() throws {
        var text = ""
        for value in stride(from: UInt32(0), through: 0x10ffff, by: 13) {
            if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
        }
        for value in UInt32(0)...0x2100 {
            if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
        }
        let back = try parsed(Array(written { $0.text(text) }.utf8)) as? String
        #expect(back?.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
    }

    @Test(
        "a character is escaped wherever it stands in a longer text",
        arguments: ["\"", "\\", "\u{1f}", "\u{0}", "\u{7f}", "\u{85}", "é", "漢"])
    func everyPlace(character: String) throws {
        for length in [1, 7, 8, 31, 32, 33, 64, 100] {
            for place in 0..<length {
                let text = String(repeating: "~", count: place) + character + String(repeating: " ", count: length - 1 - place)
                let json = written { $0.text(text) }
                #expect(try parsed(Array(json.utf8)) as? String == text)
                #expect(json.count == written { $0.text(character) }.count + length - 1)
            }
        }
    }

    @Test(
        "bytes that are no UTF-8, lone surrogates among them, are base64",
        arguments: [[0xed, 0xa0, 0x80], [0xff], [0x80, 0x41]] as [[UInt8]])
    func loneSurrogates(bytes: [UInt8]) throws {
        let message = try Messages.make(1) { $0.body = .data([ByteBuffer(bytes: bytes)]) }
        let body = try #require(try object(MessageRecord(message))["body"] as? [String: Any])
        #expect(body["encoding"] as? String == "base64")
        #expect((body["text"] as? String).flatMap { Data(base64Encoded: $0) } == Data(bytes))
    }

    @Test("a body is base64 wherever in it the byte stands that is no UTF-8", arguments: [1, 15, 16, 17, 40])
    func invalidAnywhere(length: Int) throws {
        for place in 0..<length {
            var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: length)
            bytes[place] = 0xff
            let message = try Messages.make(1) { $0.body = .data([ByteBuffer(bytes: bytes)]) }
            let body = try #require(try object(MessageRecord(message))["body"] as? [String: Any])
            #expect(body["encoding"] as? String == "base64")
            #expect((body["text"] as? String).flatMap { Data(base64Encoded: $0) } == Data(bytes))
        }
    }

    @Test("a body in two sections is written as the same body in one", arguments: ["größer \"\u{202e}", "\u{1b}[2J", ""])
    func sections(text: String) throws {
        let bytes = Array(text.utf8)
        let one = try Messages.make(1) { $0.body = .data([ByteBuffer(bytes: bytes)]) }
        let two = try Messages.make(1) { $0.body = .data([ByteBuffer(bytes: bytes.prefix(3)), ByteBuffer(bytes: bytes.dropFirst(3))]) }
        let written = try object(MessageRecord(one))["body"] as? [String: Any]
        #expect(written?["text"] as? String == text && written?["sizeBytes"] as? Int == bytes.count)
        #expect(
            NSDictionary(dictionary: try object(MessageRecord(two))["body"] as? [String: Any] ?? [:])
                == written.map { NSDictionary(dictionary: $0) })
    }

    @Test("base64 is that of RFC 4648", arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64(text: String, expected: String) {
        #expect(Base64Text.of(Array(text.utf8)) == expected)
        #expect(Base64Text.of([0xfb, 0xff]) == "+/8=")
    }

    // MARK: Messages

    private func object(_ record: some OutputRecord) throws -> [String: Any] {
        var json = JSONWriter()
        record.write(to: &json)
        return try #require(try parsed(json.bytes) as? [String: Any])
    }

    private static let messageNames = [
        "sequenceNumber", "enqueuedSequenceNumber", "messageId", "correlationId", "sessionId", "partitionKey", "subject", "to", "replyTo",
        "replyToSessionId", "contentType", "contentEncoding", "timeToLiveMilliseconds", "enqueuedTime", "expiresAt",
        "scheduledEnqueueTime", "deliveryCount", "state", "deadLetterReason", "deadLetterErrorDescription", "deadLetterSource",
        "applicationProperties",
    ]

    @Test("a message has exactly the names scripts rely on, and no body when it was not asked for")
    func names() throws {
        let message = try Messages.make(1, body: "x")
        #expect(Set(try object(MessageRecord(message)).keys) == Set(Self.messageNames + ["body"]))
        #expect(Set(try object(MessageRecord(message, isHeadersOnly: true)).keys) == Set(Self.messageNames))
        #expect(Set(try object(MessageRecord(try Messages.make(1))).keys) == Set(Self.messageNames))
    }

    @Test("a message's values are those of the message, with times in RFC 3339")
    func values() throws {
        let message = try Messages.make(.max, id: "m", subject: "s", body: #"{"a":1}"#) { content in
            content.header = Header(ttl: 60_000, deliveryCount: 3)
            content.messageAnnotations = AMQPMap([
                .init(key: .symbol("x-opt-sequence-number"), value: .long(.max)),
                .init(key: .symbol("x-opt-enqueue-sequence-number"), value: .long(7)),
                .init(key: .symbol("x-opt-enqueued-time"), value: .timestamp(1_795_000_000_114)),
                .init(key: .symbol("x-opt-partition-key"), value: .string("emea")),
                .init(key: .symbol("x-opt-deadletter-source"), value: .string("orders")),
                .init(key: .symbol("x-opt-message-state"), value: .int(1)),
            ])
            content.properties?.groupID = "session"
            content.properties?.contentType = "application/json"
            content.applicationProperties = AMQPMap([
                .init(key: .string("DeadLetterReason"), value: .string("Timeout\u{1b}")),
                .init(key: .string("DeadLetterErrorDescription"), value: .string("took 30012ms")),
                .init(key: .string("attempt"), value: .int(3)), .init(key: .string("big"), value: .long(.max)),
                .init(key: .string("ratio"), value: .double(.nan)), .init(key: .string("ok"), value: .boolean(true)),
                .init(key: .string("raw"), value: .binary(ByteBuffer(bytes: [0, 255]))), .init(key: .string("none"), value: .null),
            ])
        }
        let found = try object(MessageRecord(message))
        #expect(found["sequenceNumber"] as? String == "9223372036854775807")
        #expect(found["enqueuedSequenceNumber"] as? Int == 7)
        #expect(found["enqueuedTime"] as? String == "2026-11-18T11:06:40.114Z")
        #expect(found["expiresAt"] as? String == "2026-11-18T11:07:40.114Z")
        #expect(found["timeToLiveMilliseconds"] as? Int == 60_000)
        #expect(found["deliveryCount"] as? Int == 3)
        #expect(found["state"] as? String == "deferred")
        #expect(found["sessionId"] as? String == "session")
        #expect(found["partitionKey"] as? String == "emea")
        #expect(found["contentType"] as? String == "application/json")
        #expect(found["deadLetterReason"] as? String == "Timeout\u{1b}")
        #expect(found["deadLetterErrorDescription"] as? String == "took 30012ms")
        #expect(found["deadLetterSource"] as? String == "orders")
        #expect(found["correlationId"] is NSNull)
        let properties = try #require(found["applicationProperties"] as? [String: [String: Any]])
        #expect(properties["attempt"]?["type"] as? String == "int")
        #expect(properties["attempt"]?["value"] as? Int == 3)
        #expect(properties["big"]?["value"] as? String == "9223372036854775807")
        #expect(properties["ratio"]?["value"] as? String == "NaN")
        #expect(properties["ok"]?["value"] as? Bool == true)
        #expect(properties["raw"]?["value"] as? String == "AP8=")
        #expect(properties["none"]?["value"] is NSNull)
        let body = try #require(found["body"] as? [String: Any])
        #expect(body["kind"] as? String == "data")
        #expect(body["encoding"] as? String == "utf-8")
        #expect(body["text"] as? String == #"{"a":1}"#)
        #expect(body["sizeBytes"] as? Int == 7)
    }

    @Test("bodies of every kind are shown as what they are")
    func bodies() throws {
        func body(_ body: Body) throws -> [String: Any]? {
            try object(MessageRecord(try Messages.make(1) { $0.body = body }))["body"] as? [String: Any]
        }
        #expect(try body(.data([ByteBuffer()]))?["text"] as? String == "")
        #expect(try body(.data([ByteBuffer(string: "a"), ByteBuffer(string: "b")]))?["text"] as? String == "ab")
        #expect(try body(.value(.string("t")))?["text"] as? String == "t")
        #expect(try body(.value(.map(AMQPMap([.init(key: .string("n"), value: .long(1))]))))?["text"] as? String == #"{"n":1}"#)
        #expect(try body(.value(.binary(ByteBuffer(bytes: [255]))))?["text"] as? String == "/w==")
        let sequence = try body(.sequence([[.int(1), .string("two")], [.boolean(true)]]))
        #expect(sequence?["kind"] as? String == "sequence")
        #expect(sequence?["text"] as? String == #"[1,"two",true]"#)
    }

    // MARK: Entities and services

    @Test("an entity's counts are null where the service gave none")
    func entities() throws {
        var entity = EntityDescription(path: try .subscription(topic: "t", name: "s"), kind: .subscription)
        entity.settings = [.init(name: "LockDuration", value: "PT1M"), .init(name: "LockDuration", value: "again")]
        entity.lockDuration = .seconds(60)
        let asOf = Timestamp(milliseconds: 0)
        var found = try object(EntityRecord(entity, asOf: asOf))
        #expect(found["path"] as? String == "t/s")
        #expect(found["counts"] is NSNull)
        #expect(found["asOf"] as? String == "1970-01-01T00:00:00.000Z")
        #expect(found["settings"] == nil)
        entity.counts = EntityCounts(active: 1, deadLetter: 2, scheduled: 3, transfer: 4, transferDeadLetter: 5)
        let ownership = EntityOwnership(services: ["component:default/a"], owner: "team", onCall: "R. Osei")
        found = try object(EntityRecord(entity, asOf: asOf, ownership: ownership, isDetailed: true))
        #expect(
            found["counts"] as? [String: Int] == ["active": 1, "deadLetter": 2, "scheduled": 3, "transfer": 4, "transferDeadLetter": 5])
        #expect(found["owner"] as? String == "team")
        #expect(found["services"] as? [String] == ["component:default/a"])
        #expect(found["lockDurationMilliseconds"] as? Int == 60_000)
        #expect(found["defaultTimeToLiveMilliseconds"] is NSNull)
        #expect(found["settings"] as? [String: String] == ["LockDuration": "PT1M"])
        let text = String(
            decoding: EntityRecord(entity, asOf: asOf, ownership: ownership).description(now: Timestamp(milliseconds: 4500)), as: UTF8.self)
        #expect(text.contains("dead letters   2\n"))
        #expect(text.contains("1970-01-01T00:00:00.000Z (4 s ago)"))
        #expect(text.contains("LockDuration   PT1M\n"))
    }

    @Test("a service's counts are null with the reason where they are not known")
    func services() throws {
        let service = ServiceSummary(ref: "component:default/a", name: "a", owner: "team", entities: [try EntityPath.queue("q")])
        let known = BoardRow(
            service: service, deadLetters: .known(2, at: Timestamp(milliseconds: 0)),
            transferDeadLetters: .known(0, at: Timestamp(milliseconds: 0)),
            active: .known(1, at: Timestamp(milliseconds: 0)), scheduled: .known(0, at: Timestamp(milliseconds: 0)), health: .ill)
        var found = try object(ServiceRecord(known))
        #expect(found["counts"] as? [String: Int] == ["active": 1, "deadLetter": 2, "scheduled": 0, "transferDeadLetter": 0])
        #expect(found["health"] as? String == "ill")
        #expect(found["entities"] as? [String] == ["q"])
        #expect(found["countsUnknown"] == nil)
        found = try object(ServiceRecord(BoardRow(service: service, deadLetters: .notPermitted(needs: "Manage"))))
        #expect(found["counts"] is NSNull)
        #expect(found["countsUnknown"] as? String == "not permitted (needs Manage)")
        let table = ListOutput.all([ServiceRecord(BoardRow(service: service, deadLetters: .notPermitted(needs: "Manage")))], .table)
        #expect(String(decoding: table, as: UTF8.self).contains("✕"))
    }

    // MARK: Lists

    private struct Pair: OutputRecord {
        static let columns = [OutputColumn("name"), OutputColumn("count", isNumeric: true), OutputColumn("note")]
        var name: String
        var count: Int
        var note = ""
        func write(to row: inout TableRow) {
            row.cell(name)
            row.cell(Int64(count))
            row.cell(note)
        }
        func write(to json: inout JSONWriter) {
            json.object { json in
                json.member("name", name)
                json.member("count", Int64(count))
            }
        }
    }

    private func text(_ records: [Pair], _ format: OutputFormat, columns: Int? = nil) -> String {
        String(decoding: ListOutput.all(records, format, columns: columns), as: UTF8.self)
    }

    @Test("JSON is one array, JSON lines one object a line")
    func lists() {
        let pairs = [Pair(name: "a", count: 1), Pair(name: "b\n", count: 2)]
        #expect(text(pairs, .json) == "[\n{\"name\":\"a\",\"count\":1},\n{\"name\":\"b\\n\",\"count\":2}\n]\n")
        #expect(text(pairs, .jsonl) == "{\"name\":\"a\",\"count\":1}\n{\"name\":\"b\\n\",\"count\":2}\n")
        #expect(text([], .json) == "[]\n")
        #expect(text([], .jsonl) == "")
    }

    @Test("records are written one by one, not at the end")
    func streaming() {
        func flushed(_ output: inout ListOutput<Pair>) -> String {
            var bytes: [UInt8] = []
            output.flush { bytes.append(contentsOf: $0) }
            return String(decoding: bytes, as: UTF8.self)
        }
        var output = ListOutput<Pair>(.jsonl)
        output.append(Pair(name: "a", count: 1))
        #expect(flushed(&output) == "{\"name\":\"a\",\"count\":1}\n")
        #expect(flushed(&output).isEmpty)
        var table = ListOutput<Pair>(.table)
        for index in 0..<ListOutput<Pair>.sample - 1 { table.append(Pair(name: "a", count: index)) }
        #expect(flushed(&table).isEmpty)
        table.append(Pair(name: "a", count: 1))
        #expect(flushed(&table).split(separator: "\n").count == ListOutput<Pair>.sample + 1)
        table.append(Pair(name: "b", count: 1))
        #expect(flushed(&table) == "b         1\n")
        table.finish()
        #expect(flushed(&table).isEmpty)
    }

    @Test("a table is aligned, by columns and not by characters")
    func table() {
        let table = text(
            [Pair(name: "漢字", count: 7, note: "x"), Pair(name: "e\u{301}", count: 50_012), Pair(name: "abc🙂", count: 1)], .table)
        #expect(table == "NAME   COUNT  NOTE\n漢字       7  x\ne\u{301}      50012\nabc🙂      1\n")
        #expect(text([], .table) == "NAME  COUNT  NOTE\n")
    }

    @Test("a table shows what would drive the terminal, and is cut to its width")
    func hostile() {
        let table = text([Pair(name: "\u{1b}]0;owned\u{7}", count: 1, note: "a\r\nb\u{202e}c\u{9b}\u{200b}\u{7f}")], .table)
        #expect(table.contains("^[]0;owned^G"))
        #expect(table.contains("a^M^JbU+202EcU+009BU+200B^?"))
        #expect(table.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.properties.generalCategory != .format })
        let cut = text([Pair(name: String(repeating: "漢", count: 30), count: 1)], .table, columns: 20)
        #expect(cut.split(separator: "\n").allSatisfy { VisibleText.width(String($0)) <= 20 })
        #expect(cut.contains("漢…"))
    }
}
