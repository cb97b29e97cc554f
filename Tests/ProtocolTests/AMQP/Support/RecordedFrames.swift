import NIOCore

/// A connection's bytes cut into protocol headers and frames, by the rules of part 2, 2.2 and 2.3 and nothing of ours.
struct RecordedFrame {
    let type: UInt8
    let channel: UInt16
    /// The whole frame, and what follows its header.
    let bytes: ByteBuffer
    let body: ByteBuffer

    /// Frames in a row; protocol headers are passed over. What is no whole frame ends the list.
    static func all(in stream: ByteBuffer) -> [RecordedFrame] {
        var rest = stream
        var frames: [RecordedFrame] = []
        while true {
            if rest.readableBytes >= 8, rest.getString(at: rest.readerIndex, length: 4) == "AMQP" {
                rest.moveReaderIndex(forwardBy: 8)
                continue
            }
            guard let size = rest.getInteger(at: rest.readerIndex, as: UInt32.self).map(Int.init), size >= 8,
                let frame = rest.readSlice(length: size), let offset = frame.getInteger(at: frame.readerIndex + 4, as: UInt8.self),
                offset >= 2, Int(offset) * 4 <= size, let type = frame.getInteger(at: frame.readerIndex + 5, as: UInt8.self),
                let channel = frame.getInteger(at: frame.readerIndex + 6, as: UInt16.self),
                let body = frame.getSlice(at: frame.readerIndex + Int(offset) * 4, length: size - Int(offset) * 4)
            else { return frames }
            frames.append(RecordedFrame(type: type, channel: channel, bytes: frame, body: body))
        }
    }

    /// A recording as it went over the wire. `SPLIT` and a line feed mark where a read ended.
    static func stream(_ recording: ByteBuffer) -> ByteBuffer {
        let marker = Array("SPLIT\n".utf8)
        var bytes = Array(recording.readableBytesView)
        var index = 0
        while index + marker.count <= bytes.count {
            if bytes[index..<(index + marker.count)].elementsEqual(marker) {
                bytes.removeSubrange(index..<(index + marker.count))
            } else {
                index += 1
            }
        }
        return ByteBuffer(bytes: bytes)
    }
}
