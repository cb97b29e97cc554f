import AMQP
import NIOCore

/// A message that is encoded once and then written many times with other digits in the same places.
///
/// A slot is written as `~`, a letter, and as many `_` as it takes to be as wide as the field: `~a____`. Lower-case letters hold decimal
/// digits, upper-case ones hexadecimal.
struct MessageTemplate {
    /// What goes into the slots, by letter.
    struct Values {
        private var storage = [UInt64](repeating: 0, count: 128)

        subscript(letter: UInt8) -> UInt64 {
            get { storage[Int(letter & 0x7f)] }
            set { storage[Int(letter & 0x7f)] = newValue }
        }
    }

    private struct Slot {
        var offset: Int
        var width: Int
        var letter: UInt8
    }

    private let bytes: ByteBuffer
    private let bodyStart: Int
    private let slots: [Slot]

    /// The number of bytes of each message.
    var size: Int { bytes.readableBytes }
    /// The number of places that vary.
    var slotCount: Int { slots.count }

    init(_ content: MessageContent) {
        bytes = content.encoded
        let body = MessageContent(body: content.body).encoded
        bodyStart = bytes.readableBytes - body.readableBytes
        slots = Self.slots(in: Array(bytes.readableBytesView))
    }

    private static func slots(in bytes: [UInt8]) -> [Slot] {
        var slots: [Slot] = []
        var index = 0
        while index + 1 < bytes.count {
            guard bytes[index] == UInt8(ascii: "~"), isLetter(bytes[index + 1]) else {
                index += 1
                continue
            }
            var end = index + 2
            while end < bytes.count, bytes[end] == UInt8(ascii: "_") { end += 1 }
            slots.append(Slot(offset: index, width: end - index, letter: bytes[index + 1]))
            index = end
        }
        return slots
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

    /// Writes the message at the end of a buffer.
    func write(_ values: Values, into buffer: inout ByteBuffer) {
        let start = buffer.writerIndex
        buffer.writeImmutableBuffer(bytes)
        let base = start - buffer.readerIndex
        buffer.withUnsafeMutableReadableBytes { memory in
            for slot in slots {
                var value = values[slot.letter]
                let isHexadecimal = slot.letter < UInt8(ascii: "a")
                let radix: UInt64 = isHexadecimal ? 16 : 10
                var position = base + slot.offset + slot.width
                for _ in 0..<slot.width {
                    position -= 1
                    let digit = UInt8(truncatingIfNeeded: value % radix)
                    memory[position] = digit < 10 ? 0x30 + digit : 0x57 + digit
                    value /= radix
                }
            }
        }
    }

    /// A message that was written at an offset of a finished buffer.
    func message(in buffer: ByteBuffer, at offset: Int) -> IncomingMessage {
        let slice = buffer.getSlice(at: offset, length: size) ?? bytes
        let envelope = Envelope(content: slice, bodyStart: bodyStart, bodyEnd: size)
        return IncomingMessage(envelope: envelope, messageID: nil, sessionID: nil)
    }
}
