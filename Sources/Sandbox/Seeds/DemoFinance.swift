import AMQP
import NIOCore
import ServiceBus

/// Team finance: XML invoices, NServiceBus and Java consumers, payments in sessions, typed properties.
extension DemoWriter {
    mutating func writeFinance() throws(BrokerError) {
        try writeInvoices()
        try writePayments()
        try writeRefunds()
        try writePaymentEvents()
    }

    private func invoice(_ number: Int, isTruncated: Bool = false) -> Body {
        let xml = """
            <?xml version="1.0" encoding="utf-8"?>
            <Invoice xmlns="urn:retail:invoice:2" id="INV-\(number)"><Buyer vat="DE\(100_000_000 + number)"><Name>M&#xFC;ller &amp; S</Name></Buyer>\
            <Lines><Line no="1"><Sku>SKU-\(1000 + number % 900)</Sku><Amount currency="EUR">\(number % 400).90</Amount></Line></Lines>\
            <Total currency="EUR">\(number % 400).90</Total></Invoice>
            """
        return Self.text(isTruncated ? String(xml.prefix(xml.count - 40)) : xml)
    }

    private mutating func writeInvoices() throws(BrokerError) {
        let dead = try queue("invoices", .deadLetter)
        for index in 0..<96 {
            // NServiceBus moves failures itself and says why in headers of its own.
            let host = pick(["fin-worker-0", "fin-worker-1", "fin-worker-2"])
            let exception = "Billing.Core.TaxServiceUnavailableException"
            let message = "Tax service answered 503 for country \(pick(["DE", "FR", "NL", "SE"])) (request \(random.uuid()))"
            let headers: AMQPMap = [
                "NServiceBus.EnclosedMessageTypes": "Billing.Messages.IssueInvoice, Billing.Messages, Version=4.2.0.0",
                "NServiceBus.ContentType": "text/xml", "NServiceBus.MessageIntent": "Send",
                "NServiceBus.MessageId": .string(random.uuid().description), "NServiceBus.FailedQ": "invoices",
                "NServiceBus.ProcessingMachine": .string(host), "NServiceBus.ExceptionInfo.ExceptionType": .string(exception),
                "NServiceBus.ExceptionInfo.Message": .string(message),
                "NServiceBus.ExceptionInfo.StackTrace": .string(
                    "\(exception): \(message)\n   at Billing.Core.TaxClient.Quote(Country country) in C:\\b\\TaxClient.cs:line 61"
                ),
                "NServiceBus.TimeOfFailure": .string(
                    AtomValues.seconds(Timestamp(milliseconds: now - 2 * Self.day + Int64(index) * 20 * Self.minute)) + "Z"),
                "NServiceBus.Transport.Recovery": "true",
            ]
            let content = content(invoice(7000 + index), subject: "IssueInvoice", contentType: "text/xml", properties: headers)
            try put(content.died("\(exception)", message), in: dead, age: 2 * Self.day - Int64(index) * 20 * Self.minute, deliveries: 6)
        }
        for index in 0..<61 {
            let description =
                "org.xml.sax.SAXParseException; lineNumber: 2; columnNumber: \(340 + index); XML document structures must start and end "
                + "within the same entity.\n\tat com.retail.billing.InvoiceReader.read(InvoiceReader.java:58)\n\t... 14 more"
            let content = content(
                invoice(8000 + index, isTruncated: true), subject: "IssueInvoice", contentType: "application/xml",
                properties: ["JMSXDeliveryCount": .int(10), "spring_json_header_types": "{}"])
            try put(
                content.died("MaxDeliveryCountExceeded", description), in: dead, age: Self.day - Int64(index) * 10 * Self.minute,
                deliveries: 10)
        }
        for index in 0..<31 {
            let content = content(
                invoice(9000 + index), subject: "CreditNote", contentType: "text/xml", properties: ["line": .int(Int32(index))])
            try put(
                content.died("ValidationFailed", "buyer VAT number 'DE\(100_009_000 + index)' has a wrong check digit"), in: dead,
                age: 20 * Self.hour - Int64(index) * Self.minute, deliveries: 1)
        }
        let active = try queue("invoices")
        for index in 0..<12 {
            let invoice = content(invoice(9900 + index), subject: "IssueInvoice", contentType: "text/xml")
            try put(index == 0 ? invoice.following(span: 3) : invoice, in: active, age: Int64(12 - index) * 400)
        }
    }

