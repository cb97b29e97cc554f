internal import ServiceBus

/// Bytes written one after another into memory that is kept, so that a piece costs a comparison and a copy.
struct ByteSink: Sendable {
    private var storage: [UInt8] = []
    /// The number of bytes written.
    private(set) var count = 0

    /// The bytes written so far.
    var bytes: [UInt8] { Array(storage[..<count]) }

    /// Looks at the bytes written so far.
    func withBytes(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        storage.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[..<count])) }
    }

    /// Forgets what was written and keeps the room it took.
    mutating func removeAll() { count = 0 }

    /// Forgets the last bytes.
    mutating func removeLast(_ number: Int) { count = max(0, count - number) }

    /// Makes room for some bytes; the closure writes at most that many and says how many they were.
    @inline(__always)
    mutating func write(atMost size: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        if storage.count &- count < size { grow(by: size) }
        let start = count
        let written = storage.withUnsafeMutableBufferPointer { buffer in
            // Never empty: there is room for `size` bytes, and one that asks for none writes none.
            guard let base = buffer.baseAddress else { return 0 }
            return body(base + start)
        }
        precondition(written <= size, "more was written than there was room for")
        count = start &+ written
    }

    private mutating func grow(by size: Int) {
        let wanted = max(storage.count * 2, count + size, 4096)
        storage.append(contentsOf: repeatElement(0, count: wanted - storage.count))
    }

    /// Writes one byte.
    @inline(__always)
    mutating func append(_ byte: UInt8) {
        write(atMost: 1) {
            $0.pointee = byte
            return 1
        }
    }

    /// Writes bytes.
    @inline(__always)
    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let source = bytes.baseAddress else { return }
        write(atMost: bytes.count) {
            $0.update(from: source, count: bytes.count)
            return bytes.count
        }
    }

    /// Writes a text that is known when this is compiled.
    @inline(__always)
    mutating func append(fixed text: StaticString) {
        text.withUTF8Buffer { append($0) }
    }

    /// Writes a text.
    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    /// Writes the same byte some times.
    mutating func append(_ byte: UInt8, count: Int) {
        guard count > 0 else { return }
        write(atMost: count) {
            $0.update(repeating: byte, count: count)
            return count
        }
    }

    /// Writes a whole number in decimal.
    mutating func append(decimal value: Int64) {
        var rest = value.magnitude
        write(atMost: 20) { place in
            var length = value < 0 ? 2 : 1
            var bound: UInt64 = 10
            while rest >= bound {
                length &+= 1
                let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
                if overflow { break }
                bound = next
            }
            if value < 0 { place.pointee = UInt8(ascii: "-") }
            var index = length
            repeat {
                index &-= 1
                place[index] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            return length
        }
    }

    /// Writes a moment in RFC 3339.
    mutating func append(_ time: Timestamp) {
        var isWritten = true
        write(atMost: Timestamp.usualLength) { place in
            isWritten = time.write(usualForm: place)
            return isWritten ? Timestamp.usualLength : 0
        }
        if !isWritten { append(time.rfc3339) }
    }
}
