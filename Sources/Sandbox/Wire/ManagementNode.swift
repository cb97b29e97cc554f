import AMQP
import NIOCore

/// Answers one request to `<entity>/$management` (service-bus-amqp-request-response, Microsoft's documentation).
struct ManagementNode {
    let broker: Broker
    let address: EntityAddress
    /// The time, in milliseconds since 1970.
    let now: Int64
    let mayListen: Bool
    let maySend: Bool
    /// Why the request is not carried out.
    var refusal: BrokerError?
    /// What the request is a part of: sending scheduled messages and settling can be.
    var transaction: TransactionID?

    /// A failed request: status, condition and text of the answer.
    struct Failure: Error {
        var status: Int32
        var condition: Symbol
        var text: String

        init(_ status: Int32, _ condition: Symbol, _ text: String) {
            self.status = status
            self.condition = condition
            self.text = text
        }

        init(_ error: BrokerError) { self.init(error.status, Symbol(error.condition), error.description) }

        static func argument(_ text: String) -> Failure { Failure(400, "com.microsoft:argument-error", text) }
    }

    /// The sentinel that asks for sessions with messages rather than for changed states: the year 10000.
    private static let allSessions: Int64 = 253_402_300_800_000

    func answer(_ request: Message) -> EncodedAnswer {
        var content = MessageContent()
        var page: ByteBuffer?
        var properties = Properties()
        properties.correlationID = request.properties?.messageID
        content.properties = properties
        let application = request.applicationProperties ?? AMQPMap()
        var status: Int32 = 200
        var text = "OK"
        var condition: Symbol?
        do throws(Failure) {
            if let refusal { throw Failure(refusal) }
            guard let operation = application["operation"]?.text else { throw Failure.argument("The request names no operation.") }
            guard case .value(.map(let arguments)) = request.body else { throw Failure.argument("The body of the request is not a map.") }
            let answer = try perform(operation, arguments)
            page = answer.page
            if page == nil { content.body = .value(.map(answer.body)) }
            (status, text, condition) = (answer.status, answer.status == 204 ? "No Content" : "OK", answer.condition)
        } catch {
            content.body = .value(.map(AMQPMap()))
            let isTracked = error.text.contains("TrackingId:")
            (status, condition) = (error.status, error.condition)
            text = isTracked ? error.text : broker.tracked(error.text, by: "\(broker.namespace):\(address)")
        }
        var pairs: [AMQPMap.Pair] = [
            .init(key: .string("statusCode"), value: .int(status)), .init(key: .string("statusDescription"), value: .string(text)),
        ]
        if let condition { pairs.append(.init(key: .string("errorCondition"), value: .symbol(condition))) }
        if let tracking = application["com.microsoft:tracking-id"] {
            pairs.append(.init(key: .string("com.microsoft:tracking-id"), value: tracking))
        }
        content.applicationProperties = AMQPMap(pairs)
        return EncodedAnswer(head: content.encoded, body: page ?? ByteBuffer())
    }

    private struct Answer {
        var status: Int32 = 200
        var condition: Symbol?
        var body = AMQPMap()
        /// The body's section, encoded already, in place of ``body``.
        var page: ByteBuffer?
    }

    private func perform(_ operation: String, _ arguments: AMQPMap) throws(Failure) -> Answer {
        switch operation {
        case "com.microsoft:peek-message": return try listening { (queue) throws(Failure) in try peek(queue, arguments) }
        case "com.microsoft:receive-by-sequence-number":
            return try listening { (queue) throws(Failure) in try receiveDeferred(queue, arguments) }
        case "com.microsoft:renew-lock": return try listening { (queue) throws(Failure) in try renewLocks(queue, arguments) }
        case "com.microsoft:update-disposition": return try listening { (queue) throws(Failure) in try settle(queue, arguments) }
        case "com.microsoft:batch-delete-messages": return try listening { (queue) throws(Failure) in try delete(queue, arguments) }
        case "com.microsoft:schedule-message": return try schedule(arguments)
        case "com.microsoft:cancel-scheduled-message": return try cancelScheduled(arguments)
        case "com.microsoft:renew-session-lock":
            return try listening { (queue) throws(Failure) in
                let session = try self.session(arguments)
                let until = try asking { () throws(BrokerError) in try queue.renewSession(session) }
                return Answer(body: ["expiration": .timestamp(until)])
            }
        case "com.microsoft:get-session-state":
            return try listening { (queue) throws(Failure) in
                let session = try self.session(arguments)
                let state = try asking { () throws(BrokerError) in try queue.sessionState(session) }
                return Answer(body: ["session-state": state.map { .binary($0) } ?? .null])
            }
        case "com.microsoft:set-session-state":
            return try listening { (queue) throws(Failure) in
                let session = try self.session(arguments)
                let state: ByteBuffer? = if case .binary(let bytes)? = arguments["session-state"] { bytes } else { nil }
                try asking { () throws(BrokerError) in try queue.setSessionState(state, of: session) }
                return Answer()
            }
        case "com.microsoft:get-message-sessions": return try listening { (queue) throws(Failure) in try listSessions(queue, arguments) }
        // Clients need no more than to listen for these, unlike for the same over HTTP (.NET's ServiceBusRuleManager).
        case "com.microsoft:add-rule": return try listening { (_) throws(Failure) in try addRule(arguments) }
        case "com.microsoft:remove-rule": return try listening { (_) throws(Failure) in try removeRule(arguments) }
        case "com.microsoft:enumerate-rules": return try listening { (_) throws(Failure) in try listRules(arguments) }
        default: throw Failure(501, .notImplemented, "The operation '\(operation)' is not known here.")
        }
    }

