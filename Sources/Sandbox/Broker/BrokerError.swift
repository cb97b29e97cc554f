/// Why the broker refused something, in the words of the service: an AMQP error condition for a link or disposition, and the status that
/// a `$management` response carries for it.
public struct BrokerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, for code that decides by it.
    public enum Reason: Hashable, Sendable {
        /// There is no such entity.
        case entityNotFound
        /// An entity of that name exists.
        case entityExists
        /// The entity's status does not allow the operation.
        case entityDisabled
        /// The operation is not one this kind of entity has, or its settings forbid it.
        case notAllowed
        /// A value is missing, too long or malformed.
        case invalidArgument
        /// The message is larger than the link or entity takes.
        case messageTooLarge
        /// The entity, or the namespace, is full.
        case quotaExceeded
        /// The lock token names no live lock.
        case messageLockLost
        /// The session lock has ended.
        case sessionLockLost
        /// Another receiver holds the session.
        case sessionLocked
        /// No message has that sequence number in the required state.
        case messageNotFound
        /// There is no such transaction, or no longer.
        case transactionUnknown
        /// The transaction could not be committed: nothing of it happened.
        case transactionRolledBack
        /// The transaction was rolled back because it took too long.
        case transactionTimedOut
        /// There is too much to do.
        case serverBusy
    }

    /// What went wrong.
    public let reason: Reason
    /// The service's text, with tracking id.
    public let description: String

    /// Creates an error.
    public init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
    }

    /// The symbolic AMQP error condition.
    public var condition: String {
        switch reason {
        case .entityNotFound: "amqp:not-found"
        case .entityExists: "com.microsoft:entity-already-exists"
        case .entityDisabled: "com.microsoft:entity-disabled"
        case .notAllowed: "amqp:not-allowed"
        case .invalidArgument: "com.microsoft:argument-error"
        case .messageTooLarge: "amqp:link:message-size-exceeded"
        case .quotaExceeded: "amqp:resource-limit-exceeded"
        case .messageLockLost: "com.microsoft:message-lock-lost"
        case .sessionLockLost: "com.microsoft:session-lock-lost"
        case .sessionLocked: "com.microsoft:session-cannot-be-locked"
        case .messageNotFound: "com.microsoft:message-not-found"
        case .transactionUnknown: "amqp:transaction:unknown-id"
        case .transactionRolledBack: "amqp:transaction:rollback"
        case .transactionTimedOut: "amqp:transaction:timeout"
        case .serverBusy: "com.microsoft:server-busy"
        }
    }

    /// The status of a `$management` response.
    public var status: Int32 {
        switch reason {
        case .entityNotFound, .messageNotFound: 404
        case .entityExists: 409
        case .entityDisabled, .notAllowed, .invalidArgument, .transactionUnknown, .transactionRolledBack: 400
        case .transactionTimedOut: 408
        case .messageTooLarge, .quotaExceeded: 403
        case .messageLockLost, .sessionLockLost, .sessionLocked: 410
        case .serverBusy: 503
        }
    }
}
