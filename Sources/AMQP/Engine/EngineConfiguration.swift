public import NIOCore

/// What an engine is, offers and tolerates.
public struct EngineConfiguration: Sendable {
    /// Which side of a connection the engine plays.
    public enum Side: Sendable, Hashable {
        /// The side that connected.
        case client
        /// The side that listened.
        case server
    }

    /// A SASL mechanism a client can use (part 5, 5.3).
    public enum SASLMechanism: Sendable {
        /// No identity; Service Bus then expects tokens through CBS.
        case anonymous
        /// Service Bus's own name for the same.
        case mssbcbs
        /// User and password (RFC 4616). The bytes leave the process only over the connection.
        case plain(user: String, password: String)
        /// The identity of the TLS client certificate.
        case external

        /// The registered name.
        public var name: Symbol {
            switch self {
            case .anonymous: "ANONYMOUS"
            case .mssbcbs: "MSSBCBS"
            case .plain: "PLAIN"
            case .external: "EXTERNAL"
            }
        }

        var initialResponse: ByteBuffer {
            switch self {
            case .anonymous, .mssbcbs, .external: ByteBuffer()
            case .plain(let user, let password): ByteBuffer(string: "\0\(user)\0\(password)")
            }
        }
    }

    /// How identity is settled before the connection opens.
    public enum Security: Sendable {
        /// Client: the mechanisms to use, best first.
        case client([SASLMechanism])
        /// Server: the mechanisms to offer; `required` refuses a connection that skips SASL.
        case server(offers: [Symbol], required: Bool)
        /// No SASL layer.
        case none
    }

    /// Which side this is.
    public var side: Side
    /// The name of our container.
    public var containerID: String
    /// The host a client asks for.
    public var hostname: String?
    /// SASL.
    public var security: Security
    /// The largest frame we accept, in bytes; at least 512.
    public var maxFrameSize: UInt32 = 65536
    /// The highest channel number we accept.
    public var channelMax: UInt16 = 4999
    /// The highest link handle we accept in a session.
    public var handleMax: UInt32 = 254
    /// After how much silence we give up; half of it is advertised, as part 2, 2.4.5 advises. Nil: never.
    public var idleTimeout: TimeAmount?
    /// The number of transfers we can hold in a session; advertised again when half is used.
    public var incomingWindow: UInt32 = 5000
    /// The largest message we put together from transfers, in bytes.
    public var maxMessageSize: Int = 104_857_600
    /// Deliveries beyond the credit granted that are taken before the link is detached for it.
    ///
    /// A sender may count credit twice when a flow crosses its transfers on the wire; RabbitMQ 3.10 does.
    public var creditTolerance: UInt32 = 0
    /// The bytes of unfinished messages (those of which more frames are to come) we hold at most, all links together.
    public var maxUnfinishedBytes: Int = 209_715_200
    /// The bytes that may wait to be taken before the connection is given up: answers to a peer that asks and never reads.
    public var maxOutboundBytes: Int = 16_777_216
    /// How long the peer may take from the first byte to its open. Nil: as long as it likes.
    public var openTimeout: TimeAmount?
    /// How long the peer may take to answer our close, counted from the moment it was taken to be sent.
    public var closeTimeout: TimeAmount = .seconds(2)
    /// Properties of the connection.
    public var properties: AMQPMap?

    /// A configuration with the defaults above.
    public init(side: Side, containerID: String, hostname: String? = nil, security: Security) {
        self.side = side
        self.containerID = containerID
        self.hostname = hostname
        self.security = security
    }
}

/// Why a connection ended.
public enum EngineError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The peer's first bytes are not AMQP; the bytes, at most eight.
    case notAMQP(ByteBuffer)
    /// The peer speaks another protocol id or version of AMQP.
    case unsupportedProtocol(id: UInt8, major: UInt8, minor: UInt8, revision: UInt8)
    /// The peer offers no SASL mechanism we can use; what it offers.
    case noCommonMechanism([Symbol])
    /// The peer refused our credentials; the SASL outcome code.
    case authenticationFailed(code: UInt8)
    /// The peer sent something that is not valid AMQP.
    case malformed(CodecError)
    /// The peer broke the protocol's rules.
    case violation(AMQPError)
    /// The peer closed the connection.
    case closedByPeer(AMQPError?)
    /// Nothing came from the peer for too long.
    case idleTimeout
    /// The bytes ended without a close.
    case disconnected

    /// One line for an operator. Peer's text is included: sanitise before showing.
    public var description: String {
        switch self {
        case .notAMQP(let bytes):
            "the server does not speak AMQP (its first bytes are "
                + bytes.readableBytesView.map { $0 >= 0x20 && $0 < 0x7f ? String(Unicode.Scalar($0)) : "\\x" + String($0, radix: 16) }
                .joined() + ")"
        case .unsupportedProtocol(let id, let major, let minor, let revision):
            "the server answered with AMQP protocol \(id) version \(major).\(minor).\(revision)"
        case .noCommonMechanism(let offered):
            "no SASL mechanism in common; the server offers " + offered.map(\.name).joined(separator: ", ")
        case .authenticationFailed(let code): "the server refused the credentials (SASL outcome \(code))"
        case .malformed(let error): "the server sent invalid AMQP: \(error)"
        case .violation(let error): "the server broke the protocol: \(error)"
        case .closedByPeer(let error?): "the server closed the connection: \(error)"
        case .closedByPeer(nil): "the server closed the connection"
        case .idleTimeout: "the server fell silent"
        case .disconnected: "the server closed the connection without saying why"
        }
    }
}
