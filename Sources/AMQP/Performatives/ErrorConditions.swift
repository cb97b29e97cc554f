/// The error conditions of the standard (part 2, 2.8.15 to 2.8.18; part 4, 4.5.8).
extension Symbol {
    /// An internal error of the peer.
    public static let internalError: Symbol = "amqp:internal-error"
    /// The named thing does not exist.
    public static let notFound: Symbol = "amqp:not-found"
    /// The peer may not do this.
    public static let unauthorizedAccess: Symbol = "amqp:unauthorized-access"
    /// Bytes that could not be decoded.
    public static let decodeError: Symbol = "amqp:decode-error"
    /// A limit was exceeded.
    public static let resourceLimitExceeded: Symbol = "amqp:resource-limit-exceeded"
    /// Not allowed in this state.
    public static let notAllowed: Symbol = "amqp:not-allowed"
    /// A field is invalid.
    public static let invalidField: Symbol = "amqp:invalid-field"
    /// Not implemented by the peer.
    public static let notImplemented: Symbol = "amqp:not-implemented"
    /// Somebody else holds it.
    public static let resourceLocked: Symbol = "amqp:resource-locked"
    /// A condition of the request is not met.
    public static let preconditionFailed: Symbol = "amqp:precondition-failed"
    /// It was deleted meanwhile.
    public static let resourceDeleted: Symbol = "amqp:resource-deleted"
    /// A frame that the state of its receiver does not allow.
    public static let illegalState: Symbol = "amqp:illegal-state"
    /// A frame that cannot be sent within the peer's maximum frame size.
    public static let frameSizeTooSmall: Symbol = "amqp:frame-size-too-small"
    /// The connection was closed by an operator or a time-out.
    public static let connectionForced: Symbol = "amqp:connection:forced"
    /// A frame broke the framing rules.
    public static let framingError: Symbol = "amqp:connection:framing-error"
    /// The container is to be reached elsewhere.
    public static let connectionRedirect: Symbol = "amqp:connection:redirect"
    /// A session's window was violated.
    public static let windowViolation: Symbol = "amqp:session:window-violation"
    /// Input for a link that was detached with an error.
    public static let errantLink: Symbol = "amqp:session:errant-link"
    /// A handle is in use.
    public static let handleInUse: Symbol = "amqp:session:handle-in-use"
    /// A frame named a handle with no link.
    public static let unattachedHandle: Symbol = "amqp:session:unattached-handle"
    /// The link was detached by an operator or a time-out.
    public static let detachForced: Symbol = "amqp:link:detach-forced"
    /// More transfers than link credit.
    public static let transferLimitExceeded: Symbol = "amqp:link:transfer-limit-exceeded"
    /// A message above the link's maximum size.
    public static let messageSizeExceeded: Symbol = "amqp:link:message-size-exceeded"
    /// The address is to be reached elsewhere.
    public static let linkRedirect: Symbol = "amqp:link:redirect"
    /// Another connection attached the link.
    public static let linkStolen: Symbol = "amqp:link:stolen"
    /// No such transaction.
    public static let transactionUnknownID: Symbol = "amqp:transaction:unknown-id"
    /// The transaction was rolled back.
    public static let transactionRollback: Symbol = "amqp:transaction:rollback"
    /// The transaction took too long.
    public static let transactionTimeout: Symbol = "amqp:transaction:timeout"

    /// All of them.
    static let errorConditions: [Symbol] = [
        .internalError, .notFound, .unauthorizedAccess, .decodeError, .resourceLimitExceeded, .notAllowed, .invalidField, .notImplemented,
        .resourceLocked, .preconditionFailed, .resourceDeleted, .illegalState, .frameSizeTooSmall, .connectionForced, .framingError,
        .connectionRedirect, .windowViolation, .errantLink, .handleInUse, .unattachedHandle, .detachForced, .transferLimitExceeded,
        .messageSizeExceeded, .linkRedirect, .linkStolen, .transactionUnknownID, .transactionRollback, .transactionTimeout,
    ]
}
