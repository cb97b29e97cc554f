internal import ServiceBus

/// Reads .NET's binary XML ([MC-NBFX]), in which WindowsAzure.ServiceBus and other old SDKs put what a DataContractSerializer made.
struct DotNetXMLBody {
    private var reader: ByteReader
    private var needsDictionary = false

    /// Whether bytes may be such a document: they begin with an element.
    static func mayBe(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return false }
        return (0x40...0x77).contains(first)
    }

    /// Reads one element that takes all bytes.
    ///
    /// - Returns: whether a name or a text is one of a dictionary that is not in the document.
    static func read(_ bytes: [UInt8], into builder: inout BodyTreeBuilder) throws(BodyFault) -> Bool {
        var body = DotNetXMLBody(reader: ByteReader(bytes))
        try body.document(&builder)
        return body.needsDictionary
    }

    /// A dictionary that is not in the document names it.
    private mutating func dictionaryName() throws(BodyFault) -> String {
        needsDictionary = true
        return "str\(try number31())"
    }

    private mutating func number31() throws(BodyFault) -> UInt64 {
        let value = try reader.varint()
        guard value <= UInt64(Int32.max) else { throw reader.fault("a number of more than 31 bits") }
        return value
    }

    private mutating func string() throws(BodyFault) -> String { try reader.text(try number31()) }

    private mutating func name() throws(BodyFault) -> String {
        let name = try string()
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { throw reader.fault("a name that XML does not allow") }
        return name
    }

    private mutating func document(_ builder: inout BodyTreeBuilder) throws(BodyFault) {
        var open = 0
        var isDone = false
        var text = Text()
        while !reader.isAtEnd {
            guard !isDone else { throw reader.fault("there is more after the end") }
            let record = try reader.byte()
            switch record {
            case 0x01:
                try text.flush(into: &builder)
                try end(&open, &isDone, &builder)
            case 0x02: _ = try string()
            case 0x04...0x3F:
                guard open > 0, builder.count > 0 else { throw reader.fault("an attribute without an element") }
                try attribute(record, &builder)
            case 0x40...0x77:
                try text.flush(into: &builder)
                let name = try elementName(record)
                try builder.open(open == 0 ? .root : .member(name), .element, type: open == 0 ? name : "")
                open += 1
            case 0x80...0xBD:
                guard open > 0 else { throw reader.fault("a text without an element") }
                text.append(try self.text(record & 0xFE))
                if record & 1 == 1 {
                    try text.flush(into: &builder)
                    try end(&open, &isDone, &builder)
                }
            default: throw reader.fault("a record that is not read")
            }
        }
        guard isDone else { throw reader.fault("an element does not end") }
    }

    private func end(_ open: inout Int, _ isDone: inout Bool, _ builder: inout BodyTreeBuilder) throws(BodyFault) {
        guard open > 0 else { throw reader.fault("the end of no element") }
        builder.close()
        open -= 1
        isDone = open == 0
    }

    private func letter(_ record: UInt8, from first: UInt8) -> String { String(UnicodeScalar(0x61 + (record - first) % 26)) }

    private mutating func elementName(_ record: UInt8) throws(BodyFault) -> String {
        switch record {
        case 0x40: return try name()
        case 0x41: return "\(try name()):\(try name())"
        case 0x42: return try dictionaryName()
        case 0x43: return "\(try name()):\(try dictionaryName())"
        case 0x44...0x5D: return "\(letter(record, from: 0x44)):\(try dictionaryName())"
        default: return "\(letter(record, from: 0x5E)):\(try name())"
        }
    }

    private mutating func attribute(_ record: UInt8, _ builder: inout BodyTreeBuilder) throws(BodyFault) {
        var value: String?
        let name: String
        switch record {
        case 0x04: name = try self.name()
        case 0x05: name = "\(try self.name()):\(try self.name())"
        case 0x06: name = try dictionaryName()
        case 0x07: name = "\(try self.name()):\(try dictionaryName())"
        case 0x08: (name, value) = ("xmlns", try string())
        case 0x09: (name, value) = ("xmlns:\(try self.name())", try string())
        // What a namespace is called is nothing that names a value.
        case 0x0A: (name, value) = ("xmlns", "str\(try number31())")
        case 0x0B: (name, value) = ("xmlns:\(try self.name())", "str\(try number31())")
        case 0x0C...0x25: name = "\(letter(record, from: 0x0C)):\(try dictionaryName())"
        default: name = "\(letter(record, from: 0x26)):\(try self.name())"
        }
        if let value { return try builder.leaf(.attribute(name), .text(value)) }
        let kind = try reader.byte()
        guard (0x80...0xBC).contains(kind), kind & 1 == 0 else { throw reader.fault("an attribute without a value") }
        let piece = try text(kind)
        try builder.leaf(.attribute(name), piece.bytes.map { .bytes($0) } ?? .text(piece.text))
    }

    // MARK: Text

    private struct Piece {
        var text = ""
        var bytes: [UInt8]?
    }

    /// The text of an element, which may come in several records.
    private struct Text {
        var text = ""
        var bytes: [UInt8] = []
        var isBytes = false
        var isThere = false

        mutating func append(_ piece: Piece) {
            isThere = true
            if let more = piece.bytes {
                isBytes = true
                bytes += more
            } else {
                text += piece.text
            }
        }

        mutating func flush(into builder: inout BodyTreeBuilder) throws(BodyFault) {
            guard isThere else { return }
            try builder.leaf(.content, isBytes ? .bytes(bytes) : .text(text))
            self = Text()
        }
    }

    private mutating func text(_ record: UInt8) throws(BodyFault) -> Piece {
        switch record {
        case 0x80: return Piece(text: "0")
        case 0x82: return Piece(text: "1")
        case 0x84: return Piece(text: "false")
        case 0x86: return Piece(text: "true")
        case 0x88: return Piece(text: String(Int8(bitPattern: try reader.byte())))
        case 0x8A: return Piece(text: String(Int16(bitPattern: try reader.littleEndian(UInt16.self))))
        case 0x8C: return Piece(text: String(Int32(bitPattern: try reader.littleEndian(UInt32.self))))
        case 0x8E: return Piece(text: String(Int64(bitPattern: try reader.littleEndian(UInt64.self))))
        case 0x90: return Piece(text: String(Float(bitPattern: try reader.littleEndian(UInt32.self))))
        case 0x92: return Piece(text: String(Double(bitPattern: try reader.littleEndian(UInt64.self))))
        case 0x94: return Piece(text: try decimal())
        case 0x96:
            // The two upper bits say which clock it was.
            let ticks = Int64(try reader.littleEndian(UInt64.self) & 0x3FFF_FFFF_FFFF_FFFF)
            return Piece(text: Timestamp(milliseconds: DotNetTicks.milliseconds(ticks)).rfc3339)
        case 0x98: return Piece(text: try reader.text(UInt64(try reader.byte())))
        case 0x9A: return Piece(text: try reader.text(UInt64(try reader.littleEndian(UInt16.self))))
        case 0x9C: return Piece(text: try reader.text(UInt64(try reader.littleEndian(UInt32.self))))
        case 0x9E: return Piece(bytes: Array(reader.bytes[try reader.take(UInt64(try reader.byte()))]))
        case 0xA0: return Piece(bytes: Array(reader.bytes[try reader.take(UInt64(try reader.littleEndian(UInt16.self)))]))
        case 0xA2: return Piece(bytes: Array(reader.bytes[try reader.take(UInt64(try reader.littleEndian(UInt32.self)))]))
        case 0xA8: return Piece()
        case 0xAA: return Piece(text: try dictionaryName())
        case 0xAC, 0xB0: return Piece(text: try uuid())
        case 0xAE: return Piece(text: DotNetTicks.duration(Int64(bitPattern: try reader.littleEndian(UInt64.self))))
        case 0xB2: return Piece(text: String(try reader.littleEndian(UInt64.self)))
        case 0xB4: return Piece(text: try reader.byte() == 0 ? "false" : "true")
        case 0xB6: return Piece(text: try wide(UInt64(try reader.byte())))
        case 0xB8: return Piece(text: try wide(UInt64(try reader.littleEndian(UInt16.self))))
        case 0xBA: return Piece(text: try wide(UInt64(try reader.littleEndian(UInt32.self))))
        default: throw reader.fault("a text record that is not read")
        }
    }

    private mutating func wide(_ length: UInt64) throws(BodyFault) -> String {
        let bytes = reader.bytes[try reader.take(length)]
        guard let text = TextEncoding.utf16(bytes, isBigEndian: false) else { throw reader.fault("a text is not UTF-16") }
        return text
    }

    /// A GUID, whose first three parts .NET stores with the low byte first.
    private mutating func uuid() throws(BodyFault) -> String {
        let bytes = try reader.array(16)
        let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
        var text = ""
        for (place, index) in order.enumerated() {
            if [4, 6, 8, 10].contains(place) { text += "-" }
            text += bytes[index].hexadecimal
        }
        return text
    }

    /// System.Decimal: reserved word, scale, sign, and 96 bits ([MS-OAUT] 2.2.26).
    private mutating func decimal() throws(BodyFault) -> String {
        _ = try reader.take(2)
        let scale = Int(try reader.byte())
        let sign = try reader.byte()
        let high = try reader.littleEndian(UInt32.self)
        let low = try reader.littleEndian(UInt64.self)
        guard scale <= 28 else { throw reader.fault("a decimal of more than 28 places") }
        var magnitude: [UInt8] = [0]
        for shift in stride(from: 24, through: 0, by: -8) { magnitude.append(UInt8(truncatingIfNeeded: high >> UInt32(shift))) }
        for shift in stride(from: 56, through: 0, by: -8) { magnitude.append(UInt8(truncatingIfNeeded: low >> UInt64(shift))) }
        return (sign & 0x80 == 0 ? "" : "-") + (BigNumber.decimal(twosComplement: magnitude, scale: scale) ?? "0")
    }
}
