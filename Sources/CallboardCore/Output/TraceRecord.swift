internal import ServiceBus

/// A message that bears an id as `trace` prints it. The names of its JSON are stable.
public struct TraceRecord: OutputRecord {
    /// The message.
    public let copy: TraceCopy

    /// Wraps a message.
    public init(_ copy: TraceCopy) { self.copy = copy }

    /// Time, place, state, deliveries, what it is.
    public static let columns = [
        OutputColumn("enqueued"), OutputColumn("entity"), OutputColumn("state"), OutputColumn("delivered", isNumeric: true),
        OutputColumn("sequence", isNumeric: true), OutputColumn("found by"), OutputColumn("subject"), OutputColumn("reason"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(copy.enqueuedTime)
        row.cell(copy.path.entity.displayName)
        row.cell(copy.situation)
        row.cell(Int64(copy.deliveryCount))
        row.cell(copy.sequenceNumber.rawValue)
        row.cell(copy.match.title)
        row.cell(copy.subject ?? "–")
        row.cell(copy.deadLetterReason ?? "–")
    }

    /// Writes the message as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("entity", copy.path.entity.displayName)
            json.member("subQueue", copy.path.subQueue.rawValue)
            json.member("foundBy", copy.match.rawValue)
            json.member(fixed: "sequenceNumber", copy.sequenceNumber.rawValue)
            json.member("state", copy.state.description)
            json.member("enqueuedTime", copy.enqueuedTime?.rfc3339)
            json.member("scheduledEnqueueTime", copy.scheduledEnqueueTime?.rfc3339)
            json.member("expiresAt", copy.expiresAt?.rfc3339)
            json.member("deliveryCount", Int64(copy.deliveryCount))
            json.member("messageId", copy.messageID)
            json.member("correlationId", copy.correlationID)
            json.member("sessionId", copy.sessionID)
            json.member("subject", copy.subject)
            json.member("deadLetterReason", copy.deadLetterReason)
            json.member("deadLetterSource", copy.deadLetterSource)
        }
    }
}
