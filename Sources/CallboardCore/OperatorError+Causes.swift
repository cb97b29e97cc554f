internal import Identity
internal import RESTClient
internal import ServiceBus

extension OperatorError {
    /// What a failure of the data plane means to an operator.
    /// - Parameters:
    ///   - action: what was being done.
    ///   - endpoint: where, and as whom; told when that is what is wrong.
    init(_ error: ServiceBusError, doing action: String, at endpoint: NamespaceEndpoint) {
        var (code, hint) = Self.judgement(error)
        if endpoint.usesRoles {
            switch error.code {
            case .notPermitted: hint = Self.roleHint(error.neededClaim)
            case .noToken: hint = "Sign in: callboard login. 'callboard whoami' says why no other credential answers."
            default: break
            }
        }
        var place = error.entity.map { " \($0.displayName)" } ?? ""
        switch error.code {
        case .unreachable, .protocolMismatch, .certificate, .timeout, .trustFile: place += " at \(endpoint.host)"
        case .unauthenticated, .noToken: place += " as \(endpoint.identity)"
        default: break
        }
        self.init(
            code, "\(action)\(place): \(error.message)", hint: hint, entity: error.entity, serviceCode: error.condition,
            trackingID: error.trackingID, neededRight: error.neededClaim)
    }

    /// The role that gives a right, for whoever signed in.
    private static func roleHint(_ right: String?) -> String {
        let role =
            switch right {
            case "Listen": "Azure Service Bus Data Receiver"
            case "Send": "Azure Service Bus Data Sender"
            default: "Azure Service Bus Data Owner"
            }
        return "Ask for the role \(role) on this entity; what was assigned a moment ago may take some minutes to count."
    }

    private static func judgement(_ error: ServiceBusError) -> (Code, String) {
        switch error.code {
        case .entityNotFound: (.notFound, "Check the name; 'callboard entities' lists what there is.")
        case .unauthenticated: (.notPermitted, "Check the key or token: the service does not accept it.")
        case .notPermitted:
            (.notPermitted, "Ask for the \(error.neededClaim ?? "missing") right on this entity, or use a connection string that has it.")
        case .entityDisabled: (.service, "The entity is disabled: somebody must enable it first.")
        case .invalidRequest: (.service, "")
        case .quotaExceeded: (.service, "The entity or the namespace is full.")
        case .messageTooLarge: (.service, "Send a smaller message, or to an entity that takes larger ones.")
        case .lockLost: (.service, "Receive the message again.")
        case .sessionLost: (.service, "Accept the session again.")
        case .sessionTaken: (.service, "Another receiver holds the session; wait until it lets go.")
        case .noSession: (.notFound, "No session has messages now.")
        case .messageNotFound: (.notFound, "Look again: it may be locked, settled or expired by now.")
        case .releaseRaisesCount: (.service, "")
        case .rolledBack: (.service, "Nothing has changed; try again.")
        case .redirected: (.service, "Connect to the host it names.")
        case .busy: (.throttled, "Wait some seconds and try again.")
        case .timeout: (.timeout, "Check that host and port are those of a Service Bus namespace, emulator or sandbox.")
        case .unreachable: (.unreachable, "Check the host name, the port and the network.")
        case .trustFile: (.usage, "Check the path given with --ca-file.")
        case .certificate:
            (.certificate, "If the server is yours, name its certificate authority with --ca-file; otherwise do not trust it.")
        case .protocolMismatch:
            (
                .protocolMismatch,
                "Check the port: AMQP is 5671 with TLS, 5672 in plain on an emulator (UseDevelopmentEmulator=true); 5300 and 443 speak HTTP and WebSockets (TransportType=AmqpWebSockets)."
            )
        case .noToken: (.notPermitted, "Check the connection string or sign in again.")
        case .cancelled: (.cancelled, "")
        case .service: (.service, "")
        }
    }

    /// What it means to an operator that no token can be had.
    init(_ error: IdentityError) {
        let code: Code =
            switch error.code {
            case .unavailable: .unreachable
            case .timedOut: .timeout
            case .cancelled: .cancelled
            case .misconfigured: .usage
            case .invalidAnswer: .protocolMismatch
            default: .notPermitted
            }
        self.init(code, error.message, hint: error.hint, serviceCode: error.fault?.numbers.first.map { "AADSTS\($0)" })
    }

    /// What a failure of the administration interface means to an operator.
    init(_ error: AdministrationError, doing action: String, entity: EntityPath? = nil) {
        let code: Code =
            switch error.code {
            case .notFound: .notFound
            case .unauthorized, .notPermitted, .noToken: .notPermitted
            case .conflict: .conflict
            case .invalidRequest, .quotaExceeded, .service: .service
            case .busy: .throttled
            case .unexpectedAnswer: .protocolMismatch
            case .noAnswer(let reason): Self.code(reason)
            }
        self.init(
            code, "\(action): \(error.message)", hint: error.hint, entity: entity,
            serviceCode: error.subCode.map(String.init) ?? error.status.map(String.init), trackingID: error.trackingID,
            neededRight: error.code == .notPermitted ? "Manage" : nil)
    }

    private static func code(_ reason: RESTError.Code) -> Code {
        switch reason {
        case .certificateUntrusted, .certificateNameMismatch, .certificateExpired: .certificate
        case .tlsFailed, .notHTTP, .bodyTooLarge: .protocolMismatch
        case .timedOut: .timeout
        case .cancelled: .cancelled
        case .invalidURL, .trustFileUnusable: .usage
        case .unknownHost, .refused, .unreachable, .connectionLost: .unreachable
        }
    }
}
