import AMQP
import NIOCore

/// Team cart: the queue that is on fire, with fifty thousand dead letters of five causes, and its quieter neighbours.
extension DemoWriter {
    /// How many dead letters of `orders` died of what.
    enum OrderDeaths {
        static let timeout = 48_110
        static let deadlock = 1402
        static let validation = 388
        static let expired = 75
        static let singles = 37
    }

    /// Where the sequence numbers of `orders` begin tonight.
    private static let firstOrderNumber: Int64 = 4_702_118

    mutating func writeOrders() throws(BrokerError) {
        let dead = try queue("orders", .deadLetter)
        writeExpiredOrders(to: dead)
        writeInvalidOrders(to: dead)
        try writeSingleOrders(to: dead)
        writeBurningOrders(to: dead)
        writeWaitingOrders(to: try queue("orders"))
        try writeCartNeighbours()
        try writeOrderEvents()
    }

    // MARK: Templates

    private static let orderBody =
        #"{"orderId":8~o___,"customer":{"id":"c-~c______","email":"customer.~c______@example.com","tier":"gold"},"#
        + #""lines":[{"sku":"SKU-~s____","qty":2,"price":1~p.90},{"sku":"SKU-~t____","qty":1,"price":2~r.50}],"total":3~u.40}"#

    private func orderContent(_ body: String) -> MessageContent {
        var content = MessageContent(body: Self.text(body))
        var properties = Properties()
        properties.messageID = "~M______-3c1e-4b7a-9d20-~N__________"
        properties.correlationID = "~K______-77aa-4f1e-8c3b-~L__________"
        properties.subject = "OrderPlaced"
        properties.contentType = "application/json"
        content.properties = properties
        content.applicationProperties = [
            "tenant": "emea", "attempt": .int(3), "schemaVersion": .long(12),
            "Diagnostic-Id": "00-4bf92f3577b34da6~T______________-~S______________-01",
        ]
        return content
    }

    private mutating func orderValues() -> MessageTemplate.Values {
        var values = MessageTemplate.Values()
        for letter in "ocstpruMNKLTS".utf8 { values[letter] = random.next() >> 4 }
        return values
    }

    // MARK: Dead letters

    /// Nine days of orders that nobody fetched in time.
    private mutating func writeExpiredOrders(to queue: MessageQueue) {
        let template = MessageTemplate(
            orderContent(Self.orderBody).died("TTLExpiredException", "The message expired and was dead lettered."))
        write(OrderDeaths.expired, of: [template], to: queue, deliveries: 0, from: 23 * Self.day, until: 15 * Self.day)
    }

    /// Two days of a shop front that sends empty article numbers.
    private mutating func writeInvalidOrders(to queue: MessageQueue) {
        let templates = (0..<14).map { line in
            let body = #"{"orderId":8~o___,"customer":{"id":"c-~c______"},"lines":[{"sku":"","qty":\#(line + 1)}],"total":3~u.40}"#
            return MessageTemplate(orderContent(body).died("ValidationFailed", "$.lines[\(line)].sku is empty"))
        }
        write(OrderDeaths.validation, of: templates, to: queue, deliveries: 1, from: 2 * Self.day, until: 45 * Self.minute)
    }

    /// Forty-one minutes of a payment provider that does not answer, and of a database that cannot cope with the retries.
    private mutating func writeBurningOrders(to queue: MessageQueue) {
        let stack =
            "\n   at Checkout.Payments.PayClient.ChargeAsync(Order order) in /src/Checkout/Payments/PayClient.cs:line 88"
            + "\n   at Checkout.Handlers.OrderPlacedHandler.Handle(OrderPlaced message) in /src/Checkout/OrderPlacedHandler.cs:line 41"
        let timeouts = ["v2", "v3"].map { version in
            MessageTemplate(
                orderContent(Self.orderBody).died(
                    "MaxDeliveryCountExceeded", "TimeoutException: POST https://pay/\(version) took 30~w_ms (limit 30000ms)\(stack)"))
        }
        let deadlocks = ["OrderLines", "Reservations", "Payments"].map { table in
            MessageTemplate(
                orderContent(Self.orderBody).died(
                    "MaxDeliveryCountExceeded",
                    "SqlException: deadlock on \(table), victim 1~v\n   at Checkout.Data.OrderStore.SaveAsync(Order order) in "
                        + "/src/Checkout/Data/OrderStore.cs:line 127"))
        }
        let total = OrderDeaths.timeout + OrderDeaths.deadlock
        let start = 41 * Self.minute + 37_000
        var slab = OrderSlab(queue: queue)
        var deadlocksWritten = 0
        // Some come back again and again: an operator redrove them and they died once more, under the same id.
        var returning: MessageTemplate.Values?
        for index in 0..<total {
            let age = start - Int64(index) * (start - 3000) / Int64(total)
            var values = orderValues()
            if index % 47 == 0 {
                if let returning, index % 94 == 0 { values = returning } else { returning = values }
            }
            values[UInt8(ascii: "w")] = 1 + pick(978)
            values[UInt8(ascii: "v")] = pick(100)
            let isDeadlock = deadlocksWritten < (index + 1) * OrderDeaths.deadlock / total
            let template: MessageTemplate
            if isDeadlock {
                template = deadlocks[deadlocksWritten % deadlocks.count]
                deadlocksWritten += 1
            } else {
                template = timeouts[index % 5 == 0 ? 1 : 0]
            }
            let past = MessageQueue.Past(sequenceNumber: nextOrderNumber(), enqueuedTime: now - age, deliveryCount: 10)
            slab.add(template, values, past)
        }
        slab.finish()
    }

