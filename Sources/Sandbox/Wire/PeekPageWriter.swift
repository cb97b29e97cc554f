import AMQP
import NIOCore

/// Writes the body of the answer to a peek: a map with `messages`, a list of maps that hold an encoded `message` each.
///
/// Messages go straight into the page; building the same as values first took most of the time of a peek.
struct PeekPageWriter {
    // Format codes (AMQP 1.0 part 1, 1.6).
    private static let map32: UInt8 = 0xd1
    private static let list32: UInt8 = 0xd0
    private static let binary32: UInt8 = 0xb0
    private static let string8: UInt8 = 0xa1

    /// Descriptor of an amqp-value section, then map32 with its size to come and two elements, then the key.
    private static let head: [UInt8] =
        [0, 0x53, 0x77, map32, 0, 0, 0, 0, 0, 0, 0, 2, string8, 8] + Array("messages".utf8)
    /// After an entry's map32 and size: two elements and the key.
    private static let entry: [UInt8] = [0, 0, 0, 2, string8, 7] + Array("message".utf8)
    /// What stands before each message.
    private static let entrySize = 5 + entry.count + 5
    private static let mapSize = 4
    private static let listSize = head.count + 1

    private var buffer = ByteBuffer()
    private var count: UInt32 = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ delivery: Delivery) {
        let size = delivery.encodedSize
        if count == 0 { begin(size) }
        count += 1
        buffer.write(measured: Self.entrySize + size) { writer in
            writer.integer(Self.map32)
            writer.integer(UInt32(clamping: Self.entry.count + 5 + size))
            writer.bytes(Self.entry)
            writer.integer(Self.binary32)
            writer.integer(UInt32(clamping: size))
            delivery.write(to: &writer)
        }
    }

    private mutating func begin(_ size: Int) {
        // Most pages are full, and their messages alike.
        buffer.reserveCapacity(min(Self.head.count + 9 + (Self.entrySize + size) * 260, 1 << 20))
        buffer.writeBytes(Self.head)
        buffer.writeMultipleIntegers(Self.list32, UInt32(0), UInt32(0))
    }

    /// The section; the writer is then empty.
    mutating func finish() -> ByteBuffer {
        let end = buffer.writerIndex
        buffer.setInteger(UInt32(clamping: end - Self.mapSize - 4), at: Self.mapSize)
        buffer.setInteger(UInt32(clamping: end - Self.listSize - 4), at: Self.listSize)
        buffer.setInteger(count, at: Self.listSize + 4)
        defer { self = PeekPageWriter() }
        return buffer
    }
}
