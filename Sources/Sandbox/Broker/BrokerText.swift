import ServiceBus

/// The service's own words, without the tracking tail. Where no recording of the real text was found, the text is ours and says what to do.
enum BrokerText {
    static let lockLost =
        "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue. "
        + "For more information please see https://aka.ms/ServiceBusExceptions ."
    static let sessionLockLost = "The session lock has expired on the MessageSession. Accept a new MessageSession."
    static let sessionIDRequired =
        "The SessionId was not set on a message, and it cannot be sent to the entity. "
        + "Entities that have session support enabled can only receive messages that have the SessionId set to a valid value."
    static let sessionReceiverRequired =
        "It is not possible for an entity that requires sessions to create a non-sessionful message receiver."
    static let sessionReceiverRefused =
        "A sessionful message receiver cannot be created on an entity that does not require sessions. "
        + "Ensure RequiresSession is set to true when creating a Queue or Subscription to enable sessionful behavior."
    static let subQueueSession = "Cannot create a MessageSession for a sub-queue."
    static let deferredNotFound =
        "Failed to lock one or more specified messages. Either the message is already locked or does not exist."
    static let scheduledNotFound =
        "Failed to cancel one or more scheduled messages. Either the message does not exist or it has already become active."
    static let deadLetterOfDeadLetter = "A message of a dead-letter queue cannot be dead-lettered."
    static let renewInSession = "The lock of a message received in a session is renewed with the session's lock."
    static let topicReceiver = "Messages are received from the subscriptions of a topic, not from the topic."
    static let forwardingReceiver = "Cannot create a message receiver on an entity with auto-forwarding enabled."
    static let sendToSubscription = "Messages are sent to the topic, not to one of its subscriptions."
    static let busy = "The request was terminated because the entity is being throttled. Please wait 10 seconds and try again. "
    static let transactionNotDeclared = "Transaction is not declared "
    static let sendToSubQueue = "Messages cannot be sent to a sub-queue."

    static func throttled(_ namespace: String) -> String {
        "The request was terminated because the namespace \(namespace) is being throttled. Error code : 50009. "
            + "Please wait 2 seconds and try again. To know more visit https://aka.ms/sbResourceMgrExceptions "
    }

    /// The service's form, with our words for what is wrong and what to write instead.
    static func malformedSQL(_ error: FilterSyntaxError) -> String {
        let token = error.range.text(in: error.expression)
        let hint = error.hint.map { ". \($0)" } ?? ""
        return "There was an error parsing the SQL expression. [Token line=\(error.line), column=\(error.column), Token in error=\(token), "
            + "Additional details=\(error.problem)\(hint)]."
    }

    static func tooManyInTransaction(_ limit: Int) -> String { "Cannot send more than \(limit) messages in a single transaction." }
    static func noActiveTransaction(_ id: String, _ timeout: Int64) -> String {
        "No active Transaction was found for ID '\(id)'. The Transaction may have timed out or attempted to span multiple top-level entities "
            + "such as Queue or Topic. The server Transaction timeout is: \(clockTime(timeout))."
    }
    static func transactionTimedOut(_ timeout: Int64) -> String {
        "The transaction was rolled back because it was not discharged within \(clockTime(timeout))."
    }
    /// `00:02:00`, as .NET writes durations.
    private static func clockTime(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        return [seconds / 3600, seconds / 60 % 60, seconds % 60].map { $0 < 10 ? "0\($0)" : String($0) }.joined(separator: ":")
    }
    static func sessionLocked(_ id: String) -> String {
        "The requested session '\(id)' cannot be accepted. It may be locked by another receiver."
    }
    static func identifierTooLong(_ name: String) -> String {
        "The length of the \(name) property is longer than the maximum of 128 characters."
    }
    static func messageTooLarge(_ size: Int, _ limit: Int) -> String {
        "The received message (size:\(size) bytes) exceeds the limit (\(limit) bytes) currently allowed on the link."
    }
    static func sessionStateTooLarge(_ limit: Int) -> String { "The session state exceeds the limit (\(limit) bytes)." }
}
