/// Reads Avro object container files, which bring their schema with them (Avro specification 1.12, "Object Container Files").
struct AvroBody {
    static let magic: [UInt8] = [0x4F, 0x62, 0x6A, 0x01]

    private let schema: AvroSchema
    private var reader: ByteReader

    /// Reads a file: an array of its values.
    ///
    /// - Parameter unpack: decompresses raw deflate.
    /// - Returns: how its blocks are compressed.
    static func read(
        _ bytes: [UInt8], clock: BodyClock, into builder: inout BodyTreeBuilder, unpack: ([UInt8]) throws(BodyFault) -> [UInt8]
    ) throws(BodyFault) -> String {
        var file = ByteReader(bytes)
        _ = try file.take(4)
        var metadata: [String: [UInt8]] = [:]
        while true {
            let count = try file.zigzag()
            if count == 0 { break }
            if count < 0 { _ = try file.zigzag() }
            var left = count.magnitude
            while left > 0 {
                let key = try file.text(try length(&file))
                metadata[key] = Array(bytes[try file.take(try length(&file))])
                left -= 1
            }
        }
        let sync = try file.array(16)
        guard let json = metadata["avro.schema"] else { throw file.fault("there is no schema in the file") }
        let schema = try AvroSchema(json: json, limits: builder.limits, clock: clock)
        let codec = metadata["avro.codec"].map { String(decoding: $0, as: UTF8.self) } ?? "null"
        guard ["null", "deflate", "snappy"].contains(codec) else {
            throw .missing("Avro with blocks compressed by '\(codec)', which is not read here (null, deflate and snappy are)")
        }
        try builder.open(.root, .array, type: "Avro \(schema.root.title)")
        var place = 0
        // All blocks together, not each by itself: a body of many small ones must not hold many times the limit.
        var unpackedBytes = 0
        while !file.isAtEnd {
            try clock.check()
            let count = try file.zigzag()
            guard count >= 0 else { throw file.fault("a block of fewer than no values") }
            let size = try file.zigzag()
            guard let size = UInt64(exactly: size) else { throw file.fault("a block of fewer than no bytes") }
            let range = try file.take(size)
            guard try file.array(16) == sync else { throw file.fault("a block does not end with the file's mark") }
            var block: AvroBody
            switch codec {
            case "deflate": block = AvroBody(schema: schema, reader: ByteReader(try unpack(Array(bytes[range]))))
            case "snappy":
                // Four bytes of checksum stand behind the block.
                let end = max(range.upperBound - 4, range.lowerBound)
                let whole = try Snappy.unpack(bytes[range.lowerBound..<end], limits: builder.limits, after: unpackedBytes)
                unpackedBytes += whole.count
                block = AvroBody(schema: schema, reader: ByteReader(whole))
            default: block = AvroBody(schema: schema, reader: ByteReader(bytes, in: range))
            }
            for _ in 0..<count {
                try block.value(schema.root, .index(place), &builder)
                place += 1
            }
            guard block.reader.isAtEnd else { throw block.reader.fault("a block holds more than its values") }
        }
        builder.close()
        return codec
    }

    private static func length(_ reader: inout ByteReader) throws(BodyFault) -> UInt64 {
        guard let length = UInt64(exactly: try reader.zigzag()) else { throw reader.fault("a negative length") }
        return length
    }

