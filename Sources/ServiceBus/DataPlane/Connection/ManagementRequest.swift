internal import AMQP
internal import NIOCore

/// A request to an entity's `$management` node (service-bus-amqp-request-response, Microsoft's documentation).
struct ManagementRequest: Sendable {
    /// The operation, without the prefix `com.microsoft:`.
    var operation: String
    /// The body: keys are strings.
    var arguments: AMQPMap
    /// The link whose deliveries the request is about.
    var associatedLink: String?
    /// The transaction it belongs to.
    var state: DeliveryState?
    /// Whether it does no harm to ask twice.
    var isRepeatable: Bool

    init(_ operation: String, isRepeatable: Bool, _ arguments: KeyValuePairs<String, AMQPValue?>) {
        self.operation = operation
        self.isRepeatable = isRepeatable
        self.arguments = AMQPMap(arguments.compactMap { key, value in value.map { AMQPMap.Pair(key: .string(key), value: $0) } })
    }

    /// The message to send.
    /// - Parameter timeout: how long we wait. The service is told a little less, so that its own answer comes first.
    func content(timeout: Duration) -> MessageContent {
        var content = MessageContent(body: .value(.map(arguments)))
        let milliseconds = timeout.components.seconds.multipliedReportingOverflow(by: 1000)
        let allowed = milliseconds.overflow ? Int64.max : max(milliseconds.partialValue - 1000, 1000)
        var pairs: [AMQPMap.Pair] = [
            .init(key: .string("operation"), value: .string("com.microsoft:" + operation)),
            .init(key: .string("com.microsoft:server-timeout"), value: .uint(UInt32(clamping: allowed))),
        ]
        if let associatedLink { pairs.append(.init(key: .string("associated-link-name"), value: .string(associatedLink))) }
        content.applicationProperties = AMQPMap(pairs)
        return content
    }
}

/// An answer of `$management` or `$cbs`: the one spells its properties `statusCode`, the other `status-code`.
struct ManagementAnswer: Sendable {
    let message: Message
    private let status: Int64?
    private let condition: String?
    private let text: String?
    private let entity: EntityPath
    private let isRepeatable: Bool

    /// - Parameters:
    ///   - entity: what was asked about.
    ///   - isRepeatable: whether it does no harm to ask twice.
    init(_ message: Message, from entity: EntityPath, isRepeatable: Bool) {
        self.message = message
        self.entity = entity
        self.isRepeatable = isRepeatable
        let properties = message.applicationProperties ?? AMQPMap()
        status = (properties["statusCode"] ?? properties["status-code"])?.integer
        condition = (properties["errorCondition"] ?? properties["error-condition"])?.text
        text = (properties["statusDescription"] ?? properties["status-description"])?.text
    }

    /// Whether there is nothing to give, which for who looks or lists is no error.
    var isNothing: Bool {
        status == 204
            || (status == 404 && (condition == "com.microsoft:message-not-found" || condition == "com.microsoft:session-not-found"))
    }

    /// Why the request failed, or nil. That there is nothing is a failure too: what it was to be done to was not there.
    var failure: ServiceBusError? {
        guard let status else { return malformed("it has no status") }
        if (200..<300).contains(status), status != 204 { return nil }
        if status == 204, condition == nil { return malformed("it says that there is nothing, where something was to be done") }
        var error = ServiceBusError(condition: condition, text: text ?? "status \(status)", status: status, entity)
        // The service ran out of time, or broke, while at it.
        if error.code == .timeout || (500...502).contains(status), condition != "amqp:not-implemented" { error.outcome = .unknown }
        return error
    }

    /// The body's map.
    /// - Throws: ``ServiceBusError/Code/protocolMismatch`` when it is none.
    func body() throws(ServiceBusError) -> AMQPMap {
        guard case .value(.map(let map)) = message.body else { throw malformed("its body is not a map") }
        return map
    }

    /// The failure of an answer that cannot be read. The service did answer: what was asked may well have been done.
    func malformed(_ reason: String) -> ServiceBusError {
        var error = ServiceBusError(unreadable: reason, entity)
        if !isRepeatable { error.outcome = .unknown }
        return error
    }
}
