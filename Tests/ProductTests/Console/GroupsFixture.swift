import AMQP
import CallboardCore
import ServiceBus

@testable import Console

/// Dead letters of `orders` by their causes.
extension Fixture {
    /// Seven hundred dead letters of four causes, and four that are alone.
    static let dead: [PeekedMessage] = (0..<700).compactMap { index in
        let number = 4_770_112 + Int64(index)
        switch index {
        case 695: return dead(number, "HeaderSizeExceeded", "The size quota for this stream exceeded the limit.")
        case 696: return dead(number, "CarrierRejected", "parcel over the limit of the contract")
        case 697: return dead(number, "StockConflict", "nothing left to reserve")
        case 698: return dead(number, "Poison", nil)
        case _ where index % 100 == 99:
            return dead(number, "TTLExpiredException", "The message expired and was dead lettered.", deliveries: 0)
        case _ where index % 20 == 7: return dead(number, "ValidationFailed", "$.lines[\(index % 9)].sku is empty", deliveries: 1)
        case _ where index % 5 == 3:
            return dead(number, "MaxDeliveryCountExceeded", "SqlException: deadlock on Orders, victim \(index * 7)", deliveries: 10)
        default:
            let text = "TimeoutException: POST https://pay/orders/\(number) took \(30_000 + index)ms (limit 30000ms)"
            return dead(number, "MaxDeliveryCountExceeded", text, deliveries: 10)
        }
    }

    static func dead(_ number: Int64, _ reason: String, _ description: String?, deliveries: UInt32 = 1) -> PeekedMessage? {
        try? Messages.make(number, id: "order-\(number - 4_681_899)", subject: "OrderPlaced", reason: reason) { content in
            content.header = Header(ttl: 3_600_000, deliveryCount: deliveries)
            let time = now.milliseconds - 2_500_000 + (number - 4_770_112) * 3000
            content.messageAnnotations = AMQPMap([
                .init(key: .symbol("x-opt-sequence-number"), value: .long(number)),
                .init(key: .symbol("x-opt-enqueued-time"), value: .timestamp(time)),
            ])
            if let description {
                content.applicationProperties.pairs.append(
                    .init(key: .string("DeadLetterErrorDescription"), value: .string(description)))
            }
        }
    }

    /// What a scan of them says.
    /// - Parameter count: how far it is; nil: it is done.
    static func progress(by keys: [GroupKey] = [.fingerprint], count: Int? = nil) -> GroupScan.Progress {
        var groups = MessageGroups(by: keys)
        groups.append(contentsOf: Array(dead.prefix(count ?? dead.count)))
        var progress = GroupScan.Progress()
        (progress.groups, progress.singles) = groups.summary()
        progress.scanned = groups.count
        progress.bound = dead.last?.sequenceNumber
        progress.passed = Double(groups.count) / Double(dead.count)
        progress.isComplete = count == nil
        progress.elapsed = .milliseconds(count == nil ? 1900 : 400)
        progress.propertyNames = ["region", "tenant"]
        return progress
    }

    static func evidence(_ number: SequenceNumber) -> DeadLetterEvidence? {
        dead.first { $0.sequenceNumber == number }.map { DeadLetterEvidence($0) }
    }

    /// The rows of some of them, as a scan of a group hands them out.
    static func rows(_ numbers: SequenceNumberSet) -> [MessageTable.Row] {
        dead.filter { numbers.contains($0.sequenceNumber) }.map { MessageTable.Row($0) }
    }
}
