/// Reads CBOR (RFC 8949) into a tree.
struct CBORBody {
    private var reader: ByteReader
    /// Tags and keys around what is read, which nest without the builder's knowledge.
    private var nesting = 0

    private init(reader: ByteReader, nesting: Int = 0) {
        self.reader = reader
        self.nesting = nesting
    }

    /// Reads one item that takes all bytes.
    static func read(_ bytes: [UInt8], into builder: inout BodyTreeBuilder) throws(BodyFault) {
        var body = CBORBody(reader: ByteReader(bytes))
        try body.item(.root, &builder)
        guard body.reader.isAtEnd else { throw body.reader.fault("there is more after the end") }
    }

    /// The number in the head of an item; nil: it goes on until a break.
    private mutating func argument(_ additional: UInt8) throws(BodyFault) -> UInt64? {
        switch additional {
        case ..<24: return UInt64(additional)
        case 24: return UInt64(try reader.byte())
        case 25: return UInt64(try reader.bigEndian(UInt16.self))
        case 26: return UInt64(try reader.bigEndian(UInt32.self))
        case 27: return try reader.bigEndian(UInt64.self)
        case 31: return nil
        default: throw reader.fault("a length that CBOR reserves")
        }
    }

    private mutating func isBreak() -> Bool {
        guard reader.peek() == 0xFF else { return false }
        _ = try? reader.byte()
        return true
    }

    private mutating func item(_ step: BodyTree.Step, _ builder: inout BodyTreeBuilder, type: String = "") throws(BodyFault) {
        guard builder.depth + nesting <= builder.limits.depth else { throw .nested(builder.limits) }
        let head = try reader.byte()
        let additional = head & 0x1F
        let argument = try argument(additional)
        let type = { (own: String) in type.isEmpty ? own : "\(type) \(own)" }
        switch head >> 5 {
        case 0:
            guard let argument else { throw reader.fault("a number without an end") }
            try builder.leaf(step, .number(String(argument)), type: type("uint"))
        case 1:
            guard let argument else { throw reader.fault("a number without an end") }
            // -1 - n, which may be one below what 64 bits hold.
            let (magnitude, overflow) = argument.addingReportingOverflow(1)
            try builder.leaf(step, .number(overflow ? "-18446744073709551616" : "-\(magnitude)"), type: type("negative int"))
        case 2: try builder.leaf(step, .bytes(try bytes(argument, major: 2)), type: type("bytes"))
        case 3: try builder.leaf(step, .text(try text(argument)), type: type("text"))
        case 4:
            try builder.open(step, .array, type: type("array"))
            var place = 0
            while argument.map({ UInt64(place) < $0 }) ?? !isBreak() {
                try item(.index(place), &builder)
                place += 1
            }
            builder.close()
        case 5:
            try builder.open(step, .object, type: type("map"))
            var place: UInt64 = 0
            while argument.map({ place < $0 }) ?? !isBreak() {
                try item(try key(builder), &builder)
                place += 1
            }
            builder.close()
        case 6:
            guard let argument else { throw reader.fault("a tag without a number") }
            nesting += 1
            try tagged(argument, step, &builder, type: type(""))
            nesting -= 1
        default: try simple(step, additional, argument, &builder, type: type)
        }
    }

