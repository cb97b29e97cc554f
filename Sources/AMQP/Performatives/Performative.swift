public import NIOCore

/// A frame body of the AMQP protocol (part 2, 2.7).
public enum Performative: Hashable, Sendable {
    /// Opens the connection.
    case open(Open)
    /// Begins a session.
    case begin(Begin)
    /// Attaches a link. Three times the size of any other and rare: kept apart, so that transfers are cheap to hand on.
    indirect case attach(Attach)
    /// Updates flow state.
    case flow(Flow)
    /// Carries (part of) a message.
    case transfer(Transfer)
    /// Updates deliveries.
    case disposition(Disposition)
    /// Detaches a link.
    case detach(Detach)
    /// Ends a session.
    case end(End)
    /// Closes the connection.
    case close(Close)

    /// Decodes the performative at the front of a frame body.
    /// - Returns: the performative and the number of bytes it took; the rest is payload.
    public static func decode(_ body: ByteBuffer) throws(CodecError) -> (performative: Performative, length: Int) {
        var reader = WireReader(body.readableBytesSpan)
        let descriptor = try reader.readDescriptor()
        let performative: Performative
        switch descriptor {
        case Descriptor.transfer: performative = .transfer(try Transfer(from: &reader, in: body))
        case Descriptor.disposition: performative = .disposition(try Disposition(from: &reader, in: body))
        case Descriptor.flow: performative = .flow(try Flow(from: &reader, in: body))
        case Descriptor.open: performative = .open(try Open(from: &reader, in: body))
        case Descriptor.begin: performative = .begin(try Begin(from: &reader, in: body))
        case Descriptor.attach: performative = .attach(try Attach(from: &reader, in: body))
        case Descriptor.detach: performative = .detach(try Detach(from: &reader, in: body))
        case Descriptor.end: performative = .end(try End(from: &reader, in: body))
        case Descriptor.close: performative = .close(try Close(from: &reader, in: body))
        default: throw CodecError(.unknownDescriptor(descriptor), at: 0)
        }
        return (performative, reader.offset)
    }

    /// Appends the encoded performative to a buffer.
    public func encode(into buffer: inout ByteBuffer, style: EncodingStyle = .compact) {
        buffer.writeAMQP(style: style) { encode(to: &$0) }
    }

    /// Writes the performative.
    public func encode(to writer: inout WireWriter) { writer.write { encode(to: &$0) } }

    /// Writes the performative.
    public func encode(to writer: inout SpanWriter) {
        switch self {
        case .open(let body): body.encode(to: &writer)
        case .begin(let body): body.encode(to: &writer)
        case .attach(let body): body.encode(to: &writer)
        case .flow(let body): body.encode(to: &writer)
        case .transfer(let body): body.encode(to: &writer)
        case .disposition(let body): body.encode(to: &writer)
        case .detach(let body): body.encode(to: &writer)
        case .end(let body): body.encode(to: &writer)
        case .close(let body): body.encode(to: &writer)
        }
    }
}

/// A frame body of the SASL layer (part 5, 5.3.3).
public enum SASLPerformative: Hashable, Sendable {
    /// What the server offers.
    case mechanisms(SASLMechanisms)
    /// What the client chooses.
    case initial(SASLInit)
    /// A challenge.
    case challenge(SASLChallenge)
    /// A response.
    case response(SASLResponse)
    /// The end.
    case outcome(SASLOutcome)

    /// Decodes a SASL frame body.
    public static func decode(_ body: ByteBuffer) throws(CodecError) -> SASLPerformative {
        var reader = WireReader(body.readableBytesSpan)
        let descriptor = try reader.readDescriptor()
        switch descriptor {
        case Descriptor.saslMechanisms: return .mechanisms(try SASLMechanisms(from: &reader, in: body))
        case Descriptor.saslInit: return .initial(try SASLInit(from: &reader, in: body))
        case Descriptor.saslChallenge: return .challenge(try SASLChallenge(from: &reader, in: body))
        case Descriptor.saslResponse: return .response(try SASLResponse(from: &reader, in: body))
        case Descriptor.saslOutcome: return .outcome(try SASLOutcome(from: &reader, in: body))
        default: throw CodecError(.unknownDescriptor(descriptor), at: 0)
        }
    }

    /// Appends the encoded frame body to a buffer.
    public func encode(into buffer: inout ByteBuffer, style: EncodingStyle = .compact) {
        buffer.writeAMQP(style: style) { encode(to: &$0) }
    }

    /// Writes the frame body.
    public func encode(to writer: inout WireWriter) { writer.write { encode(to: &$0) } }

    /// Writes the frame body.
    public func encode(to writer: inout SpanWriter) {
        switch self {
        case .mechanisms(let body): body.encode(to: &writer)
        case .initial(let body): body.encode(to: &writer)
        case .challenge(let body): body.encode(to: &writer)
        case .response(let body): body.encode(to: &writer)
        case .outcome(let body): body.encode(to: &writer)
        }
    }
}
