/// What has to be opened anew after a failure before the same request can succeed.
///
/// The table is that of Azure's Go client (azservicebus `internal/errors.go`), with the statuses of `$management` answers
/// (service-bus-amqp-request-response, Microsoft's documentation) beside the conditions.
public enum ErrorRecovery: Hashable, Sendable {
    /// Nothing: the service asks to come back later, or gave up on this request only.
    case none
    /// The link.
    case link
    /// The connection, and every link on it.
    case connection
    /// Nothing helps: the request itself has to change, or something at the service.
    case fatal

    /// Judges a condition of the service or, where there is none, the status of a `$management` answer.
    init(condition: String?, status: Int64?) {
        switch condition {
        case "com.microsoft:server-busy", "com.microsoft:timeout", "com.microsoft:operation-cancelled", "com.microsoft:container-close":
            self = .none
        case "amqp:link:detach-forced", "amqp:link:transfer-limit-exceeded", "amqp:link:stolen", "com.microsoft:partition-not-owned":
            self = .link
        case "amqp:connection:forced", "amqp:internal-error", "amqp:connection:framing-error", "amqp:session:window-violation",
            "amqp:session:errant-link", "amqp:session:unattached-handle":
            self = .connection
        case nil: self = Self.judge(status: status)
        default: self = .fatal
        }
    }

    private static func judge(status: Int64?) -> ErrorRecovery {
        switch status {
        case 408, 429, 503: .none
        case 500, 502: .connection
        default: .fatal
        }
    }
}
