internal import ServiceBus

/// The reasons for which the service itself puts messages aside.
enum SystemReason {
    case maxDeliveryCount, expired, headerSize, hopCount, sessionMissing, ruleFailed
    case destinationDisabled, destinationMissing, destinationFull, notForwarded

    /// Reads a reason as a message bears it: documents and servers differ in blanks, case and a full stop.
    ///
    /// - Parameter subQueue: where the message lies. Only in the transfer dead letters is it about the destination.
    init?(_ reason: String, in subQueue: EntityPath.SubQueue) {
        let letters = reason.utf8.map(\.lowercasedASCII).filter { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        switch String(decoding: letters, as: UTF8.self) {
        case "maxdeliverycountexceeded": self = .maxDeliveryCount
        case "ttlexpiredexception": self = .expired
        case "headersizeexceeded": self = .headerSize
        case "maxtransferhopcountexceeded": self = .hopCount
        case "sessionidisnull": self = .sessionMissing
        // The service gives the name of the exception; others say what it was about.
        case "filterexception", "ruleactionexception", "filterevaluationexception", "rulefilterevaluationexception": self = .ruleFailed
        case "messagingentitydisabledexception" where subQueue == .transferDeadLetter: self = .destinationDisabled
        case "messagingentitynotfoundexception" where subQueue == .transferDeadLetter: self = .destinationMissing
        case "quotaexceededexception" where subQueue == .transferDeadLetter: self = .destinationFull
        default: return nil
        }
    }

    var meaning: String {
        switch self {
        case .maxDeliveryCount:
            "Receivers took the message again and again and never completed it: each time it was abandoned, its lock ran out, or its receiver ended."
        case .expired: "The message was not taken within its time to live."
        case .headerSize: "The message's properties are larger than the service takes: 64 KB."
        case .hopCount: "The message was forwarded from entity to entity more than four times."
        case .sessionMissing: "The entity takes only messages that belong to a session, and this one bears no session id."
        case .ruleFailed:
            "A rule of the subscription could not be evaluated for this message, and the subscription keeps such messages as dead letters."
        case .destinationDisabled: "It could not be forwarded: the entity it goes to was disabled and took no messages."
        case .destinationMissing: "It could not be forwarded: the entity it goes to is not there."
        case .destinationFull: "It could not be forwarded: the entity it goes to was full."
        case .notForwarded: "It could not be forwarded to the entity it goes to."
        }
    }

    var advice: String {
        switch self {
        case .maxDeliveryCount:
            "Look for the exception at the receiver. Where it was passing (a time-out, a lock), redrive once that is over; where locks run out, renew them or raise LockDuration; a higher MaxDeliveryCount only buys time."
        case .expired:
            "See whether the receiver was down or too slow: the backlog's oldest age tells. Redrive only what still matters; raise DefaultMessageTimeToLive, or switch DeadLetteringOnMessageExpiration off where old messages may go."
        case .headerSize: "Move what grows, often a trace or an error text that every hop adds to, from the properties into the body."
        case .hopCount: "Look for a circle in ForwardTo; send to the last entity directly."
        case .sessionMissing: "Have its sender set SessionId. A redrive needs one too."
        case .ruleFailed: "Try the message with the rule tester or `rules TOPIC test`: it says which rule fails and where."
        case .destinationDisabled:
            "Enable the destination. What lies here does not go on by itself: redrive it to the destination afterwards."
        case .destinationMissing:
            "Create the destination again or change ForwardTo. What lies here does not go on by itself: redrive it afterwards."
        case .destinationFull:
            "Drain the destination, or raise its size. What lies here does not go on by itself: redrive it afterwards."
        case .notForwarded:
            "See whether the destination exists, is enabled and has room. What lies here does not go on by itself: redrive it afterwards."
        }
    }

    /// The setting that brought it about, beside what the message met.
    func here(_ entity: EntityDescription?, _ evidence: DeadLetterEvidence?, _ deliveries: ClosedRange<Int>?) -> String? {
        switch self {
        case .maxDeliveryCount: Self.deliveries(entity?.maxDeliveryCount, deliveries)
        case .expired: Self.lifetime(entity?.defaultTimeToLive, evidence)
        case .hopCount, .destinationDisabled, .destinationMissing, .destinationFull, .notForwarded:
            entity?.forwardTo.map { "This entity forwards to \($0)." }
        case .sessionMissing:
            entity.map {
                $0.requiresSession
                    ? "RequiresSession is on here."
                    : "RequiresSession is off here now: it was changed since, or the message came from elsewhere."
            }
        case .headerSize, .ruleFailed: nil
        }
    }

    private static func deliveries(_ most: Int?, _ deliveries: ClosedRange<Int>?) -> String? {
        guard let most else { return deliveries.map { "Delivered \(times($0))." } }
        guard let deliveries else { return "MaxDeliveryCount is \(most) here." }
        let changed = deliveries.contains(most) ? "" : ": the setting was another then, or it died elsewhere"
        return "MaxDeliveryCount is \(most) here; delivered \(times(deliveries))\(changed)."
    }

    /// `10 times`, `1 time`, `3 to 10 times`.
    static func times(_ range: ClosedRange<Int>) -> String {
        range.lowerBound == range.upperBound
            ? "\(range.lowerBound) \(range.lowerBound == 1 ? "time" : "times")" : "\(range.lowerBound) to \(range.upperBound) times"
    }

    /// When a message was moved is not in it: that it waited at least its time to live is all that can be known.
    private static func lifetime(_ most: Duration?, _ evidence: DeadLetterEvidence?) -> String? {
        let own = evidence?.timeToLive
        var parts: [String] = []
        switch (own, most) {
        case (let own?, let most?) where own == most:
            parts.append("Time to live \(RoundedDuration.text(own)): DefaultMessageTimeToLive here.")
        case (let own?, let most?) where own < most:
            parts.append(
                "Time to live \(RoundedDuration.text(own)), its sender's; DefaultMessageTimeToLive is \(RoundedDuration.text(most)) here.")
        case (let own?, _): parts.append("Time to live \(RoundedDuration.text(own)).")
        case (nil, let most?): parts.append("DefaultMessageTimeToLive is \(RoundedDuration.text(most)) here.")
        case (nil, nil): return nil
        }
        if let evidence, let enqueued = evidence.enqueuedTime, let lifetime = own ?? most {
            let taken =
                evidence.deliveryCount == 0
                ? "nobody took it" : "taken \(times(evidence.deliveryCount...evidence.deliveryCount)), never completed"
            parts.append(
                "Enqueued \(enqueued.rfc3339), expired \(enqueued.advanced(by: lifetime).rfc3339): \(taken) in \(RoundedDuration.text(lifetime))."
            )
        }
        return parts.joined(separator: " ")
    }
}
