import NIOCore

/// The number of bytes ``WireWriter`` will write for a value, so that compounds are written once and never moved.
struct EncodedSize {
    var style: EncodingStyle
    static let compact = EncodedSize(style: .compact)

    func value(_ value: AMQPValue) -> Int {
        switch value {
        case .null, .boolean: return 1
        case .ubyte, .byte: return 2
        case .ushort, .short: return 3
        case .uint(let value): return value == 0 && style.usesZeroForms ? 1 : value <= 0xff ? 2 : 5
        case .ulong(let value): return value == 0 && style.usesZeroForms ? 1 : value <= 0xff ? 2 : 9
        case .int(let value): return Int8(exactly: value) != nil ? 2 : 5
        case .long(let value): return Int8(exactly: value) != nil ? 2 : 9
        case .float, .decimal32, .char: return 5
        case .double, .decimal64, .timestamp: return 9
        case .decimal128, .uuid: return 17
        case .binary(let value): return variable(value.readableBytes)
        case .string(let value): return variable(value.utf8.count)
        case .symbol(let value): return variable(value.name.utf8.count)
        case .list(let elements): return elements.isEmpty ? 1 : compound(list(elements), elements.count)
        case .map(let map): return compound(self.map(map), map.pairs.count &* 2)
        case .array(let array): return compound(self.array(array), array.elements.count)
        case .described(let descriptor, let described): return 1 &+ self.value(descriptor) &+ self.value(described)
        }
    }

    /// The size of a list's elements.
    func list(_ elements: [AMQPValue]) -> Int {
        var size = 0
        for element in elements { size &+= value(element) }
        return size
    }

    /// The size of a map's keys and values.
    func map(_ map: AMQPMap) -> Int {
        var size = 0
        for pair in map.pairs { size &+= value(pair.key) &+ value(pair.value) }
        return size
    }

    /// The size of an array's constructor and elements.
    func array(_ array: AMQPArray) -> Int {
        var size = constructor(array.elementType)
        let code = array.elementType.code
        for element in array.elements { size &+= arrayElement(element, code) }
        return size
    }

    private func constructor(_ type: AMQPArray.ElementType) -> Int {
        switch type {
        case .primitive: 1
        case .described(let descriptor, let inner): 1 &+ value(descriptor) &+ constructor(inner)
        }
    }

    private func arrayElement(_ element: AMQPValue, _ code: UInt8) -> Int {
        if let width = FormatCode.fixedWidth(code) { return width }
        let lengthWidth = code & 0x10 != 0 ? 4 : 1
        switch element {
        case .binary(let value): return lengthWidth &+ value.readableBytes
        case .string(let value): return lengthWidth &+ value.utf8.count
        case .symbol(let value): return lengthWidth &+ value.name.utf8.count
        case .list(let elements): return lengthWidth &* 2 &+ list(elements)
        case .map(let map): return lengthWidth &* 2 &+ self.map(map)
        case .array(let array): return lengthWidth &* 2 &+ self.array(array)
        default: return 0
        }
    }

    private func variable(_ count: Int) -> Int { count &+ (count <= 0xff ? 2 : 5) }

    private func compound(_ contentSize: Int, _ count: Int) -> Int {
        style.usesShortCompounds && contentSize &+ 1 <= 0xff && count <= 0xff ? contentSize &+ 3 : contentSize &+ 9
    }
}

extension WireWriter {
    func encodedSize(_ value: AMQPValue) -> Int { EncodedSize(style: style).value(value) }
}
