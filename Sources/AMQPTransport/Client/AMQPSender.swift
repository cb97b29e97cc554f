public import AMQP
public import NIOCore

/// How a sending link is opened.
public struct SenderOptions: Sendable {
    /// The link's name.
    public var name: String
    /// Where messages go.
    public var target: Target
    /// Our end's address, for the peer's logs.
    public var source: String?
    /// Whether messages are sent settled: fast, and without an outcome.
    public var settled = false
    /// Properties of the link.
    public var properties: AMQPMap?
    /// Extensions wanted.
    public var desiredCapabilities: [Symbol]?

    /// A link to a node.
    public init(name: String, address: String) {
        self.name = name
        target = .address(address)
        source = name
    }
}

/// A message ready to be sent.
public struct OutboundMessage: Sendable {
    /// The encoded message.
    public var bytes: ByteBuffer
    /// The message format; 0 is standard.
    public var format: UInt32
    /// The delivery's state, for instance transactional.
    public var state: DeliveryState?

    /// Wraps an encoded message.
    public init(_ bytes: ByteBuffer, format: UInt32 = 0, state: DeliveryState? = nil) {
        self.bytes = bytes
        self.format = format
        self.state = state
    }
}

/// A link to send on. Sending waits for the peer's credit, so a slow peer slows its caller down.
public struct AMQPSender: Sendable {
    let connection: AMQPConnection
    let id: LinkID
    /// The largest message the peer takes, in bytes; nil or 0 when it named none.
    public let maxMessageSize: UInt64?

    /// Sends one message and waits for its outcome.
    /// - Parameter timeout: how long to wait for credit and outcome; nil for as long as it takes.
    /// - Returns: the outcome the peer settled with.
    /// - Throws: ``TransportError``; unless it is ``TransportError/unsent(_:)``, the outcome is unknown.
    public func send(_ message: OutboundMessage, timeout: Duration? = nil) async throws -> DeliveryState {
        guard let outcome = try await connection.send([message], on: id, timeout: timeout).first else { throw TransportError.closed }
        return try outcome.get()
    }

    /// Sends messages one after another without waiting in between, and waits for all outcomes.
    /// - Parameter timeout: how long to wait for all of them; nil for as long as it takes.
    /// - Returns: the outcomes, in the order of the messages.
    public func send(_ messages: [OutboundMessage], timeout: Duration? = nil) async throws -> [Result<DeliveryState, TransportError>] {
        try await connection.send(messages, on: id, timeout: timeout)
    }

    /// Whether the link still lives: a service may detach one that is idle.
    public var isOpen: Bool { connection.isAttached(id) }

    /// Detaches the link.
    public func close() async { await connection.detach(id) }
}
