import AMQP
import NIOCore
import Testing

@testable import Sandbox

@Suite struct DemoEstateTests {
    /// Made once for all: seeding is the expensive part.
    private static func populated(seed: UInt64 = 1) throws -> Broker {
        let broker = Broker(namespace: DemoEstate.namespace, seed: 1) { 1_795_400_000_000 }
        try DemoEstate.populate(broker, seed: seed)
        return broker
    }

    private func isGUID(_ text: String?) -> Bool { text.flatMap { UUIDBytes($0) } != nil }

    private func all(_ broker: Broker, _ address: String) throws -> [Delivery] {
        let queue = try broker.queue(at: BrokerFixture.address(address))
        var deliveries: [Delivery] = []
        while true {
            let page = try queue.peek(from: (deliveries.last?.sequenceNumber ?? 0) + 1, maxCount: 250)
            if page.isEmpty { return deliveries }
            deliveries += page
        }
    }

    @Test func theEstateIsWhatItSaysOnTheTin() throws {
        let broker = try Self.populated()
        let snapshots = broker.snapshots()
        #expect(snapshots.count == 30)
        let orders = try broker.snapshot(of: "orders")
        #expect(orders.counts == .init(active: 1830, deadLetter: 50_012))
        #expect(try broker.snapshot(of: "shipments").counts == .init(transferDeadLetter: 17))
        #expect(try broker.snapshot(of: "invoices").counts == .init(active: 12, deadLetter: 188))
        #expect(try broker.snapshot(of: "cart-abandoned").counts == .init(scheduled: 64))
        #expect(try broker.snapshot(of: "emails").counts == .init(active: 402, deadLetter: 12))

        // The dead letters of orders: five causes, numbers rising with time, all readable.
        let dead = try all(broker, "orders/$deadletterqueue")
        #expect(dead.count == 50_012)
        #expect(zip(dead, dead.dropFirst()).allSatisfy { $0.sequenceNumber < $1.sequenceNumber && $0.enqueuedTime <= $1.enqueuedTime })
        var causes: [String: Int] = [:]
        for delivery in dead {
            let properties = try #require(try Message(delivery.bare).applicationProperties)
            let description = properties["DeadLetterErrorDescription"]?.text ?? ""
            #expect(!description.contains("~") && !description.contains("_"))
            #expect(isGUID(try Message(delivery.bare).properties?.messageID?.text))
            causes[String(description.prefix(12)), default: 0] += 1
        }
        #expect(causes["TimeoutExcep"] == 48_110)
        #expect(causes["SqlException"] == 1402)
        #expect(causes["The message "] == 75)
        #expect(causes.filter { $0.key.hasPrefix("$.lines[") }.values.reduce(0, +) == 388)
        let sample = try #require(dead.last)
        #expect(sample.deliveryCount == 10)
        #expect(try sample.property("attempt") == .int(3))
        #expect(try sample.text.hasPrefix(#"{"orderId":"#))
        #expect(try !sample.text.contains("~"))

        // Every message of the estate can be decoded, whatever is in it.
        var bodies: Set<Message.BodyKind> = []
        for snapshot in snapshots where snapshot.path != "orders" {
            for suffix in ["", "/$deadletterqueue", "/$transfer/$deadletterqueue"] {
                guard let deliveries = try? all(broker, snapshot.path + suffix) else { continue }
                for delivery in deliveries {
                    var buffer = ByteBuffer()
                    delivery.write(into: &buffer)
                    let message = try Message(buffer)
                    #expect(message.properties?.messageID != nil)
                    bodies.insert(message.bodyKind)
                }
            }
        }
        #expect(bodies == [.none, .data, .value, .sequence])
        #expect(try all(broker, "central-dead-letters").first?.decoded.messageAnnotations["x-opt-deadletter-source"] == "sms")
        #expect(try all(broker, "pick-lists").filter { $0.state == .deferred }.count == 3)

        // One order can be followed through five of them, dead in one.
        var followed: [String] = []
        for snapshot in snapshots {
            for suffix in ["", "/$deadletterqueue"] {
                let bears = try? all(broker, snapshot.path + suffix).contains { delivery in
                    try delivery.decoded.properties?.correlationID == .string(DemoEstate.FollowedOrder.correlationID)
                }
                if bears == true { followed.append(snapshot.path + suffix) }
            }
        }
        #expect(
            followed == [
                "invoices", "order-events/Subscriptions/billing", "order-events/Subscriptions/search-index", "orders/$deadletterqueue",
                "payment-events/Subscriptions/fraud",
            ])