    private mutating func value(_ shape: AvroSchema.Shape, _ step: BodyTree.Step, _ builder: inout BodyTreeBuilder) throws(BodyFault) {
        switch shape {
        case .null: try builder.leaf(step, .word("null"), type: "null")
        case .boolean: try builder.leaf(step, .word(try reader.byte() == 0 ? "false" : "true"), type: "boolean")
        case .int: try builder.leaf(step, .number(String(try reader.zigzag())), type: "int")
        case .long: try builder.leaf(step, .number(String(try reader.zigzag())), type: "long")
        case .float:
            try builder.leaf(step, .number(String(Float(bitPattern: try reader.littleEndian(UInt32.self)))), type: "float")
        case .double:
            try builder.leaf(step, .number(String(Double(bitPattern: try reader.littleEndian(UInt64.self)))), type: "double")
        case .bytes: try builder.leaf(step, .bytes(Array(reader.bytes[try reader.take(try Self.length(&reader))])), type: "bytes")
        case .string: try builder.leaf(step, .text(try reader.text(try Self.length(&reader))), type: "string")
        case .fixed(let name, let size): try builder.leaf(step, .bytes(Array(reader.bytes[try reader.take(size)])), type: name)
        case .enumeration(let name, let symbols):
            let place = try reader.zigzag()
            guard let index = Int(exactly: place), symbols.indices.contains(index) else {
                throw reader.fault("a symbol that '\(name)' has not")
            }
            try builder.leaf(step, .word(symbols[index]), type: name)
        case .named(let name):
            guard let shape = schema.resolved(name) else { throw reader.fault("there is no type '\(name)'") }
            try value(shape, step, &builder)
        case .record(let name, let fields):
            try builder.open(step, .object, type: name)
            for field in fields { try value(field.shape, .member(field.name), &builder) }
            builder.close()
        case .array(let items):
            try builder.open(step, .array, type: "array")
            var place = 0
            try blocks(&builder) { (body, builder) throws(BodyFault) in
                try body.value(items, .index(place), &builder)
                place += 1
            }
            builder.close()
        case .map(let values):
            try builder.open(step, .object, type: "map")
            try blocks(&builder) { (body, builder) throws(BodyFault) in
                let key = try body.reader.text(try Self.length(&body.reader))
                try body.value(values, .member(key), &builder)
            }
            builder.close()
        case .union(let branches):
            guard let index = Int(exactly: try reader.zigzag()), branches.indices.contains(index) else {
                throw reader.fault("a branch that the union has not")
            }
            // A union in a union is no schema, and would nest without the builder's knowledge.
            if case .union = branches[index] { throw reader.fault("a union in a union") }
            try value(branches[index], step, &builder)
        case .logical(let name, let inner, let scale): try logical(name, inner, scale, step, &builder)
        }
    }

    /// The items of an array or map, block by block.
    private mutating func blocks(
        _ builder: inout BodyTreeBuilder, _ item: (inout AvroBody, inout BodyTreeBuilder) throws(BodyFault) -> Void
    ) throws(BodyFault) {
        while true {
            let count = try reader.zigzag()
            if count == 0 { return }
            if count < 0 { _ = try reader.zigzag() }
            var left = count.magnitude
            while left > 0 {
                try item(&self, &builder)
                left -= 1
            }
        }
    }

    private mutating func logical(
        _ name: String, _ inner: AvroSchema.Shape, _ scale: Int, _ step: BodyTree.Step, _ builder: inout BodyTreeBuilder
    ) throws(BodyFault) {
        switch (name, inner) {
        case ("decimal", .bytes), ("decimal", .fixed):
            let range: Range<Int>
            if case .fixed(_, let size) = inner {
                range = try reader.take(size)
            } else {
                range = try reader.take(try Self.length(&reader))
            }
            let bytes = reader.bytes[range]
            if let text = BigNumber.decimal(twosComplement: bytes, scale: scale) {
                try builder.leaf(step, .number(text), type: "decimal")
            } else {
                try builder.leaf(step, .bytes(Array(bytes)), type: "decimal, scale \(scale)")
            }
        case ("date", .int):
            let days = try reader.zigzag()
            let (seconds, overflow) = days.multipliedReportingOverflow(by: 86_400)
            try moment(
                overflow ? nil : BodyMoment.text(seconds: seconds).map { String($0.prefix { $0 != "T" }) }, days, name, step, &builder)
        case ("timestamp-millis", .long), ("local-timestamp-millis", .long):
            let value = try reader.zigzag()
            try moment(Self.text(value, perSecond: 1000), value, name, step, &builder)
        case ("timestamp-micros", .long), ("local-timestamp-micros", .long):
            let value = try reader.zigzag()
            try moment(Self.text(value, perSecond: 1_000_000), value, name, step, &builder)
        default:
            let before = builder.count
            try value(inner, step, &builder)
            if builder.count == before + 1 { builder.retypeLast(name) }
        }
    }

