import AMQP
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Message table")
struct MessageTableTests {
    private func row(_ number: Int64, id: String? = nil, subject: String? = nil, reason: String? = nil) -> MessageTable.Row {
        MessageTable.Row(
            sequenceNumber: SequenceNumber(number), enqueuedTime: Timestamp(milliseconds: number & 0xffff_ffff), messageID: id,
            subject: subject,
            deadLetterReason: reason, deliveryCount: 10, state: .active, encodedSize: 700)
    }

    @Test(
        "gives back what was put in",
        arguments: [
            "8f0e1c2d-3b4a-4f6e-9a55-2f1d8c3ba21c", "8F0E1C2D-3B4A-4F6E-9A55-2F1D8C3BA21C", "8f0e1c2d3b4a4f6e9a552f1d8c3ba21c",
            "8F0E1C2D3B4A4F6E9A552F1D8C3BA21C", "8f0E1c2d-3b4a-4f6e-9a55-2f1d8c3ba21c", "00000000-0000-0000-0000-000000000000",
            "8f0e1c2d-3b4a-4f6e-9a55-2f1d8c3ba21", "8f0e1c2d_3b4a-4f6e-9a55-2f1d8c3ba21c", "order-88213", "", "größer 漢字",
        ])
    func roundTrip(id: String) throws {
        var table = MessageTable()
        let rows = [
            row(.min, id: id, subject: id, reason: id),
            MessageTable.Row(sequenceNumber: SequenceNumber(.max)),
            MessageTable.Row(sequenceNumber: SequenceNumber(0), deliveryCount: 65_535, state: .deferred, encodedSize: 100 << 20),
            MessageTable.Row(sequenceNumber: SequenceNumber(1), state: .scheduled),
            MessageTable.Row(sequenceNumber: SequenceNumber(2), state: .other(7)),
        ]
        for row in rows { table.append(row) }
        #expect((0..<table.count).map { table.row(at: $0) } == rows)
        #expect(table.row(at: -1) == nil)
        #expect(table.row(at: 5) == nil)
    }

    @Test("numbers out of range are held at the edge instead of trapping")
    func clamping() {
        var table = MessageTable()
        table.append(
            MessageTable.Row(sequenceNumber: SequenceNumber(1), deliveryCount: .max, state: .other(.min), encodedSize: .max))
        table.append(MessageTable.Row(sequenceNumber: SequenceNumber(1), deliveryCount: -1, state: .other(.max), encodedSize: -1))
        #expect(table.row(at: 0)?.deliveryCount == 65_535)
        #expect(table.row(at: 0)?.encodedSize == Int(UInt32.max))
        #expect(table.row(at: 1)?.deliveryCount == 0)
    }

    @Test("long texts are cut between characters")
    func longTexts() {
        var table = MessageTable()
        let text = String(repeating: "漢", count: 1000)
        table.append(row(1, id: text, subject: text))
        #expect(table.row(at: 0)?.messageID == String(repeating: "漢", count: 85))
        #expect(table.row(at: 0)?.subject == String(repeating: "漢", count: 85))
    }

    @Test("when no two subjects are alike the pool stays bounded and nothing is lost")
    func unlikeSubjects() {
        var table = MessageTable()
        for number in 0..<10_000 { table.append(row(Int64(number), subject: "subject \(number)", reason: "r")) }
        #expect((0..<10_000).allSatisfy { table.row(at: $0)?.subject == "subject \($0)" })
        #expect(table.row(at: 9_999)?.deadLetterReason == "r")
    }

    @Test("a message is found by its number, in order or not")
    func lookUp() {
        var table = MessageTable()
        for number in (0..<10_000).reversed() { table.append(row(Int64(number) * 3)) }
        #expect(table.index(of: SequenceNumber(0)) == 9_999)
        #expect(table.index(of: SequenceNumber(29_997)) == 0)
        #expect(table.index(of: SequenceNumber(1)) == nil)
        #expect(table.sequenceNumber(at: 1) == SequenceNumber(29_994))
        #expect(table.sequenceNumber(at: 10_000) == nil)
    }

    @Test("rows are filtered by their texts and numbers")
    func filter() {
        var table = MessageTable()
        table.append(row(12, id: "8f0e1c2d-3b4a-4f6e-9a55-2f1d8c3ba21c", subject: "OrderPlaced", reason: "Timeout"))
        table.append(row(123, id: "order-12", subject: "OrderPaid"))
        table.append(row(9, subject: nil))
        #expect(table.indices(matching: "") == [0, 1, 2])
        #expect(table.indices(matching: "orderP") == [0, 1])
        #expect(table.indices(matching: "PLACED") == [0])
        #expect(table.indices(matching: "timeout") == [0])
        #expect(table.indices(matching: "9A55") == [0])
        #expect(table.indices(matching: "12") == [0, 1])
        #expect(table.indices(matching: "#123") == [1])
        #expect(table.indices(matching: "none") == [])
    }

    @Test("a snapshot stays as it was while the table grows")
    func snapshot() {
        var table = MessageTable()
        for number in 0..<5_000 { table.append(row(Int64(number), subject: "a")) }
        let snapshot = table
        for number in 5_000..<9_000 { table.append(row(Int64(number), subject: "b")) }
        #expect(snapshot.count == 5_000)
        #expect(snapshot.row(at: 4_999)?.subject == "a")
        #expect(table.row(at: 8_999)?.subject == "b")
    }

    @Test("reads the headers of a peeked message")
    func fromMessage() throws {
        var table = MessageTable()
        table.append(contentsOf: [
            try Messages.make(42, id: "m", subject: "s", reason: "r") { content in
                content.header = Header(deliveryCount: 3)
                content.messageAnnotations.pairs.append(.init(key: .symbol("x-opt-message-state"), value: .int(2)))
            }
        ])
        let row = try #require(table.row(at: 0))
        #expect(row.sequenceNumber == SequenceNumber(42))
        #expect(row.enqueuedTime == Timestamp(milliseconds: 1_795_000_000_042))
        #expect([row.messageID, row.subject, row.deadLetterReason] == ["m", "s", "r"])
        #expect(row.deliveryCount == 3)
        #expect(row.state == .scheduled)
        #expect(row.encodedSize > 50)
    }

    @Test("100,000 rows take less than 8 MB, with ids that are UUIDs and with ids that are not")
    func size() {
        let reasons = ["MaxDeliveryCountExceeded", "TTLExpiredException", "ValidationFailed: $.lines[0].sku is empty"]
        var uuids = MessageTable()
        var texts = MessageTable()
        for number in 0..<100_000 {
            let hex = String(number, radix: 16)
            let id = "8f0e1c2d-3b4a-4f6e-9a55-" + String(repeating: "0", count: 12 - hex.utf8.count) + hex
            uuids.append(row(Int64(number), id: id, subject: "OrderPlaced\(number % 40)", reason: reasons[number % 3]))
            texts.append(row(Int64(number), id: "order-\(number)-emea-west-1", subject: "OrderPlaced", reason: reasons[number % 3]))
        }
        #expect(uuids.sizeInBytes < 6_000_000)
        #expect(texts.sizeInBytes < 8_000_000)
    }
}