    /// Orders that wait while the consumers are busy failing.
    private mutating func writeWaitingOrders(to queue: MessageQueue) {
        let template = MessageTemplate(orderContent(Self.orderBody))
        write(1830, of: [template], to: queue, deliveries: 0, from: 2 * Self.minute, until: 100)
    }

    private mutating func write(
        _ count: Int, of templates: [MessageTemplate], to queue: MessageQueue, deliveries: UInt32, from oldest: Int64, until newest: Int64
    ) {
        var slab = OrderSlab(queue: queue)
        for index in 0..<count {
            let age = oldest - Int64(index) * (oldest - newest) / Int64(max(1, count - 1))
            let past = MessageQueue.Past(sequenceNumber: nextOrderNumber(), enqueuedTime: now - age, deliveryCount: deliveries)
            slab.add(templates[index % templates.count], orderValues(), past)
        }
        slab.finish()
    }

    private mutating func nextOrderNumber() -> Int64 { nextNumber(in: "orders", startingAt: Self.firstOrderNumber, gap: 3) }

    // MARK: Singles

    /// Thirty-seven deaths of their own.
    private mutating func writeSingleOrders(to queue: MessageQueue) throws(BrokerError) {
        for (index, death) in Self.singleDeaths.enumerated() {
            let isFollowed = death.reason == "FraudSuspected"
            var order = content(
                Self.text(
                    #"{"orderId":\#(isFollowed ? DemoEstate.FollowedOrder.number : 87_000 + index),"lines":[],"note":"single \#(index)"}"#),
                subject: "OrderPlaced",
                properties: ["tenant": .string(pick(["emea", "apac", "amer"])), "attempt": .int(Int32(index % 4))])
            if death.reason == "HeaderSizeExceeded" {
                order.applicationProperties["baggage"] = .string(String(repeating: "k=v,", count: 1500))
            }
            if isFollowed { order = order.following(span: 1) }
            try put(
                order.died(death.reason, death.description), in: queue, age: 44 * Self.minute - Int64(index) * 3000,
                deliveries: death.deliveries)
        }
    }

    private static let singleDeaths: [(reason: String, description: String, deliveries: UInt32)] = {
        var deaths: [(String, String, UInt32)] = [
            ("HeaderSizeExceeded", "The size quota for this stream exceeded the limit.", 0),
            ("MaxDeliveryCountExceeded", "Message could not be consumed after 10 delivery attempts.", 10),
            (
                "MaxDeliveryCountExceeded",
                "java.lang.NullPointerException: Cannot invoke \"com.retail.cart.Basket.getTotal()\" because \"basket\" is null\n"
                    + "\tat com.retail.cart.Pricer.price(Pricer.java:214)\n\tat com.retail.cart.Consumer.onMessage(Consumer.java:77)", 10
            ),
            (
                "MaxDeliveryCountExceeded",
                "Error: connect ECONNREFUSED 10.2.14.7:6379\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1607:16)", 10
            ),
            ("UnhandledMessageType", "no handler for 'OrderPlaced.v0' (known: v1, v2, v3)", 1),
            (
                "System.Text.Json.JsonException",
                "The JSON value could not be converted to System.Decimal. Path: $.total | LineNumber: 0 | BytePositionInLine: 311.", 1
            ),
            ("FraudSuspected", "score 0.97 above 0.9, case F-20931", 1),
        ]
        let fields = ["shipTo.postcode", "billTo.vat", "payment.iban", "lines[0].qty", "customer.birthDate", "voucher"]
        for index in deaths.count..<OrderDeaths.singles {
            let field = fields[index % fields.count]
            deaths.append(
                ("BusinessRule\(100 + index)", "rule \(100 + index): \(field) contradicts the contract of tenant \(7 * index)", 1))
        }
        return deaths
    }()

    // MARK: Neighbours

    private mutating func writeCartNeighbours() throws(BrokerError) {
        let commands = try queue("checkout-commands")
        for index in 0..<24 {
            let body = Self.text(#"{"command":"Recalculate","basket":"b-\#(9000 + index)"}"#)
            try put(content(body, subject: "Recalculate"), in: commands, age: Int64(24 - index) * 700)
        }
        let prices = try queue("price-updates")
        for index in 0..<8 {
            let rows = (0..<3).map { AMQPValue.list([.string("SKU-\(index)\($0)"), .double(9.9 + Double($0)), "EUR"]) }
            try put(
                content(.sequence([rows, [.string("end")]]), subject: "PriceList", contentType: nil, properties: ["rows": .int(3)]),
                in: prices,
                age: Int64(8 - index) * Self.minute)
        }
        // Reminders that go out later tonight: scheduled, the way an application schedules them.
        for index in 0..<64 {
            var reminder = content(Self.text(#"{"basket":"b-\#(4000 + index)","after":"PT24H"}"#), subject: "BasketAbandoned")
            reminder.messageAnnotations = [
                .symbol("x-opt-scheduled-enqueue-time"): .timestamp(now + 2 * Self.hour + Int64(index) * 5 * Self.minute)
            ]
            try send(reminder, to: "cart-abandoned")
        }
    }

    private mutating func writeOrderEvents() throws(BrokerError) {
        let subscriptions = ["billing": 3, "shipping": 2, "search-index": 36]
        for (name, count) in subscriptions.sorted(by: { $0.key < $1.key }) {
            let queue = try queue("order-events/Subscriptions/\(name)")
            for index in 0..<count {
                var event = content(
                    Self.text(#"{"orderId":\#(88_000 + index),"event":"OrderPlaced"}"#),
                    subject: name == "shipping" ? "OrderPaid" : "OrderPlaced",
                    properties: ["occurredAt": .timestamp(now - Int64(count - index) * 900)])
                // Both subscriptions got a copy of the same event.
                if index == 0, name != "shipping" { event = event.following(span: 2, messageID: DemoEstate.FollowedOrder.eventID) }
                try put(event, in: queue, age: Int64(count - index) * 900)
            }
        }
        let loyalty = try queue("order-events/Subscriptions/loyalty", .deadLetter)
        for index in 0..<9 {
            let event = content(Self.text(#"{"orderId":\#(88_100 + index),"event":"OrderPlaced","guest":true}"#), subject: "OrderPlaced")
            try put(
                event.died("Session id is null.", "Session enabled entity doesn't allow a message whose session identifier is null."),
                in: loyalty, age: Int64(9 - index) * 20 * Self.minute)
        }
        var announcement = content(Self.text(#"{"event":"SaleStarts","sale":"black-friday"}"#), subject: "SaleStarts")
        announcement.messageAnnotations = [.symbol("x-opt-scheduled-enqueue-time"): .timestamp(now + 4 * Self.day)]
        try send(announcement, to: "order-events")
    }
}

/// Messages written from templates into shared buffers, a few hundred to a buffer: one allocation instead of one a message.
private struct OrderSlab {
    private static let capacity = 256 * 1024
    private let queue: MessageQueue
    private var buffer = ByteBuffer()
    private var written: [(template: MessageTemplate, offset: Int, past: MessageQueue.Past)] = []

    init(queue: MessageQueue) { self.queue = queue }

    mutating func add(_ template: MessageTemplate, _ values: MessageTemplate.Values, _ past: MessageQueue.Past) {
        if buffer.readableBytes + template.size > Self.capacity { finish() }
        if buffer.capacity == 0 { buffer.reserveCapacity(Self.capacity) }
        written.append((template, buffer.writerIndex, past))
        template.write(values, into: &buffer)
    }

    /// Hands everything written so far to the queue.
    mutating func finish() {
        for entry in written { queue.restore(entry.template.message(in: buffer, at: entry.offset), entry.past) }
        written.removeAll(keepingCapacity: true)
        buffer = ByteBuffer()
    }
}
