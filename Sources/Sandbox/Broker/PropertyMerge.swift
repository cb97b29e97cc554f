import AMQP
import NIOCore

/// Changes application properties without touching anything else of a message: pairs that stay keep their bytes, types and order.
enum PropertyMerge {
    /// Sets application properties of a stored message; a property of the same name is replaced where it stands, others are appended.
    static func set(_ properties: [(name: String, value: AMQPValue)], in envelope: inout Envelope) {
        guard !properties.isEmpty, let message = try? Message(envelope.content) else { return }
        var pending = properties
        var pairs = WireWriter()
        var count = 0
        if let section = message.bytes(of: .applicationProperties) {
            count = copyPairs(of: section, replacing: &pending, into: &pairs)
        }
        for property in pending {
            pairs.string(property.name)
            pairs.value(property.value)
            count += 1
        }
        let pairBytes = pairs.finish()
        let head = message.bytes(of: .properties)
        let bodyLength = envelope.content.readableBytes - envelope.bodyStart
        let body = envelope.content.getSlice(at: envelope.content.readerIndex + envelope.bodyStart, length: bodyLength)
        var content = ByteBuffer()
        content.reserveCapacity((head?.readableBytes ?? 0) + 12 + pairBytes.readableBytes + bodyLength)
        if let head { content.writeImmutableBuffer(head) }
        content.writeMultipleIntegers(UInt8(0), UInt8(0x53), UInt8(0x74), UInt8(0xd1))
        content.writeMultipleIntegers(UInt32(clamping: pairBytes.readableBytes + 4), UInt32(clamping: count * 2))
        content.writeImmutableBuffer(pairBytes)
        let grown = content.readableBytes - envelope.bodyStart
        if let body { content.writeImmutableBuffer(body) }
        envelope.content = content
        envelope.bodyStart += grown
        envelope.bodyEnd += grown
    }

    /// Copies the pairs of an application-properties section, putting new values in the place of those that are replaced.
    private static func copyPairs(
        of section: ByteBuffer, replacing pending: inout [(name: String, value: AMQPValue)], into pairs: inout WireWriter
    ) -> Int {
        var count = 0
        var reader = WireReader(section.readableBytesSpan)
        do throws(CodecError) {
            _ = try reader.readDescriptor(in: section)
            guard let contents = try reader.enterMap() else { return 0 }
            reader.end = contents.end
            while reader.remaining > 0 {
                let start = reader.offset
                let name = try reader.readValue(in: section).text
                let valueStart = reader.offset
                try reader.skipValue()
                count += 1
                if let name, let index = pending.firstIndex(where: { $0.name.isOrdinallyEqual(to: name) }) {
                    pairs.buffer.writeImmutableBuffer(slice(section, start..<valueStart))
                    pairs.value(pending.remove(at: index).value)
                } else {
                    pairs.buffer.writeImmutableBuffer(slice(section, start..<reader.offset))
                }
            }
        } catch {
            // Unreachable: the section was validated when the message arrived. What was copied so far stays valid pairs.
        }
        return count
    }

    private static func slice(_ buffer: ByteBuffer, _ range: Range<Int>) -> ByteBuffer {
        buffer.getSlice(at: buffer.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }
}

extension WireReader {
    /// Moves past the head of a map to its first key.
    ///
    /// - Returns: the offset one past the map; nil when this is no map.
    fileprivate mutating func enterMap() throws(CodecError) -> (count: Int, end: Int)? {
        let code = try readByte()
        switch code {
        case 0xc1:
            let size = Int(try readByte())
            let end = min(offset + size, end)
            return (Int(try readByte()), end)
        case 0xd1:
            let size = Int(try readInteger(UInt32.self))
            let end = min(offset + size, end)
            return (Int(try readInteger(UInt32.self)), end)
        default: return nil
        }
    }
}
