@testable import AMQP
import NIOCore

/// An estimate of the memory a decoded value holds beyond the buffer it was decoded from, as the allocator rounds it.
enum HeldMemory {
    /// The heap blocks of a value and the value itself.
    static func of(_ value: AMQPValue) -> Int { MemoryLayout<AMQPValue>.stride + heap(value) }

    /// The heap blocks of anything made of values: performatives, sections, their parts.
    static func heap(ofAny subject: Any) -> Int {
        switch subject {
        case let value as AMQPValue: return heap(value)
        case let map as AMQPMap: return heap(map)
        case let symbols as [Symbol]:
            return block(array: symbols.capacity, of: MemoryLayout<Symbol>.stride) + symbols.reduce(0) { $0 + heap($1.name) }
        case let text as String: return heap(text)
        case let symbol as Symbol: return heap(symbol.name)
        case is ByteBuffer: return 0
        case let attach as Attach: return block(16 + MemoryLayout<Attach>.stride) + children(attach)
        default: return children(subject)
        }
    }

    private static func children(_ subject: Any) -> Int {
        Mirror(reflecting: subject).children.reduce(0) { $0 + heap(ofAny: $1.value) }
    }

    static func heap(_ value: AMQPValue) -> Int {
        switch value {
        case .string(let text): heap(text)
        case .symbol(let symbol): heap(symbol.name)
        case .list(let elements): heap(elements)
        case .map(let map): heap(map)
        case .array(let array): heap(array.elementType) + heap(array.elements)
        case .described(let descriptor, let described):
            block(16 + 2 * MemoryLayout<AMQPValue>.stride) + heap(descriptor) + heap(described)
        default: 0
        }
    }

    private static func heap(_ map: AMQPMap) -> Int {
        block(array: map.pairs.capacity, of: MemoryLayout<AMQPMap.Pair>.stride)
            + map.pairs.reduce(0) { $0 + heap($1.key) + heap($1.value) }
    }

    private static func heap(_ elements: [AMQPValue]) -> Int {
        block(array: elements.capacity, of: MemoryLayout<AMQPValue>.stride) + elements.reduce(0) { $0 + heap($1) }
    }

    private static func heap(_ type: AMQPArray.ElementType) -> Int {
        guard case .described(let descriptor, let inner) = type else { return 0 }
        return block(16 + MemoryLayout<AMQPValue>.stride + MemoryLayout<AMQPArray.ElementType>.stride) + heap(descriptor) + heap(inner)
    }

    /// Text of up to 15 bytes lies in the string itself; longer text in a block with a header and a final zero.
    private static func heap(_ text: String) -> Int { text.utf8.count <= 15 ? 0 : block(32 + text.utf8.count + 1) }

    private static func block(array capacity: Int, of stride: Int) -> Int { capacity == 0 ? 0 : block(32 + capacity * stride) }

    /// What the allocator uses for a block: eight bytes more, in units of sixteen, never less than 32.
    private static func block(_ size: Int) -> Int { max(32, (size + 8 + 15) / 16 * 16) }
}