    private mutating func writePayments() throws(BrokerError) {
        let payments = try queue("payments")
        for index in 0..<30 {
            var content = content(
                Self.text(#"{"step":\#(index % 3 + 1),"amount":\#(index * 7).00,"iban":"DE89 3704 0044 0532 0130 \#(10 + index)"}"#),
                subject: ["Authorise", "Capture", "Settle"][index % 3])
            content.properties?.groupID = "customer-\(index / 3)"
            content.properties?.groupSequence = UInt32(index % 3)
            try put(content, in: payments, age: Int64(30 - index) * 9000)
        }
        for customer in [0, 4] {
            guard let lease = try payments.acceptSession("customer-\(customer)") else { continue }
            try payments.setSessionState(ByteBuffer(string: #"{"lastStep":\#(customer % 3),"retries":\#(customer)}"#), of: lease.sessionID)
            payments.releaseSession(lease)
        }
        var failed = content(Self.text(#"{"step":2,"amount":49.00}"#), subject: "Capture")
        failed.properties?.groupID = "customer-77"
        try put(
            failed.died("PaymentDeclined", "issuer said 51 (insufficient funds) for authorisation 0x7fe3a1"),
            in: try queue("payments", .deadLetter), age: 3 * Self.hour, deliveries: 2)
    }

    private mutating func writeRefunds() throws(BrokerError) {
        let dead = try queue("refunds", .deadLetter)
        for index in 0..<6 {
            // Every property type an application can set, as .NET writes them.
            let ticks: Int64 = 621_355_968_000_000_000 + (now - Int64(index) * Self.hour) * 10_000
            let typed: AMQPMap = [
                "attempt": .int(Int32(index)), "ledgerEntry": .long(9_007_199_254_740_993 + Int64(index)), "ratio": .double(0.25),
                "score": .float(0.5), "isPartial": .boolean(index % 2 == 0), "grade": .char(65), "flags": .ubyte(3), "port": .ushort(5671),
                "requestId": .uuid(random.uuid()), "requestedAt": .timestamp(now - Int64(index) * Self.hour),
                "grace": .described(descriptor: .symbol("com.microsoft:timespan"), value: .long(36_000_000_000)),
                "callback": .described(descriptor: .symbol("com.microsoft:uri"), value: .string("https://refunds.internal/cb/\(index)")),
                "decidedAt": .described(descriptor: .symbol("com.microsoft:datetime-offset"), value: .long(ticks)),
                "signature": .binary(ByteBuffer(bytes: [0xde, 0xad, 0xbe, 0xef, UInt8(index)])), "reviewer": .null,
            ]
            let content = content(
                Self.text(#"{"refund":"R-\#(500 + index)","order":\#(80_000 + index),"amount":12.50}"#), subject: "RefundRequested",
                properties: typed)
            try put(
                content.died("RefundWindowClosed", "order \(80_000 + index) was delivered \(31 + index) days ago (limit 30)"), in: dead,
                age: Int64(6 - index) * 5 * Self.hour, deliveries: 1)
        }
    }

    private mutating func writePaymentEvents() throws(BrokerError) {
        for (name, count) in [("ledger", 5), ("fraud", 17), ("refunds", 1)] {
            let queue = try queue("payment-events/Subscriptions/\(name)")
            for index in 0..<count {
                let event: AMQPMap = ["event": "PaymentSettled", "payment": .long(Int64(70_000 + index)), "amount": .double(19.9)]
                let content = content(.value(.map(event)), subject: "PaymentSettled", contentType: nil)
                try put(
                    name == "fraud" && index == 0 ? content.following(span: 4) : content, in: queue, age: Int64(count - index) * 1100)
            }
        }
    }
}
