public import NIOCore

/// The mechanisms a server offers (part 5, 5.3.3.1).
public struct SASLMechanisms: Hashable, Sendable {
    /// Their names, in the server's order.
    public var mechanisms: [Symbol]

    /// Creates the frame body.
    public init(mechanisms: [Symbol]) {
        self.mechanisms = mechanisms
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        mechanisms = try reader.required(try reader.symbols(&fields, buffer), "sasl-server-mechanisms")
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.saslMechanisms, 1) {
            $0.optional(mechanisms)
        }
    }
}

/// Chooses a mechanism (part 5, 5.3.3.2).
public struct SASLInit: Hashable, Sendable {
    /// The mechanism chosen.
    public var mechanism: Symbol
    /// Its first response.
    public var initialResponse: ByteBuffer?
    /// The host wanted.
    public var hostname: String?

    /// Creates the frame body.
    public init(mechanism: Symbol, initialResponse: ByteBuffer? = nil, hostname: String? = nil) {
        self.mechanism = mechanism
        self.initialResponse = initialResponse
        self.hostname = hostname
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        mechanism = try reader.required(try reader.symbol(&fields), "mechanism")
        initialResponse = try reader.binary(&fields, buffer)
        hostname = try reader.string(&fields)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.saslInit, 3) {
            $0.optional(mechanism)
            $0.optional(initialResponse)
            $0.optional(hostname)
        }
    }
}

/// A challenge of the mechanism (part 5, 5.3.3.3).
public struct SASLChallenge: Hashable, Sendable {
    /// Its bytes.
    public var challenge: ByteBuffer

    /// Creates the frame body.
    public init(challenge: ByteBuffer) {
        self.challenge = challenge
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        challenge = try reader.required(try reader.binary(&fields, buffer), "challenge")
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.saslChallenge, 1) {
            $0.optional(challenge)
        }
    }
}

/// A response of the mechanism (part 5, 5.3.3.4).
public struct SASLResponse: Hashable, Sendable {
    /// Its bytes.
    public var response: ByteBuffer

    /// Creates the frame body.
    public init(response: ByteBuffer) {
        self.response = response
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        response = try reader.required(try reader.binary(&fields, buffer), "response")
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.saslResponse, 1) {
            $0.optional(response)
        }
    }
}

/// The end of the SASL exchange (part 5, 5.3.3.6).
public struct SASLOutcome: Hashable, Sendable {
    /// 0 ok, 1 authentication failed, 2 to 4 system errors.
    public var code: UInt8
    /// More from the mechanism.
    public var additionalData: ByteBuffer?

    /// Creates the frame body.
    public init(code: UInt8, additionalData: ByteBuffer? = nil) {
        self.code = code
        self.additionalData = additionalData
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        var fields = try reader.enterFields()
        code = try reader.required(try reader.ubyte(&fields), "code")
        additionalData = try reader.binary(&fields, buffer)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.saslOutcome, 2) {
            $0.ubyte(code)
            $0.optional(additionalData)
        }
    }
}
