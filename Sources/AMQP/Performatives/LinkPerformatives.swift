public import NIOCore

/// Which end of a link a peer is (part 2, 2.8.1).
public enum Role: Hashable, Sendable {
    /// Sends messages.
    case sender
    /// Receives messages.
    case receiver

    /// The other end.
    public var opposite: Role { self == .sender ? .receiver : .sender }

    static func optional(_ reader: inout WireReader, _ fields: inout FieldList) throws(CodecError) -> Role? {
        guard let isReceiver = try reader.boolean(&fields) else { return nil }
        return isReceiver ? .receiver : .sender
    }
}

/// Attaches a link to a session (part 2, 2.7.3).
public struct Attach: Hashable, Sendable {
    /// The link's name.
    public var name: String
    /// The sender's handle for the link.
    public var handle: UInt32
    /// What the sender of this frame is on the link.
    public var role: Role
    /// 0 unsettled, 1 settled, 2 mixed.
    public var senderSettleMode: UInt8?
    /// 0 first, 1 second.
    public var receiverSettleMode: UInt8?
    /// Where messages come from.
    public var source: Source?
    /// Where messages go.
    public var target: Target?
    /// Unsettled deliveries of a resumed link.
    public var unsettled: AMQPMap?
    /// Whether the unsettled map is incomplete.
    public var incompleteUnsettled: Bool?
    /// The sender's delivery count at the start.
    public var initialDeliveryCount: UInt32?
    /// The largest message accepted, in bytes; absent or 0 means no limit.
    public var maxMessageSize: UInt64?
    /// Extensions offered.
    public var offeredCapabilities: [Symbol]?
    /// Extensions wanted.
    public var desiredCapabilities: [Symbol]?
    /// Properties of the link.
    public var properties: AMQPMap?

    /// Creates the frame body.
    public init(
        name: String,
        handle: UInt32,
        role: Role,
        senderSettleMode: UInt8? = nil,
        receiverSettleMode: UInt8? = nil,
        source: Source? = nil,
        target: Target? = nil,
        unsettled: AMQPMap? = nil,
        incompleteUnsettled: Bool? = nil,
        initialDeliveryCount: UInt32? = nil,
        maxMessageSize: UInt64? = nil,
        offeredCapabilities: [Symbol]? = nil,
        desiredCapabilities: [Symbol]? = nil,
        properties: AMQPMap? = nil
    ) {
        self.name = name
        self.handle = handle
        self.role = role
        self.senderSettleMode = senderSettleMode
        self.receiverSettleMode = receiverSettleMode
        self.source = source
        self.target = target
        self.unsettled = unsettled
        self.incompleteUnsettled = incompleteUnsettled
        self.initialDeliveryCount = initialDeliveryCount
        self.maxMessageSize = maxMessageSize
        self.offeredCapabilities = offeredCapabilities
        self.desiredCapabilities = desiredCapabilities
        self.properties = properties
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        name = try reader.required(try reader.string(&fields), "name")
        handle = try reader.required(try reader.uint(&fields), "handle")
        role = try reader.required(try Role.optional(&reader, &fields), "role")
        senderSettleMode = try reader.ubyte(&fields)
        receiverSettleMode = try reader.ubyte(&fields)
        source = try reader.hasValue(&fields) ? try Source(from: &reader, in: buffer) : nil
        target = try reader.hasValue(&fields) ? try Target(from: &reader, in: buffer) : nil
        unsettled = try reader.map(&fields, buffer)
        incompleteUnsettled = try reader.boolean(&fields)
        initialDeliveryCount = try reader.uint(&fields)
        maxMessageSize = try reader.ulong(&fields)
        offeredCapabilities = try reader.symbols(&fields, buffer)
        desiredCapabilities = try reader.symbols(&fields, buffer)
        properties = try reader.map(&fields, buffer)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.attach, 14) {
            $0.optional(name)
            $0.uint(handle)
            $0.boolean(role == .receiver)
            $0.optional(ubyte: senderSettleMode)
            $0.optional(ubyte: receiverSettleMode)
            if let source { source.encode(to: &$0) } else { $0.null() }
            if let target { target.encode(to: &$0) } else { $0.null() }
            $0.optional(unsettled)
            $0.optional(incompleteUnsettled)
            $0.optional(uint: initialDeliveryCount)
            $0.optional(ulong: maxMessageSize)
            $0.optional(offeredCapabilities)
            $0.optional(desiredCapabilities)
            $0.optional(properties)
        }
    }
}

