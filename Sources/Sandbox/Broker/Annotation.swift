import AMQP

/// The message annotations that Service Bus defines, as encoded symbol keys, each followed by the format code of its value where it has one.
enum Annotation {
    static let sequenceNumber = key("x-opt-sequence-number", 0x81)
    static let enqueuedTime = key("x-opt-enqueued-time", 0x83)
    static let enqueueSequenceNumber = key("x-opt-enqueue-sequence-number", 0x81)
    static let lockedUntil = key("x-opt-locked-until", 0x83)
    static let scheduledEnqueueTime = key("x-opt-scheduled-enqueue-time", 0x83)
    /// A short, as the service's first clients read it (the Go client's `int16`).
    static let partitionID = key("x-opt-partition-id", 0x61)
    static let messageState = key("x-opt-message-state", 0x54)
    static let deadLetterSource = key("x-opt-deadletter-source", nil)
    static let lockToken = key("x-opt-lock-token", 0x98)

    /// Whether only the broker may set this one: what a sender wrote there is dropped.
    static func isStampedByBroker(_ key: borrowing EncodedValue) -> Bool {
        key == "x-opt-sequence-number" || key == "x-opt-enqueued-time" || key == "x-opt-enqueue-sequence-number"
            || key == "x-opt-locked-until" || key == "x-opt-message-state" || key == "x-opt-deadletter-source"
            || key == "x-opt-lock-token" || key == "x-opt-offset" || key == "x-opt-partition-id"
    }

    private static func key(_ name: String, _ code: UInt8?) -> [UInt8] {
        [0xa3, UInt8(truncatingIfNeeded: name.utf8.count)] + Array(name.utf8) + (code.map { [$0] } ?? [])
    }
}
