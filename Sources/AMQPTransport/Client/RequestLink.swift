public import AMQP
import Synchronization

/// The pair of links of a request/response node. Any number of requests may be under way; answers find theirs by correlation id.
public final class RequestLink: Sendable {
    private let connection: AMQPConnection
    private let sender: LinkID
    private let receiver: LinkID
    private let replyTo: String
    private let counter = Atomic<UInt64>(0)

    init(connection: AMQPConnection, sender: LinkID, receiver: LinkID, replyTo: String) {
        self.connection = connection
        self.sender = sender
        self.receiver = receiver
        self.replyTo = replyTo
    }

    /// Sends a request and waits for its answer. Message id and reply-to are set here.
    /// - Parameter state: the state of the request's delivery, for instance transactional.
    /// - Throws: ``TransportError``; after ``TransportError/timeout(_:)`` the request may still be carried out.
    public func request(_ message: MessageContent, state: DeliveryState? = nil, timeout: Duration) async throws -> Message {
        let key = "request-\(counter.wrappingAdd(1, ordering: .relaxed).newValue)"
        var message = message
        var properties = message.properties ?? Properties()
        properties.messageID = .string(key)
        properties.replyTo = replyTo
        message.properties = properties
        return try await connection.request(message, key: key, state: state, sender: sender, receiver: receiver, timeout: timeout)
    }

    /// Whether both links still live: a service may detach one that is idle.
    public var isOpen: Bool { connection.areAttached(sender, receiver) }

    /// Detaches both links.
    public func close() async {
        async let requests: Void = connection.detach(sender)
        async let answers: Void = connection.detach(receiver)
        _ = await (requests, answers)
    }
}
