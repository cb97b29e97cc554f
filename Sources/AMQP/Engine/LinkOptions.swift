/// How a link is to be attached.
public struct LinkOptions: Sendable {
    /// The link's name, unique among those of the two containers and the direction.
    public var name: String
    /// What we are on the link.
    public var role: Role
    /// Where messages come from.
    public var source: Source?
    /// Where messages go.
    public var target: Target?
    /// 0 unsettled, 1 settled, 2 mixed.
    public var senderSettleMode: UInt8?
    /// 0 first, 1 second.
    public var receiverSettleMode: UInt8?
    /// The delivery count a sender begins with (part 2, 2.6.7).
    public var initialDeliveryCount: UInt32 = 0
    /// The largest message we accept, in bytes; nil leaves it to the configuration.
    public var maxMessageSize: UInt64?
    /// Properties of the link.
    public var properties: AMQPMap?
    /// Extensions wanted.
    public var desiredCapabilities: [Symbol]?

    /// Creates options.
    public init(name: String, role: Role, source: Source?, target: Target?) {
        self.name = name
        self.role = role
        self.source = source
        self.target = target
    }
}

/// What to answer to a peer's attach, where it differs from what the peer asked.
public struct LinkAnswer: Sendable {
    /// The source to answer with; nil echoes the peer's.
    public var source: Source?
    /// The target to answer with; nil echoes the peer's.
    public var target: Target?
    /// The largest message accepted or sent, in bytes.
    public var maxMessageSize: UInt64?
    /// Whether a message above ``maxMessageSize`` is taken in all the same, up to ``EngineConfiguration/maxMessageSize``, for the owner to
    /// reject. Otherwise it detaches the link.
    public var takesLargerMessages = false
    /// Properties of the link.
    public var properties: AMQPMap?
    /// Creates an answer that echoes everything.
    public init() {}
}