    // MARK: Rights and arguments

    private func listening(_ body: (MessageQueue) throws(Failure) -> Answer) throws(Failure) -> Answer {
        guard mayListen else { throw unauthorised("Listen") }
        return try body(try asking { () throws(BrokerError) in try broker.queue(at: address) })
    }

    private func unauthorised(_ claim: String) -> Failure {
        Failure(401, .unauthorizedAccess, broker.tracked(ForcedDetach.unauthorised(claim, address, broker), by: "gateway7"))
    }

    private func asking<T>(_ body: () throws(BrokerError) -> T) throws(Failure) -> T {
        do throws(BrokerError) { return try body() } catch { throw Failure(error) }
    }

    private func session(_ arguments: AMQPMap) throws(Failure) -> String {
        guard let id = arguments["session-id"]?.text else { throw Failure.argument("'session-id' is missing.") }
        return id
    }

    private func count(_ arguments: AMQPMap, _ name: String) throws(Failure) -> Int {
        guard let value = arguments[name]?.integer, value > 0 else { throw Failure.argument("'\(name)' must be above zero.") }
        return Int(clamping: value)
    }

    private func sequenceNumbers(_ arguments: AMQPMap) throws(Failure) -> [Int64] {
        guard let elements = arguments["sequence-numbers"]?.elements else { throw Failure.argument("'sequence-numbers' is missing.") }
        return elements.compactMap(\.integer)
    }

    private func lockTokens(_ arguments: AMQPMap) throws(Failure) -> [UUIDBytes] {
        guard let elements = arguments["lock-tokens"]?.elements else { throw Failure.argument("'lock-tokens' is missing.") }
        return elements.compactMap { if case .uuid(let token) = $0 { token } else { nil } }
    }

    // MARK: Operations

    private func peek(_ queue: MessageQueue, _ arguments: AMQPMap) throws(Failure) -> Answer {
        guard let from = arguments["from-sequence-number"]?.integer else { throw Failure.argument("'from-sequence-number' is missing.") }
        let count = try count(arguments, "message-count")
        let omitsBody = arguments["omit-message-body"]?.bool ?? false
        let session = arguments["session-id"]?.text
        var page = PeekPageWriter()
        try asking { () throws(BrokerError) in
            try queue.browse(from: from, maxCount: count, sessionID: session, omitsBody: omitsBody) { page.append($0) }
        }
        if page.isEmpty { return Answer(status: 204, condition: "com.microsoft:message-not-found") }
        return Answer(page: page.finish())
    }

    private func encoded(_ delivery: Delivery) -> ByteBuffer {
        var buffer = ByteBuffer()
        delivery.write(into: &buffer)
        return buffer
    }

    private func receiveDeferred(_ queue: MessageQueue, _ arguments: AMQPMap) throws(Failure) -> Answer {
        let numbers = try sequenceNumbers(arguments)
        let mode: MessageQueue.ReceiveMode = arguments["receiver-settle-mode"]?.integer == 0 ? .receiveAndDelete : .peekLock
        let session = arguments["session-id"]?.text
        let deliveries = try asking { () throws(BrokerError) in try queue.receiveDeferred(numbers, mode: mode, sessionID: session) }
        if deliveries.isEmpty { return Answer(status: 204, condition: "com.microsoft:message-not-found") }
        let messages = deliveries.map { delivery -> AMQPValue in
            .map([
                "lock-token": .uuid(delivery.lockToken ?? UUIDBytes(high: 0, low: 0)), "message": .binary(encoded(delivery)),
            ])
        }
        return Answer(body: ["messages": .list(messages)])
    }

    private func renewLocks(_ queue: MessageQueue, _ arguments: AMQPMap) throws(Failure) -> Answer {
        var expirations: [Int64] = []
        for token in try lockTokens(arguments) {
            expirations.append(try asking { () throws(BrokerError) in try queue.renewLock(token) })
        }
        return Answer(body: ["expirations": .array(.timestamps(expirations))])
    }

