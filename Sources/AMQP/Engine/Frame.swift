import NIOCore

/// The frame layer (part 2, 2.3): size, data offset, type, channel.
enum Frame {
    static let headerSize = 8
    static let minimumMaxFrameSize: UInt32 = 512
    static let amqp: UInt8 = 0
    static let sasl: UInt8 = 1

    struct Head {
        var type: UInt8
        var channel: UInt16
        var body: ByteBuffer
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

/// The eight bytes that announce a protocol (part 2, 2.2).
struct ProtocolHeader: Equatable {
    var id: UInt8
    static let amqp = ProtocolHeader(id: 0)
    static let sasl = ProtocolHeader(id: 3)

    func write(to buffer: inout ByteBuffer) {
        buffer.writeString("AMQP")
        buffer.writeMultipleIntegers(id, UInt8(1), UInt8(0), UInt8(0))
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
        guard major == 1, minor == 0, revision == 0 else {
            throw .unsupportedProtocol(id: id, major: major, minor: minor, revision: revision)
        }
        return ProtocolHeader(id: id)
    }
}