/// Updates the flow state of a session or link (part 2, 2.7.4).
public struct Flow: Hashable, Sendable {
    /// The transfer-id expected next.
    public var nextIncomingID: UInt32?
    /// Transfers the sender can hold.
    public var incomingWindow: UInt32
    /// The transfer-id of the next transfer.
    public var nextOutgoingID: UInt32
    /// Transfers the sender may send.
    public var outgoingWindow: UInt32
    /// The link meant; absent for the session alone.
    public var handle: UInt32?
    /// Deliveries sent on the link.
    public var deliveryCount: UInt32?
    /// Deliveries the receiver will take.
    public var linkCredit: UInt32?
    /// Deliveries the sender could send.
    public var available: UInt32?
    /// Use up the credit or give it back.
    public var drain: Bool?
    /// Answer with a flow.
    public var echo: Bool?
    /// Properties of the link state.
    public var properties: AMQPMap?

    /// Creates the frame body.
    public init(
        nextIncomingID: UInt32? = nil,
        incomingWindow: UInt32,
        nextOutgoingID: UInt32,
        outgoingWindow: UInt32,
        handle: UInt32? = nil,
        deliveryCount: UInt32? = nil,
        linkCredit: UInt32? = nil,
        available: UInt32? = nil,
        drain: Bool? = nil,
        echo: Bool? = nil,
        properties: AMQPMap? = nil
    ) {
        self.nextIncomingID = nextIncomingID
        self.incomingWindow = incomingWindow
        self.nextOutgoingID = nextOutgoingID
        self.outgoingWindow = outgoingWindow
        self.handle = handle
        self.deliveryCount = deliveryCount
        self.linkCredit = linkCredit
        self.available = available
        self.drain = drain
        self.echo = echo
        self.properties = properties
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        nextIncomingID = try reader.uint(&fields)
        incomingWindow = try reader.required(try reader.uint(&fields), "incoming-window")
        nextOutgoingID = try reader.required(try reader.uint(&fields), "next-outgoing-id")
        outgoingWindow = try reader.required(try reader.uint(&fields), "outgoing-window")
        handle = try reader.uint(&fields)
        deliveryCount = try reader.uint(&fields)
        linkCredit = try reader.uint(&fields)
        available = try reader.uint(&fields)
        drain = try reader.boolean(&fields)
        echo = try reader.boolean(&fields)
        properties = try reader.map(&fields, buffer)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.flow, 11) {
            $0.optional(uint: nextIncomingID)
            $0.uint(incomingWindow)
            $0.uint(nextOutgoingID)
            $0.uint(outgoingWindow)
            $0.optional(uint: handle)
            $0.optional(uint: deliveryCount)
            $0.optional(uint: linkCredit)
            $0.optional(uint: available)
            $0.optional(drain)
            $0.optional(echo)
            $0.optional(properties)
        }
    }
}

/// Carries a message or a part of one (part 2, 2.7.5). The payload follows it in the frame.
public struct Transfer: Hashable, Sendable {
    /// The link.
    public var handle: UInt32
    /// The delivery; absent on continuations.
    public var deliveryID: UInt32?
    /// The sender's tag, at most 32 bytes.
    public var deliveryTag: ByteBuffer?
    /// The message format; 0 is standard.
    public var messageFormat: UInt32?
    /// Whether the sender has settled it.
    public var settled: Bool?
    /// Whether more of the message follows.
    public var more: Bool?
    /// 0 first, 1 second.
    public var receiverSettleMode: UInt8?
    /// The delivery's state at the sender.
    public var state: DeliveryState?
    /// Whether this resumes a delivery.
    public var resume: Bool?
    /// Whether the delivery is given up.
    public var aborted: Bool?
    /// Whether dispositions may be batched.
    public var batchable: Bool?

