public import ServiceBus

/// Finds out what a body is and decodes it: by its bytes first, then by what its sender says. See ``DecodedBody``.
///
/// No bytes make it trap, and ``BodyLimits`` bound what it holds and does.
public struct BodyDecoder: Sendable {
    /// The bounds.
    public var limits: BodyLimits
    /// The Protobuf messages that are known.
    public var schema: ProtobufSchema?

    /// Creates a decoder.
    public init(limits: BodyLimits = .standard, schema: ProtobufSchema? = nil) {
        self.limits = limits
        self.schema = schema
    }

    /// Decodes the body of a message.
    public func decode(_ message: PeekedMessage) -> DecodedBody {
        decode(message.body, DecodedBody.Declaration(contentType: message.contentType, contentEncoding: message.contentEncoding))
    }

    /// Decodes a body.
    public func decode(_ body: MessageBody, _ declaration: DecodedBody.Declaration = .init()) -> DecodedBody {
        guard let value = body.content, body.kind == .value || body.kind == .sequence else { return decode(body.bytes, declaration) }
        var decoded = DecodedBody(declaration: declaration, bytes: body.bytes, sizeBytes: body.sizeBytes)
        decoded.formats = ["AMQP \(value.typeName)"]
        switch value.content {
        case .bytes(let bytes):
            decoded.bytes = bytes
            var run = BodyDecoding(self, declaration, sourceBytes: bytes.count)
            run.decode(bytes, into: &decoded)
        case .text(let text):
            // The value's type says that it is text; it may still be JSON or XML.
            decoded.bytes = Array(text.utf8)
            var run = BodyDecoding(self, declaration, sourceBytes: decoded.bytes.count)
            run.show(text, named: nil, isWhole: true, into: &decoded)
        default:
            var builder = BodyTreeBuilder(.typed, limits: limits, clock: BodyClock(limits.time))
            let run = BodyDecoding(self, declaration, sourceBytes: 0)
            let outcome = run.attempt(&decoded) { () throws(BodyFault) in try AMQPBody.read(value, into: &builder) }
            if case .read = outcome { decoded.tree = builder.finished() }
        }
        return decoded
    }

    /// Decodes bytes.
    public func decode(_ bytes: [UInt8], _ declaration: DecodedBody.Declaration = .init()) -> DecodedBody {
        var decoded = DecodedBody(declaration: declaration, bytes: bytes, sizeBytes: bytes.count)
        guard !bytes.isEmpty else { return decoded }
        var run = BodyDecoding(self, declaration, sourceBytes: bytes.count)
        run.decode(bytes, into: &decoded)
        decoded.unpackedBytes = run.inflation.unpacked
        return decoded
    }
}