        // Two messages attack whoever shows them.
        let emails = try all(broker, "emails/$deadletterqueue")
        let body = try #require(try emails.first { try $0.decoded.properties?.messageID == .string(DemoEstate.hostileBodyID) })
        #expect(try body.text.contains("\u{1b}]52;c;"))
        let reason = try #require(try emails.first { try $0.decoded.properties?.messageID == .string(DemoEstate.hostileReasonID) })
        #expect(try reason.property("DeadLetterReason")?.text?.contains("\u{1b}[8m") == true)

        // The service works on: what waits can be received.
        let queue = try broker.queue(at: BrokerFixture.address("orders"))
        let received = try #require(try queue.receive(maxCount: 1, mode: .peekLock).first)
        try queue.settle(received.token, .complete)
        let sent = try broker.send(BrokerFixture.message("new"), to: BrokerFixture.address("orders"))
        #expect(try #require(sent) > sample.sequenceNumber)
    }

    @Test func theCatalogueNamesItsServicesAndTheirEntities() throws {
        let yaml = DemoEstate.catalogueYAML
        #expect(yaml.split(separator: "---\n").count == 34)
        #expect(yaml.components("kind: Component") == 12)
        #expect(yaml.components("kind: Group") == 5)
        let broker = Broker { 1_795_400_000_000 }
        try DemoEstate.populate(broker)
        let unowned = broker.snapshots().map { $0.path.replacing("/Subscriptions", with: "") }.filter { path in
            !yaml.contains(path)
        }
        #expect(unowned == ["central-dead-letters", "legacy-import", "tmp-replay"])
    }
}

extension String {
    /// How often a text occurs.
    fileprivate func components(_ text: String) -> Int { ranges(of: text).count }
}

@Suite struct StoredGzipTests {
    @Test func theChecksumIsThatOfTheStandard() {
        #expect(StoredGzip.checksum(Array("123456789".utf8)) == 0xcbf4_3926)
    }

    @Test func aFileHasBlocksOfAtMost65535BytesAndEndsWithItsLength() {
        let data = [UInt8](repeating: 7, count: 70_000)
        let file = StoredGzip.file(of: data)
        #expect(file.count == 10 + 2 * 5 + 70_000 + 8)
        #expect(file.prefix(3) == [0x1f, 0x8b, 8])
        #expect(file[10...14] == [0, 0xff, 0xff, 0, 0])
        #expect(file.suffix(4) == [0x70, 0x11, 0x01, 0])
        #expect(StoredGzip.file(of: []).count == 10 + 5 + 8)
    }
}

@Suite struct LegacyStringTests {
    @Test func itBeginsAsTheOldClientWroteIt() {
        let body = LegacyString.body("hello")
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.hasPrefix("@\u{06}string\u{08}3http://schemas.microsoft.com/2003/10/Serialization/"))
        #expect(body.suffix(7) == [0x99, 5] + Array("hello".utf8))
        #expect(LegacyString.body(String(repeating: "x", count: 300)).dropLast(300).suffix(3) == [0x9b, 0x2c, 0x01])
    }
}

@Suite struct MessageTemplateTests {
    @Test func slotsAreFilledWithDigitsOfTheirWidth() throws {
        var content = MessageContent(body: .data([ByteBuffer(string: "took ~a____ms, id ~B______, ~a.")]))
        content.properties = Properties()
        content.properties?.messageID = "m"
        let template = MessageTemplate(content)
        #expect(template.slotCount == 3)
        var values = MessageTemplate.Values()
        values[UInt8(ascii: "a")] = 30_012
        values[UInt8(ascii: "B")] = 0xdead_beef
        var buffer = ByteBuffer(string: "before")
        template.write(values, into: &buffer)
        let message = template.message(in: buffer, at: 6)
        #expect(try Message(message.envelope.content).body == .data([ByteBuffer(string: "took 030012ms, id deadbeef, 12.")]))
        #expect(message.envelope.bodyStart + (try Message(message.envelope.content).bytes(of: .body)?.readableBytes ?? 0) == template.size)
    }
}
