import NIOCore

/// Opens a connection (part 2, 2.7.1).
public struct Open: Hashable, Sendable {
    /// The sender's container.
    public var containerID: String
    /// The host the client wants.
    public var hostname: String?
    /// The largest frame the sender accepts, in bytes; absent means 4294967295.
    public var maxFrameSize: UInt32?
    /// The highest channel number; absent means 65535.
    public var channelMax: UInt16?
    /// Milliseconds of silence after which the sender gives up.
    public var idleTimeout: UInt32?
    /// Locales for outgoing text.
    public var outgoingLocales: [Symbol]?
    /// Locales for incoming text.
    public var incomingLocales: [Symbol]?
    /// Extensions offered.
    public var offeredCapabilities: [Symbol]?
    /// Extensions wanted.
    public var desiredCapabilities: [Symbol]?
    /// Properties of the connection.
    public var properties: AMQPMap?

    /// Creates the frame body.
    public init(
        containerID: String,
        hostname: String? = nil,
        maxFrameSize: UInt32? = nil,
        channelMax: UInt16? = nil,
        idleTimeout: UInt32? = nil,
        outgoingLocales: [Symbol]? = nil,
        incomingLocales: [Symbol]? = nil,
        offeredCapabilities: [Symbol]? = nil,
        desiredCapabilities: [Symbol]? = nil,
        properties: AMQPMap? = nil
    ) {
        self.containerID = containerID
        self.hostname = hostname
        self.maxFrameSize = maxFrameSize
        self.channelMax = channelMax
        self.idleTimeout = idleTimeout
        self.outgoingLocales = outgoingLocales
        self.incomingLocales = incomingLocales
        self.offeredCapabilities = offeredCapabilities
        self.desiredCapabilities = desiredCapabilities
        self.properties = properties
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        containerID = try reader.required(try reader.string(&fields), "container-id")
        hostname = try reader.string(&fields)
        maxFrameSize = try reader.uint(&fields)
        channelMax = try reader.ushort(&fields)
        idleTimeout = try reader.uint(&fields)
        outgoingLocales = try reader.symbols(&fields, buffer)
        incomingLocales = try reader.symbols(&fields, buffer)
        offeredCapabilities = try reader.symbols(&fields, buffer)
        desiredCapabilities = try reader.symbols(&fields, buffer)
        properties = try reader.map(&fields, buffer)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.open, 10) {
            $0.optional(containerID)
            $0.optional(hostname)
            $0.optional(uint: maxFrameSize)
            $0.optional(ushort: channelMax)
            $0.optional(uint: idleTimeout)
            $0.optional(outgoingLocales)
            $0.optional(incomingLocales)
            $0.optional(offeredCapabilities)
            $0.optional(desiredCapabilities)
            $0.optional(properties)
        }
    }
}

/// Begins a session on a channel (part 2, 2.7.2).
public struct Begin: Hashable, Sendable {
    /// The peer's channel, in an answer.
    public var remoteChannel: UInt16?
    /// The transfer-id of the next transfer.
    public var nextOutgoingID: UInt32
    /// Transfers the sender can hold.
    public var incomingWindow: UInt32
    /// Transfers the sender may send.
    public var outgoingWindow: UInt32
    /// The highest link handle; absent means 4294967295.
    public var handleMax: UInt32?
    /// Extensions offered.
    public var offeredCapabilities: [Symbol]?
    /// Extensions wanted.
    public var desiredCapabilities: [Symbol]?
    /// Properties of the session.
    public var properties: AMQPMap?

    /// Creates the frame body.
    public init(
        remoteChannel: UInt16? = nil,
        nextOutgoingID: UInt32,
        incomingWindow: UInt32,
        outgoingWindow: UInt32,
        handleMax: UInt32? = nil,
        offeredCapabilities: [Symbol]? = nil,
        desiredCapabilities: [Symbol]? = nil,
        properties: AMQPMap? = nil
    ) {
        self.remoteChannel = remoteChannel
        self.nextOutgoingID = nextOutgoingID
        self.incomingWindow = incomingWindow
        self.outgoingWindow = outgoingWindow
        self.handleMax = handleMax
        self.offeredCapabilities = offeredCapabilities
        self.desiredCapabilities = desiredCapabilities
        self.properties = properties
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        remoteChannel = try reader.ushort(&fields)
        nextOutgoingID = try reader.required(try reader.uint(&fields), "next-outgoing-id")
        incomingWindow = try reader.required(try reader.uint(&fields), "incoming-window")
        outgoingWindow = try reader.required(try reader.uint(&fields), "outgoing-window")
        handleMax = try reader.uint(&fields)
        offeredCapabilities = try reader.symbols(&fields, buffer)
        desiredCapabilities = try reader.symbols(&fields, buffer)
        properties = try reader.map(&fields, buffer)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.begin, 8) {
            $0.optional(ushort: remoteChannel)
            $0.uint(nextOutgoingID)
            $0.uint(incomingWindow)
            $0.uint(outgoingWindow)
            $0.optional(uint: handleMax)
            $0.optional(offeredCapabilities)
            $0.optional(desiredCapabilities)
            $0.optional(properties)
        }
    }
}

/// Ends a session (part 2, 2.7.8).
public struct End: Hashable, Sendable {
    /// Why.
    public var error: AMQPError?

    /// Creates the frame body.
    public init(error: AMQPError? = nil) {
        self.error = error
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        error = try AMQPError.optional(&reader, &fields, buffer)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.end, 1) {
            $0.optional(error)
        }
    }
}

/// Closes a connection (part 2, 2.7.9).
public struct Close: Hashable, Sendable {
    /// Why.
    public var error: AMQPError?

    /// Creates the frame body.
    public init(error: AMQPError? = nil) {
        self.error = error
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        error = try AMQPError.optional(&reader, &fields, buffer)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.close, 1) {
            $0.optional(error)
        }
    }
}