    /// Creates the frame body.
    public init(
        handle: UInt32,
        deliveryID: UInt32? = nil,
        deliveryTag: ByteBuffer? = nil,
        messageFormat: UInt32? = nil,
        settled: Bool? = nil,
        more: Bool? = nil,
        receiverSettleMode: UInt8? = nil,
        state: DeliveryState? = nil,
        resume: Bool? = nil,
        aborted: Bool? = nil,
        batchable: Bool? = nil
    ) {
        self.handle = handle
        self.deliveryID = deliveryID
        self.deliveryTag = deliveryTag
        self.messageFormat = messageFormat
        self.settled = settled
        self.more = more
        self.receiverSettleMode = receiverSettleMode
        self.state = state
        self.resume = resume
        self.aborted = aborted
        self.batchable = batchable
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        handle = try reader.required(try reader.uint(&fields), "handle")
        deliveryID = try reader.uint(&fields)
        deliveryTag = try reader.binary(&fields, buffer)
        messageFormat = try reader.uint(&fields)
        settled = try reader.boolean(&fields)
        more = try reader.boolean(&fields)
        receiverSettleMode = try reader.ubyte(&fields)
        state = try DeliveryState.optional(&reader, &fields, buffer)
        resume = try reader.boolean(&fields)
        aborted = try reader.boolean(&fields)
        batchable = try reader.boolean(&fields)
        try reader.leave(fields)
    }

    func encode(to writer: inout WireWriter) { writer.write { encode(to: &$0) } }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.transfer, 11) {
            $0.uint(handle)
            $0.optional(uint: deliveryID)
            $0.optional(deliveryTag)
            $0.optional(uint: messageFormat)
            $0.optional(settled)
            $0.optional(more)
            $0.optional(ubyte: receiverSettleMode)
            $0.optional(state)
            $0.optional(resume)
            $0.optional(aborted)
            $0.optional(batchable)
        }
    }
}

/// Tells the peer the state of deliveries (part 2, 2.7.6).
public struct Disposition: Hashable, Sendable {
    /// What the sender of this frame is on the links.
    public var role: Role
    /// The first delivery.
    public var first: UInt32
    /// The last delivery; absent means the first.
    public var last: UInt32?
    /// Whether the sender has settled them.
    public var settled: Bool?
    /// Their state.
    public var state: DeliveryState?
    /// Whether the answer may be batched.
    public var batchable: Bool?

    /// Creates the frame body.
    public init(
        role: Role,
        first: UInt32,
        last: UInt32? = nil,
        settled: Bool? = nil,
        state: DeliveryState? = nil,
        batchable: Bool? = nil
    ) {
        self.role = role
        self.first = first
        self.last = last
        self.settled = settled
        self.state = state
        self.batchable = batchable
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        role = try reader.required(try Role.optional(&reader, &fields), "role")
        first = try reader.required(try reader.uint(&fields), "first")
        last = try reader.uint(&fields)
        settled = try reader.boolean(&fields)
        state = try DeliveryState.optional(&reader, &fields, buffer)
        batchable = try reader.boolean(&fields)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.disposition, 6) {
            $0.boolean(role == .receiver)
            $0.uint(first)
            $0.optional(uint: last)
            $0.optional(settled)
            $0.optional(state)
            $0.optional(batchable)
        }
    }
}

/// Detaches a link (part 2, 2.7.7).
public struct Detach: Hashable, Sendable {
    /// The link.
    public var handle: UInt32
    /// Whether the link is closed for good.
    public var closed: Bool?
    /// Why.
    public var error: AMQPError?

    /// Creates the frame body.
    public init(handle: UInt32, closed: Bool? = nil, error: AMQPError? = nil) {
        self.handle = handle
        self.closed = closed
        self.error = error
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        handle = try reader.required(try reader.uint(&fields), "handle")
        closed = try reader.boolean(&fields)
        error = try AMQPError.optional(&reader, &fields, buffer)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.detach, 3) {
            $0.uint(handle)
            $0.optional(closed)
            $0.optional(error)
        }
    }
}
