import AMQP
import NIOCore

extension Message {
    /// Reads a message as clients send it, which is not always as the standard has it.
    ///
    /// Microsoft's client for Python writes delivery annotations behind everything else, and the service takes that: whoever sends a
    /// received message on does so. They are for this hop only, so they are cut off.
    ///
    /// - Throws: ``CodecError`` when the bytes are not a message even so.
    init(sent bytes: ByteBuffer) throws(CodecError) {
        do throws(CodecError) {
            try self.init(bytes)
        } catch {
            guard case .unexpectedSection(Self.deliveryAnnotations) = error.code,
                let message = bytes.getSlice(at: bytes.readerIndex, length: error.offset),
                let trailer = bytes.getSlice(at: bytes.readerIndex + error.offset, length: bytes.readableBytes - error.offset),
                let annotations = try? Message(trailer), annotations.bytes(of: .deliveryAnnotations) == trailer
            else { throw error }
            try self.init(message)
        }
    }

    private static var deliveryAnnotations: UInt64 { 0x71 }
}
