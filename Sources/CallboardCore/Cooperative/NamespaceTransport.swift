package import ServiceBus

/// Requests and decisions over a namespace's data plane. It has a connection of its own.
package struct NamespaceTransport: CooperativeTransport {
    /// The most messages a page asks for; the service gives 250 at most.
    private static let pageSize = 100

    private let namespace: Namespace
    private let endpoint: NamespaceEndpoint
    private let limits: ExactLimits

    /// - Parameters:
    ///   - namespace: the namespace that requests travel by.
    ///   - endpoint: what it is called, for errors.
    ///   - limits: how far looking for one request in the queue may go.
    package init(_ namespace: Namespace, endpoint: NamespaceEndpoint, limits: ExactLimits = ExactLimits()) {
        self.namespace = namespace
        self.endpoint = endpoint
        self.limits = limits
    }

    package func send(_ posting: CooperativePosting, to path: EntityPath) async throws(OperatorError) {
        do throws(ServiceBusError) { try await namespace.send(posting.message, to: path) } catch {
            throw OperatorError(error, doing: "Sending to", at: endpoint)
        }
    }

    package func schedule(_ posting: CooperativePosting, at time: Timestamp, on path: EntityPath) async throws(OperatorError) {
        do throws(ServiceBusError) { _ = try await namespace.schedule([posting.message], at: time, on: path).get() } catch {
            throw OperatorError(error, doing: "Scheduling on", at: endpoint)
        }
    }

    package func page(of path: EntityPath, from number: SequenceNumber) async throws(OperatorError) -> [CooperativeMessage] {
        var next = number
        while true {
            let page: [PeekedMessage]
            do throws(ServiceBusError) { page = try await namespace.peek(path, from: next, count: Self.pageSize) } catch {
                throw OperatorError(error, doing: "Peeking", at: endpoint)
            }
            // What is scheduled or set aside is not there yet, or not any more.
            let messages = page.filter { $0.state == .active }.map(CooperativeMessage.init)
            guard messages.isEmpty, let following = page.last?.sequenceNumber.next, following > next else { return messages }
            next = following
        }
    }

    package func withMessage<R: Sendable>(
        _ number: SequenceNumber, of path: EntityPath, _ body: (any HeldMessage) async throws(OperatorError) -> R
    ) async throws(OperatorError) -> R {
        let endpoint = endpoint
        do {
            return try await namespace.withExactly(number, in: path, limits: limits) { receiver, message in
                try await body(LiveHeldMessage(receiver: receiver, received: message, endpoint: endpoint))
            }
        } catch { throw Self.told(error, "Opening a message of", path, endpoint) }
    }

    package func withMessages(
        of path: EntityPath, max count: Int, _ body: (any HeldMessage) async throws(OperatorError) -> Void
    ) async throws(OperatorError) -> Int {
        let (endpoint, wait) = (endpoint, limits.wait)
        do {
            return try await namespace.withReceiver(for: path) { receiver in
                let messages = try await receiver.receive(max: count, wait: wait)
                for message in messages { try await body(LiveHeldMessage(receiver: receiver, received: message, endpoint: endpoint)) }
                return messages.count
            }
        } catch { throw Self.told(error, "Receiving from", path, endpoint) }
    }

    private static func told(_ error: any Error, _ action: String, _ path: EntityPath, _ endpoint: NamespaceEndpoint) -> OperatorError {
        switch error {
        case let error as OperatorError: error
        case let error as ServiceBusError: OperatorError(error, doing: action, at: endpoint)
        case is CancellationError: OperatorError(.cancelled, "Stopped.", entity: path)
        default: OperatorError(.internal, "\(error)", entity: path)
        }
    }
}

/// A message that a receiver holds.
private struct LiveHeldMessage: HeldMessage {
    let receiver: MessageReceiver
    let received: ReceivedMessage
    let endpoint: NamespaceEndpoint

    var message: CooperativeMessage { CooperativeMessage(received.content) }
    var lockedUntil: Timestamp? { received.lock?.until }

    func renew() async throws(OperatorError) -> Timestamp {
        let ends: [Timestamp]
        do throws(ServiceBusError) { ends = try await receiver.renewLocks(of: [received]) } catch {
            throw OperatorError(error, doing: "Renewing the lock on a message of", at: endpoint)
        }
        guard let end = ends.first else {
            throw OperatorError(.conflict, "The message has no lock that could be renewed.", entity: receiver.path)
        }
        return end
    }

    func complete() async throws(OperatorError) {
        do throws(ServiceBusError) { try await receiver.complete(received) } catch {
            throw OperatorError(error, doing: "Removing a message of", at: endpoint)
        }
    }

    func deadLetter(reason: String, description: String) async throws(OperatorError) {
        do throws(ServiceBusError) { try await receiver.deadLetter(received, reason: reason, description: description) } catch {
            throw OperatorError(error, doing: "Putting aside a message of", at: endpoint)
        }
    }
}

extension CooperativeMessage {
    /// A message as far as it matters here. What is no body of bytes is no statement.
    init(_ message: PeekedMessage) {
        let body = message.encodedSize <= SignedStatement.largest + 4096 ? message.body : nil
        self.init(
            number: message.sequenceNumber, id: message.messageID, body: body.map { $0.kind == .data ? $0.bytes : [] } ?? [],
            enqueuedAt: message.enqueuedTime ?? Timestamp(milliseconds: 0), expiresAt: message.expiresAt)
    }
}

extension CooperativePosting {
    fileprivate var message: OutgoingMessage {
        var message = OutgoingMessage(body: .data(body))
        message.messageID = id
        message.subject = subject
        message.correlationID = request
        message.contentType = "application/json"
        message.timeToLive = timeToLive
        return message
    }
}