    private mutating func tagged(
        _ tag: UInt64, _ step: BodyTree.Step, _ builder: inout BodyTreeBuilder, type: String
    ) throws(BodyFault) {
        switch tag {
        case 2, 3:
            // A big number; of a negative one n stands for -1 - n.
            let head = try reader.byte()
            guard head >> 5 == 2 else { throw reader.fault("a big number that is no bytes") }
            let bytes = try bytes(try argument(head & 0x1F), major: 2)
            let text = tag == 2 ? BigNumber.decimal(magnitude: bytes) : BigNumber.decimal(twosComplement: [0xFF] + bytes.map { ~$0 })
            if let text {
                try builder.leaf(step, .number(text), type: type + "big number")
            } else {
                try builder.leaf(step, .bytes(bytes), type: type + (tag == 2 ? "big number" : "negative big number"))
            }
        case 24:
            let before = reader
            let head = try reader.byte()
            guard head >> 5 == 2 else { throw reader.fault("embedded CBOR that is no bytes") }
            let bytes = try bytes(try argument(head & 0x1F), major: 2)
            var inner = CBORBody(reader: ByteReader(bytes), nesting: nesting)
            let (count, depth) = (builder.count, builder.depth)
            do throws(BodyFault) {
                try inner.item(step, &builder, type: type + "embedded")
                guard inner.reader.isAtEnd else { throw inner.reader.fault("there is more after the end") }
            } catch {
                guard case .malformed = error else { throw error }
                builder.rewind(to: count, depth: depth)
                reader = before
                try item(step, &builder, type: type + "embedded")
            }
        case 55_799: try item(step, &builder, type: type)
        default:
            let names: [UInt64: String] = [
                0: "time", 1: "epoch time", 4: "decimal fraction", 5: "bigfloat", 32: "uri", 37: "uuid", 258: "set",
            ]
            try item(step, &builder, type: type + (names[tag] ?? "tag \(tag)"))
        }
    }

    private mutating func simple(
        _ step: BodyTree.Step, _ additional: UInt8, _ argument: UInt64?, _ builder: inout BodyTreeBuilder, type: (String) -> String
    ) throws(BodyFault) {
        guard let argument else { throw reader.fault("a break outside of what it ends") }
        switch additional {
        case 20: try builder.leaf(step, .word("false"), type: type(""))
        case 21: try builder.leaf(step, .word("true"), type: type(""))
        case 22: try builder.leaf(step, .word("null"), type: type(""))
        case 23: try builder.leaf(step, .word("undefined"), type: type(""))
        case 25: try builder.leaf(step, .number(String(Self.half(UInt16(truncatingIfNeeded: argument)))), type: type("half"))
        case 26:
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: argument))
            try builder.leaf(step, .number(String(value)), type: type("float"))
        case 27: try builder.leaf(step, .number(String(Double(bitPattern: argument))), type: type("double"))
        default: try builder.leaf(step, .word("simple(\(argument))"), type: type(""))
        }
    }

    /// A number of 16 bits (IEEE 754 binary16).
    static func half(_ bits: UInt16) -> Float {
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Float(bits & 0x3FF)
        let magnitude: Float =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? .infinity : .nan
            default: Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
            }
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }

    private mutating func bytes(_ length: UInt64?, major: UInt8) throws(BodyFault) -> [UInt8] {
        if let length { return Array(reader.bytes[try reader.take(length)]) }
        var whole: [UInt8] = []
        while !isBreak() {
            let head = try reader.byte()
            guard head >> 5 == major, let length = try argument(head & 0x1F) else { throw reader.fault("a piece of another kind") }
            whole += reader.bytes[try reader.take(length)]
        }
        return whole
    }

    private mutating func text(_ length: UInt64?) throws(BodyFault) -> String {
        let start = reader.offset
        guard let text = String(validating: try bytes(length, major: 3), as: UTF8.self) else {
            throw .malformed("a text is not UTF-8", at: start)
        }
        return text
    }

    /// The key of a map: a name where it is text, else the item in a form that can be read.
    private mutating func key(_ builder: borrowing BodyTreeBuilder) throws(BodyFault) -> BodyTree.Step {
        let start = reader.offset
        let head = try reader.byte()
        let argument = try argument(head & 0x1F)
        switch head >> 5 {
        case 0: if let argument { return .key(String(argument)) }
        case 1: if let argument, argument < .max { return .key("-\(argument + 1)") }
        case 2: return .key("h'" + (try bytes(argument, major: 2)).prefix(64).hexadecimal + "'")
        case 3: return .member(try text(argument))
        case 7 where head == 0xF4: return .key("false")
        case 7 where head == 0xF5: return .key("true")
        case 7 where head == 0xF6: return .key("null")
        default: break
        }
        // A container, tag or fraction: rare, and its bytes name it. It is read in order to be stepped over.
        reader = ByteReader(reader.bytes, in: start..<reader.end)
        var scratch = builder.scratch()
        let around = nesting
        nesting += builder.depth + 1
        try item(.root, &scratch)
        nesting = around
        return .key("cbor h'" + reader.bytes[start..<reader.offset].prefix(64).hexadecimal + "'")
    }
}
