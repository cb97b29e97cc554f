import AMQP
import NIOCore

/// A value made from what can be read in place, without the decoder: the two ways to read have to agree.
func inPlace(_ value: borrowing EncodedValue, of buffer: ByteBuffer) -> AMQPValue? {
    switch value.content {
    case .null: return .null
    case .boolean(let value): return .boolean(value)
    case .ubyte(let value): return .ubyte(value)
    case .ushort(let value): return .ushort(value)
    case .uint(let value): return .uint(value)
    case .ulong(let value): return .ulong(value)
    case .byte(let value): return .byte(value)
    case .short(let value): return .short(value)
    case .int(let value): return .int(value)
    case .long(let value): return .long(value)
    case .float(let value): return .float(value)
    case .double(let value): return .double(value)
    case .decimal32(let value): return .decimal32(value)
    case .decimal64(let value): return .decimal64(value)
    case .decimal128(let value): return .decimal128(value)
    case .char(let value): return .char(value)
    case .timestamp(let value): return .timestamp(value)
    case .uuid(let value): return .uuid(value)
    case .binary(let bytes): return .binary(ByteBuffer(bytes: copy(bytes)))
    case .string(let bytes): return .string(String(decoding: copy(bytes), as: UTF8.self))
    case .symbol(let bytes): return .symbol(Symbol(String(decoding: copy(bytes), as: UTF8.self)))
    case .list:
        guard var list = value.list else { return nil }
        var elements: [AMQPValue] = []
        while list.next() {
            guard list.index == elements.count, let element = inPlace(list.value, of: buffer) else { return nil }
            elements.append(element)
        }
        return .list(elements)
    case .map:
        guard var map = value.map else { return nil }
        let count = map.remainingPairs
        var pairs: [AMQPMap.Pair] = []
        while map.next() {
            guard let key = inPlace(map.key, of: buffer), let value = inPlace(map.value, of: buffer) else { return nil }
            pairs.append(AMQPMap.Pair(key: key, value: value))
        }
        return pairs.count == count ? .map(AMQPMap(pairs)) : nil
    case .array: return try? value.decoded(in: buffer)
    case .described:
        guard let descriptor = value.descriptor, let described = value.described,
            let kind = inPlace(descriptor, of: buffer), let content = inPlace(described, of: buffer)
        else { return nil }
        return .described(descriptor: kind, value: content)
    }
}

private func copy(_ bytes: RawSpan) -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