    private func settle(_ queue: MessageQueue, _ arguments: AMQPMap) throws(Failure) -> Answer {
        guard let status = arguments["disposition-status"]?.text,
            let settlement = Settlement(
                status: status, reason: arguments["deadletter-reason"]?.text, description: arguments["deadletter-description"]?.text,
                properties: arguments["properties-to-modify"]?.mapValue)
        else { throw Failure.argument("'disposition-status' is missing or unknown.") }
        for token in try lockTokens(arguments) {
            try asking { () throws(BrokerError) in
                if let transaction { try queue.settle(token, settlement, in: transaction) } else { try queue.settle(token, settlement) }
            }
        }
        return Answer()
    }

    private func delete(_ queue: MessageQueue, _ arguments: AMQPMap) throws(Failure) -> Answer {
        let count = try count(arguments, "message-count")
        guard case .timestamp(let cutoff)? = arguments["enqueued-time-utc"] else {
            throw Failure.argument("'enqueued-time-utc' is missing.")
        }
        let session = arguments["session-id"]?.text
        let removed = try asking { () throws(BrokerError) in
            try queue.delete(maxCount: count, enqueuedBefore: cutoff, sessionID: session)
        }
        return Answer(status: removed == 0 ? 204 : 200, body: ["message-count": .int(Int32(clamping: removed))])
    }

    private func schedule(_ arguments: AMQPMap) throws(Failure) -> Answer {
        guard maySend else { throw unauthorised("Send") }
        guard let entries = arguments["messages"]?.elements else { throw Failure.argument("'messages' is missing.") }
        var messages: [IncomingMessage] = []
        for entry in entries {
            guard case .binary(let bytes)? = entry.mapValue?["message"], let message = try? Message(sent: bytes) else {
                throw Failure.argument("An entry of 'messages' holds no message.")
            }
            var incoming = IncomingMessage(message)
            // A message without a time, or with one gone by, is due now.
            incoming.scheduledEnqueueTime = incoming.scheduledEnqueueTime ?? now
            messages.append(incoming)
        }
        let numbers = try asking { () throws(BrokerError) in
            if let transaction { return try broker.send(messages, to: address, in: transaction, reservesNumbers: true) }
            return try broker.send(messages, to: address).compactMap(\.self)
        }
        return Answer(body: ["sequence-numbers": .array(.longs(numbers))])
    }

    private func cancelScheduled(_ arguments: AMQPMap) throws(Failure) -> Answer {
        guard maySend else { throw unauthorised("Send") }
        let numbers = try sequenceNumbers(arguments)
        try asking { () throws(BrokerError) in try broker.queue(at: address).cancelScheduled(numbers) }
        return Answer()
    }

    private func listSessions(_ queue: MessageQueue, _ arguments: AMQPMap) throws(Failure) -> Answer {
        let skip = Int(clamping: arguments["skip"]?.integer ?? 0)
        let top = Int(clamping: arguments["top"]?.integer ?? 100)
        let since: Int64? =
            if case .timestamp(let time)? = arguments["last-updated-time"], time < Self.allSessions { time } else { nil }
        let ids = try asking { () throws(BrokerError) in try queue.sessionIDs(stateUpdatedAfter: since, skip: skip, top: top) }
        if ids.isEmpty { return Answer(status: 204, condition: "com.microsoft:session-not-found") }
        return Answer(body: ["skip": .int(Int32(clamping: skip + ids.count)), "sessions-ids": .array(.strings(ids))])
    }

    // MARK: Rules

    private func addRule(_ arguments: AMQPMap) throws(Failure) -> Answer {
        guard let description = arguments["rule-description"] else { throw Failure.argument("'rule-description' is missing.") }
        let rule: RuleSettings
        do throws(RuleCodec.Malformed) { rule = try RuleCodec.decode(description, name: arguments["rule-name"]?.text) } catch {
            throw Failure.argument(error.text)
        }
        try asking { () throws(BrokerError) in try broker.addRule(rule, to: address.path) }
        return Answer()
    }

    private func removeRule(_ arguments: AMQPMap) throws(Failure) -> Answer {
        guard let name = arguments["rule-name"]?.text else { throw Failure.argument("'rule-name' is missing.") }
        try asking { () throws(BrokerError) in try broker.removeRule(name, from: address.path) }
        return Answer()
    }

    private func listRules(_ arguments: AMQPMap) throws(Failure) -> Answer {
        let skip = max(0, Int(clamping: arguments["skip"]?.integer ?? 0))
        let top = max(0, min(Int(clamping: arguments["top"]?.integer ?? 100), 100))
        let rules = try asking { () throws(BrokerError) in try broker.rules(of: address.path) }.dropFirst(skip).prefix(top)
        if rules.isEmpty { return Answer(status: 204) }
        return Answer(
            body: [
                "rules": .list(
                    rules.map { .map(["rule-description": RuleCodec.encode($0.settings, createdAt: $0.createdAt)]) })
            ])
    }
}
