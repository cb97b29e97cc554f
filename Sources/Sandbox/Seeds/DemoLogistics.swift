import AMQP
import NIOCore

/// Team shipping: a forward to a closed queue, protobuf bodies, stock in sessions.
extension DemoWriter {
    mutating func writeLogistics() throws(BrokerError) {
        try writeShipments()
        try writeWarehouse()
        try writeTracking()
    }

    private mutating func shipment(_ number: Int) -> [UInt8] {
        var address = ProtobufWriter()
        address.string(1, "Kungsgatan \(number % 90)")
        address.string(2, "Göteborg")
        var message = ProtobufWriter()
        message.varint(1, UInt64(600_000 + number))
        message.string(2, "PKG\(4_000_000 + number)SE")
        message.bytes(3, address.bytes)
        message.double(4, 1.25 + Double(number % 40))
        message.varint(5, random.next() >> 30)
        return message.bytes
    }

    private mutating func writeShipments() throws(BrokerError) {
        let transfer = try queue("shipments", .transferDeadLetter)
        for index in 0..<17 {
            let content = content(Self.bytes(shipment(index)), subject: "ShipmentReady", contentType: "application/x-protobuf")
            try put(
                content.died(
                    "MessagingEntityDisabledException", "Messaging entity 'sb://sb-retail/carrier-outbox' is currently disabled."),
                in: transfer, age: 9 * Self.day - Int64(index) * 11 * Self.hour)
        }
        let outbox = try queue("carrier-outbox")
        for index in 0..<4 {
            let content = content(Self.bytes(shipment(100 + index)), subject: "ShipmentReady", contentType: "application/x-protobuf")
            try put(content, in: outbox, age: 10 * Self.day)
        }
    }

    private mutating func writeWarehouse() throws(BrokerError) {
        let stock = try queue("stock-movements")
        for index in 0..<40 {
            let movement: AMQPValue = .list([
                .string("SKU-\(1000 + index % 13)"), .int(Int32(index % 7) - 3), .timestamp(now - Int64(index) * 800),
            ])
            var content = content(.value(movement), subject: "StockMoved", contentType: nil, properties: ["bay": .short(Int16(index % 9))])
            content.properties?.groupID = "wh-0\(index % 8 + 1)"
            try put(content, in: stock, age: Int64(40 - index) * 800)
        }
        let lists = try queue("pick-lists")
        for index in 0..<6 {
            let content = content(Self.text(#"{"list":\#(300 + index),"picks":\#(index + 2)}"#), subject: "PickList")
            // Half were set aside until goods come in.
            try put(content, in: lists, age: Int64(6 - index) * Self.hour, deliveries: index < 3 ? 1 : 0, isDeferred: index < 3)
        }
        let dead = try queue("pick-lists", .deadLetter)
        for index in 0..<3 {
            let content = content(Self.text(#"{"list":\#(290 + index),"picks":0}"#), subject: "PickList")
            try put(
                content.died(
                    "MaxDeliveryCountExceeded",
                    "TypeError: Cannot read properties of undefined (reading 'bay')\n    at assign (/app/picker.js:\(210 + index):31)\n"
                        + "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)"),
                in: dead, age: Int64(3 - index) * 6 * Self.hour, deliveries: 10)
        }
    }

    private mutating func writeTracking() throws(BrokerError) {
        for (name, count) in [("customer-app", 22), ("notifications", 7)] {
            let queue = try queue("tracking-events/Subscriptions/\(name)")
            for index in 0..<count {
                let content = content(
                    Self.text(#"{"parcel":"PKG\#(4_000_100 + index)SE","status":"out for delivery"}"#), subject: "ParcelScanned",
                    properties: ["lat": .float(57.7), "lon": .float(11.97)])
                try put(content, in: queue, age: Int64(count - index) * 2300)
            }
        }
    }
}
