import NIOCore

/// The frame layer (part 2, 2.3): size, data offset, type, channel.
enum Frame {
    static let headerSize = 8
    static let minimumMaxFrameSize: UInt32 = 512
    /// Before SASL is done nothing large is in order; a token as a password is.
    static let maximumSASLSize = 8192
    static let amqp: UInt8 = 0
    static let sasl: UInt8 = 1

    struct Head {
        var type: UInt8
        var channel: UInt16
        var body: ByteBuffer

        /// Whether the body is a transfer in the form everybody writes: 00 53 14.
        var isTransfer: Bool {
            (body.getInteger(at: body.readerIndex, as: UInt32.self) ?? 0) >> 8 == 0x5300 | UInt32(Descriptor.transfer)
        }
    }

    /// Takes one whole frame off the front of a buffer; nil when it is not all there yet.
    static func read(from buffer: inout ByteBuffer, maximum: Int) throws(CodecError) -> Head? {
        guard let size = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
        guard size >= UInt32(headerSize) else { throw CodecError(.malformedFrame("smaller than its header"), at: 0) }
        guard Int(size) <= maximum else { throw CodecError(.malformedFrame("larger than the negotiated maximum"), at: 0) }
        guard buffer.readableBytes >= Int(size) else { return nil }
        guard var frame = buffer.readSlice(length: Int(size)),
            let (_, offset, type, channel) = frame.readMultipleIntegers(as: (UInt32, UInt8, UInt8, UInt16).self)
        else { return nil }
        let skip = Int(offset) &* 4 &- headerSize
        guard skip >= 0, skip <= frame.readableBytes else { throw CodecError(.malformedFrame("data offset outside the frame"), at: 4) }
        frame.moveReaderIndex(forwardBy: skip)
        return Head(type: type, channel: channel, body: frame)
    }
}

extension Frame {
    /// Decodes the transfer at the front of a frame's body and leaves its payload.
    static func takeTransfer(from body: inout ByteBuffer) throws(CodecError) -> Transfer {
        let (transfer, length) = try decodeTransfer(body)
        body.moveReaderIndex(forwardBy: length)
        return transfer
    }

    private static func decodeTransfer(_ body: ByteBuffer) throws(CodecError) -> (Transfer, Int) {
        var reader = WireReader(body.readableBytesSpan)
        _ = try reader.readDescriptor()
        let transfer = try Transfer(from: &reader, in: body)
        return (transfer, reader.offset)
    }
}

/// The eight bytes that announce a protocol (part 2, 2.2).
struct ProtocolHeader: Equatable {
    var id: UInt8
    var major: UInt8 = 1
    var minor: UInt8 = 0
    var revision: UInt8 = 0

    var isVersion1: Bool { major == 1 && minor == 0 && revision == 0 }

    static let amqp = ProtocolHeader(id: 0)
    static let sasl = ProtocolHeader(id: 3)

    func write(to buffer: inout ByteBuffer) {
        buffer.writeString("AMQP")
        buffer.writeMultipleIntegers(id, major, minor, revision)
    }

    /// Takes a protocol header off the front; nil when it is not all there yet.
    /// - Throws: ``EngineError`` as soon as the bytes cannot become one.
    static func read(from buffer: inout ByteBuffer) throws(EngineError) -> ProtocolHeader? {
        let prefix = Array("AMQP".utf8)
        let seen = buffer.readableBytesView.prefix(8)
        guard seen.prefix(4).elementsEqual(prefix.prefix(seen.count)) else {
            throw .notAMQP(buffer.getSlice(at: buffer.readerIndex, length: seen.count) ?? ByteBuffer())
        }
        guard seen.count == 8, buffer.readBytes(length: 4) != nil,
            let (id, major, minor, revision) = buffer.readMultipleIntegers(as: (UInt8, UInt8, UInt8, UInt8).self)
        else { return nil }
        return ProtocolHeader(id: id, major: major, minor: minor, revision: revision)
    }
}
