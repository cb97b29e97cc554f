/// Reads Protobuf's wire format into a tree: with a schema by its names and types, without one by field numbers and wire types, where what
/// has a length is taken for text, for a message or for bytes, as it looks.
struct ProtobufBody {
    let schema: ProtobufSchema?

    /// The largest field number there is (protobuf.dev, "Assigning field numbers").
    static let largestNumber: UInt64 = 536_870_911

    /// Reads a message that takes all bytes.
    ///
    /// - Parameter type: the message's full name in the schema; nil: read it without one.
    static func read(
        _ bytes: [UInt8], as type: String? = nil, schema: ProtobufSchema? = nil, into builder: inout BodyTreeBuilder
    ) throws(BodyFault) {
        let body = ProtobufBody(schema: type == nil ? nil : schema)
        try body.message(ByteReader(bytes), .root, type: type, &builder)
    }

    /// One field as it lies on the wire.
    private enum Content {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(Range<Int>)
        /// A group: what is between its tags.
        case group(Range<Int>)
    }

    /// Reads one field.
    ///
    /// - Parameter steps: how many fields may be stepped over; groups hold fields, which are looked through for the group's end.
    private static func field(
        _ reader: inout ByteReader, depth: Int, limits: BodyLimits, steps: inout Int
    ) throws(BodyFault) -> (number: UInt64, content: Content) {
        steps -= 1
        guard steps >= 0 else { throw .full(.values) }
        let tag = try reader.varint()
        let number = tag >> 3
        guard number > 0, number <= largestNumber else { throw reader.fault("a field number that there is not") }
        switch tag & 7 {
        case 0: return (number, .varint(try reader.varint()))
        case 1: return (number, .fixed64(try reader.littleEndian(UInt64.self)))
        case 2: return (number, .bytes(try reader.take(try reader.varint())))
        case 3:
            guard depth < limits.depth else { throw .nested(limits) }
            let start = reader.offset
            while true {
                let end = reader.offset
                var ahead = reader
                let next = try ahead.varint()
                if next & 7 == 4 {
                    guard next >> 3 == number else { throw reader.fault("the end of another group") }
                    reader = ahead
                    return (number, .group(start..<end))
                }
                _ = try field(&reader, depth: depth + 1, limits: limits, steps: &steps)
            }
        case 5: return (number, .fixed32(try reader.littleEndian(UInt32.self)))
        default: throw reader.fault("a wire type that there is not")
        }
    }

    /// Whether bytes are fields from the first to the last, as far as they are looked at.
    static func isMessage(_ reader: ByteReader, limits: BodyLimits) -> Bool {
        var reader = reader
        var steps = limits.values
        while !reader.isAtEnd {
            do throws(BodyFault) {
                _ = try field(&reader, depth: 0, limits: limits, steps: &steps)
            } catch {
                if case .malformed = error { return false }
                return true
            }
        }
        return true
    }

    private func message(
        _ source: ByteReader, _ step: BodyTree.Step, type: String?, _ builder: inout BodyTreeBuilder
    ) throws(BodyFault) {
        let message = type.flatMap { schema?.messages[$0] }
        try builder.open(step, .object, type: type ?? "message")
        var reader = source
        while !reader.isAtEnd {
            var steps = builder.limits.values
            let (number, content) = try Self.field(&reader, depth: builder.depth, limits: builder.limits, steps: &steps)
            if let field = message?.fields[number] {
                try known(field, content, reader, &builder)
            } else {
                try unknown(.key(String(number)), content, reader, &builder)
            }
        }
        builder.close()
    }

    // MARK: Without a schema

    private func unknown(
        _ step: BodyTree.Step, _ content: Content, _ source: ByteReader, _ builder: inout BodyTreeBuilder
    ) throws(BodyFault) {
        switch content {
        case .varint(let value):
            let signed = value > UInt64(Int64.max) ? " (as int64 \(Int64(bitPattern: value)))" : ""
            try builder.leaf(step, .number(String(value)), type: "varint" + signed)
        case .fixed64(let bits):
            try builder.leaf(step, .number(String(bits)), type: "64-bit (as double \(Double(bitPattern: bits)))")
        case .fixed32(let bits):
            try builder.leaf(step, .number(String(bits)), type: "32-bit (as float \(Float(bitPattern: bits)))")
        case .group(let range):
            try message(ByteReader(source.bytes, in: range), step, type: nil, &builder)
        case .bytes(let range):
            let bytes = source.bytes[range]
            let text = String(validating: bytes, as: UTF8.self)
            let controls = bytes.reduce(0) { $0 + ($1 < 0x20 && $1 != 0x09 && $1 != 0x0A && $1 != 0x0D || $1 == 0x7F ? 1 : 0) }
            // A short message often starts with a byte that is a line end as text.
            let looksLikeText = text != nil && controls == 0 && bytes.prefix(2).allSatisfy { $0 >= 0x20 }
            let inner = ByteReader(source.bytes, in: range)
            if !looksLikeText, !range.isEmpty, Self.isMessage(inner, limits: builder.limits) {
                let (count, depth) = (builder.count, builder.depth)
                do throws(BodyFault) {
                    return try message(inner, step, type: nil, &builder)
                } catch {
                    guard case .malformed = error else { throw error }
                    builder.rewind(to: count, depth: depth)
                }
            }
            if let text, controls == 0 {
                try builder.leaf(step, .text(text), type: "length-delimited")
            } else {
                try builder.leaf(step, .bytes(Array(bytes)), type: "length-delimited")
            }
        }
    }

