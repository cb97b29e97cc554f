internal import ServiceBus

/// Reads MessagePack (the specification on msgpack.org) into a tree.
struct MessagePackBody {
    private var reader: ByteReader
    /// Keys around what is read, which nest without the builder's knowledge.
    private var nesting = 0

    private init(reader: ByteReader) { self.reader = reader }

    /// Reads one value that takes all bytes.
    static func read(_ bytes: [UInt8], into builder: inout BodyTreeBuilder) throws(BodyFault) {
        var body = MessagePackBody(reader: ByteReader(bytes))
        try body.value(.root, &builder)
        guard body.reader.isAtEnd else { throw body.reader.fault("there is more after the end") }
    }

    private mutating func value(_ step: BodyTree.Step, _ builder: inout BodyTreeBuilder) throws(BodyFault) {
        guard builder.depth + nesting <= builder.limits.depth else { throw .nested(builder.limits) }
        let head = try reader.byte()
        switch head {
        case 0x00...0x7F: try builder.leaf(step, .number(String(head)), type: "uint")
        case 0x80...0x8F: try map(UInt64(head & 0x0F), step, &builder)
        case 0x90...0x9F: try array(UInt64(head & 0x0F), step, &builder)
        case 0xA0...0xBF: try text(UInt64(head & 0x1F), step, &builder)
        case 0xC0: try builder.leaf(step, .word("null"))
        case 0xC2: try builder.leaf(step, .word("false"))
        case 0xC3: try builder.leaf(step, .word("true"))
        case 0xC4...0xC6: try builder.leaf(step, .bytes(Array(reader.bytes[try reader.take(try length(head - 0xC4))])), type: "bin")
        case 0xC7...0xC9: try extended(try length(head - 0xC7), step, &builder)
        case 0xCA:
            try builder.leaf(step, .number(String(Float(bitPattern: try reader.bigEndian(UInt32.self)))), type: "float")
        case 0xCB: try builder.leaf(step, .number(String(Double(bitPattern: try reader.bigEndian(UInt64.self)))), type: "double")
        case 0xCC...0xCF: try builder.leaf(step, .number(String(try length(head - 0xCC))), type: "uint")
        case 0xD0: try builder.leaf(step, .number(String(Int8(bitPattern: try reader.byte()))), type: "int")
        case 0xD1: try builder.leaf(step, .number(String(Int16(bitPattern: try reader.bigEndian(UInt16.self)))), type: "int")
        case 0xD2: try builder.leaf(step, .number(String(Int32(bitPattern: try reader.bigEndian(UInt32.self)))), type: "int")
        case 0xD3: try builder.leaf(step, .number(String(Int64(bitPattern: try reader.bigEndian(UInt64.self)))), type: "int")
        case 0xD4...0xD8: try extended(1 << UInt64(head - 0xD4), step, &builder)
        case 0xD9...0xDB: try text(try length(head - 0xD9), step, &builder)
        case 0xDC, 0xDD: try array(try length(head - 0xDC + 1), step, &builder)
        case 0xDE, 0xDF: try map(try length(head - 0xDE + 1), step, &builder)
        case 0xE0...0xFF: try builder.leaf(step, .number(String(Int8(bitPattern: head))), type: "int")
        default: throw reader.fault("a byte that MessagePack never uses")
        }
    }

    /// A number of 1, 2, 4 or 8 bytes.
    private mutating func length(_ size: UInt8) throws(BodyFault) -> UInt64 {
        switch size {
        case 0: UInt64(try reader.byte())
        case 1: UInt64(try reader.bigEndian(UInt16.self))
        case 2: UInt64(try reader.bigEndian(UInt32.self))
        default: try reader.bigEndian(UInt64.self)
        }
    }

    private mutating func array(_ count: UInt64, _ step: BodyTree.Step, _ builder: inout BodyTreeBuilder) throws(BodyFault) {
        try builder.open(step, .array, type: "array")
        var place = 0
        while UInt64(place) < count {
            try value(.index(place), &builder)
            place += 1
        }
        builder.close()
    }

