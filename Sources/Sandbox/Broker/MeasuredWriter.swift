import NIOCore

/// Writes bytes into room that was measured before. What does not fit is left out: then the measuring was wrong, and a reader will say so.
///
/// A buffer looks at each thing that is written to it whether there is room and whether it is shared, which took most of the time of a peek.
struct MeasuredWriter: ~Copyable {
    private let room: UnsafeMutableRawBufferPointer
    /// How many bytes were written.
    private(set) var count = 0

    fileprivate init(_ room: UnsafeMutableRawBufferPointer) { self.room = room }

    /// Writes a whole number, the highest byte first.
    @inline(__always)
    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        guard room.count &- count >= MemoryLayout<Value>.size else { return }
        room.storeBytes(of: value.bigEndian, toByteOffset: count, as: Value.self)
        count &+= MemoryLayout<Value>.size
    }

    /// Writes bytes as they are.
    @inline(__always)
    mutating func bytes(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// Writes the readable bytes of a buffer.
    @inline(__always)
    mutating func bytes(_ bytes: ByteBuffer) { bytes.withUnsafeReadableBytes { append($0) } }

    /// Writes a text in UTF-8.
    mutating func text(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard room.count &- count >= bytes.count, let start = bytes.baseAddress, let place = room.baseAddress else { return }
        (place + count).copyMemory(from: start, byteCount: bytes.count)
        count &+= bytes.count
    }
}

extension ByteBuffer {
    /// Appends at most `size` bytes, which a closure writes.
    @inline(__always)
    mutating func write(measured size: Int, _ body: (inout MeasuredWriter) -> Void) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { room in
            var writer = MeasuredWriter(room)
            body(&writer)
            return writer.count
        }
    }
}
