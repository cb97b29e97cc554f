internal import ServiceBus

/// A group of messages as `groups` prints it. The names of its JSON are stable.
public struct GroupRecord: OutputRecord {
    /// The group.
    public let group: MessageGroup
    /// The number of messages that were grouped.
    public let total: Int
    /// What its reason means and which setting caused it; nil where nothing is known.
    public let explanation: DeadLetterExplanation?
    /// Whether the JSON lists the numbers of its messages.
    public let listsMembers: Bool

    /// Wraps a group.
    public init(_ group: MessageGroup, of total: Int, listsMembers: Bool = false, explanation: DeadLetterExplanation? = nil) {
        self.group = group
        self.listsMembers = listsMembers
        self.total = total
        self.explanation = explanation
    }

    /// Count, share, times, deliveries, id, cause.
    public static let columns = [
        OutputColumn("count", isNumeric: true), OutputColumn("share", isNumeric: true), OutputColumn("first seen"),
        OutputColumn("last seen"),
        OutputColumn("delivered", isNumeric: true), OutputColumn("sample", isNumeric: true), OutputColumn("group"), OutputColumn("cause"),
    ]

    /// The share of all messages in percent.
    public var share: Double { total > 0 ? Double(group.count) / Double(total) * 100 : 0 }

    private var deliveries: String {
        let range = group.deliveries
        return range.lowerBound == range.upperBound ? String(range.lowerBound) : "\(range.lowerBound)-\(range.upperBound)"
    }

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(Int64(group.count))
        row.cell("\(Int(share.rounded())) %")
        row.cell(group.firstSeen)
        row.cell(group.lastSeen)
        row.cell(deliveries)
        row.cell(group.sample.rawValue)
        row.cell(group.id)
        row.cell(group.title)
    }

    /// Writes the group as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", group.id)
            json.member("count", Int64(group.count))
            json.key("sharePercent")
            json.number((share * 100).rounded() / 100)
            json.member("firstSeen", group.firstSeen?.rfc3339)
            json.member("lastSeen", group.lastSeen?.rfc3339)
            json.member("deliveryCountMinimum", Int64(group.deliveries.lowerBound))
            json.member("deliveryCountMaximum", Int64(group.deliveries.upperBound))
            json.key("sampleSequenceNumber")
            json.exactInteger(group.sample.rawValue)
            json.key("keys")
            json.object { json in
                for (key, value) in zip(group.keys, group.values) {
                    json.member(key.description, value.isMissing ? nil : value.text)
                }
            }
            json.member("cause", group.title)
            if listsMembers {
                json.key("sequenceNumbers")
                json.array { json in
                    for number in group.members { json.exactInteger(number.rawValue) }
                }
            }
            if let explanation {
                json.key("explanation")
                json.object { json in
                    json.member("meaning", explanation.meaning)
                    json.member("here", explanation.here)
                    json.member("advice", explanation.advice)
                }
            }
        }
    }
}