    // MARK: With a schema

    private func known(
        _ field: ProtobufSchema.Field, _ content: Content, _ source: ByteReader, _ builder: inout BodyTreeBuilder
    ) throws(BodyFault) {
        let step = BodyTree.Step.member(field.name)
        switch (field.type, content) {
        case (.message, .bytes(let range)), (.group, .group(let range)):
            try message(ByteReader(source.bytes, in: range), step, type: field.typeName, &builder)
        case (.string, .bytes(let range)):
            guard let text = String(validating: source.bytes[range], as: UTF8.self) else {
                return try builder.leaf(step, .bytes(Array(source.bytes[range])), type: "string, not UTF-8")
            }
            try builder.leaf(step, .text(text), type: "string")
        case (.bytes, .bytes(let range)): try builder.leaf(step, .bytes(Array(source.bytes[range])), type: "bytes")
        case (_, .bytes(let range)) where field.type.isPackable:
            // Repeated numbers in one field.
            try builder.open(step, .array, type: "repeated \(field.type.rawValue)")
            var reader = ByteReader(source.bytes, in: range)
            var place = 0
            while !reader.isAtEnd {
                let content: Content =
                    switch field.type.wireType {
                    case 1: .fixed64(try reader.littleEndian(UInt64.self))
                    case 5: .fixed32(try reader.littleEndian(UInt32.self))
                    default: .varint(try reader.varint())
                    }
                try number(.index(place), field, content, &builder)
                place += 1
            }
            builder.close()
        case (_, .varint), (_, .fixed64), (_, .fixed32): try number(step, field, content, &builder)
        // What the schema says does not fit what was sent: an older or newer sender.
        default: try unknown(step, content, source, &builder)
        }
    }

    private func number(
        _ step: BodyTree.Step, _ field: ProtobufSchema.Field, _ content: Content, _ builder: inout BodyTreeBuilder
    ) throws(BodyFault) {
        let type = field.type.rawValue
        switch (field.type, content) {
        case (.bool, .varint(let value)): try builder.leaf(step, .word(value == 0 ? "false" : "true"), type: type)
        case (.int32, .varint(let value)), (.int64, .varint(let value)):
            try builder.leaf(step, .number(String(Int64(bitPattern: value))), type: type)
        case (.uint32, .varint(let value)), (.uint64, .varint(let value)): try builder.leaf(step, .number(String(value)), type: type)
        case (.sint32, .varint(let value)), (.sint64, .varint(let value)):
            try builder.leaf(step, .number(String(Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1))), type: type)
        case (.enumeration, .varint(let value)):
            let number = Int64(bitPattern: value)
            if let name = schema?.enumerations[field.typeName ?? ""]?[number] {
                try builder.leaf(step, .word(name), type: "\(type) \(number)")
            } else {
                try builder.leaf(step, .number(String(number)), type: "\(type), a value the schema has not")
            }
        case (.double, .fixed64(let bits)): try builder.leaf(step, .number(String(Double(bitPattern: bits))), type: type)
        case (.fixed64, .fixed64(let bits)): try builder.leaf(step, .number(String(bits)), type: type)
        case (.sfixed64, .fixed64(let bits)): try builder.leaf(step, .number(String(Int64(bitPattern: bits))), type: type)
        case (.float, .fixed32(let bits)): try builder.leaf(step, .number(String(Float(bitPattern: bits))), type: type)
        case (.fixed32, .fixed32(let bits)): try builder.leaf(step, .number(String(bits)), type: type)
        case (.sfixed32, .fixed32(let bits)): try builder.leaf(step, .number(String(Int32(bitPattern: bits))), type: type)
        case (_, .varint(let value)): try builder.leaf(step, .number(String(value)), type: "varint, not \(type)")
        case (_, .fixed64(let value)): try builder.leaf(step, .number(String(value)), type: "64-bit, not \(type)")
        case (_, .fixed32(let value)): try builder.leaf(step, .number(String(value)), type: "32-bit, not \(type)")
        default: break
        }
    }
}