    private mutating func map(_ count: UInt64, _ step: BodyTree.Step, _ builder: inout BodyTreeBuilder) throws(BodyFault) {
        try builder.open(step, .object, type: "map")
        var place: UInt64 = 0
        while place < count {
            try value(try key(builder), &builder)
            place += 1
        }
        builder.close()
    }

    /// The key of a map: a name where it is text.
    private mutating func key(_ builder: borrowing BodyTreeBuilder) throws(BodyFault) -> BodyTree.Step {
        let start = reader.offset
        var scratch = builder.scratch()
        let around = nesting
        nesting += builder.depth + 1
        try value(.root, &scratch)
        nesting = around
        guard let node = scratch.tree.nodes.first, scratch.count == 1 else {
            return .key("msgpack h'" + reader.bytes[start..<reader.offset].prefix(64).hexadecimal + "'")
        }
        switch node.value {
        case .text(let text, _): return .member(text)
        case .number(let text), .word(let text): return .key(text)
        case .bytes(let bytes): return .key("h'" + bytes.prefix(64).hexadecimal + "'")
        case .object, .array, .element: return .key("{}")
        }
    }

    /// Text; what is not UTF-8 is bytes, as it was before the format had a type for bytes.
    private mutating func text(_ length: UInt64, _ step: BodyTree.Step, _ builder: inout BodyTreeBuilder) throws(BodyFault) {
        let bytes = reader.bytes[try reader.take(length)]
        if let text = String(validating: bytes, as: UTF8.self) {
            try builder.leaf(step, .text(text), type: "str")
        } else {
            try builder.leaf(step, .bytes(Array(bytes)), type: "str, not UTF-8")
        }
    }

    private mutating func extended(_ length: UInt64, _ step: BodyTree.Step, _ builder: inout BodyTreeBuilder) throws(BodyFault) {
        let type = Int8(bitPattern: try reader.byte())
        let bytes = Array(reader.bytes[try reader.take(length)])
        if type == -1, let moment = Self.timestamp(bytes) {
            try builder.leaf(step, .text(moment), type: "timestamp")
        } else {
            try builder.leaf(step, .bytes(bytes), type: "ext \(type)")
        }
    }

    /// The format's own type for moments: 32, 64 or 96 bits.
    private static func timestamp(_ bytes: [UInt8]) -> String? {
        var reader = ByteReader(bytes)
        let seconds: Int64
        let nanoseconds: UInt64
        switch bytes.count {
        case 4:
            guard let value = try? reader.bigEndian(UInt32.self) else { return nil }
            (seconds, nanoseconds) = (Int64(value), 0)
        case 8:
            guard let value = try? reader.bigEndian(UInt64.self) else { return nil }
            (seconds, nanoseconds) = (Int64(value & 0x3_FFFF_FFFF), value >> 34)
        case 12:
            guard let fraction = try? reader.bigEndian(UInt32.self), let value = try? reader.bigEndian(UInt64.self) else { return nil }
            (seconds, nanoseconds) = (Int64(bitPattern: value), UInt64(fraction))
        default: return nil
        }
        guard nanoseconds < 1_000_000_000 else { return nil }
        return BodyMoment.text(seconds: seconds, nanoseconds: nanoseconds)
    }
}

/// Moments as formats carry them.
enum BodyMoment {
    /// RFC 3339 with as many digits as there are; nil beyond what a timestamp holds.
    static func text(seconds: Int64, nanoseconds: UInt64 = 0) -> String? {
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return nil }
        let whole = Timestamp(milliseconds: milliseconds).rfc3339
        guard nanoseconds % 1_000_000 != 0 else {
            let (sum, overflow) = milliseconds.addingReportingOverflow(Int64(nanoseconds / 1_000_000))
            return overflow ? nil : Timestamp(milliseconds: sum).rfc3339
        }
        let digits = String(1_000_000_000 + nanoseconds).dropFirst()
        return whole.dropLast(5) + "." + digits + "Z"
    }
}
