public import ServiceBus

/// What went wrong, said to an operator: what failed, on which entity, the service's code and tracking id, and what to try.
public struct OperatorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure. New kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The stable name used in logs and JSON.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The request makes no sense: a bad flag, a bad connection string, a broken configuration file.
        public static let usage = Code("usage")
        /// The service refused for want of a right.
        public static let notPermitted = Code("notPermitted")
        /// Callboard refused: a read-only context or a rule of the policy.
        public static let refused = Code("refused")
        /// There is no such entity, service or context.
        public static let notFound = Code("notFound")
        /// It is not as it was when the operator looked at it, or exists already.
        public static let conflict = Code("conflict")
        /// The namespace cannot be reached: name, port or network.
        public static let unreachable = Code("unreachable")
        /// The server's certificate is not trusted.
        public static let certificate = Code("certificate")
        /// What answers does not speak the protocol.
        public static let protocolMismatch = Code("protocolMismatch")
        /// No answer in time.
        public static let timeout = Code("timeout")
        /// The service is busy and asked to wait.
        public static let throttled = Code("throttled")
        /// The service reported a failure of its own.
        public static let service = Code("service")
        /// The operator stopped it.
        public static let cancelled = Code("cancelled")
        /// Some of it was done and some was not.
        public static let partlyDone = Code("partlyDone")
        /// A fault of this program or of the machine it runs on.
        public static let `internal` = Code("internal")
    }

    /// The kind of failure.
    public var code: Code
    /// One line: what failed and on what. It may contain text of the service; sanitise before showing.
    public var message: String
    /// What to try; empty when there is nothing to suggest.
    public var hint: String
    /// The entity it concerns.
    public var entity: EntityPath?
    /// The service's own code or error condition, for instance `amqp:unauthorized-access` or `40103`.
    public var serviceCode: String?
    /// The service's tracking id, to quote to support.
    public var trackingID: String?
    /// What joins it to Azure's Activity Log, where Azure Resource Manager was asked: of each request that may have been carried out.
    public var correlationIDs: [String] = []
    /// Whether what was asked of Azure Resource Manager may have been done all the same: there was no answer, or none that says.
    public var isOutcomeUnknown = false
    /// The right that was missing, for ``Code/notPermitted``: `Manage`, `Listen`, `Send`, or a role's name.
    public var neededRight: String?
    /// What stood in the way, for ``Code/refused`` by the policy.
    public var denial: Denial.Cause?
    /// What of a list of messages was not sent, where that is what failed.
    public var shortfall: SendShortfall?

    /// Creates an error.
    public init(
        _ code: Code, _ message: String, hint: String = "", entity: EntityPath? = nil, serviceCode: String? = nil,
        trackingID: String? = nil, neededRight: String? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.entity = entity
        self.serviceCode = serviceCode
        self.trackingID = trackingID
        self.neededRight = neededRight
    }

    /// The exit status of a command that ends with this error: 2 usage, 3 refused by policy or by the service's authorisation,
    /// 4 not found, 5 partly done, 130 interrupted, else 1.
    public var exitCode: Int32 {
        switch code {
        case .usage: 2
        case .notPermitted, .refused: 3
        case .notFound: 4
        case .partlyDone: 5
        case .cancelled: 130
        default: 1
        }
    }

    /// The whole error in one line: message, service code, tracking id, hint. Not sanitised.
    public var description: String {
        var text = message
        var details: [String] = []
        if let serviceCode, !message.contains(serviceCode) { details.append(serviceCode) }
        if let trackingID, !message.contains(trackingID) { details.append("tracking id \(trackingID)") }
        if !details.isEmpty { text += " (" + details.joined(separator: ", ") + ")" }
        if !hint.isEmpty { text += (text.hasSuffix(".") ? " " : ". ") + hint }
        return text
    }
}