    private static func text(_ value: Int64, perSecond: Int64) -> String? {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: perSecond)
        let (seconds, rest) = remainder < 0 ? (quotient - 1, remainder + perSecond) : (quotient, remainder)
        return BodyMoment.text(seconds: seconds, nanoseconds: UInt64(rest) * UInt64(1_000_000_000 / perSecond))
    }

    private func moment(
        _ text: String?, _ number: Int64, _ type: String, _ step: BodyTree.Step, _ builder: inout BodyTreeBuilder
    ) throws(BodyFault) {
        if let text {
            try builder.leaf(step, .text(text), type: type)
        } else {
            try builder.leaf(step, .number(String(number)), type: type)
        }
    }
}

extension AvroSchema.Shape {
    /// Its name or kind.
    fileprivate var title: String {
        switch self {
        case .named(let name), .record(let name, _), .enumeration(let name, _), .fixed(let name, _): name
        case .logical(let name, _, _): name
        case .null: "null"
        case .boolean: "boolean"
        case .int: "int"
        case .long: "long"
        case .float: "float"
        case .double: "double"
        case .bytes: "bytes"
        case .string: "string"
        case .array: "array"
        case .map: "map"
        case .union: "union"
        }
    }
}

/// Snappy's raw format (google/snappy, format_description.txt), which Avro files of Event Hubs Capture and Kafka use.
enum Snappy {
    /// - Parameter used: bytes that earlier blocks of the same body unpacked to.
    static func unpack(_ bytes: ArraySlice<UInt8>, limits: BodyLimits, after used: Int = 0) throws(BodyFault) -> [UInt8] {
        var reader = ByteReader(Array(bytes))
        let length = try reader.varint()
        guard length <= UInt64(max(limits.unpackedBytes - used, 0)) else {
            throw .refused("the blocks of Avro unpack to more than \(ByteSize.text(limits.unpackedBytes)) (limit): not laid out")
        }
        guard length <= UInt64(bytes.count) * 64 + 64 else { throw reader.fault("a length that the block cannot have") }
        var output: [UInt8] = []
        while !reader.isAtEnd {
            let tag = try reader.byte()
            switch tag & 3 {
            case 0:
                var count = Int(tag >> 2) + 1
                if count > 60 {
                    var value = 0
                    for place in 0..<(count - 60) { value |= Int(try reader.byte()) << (8 * place) }
                    count = value + 1
                }
                output += reader.bytes[try reader.take(count)]
            case 1: try copy(count: Int(tag >> 2 & 7) + 4, back: Int(tag >> 5) << 8 | Int(try reader.byte()), &output, reader)
            case 2: try copy(count: Int(tag >> 2) + 1, back: Int(try reader.littleEndian(UInt16.self)), &output, reader)
            default: try copy(count: Int(tag >> 2) + 1, back: Int(try reader.littleEndian(UInt32.self)), &output, reader)
            }
            guard UInt64(output.count) <= length else { throw reader.fault("the block is longer than it says") }
        }
        guard UInt64(output.count) == length else { throw reader.fault("the block is shorter than it says") }
        return output
    }

    private static func copy(count: Int, back: Int, _ output: inout [UInt8], _ reader: ByteReader) throws(BodyFault) {
        guard back > 0, back <= output.count else { throw reader.fault("a copy from before the start") }
        let start = output.count - back
        // It may overlap what it writes.
        for place in start..<start + count { output.append(output[place]) }
    }
}
