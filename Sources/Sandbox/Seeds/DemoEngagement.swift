import AMQP
import NIOCore
import ServiceBus

/// Team messaging: gzip bodies, MassTransit faults, text that attacks the terminal; and what belongs to nobody.
extension DemoWriter {
    mutating func writeEngagement() throws(BrokerError) {
        try writeEmails()
        try writeShortMessages()
        try writePoints()
    }

    private func template(_ index: Int) -> [UInt8] {
        StoredGzip.file(
            of: Array(#"{"template":"order-shipped","to":"customer.\#(index)@example.com","locale":"sv-SE","parcel":\#(index)}"#.utf8))
    }

    private mutating func writeEmails() throws(BrokerError) {
        let emails = try queue("emails")
        for index in 0..<402 {
            var content = content(Self.bytes(template(index)), subject: "SendEmail")
            content.properties?.contentEncoding = "gzip"
            try put(content, in: emails, age: Int64(402 - index) * 27)
        }
        let dead = try queue("emails", .deadLetter)
        for index in 0..<9 {
            var content = content(Self.bytes(template(1000 + index)), subject: "SendEmail")
            content.properties?.contentEncoding = "gzip"
            try put(
                content.died("MailboxUnavailable", "550 5.1.1 <customer.\(1000 + index)@example.com>: user unknown (attempt \(index + 1))"),
                in: dead, age: Int64(12 - index) * Self.hour, deliveries: 3)
        }
        try writeHostile(to: dead)
    }

    private mutating func writeHostile(to dead: MessageQueue) throws(BrokerError) {
        var body = content(Self.text(HostileText.body), subject: HostileText.subject, contentType: "text/plain")
        body.properties?.messageID = .string(DemoEstate.hostileBodyID)
        try put(body.died("TemplateRejected", "body contains control characters"), in: dead, age: 95 * Self.minute, deliveries: 1)
        var reason = content(
            Self.text(#"{"template":"newsletter"}"#), subject: "SendEmail",
            properties: [.string(HostileText.property.name): .string(HostileText.property.value)])
        reason.properties?.messageID = .string(DemoEstate.hostileReasonID)
        try put(reason.died(HostileText.reason, HostileText.description), in: dead, age: 94 * Self.minute, deliveries: 1)
        let bytes = content(Self.bytes(HostileText.invalidBytes), subject: "SendEmail", contentType: "text/plain; charset=utf-8")
        try put(bytes.died("EncodingError", "invalid byte sequence at offset 0"), in: dead, age: 93 * Self.minute, deliveries: 1)
    }

    private mutating func writeShortMessages() throws(BrokerError) {
        let sms = try queue("sms")
        for index in 0..<3 {
            try put(
                content(Self.text("Your parcel arrives today between 14 and 16 (\(index))"), subject: "SendSms", contentType: "text/plain"),
                in: sms, age: 900)
        }
        let push = try queue("push")
        for index in 0..<11 {
            try put(
                content(.value(.string("Order \(88_000 + index) shipped")), subject: "Push", contentType: nil), in: push,
                age: Int64(11 - index) * 350)
        }
        // Dead letters of sms are collected centrally: they sit in a plain queue and say where they died.
        let central = try queue("central-dead-letters")
        for index in 0..<7 {
            let content = content(Self.text(#"{"to":"+4670\#(1_000_000 + index)","text":"code \#(index)"}"#), subject: "SendSms")
            try put(
                content.died("MaxDeliveryCountExceeded", "Message could not be consumed after 10 delivery attempts."), in: central,
                age: Int64(7 - index) * 2 * Self.hour, deadLetterSource: "sms")
        }
    }

    private mutating func writePoints() throws(BrokerError) {
        let dead = try queue("points", .deadLetter)
        for index in 0..<14 {
            let customer = random.uuid()
            let exception = index % 3 == 0 ? "Npgsql.PostgresException" : "Loyalty.CustomerNotFoundException"
            let message =
                index % 3 == 0
                ? "40001: could not serialize access due to concurrent update"
                : "Customer \(customer) is not a member (tier lookup \(index))"
            let faults: AMQPMap = [
                "MT-Reason": "fault", "MT-Fault-ExceptionType": .string(exception), "MT-Fault-Message": .string(message),
                "MT-Fault-StackTrace": .string(
                    "   at Loyalty.OrderPaidConsumer.Consume(ConsumeContext`1 context) in /src/Loyalty/OrderPaidConsumer.cs:line 33"
                ),
                "MT-Fault-Timestamp": .string(
                    AtomValues.seconds(Timestamp(milliseconds: now - Int64(14 - index) * 50 * Self.minute)) + "Z"),
                "MT-Fault-InputAddress": "sb://sb-retail/points",
                "MT-Fault-ConsumerType": "Loyalty.Consumers.OrderPaidConsumer",
                "MT-Host-MachineName": .string("loyalty-6f7c9-x\(index % 3)"),
                "MT-Host-MassTransitVersion": "8.3.1.0",
            ]
            let envelope =
                #"{"messageId":"\#(random.uuid())","messageType":["urn:message:Retail.Events:OrderPaid"],"#
                + #""message":{"customer":"\#(customer)","points":\#(index * 5)}}"#
            let content = content(
                Self.text(envelope), subject: "OrderPaid", contentType: "application/vnd.masstransit+json", properties: faults)
            try put(content.died("fault", message), in: dead, age: Int64(14 - index) * 50 * Self.minute, deliveries: 1)
        }
    }

    // MARK: Nobody's

    mutating func writeUnowned() throws(BrokerError) {
        let legacy = try queue("legacy-import")
        for index in 0..<18 {
            let xml = #"<Import batch="\#(2000 + index)"><Row key="K\#(index)">Größe M, 100 % Baumwolle</Row></Import>"#
            try put(
                content(Self.bytes(LegacyString.body(xml)), subject: "Import", contentType: nil, properties: ["Source": "AS400"]),
                in: legacy,
                age: 40 * Self.day - Int64(index) * Self.hour)
        }
        let dead = try queue("legacy-import", .deadLetter)
        for index in 0..<2 {
            let long = String(repeating: "Zeile \(index);", count: 60)
            let content = content(Self.bytes(LegacyString.body(long)), subject: "Import", contentType: nil)
            try put(
                content.died(
                    "MaxDeliveryCountExceeded",
                    "System.Runtime.Serialization.SerializationException: There was an error deserializing the object of type "
                        + "System.String. Unexpected end of file."),
                in: dead, age: 39 * Self.day, deliveries: 10)
        }
        let replay = try queue("tmp-replay")
        let bodies: [Body] = [
            .value(.long(42)), .value(.string("a bare string")), .value(.null), .value(.boolean(true)), .none,
            .value(.map(["id": .uuid(random.uuid()), "when": .timestamp(now), "tags": .list(["a", "b"])])),
            .value(.array(.longs([1, 2, 3]))), .value(.binary(ByteBuffer(bytes: [0, 1, 2, 0xff]))),
            .sequence([[.int(1), .string("two")], [.double(3)]]), .data([ByteBuffer(string: "in two "), ByteBuffer(string: "sections")]),
            .data([ByteBuffer()]), .value(.decimal128(UUIDBytes(high: 0x3040_0000_0000_0000, low: 12_345))),
        ]
        for (index, body) in bodies.enumerated() {
            try put(content(body, subject: "Replay", contentType: nil), in: replay, age: Int64(bodies.count - index) * Self.day)
        }
    }
}

extension DemoEstate {
    /// The message id of the dead letter in `emails` whose body attacks the terminal.
    public static let hostileBodyID = "hostile-body"
    /// The message id of the dead letter in `emails` whose reason, description and properties do.
    public static let hostileReasonID = "hostile-reason"
}
