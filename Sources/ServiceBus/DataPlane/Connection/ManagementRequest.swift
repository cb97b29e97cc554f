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
    let status: Int64
    let condition: String?
    private let text: String?

    init(_ message: Message) {
        self.message = message
        let properties = message.applicationProperties ?? AMQPMap()
        status = (properties["statusCode"] ?? properties["status-code"])?.integer ?? 0
        condition = (properties["errorCondition"] ?? properties["error-condition"])?.text
        text = (properties["statusDescription"] ?? properties["status-description"])?.text
    }

    /// Whether there is nothing to give: an entity that exists and holds nothing of what was asked for is no error.
    var isEmpty: Bool {
        status == 204
            || (status == 404 && (condition == "com.microsoft:message-not-found" || condition == "com.microsoft:session-not-found"))
    }

    /// Why the request failed, or nil.
    func failure(_ entity: EntityPath) -> ServiceBusError? {
        guard !(200..<300).contains(status) else { return nil }
        var error = ServiceBusError(condition: condition, text: text ?? "status \(status)", status: status, entity)
        // The service ran out of time, or broke, while at it.
        if error.code == .timeout || (500...502).contains(status), condition != "amqp:not-implemented" { error.outcome = .unknown }
        return error
    }

    /// The body's map.
    /// - Throws: ``ServiceBusError/Code/protocolMismatch`` when it is none.
    func body(_ entity: EntityPath) throws(ServiceBusError) -> AMQPMap {
        guard case .value(.map(let map)) = message.body else { throw Self.malformed("its body is not a map", entity) }
        return map
    }

    static func malformed(_ reason: String, _ entity: EntityPath) -> ServiceBusError {
        ServiceBusError(.protocolMismatch, "The service's answer cannot be read: \(reason).", entity: entity)
    }
}
