internal import AMQPTransport
internal import AMQP
public import Identity

/// Why an operation on the data plane failed.
public struct ServiceBusError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that call for different remedies.
    public enum Code: Hashable, Sendable {
        /// There is no such entity.
        case entityNotFound
        /// The token was refused.
        case unauthenticated
        /// The token is good, its rights are not enough.
        case notPermitted
        /// The entity's status does not allow it.
        case entityDisabled
        /// The operation is not possible on this entity, or an argument is wrong.
        case invalidRequest
        /// The entity is full.
        case quotaExceeded
        /// A message is too large.
        case messageTooLarge
        /// The lock on a message is gone.
        case lockLost
        /// The lock on a session is gone: nothing of it can be settled any more, and its messages go to whoever accepts it next.
        case sessionLost
        /// Another receiver holds the session.
        case sessionTaken
        /// No session had anything to give in the time allowed.
        case noSession
        /// No message of that number is there to be had: it is gone, or somebody else holds it.
        case messageNotFound
        /// The service counts a release as a failed delivery, so that no message can be passed over without leaving a trace.
        case releaseRaisesCount
        /// The transaction was rolled back: nothing in it has happened.
        case rolledBack
        /// The namespace, or the entity, is to be reached elsewhere.
        case redirected
        /// The service asked to come back later.
        case busy
        /// No answer in time; whether it was carried out is unknown.
        case timeout
        /// Host, port or network.
        case unreachable
        /// The server's certificate is not trusted.
        case certificate
        /// The file with trusted certificates cannot be used.
        case trustFile
        /// What answers does not speak AMQP, or broke it.
        case protocolMismatch
        /// No token could be had.
        case noToken(IdentityError.Code)
        /// The caller stopped it.
        case cancelled
        /// Any other failure of the service.
        case service
    }

    /// Whether what was asked may have happened all the same.
    public enum Outcome: Hashable, Sendable {
        /// It was not carried out; asking again cannot do it twice.
        case notCarriedOut
        /// It had left us and no answer came, or none that can be read: it may have been carried out. Look before asking again.
        case unknown
    }

    /// The kind of failure.
    public var code: Code
    /// Whether what was asked may have happened all the same.
    public var outcome = Outcome.notCarriedOut
    /// What has to be opened anew before the same can succeed.
    public var recovery: ErrorRecovery
    /// The entity meant, if any.
    public var entity: EntityPath?
    /// What the service or the network said, without the ids. Sanitise before showing.
    public var message: String
    /// The AMQP condition, for instance `amqp:unauthorized-access`.
    public var condition: String?
    /// The id to quote to the service's operators.
    public var trackingID: String?
    /// Which claim was missing, where the service said so: `Listen`, `Send` or `Manage`.
    public var neededClaim: String?

    init(_ code: Code, _ message: String, entity: EntityPath?, condition: String? = nil, recovery: ErrorRecovery = .fatal) {
        self.code = code
        self.recovery = recovery
        self.message = message
        self.entity = entity
        self.condition = condition
    }

    /// What the service said cannot be read.
    init(unreadable reason: String, _ entity: EntityPath) {
        self.init(.protocolMismatch, "The service's answer cannot be read: \(reason).", entity: entity)
    }

    /// Message, condition and tracking id in one line.
    public var description: String {
        let facts = [condition, trackingID.map { "TrackingId \($0)" }].compactMap { $0 }
        return facts.isEmpty ? message : "\(message) (\(facts.joined(separator: ", ")))"
    }

    /// Names the cause of any error of the layers below.
    init(_ error: any Error, entity: EntityPath?) {
        switch error {
        case let error as ServiceBusError: self = error
        case let error as TransportError: self.init(transport: error, entity)
        case let error as IdentityError: self.init(.noToken(error.code), error.message, entity: entity)
        case is CancellationError: self.init(.cancelled, "stopped", entity: entity)
        default: self.init(.service, "\(error)", entity: entity)
        }
    }

    /// Names the cause of an error that came after the request had left us: unless the service itself refused, the outcome is unknown.
    init(afterDispatch error: any Error, entity: EntityPath?) {
        self.init(error, entity: entity)
        switch error {
        // Reported by a layer of ours that knew whether it had left.
        case is ServiceBusError: break
        // The service's own word, except that it ran out of time itself; and what never left.
        case TransportError.outcome: if code == .timeout { outcome = .unknown }
        case TransportError.unsent: break
        default: outcome = .unknown
        }
    }

    private init(transport error: TransportError, _ entity: EntityPath?) {
        if case .unsent(let cause) = error {
            self.init(transport: cause, entity)
            return
        }
        if let cause = error.amqpError {
            self.init(condition: cause.condition.name, text: cause.text ?? cause.condition.name, status: nil, entity)
            if code == .redirected { message += Self.destination(cause.info) }
            // What ended a link or a connection is gone, whatever the condition says of repeating.
            switch error {
            case .link where recovery == .none: recovery = .link
            case .connection where recovery == .none || recovery == .link: recovery = .connection
            default: break
            }
            return
        }
        let code: Code =
            switch error {
            case .unknownHost, .refused, .proxy, .closed, .system: .unreachable
            case .tls(let isCertificate, _): isCertificate ? .certificate : .protocolMismatch
            case .trustFile, .identityFile: .trustFile
            case .webSocket: .protocolMismatch
            case .timeout: .timeout
            case .connection(let engine):
                switch engine {
                case .notAMQP, .unsupportedProtocol, .malformed, .violation, .noCommonMechanism: .protocolMismatch
                case .authenticationFailed: .unauthenticated
                case .closedByPeer, .idleTimeout, .disconnected: .unreachable
                }
            case .malformed: .protocolMismatch
            case .link, .outcome, .unsent: .service
            }
        let recovery: ErrorRecovery =
            switch error {
            case .connection(.disconnected), .connection(.idleTimeout), .connection(.closedByPeer), .closed: .connection
            case .link: .link
            // Whether the service is slow or the link is dead cannot be told: a new link answers both.
            case .timeout: .link
            default: .fatal
            }
        self.init(code, error.description, entity: entity, recovery: recovery)
    }

    /// Where a redirect leads, from its info map (part 2, 2.8.16 and 2.8.18).
    private static func destination(_ info: AMQPMap?) -> String {
        guard let host = (info?["network-host"] ?? info?["hostname"])?.text else { return "" }
        let port = info?["port"]?.integer.map { ":\($0)" } ?? ""
        let address = info?["address"]?.text.map { ", address \($0)" } ?? ""
        return " It is to be reached at \(host)\(port)\(address)."
    }

    /// From a condition and a text of the service, or the status of a `$management` answer.
    init(condition: String?, text: String, status: Int64?, _ entity: EntityPath?) {
        let code: Code =
            switch condition {
            case "amqp:not-found": .entityNotFound
            case "com.microsoft:message-not-found": .messageNotFound
            case "amqp:unauthorized-access", "com.microsoft:auth-failed", "com.microsoft:publisher-revoked":
                text.contains("claim") ? .notPermitted : .unauthenticated
            case "com.microsoft:entity-disabled": .entityDisabled
            case "amqp:not-allowed", "com.microsoft:argument-error", "com.microsoft:argument-out-of-range", "amqp:invalid-field":
                .invalidRequest
            case "amqp:resource-limit-exceeded": .quotaExceeded
            case "amqp:link:message-size-exceeded": .messageTooLarge
            case "com.microsoft:message-lock-lost", "com.microsoft:store-lock-lost": .lockLost
            case "com.microsoft:session-lock-lost", "com.microsoft:session-not-found": .sessionLost
            case "com.microsoft:session-cannot-be-locked": .sessionTaken
            case "amqp:transaction:rollback", "amqp:transaction:timeout", "amqp:transaction:unknown-id": .rolledBack
            case "amqp:link:redirect", "amqp:connection:redirect": .redirected
            case "com.microsoft:server-busy": .busy
            case "com.microsoft:operation-cancelled", "com.microsoft:container-close": .unreachable
            case "com.microsoft:timeout": .timeout
            case "amqp:connection:forced", "amqp:link:detach-forced": .unreachable
            default: Self.code(status: status)
            }
        self.init(code, text, entity: entity, condition: condition, recovery: ErrorRecovery(condition: condition, status: status))
        (message, trackingID) = Self.split(text)
        neededClaim = ["Manage", "Listen", "Send"].first { text.contains("'\($0)' claim") }
    }

    private static func code(status: Int64?) -> Code {
        switch status {
        case 400: .invalidRequest
        case 401: .unauthenticated
        case 403: .quotaExceeded
        case 404: .entityNotFound
        case 408: .timeout
        case 410: .lockLost
        case 429, 503: .busy
        default: .service
        }
    }

    /// Cuts the tail `TrackingId:…, SystemTracker:…, Timestamp:…` off a text of the service.
    private static func split(_ text: String) -> (String, String?) {
        guard let marker = text.firstIndexOf("TrackingId:") else { return (text, nil) }
        let tail = text[marker...].dropFirst("TrackingId:".count)
        let id = tail.prefix { $0 != "," && $0 != " " && $0 != "\n" }
        var message = String(text[..<marker])
        while let last = message.last, last == " " || last == "." || last == "\n" { message.removeLast() }
        return (message.isEmpty ? text : message + ".", id.isEmpty ? nil : String(id))
    }
}

extension String {
    fileprivate func firstIndexOf(_ text: String) -> Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return index }
            index = self.index(after: index)
        }
        return nil
    }
}
